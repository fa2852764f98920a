//! The request of the user.
//!
//! Invariant: choices only, none of them made from the builder root.

use std::collections::BTreeSet;

use pep508_rs::Requirement;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::base::Profile;
use crate::dockerfile::ImageName;
use crate::path::RealPath;

/// Where the environment lives in the final root, unless the user names another place.
pub const DEFAULT_PREFIX: &str = "/opt/app";

/// The request of the user.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where the environment lives in the final root.
    pub prefix: RealPath,
    /// By default relocatable where the final root can run that.
    pub shebang: Option<Shebang>,
    /// The image of `FROM`, when it is not to be derived.
    pub from: Option<ImageName>,
    /// The final root, when it is known exactly.
    pub base: Option<Profile>,
    /// The interpreter of the final root, when it is not at the builder's path.
    pub interpreter: Option<RealPath>,
    /// Bundle the interpreter.
    pub with_interpreter: bool,
    /// How libraries that the final root lacks get there.
    pub native: NativeMode,
    /// The requirements of the application; empty means everything that is installed.
    pub requirements: Vec<Requirement<Url>>,
    /// Projects whose requirements are among these: each is bundled where it is installed.
    pub projects: Vec<Requirement<Url>>,
    /// Packages that are added by hand.
    pub packages: BTreeSet<String>,
    /// Names of what evidence adds and the user does not want: a library, file, package or
    /// distribution.
    pub excluded: BTreeSet<String>,
    /// Pin packages to the versions of the builder.
    pub pin: bool,
    /// Name apk packages by the `so:` they provide.
    pub so_names: bool,
    /// Write bytecode for the sources.
    pub compile: bool,
    /// Kinds of rarely needed files that are left out.
    pub slim: BTreeSet<SlimKind>,
    /// Cut into layers; one tree otherwise.
    pub layers: Option<LayerRequest>,
    /// Whether the lines of the final stage depend on the content.
    pub final_stage: FinalStage,
    /// The bytes that the environment and the packages for it may have together.
    pub max_size: Option<u64>,
}

impl Request {
    /// Everything that is installed, at `prefix`, by every default of the command line.
    pub fn new(prefix: RealPath) -> Request {
        Request {
            prefix,
            shebang: None,
            from: None,
            base: None,
            interpreter: None,
            with_interpreter: false,
            native: NativeMode::Auto,
            requirements: Vec::new(),
            projects: Vec::new(),
            packages: BTreeSet::new(),
            excluded: BTreeSet::new(),
            pin: false,
            so_names: false,
            compile: false,
            slim: BTreeSet::new(),
            layers: None,
            final_stage: FinalStage::Fixed,
            max_size: None,
        }
    }

    /// Whether files of packages or of the interpreter may have to be bundled.
    pub fn may_carry(&self) -> bool {
        let no_manager = self.base.as_ref().is_some_and(|base| base.installs_with.is_none());
        self.with_interpreter
            || self.native == NativeMode::Vendor
            || (self.native == NativeMode::Auto && no_manager)
    }
}

/// How libraries that the final root lacks get there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NativeMode {
    /// By its package manager where it has one; otherwise as `Vendor`.
    #[default]
    Auto,
    /// By its package manager.
    Packages,
    /// In the bundle.
    Vendor,
}

/// Whether the lines of the final stage depend on the content of the bundle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FinalStage {
    /// They stay the same when dependencies change: the bundle contains the installer of its packages.
    #[default]
    Fixed,
    /// They name the packages, and run `ldconfig` where that is needed.
    Explicit,
}

/// How scripts find their interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shebang {
    /// Through `/bin/sh`, in the directory of the script: the prefix may move.
    Relocatable,
    /// By absolute path: needs no shell, and the prefix may not move.
    Absolute,
}

/// A kind of files that few programs need.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SlimKind {
    /// Tests inside of packages.
    Tests,
    /// Type stubs: `.pyi`.
    Stubs,
    /// C and Cython sources and headers.
    Headers,
    /// Static libraries: `.a`.
    Static,
    /// Debug sections and symbol tables of ELF files.
    Strip,
}

impl SlimKind {
    /// The name in reports, such as `type stubs`.
    pub fn name(self) -> &'static str {
        match self {
            SlimKind::Tests => "tests",
            SlimKind::Stubs => "type stubs",
            SlimKind::Headers => "C sources and headers",
            SlimKind::Static => "static libraries",
            SlimKind::Strip => "debug sections",
        }
    }
}

/// How the bundle is cut into layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerRequest {
    /// The number of slots, or the most named layers: at least those of every kind and of every group.
    pub budget: usize,
    /// Bytes above which one distribution becomes several layers.
    pub cap: u64,
    /// Groups set by hand: a name and its distributions, by their normalised names.
    pub groups: Vec<(String, Vec<String>)>,
    /// Whether the number and the names of the layers depend on the content.
    pub form: LayerForm,
}

/// Whether the layers depend on the content of the bundle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LayerForm {
    /// Exactly as many as the budget, with names that never change; some may be empty.
    #[default]
    Slots,
    /// At most as many as the budget, each named after its content.
    Named,
}
