//! Which wheels of a folder are installed: at most one a distribution, decided from file names.
//!
//! As pip does: the highest version that fits the interpreter and the requirements, then the best
//! tag, then the highest build. What METADATA requires is in no file name: the caller learns what is
//! missing, as with any environment, from [`crate::python::Requirements`] after installing.
//!
//! Invariant: pure, and the same for any order of the file names; every name ends up chosen or passed
//! over with its reason, never neither.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};
use pep508_rs::{Requirement, VersionOrUrl};
use url::Url;

use super::file_name::{WheelName, WheelNameError};
use super::tags::{Misfit, SupportedTags};
use crate::python::normalised_name;

/// What becomes of each file name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The wheels to install, sorted by [`WheelName::key`].
    pub chosen: Vec<WheelName>,
    /// The others, sorted by file name.
    pub passed_over: Vec<PassedOver>,
    /// Distributions of which no wheel can be installed, sorted by key. Weighs as
    /// [`crate::finding::Severity::Deny`]: the environment would lack them.
    pub unusable: Vec<Unusable>,
}

/// A file that is not installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    pub file: String,
    pub why: Why,
}

/// Why a file is not installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is not a wheel, or not called like one.
    Name(WheelNameError),
    /// No tag of it is supported.
    Tags(Misfit),
    /// A root requirement does not allow its version: the requirement as written.
    Excluded { requirement: String },
    /// A pre-release, where a release is to be had: the chosen file.
    PreRelease { chosen: String },
    /// The chosen file has a higher version.
    Older { chosen: String },
    /// The chosen file has the same version and a better tag, or a higher build.
    LessSpecific { chosen: String },
}

/// A distribution without a wheel to install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The name as PEP 503 compares it.
    pub key: String,
    /// Its wheels, sorted; empty when a root requirement names what is not in the folder at all.
    pub files: Vec<String>,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Name(error) => write!(f, "its name {error}"),
            Why::Tags(misfit) => misfit.fmt(f),
            Why::Excluded { requirement } => write!(f, "{requirement} is asked for"),
            Why::PreRelease { chosen } => write!(f, "it is a pre-release; {chosen} is installed"),
            Why::Older { chosen } => write!(f, "{chosen} is newer"),
            Why::LessSpecific { chosen } => write!(f, "{chosen} fits the interpreter better"),
        }
    }
}

/// Chooses among `files`, names without a directory. `roots` narrow the versions of the distributions
/// they name (PEP 508); those whose marker does not hold for the interpreter are the caller's to leave
/// out. Without roots every distribution of the folder is wanted in its highest version; with them too,
/// as the file names do not tell which ones the roots need.
pub fn select<'a>(
    files: impl IntoIterator<Item = &'a str>,
    supported: &SupportedTags,
    roots: &[Requirement<Url>],
) -> Selection {
    let mut selection = Selection::default();
    let mut folder: BTreeMap<String, Vec<WheelName>> = BTreeMap::new();
    for root in roots {
        folder.entry(normalised_name(root.name.as_ref())).or_default();
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
        let roots: Vec<&Requirement<Url>> =
            roots.iter().filter(|root| normalised_name(root.name.as_ref()) == key).collect();
        selection.distribution(key, wheels, supported, &roots);
    }
    selection.passed_over.sort_by(|left, right| left.file.cmp(&right.file));
    selection
}

impl Selection {
    fn pass_over(&mut self, file: &str, why: Why) {
        self.passed_over.push(PassedOver { file: file.to_owned(), why });
    }

    /// Chooses among the wheels of one distribution.
    fn distribution(
        &mut self,
        key: String,
        wheels: Vec<WheelName>,
        supported: &SupportedTags,
        roots: &[&Requirement<Url>],
    ) {
        let files: Vec<String> = wheels.iter().map(|wheel| wheel.file.clone()).collect();
        let mut candidates: Vec<(usize, WheelName)> = Vec::new();
        for wheel in wheels {
            if let Some(root) = roots.iter().find(|root| !allows(root, &wheel.version)) {
                self.pass_over(&wheel.file, Why::Excluded { requirement: shown(root) });
            } else if let Some(index) = supported.index(&wheel) {
                candidates.push((index, wheel));
            } else {
                self.pass_over(&wheel.file, Why::Tags(supported.misfit(&wheel)));
            }
        }
        // A pre-release counts where it is asked for, or where there is nothing else (PEP 440).
        let counts = |wheel: &WheelName| {
            !wheel.version.any_prerelease() || roots.iter().any(|root| asks_for_pre_release(root))
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

fn specifiers(root: &Requirement<Url>) -> Option<&VersionSpecifiers> {
    match &root.version_or_url {
        Some(VersionOrUrl::VersionSpecifier(specifiers)) => Some(specifiers),
        // A URL names one file elsewhere; the folder's wheel stands for it.
        _ => None,
    }
}

fn allows(root: &Requirement<Url>, version: &Version) -> bool {
    specifiers(root).is_none_or(|specifiers| specifiers.contains(version))
}

/// `!=2rc1` names a pre-release without asking for any.
fn asks_for_pre_release(root: &Requirement<Url>) -> bool {
    let asks = |specifier: &VersionSpecifier| {
        specifier.any_prerelease() && *specifier.operator() != Operator::NotEqual
    };
    specifiers(root).is_some_and(|specifiers| specifiers.iter().any(asks))
}

/// The requirement without extras, marker or URL: what decided.
fn shown(root: &Requirement<Url>) -> String {
    format!("{}{}", root.name, specifiers(root).map(ToString::to_string).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loader::Libc;
    use crate::wheelhouse::Target;

    /// `files` and `roots` are divided by blanks; `a1` stands for `a-1-py3-none-any.whl`.
    fn check(files: &str, roots: &str, chosen: &str, others: &[&str]) {
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
        let roots: Vec<Requirement<Url>> =
            roots.split_whitespace().map(|root| root.parse().unwrap()).collect();
        let selection = select(files.iter().map(String::as_str), &supported, &roots);
        let backwards = select(files.iter().rev().map(String::as_str), &supported, &roots);
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
        check("a=1 a=2rc1", "a>=2rc1", "a-2rc1", &["a-1: a>=2rc1 is asked for"]);
        check("a=1 a=2rc1", "a>=0.9", "a-1", &["a-2rc1: it is a pre-release; a-1 is installed"]);
        check("a=1 a=2rc1", "a!=2rc2", "a-1", &["a-2rc1: it is a pre-release; a-1 is installed"]);
        check("a=1 a=2rc1", "a>1", "a-2rc1", &["a-1: a>1 is asked for"]);
    }

    #[test]
    fn roots_narrow_versions() {
        check("a=1 a=2 b=1", "A<2", "a-1 b-1", &["a-2: a<2 is asked for"]);
        check(
            "a=1 a=2",
            "a<2 a[x]>=2",
            "",
            &["a-1: a>=2 is asked for", "a-2: a<2 is asked for", "no a"],
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
    fn what_cannot_be_installed() {
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
