//! Observed runs beside everything else that is known: what they alone show, what they do not confirm,
//! and what they leave open.
//!
//! Invariant: notes, and a warning for files that the final image may lack; nothing is decided here.

use std::collections::BTreeSet;

use super::package_set::PackageSet;
use crate::evidence::Grade;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::{Inventory, ObservedRuns, Opened};
use crate::path::RealPath;
use crate::plan::entry::PlannedEntry;

/// The subject of a finding about all runs.
const RUN: &str = "the observed run";

/// What is new to the final root, for the question whether something was added.
pub(crate) struct Added<'a> {
    pub(crate) inventory: &'a Inventory,
    pub(crate) packages: &'a PackageSet,
    pub(crate) entries: &'a [PlannedEntry],
}

/// The findings about the runs of a request. `opened` are the indices of what counts.
pub(crate) fn judge_observed(added: &Added, opened: &[usize]) -> Vec<Finding> {
    let Some(runs) = &added.inventory.observed else { return Vec::new() };
    let new = |only: &dyn Fn(&Opened) -> bool| -> BTreeSet<&RealPath> {
        let counting = opened.iter().map(|index| &added.inventory.opened[*index]);
        let paths = counting.filter(|one| only(one)).filter_map(Opened::path);
        paths.filter(|path| added.is_added(path)).collect()
    };
    let alone = new(&|one| one.only_observed);
    let guessed = new(&|one| one.evidence.grade > Grade::Observed);
    let entries: BTreeSet<&RealPath> =
        added.entries.iter().filter_map(|entry| entry.from.as_ref()).collect();
    let unclear = runs.unclear.iter().filter(|path| !entries.contains(path));
    let (project, elsewhere) = unclear.partition(|path| runs.is_of_project(path));
    [
        only_observed(&alone),
        not_observed(runs, &guessed),
        unclear_files(&elsewhere),
        of_project(&project),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Added<'_> {
    /// Whether a file is in the bundle, or in a package that is installed or bundled.
    fn is_added(&self, path: &RealPath) -> bool {
        let PackageSet { install, vendored, .. } = self.packages;
        match self.inventory.packages.owner(path) {
            None => true,
            Some(owner) => {
                let name = &self.inventory.packages[owner].name;
                install.iter().chain(vendored).any(|package| package.name == *name)
            }
        }
    }
}

/// The finding about some files, if there are any.
fn about(
    severity: Severity,
    code: Code,
    files: &BTreeSet<&RealPath>,
    message: impl FnOnce(&str, &str) -> String,
) -> Option<Finding> {
    let all = files.iter().copied();
    (!files.is_empty()).then(|| Finding::of_files(severity, code, RUN, all, message))
}

fn only_observed(files: &BTreeSet<&RealPath>) -> Option<Finding> {
    about(Severity::Note, Code::OnlyObserved, files, |number, first| {
        format!("adds {number} that nothing else leads to: {first}")
    })
}

fn not_observed(runs: &ObservedRuns, files: &BTreeSet<&RealPath>) -> Option<Finding> {
    let partly = if runs.is_partial { ", as far as its processes could be observed" } else { "" };
    let finding = about(Severity::Note, Code::NotObserved, files, |number, first| {
        format!("did not open {number} that other evidence adds{partly}: {first}")
    })?;
    let help =
        "if the run was complete, --exclude NAME leaves out those that the program does not need";
    Some(finding.help(help))
}

fn unclear_files(files: &BTreeSet<&RealPath>) -> Option<Finding> {
    let finding = about(Severity::Warn, Code::ObservedFile, files, |number, first| {
        format!("opened {number} outside of the bundle, perhaps for the builder alone: {first}")
    })?;
    Some(finding.help("add those that the program needs with --include PATH or --package NAME"))
}

fn of_project(files: &BTreeSet<&RealPath>) -> Option<Finding> {
    let finding = about(Severity::Note, Code::ObservedFile, files, |number, first| {
        format!("opened {number} of its working directory, which is not bundled: {first}")
    })?;
    Some(finding.help("copy the project into the final stage, or install it with its data"))
}
