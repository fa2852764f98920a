//! The final root as a plan sees it: which interpreter starts there, what it has, whether it installs.
//!
//! Without a profile it is taken to be like the builder's own distribution, with what its package
//! manager brings. With one ([`crate::base`]) [`fit`] finds every disagreement before anything is
//! written.
//!
//! Invariant: pure; what a plan asks about the final root is answered here.

pub mod fit;
pub mod image;

use std::collections::BTreeSet;

use crate::base::Profile;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::loader::{Libc, Rule};
use crate::packages::Package;
use crate::path::RealPath;
use crate::plan::{NativeMode, Request, Shebang};
use crate::python::Interpreter;
use fit::{Fit, refuse};
use image::{Origin, image, tagged_minor};

/// What the decisions of a plan ask about the final root.
pub struct FinalRoot<'a> {
    /// What FROM says, when anything tells.
    pub image: Option<String>,
    /// The program that `bin/python` leads to.
    pub interpreter: RealPath,
    /// Whether a package of the builder's distribution brings it.
    pub interpreter_is_package: bool,
    /// Whether the bundle brings it.
    pub interpreter_travels: bool,
    /// Whether the program interpreter and the libraries below it travel too.
    pub loader_travels: bool,
    pub shebang: Shebang,
    profile: Option<&'a Profile>,
    packages: bool,
    /// A prefix of the builder, conda's or the interpreter's own, and that of the bundle, which takes its place.
    moved: Option<(RealPath, RealPath)>,
    /// Where its loader looks without any configuration, and in that of its own.
    directories: BTreeSet<RealPath>,
    /// Whether its loader knows what the builder's does: by the same cache, path file or ldconfig.
    pub configured: bool,
}

impl FinalRoot<'_> {
    /// Whether its loader finds a library of this name without any help.
    pub fn has_library(&self, name: &str) -> bool {
        self.profile.is_some_and(|profile| profile.libraries.contains_key(name))
    }

    /// Whether a package is there already; `None` when nothing is known of it.
    pub fn has_package(&self, package: &Package) -> Option<bool> {
        self.profile.map(|profile| {
            package.in_prefix.is_none() && profile.packages.contains_key(&package.name)
        })
    }

    /// Whether files of a package travel when they are needed: nobody installs conda's.
    pub fn carries(&self, package: &Package) -> bool {
        package.in_prefix.is_some() || !self.installs()
    }

    /// Whether what it lacks is installed by its package manager; otherwise it is carried.
    pub fn installs(&self) -> bool {
        self.packages
    }

    /// Whether its loader finds a file that is put into this directory, as the builder's did by this rule.
    pub fn searches(&self, directory: &RealPath, rule: &Rule) -> bool {
        self.directories.contains(&self.place(directory))
            || (self.configured && matches!(rule, Rule::Cache | Rule::PathFile))
    }

    /// Whether nothing is there: `FROM scratch`.
    pub fn is_empty(&self) -> bool {
        self.profile.is_some_and(|profile| profile.libc.is_none() && profile.packages.is_empty())
    }

    /// Where a path of the builder is there: through the links of its top-level directories, and in the
    /// bundle's prefix what was in conda's. The layout below is the same, so relative run paths lead on.
    pub fn place(&self, path: &RealPath) -> RealPath {
        if let Some((below, to)) =
            self.moved.as_ref().and_then(|(from, to)| Some((path.below(from)?, to)))
        {
            return to.descend(below);
        }
        self.profile.map_or_else(|| path.clone(), |profile| place(profile, path))
    }

    /// Whether it has this link of a top-level directory.
    pub fn has_link(&self, path: &RealPath) -> bool {
        self.profile.is_some_and(|profile| profile.links.contains_key(path))
    }

    /// An interpreter that moves is where the rest of its prefix is.
    fn placed(mut self) -> Self {
        if self.interpreter_travels {
            self.interpreter = self.place(&self.interpreter);
        }
        self
    }

    /// The prefix whose place the bundle's takes.
    pub fn moved_from(&self) -> Option<&RealPath> {
        self.moved.as_ref().map(|(from, _)| from)
    }
}

fn place(profile: &Profile, path: &RealPath) -> RealPath {
    let through = profile.links.iter().find_map(|(link, target)| Some((path.below(link)?, target)));
    through.map_or_else(
        || path.clone(),
        |(rest, target)| RealPath::root().descend(target.trim_start_matches('/')).descend(rest),
    )
}

/// The directories that the loader of the final root searches for everything.
fn directories(inventory: &Inventory, request: &Request) -> BTreeSet<RealPath> {
    match &request.base {
        Some(profile) if !request.with_interpreter => {
            let known = profile.library_directories.iter();
            let normal = known.filter_map(|directory| {
                RealPath::try_from(directory.trim_end_matches('/').to_owned()).ok()
            });
            normal.map(|directory| place(profile, &directory)).collect()
        }
        // What travels with its loader, or is like the builder.
        _ => inventory.default_directories.iter().cloned().collect(),
    }
}

/// Decides, and refuses what cannot work.
pub fn decide<'a>(
    inventory: &Inventory,
    request: &'a Request,
    findings: &mut Vec<Finding>,
) -> FinalRoot<'a> {
    let stays =
        inventory.interpreter_package().is_none() && inventory.environment.interpreter.pinned;
    let moved = inventory
        .own_prefix
        .as_ref()
        .filter(|_| !stays)
        .map(|prefix| (prefix.clone(), request.prefix.clone()));
    match &request.base {
        Some(profile) => known(inventory, request, profile, moved, findings),
        None => like_builder(inventory, request, moved, findings),
    }
}

/// Nothing is known of it: taken to be the plain image of the builder's distribution.
fn like_builder<'a>(
    inventory: &Inventory,
    request: &'a Request,
    moved: Option<(RealPath, RealPath)>,
    findings: &mut Vec<Finding>,
) -> FinalRoot<'a> {
    let own = &inventory.environment.interpreter;
    let owner = inventory.interpreter_package();
    let owned = owner.is_some();
    let travels = inventory.stands_alone() && request.interpreter.is_none();
    let interpreter = request.interpreter.clone().unwrap_or_else(|| own.executable.clone());
    let same = interpreter == own.executable || own.links.contains(&interpreter);
    let origin = if travels || (owned && same) { Origin::Package } else { Origin::Image };
    findings.extend(named_minor(own, request).filter(|_| !travels));
    let image = request
        .from
        .clone()
        .or_else(|| image(&inventory.release, origin, &interpreter, own.minor()));
    if image.is_none() {
        findings.push(unknown_image(inventory, owned || travels, &interpreter));
    }
    FinalRoot {
        image,
        interpreter,
        interpreter_is_package: owned && same && !travels,
        interpreter_travels: travels,
        loader_travels: false,
        shebang: request.shebang.unwrap_or(Shebang::Relocatable),
        profile: None,
        packages: request.native != NativeMode::Vendor,
        moved,
        directories: directories(inventory, request),
        configured: request.native != NativeMode::Vendor,
    }
    .placed()
}

/// It was read, here or before.
fn known<'a>(
    inventory: &Inventory,
    request: &'a Request,
    profile: &'a Profile,
    moved: Option<(RealPath, RealPath)>,
    findings: &mut Vec<Finding>,
) -> FinalRoot<'a> {
    let fit = Fit { inventory, request, profile };
    let own = &inventory.environment.interpreter;
    let owner = inventory.interpreter_package();
    let packages = match request.native {
        NativeMode::Vendor => false,
        NativeMode::Packages => true,
        NativeMode::Auto => profile.installs_with.is_some(),
    };
    findings.extend(fit.machine());
    findings.extend(fit.layout().filter(|_| request.with_interpreter));
    let mut interpreter_travels = request.with_interpreter;
    let (interpreter, interpreter_is_package) = match fit.interpreter() {
        _ if request.with_interpreter => (own.executable.clone(), false),
        Ok(found) => {
            if found.path != own.executable && request.interpreter.is_none() {
                let message =
                    format!("the base has this Python at {}; the bundle uses that one", found.path);
                findings.push(Finding::new(
                    Severity::Note,
                    Code::InterpreterMoved,
                    &own.executable,
                    message,
                ));
            }
            (request.interpreter.clone().unwrap_or_else(|| found.path.clone()), false)
        }
        Err(_) if inventory.stands_alone() && request.interpreter.is_none() => {
            interpreter_travels = true;
            (own.executable.clone(), false)
        }
        Err(_)
            if owner.is_some_and(|package| fit.installs(package))
                && request.interpreter.is_none() =>
        {
            (own.executable.clone(), true)
        }
        Err(finding) => {
            findings.push(finding);
            (own.executable.clone(), false)
        }
    };
    let shebang = request.shebang.unwrap_or(match profile.runs_relocatable_scripts() {
        true => Shebang::Relocatable,
        false => Shebang::Absolute,
    });
    findings.extend(fit.shell(shebang));
    let origin =
        if interpreter_is_package || interpreter_travels { Origin::Package } else { Origin::Image };
    let derived = || {
        profile.image.clone().or_else(|| image(&profile.release, origin, &interpreter, own.minor()))
    };
    let image = request.from.clone().or_else(derived);
    // The builder's cache travels with its loader; otherwise ldconfig runs where there is a shell.
    let configured = match request.with_interpreter {
        true => own.libc == Some(Libc::Glibc),
        false => packages && profile.tools.contains("sh"),
    };
    FinalRoot {
        image,
        interpreter,
        interpreter_is_package,
        interpreter_travels,
        loader_travels: request.with_interpreter,
        shebang,
        profile: Some(profile),
        packages,
        moved,
        directories: directories(inventory, request),
        configured,
    }
    .placed()
}

fn unknown_image(inventory: &Inventory, owned: bool, interpreter: &RealPath) -> Finding {
    let (code, message) = if owned {
        (
            Code::UnknownBase,
            format!("no image is known for this distribution ({})", inventory.release.id),
        )
    } else {
        (
            Code::InterpreterNotInBase,
            "no package owns this interpreter and no base image is known to have it at this path"
                .to_owned(),
        )
    };
    refuse(
        code,
        interpreter,
        message,
        Some("name an image that has it: --from IMAGE, or read one: --base-root DIR".to_owned()),
    )
}

/// Of a final root that nobody has read, what its names tell.
fn named_minor(own: &Interpreter, request: &Request) -> Option<Finding> {
    let typed = request.interpreter.as_ref();
    let of_path = typed.and_then(|path| {
        path.name().strip_prefix("python").filter(|rest| rest.contains('.')).map(str::to_owned)
    });
    let of_image = request.from.as_deref().and_then(tagged_minor);
    let other = of_path.or(of_image).filter(|minor| minor != own.minor())?;
    let message =
        format!("the environment is of Python {}, the final stage has {other}", own.minor());
    let help = format!(
        "use an image with Python {0}, such as python:{0}-slim, or build with Python {other}",
        own.minor()
    );
    Some(refuse(Code::BaseInterpreter, &own.executable, message, Some(help)))
}
