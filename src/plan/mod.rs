//! The decision, as data: every path of the bundle with its reason, every path left behind with its
//! reason, every package with what asked for it.
//!
//! Invariant: pure. No file system, no clock, no environment; sorted; no host path.

mod carry;
mod closure;
mod final_root;
mod fit;
mod image;
mod layers;
mod layout;
mod native;
mod packages;
mod parts;
mod path_files;
mod prefix;
mod scripts;
mod slim;
mod vendor;

use std::collections::BTreeSet;

use pep508_rs::Requirement;
use serde::Serialize;
use url::Url;

use closure::Closure;
use fit::Fit;
pub use layers::{KINDS_OF_LAYERS, LayerRequest, PlannedLayer};
pub use layout::SITE_PACKAGES;
pub use packages::{PackageReason, PackageSet, PlannedPackage};
pub use path_files::StartLine;
pub use scripts::Shebang;
pub use slim::{Receipt, SlimKind, receipts};

use crate::base::Profile;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::packages::{Embedding, Manager};
use crate::path::RealPath;
use crate::python::InterpreterFacts;

/// Version of the JSON of [`Plan`], of the manifest and of the report.
pub const SCHEMA: u32 = 1;

/// What the user asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where the environment lives in the final root.
    pub prefix: RealPath,
    /// By default relocatable where the final root can run that.
    pub shebang: Option<Shebang>,
    /// The image of `FROM`, when it is not to be derived.
    pub from: Option<String>,
    /// The final root, when it is known exactly.
    pub base: Option<Profile>,
    /// The interpreter of the final root, when it is not at the builder's path.
    pub interpreter: Option<RealPath>,
    /// The interpreter travels.
    pub with_interpreter: bool,
    pub native: NativeMode,
    /// What the application asks for; empty means everything that is installed.
    pub roots: Vec<Requirement<Url>>,
    /// Projects whose requirements are among these: each travels where it is installed.
    pub projects: Vec<Requirement<Url>>,
    /// Pin packages to the versions of the builder.
    pub pin: bool,
    /// Name apk packages by the `so:` they provide.
    pub so_names: bool,
    /// Write bytecode beside the sources.
    pub compile: bool,
    /// What to remove of what is rarely needed.
    pub slim: BTreeSet<SlimKind>,
    /// Cut into layers; one tree otherwise.
    pub layers: Option<LayerRequest>,
}

impl Request {
    /// Whether files of packages or of the interpreter may have to travel.
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

/// Exactly what `bundle` will do.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Plan {
    pub schema: u32,
    /// Where the environment lives in the final root.
    pub prefix: RealPath,
    /// The interpreter of the final root.
    pub interpreter: RealPath,
    pub interpreter_facts: InterpreterFacts,
    /// What the builder says it is (`PRETTY_NAME`).
    pub builder: String,
    /// The image of `FROM`; absent when nothing tells.
    pub base: Option<String>,
    pub distributions: Vec<PlannedDistribution>,
    pub packages: PackageSet,
    /// The oldest glibc that everything in the bundle runs on, unless it brings its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub glibc: Option<String>,
    /// Whether `ldconfig` must run in the final stage.
    pub run_ldconfig: bool,
    /// The cut into layers, in the order of the final stage; empty without one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<PlannedLayer>,
    /// What is written below `rootfs/`, or below the layers, sorted by destination.
    pub entries: Vec<PlannedEntry>,
    /// What path files (`.pth`) of the bundle run at every start of Python.
    pub runs_at_start: Vec<StartLine>,
    /// What was removed on request, by kind; what stripping saves is known when it is done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slimmed: Vec<Receipt>,
    /// What stays in the builder, sorted.
    pub left: Vec<Left>,
    pub findings: Vec<Finding>,
    /// The paths of the environment in the builder: nothing in the bundle may hold one.
    #[serde(skip)]
    pub builder_prefixes: Vec<String>,
    /// The interpreter of the builder, which compiles when that is asked for.
    #[serde(skip)]
    pub builder_interpreter: RealPath,
}

/// A distribution and whether it travels.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct PlannedDistribution {
    pub name: String,
    pub version: String,
    pub travels: bool,
    pub reason: String,
    /// Whether the user or the installer's REQUESTED names it.
    pub asked: bool,
    /// The installed distributions that it requires here, by name, sorted.
    pub requires: Vec<String>,
    /// Bytes of its files, bytecode aside.
    pub size: u64,
}

/// One path of the bundle.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct PlannedEntry {
    /// Where it goes in the final root.
    pub to: RealPath,
    /// Where it is in the builder root; absent when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<RealPath>,
    #[serde(flatten)]
    pub action: Action,
    /// Permission bits.
    pub mode: u32,
    /// Bytes in the builder.
    pub size: u64,
    /// The distribution that owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    pub reason: String,
    /// The layer it is in, when there are layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
}

/// How an entry comes to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum Action {
    /// The same bytes.
    Copy,
    /// An ELF file without its debug sections, where that is safe.
    Strip,
    /// The first `cut` bytes are replaced by `header`.
    Script { cut: usize, header: String },
    /// An ELF file whose run path gets these directories, behind those it has. Where it has none, `inherits`
    /// keeps that of what loads it in force.
    RunPath { directories: Vec<String>, inherits: bool },
    /// A file of a conda package, with this prefix in place of its own.
    Prefix { embedded: Embedding, prefix: RealPath },
    /// A symbolic link.
    Link { target: String },
    /// This text.
    Write { content: String },
    /// RECORD of its distribution, made from what was written.
    Record,
    /// Bytecode of the source that is at `source` in the final root.
    Compile { source: RealPath },
}

/// A path that stays in the builder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Left {
    pub path: RealPath,
    pub reason: String,
    pub size: u64,
}

/// Decides.
pub fn make(inventory: &Inventory, request: &Request) -> Plan {
    let mut findings = inventory.findings.clone();
    let closure = closure::close(inventory, request, &mut findings);
    let travels = |index: usize| closure.travels(index);
    findings.extend(inventory.missing_files(Severity::Warn, travels));
    let final_root = final_root::decide(inventory, request, &mut findings);
    findings.extend(prefix::interpreter(inventory, &final_root));
    let layout = layout::lay_out(inventory, request, &final_root, &travels, &mut findings);
    let mut wanted = packages::Wanted::new(inventory);
    if final_root.interpreter_is_package {
        wanted.interpreter();
    }
    if final_root.interpreter_travels {
        wanted.interpreter_libraries();
    }
    wanted.distributions(&closure);
    let native =
        native::follow(inventory, &final_root, &layout.travelling, &mut wanted, &mut findings);
    let runs_at_start = path_files::judge(inventory, &layout.travelling, &mut findings);
    let packages = wanted.decide(request, &final_root);
    let carried = carry::carry(inventory, &final_root, &packages.carried_indices);
    findings.extend(carry::unlicensed(inventory, &packages.carried_indices));
    let mut entries = layout.entries;
    entries.extend(native.entries);
    entries.extend(carried.entries);
    entries.retain(|entry| !final_root.has_link(&entry.to));
    for entry in &mut entries {
        entry.to = final_root.place(&entry.to);
    }
    vendor::vendor(inventory, &final_root, &request.prefix, &layout.travelling, &mut entries);
    findings.extend(prefix::activation(inventory, &packages.carried_indices, &travels));
    prefix::move_prefix(inventory, &final_root, &request.prefix, &mut entries, &mut findings);
    entries.sort_by(|a, b| a.to.cmp(&b.to));
    entries.dedup_by(|a, b| a.to == b.to);
    let is_elf = |path: &RealPath| inventory.is_elf(path);
    let (removed, slimmed) = slim::slim(&mut entries, &request.slim, &is_elf);
    let of_interpreter = |from: &RealPath| {
        inventory.carriable.interpreter.binary_search_by(|file| file.path.cmp(from)).is_ok()
    };
    let package = |from: &RealPath| {
        let owner =
            inventory.packages.owner(from).map(|index| inventory.packages[index].name.clone());
        owner.or_else(|| of_interpreter(from).then(|| "python".to_owned()))
    };
    let facts = layers::Facts {
        prefix: &request.prefix,
        applications: &closure::applications(inventory),
        package: &package,
    };
    let layers = request.layers.as_ref().map(|cut| layers::cut(&mut entries, &facts, cut));
    findings.extend(request.layers.iter().flat_map(|cut| layers::absent(&entries, cut)));
    let mut left = layout.left;
    left.extend(carried.left);
    left.extend(removed);
    left.sort();
    let distributions = planned_distributions(inventory, &closure);
    if !distributions.iter().any(|distribution| distribution.travels) {
        findings.push(
            Finding::new(
                Severity::Warn,
                Code::NothingToBundle,
                &inventory.environment.parts[0].prefix,
                "no distribution is installed here but installers",
            )
            .help("install the application before this step, or name its environment: `wheelbarrow bundle /path/to/venv`"),
        );
    }
    let from = || {
        entries
            .iter()
            .filter_map(|entry| entry.from.as_ref())
            .filter(|_| !final_root.loader_travels)
    };
    let glibc = inventory.newest_glibc(from());
    if let Some(profile) = &request.base {
        let fit = Fit { inventory, request, profile };
        findings.extend(fit.packages(&packages));
        findings.extend(glibc.and_then(|(version, path)| fit.glibc(version, path)));
        findings.extend(fit.musl(from()));
    }
    findings.sort();
    findings.dedup();
    let environment = &inventory.environment;
    let stays_true = final_root.interpreter_travels && final_root.moved_from().is_none();
    let abandoned = inventory.own_prefix.as_ref().filter(|_| !stays_true);
    Plan {
        schema: SCHEMA,
        prefix: request.prefix.clone(),
        interpreter: final_root.interpreter,
        interpreter_facts: environment.interpreter.facts.clone(),
        builder: inventory.release.pretty_name.clone(),
        base: final_root.image,
        distributions,
        packages,
        run_ldconfig: native.run_ldconfig,
        glibc: glibc.map(|((major, minor), _)| format!("{major}.{minor}")),
        layers: layers.unwrap_or_default(),
        entries,
        runs_at_start,
        slimmed,
        left,
        findings,
        // A system installation's prefix is the final interpreter's own, and no trace of the builder.
        builder_prefixes: environment
            .parts
            .iter()
            .filter(|part| part.whole_prefix())
            .map(|part| &part.prefix)
            .chain(abandoned)
            .filter(|prefix| **prefix != request.prefix)
            .map(RealPath::to_string)
            .collect(),
        builder_interpreter: environment.interpreter.executable.clone(),
    }
}

fn planned_distributions(inventory: &Inventory, closure: &Closure) -> Vec<PlannedDistribution> {
    let mut sizes = vec![0; inventory.distributions.len()];
    for file in &inventory.files {
        if let Some(owner) = file.owner {
            sizes[owner] += file.meta.size;
        }
    }
    let mut planned: Vec<PlannedDistribution> = inventory
        .distributions
        .iter()
        .enumerate()
        .map(|(index, distribution)| PlannedDistribution {
            name: distribution.name.clone(),
            version: distribution.version.clone(),
            travels: closure.travels(index),
            reason: closure.reason(inventory, index),
            asked: closure.asked.contains(&index) || distribution.requested,
            requires: closure.edges[index]
                .iter()
                .map(|to| inventory.distributions[*to].name.clone())
                .collect(),
            size: sizes[index],
        })
        .collect();
    planned.sort_by(|a, b| {
        (a.name.to_lowercase(), &a.version).cmp(&(b.name.to_lowercase(), &b.version))
    });
    planned
}

impl Plan {
    /// The package manager of the final stage, by what owns things in the builder.
    pub fn manager(&self) -> Option<Manager> {
        self.packages.manager
    }

    /// Bytes that travel, before scripts are rewritten.
    pub fn size(&self) -> u64 {
        self.entries.iter().map(|entry| entry.size).sum()
    }
}
