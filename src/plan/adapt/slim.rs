//! What travels and is rarely needed at run time, and its removal when that is asked for.
//!
//! Invariant: nothing of a `.dist-info` or `.egg-info` is touched, and no licence; whatever is removed
//! has a receipt, and RECORD follows what was written.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::path::RealPath;
use crate::plan::{Action, Left, PlannedEntry};

/// A kind of files that few programs need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SlimKind {
    /// Tests inside of packages.
    Tests,
    /// `.pyi`.
    Stubs,
    /// C and Cython sources and headers.
    Headers,
    /// `.a`.
    Static,
    /// Debug sections and symbol tables of ELF files.
    Strip,
}

impl SlimKind {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            SlimKind::Tests => "tests",
            SlimKind::Stubs => "type stubs",
            SlimKind::Headers => "C sources and headers",
            SlimKind::Static => "static libraries",
            SlimKind::Strip => "debug sections",
        }
    }
}

/// Files of one kind: what could be removed, or what was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Receipt {
    pub kind: SlimKind,
    pub files: usize,
    /// Bytes.
    pub size: u64,
}

/// The kind of a path of the environment.
pub fn kind_of(path: &RealPath) -> Option<SlimKind> {
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
        // A distribution's own top level is its name, whatever it is; `testing` is an interface others import.
        _ => folders
            .split('/')
            .skip(1)
            .any(|folder| matches!(folder, "tests" | "test"))
            .then_some(SlimKind::Tests),
    }
}

/// Sums by kind, the largest first.
pub fn receipts<'a>(entries: impl Iterator<Item = &'a PlannedEntry>) -> Vec<Receipt> {
    let mut found: Vec<Receipt> = Vec::new();
    for entry in entries {
        let Some(kind) = kind_of(&entry.to) else { continue };
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

/// Removes what is asked for; an ELF file is marked, to be stripped as it is written.
pub fn slim(
    entries: &mut Vec<PlannedEntry>,
    kinds: &BTreeSet<SlimKind>,
    is_elf: &dyn Fn(&RealPath) -> bool,
) -> (Vec<Left>, Vec<Receipt>) {
    let unwanted = |entry: &mut PlannedEntry| {
        !kinds.is_empty() && kind_of(&entry.to).is_some_and(|kind| kinds.contains(&kind))
    };
    let removed: Vec<PlannedEntry> = entries.extract_if(.., unwanted).collect();
    for entry in entries
        .iter_mut()
        .filter(|entry| kinds.contains(&SlimKind::Strip) && entry.action == Action::Copy)
    {
        if entry.from.as_ref().is_some_and(is_elf) {
            entry.action = Action::Strip;
        }
    }
    let receipts = receipts(removed.iter());
    let left = removed.into_iter().filter_map(|entry| {
        let kind = kind_of(&entry.to).expect("it was removed for its kind");
        Some(Left {
            path: entry.from?,
            reason: format!("slimmed: {}", kind.name()),
            size: entry.size,
        })
    });
    (left.collect(), receipts)
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
            assert_eq!(kind_of(&RealPath::known(path)), expect, "{path}");
        }
    }
}
