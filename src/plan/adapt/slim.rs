//! Files that are rarely needed at run time. They are left out when that is asked for.
//!
//! Invariant: nothing of a `.dist-info` or `.egg-info` is touched, and no licence; whatever is
//! removed has a receipt.

use std::collections::BTreeSet;

use super::needed::Needed;
use serde::{Deserialize, Serialize};

use crate::inventory::Inventory;
use crate::path::RealPath;
use crate::plan::entry::{Action, Edit, LeftOut, PlannedEntry};
use crate::plan::request::SlimKind;

/// Files of one kind that could be removed, or that were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Receipt {
    /// The kind.
    pub kind: SlimKind,
    /// The number of files.
    pub files: usize,
    /// Bytes.
    pub size: u64,
}

/// The kind of a path of the environment.
pub(super) fn find_kind(path: &RealPath) -> Option<SlimKind> {
    let (_, below) = path.as_str().split_once("-packages/")?;
    let (folders, name) = below.rsplit_once('/').unwrap_or(("", below));
    let metadata = folders.split('/').any(|folder| {
        folder.ends_with(".dist-info") || folder.ends_with(".egg-info") || folder == "licenses"
    });
    let lower = name.to_ascii_lowercase();
    if metadata
        || ["licen", "copying", "notice", "authors"].iter().any(|start| lower.starts_with(start))
    {
        return None;
    }
    match name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default() {
        "pyi" => Some(SlimKind::Stubs),
        "c" | "h" | "cc" | "cpp" | "hpp" | "pyx" | "pxd" => Some(SlimKind::Headers),
        "a" => Some(SlimKind::Static),
        // A distribution's own top level is its name, whatever it is; `testing` is an interface
        // others import.
        _ => folders
            .split('/')
            .skip(1)
            .any(|folder| matches!(folder, "tests" | "test"))
            .then_some(SlimKind::Tests),
    }
}

/// The kind of a path that no other code needs.
fn find_removable(path: &RealPath, needed: &Needed) -> Option<SlimKind> {
    find_kind(path).filter(|kind| !needed.contains(path, *kind))
}

/// Files that no other code needs and their bytes, by kind, the largest first.
pub(super) fn count_kinds<'a>(
    entries: impl Iterator<Item = &'a PlannedEntry>,
    needed: &Needed,
) -> Vec<Receipt> {
    let mut found: Vec<Receipt> = Vec::new();
    for entry in entries {
        let Some(kind) = find_removable(&entry.to, needed) else { continue };
        match found.iter_mut().find(|receipt| receipt.kind == kind) {
            Some(receipt) => {
                (receipt.files, receipt.size) = (receipt.files + 1, receipt.size + entry.size)
            }
            None => found.push(Receipt { kind, files: 1, size: entry.size }),
        }
    }
    found.sort_by_key(|receipt| (std::cmp::Reverse(receipt.size), receipt.kind));
    found
}

/// Removes the entries of these kinds that no other code needs.
pub(super) fn remove_kinds(
    entries: &mut Vec<PlannedEntry>,
    needed: &Needed,
    kinds: &BTreeSet<SlimKind>,
) -> (Vec<LeftOut>, Vec<Receipt>) {
    let unwanted = |entry: &mut PlannedEntry| {
        !kinds.is_empty()
            && find_removable(&entry.to, needed).is_some_and(|kind| kinds.contains(&kind))
    };
    let removed: Vec<PlannedEntry> = entries.extract_if(.., unwanted).collect();
    let receipts = count_kinds(removed.iter(), needed);
    let left_out = removed.into_iter().filter_map(|entry| {
        let kind = find_kind(&entry.to).expect("it was removed for its kind");
        Some(LeftOut {
            path: entry.from?,
            reason: format!("removed by --slim: {}", kind.name()),
            size: entry.size,
        })
    });
    (left_out.collect(), receipts)
}

/// Strips the copied ELF files, when that is among the kinds.
pub(super) fn strip(
    inventory: &Inventory,
    entries: &mut [PlannedEntry],
    kinds: &BTreeSet<SlimKind>,
) {
    if !kinds.contains(&SlimKind::Strip) {
        return;
    }
    for entry in entries.iter_mut().filter(|entry| entry.action == Action::Copy) {
        if entry.from.as_ref().is_some_and(|from| inventory.is_elf(from)) {
            entry.add_edit(Edit::Strip);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_path() {
        for (path, expect) in [
            ("/s-packages/numpy/tests/test_a.py", Some(SlimKind::Tests)),
            ("/s-packages/numpy/core/test/data/a.csv", Some(SlimKind::Tests)),
            ("/s-packages/numpy/testing/a.py", None),
            ("/s-packages/tests/a.py", None),
            ("/s-packages/tests.py", None),
            ("/s-packages/a/b.pyi", Some(SlimKind::Stubs)),
            ("/s-packages/a/include/b.h", Some(SlimKind::Headers)),
            ("/s-packages/a/lib.a", Some(SlimKind::Static)),
            ("/s-packages/a/tests/LICENSE.txt", None),
            ("/s-packages/a-1.dist-info/tests/x.c", None),
            ("/s-packages/a/data", None),
            ("/usr/include/a.h", None),
        ] {
            assert_eq!(find_kind(&RealPath::known(path)), expect, "{path}");
        }
    }
}
