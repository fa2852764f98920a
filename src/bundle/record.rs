//! Makes the RECORD of a bundled distribution from the written files (PEP 376, PEP 427).
//!
//! Invariant: RECORD lists every file and link of the distribution, sorted, and itself last without a hash.

use std::collections::BTreeMap;

use super::output::bytes_of_hex;
use crate::bundle::Written;
use crate::plan::{Action, PlannedEntry};
use crate::python::{record_text, recorded_hash};

/// A planned entry, with what was written for it.
type Line<'a> = (&'a PlannedEntry, &'a Written);

/// The texts of `records`, from the files written for the distribution of each.
pub(super) fn texts<'a>(
    records: &[&PlannedEntry],
    written: impl Iterator<Item = Line<'a>>,
) -> Vec<String> {
    let mut lines: BTreeMap<Option<&str>, Vec<Line>> = BTreeMap::new();
    for line in written.filter(|(entry, _)| entry.action != Action::Directory) {
        lines.entry(line.0.distribution.as_deref()).or_default().push(line);
    }
    let text = |record: &&PlannedEntry| {
        text(record, lines.get(&record.distribution.as_deref()).map_or(&[], Vec::as_slice))
    };
    records.iter().map(text).collect()
}

/// The text of a RECORD of these files.
fn text(record: &PlannedEntry, files: &[Line]) -> String {
    let site = record.to.ancestors().nth(1).expect("RECORD is two directories below something");
    let line = |(file, written): &Line| {
        let hash = written
            .sha256
            .as_deref()
            .map(|hex| recorded_hash(&bytes_of_hex(hex)))
            .unwrap_or_default();
        let size = written.sha256.as_ref().map(|_| written.size.to_string()).unwrap_or_default();
        [file.to.relative_to(&site), hash, size]
    };
    let own = [record.to.relative_to(&site), String::new(), String::new()];
    record_text(files.iter().map(line).chain([own]))
}
