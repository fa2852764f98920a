//! Makes the RECORD of a bundled distribution from the written files (PEP 376, PEP 427).
//!
//! Invariant: RECORD lists every file and link of the distribution, sorted, and itself last without a hash.

use super::output::bytes_of_hex;
use crate::bundle::Written;
use crate::plan::{Action, PlannedEntry};
use crate::python::{record_text, recorded_hash};

/// The text of `entry`, which is a RECORD.
pub(super) fn text<'a>(
    entry: &PlannedEntry,
    written: impl Iterator<Item = (&'a PlannedEntry, &'a Written)>,
) -> String {
    let site = entry.to.ancestors().nth(1).expect("RECORD is two directories below something");
    let own = written.filter(|(other, _)| {
        other.distribution == entry.distribution
            && !matches!(other.action, Action::Record | Action::Directory)
    });
    let line = |(other, written): (&PlannedEntry, &Written)| {
        let hash = written
            .sha256
            .as_deref()
            .map(|hex| recorded_hash(&bytes_of_hex(hex)))
            .unwrap_or_default();
        let size = written.sha256.as_ref().map(|_| written.size.to_string()).unwrap_or_default();
        [other.to.relative_to(&site), hash, size]
    };
    record_text(own.map(line).chain([[entry.to.relative_to(&site), String::new(), String::new()]]))
}
