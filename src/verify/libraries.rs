//! Judges the libraries that files of the bundle need and the final root lacks.
//!
//! Invariant: a library that does not exist is one finding for all files that need it.

use std::collections::{BTreeMap, BTreeSet};

use super::Promise;
use crate::bundle::ImageManifest;
use crate::evidence::host_supplier;
use crate::finding::{Code, Finding, Severity, count};
use crate::inventory::{Native, Need, NeedOutcome, judge_need, list_places, note_host_library};
use crate::packages::Manager;
use crate::path::RealPath;

/// The most libraries that a message names.
const EXAMPLES: usize = 3;

/// A need of a file of the bundle, met or not, and the severity if it is not.
pub(super) struct Unmet<'a> {
    pub(super) native: &'a Native,
    pub(super) need: &'a Need,
    pub(super) severity: Severity,
}

/// The files that need a library that does not exist.
#[derive(Default)]
struct Absent<'a> {
    tried: &'a [String],
    /// The files that need it, directly or through others.
    files: BTreeSet<&'a RealPath>,
    /// The library of the system that needs it, if no file of the bundle does itself.
    through: Option<&'a RealPath>,
}

/// Libraries that do not exist, by name.
type Libraries<'a> = BTreeMap<&'a str, Absent<'a>>;

/// The findings for needs that are not met.
pub(super) fn judge_needs<'a>(
    promise: &Promise,
    needs: impl Iterator<Item = Unmet<'a>>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut absent: BTreeMap<Severity, Libraries> = BTreeMap::new();
    let mut hosted: BTreeMap<&str, BTreeSet<&RealPath>> = BTreeMap::new();
    for Unmet { native, need, severity } in needs {
        let tried = match &need.outcome {
            NeedOutcome::Missing { tried, elsewhere } if elsewhere.is_empty() => tried,
            _ => {
                let elsewhere = need.elsewhere().first();
                findings.extend(judge_need(&native.path, need, severity, elsewhere));
                continue;
            }
        };
        if host_supplier(&need.name).is_some() {
            hosted.entry(&need.name).or_default().insert(&native.path);
            continue;
        }
        // A lost file of the bundle is a finding already.
        if promise.comparison.lost_names.contains(&need.name) {
            continue;
        }
        let in_builder = promise.not_loadable.get(&native.path).is_some_and(BTreeSet::is_empty);
        let severity = if in_builder { Severity::Warn } else { severity };
        let library = absent.entry(severity).or_default().entry(&need.name).or_default();
        library.tried = tried;
        library.files.insert(&native.path);
        if need.by != native.path {
            library.through = Some(&need.by);
        }
    }
    findings.extend(hosted.into_iter().filter_map(|(name, files)| {
        Some(note_host_library(name, host_supplier(name)?, files.into_iter()))
    }));
    for (severity, libraries) in absent {
        match severity {
            Severity::Deny => findings
                .extend(libraries.iter().map(|(name, absent)| judge_one(promise, name, absent))),
            _ => findings.extend(judge_unpromised(&promise.manifest.prefix, &libraries)),
        }
    }
    findings
}

/// A library that the builder has.
fn judge_one(promise: &Promise, name: &str, absent: &Absent) -> Finding {
    let message = |number: &str, first: &str| {
        let through = absent.through.map_or_else(String::new, |by| format!(" through {by}"));
        let places = list_places(absent.tried);
        format!("needed by {number} ({first}){through}, and does not exist: {places}")
    };
    let (severity, code) = (Severity::Deny, Code::UnresolvedLibrary);
    Finding::of_files(severity, code, name, absent.files.iter().copied(), message)
        .help(advise(&promise.manifest, name))
}

/// The libraries of files that nobody promised to load, in one finding: `bundle` names each of them.
fn judge_unpromised(prefix: &RealPath, libraries: &Libraries) -> Option<Finding> {
    let names: Vec<&str> = libraries.keys().copied().collect();
    let subject = match names[..] {
        [] => return None,
        [name] => name,
        _ => prefix.as_str(),
    };
    let files: BTreeSet<&RealPath> =
        libraries.values().flat_map(|absent| &absent.files).copied().collect();
    let message = |number: &str, first: &str| match names[..] {
        [_] => format!("needed by {number} ({first}), and in no place where the loader looks"),
        _ => format!("{number} ({first}) cannot be loaded: {} do not exist", list_names(&names)),
    };
    let (severity, code) = (Severity::Warn, Code::UnresolvedLibrary);
    let finding = Finding::of_files(severity, code, subject, files.into_iter(), message);
    Some(finding.help(
        "if the program uses such a file, install the packages with these libraries in the builder stage",
    ))
}

/// The way to get the library into the final image.
fn advise(manifest: &ImageManifest, library: &str) -> String {
    let command = manifest.manager.and_then(Manager::install_command);
    match (manifest.libraries.get(library), command) {
        (Some(package), Some(command)) => {
            format!("install {package} in the final stage: {} {package}", command.install)
        }
        (Some(package), None) => {
            format!("use a base image that has it: {package} does in the builder")
        }
        (None, _) => {
            "use a base image that has it, or bundle it: wheelbarrow bundle --native vendor"
                .to_owned()
        }
    }
}

/// `9 libraries (a, b, c, and 6 more)`.
fn list_names(names: &[&str]) -> String {
    let first = names[..names.len().min(EXAMPLES)].join(", ");
    let more = match names.len().saturating_sub(EXAMPLES) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("{} ({first}{more})", count(names.len(), "library"))
}
