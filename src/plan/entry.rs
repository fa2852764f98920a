//! One path of the bundle, and one path that is left out.
//!
//! Invariant: an entry says how it comes to be and how it is changed; whoever writes it decides
//! nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::packages::Embedding;
use crate::path::RealPath;

/// One path of the bundle.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct PlannedEntry {
    /// Where it is in the final root.
    pub to: RealPath,
    /// Where it is in the builder root; absent when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<RealPath>,
    /// How it comes to be.
    #[serde(flatten)]
    pub action: Action,
    /// The changes to a copied file, in the order in which they are applied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
    /// Permission bits.
    pub mode: u32,
    /// Bytes in the builder.
    pub size: u64,
    /// `sha256=...` of the builder's file, as the installer recorded it. Absent for a file of an OS or
    /// conda package, which are changed after that.
    #[serde(skip)]
    pub recorded_hash: Option<String>,
    /// The distribution that owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    /// Why it is in the bundle, in a few words.
    pub reason: String,
    /// The layer it is in, when there are layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
}

/// How an entry comes to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum Action {
    /// The bytes of the builder's file, with the edits of the entry.
    Copy,
    /// A symbolic link.
    Link {
        /// As written into the link: relative to its directory, or absolute.
        target: String,
    },
    /// A new file.
    Write {
        /// Its whole text.
        content: String,
    },
    /// An empty directory.
    Directory,
    /// RECORD of its distribution, made from the files that were written.
    Record,
    /// The manifest of the image, made from all other files that were written.
    Manifest,
    /// Bytecode of a bundled source file.
    Compile {
        /// The source in the final root.
        source: RealPath,
    },
}

/// A change to a copied file. Edits are applied in the order of these variants: the record of
/// a prefix holds for the unchanged file only, and a new run path adds a segment at the end of the
/// file, after which debug sections cannot be distinguished from loaded code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "edit")]
pub enum Edit {
    /// New first lines of a script.
    Script {
        /// The number of bytes that are replaced.
        cut: usize,
        /// The text that replaces them.
        header: String,
    },
    /// A new prefix for a file of a conda package.
    Prefix {
        /// The old prefix, and how the file contains it.
        embedded: Embedding,
        /// The prefix that replaces it.
        prefix: RealPath,
    },
    /// The debug sections of an ELF file are left out, where that is safe.
    Strip,
    /// Other paths by which an ELF file finds libraries.
    RunPath {
        /// Added to its run path, after the directories that it has.
        directories: Vec<String>,
        /// Elements of its run path, each with the one that replaces it.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        replaced: BTreeMap<String, String>,
        /// Needed names that are paths, each with the name that replaces it.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        needed: BTreeMap<String, String>,
        /// Whether a file without a run path keeps to use that of the object that loads it.
        inherits: bool,
    },
}

impl Edit {
    fn position(&self) -> usize {
        match self {
            Edit::Script { .. } => 0,
            Edit::Prefix { .. } => 1,
            Edit::Strip => 2,
            Edit::RunPath { .. } => 3,
        }
    }
}

/// A path that is left out of the bundle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct LeftOut {
    /// In the builder root.
    pub path: RealPath,
    /// Why it is left out, in a few words.
    pub reason: String,
    /// Bytes.
    pub size: u64,
}

/// Paths that one stage of the plan decided about.
#[derive(Default)]
pub(crate) struct Files {
    pub entries: Vec<PlannedEntry>,
    pub left_out: Vec<LeftOut>,
}

impl PlannedEntry {
    /// An entry without a source in the builder and without a distribution, mode 0644.
    pub(super) fn new(to: RealPath, action: Action, reason: String) -> PlannedEntry {
        PlannedEntry {
            to,
            from: None,
            action,
            edits: Vec::new(),
            mode: 0o644,
            size: 0,
            recorded_hash: None,
            distribution: None,
            reason,
            layer: None,
        }
    }

    /// A copy of a file of the builder, at the same path.
    pub(crate) fn copy(from: RealPath, size: u64, mode: u32, reason: String) -> PlannedEntry {
        let entry = PlannedEntry::new(from.clone(), Action::Copy, reason);
        PlannedEntry { from: Some(from), size, mode, ..entry }
    }

    /// A symbolic link.
    pub(super) fn link(to: RealPath, target: String, reason: String) -> PlannedEntry {
        PlannedEntry { mode: 0o777, ..PlannedEntry::new(to, Action::Link { target }, reason) }
    }

    /// An empty directory.
    pub(super) fn directory(to: RealPath, mode: u32, reason: String) -> PlannedEntry {
        PlannedEntry { mode, ..PlannedEntry::new(to, Action::Directory, reason) }
    }

    /// A file with this text.
    pub(super) fn text(to: RealPath, content: String, reason: String) -> PlannedEntry {
        let size = content.len() as u64;
        PlannedEntry { size, ..PlannedEntry::new(to, Action::Write { content }, reason) }
    }

    /// Whether it still has the bytes of the builder's file.
    pub(super) fn is_plain_copy(&self) -> bool {
        self.action == Action::Copy && self.edits.is_empty()
    }

    /// Adds an edit where its turn is.
    pub(super) fn add_edit(&mut self, edit: Edit) {
        let at = self.edits.partition_point(|other| other.position() <= edit.position());
        self.edits.insert(at, edit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_applied_in_one_order() {
        let run_path = || Edit::RunPath {
            directories: vec!["/x".to_owned()],
            replaced: BTreeMap::new(),
            needed: BTreeMap::new(),
            inherits: false,
        };
        let prefix = || Edit::Prefix {
            embedded: Embedding { prefix: "/old".to_owned(), room: 9, binary: true },
            prefix: RealPath::known("/new"),
        };
        let file = RealPath::known("/opt/app/lib/a.so");
        for added in [
            [run_path(), prefix(), Edit::Strip],
            [Edit::Strip, run_path(), prefix()],
            [prefix(), Edit::Strip, run_path()],
        ] {
            let mut entry = PlannedEntry::copy(file.clone(), 1, 0o755, String::new());
            assert!(entry.is_plain_copy());
            added.into_iter().for_each(|edit| entry.add_edit(edit));
            assert_eq!(entry.edits, [prefix(), Edit::Strip, run_path()]);
            assert!(!entry.is_plain_copy());
        }
    }

    #[test]
    fn an_entry_without_edits_has_no_key_for_them() {
        let mut entry = PlannedEntry::copy(RealPath::known("/a.so"), 1, 0o755, "why".to_owned());
        let json = |entry: &PlannedEntry| serde_json::to_value(entry).unwrap();
        assert_eq!(
            json(&entry),
            serde_json::json!({
                "to": "/a.so", "from": "/a.so", "action": "copy", "mode": 0o755, "size": 1, "reason": "why"
            })
        );
        entry.add_edit(Edit::Strip);
        assert_eq!(json(&entry)["edits"], serde_json::json!([{ "edit": "strip" }]));
    }
}
