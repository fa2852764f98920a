//! What the typed words mean. The only place that reads the process environment.
//!
//! Invariant: host paths end here; what goes on is a root and paths inside it.

#![allow(
    clippy::disallowed_methods,
    reason = "here the host's environment and paths become settings"
)]

use std::path::{Component, Path, PathBuf};

use tempfile::TempDir;

use super::arguments::{
    BundleArguments, Choice, FormatChoice, Input, NativeChoice, ShebangChoice, SlimChoice,
};
use super::layers;
use super::roots::{self, Asked};
use crate::base::{self, Profile};
use crate::bundle::{Format, MANIFEST};
use crate::finding::Finding;
use crate::inventory::Scope;
use crate::path::RealPath;
use crate::plan::{NativeMode, Request, Shebang, SlimKind};
use crate::python::{Environment, Part};
use crate::report::{self, Application, CopyOptions, Stage};
use crate::root::{Directory, Kind, Overlay, Root, Union};
use crate::wheelhouse::{self, FolderError, Unpacked};

/// 1980-01-01, the earliest time a zip file can hold.
const FIXED_TIME: i64 = 315_532_800;

/// An error as the user sees it.
pub struct Trouble {
    pub message: String,
    pub hint: Option<&'static str>,
}

pub struct Settings {
    pub root: Root,
    pub named: Vec<String>,
    pub usual: Vec<String>,
    pub request: Request,
    pub out: PathBuf,
    pub stage: Stage,
    pub copy: CopyOptions,
    /// This program in the builder stage, when the final stage is to verify itself.
    pub verify: Option<String>,
    pub format: Format,
    /// Seconds since the epoch for every file.
    pub time: i64,
    /// The output as a path inside the root, when it is inside.
    out_inside: Option<String>,
    directory: Directory,
    /// What was unpacked is part of the root, so it stays as long.
    unpacked: Option<TempDir>,
}

impl Settings {
    pub fn read_only(input: &Input, choice: &Choice) -> Result<Settings, Trouble> {
        Settings::new(input, choice, None)
    }

    pub fn bundle(typed: &BundleArguments) -> Result<Settings, Trouble> {
        Settings::new(&typed.input, &typed.choice, Some(typed))
    }

    fn new(
        input: &Input,
        choice: &Choice,
        bundle: Option<&BundleArguments>,
    ) -> Result<Settings, Trouble> {
        let out = absolute(bundle.map_or(Path::new("/bundle"), |bundle| &bundle.out));
        let stage = bundle.map_or("builder", |bundle| &bundle.stage);
        let link = bundle.is_some_and(|bundle| bundle.link);
        let oci = bundle.is_some_and(|bundle| bundle.format == FormatChoice::OciLayout);
        if oci && bundle.is_some_and(|bundle| bundle.link || bundle.verify) {
            return Err(Trouble {
                message: "--link and --verify are about Dockerfile.final, which --format oci-layout does not write".to_owned(),
                hint: Some("leave them out; wheelbarrow verify proves the final root once the layers are in it"),
            });
        }
        let directory = open_directory(&input.root, std::slice::from_ref(&out))?;
        let out_inside = out
            .strip_prefix(directory.base())
            .ok()
            .and_then(Path::to_str)
            .map(|path| format!("/{path}"));
        let stage = match &out_inside {
            Some(path) => Stage::Named { name: stage.to_owned(), path: path.clone() },
            None => Stage::Context,
        };
        let own_root = directory.base() == Path::new("/");
        if choice.compile && !own_root {
            return Err(Trouble {
                message: "--compile runs the Python of the root, which must be /".to_owned(),
                hint: Some("run wheelbarrow inside that root, or leave --compile out"),
            });
        }
        let here = std::env::current_dir().ok().filter(|_| own_root);
        let inside = |typed: &String| {
            if own_root {
                absolute(Path::new(typed)).to_string_lossy().into_owned()
            } else {
                typed.clone()
            }
        };
        let named = input.env.iter().map(inside).collect();
        let root = Root::new(directory.clone());
        let Asked { roots, projects } = roots::read(&root, choice, &inside)?;
        let request = Request {
            prefix: plain_path("--prefix", choice.prefix.as_deref().unwrap_or("/opt/app"))?,
            shebang: choice.shebang.map(|shebang| match shebang {
                ShebangChoice::Relocatable => Shebang::Relocatable,
                ShebangChoice::Absolute => Shebang::Absolute,
            }),
            from: choice.from.clone(),
            // What carries its own interpreter needs no base.
            base: base(choice)?.or_else(|| choice.with_interpreter.then(Profile::empty)),
            with_interpreter: choice.with_interpreter,
            interpreter: choice
                .interpreter
                .as_deref()
                .map(|typed| plain_path("--interpreter", typed))
                .transpose()?,
            native: match choice.native.unwrap_or(NativeChoice::Auto) {
                NativeChoice::Auto => NativeMode::Auto,
                NativeChoice::Packages => NativeMode::Packages,
                NativeChoice::Vendor => NativeMode::Vendor,
            },
            roots,
            projects,
            pin: choice.pin,
            so_names: choice.so_names,
            compile: choice.compile,
            slim: choice.slim.iter().flat_map(slim).collect(),
            layers: layers::read(choice, oci)?,
        };
        Ok(Settings {
            root,
            directory,
            unpacked: None,
            named,
            usual: usual(here.as_deref(), own_root),
            request,
            out,
            stage,
            format: if oci { Format::OciLayout } else { Format::Directory },
            verify: verifier(bundle, own_root, out_inside.is_some())?,
            copy: CopyOptions { link, root_owned: rustix::process::geteuid().is_root() },
            time: time()?,
            out_inside,
        })
    }

    /// How far a plan of this request has to look.
    pub fn scope(&self) -> Scope {
        let base = self.request.base.as_ref();
        Scope {
            packages: self.request.may_carry(),
            interpreter: self.request.interpreter.is_none(),
            musl: base.is_some_and(|base| !base.libc_symbols.is_empty()),
        }
    }

    /// A folder of wheels is installed first, and laid over the root at the prefix.
    pub fn unpack_wheels(&mut self) -> Result<Option<(Environment, Vec<Finding>)>, Trouble> {
        let trouble =
            |error: FolderError| Trouble { message: error.to_string(), hint: Some(error.hint()) };
        let Some(folder) = wheelhouse::find_folder(&self.root, &self.named)
            .map_err(|error| trouble(error.into()))?
        else {
            return Ok(None);
        };
        let Request { prefix, roots, base, .. } = &self.request;
        let final_libc = base.as_ref().and_then(|base| base.libc_version);
        let Unpacked { directory, environment, findings } =
            wheelhouse::unpack(&self.root, &folder, prefix, roots, final_libc).map_err(trouble)?;
        let upper = Directory::open(directory.path(), &[])
            .map_err(|why| trouble(FolderError::Temporary(why)))?;
        self.root = Root::new(Overlay {
            lower: self.directory.clone(),
            upper,
            place: self.request.prefix.clone(),
        });
        self.unpacked = Some(directory);
        Ok(Some((environment, findings)))
    }

    /// The output must not be written into what is read.
    pub fn refuse_inside(&self, environment: &Environment) -> Result<(), Trouble> {
        let inside = |top: &RealPath| {
            self.out_inside
                .as_deref()
                .is_some_and(|out| out == top.as_str() || out.starts_with(&format!("{top}/")))
        };
        let mut tops = environment.parts.iter().flat_map(Part::tops);
        match tops.find(inside) {
            Some(top) => Err(Trouble {
                message: format!("{} is inside {top}, which is bundled", self.out.display()),
                hint: Some("name a directory outside of it with --out"),
            }),
            None => Ok(()),
        }
    }
}

/// A final root with the bundle in it: its prefix, and the native files that the bundle has elsewhere.
pub fn final_root(
    bundle: Option<&Path>,
    root: &Path,
    typed: Option<&str>,
) -> Result<(Root, RealPath, Vec<RealPath>), Trouble> {
    let typed = typed.map(|typed| plain_path("--prefix", typed)).transpose()?;
    let base = open_directory(root, &[])?;
    let Some(bundle) = bundle else {
        return Ok((
            Root::new(base),
            typed.unwrap_or_else(|| RealPath::known("/opt/app")),
            Vec::new(),
        ));
    };
    let prefix = RealPath::try_from(application(bundle)?.prefix)
        .map_err(|message| Trouble { message, hint: None })?;
    let layers = bundle.join("layers");
    let mut trees: Vec<PathBuf> = match std::fs::read_dir(&layers) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(_) => vec![bundle.join("rootfs")],
    };
    trees.sort();
    let trees =
        trees.iter().map(|tree| open_directory(tree, &[])).collect::<Result<Vec<_>, _>>()?;
    let own = Root::new(Union(trees.clone()));
    let native = |path: &RealPath| path.below(&prefix).is_none() && path.name().contains(".so");
    let found = own.walk(&RealPath::root(), |_| true).into_iter().flatten();
    let carried = found
        .filter(|entry| entry.meta.kind == Kind::File && native(&entry.path))
        .map(|entry| entry.path)
        .collect();
    let all = std::iter::once(base).chain(trees).collect();
    Ok((Root::new(Union(all)), typed.unwrap_or(prefix), carried))
}

/// A bundle by its directory or its manifest, called as it was typed: many are called `bundle`.
pub fn application(path: &Path) -> Result<Application, Trouble> {
    let file = if path.is_dir() { path.join(MANIFEST) } else { path.to_owned() };
    let named = if path.ends_with(MANIFEST) { path.parent().unwrap_or(path) } else { path };
    let name = named.to_string_lossy();
    let trouble = |message: String| Trouble {
        message,
        hint: Some("give the directories that bundle wrote, or their wheelbarrow.json"),
    };
    let text = std::fs::read_to_string(&file)
        .map_err(|error| trouble(format!("cannot read {}: {error}", file.display())))?;
    report::application(name.trim_end_matches('/'), &text)
        .map_err(|error| trouble(format!("{} is no manifest: {error}", file.display())))
}

/// A bundle that was cut into layers.
pub fn cut_application(path: &Path) -> Result<Application, Trouble> {
    let application = application(path)?;
    if application.layers.is_empty() {
        return Err(Trouble {
            message: format!("{} has no layers to compare", application.name),
            hint: Some("bundle it with --layers"),
        });
    }
    Ok(application)
}

/// A root to read whole, without an output inside.
pub fn open_root(path: &Path) -> Result<Root, Trouble> {
    Ok(Root::new(open_directory(path, &[])?))
}

fn open_directory(path: &Path, without: &[PathBuf]) -> Result<Directory, Trouble> {
    Directory::open(path, without).map_err(|error| Trouble {
        message: format!("cannot open the root {}: {error}", path.display()),
        hint: Some("give the directory of a root file system"),
    })
}

/// Where the final stage finds this program.
fn verifier(
    bundle: Option<&BundleArguments>,
    own_root: bool,
    in_stage: bool,
) -> Result<Option<String>, Trouble> {
    match (bundle.is_some_and(|bundle| bundle.verify), own_root && in_stage) {
        (false, _) => Ok(None),
        (true, true) => Ok(std::env::current_exe().ok().map(|path| path.display().to_string())),
        (true, false) => Err(Trouble {
            message: "--verify mounts this program from the builder stage, and this is not one"
                .to_owned(),
            hint: Some("run wheelbarrow verify BUNDLE --root FINAL instead"),
        }),
    }
}

/// The order users expect: what is active, what is here, what Dockerfiles use, the root's own.
fn usual(here: Option<&Path>, own_root: bool) -> Vec<String> {
    let active = ["VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "CONDA_PREFIX"]
        .map(|name| std::env::var(name).ok().filter(|path| own_root && !path.is_empty()));
    let beside = |name: &str| {
        here.map_or(format!("/{name}"), |here| here.join(name).to_string_lossy().into_owned())
    };
    let fixed = [
        "/opt/venv",
        "/opt/conda/bin/python3",
        "/usr/local/bin/python3",
        "/usr/bin/python3",
        "/usr/local/bin/python",
        "/usr/bin/python",
    ];
    let local = [".venv", ".pixi/envs/default"].map(beside);
    active
        .into_iter()
        .flatten()
        .map(|path| beside(&path))
        .chain(local)
        .chain(fixed.map(str::to_owned))
        .collect()
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

/// What is known of the final root.
fn base(choice: &Choice) -> Result<Option<Profile>, Trouble> {
    if let Some(path) = &choice.base_root {
        return Ok(Some(base::read(&open_root(path)?)));
    }
    let Some(typed) = &choice.base else { return Ok(None) };
    if let Some(profile) = base::find(typed) {
        return Ok(Some(profile));
    }
    let hint = Some(
        "mount the image: --base-root DIR, or write its profile: wheelbarrow base --root DIR > profile.json",
    );
    let trouble = |message: String| Trouble { message, hint };
    let text = std::fs::read_to_string(typed).map_err(|_| {
        let nearest = base::nearest(typed).map_or_else(|| base::names().join(", "), |name| format!("the nearest is {name}"));
        trouble(format!("--base {typed}: no such file, and no profile of exactly this image ships with wheelbarrow ({nearest})"))
    })?;
    let profile: Profile = serde_json::from_str(&text)
        .map_err(|error| trouble(format!("--base {typed}: not a profile: {error}")))?;
    if profile.schema != base::SCHEMA {
        return Err(trouble(format!(
            "--base {typed}: a profile of schema {}, and this wheelbarrow reads {}",
            profile.schema,
            base::SCHEMA
        )));
    }
    Ok(Some(profile))
}

fn plain_path(option: &str, typed: &str) -> Result<RealPath, Trouble> {
    let trimmed = typed.trim_end_matches('/');
    let plain = trimmed.starts_with('/')
        && trimmed[1..].split('/').all(|part| !matches!(part, "" | "." | ".."));
    if !plain || typed.contains(['\n', '\0']) {
        return Err(Trouble {
            message: format!("{option} {typed:?} is not an absolute path"),
            hint: Some("give a path such as /opt/app"),
        });
    }
    Ok(RealPath::known(trimmed))
}

fn time() -> Result<i64, Trouble> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) if !text.is_empty() => text.parse().map_err(|_| Trouble {
            message: format!("SOURCE_DATE_EPOCH is {text:?}, not a number of seconds"),
            hint: Some("see https://reproducible-builds.org/specs/source-date-epoch/"),
        }),
        _ => Ok(FIXED_TIME),
    }
}

/// Absolute, with the links of the part that exists resolved: the output may not exist yet. Its own name
/// is not resolved: a link there is refused, not followed.
fn absolute(path: &Path) -> PathBuf {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let Some(parent) = full.parent() else { return full };
    let mut directory = PathBuf::new();
    for part in parent.components() {
        match part {
            Component::ParentDir => drop(directory.pop()),
            part => directory.push(part),
        }
        directory = directory.canonicalize().unwrap_or(directory);
    }
    match full.components().next_back() {
        Some(Component::ParentDir) => directory.parent().unwrap_or(&directory).to_owned(),
        Some(name) => directory.join(name),
        None => directory,
    }
}
