//! The recorded files of the bundled distributions, and where each of them is.
//!
//! Invariant: the numbers add up. Every recorded file of the builder is in the bundle, is left out for
//! a reason, or is part of a deny-level finding.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::entry::{LeftOut, PlannedEntry};
use super::select::Selection;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::{Inventory, is_bytecode_cache};
use crate::path::RealPath;

/// The reason of files in `__pycache__`, which nothing reads.
const BYTECODE: &str = "bytecode";

/// The recorded files of the bundled distributions, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Account {
    /// The files and links of the builder that the RECORD of a bundled distribution names.
    pub recorded: usize,
    /// Those that are in the bundle, changed or not.
    pub bundled: usize,
    /// Those that are left out, by reason, the most files first.
    pub left_out: Vec<ReasonCount>,
}

/// The number of files that are left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ReasonCount {
    /// In a few words, such as `bytecode`.
    pub reason: String,
    /// The number of files.
    pub files: usize,
}

/// Counts the recorded files of the bundled distributions. The findings name those that are lost without a reason.
pub(super) fn count_recorded(
    inventory: &Inventory,
    selection: &Selection,
    entries: &[PlannedEntry],
    left_out: &[LeftOut],
) -> (Account, Vec<Finding>) {
    let unreadable = inventory.findings.iter().filter(|one| one.code == Code::UnreadableFile);
    let unreadable: HashSet<&str> = unreadable
        .flat_map(|finding| finding.files.iter().chain([&finding.subject]).map(String::as_str))
        .collect();
    let bundled: HashSet<&RealPath> =
        entries.iter().filter_map(|entry| entry.from.as_ref()).collect();
    let reasons: HashMap<&RealPath, &str> =
        left_out.iter().map(|left| (&left.path, kind_of(&left.reason))).collect();
    let mut account = Account::default();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lost: BTreeMap<usize, Vec<&RealPath>> = BTreeMap::new();
    for (distribution, path) in &inventory.recorded {
        if !selection.is_bundled(*distribution) {
            continue;
        }
        account.recorded += 1;
        let reason = reasons.get(path).copied();
        // What is below a link comes with the package that the link leads to.
        if std::iter::once(path.clone()).chain(path.ancestors()).any(|at| bundled.contains(&at)) {
            account.bundled += 1;
        } else if let Some(reason) = reason.or_else(|| is_bytecode_cache(path).then_some(BYTECODE))
        {
            *counts.entry(reason).or_default() += 1;
        } else if !unreadable.contains(path.as_str()) {
            lost.entry(*distribution).or_default().push(path);
        }
    }
    let counted = counts.into_iter();
    account.left_out =
        counted.map(|(reason, files)| ReasonCount { reason: reason.to_owned(), files }).collect();
    account.left_out.sort_by_key(|count| std::cmp::Reverse(count.files));
    let lost = lost.into_iter();
    let findings = lost.map(|(distribution, files)| {
        let name = &inventory.distributions[distribution].name;
        let code = Code::LostFile;
        Finding::of_files(Severity::Deny, code, name, files.into_iter(), |number, first| {
            format!("{number} of its RECORD cannot be bundled: {first}")
        })
    });
    (account, findings.collect())
}

/// The reason without its details, which follow a colon.
fn kind_of(reason: &str) -> &str {
    reason.split(": ").next().unwrap_or(reason)
}

impl Account {
    /// `412 of 530 recorded files; left out: bytecode (110), removed by --slim (8)`.
    pub fn text(&self) -> String {
        let counts = self.left_out.iter();
        let counts: Vec<String> =
            counts.map(|count| format!("{} ({})", count.reason, count.files)).collect();
        let left_out = if counts.is_empty() {
            String::new()
        } else {
            format!("; left out: {}", counts.join(", "))
        };
        format!("{} of {} recorded files{left_out}", self.bundled, self.recorded)
    }
}
