//! The selection of wheels from a folder: at most one for each distribution, by file name.
//!
//! As with pip, the highest version that fits the interpreter and the requirements is selected,
//! then the best tag, then the highest build number. File names do not show what METADATA requires.
//! After the installation, the caller finds missing distributions with
//! [`crate::python::Requirements`], as in any environment.
//!
//! Invariant: pure, and independent of the order of the file names. Every file is either chosen or
//! passed over with a reason.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};
use pep508_rs::{Requirement, VersionOrUrl};
use url::Url;

use super::file_name::{WheelName, WheelNameError};
use super::tags::{Misfit, SupportedTags};
use crate::python::normalised_name;

/// The result for each file name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The wheels to install, sorted by [`WheelName::key`].
    pub chosen: Vec<WheelName>,
    /// The others, sorted by file name.
    pub passed_over: Vec<PassedOver>,
    /// The distributions without an installable wheel, sorted by key. The environment would lack
    /// them, so each is a [`crate::finding::Severity::Deny`].
    pub unusable: Vec<Unusable>,
}

/// A file that is not installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// The file name.
    pub file: String,
    /// The reason.
    pub why: Why,
}

/// The reason why a file is not installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is not a wheel, or its name is not that of a wheel.
    Name(WheelNameError),
    /// None of its tags is supported.
    Tags(Misfit),
    /// A requirement of the user does not allow its version.
    Excluded {
        /// The requirement without extras and marker.
        requirement: String,
    },
    /// It is a pre-release, and a release can be installed.
    PreRelease {
        /// The file that is installed.
        chosen: String,
    },
    /// The chosen file has a higher version.
    Older {
        /// The file that is installed.
        chosen: String,
    },
    /// The chosen file has the same version and a better tag, or a higher build.
    LessSpecific {
        /// The file that is installed.
        chosen: String,
    },
}

/// A distribution without an installable wheel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The name normalised by PEP 503.
    pub key: String,
    /// Its wheels, sorted; empty if a requirement names a distribution that is not in the folder.
    pub files: Vec<String>,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Name(error) => write!(f, "its name {error}"),
            Why::Tags(misfit) => misfit.fmt(f),
            Why::Excluded { requirement } => write!(f, "{requirement} is requested"),
            Why::PreRelease { chosen } => write!(f, "it is a pre-release; {chosen} is installed"),
            Why::Older { chosen } => write!(f, "{chosen} is newer"),
            Why::LessSpecific { chosen } => write!(f, "{chosen} fits the interpreter better"),
        }
    }
}

/// Selects among `files`, which are names without a directory. `requested` limits the versions of
/// the distributions that it names (PEP 508). The caller removes requirements whose marker does not
/// hold. Every distribution of the folder is selected in its highest version, requested or not,
/// because file names do not show what the requested ones need.
pub fn select<'a>(
    files: impl IntoIterator<Item = &'a str>,
    supported: &SupportedTags,
    requested: &[Requirement<Url>],
) -> Selection {
    let mut selection = Selection::default();
    let mut folder: BTreeMap<String, Vec<WheelName>> = BTreeMap::new();
    for request in requested {
        folder.entry(normalised_name(request.name.as_ref())).or_default();
    }
    for file in files {
        match WheelName::parse(file) {
            Ok(wheel) => folder.entry(wheel.key.clone()).or_default().push(wheel),
            Err(error) => selection.pass_over(file, Why::Name(error)),
        }
    }
    for (key, mut wheels) in folder {
        wheels.sort_by(|left, right| left.file.cmp(&right.file));
        wheels.dedup();
        let requested: Vec<&Requirement<Url>> = requested
            .iter()
            .filter(|request| normalised_name(request.name.as_ref()) == key)
            .collect();
        selection.distribution(key, wheels, supported, &requested);
    }
    selection.passed_over.sort_by(|left, right| left.file.cmp(&right.file));
    selection
}

impl Selection {
    fn pass_over(&mut self, file: &str, why: Why) {
        self.passed_over.push(PassedOver { file: file.to_owned(), why });
    }

    /// Selects one of the wheels of one distribution.
    fn distribution(
        &mut self,
        key: String,
        wheels: Vec<WheelName>,
        supported: &SupportedTags,
        requested: &[&Requirement<Url>],
    ) {
        let files: Vec<String> = wheels.iter().map(|wheel| wheel.file.clone()).collect();
        let mut candidates: Vec<(usize, WheelName)> = Vec::new();
        for wheel in wheels {
            if let Some(request) = requested.iter().find(|request| !allows(request, &wheel.version))
            {
                self.pass_over(&wheel.file, Why::Excluded { requirement: shown(request) });
            } else if let Some(index) = supported.index(&wheel) {
                candidates.push((index, wheel));
            } else {
                self.pass_over(&wheel.file, Why::Tags(supported.misfit(&wheel)));
            }
        }
        // A pre-release counts if it is requested, or if there is nothing else (PEP 440).
        let counts = |wheel: &WheelName| {
            !wheel.version.any_prerelease()
                || requested.iter().any(|request| asks_for_pre_release(request))
        };
        let best = |(index, wheel): &(usize, WheelName)| {
            (
                counts(wheel),
                wheel.version.clone(),
                Reverse(*index),
                wheel.build.clone(),
                Reverse(wheel.file.clone()),
            )
        };
        candidates.sort_by_cached_key(|candidate| Reverse(best(candidate)));
        let mut candidates = candidates.into_iter().map(|(_, wheel)| wheel);
        let Some(chosen) = candidates.next() else {
            self.unusable.push(Unusable { key, files });
            return;
        };
        for wheel in candidates {
            let file = chosen.file.clone();
            let why = if wheel.version == chosen.version {
                Why::LessSpecific { chosen: file }
            } else if wheel.version > chosen.version {
                Why::PreRelease { chosen: file }
            } else {
                Why::Older { chosen: file }
            };
            self.pass_over(&wheel.file, why);
        }
        self.chosen.push(chosen);
    }
}

fn specifiers(request: &Requirement<Url>) -> Option<&VersionSpecifiers> {
    match &request.version_or_url {
        Some(VersionOrUrl::VersionSpecifier(specifiers)) => Some(specifiers),
        // A URL names a file elsewhere; the wheel of the folder replaces it.
        _ => None,
    }
}

fn allows(request: &Requirement<Url>, version: &Version) -> bool {
    specifiers(request).is_none_or(|specifiers| specifiers.contains(version))
}

/// `!=2rc1` names a pre-release without requesting one.
fn asks_for_pre_release(request: &Requirement<Url>) -> bool {
    let asks = |specifier: &VersionSpecifier| {
        specifier.any_prerelease() && *specifier.operator() != Operator::NotEqual
    };
    specifiers(request).is_some_and(|specifiers| specifiers.iter().any(asks))
}

/// The requirement without extras, marker or URL: the part that decided.
fn shown(request: &Requirement<Url>) -> String {
    format!("{}{}", request.name, specifiers(request).map(ToString::to_string).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loader::Libc;
    use crate::wheelhouse::Target;

    /// `files` and `requested` are divided by blanks; `a1` stands for `a-1-py3-none-any.whl`.
    fn check(files: &str, requested: &str, chosen: &str, others: &[&str]) {
        let target = Target {
            implementation: "cpython".to_owned(),
            minor: "3.11".to_owned(),
            abi: "cp311".to_owned(),
            libc: Some(Libc::Musl),
            libc_version: Some((1, 2)),
            architecture: "x86_64".to_owned(),
        };
        let supported = SupportedTags::new(&target);
        let whole = |file: &str| match file.split_once('=') {
            Some((name, version)) => format!("{name}-{version}-py3-none-any.whl"),
            None => file.to_owned(),
        };
        let files: Vec<String> = files.split_whitespace().map(whole).collect();
        let requested: Vec<Requirement<Url>> =
            requested.split_whitespace().map(|request| request.parse().unwrap()).collect();
        let selection = select(files.iter().map(String::as_str), &supported, &requested);
        let backwards = select(files.iter().rev().map(String::as_str), &supported, &requested);
        assert_eq!(selection, backwards, "{files:?}");
        let short = |text: &str| text.replace("-py3-none-any.whl", "");
        let names: Vec<String> = selection.chosen.iter().map(|wheel| short(&wheel.file)).collect();
        assert_eq!(names.join(" "), chosen, "{files:?}");
        let unusable = selection.unusable.iter().map(|missing| format!("no {}", missing.key));
        let said = selection
            .passed_over
            .iter()
            .map(|other| short(&format!("{}: {}", other.file, other.why)));
        assert_eq!(said.chain(unusable).collect::<Vec<_>>(), others, "{files:?}");
    }

    #[test]
    fn the_highest_version() {
        check("", "", "", &[]);
        check("b=1 a=1", "", "a-1 b-1", &[]);
        check(
            "a=1.9 a=1.10 a=1.10.post1",
            "",
            "a-1.10.post1",
            &["a-1.10: a-1.10.post1 is newer", "a-1.9: a-1.10.post1 is newer"],
        );
        check("A.b=1 a_B=2", "", "a_B-2", &["A.b-1: a_B-2 is newer"]);
        check("a=1 a=1+cpu", "", "a-1+cpu", &["a-1: a-1+cpu is newer"]);
        check("a=1 a=1", "", "a-1", &[]);
    }

    #[test]
    fn pre_releases() {
        check(
            "a=1 a=2rc1 a=2.dev1",
            "",
            "a-1",
            &[
                "a-2.dev1: it is a pre-release; a-1 is installed",
                "a-2rc1: it is a pre-release; a-1 is installed",
            ],
        );
        check("a=1rc1 a=1", "", "a-1", &["a-1rc1: a-1 is newer"]);
        check("a=2a1 a=2rc1", "", "a-2rc1", &["a-2a1: a-2rc1 is newer"]);
        check("a=1 a=2rc1", "a>=2rc1", "a-2rc1", &["a-1: a>=2rc1 is requested"]);
        check("a=1 a=2rc1", "a>=0.9", "a-1", &["a-2rc1: it is a pre-release; a-1 is installed"]);
        check("a=1 a=2rc1", "a!=2rc2", "a-1", &["a-2rc1: it is a pre-release; a-1 is installed"]);
        check("a=1 a=2rc1", "a>1", "a-2rc1", &["a-1: a>1 is requested"]);
    }

    #[test]
    fn roots_narrow_versions() {
        check("a=1 a=2 b=1", "A<2", "a-1 b-1", &["a-2: a<2 is requested"]);
        check(
            "a=1 a=2",
            "a<2 a[x]>=2",
            "",
            &["a-1: a>=2 is requested", "a-2: a<2 is requested", "no a"],
        );
        check("b=1", "a", "b-1", &["no a"]);
        check("a=1", "a@https://h/a-2.whl", "a-1", &[]);
    }

    #[test]
    fn the_best_tags_and_build() {
        let native = "a-1-cp311-cp311-musllinux_1_2_x86_64.whl";
        let older = "a-1-cp311-cp311-musllinux_1_1_x86_64.whl";
        check(
            &format!("a=1 {older} {native}"),
            "",
            native,
            &[
                &format!("{older}: {native} fits the interpreter better"),
                &format!("a-1: {native} fits the interpreter better"),
            ],
        );
        check(
            "a-1-py3-none-any.whl a-1-2-py3-none-any.whl a-1-10-py3-none-any.whl",
            "",
            "a-1-10",
            &[
                "a-1-2: a-1-10 fits the interpreter better",
                "a-1: a-1-10 fits the interpreter better",
            ],
        );
        check(&format!("a=2 {native}"), "", "a-2", &[&format!("{native}: a-2 is newer")]);
    }

    #[test]
    fn files_that_cannot_be_installed() {
        let foreign = "a-2-cp311-cp311-manylinux_2_17_x86_64.whl";
        let misfit = "its platform tag manylinux_2_17_x86_64 does not fit; this interpreter takes musllinux_1_2_x86_64, linux_x86_64, any";
        check(&format!("a=1 {foreign}"), "", "a-1", &[&format!("{foreign}: {misfit}")]);
        check(foreign, "", "", &[&format!("{foreign}: {misfit}"), "no a"]);
        check(
            "a.txt a-1.whl",
            "",
            "",
            &[
                "a-1.whl: its name has 2 parts between hyphens; a wheel has 5, or 6 with a build tag",
                "a.txt: its name does not end in .whl",
            ],
        );
    }
}
