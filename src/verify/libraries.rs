//! Judges the libraries that files of the bundle need and the final root lacks.
//!
//! Invariant: a library that does not exist is one finding for all files that need it.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Code, Finding, Severity};
use crate::inventory::{
    Inventory, Native, Need, NeedOutcome, NotLoadable, judge_need, list_places,
};
use crate::path::RealPath;

/// A need of a file of the bundle, met or not, and the severity if it is not.
pub(super) struct Unmet<'a> {
    pub(super) native: &'a Native,
    pub(super) need: &'a Need,
    pub(super) severity: Severity,
}

/// A library that does not exist.
#[derive(Default)]
struct Absent<'a> {
    tried: &'a [String],
    /// The files that need it, directly or through others.
    files: BTreeSet<&'a RealPath>,
    /// The library of the system that needs it, if no file of the bundle does itself.
    through: Option<&'a RealPath>,
}

/// The findings for needs that are not met.
pub(super) fn judge_needs<'a>(
    inventory: &Inventory,
    known: &NotLoadable,
    needs: impl Iterator<Item = Unmet<'a>>,
) -> Vec<Finding> {
    let names = inventory.library_names(inventory.natives.iter().map(|native| &native.path));
    let mut findings = Vec::new();
    let mut absent: BTreeMap<(Severity, &str), Absent> = BTreeMap::new();
    for Unmet { native, need, severity } in needs {
        let NeedOutcome::Missing { tried } = &need.outcome else {
            findings.extend(judge_need(&native.path, need, severity, &names));
            continue;
        };
        if names.contains_key(&need.name) {
            findings.extend(judge_need(&native.path, need, severity, &names));
            continue;
        }
        let in_builder = known.get(&native.path).is_some_and(BTreeSet::is_empty);
        let severity = if in_builder { Severity::Warn } else { severity };
        let library = absent.entry((severity, &need.name)).or_default();
        library.tried = tried;
        library.files.insert(&native.path);
        if need.by != native.path {
            library.through = Some(&need.by);
        }
    }
    findings.extend(absent.into_iter().map(|((severity, name), absent)| {
        let Absent { tried, files, through } = absent;
        let through = through.map_or_else(String::new, |by| format!(" through {by}"));
        let message = |number: &str, first: &str| {
            format!(
                "needed by {number} ({first}){through}, and does not exist: {}",
                list_places(tried)
            )
        };
        Finding::of_files(severity, Code::UnresolvedLibrary, name, files.into_iter(), message)
    }));
    findings
}
