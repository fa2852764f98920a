//! The meaning of the options that all commands share: a root, the environments in it, and a
//! request.
//!
//! Invariant: host paths end here; later stages have a root and paths inside it.

use std::path::{Path, PathBuf};

use wheelbarrow::base::Profile;
use wheelbarrow::bundle::Format;
use wheelbarrow::evidence::{Record, generated_by, parse_record};
use wheelbarrow::finding::{Finding, Weights};
use wheelbarrow::inventory::Scope;
use wheelbarrow::path::{RealPath, WrittenPath};
use wheelbarrow::plan::{
    DEFAULT_PREFIX, FinalStage, LayerForm, NativeMode, Request, Shebang, SlimKind,
};
use wheelbarrow::python::{Environment, Surroundings};
use wheelbarrow::report::Detail;
use wheelbarrow::root::{Directory, Overlay, Root};
use wheelbarrow::temporary::Temporary;
use wheelbarrow::wheelhouse::{self, FolderError, Unpacked};

use super::arguments::{
    BundleArguments, Choice, Contents, DEFAULT_OUT, FinalStageChoice, FormatChoice, Input,
    NativeChoice, OutputOptions, ShebangChoice, SlimChoice,
};
use super::host::{self, HostRoot};
use super::requirements::Asked;
use super::trouble::Trouble;
use super::{layer_request, profile, requirements};

/// A root, the environments in it, and a request.
pub(crate) struct Settings {
    pub(crate) root: Root,
    /// The environments that the user names, in that order.
    pub(crate) named: Vec<String>,
    /// What leads to the environment if the user names none.
    pub(crate) surroundings: Surroundings,
    pub(crate) request: Request,
    /// The weights of findings.
    pub(crate) weights: Weights,
    /// How much of each finding is shown.
    pub(crate) detail: Detail,
    host: HostRoot,
    /// Files and directories of the root that are bundled on request.
    included: Vec<RealPath>,
    /// The records of runs in the builder.
    observed: Vec<Record>,
    /// Unpacked wheels, which are part of the root and must exist as long as it does.
    unpacked: Option<Temporary>,
}

impl Settings {
    /// The settings of a command that writes nothing.
    pub(crate) fn read_only(input: &Input, choice: &Choice) -> Result<Settings, Trouble> {
        Settings::new(input, choice, Path::new(DEFAULT_OUT), Format::Directory)
    }

    /// The settings of `bundle`.
    pub(crate) fn bundle(typed: &BundleArguments) -> Result<Settings, Trouble> {
        let format = format(&typed.output)?;
        let out = out(typed)?;
        Settings::new(&typed.input, &typed.choice, &out, format)
    }

    /// Reads the options. An earlier bundle at `out` does not belong to the root.
    fn new(
        input: &Input,
        choice: &Choice,
        out: &Path,
        format: Format,
    ) -> Result<Settings, Trouble> {
        let host = host::open(&input.root, &[host::absolute(out)])?;
        let own_root = host.is_own();
        if choice.contents.compile && !own_root {
            return Err(Trouble::new(
                "--compile runs the Python of the root, so it needs --root /",
                "run wheelbarrow inside that root, or leave --compile out",
            ));
        }
        let inside = |typed: &str| {
            if own_root {
                host::absolute(Path::new(typed)).to_string_lossy().into_owned()
            } else {
                typed.to_owned()
            }
        };
        let root = Root::new(host.tree.clone());
        let asked = requirements::read(&root, &choice.selection, &inside)?;
        let mut included = included(&root, &choice.contents.include, &inside)?;
        included.extend(data(&root, &choice.contents)?);
        Ok(Settings {
            root,
            included,
            observed: observed(&choice.native.observed)?,
            host,
            unpacked: None,
            named: input.env.iter().map(|typed| inside(typed)).collect(),
            surroundings: Surroundings {
                python: input.python.map(|python| python.to_string()),
                ..if own_root { host::surroundings() } else { Surroundings::default() }
            },
            request: request(choice, asked, format)?,
            weights: choice.findings.weights(),
            detail: choice.findings.detail(),
        })
    }

    /// The directory of the host that is the root; `None` for an image.
    pub(crate) fn directory(&self) -> Option<&Path> {
        self.host.directory.as_deref()
    }

    /// Whether the root is the one that wheelbarrow itself runs in.
    pub(crate) fn own_root(&self) -> bool {
        self.host.is_own()
    }

    /// The parts of the root that a plan of this request depends on.
    pub(crate) fn scope(&self) -> Scope {
        let base = self.request.base.as_ref();
        Scope {
            packages: self.request.may_carry(),
            interpreter: self.request.interpreter.is_none(),
            musl: base.is_some_and(|base| !base.libc_symbols.is_empty()),
            natives_only: false,
            symbols: true,
            included: self.included.clone(),
            observed: self.observed.clone(),
            library_path: if self.own_root() { host::library_path() } else { Vec::new() },
        }
    }

    /// Installs a folder of wheels, if one is named, and puts the result into the root at the
    /// prefix.
    pub(crate) fn unpack_wheels(&mut self) -> Result<Option<(Environment, Vec<Finding>)>, Trouble> {
        let folder = wheelhouse::find_folder(&self.root, &self.named).map_err(FolderError::from)?;
        let Some(folder) = folder else {
            return Ok(None);
        };
        let Request { prefix, requirements, base, .. } = &self.request;
        let final_libc = base.as_ref().and_then(|base| base.libc_version);
        let python = self.surroundings.python.as_deref();
        let Unpacked { directory, environment, findings } =
            wheelhouse::unpack(&self.root, &folder, prefix, requirements, final_libc, python)?;
        let upper = Directory::open(&directory.content(), &[]).map_err(FolderError::Temporary)?;
        let place = self.request.prefix.clone();
        let overlay = Overlay { lower: self.host.tree.clone(), upper, place };
        self.root = Root::new(overlay).with_failures_of(&self.root);
        self.unpacked = Some(directory);
        Ok(Some((environment, findings)))
    }
}

/// The directory to write. Only in a builder stage is there a default.
pub(crate) fn out(typed: &BundleArguments) -> Result<PathBuf, Trouble> {
    match &typed.output.out {
        Some(out) => Ok(out.clone()),
        None if host::absolute(&typed.input.root) == Path::new("/") => {
            Ok(PathBuf::from(DEFAULT_OUT))
        }
        None => Err(Trouble::new(
            format!("--root {} needs --out", typed.input.root.display()),
            "name the directory to write: --out DIR",
        )),
    }
}

/// The requested format; some options exclude it.
pub(crate) fn format(typed: &OutputOptions) -> Result<Format, Trouble> {
    match typed.format {
        FormatChoice::Directory => Ok(Format::Directory),
        FormatChoice::OciLayout if typed.link || typed.no_verify || typed.print_dockerfile => {
            Err(Trouble::new(
                "--link, --no-verify and --print-dockerfile concern Dockerfile.final, which --format oci-layout does not write",
                "leave them out; run wheelbarrow verify on the final root when the layers are in it",
            ))
        }
        FormatChoice::OciLayout => Ok(Format::OciLayout),
    }
}

/// The request that the options make.
fn request(choice: &Choice, asked: Asked, format: Format) -> Result<Request, Trouble> {
    let Choice { image, native, contents, layers, .. } = choice;
    // A bundle with an interpreter needs nothing from the base.
    let base = profile::read(image)?.or_else(|| image.with_interpreter.then(Profile::empty));
    let interpreter = image.interpreter.as_deref();
    let final_stage = match image.final_stage {
        FinalStageChoice::Fixed => FinalStage::Fixed,
        FinalStageChoice::Explicit => FinalStage::Explicit,
    };
    // An image layout lists its own layers: none has to be empty.
    let is_layout = format == Format::OciLayout;
    let form = match final_stage {
        FinalStage::Fixed if !is_layout => LayerForm::Slots,
        _ => LayerForm::Named,
    };
    Ok(Request {
        prefix: prefix(image.prefix.as_deref().unwrap_or(DEFAULT_PREFIX))?,
        shebang: image.shebang.map(|shebang| match shebang {
            ShebangChoice::Relocatable => Shebang::Relocatable,
            ShebangChoice::Absolute => Shebang::Absolute,
        }),
        from: image.from.clone(),
        base,
        with_interpreter: image.with_interpreter,
        interpreter: interpreter.map(|typed| plain_path("--interpreter", typed)).transpose()?,
        native: match native.native.unwrap_or(NativeChoice::Auto) {
            NativeChoice::Auto => NativeMode::Auto,
            NativeChoice::Packages => NativeMode::Packages,
            NativeChoice::Vendor => NativeMode::Vendor,
        },
        requirements: asked.requirements,
        projects: asked.projects,
        packages: native.package.iter().cloned().collect(),
        excluded: native.exclude.iter().cloned().collect(),
        pin: native.pin,
        so_names: native.so_names,
        compile: contents.compile,
        slim: contents.slim.iter().flat_map(slim).collect(),
        layers: layer_request::read(layers, is_layout, form)?,
        final_stage,
        max_size: image.max_size,
    })
}

fn slim(choice: &SlimChoice) -> Vec<SlimKind> {
    match choice {
        SlimChoice::Tests => vec![SlimKind::Tests],
        SlimChoice::Stubs => vec![SlimKind::Stubs],
        SlimChoice::Headers => vec![SlimKind::Headers],
        SlimChoice::Static => vec![SlimKind::Static],
        SlimChoice::Strip => vec![SlimKind::Strip],
        SlimChoice::All => vec![
            SlimKind::Tests,
            SlimKind::Stubs,
            SlimKind::Headers,
            SlimKind::Static,
            SlimKind::Strip,
        ],
    }
}

/// The paths of `--ca-certificates` and `--tzdata`, as far as the builder has them.
fn data(root: &Root, typed: &Contents) -> Result<Vec<RealPath>, Trouble> {
    let mut paths = Vec::new();
    for (asked, option, package, place) in [
        (
            typed.ca_certificates,
            "--ca-certificates",
            "ca-certificates",
            "/usr/share/ca-certificates",
        ),
        (typed.tzdata, "--tzdata", "tzdata", "/usr/share/zoneinfo"),
    ] {
        let there = |path: &&str| matches!(root.resolve(&WrittenPath::new(*path)), Ok(Some(_)));
        let places = generated_by(package).chain([place]);
        let found: Vec<&str> = places.filter(|_| asked).filter(there).collect();
        if asked && found.is_empty() {
            return Err(Trouble::new(
                format!("{option}: the builder has none"),
                format!(
                    "install the package {package} in the builder stage, before wheelbarrow runs"
                ),
            ));
        }
        paths.extend(found.into_iter().map(RealPath::known));
    }
    Ok(paths)
}

/// The paths of `--include`, each of which exists.
fn included(
    root: &Root,
    typed: &[String],
    inside: &dyn Fn(&str) -> String,
) -> Result<Vec<RealPath>, Trouble> {
    let read = |typed: &String| {
        let path = plain_path("--include", &inside(typed))?;
        match root.resolve(&WrittenPath::from(&path)) {
            Ok(Some(_)) => Ok(path),
            Ok(None) => Err(Trouble::new(
                format!("--include {typed}: it does not exist"),
                "give the path of a file or directory in the builder",
            )),
            Err(error) => Err(Trouble::new(
                format!("--include {typed}: {}", error.reason()),
                "give the path of a file or directory that can be read",
            )),
        }
    };
    typed.iter().map(read).collect()
}

/// Checks the prefix of a bundle, which becomes an element of PATH.
fn prefix(typed: &str) -> Result<RealPath, Trouble> {
    if typed.contains(|letter: char| letter == ':' || letter.is_control()) {
        return Err(Trouble::new(
            format!(
                "--prefix {typed:?} has a colon or a control character, so it cannot be in PATH"
            ),
            "give a path such as /opt/app",
        ));
    }
    plain_path("--prefix", typed)
}

/// The records of `--observed`.
fn observed(typed: &[PathBuf]) -> Result<Vec<Record>, Trouble> {
    let read = |file: &PathBuf| {
        let name = format!("--observed {}", file.display());
        let text = host::read_file(file).map_err(|error| {
            Trouble::new(format!("{name}: {error}"), "give a file that `wheelbarrow observe` wrote")
        })?;
        parse_record(&text).map_err(|error| Trouble::at(&name, &error))
    };
    typed.iter().map(read).collect()
}

/// Checks a typed path inside the final root.
pub(crate) fn plain_path(option: &str, typed: &str) -> Result<RealPath, Trouble> {
    let trimmed = typed.trim_end_matches('/');
    let plain = trimmed.starts_with('/')
        && trimmed[1..].split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !plain || typed.contains(['\n', '\0']) {
        return Err(Trouble::new(
            format!("{option} {typed:?} is not an absolute path"),
            "give a path such as /opt/app",
        ));
    }
    Ok(RealPath::known(trimmed))
}
