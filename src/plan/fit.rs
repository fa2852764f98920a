//! Whether a base that is known can run the environment, and what could instead.
//!
//! Invariant: pure; a refusal names the disagreement and the nearest thing without it.

use super::image::{Origin, image};
use super::packages::{PackageSet, PlannedPackage};
use super::{Request, Shebang};
use crate::base::{self, Profile, ProfileInterpreter};
use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::loader::{Libc, large_file_name};
use crate::packages::Package;
use crate::path::RealPath;
use crate::python::{Interpreter, InterpreterFacts};
use crate::release::{Release, major_minor};
use crate::root::Kind;

/// An environment beside the base that it is to run in.
pub struct Fit<'a> {
    pub inventory: &'a Inventory,
    pub request: &'a Request,
    pub profile: &'a Profile,
}

impl<'a> Fit<'a> {
    fn own(&self) -> &'a Interpreter {
        &self.inventory.environment.interpreter
    }

    fn same_release(&self, other: &Release) -> bool {
        let own = &self.inventory.release;
        own.id == other.id && major_minor(&own.version) == major_minor(&other.version)
    }

    /// Whether a package of the builder becomes what it is there. One that the base has stays as it is.
    pub fn installs(&self, package: &Package) -> bool {
        let Profile { installs_with, release, packages, .. } = self.profile;
        installs_with.is_some()
            && self.same_release(release)
            && !packages.contains_key(&package.name)
    }

    /// Another processor or C library.
    pub fn machine(&self) -> Option<Finding> {
        let (own, base) = (&self.own().facts, self.profile);
        let name = base.name();
        if let Some(theirs) =
            base.architecture.as_ref().filter(|architecture| **architecture != own.architecture)
        {
            let message =
                format!("the environment is for {}, {name} for {theirs}", own.architecture);
            let help = format!(
                "take the base for the builder's platform: FROM --platform of {}",
                own.architecture
            );
            return Some(refuse(Code::BaseArchitecture, name, message, Some(help)));
        }
        if base.libc.is_some() && base.libc != own.libc {
            let family = |libc| if libc == Some(Libc::Musl) { "musl" } else { "glibc" };
            let message = format!(
                "the environment is built for {}, {name} has {}",
                family(own.libc),
                family(base.libc)
            );
            return Some(refuse(Code::BaseLibc, name, message, self.fitting()));
        }
        None
    }

    /// A loader that travels is at the end of links such as `/lib64`, where the base has a directory.
    pub fn layout(&self) -> Option<Finding> {
        let crossed = self
            .inventory
            .carriable
            .loader
            .iter()
            .filter(|file| matches!(file.meta.kind, Kind::Link(_)));
        let mut tops = crossed
            .map(|file| &file.path)
            .filter(|path| path.parent().is_some_and(|parent| parent == RealPath::root()));
        let link = tops
            .find(|link| !self.profile.links.contains_key(link))
            .filter(|_| self.profile.libc.is_some())?;
        let message = format!(
            "is a link in the builder and a directory in {}: only one of them has a merged /usr",
            self.profile.name()
        );
        let help = "leave --base out: a bundle with its interpreter needs no base".to_owned();
        Some(refuse(Code::BaseLayout, link, message, Some(help)))
    }

    /// A file that travels needs this version of glibc.
    pub fn glibc(&self, version: (u32, u32), path: &RealPath) -> Option<Finding> {
        let base = self.profile.libc_version.filter(|_| self.profile.libc == Some(Libc::Glibc))?;
        (version > base).then(|| {
            let message = format!(
                "needs glibc {}.{}; {} has {}.{}",
                version.0,
                version.1,
                self.profile.name(),
                base.0,
                base.1
            );
            refuse(Code::BaseGlibc, path, message, self.fitting())
        })
    }

    /// A file that travels needs what only a newer musl has.
    pub fn musl<'b>(&self, mut travelling: impl Iterator<Item = &'b RealPath>) -> Option<Finding> {
        let Profile { libc_symbols, packages, .. } = self.profile;
        let there = |symbol: &str| {
            libc_symbols.contains(symbol)
                || large_file_name(symbol).is_some_and(|name| libc_symbols.contains(name))
        };
        let lacks = |path: &RealPath| {
            self.inventory.musl_needs.get(path)?.iter().find(|symbol| !there(symbol))
        };
        let (path, symbol) = travelling.find_map(|path| Some((path, lacks(path)?)))?;
        let version =
            packages.get("musl").map_or_else(String::new, |version| format!(" {version}"));
        let message =
            format!("needs {symbol} of musl, which musl{version} of {} lacks", self.profile.name());
        Some(refuse(Code::BaseMusl, path, message, self.fitting()))
    }

    /// The interpreter of the base that fits: the one named, the one at the builder's path, any other.
    pub fn interpreter(&self) -> Result<&'a ProfileInterpreter, Finding> {
        let own = self.own();
        let Profile { interpreters, release, .. } = self.profile;
        let name = self.profile.name();
        if let Some(path) = &self.request.interpreter {
            let found = self.profile.interpreter(path);
            return found.filter(|found| fits(own, found)).ok_or_else(|| {
                let message = match found {
                    Some(other) => {
                        format!(
                            "the environment is of {}; {name} has {} at {path}",
                            described(&own.facts),
                            described(&other.facts)
                        )
                    }
                    None => format!("{name} has no Python at {path}"),
                };
                refuse(Code::BaseInterpreter, &own.executable, message, self.fitting())
            });
        }
        let at_path = self.profile.interpreter(&own.executable).filter(|found| fits(own, found));
        at_path.or_else(|| interpreters.iter().find(|found| fits(own, found))).ok_or_else(|| {
            let others: Vec<String> = interpreters
                .iter()
                .map(|other| format!("{} at {}", described(&other.facts), other.path))
                .collect();
            let has = if !others.is_empty() {
                format!("{name} has {}", others.join(", "))
            } else if self.profile.installs_with.is_some() && !self.same_release(release) {
                let own = &self.inventory.release.pretty_name;
                format!(
                    "{name} has no Python, and installs packages of {}, not of {own}",
                    release.pretty_name
                )
            } else {
                format!("{name} has no Python and no package brings this one")
            };
            let message = format!("the environment is of {}; {has}", described(&own.facts));
            let help = self.fitting().map_or_else(String::new, |fitting| format!("{fitting}; or "));
            refuse(
                Code::BaseInterpreter,
                &own.executable,
                message,
                Some(format!("{help}let it travel: --with-interpreter")),
            )
        })
    }

    /// Scripts that cannot start.
    pub fn shell(&self, shebang: Shebang) -> Option<Finding> {
        (shebang == Shebang::Relocatable && !self.profile.runs_relocatable_scripts()).then(|| {
            let message =
                "has no sh, dirname and realpath, which relocatable scripts start with".to_owned();
            refuse(
                Code::BaseShell,
                self.profile.name(),
                message,
                Some("leave --shebang out, or give --shebang absolute".to_owned()),
            )
        })
    }

    /// What of the packages to install the base cannot install.
    pub fn packages(&self, packages: &PackageSet) -> Vec<Finding> {
        let stays = packages
            .brought_along
            .iter()
            .filter(|package| self.profile.packages.contains_key(&package.name));
        packages.install.iter().chain(stays).filter_map(|package| self.package(package)).collect()
    }

    fn package(&self, package: &PlannedPackage) -> Option<Finding> {
        let Profile { installs_with, release, packages, libraries, .. } = self.profile;
        let base = self.profile.name();
        let library = &package
            .reasons
            .iter()
            .find(|reason| !libraries.contains_key(&reason.library))?
            .library;
        let (code, why) = if let Some(version) = packages.get(&package.name) {
            (Code::BaseLibrary, format!("{base} has {version}, where it is not"))
        } else if installs_with.is_none() {
            (Code::BaseRelease, format!("{base} has no package manager to install it with"))
        } else if !self.same_release(release) {
            let (own, theirs) = (&self.inventory.release.pretty_name, &release.pretty_name);
            (
                Code::BaseRelease,
                format!("{base} installs packages of {theirs}, the builder is {own}"),
            )
        } else {
            return None;
        };
        let other = self
            .other_soname(library)
            .map_or_else(String::new, |other| format!("; it has {other}"));
        let help = match self.fitting() {
            Some(fitting) => format!("{fitting}; or carry the builder's library: --native vendor"),
            None => "carry the builder's library: --native vendor".to_owned(),
        };
        Some(refuse(
            code,
            &package.name,
            format!("needed for {library}, and {why}{other}"),
            Some(help),
        ))
    }

    /// The library under the name of another version: `libpq.so.6` for `libpq.so.5`.
    fn other_soname(&self, library: &str) -> Option<&'a str> {
        let (stem, _) = library.split_once(".so.")?;
        let names = self.profile.libraries.keys().map(String::as_str);
        names
            .filter(|name| name.strip_prefix(stem).is_some_and(|rest| rest.starts_with(".so.")))
            .min_by_key(|name| name.len())
    }

    /// Images that would do: of the builder's release, with an interpreter that fits.
    fn fitting(&self) -> Option<String> {
        let own = self.own();
        let origin = if self.inventory.interpreter_package().is_some() {
            Origin::Package
        } else {
            Origin::Image
        };
        let like_builder = image(&self.inventory.release, origin, &own.executable, own.minor());
        let others = base::shipped().filter(|other| {
            let same = self.same_release(&other.release)
                && other.architecture.as_ref() == Some(&own.facts.architecture);
            same && other.interpreters.iter().any(|found| fits(own, found))
        });
        let mut images: Vec<String> =
            others.filter_map(|other| other.image).chain(like_builder).collect();
        images.sort();
        images.dedup();
        (!images.is_empty()).then(|| format!("this would fit: FROM {}", images.join(", or ")))
    }
}

/// What stops a bundle from being written.
pub fn refuse(
    code: Code,
    subject: impl ToString,
    message: String,
    help: Option<String>,
) -> Finding {
    let finding = Finding::new(Severity::Deny, code, subject, message);
    match help {
        Some(help) => finding.help(help),
        None => finding,
    }
}

fn described(facts: &InterpreterFacts) -> String {
    let InterpreterFacts { implementation, version, abi, .. } = facts;
    let python = if implementation == "cpython" { "Python" } else { implementation };
    let version = major_minor(version);
    abi.as_ref()
        .map_or_else(|| format!("{python} {version}"), |abi| format!("{python} {version} ({abi})"))
}

/// The same minor version and, where both are known, the same ABI: what extension modules are named
/// after, so free-threaded builds differ in it.
fn fits(own: &Interpreter, other: &ProfileInterpreter) -> bool {
    let same_abi =
        own.facts.abi.is_none() || other.facts.abi.is_none() || own.facts.abi == other.facts.abi;
    own.facts.implementation == other.facts.implementation
        && own.minor() == major_minor(&other.facts.version)
        && same_abi
}
