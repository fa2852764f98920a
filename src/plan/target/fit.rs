//! Whether a base that is known can run the environment, and which image could instead.
//!
//! Invariant: pure; a refusal names the disagreement and, where one is known, an image without it.

use super::image::{Origin, image};
use crate::base::{self, Profile, ProfileInterpreter};
use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::loader::Libc;
use crate::path::RealPath;
use crate::plan::request::{Request, Shebang};
use crate::python::{Interpreter, InterpreterFacts};
use crate::release::{Release, major_minor};
use crate::root::Kind;

/// An environment and the base that it is to run in.
pub(crate) struct Fit<'a> {
    pub inventory: &'a Inventory,
    pub request: &'a Request,
    pub profile: &'a Profile,
}

impl<'a> Fit<'a> {
    fn own(&self) -> &'a Interpreter {
        &self.inventory.environment.interpreter
    }

    /// Whether packages of the builder are also those of `other`.
    pub(crate) fn same_release(&self, other: &Release) -> bool {
        let own = &self.inventory.release;
        own.id == other.id && major_minor(&own.version) == major_minor(&other.version)
    }

    /// Whether the package of the builder's interpreter can be installed. One that the base has
    /// stays as it is.
    pub(crate) fn installs_interpreter(&self) -> bool {
        let Profile { installs_with, release, packages, .. } = self.profile;
        let package = self.inventory.interpreter_package();
        installs_with.is_some()
            && self.same_release(release)
            && package.is_some_and(|package| !packages.contains_key(&package.name))
    }

    /// Refuses a base for another processor or C library.
    pub(crate) fn judge_machine(&self) -> Option<Finding> {
        let (own, base) = (&self.own().facts, self.profile);
        let name = base.name();
        if let Some(theirs) =
            base.architecture.as_ref().filter(|architecture| **architecture != own.architecture)
        {
            let message =
                format!("the environment is for {}, but {name} is for {theirs}", own.architecture);
            let help = format!(
                "use a base for the platform of the builder ({}): see FROM --platform",
                own.architecture
            );
            return Some(refuse(Code::BaseArchitecture, name, message, Some(help)));
        }
        if base.libc.is_some() && base.libc != own.libc {
            let family = |libc| if libc == Some(Libc::Musl) { "musl" } else { "glibc" };
            let message = format!(
                "the environment is built for {}, but {name} has {}",
                family(own.libc),
                family(base.libc)
            );
            return Some(refuse(Code::BaseLibc, name, message, self.suggest_images()));
        }
        None
    }

    /// Refuses a base with a directory where the builder has a link to its loader, such as
    /// `/lib64`.
    pub(crate) fn judge_layout(&self) -> Option<Finding> {
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
            "is a link in the builder and a directory in {}: only the builder has a merged /usr",
            self.profile.name()
        );
        let help = "omit --base: a bundle with its interpreter needs no base".to_owned();
        Some(refuse(Code::BaseLayout, link, message, Some(help)))
    }

    /// Refuses a base with another glibc when the loader is bundled. A loader works only with the
    /// `libc.so.6` of its own release: they share symbols of the version `GLIBC_PRIVATE`.
    pub(crate) fn judge_loader(&self) -> Option<Finding> {
        let own = self.inventory.carriable.libc_version?;
        let theirs = self.profile.libc_version?;
        let glibc = Some(Libc::Glibc);
        if self.own().libc != glibc || self.profile.libc != glibc || own == theirs {
            return None;
        }
        let message = format!(
            "the bundle has the loader of glibc {}.{}, but {} has glibc {}.{}: the two do not work \
             together",
            own.0,
            own.1,
            self.profile.name(),
            theirs.0,
            theirs.1
        );
        let help = "omit --base: a bundle with its interpreter needs no base".to_owned();
        Some(refuse(Code::BaseGlibc, self.profile.name(), message, Some(help)))
    }

    /// The interpreter of the base that fits: the one named, the one at the builder's path, any
    /// other.
    pub(crate) fn find_interpreter(&self) -> Result<&'a ProfileInterpreter, Finding> {
        let own = self.own();
        let Profile { interpreters, release, .. } = self.profile;
        let name = self.profile.name();
        if let Some(path) = &self.request.interpreter {
            let found = self.profile.interpreter(path);
            return found.filter(|found| fits(own, found)).ok_or_else(|| {
                let message = match found {
                    Some(other) => {
                        format!(
                            "the environment is for {}, but {name} has {} at {path}",
                            describe(&own.facts),
                            describe(&other.facts)
                        )
                    }
                    None => format!("{name} has no Python at {path}"),
                };
                refuse(Code::BaseInterpreter, &own.executable, message, self.suggest_images())
            });
        }
        let at_path = self.profile.interpreter(&own.executable).filter(|found| fits(own, found));
        at_path.or_else(|| interpreters.iter().find(|found| fits(own, found))).ok_or_else(|| {
            let others: Vec<String> = interpreters
                .iter()
                .map(|other| format!("{} at {}", describe(&other.facts), other.path))
                .collect();
            let has = if !others.is_empty() {
                format!("{name} has {}", others.join(", "))
            } else if self.profile.installs_with.is_some() && !self.same_release(release) {
                let own = &self.inventory.release.pretty_name;
                format!(
                    "{name} has no Python and installs packages of {}, not of {own}",
                    release.pretty_name
                )
            } else {
                format!("{name} has no Python, and no package provides this one")
            };
            let message = format!("the environment is for {}, but {has}", describe(&own.facts));
            let help =
                self.suggest_images().map_or_else(String::new, |fitting| format!("{fitting}, or "));
            refuse(
                Code::BaseInterpreter,
                &own.executable,
                message,
                Some(format!("{help}bundle the interpreter with --with-interpreter")),
            )
        })
    }

    /// Refuses a base in which relocatable scripts cannot start.
    pub(crate) fn judge_shell(&self, shebang: Shebang) -> Option<Finding> {
        (shebang == Shebang::Relocatable && !self.profile.runs_relocatable_scripts()).then(|| {
            let message = "lacks /bin/sh, which relocatable scripts need".to_owned();
            refuse(
                Code::BaseShell,
                self.profile.name(),
                message,
                Some("omit --shebang, or give --shebang absolute".to_owned()),
            )
        })
    }

    /// Advice that names images of the builder's release with a fitting interpreter; `None` without
    /// any.
    pub(crate) fn suggest_images(&self) -> Option<String> {
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
            others.filter_map(|other| other.image).chain(like_builder).map(String::from).collect();
        images.sort();
        images.dedup();
        (!images.is_empty()).then(|| format!("use FROM {}", images.join(" or FROM ")))
    }
}

/// A deny-level finding: the bundle could not run.
pub(crate) fn refuse(
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

fn describe(facts: &InterpreterFacts) -> String {
    let InterpreterFacts { implementation, version, abi, .. } = facts;
    let python = if implementation == "cpython" { "Python" } else { implementation };
    let version = major_minor(version);
    abi.as_ref()
        .map_or_else(|| format!("{python} {version}"), |abi| format!("{python} {version} ({abi})"))
}

/// The same minor version and, where both are known, the same ABI. Extension modules are named after
/// the ABI, so free-threaded builds have another one.
fn fits(own: &Interpreter, other: &ProfileInterpreter) -> bool {
    let same_abi =
        own.facts.abi.is_none() || other.facts.abi.is_none() || own.facts.abi == other.facts.abi;
    own.facts.implementation == other.facts.implementation
        && own.minor() == major_minor(&other.facts.version)
        && same_abi
}
