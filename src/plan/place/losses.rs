//! Findings for files that the final image lacks, or has in another place or form.
//!
//! Invariant: one finding for each distribution or cause.

use std::collections::BTreeSet;

use crate::finding::{Code, Finding, Severity};
use crate::inventory::{FileFact, Inventory};
use crate::path::RealPath;
use crate::plan::entry::PlannedEntry;

/// The distribution that a finding about the file is about, or the file itself.
pub(super) fn subject(inventory: &Inventory, file: &FileFact) -> String {
    let owner = file.owner.map(|owner| inventory.distributions[owner].name.clone());
    owner.unwrap_or_else(|| file.path.to_string())
}

/// The finding for data of nobody, which has another path in the bundle.
pub(super) fn judge_data(inventory: &Inventory, entries: &[PlannedEntry]) -> Option<Finding> {
    let part = inventory.environment.parts.iter().find(|part| !part.data().is_empty())?;
    let data = part.data();
    let files: Vec<&RealPath> = entries
        .iter()
        .filter(|entry| entry.distribution.is_none())
        .filter_map(|entry| entry.from.as_ref())
        .filter(|from| data.iter().any(|top| from.below(top).is_some()))
        .collect();
    let (severity, code) = (Severity::Note, Code::UnrecordedData);
    let of_files = || {
        Finding::of_files(severity, code, &part.prefix, files.iter().copied(), |number, first| {
            format!("{number} of no distribution below it, bundled below the new prefix: {first}")
        })
    };
    (!files.is_empty()).then(of_files)
}

/// The finding for files outside of the environment that are left out.
pub(super) fn judge_lost(subject: &str, files: &[RealPath]) -> Finding {
    let (severity, code) = (Severity::Deny, Code::OutsideEnvironment);
    let verb = if files.len() == 1 { "is" } else { "are" };
    Finding::of_files(severity, code, subject, files.iter(), |number, first| {
        format!("{number} of it {verb} outside of the environment and left out: {first}")
    })
    .help("copy them into the environment in the builder stage, or into the final image: COPY --from=builder PATH PATH")
}

/// The finding for bundled programs and the interpreter, if these have capabilities.
pub(super) fn judge_capabilities(
    inventory: &Inventory,
    entries: &[PlannedEntry],
) -> Option<Finding> {
    let bundled = entries.iter().filter_map(|entry| entry.from.as_ref());
    let interpreter = &inventory.environment.interpreter.executable;
    let capable: BTreeSet<&RealPath> =
        bundled.chain([interpreter]).filter(|path| inventory.capable.contains(path)).collect();
    let verb = if capable.len() == 1 { "has" } else { "have" };
    let (prefix, code) = (&inventory.environment.parts[0].prefix, Code::FileCapabilities);
    let of_files = || {
        let files = capable.iter().copied();
        Finding::of_files(Severity::Warn, code, prefix, files, |number, first| {
            format!("{number} of it {verb} capabilities, which the bundle does not keep: {first}")
        })
    };
    (!capable.is_empty())
        .then(|| of_files().help("run setcap in the final stage, as in the builder"))
}
