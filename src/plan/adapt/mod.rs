//! Changes to the placed files that the final root asks for.
//!
//! Each module adds edits to entries, or moves or removes entries; none undoes the edit of another
//! one.
//!
//! Invariant: entries are at their places in the final root, sorted, each place once.

mod moved_paths;
mod needed;
mod prefix;
mod run_paths;
mod slim;

pub use slim::Receipt;

use std::collections::BTreeSet;

use super::entry::{Files, LeftOut, PlannedEntry};
use super::request::Request;
use super::target::FinalRoot;
use crate::finding::Finding;
use crate::inventory::Inventory;
use crate::path::RealPath;
use needed::Needed;

/// The files of the bundle, fit for the final root.
pub(crate) struct Adapted {
    /// Sorted by destination.
    pub entries: Vec<PlannedEntry>,
    /// Sorted.
    pub left_out: Vec<LeftOut>,
    /// Files that were left out on request, by kind.
    pub slimmed: Vec<Receipt>,
    /// Files that could be left out on request, by kind.
    pub removable: Vec<Receipt>,
    pub findings: Vec<Finding>,
}

/// Adapts the files of the environment and those from outside of it. `bundled` are the builder
/// paths of the former.
pub(crate) fn adapt(
    inventory: &Inventory,
    request: &Request,
    final_root: &FinalRoot,
    bundled: &BTreeSet<RealPath>,
    files: [Files; 3],
) -> Adapted {
    let (mut entries, mut left_out) = (Vec::new(), Vec::new());
    for part in files {
        entries.extend(part.entries);
        left_out.extend(part.left_out);
    }
    entries.retain(|entry: &PlannedEntry| !final_root.has_link(&entry.to));
    for entry in &mut entries {
        entry.to = final_root.place(&entry.to);
    }
    run_paths::relocate_lost_libraries(
        inventory,
        final_root,
        &request.prefix,
        bundled,
        &mut entries,
    );
    let findings = prefix::move_prefix(inventory, final_root, &request.prefix, &mut entries);
    entries.sort_by(|a, b| a.to.cmp(&b.to));
    entries.dedup_by(|a, b| a.to == b.to);
    let needed = Needed::find(inventory, &entries);
    let (removed, slimmed) = slim::remove_kinds(&mut entries, &needed, &request.slim);
    let removable = slim::count_kinds(entries.iter(), &needed);
    slim::strip(inventory, &mut entries, &request.slim);
    left_out.extend(removed);
    left_out.sort();
    Adapted { entries, left_out, slimmed, removable, findings }
}
