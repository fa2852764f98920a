//! The final root as a plan sees it: which interpreter starts there, what it has, whether it installs.
//!
//! Without a profile it is taken to be like the builder's own distribution, with what its package
//! manager brings. With one ([`crate::base`]) every disagreement is found here, before anything is
//! written, and says what would fit.
//!
//! Invariant: pure; a refusal names the disagreement and the nearest thing without it.

use std::collections::BTreeSet;

use super::image::{Origin, image, short, tagged_minor};
use super::{NativeMode, Request, Shebang};
use crate::base::{self, Profile, ProfileInterpreter};
use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::loader::{Libc, Rule};
use crate::path::RealPath;
use crate::pkgdb::{Manager, Package};
use crate::python::Interpreter;

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
        self.profile.map(|profile| package.in_prefix.is_none() && profile.packages.contains_key(&package.name))
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
        self.directories.contains(&self.place(directory)) || (self.configured && matches!(rule, Rule::Cache | Rule::PathFile))
    }

    /// Whether nothing is there: `FROM scratch`.
    pub fn is_empty(&self) -> bool {
        self.profile.is_some_and(|profile| profile.libc.is_none() && profile.packages.is_empty())
    }

    /// Where a path of the builder is there: through the links of its top-level directories, and in the
    /// bundle's prefix what was in conda's. The layout below is the same, so relative run paths lead on.
    pub fn place(&self, path: &RealPath) -> RealPath {
        if let Some((below, to)) = self.moved.as_ref().and_then(|(from, to)| Some((path.below(from)?, to))) {
            return to.descend(below);
        }
        self.profile.map_or_else(|| path.clone(), |profile| place(profile, path))
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
    through.map_or_else(|| path.clone(), |(rest, target)| RealPath::root().descend(target.trim_start_matches('/')).descend(rest))
}

/// The directories that the loader of the final root searches for everything.
fn directories(inventory: &Inventory, request: &Request) -> BTreeSet<RealPath> {
    match &request.base {
        Some(profile) if !request.with_interpreter => {
            let known = profile.library_directories.iter();
            let normal = known.filter_map(|directory| RealPath::try_from(directory.trim_end_matches('/').to_owned()).ok());
            normal.map(|directory| place(profile, &directory)).collect()
        }
        // What travels with its loader, or is like the builder.
        _ => inventory.default_directories.iter().cloned().collect(),
    }
}

/// Decides, and refuses what cannot work.
pub fn decide<'a>(inventory: &Inventory, request: &'a Request, findings: &mut Vec<Finding>) -> FinalRoot<'a> {
    let stays = inventory.interpreter_package().is_none() && inventory.environment.interpreter.pinned;
    let moved = inventory.own_prefix.as_ref().filter(|_| !stays).map(|prefix| (prefix.clone(), request.prefix.clone()));
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
    let image = request.from.clone().or_else(|| image(&inventory.release, origin, &interpreter, own.minor()));
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
    let own = &inventory.environment.interpreter;
    let owner = inventory.interpreter_package();
    let compare = Compare { inventory, request, profile };
    let same_release = compare.same_release();
    let packages = match request.native {
        NativeMode::Vendor => false,
        NativeMode::Packages => true,
        NativeMode::Auto => profile.installs_with.is_some(),
    };
    findings.extend(compare.machine());
    findings.extend(compare.glibc());
    let mut interpreter_travels = request.with_interpreter;
    let (interpreter, interpreter_is_package) = match compare.interpreter() {
        _ if request.with_interpreter => (own.executable.clone(), false),
        Ok(found) => {
            if found.path != own.executable && request.interpreter.is_none() {
                let message = format!("the base has this Python at {}; the bundle uses that one", found.path);
                findings.push(Finding::new(Severity::Note, Code::InterpreterMoved, &own.executable, message));
            }
            (request.interpreter.clone().unwrap_or_else(|| found.path.clone()), false)
        }
        Err(_) if inventory.stands_alone() && request.interpreter.is_none() => {
            interpreter_travels = true;
            (own.executable.clone(), false)
        }
        Err(_) if owner.is_some() && profile.installs_with.is_some() && same_release && request.interpreter.is_none() => {
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
    findings.extend(compare.shell(shebang));
    let origin = if interpreter_is_package || interpreter_travels { Origin::Package } else { Origin::Image };
    let derived = || profile.image.clone().or_else(|| image(&profile.release, origin, &interpreter, own.minor()));
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

fn refuse(code: Code, subject: impl ToString, message: String, help: Option<String>) -> Finding {
    let finding = Finding::new(Severity::Deny, code, subject, message);
    match help {
        Some(help) => finding.help(help),
        None => finding,
    }
}

fn unknown_image(inventory: &Inventory, owned: bool, interpreter: &RealPath) -> Finding {
    let (code, message) = if owned {
        (Code::UnknownBase, format!("no image is known for this distribution ({})", inventory.release.id))
    } else {
        (Code::InterpreterNotInBase, "no package owns this interpreter and no base image is known to have it at this path".to_owned())
    };
    refuse(code, interpreter, message, Some("name an image that has it: --from IMAGE, or read one: --base-root DIR".to_owned()))
}

/// Of a final root that nobody has read, what its names tell.
fn named_minor(own: &Interpreter, request: &Request) -> Option<Finding> {
    let typed = request.interpreter.as_ref();
    let of_path = typed.and_then(|path| path.name().strip_prefix("python").filter(|rest| rest.contains('.')).map(str::to_owned));
    let of_image = request.from.as_deref().and_then(tagged_minor);
    let other = of_path.or(of_image).filter(|minor| minor != own.minor())?;
    let message = format!("the environment is of Python {}, the final stage has {other}", own.minor());
    let help = format!("use an image with Python {0}, such as python:{0}-slim, or build with Python {other}", own.minor());
    Some(refuse(Code::BaseInterpreter, &own.executable, message, Some(help)))
}

struct Compare<'a> {
    inventory: &'a Inventory,
    request: &'a Request,
    profile: &'a Profile,
}

impl Compare<'_> {
    fn own(&self) -> &Interpreter {
        &self.inventory.environment.interpreter
    }

    fn same_release(&self) -> bool {
        let (own, base) = (&self.inventory.release, &self.profile.release);
        own.id == base.id && short(&own.version) == short(&base.version)
    }

    fn machine(&self) -> Option<Finding> {
        let (own, base) = (&self.own().facts, self.profile);
        let name = base.name();
        if base.architecture.as_ref().is_some_and(|architecture| *architecture != own.architecture) {
            let theirs = base.architecture.as_deref().unwrap_or_default();
            let message = format!("the environment is for {}, {name} for {theirs}", own.architecture);
            let help = format!("take the base for the builder's platform: FROM --platform of {}", own.architecture);
            return Some(refuse(Code::BaseArchitecture, name, message, Some(help)));
        }
        if base.libc.is_some() && base.libc != own.libc {
            let family = |libc| if libc == Some(Libc::Musl) { "musl" } else { "glibc" };
            let message = format!("the environment is built for {}, {name} has {}", family(own.libc), family(base.libc));
            return Some(refuse(Code::BaseLibc, name, message, self.fitting()));
        }
        None
    }

    /// The newest `GLIBC_2.x` that travels.
    fn glibc(&self) -> Option<Finding> {
        let base = self.profile.libc_version.filter(|_| self.profile.libc == Some(Libc::Glibc))?;
        let natives = self.inventory.natives.iter();
        let needs = natives.flat_map(|native| native.version_needs.iter().map(move |need| (need, &native.path)));
        let numbered = needs.filter_map(|(need, path)| Some((numbers(need.version.strip_prefix("GLIBC_")?)?, path)));
        let ((major, minor), path) = numbered.max()?;
        ((major, minor) > base).then(|| {
            let message = format!("needs glibc {major}.{minor}; {} has {}.{}", self.profile.name(), base.0, base.1);
            refuse(Code::BaseGlibc, path, message, self.fitting())
        })
    }

    /// The interpreter of the base that fits: the one named, the one at the builder's path, any other.
    fn interpreter(&self) -> Result<&ProfileInterpreter, Finding> {
        let own = self.own();
        let name = self.profile.name();
        if let Some(path) = &self.request.interpreter {
            let found = self.profile.interpreter(path);
            return found.filter(|found| self.fits(found)).ok_or_else(|| {
                let message = match found {
                    Some(other) => {
                        format!("the environment is of {}; {name} has {} at {path}", described(&own.facts), described(&other.facts))
                    }
                    None => format!("{name} has no Python at {path}"),
                };
                refuse(Code::BaseInterpreter, &own.executable, message, self.fitting())
            });
        }
        let at_path = self.profile.interpreter(&own.executable).filter(|found| self.fits(found));
        at_path.or_else(|| self.profile.interpreters.iter().find(|found| self.fits(found))).ok_or_else(|| {
            let others: Vec<String> =
                self.profile.interpreters.iter().map(|other| format!("{} at {}", described(&other.facts), other.path)).collect();
            let has = match (others.is_empty(), self.profile.installs_with) {
                (false, _) => format!("{name} has {}", others.join(", ")),
                (true, Some(_)) if !self.same_release() => {
                    format!(
                        "{name} has no Python, and installs packages of {}, not of {}",
                        release(self.profile),
                        self.inventory.release.pretty_name
                    )
                }
                (true, _) => format!("{name} has no Python and no package brings this one"),
            };
            let message = format!("the environment is of {}; {has}", described(&own.facts));
            let help = self.fitting().map_or_else(String::new, |fitting| format!("{fitting}; or "));
            refuse(Code::BaseInterpreter, &own.executable, message, Some(format!("{help}let it travel: --with-interpreter")))
        })
    }

    fn fits(&self, found: &ProfileInterpreter) -> bool {
        fits(self.own(), found)
    }

    fn shell(&self, shebang: Shebang) -> Option<Finding> {
        (shebang == Shebang::Relocatable && !self.profile.runs_relocatable_scripts()).then(|| {
            let message = "has no sh, dirname and realpath, which relocatable scripts start with".to_owned();
            refuse(Code::BaseShell, self.profile.name(), message, Some("leave --shebang out, or give --shebang absolute".to_owned()))
        })
    }

    /// Images that would do, of those that are known.
    fn fitting(&self) -> Option<String> {
        let own = self.own();
        let release = &self.inventory.release;
        let owned = self.inventory.interpreter_package().is_some();
        let origin = if owned { Origin::Package } else { Origin::Image };
        let like_builder = image(release, origin, &own.executable, own.minor());
        let others = base::shipped().filter(|other| {
            let same = other.libc == own.facts.libc && other.architecture.as_ref() == Some(&own.facts.architecture);
            same && other.interpreters.iter().any(|found| fits(own, found))
        });
        let mut images: Vec<String> = others.filter_map(|other| other.image).chain(like_builder).collect();
        images.sort();
        images.dedup();
        (!images.is_empty()).then(|| format!("this would fit: FROM {}", images.join(", or ")))
    }
}

fn release(profile: &Profile) -> &str {
    &profile.release.pretty_name
}

fn described(facts: &crate::python::InterpreterFacts) -> String {
    let version = short(&facts.version);
    facts.abi.as_ref().map_or_else(|| format!("Python {version}"), |abi| format!("Python {version} ({abi})"))
}

/// The same minor version and, where both are known, the same ABI: free-threaded builds differ in that.
fn fits(own: &Interpreter, other: &ProfileInterpreter) -> bool {
    let same_abi = own.facts.abi.is_none() || other.facts.abi.is_none() || own.facts.abi == other.facts.abi;
    own.facts.implementation == other.facts.implementation && own.minor() == short(&other.facts.version) && same_abi
}

fn numbers(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}

/// What cannot be installed, because the base is of another release or has no package manager.
pub fn cannot_install(inventory: &Inventory, request: &Request, package: &str, library: &str) -> Option<Finding> {
    let profile = request.base.as_ref()?;
    let compare = Compare { inventory, request, profile };
    let manager: Option<Manager> = profile.installs_with;
    let why = match manager {
        None => format!("{} has no package manager to install it with", profile.name()),
        Some(_) if !compare.same_release() => {
            format!("{} installs packages of {}, the builder is {}", profile.name(), release(profile), inventory.release.pretty_name)
        }
        Some(_) => return None,
    };
    let help = match compare.fitting() {
        Some(fitting) => format!("{fitting}; or carry the builder's library: --native vendor"),
        None => "carry the builder's library: --native vendor".to_owned(),
    };
    Some(refuse(Code::BaseRelease, package, format!("needed for {library}, and {why}"), Some(help)))
}
