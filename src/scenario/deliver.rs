//! A plan carried out in memory, so that what it promises can be verified without a disk.
//!
//! Invariant: an entry becomes here what `bundle` makes of it; bytecode is no part of it.

use sha2::{Digest, Sha256};

use super::files::{Files, Node};
use crate::elf::{Edited, WhenNone, add_run_path};
use crate::packages::with_prefix;
use crate::path::RealPath;
use crate::plan::{Action, Plan, PlannedEntry};
use crate::python::{record_text, recorded_hash};
use crate::root::Content;

/// The files of the bundle.
pub fn deliver(plan: &Plan, builder: &Files) -> Files {
    let mut bundle = Files::default();
    let (records, files): (Vec<&PlannedEntry>, Vec<&PlannedEntry>) =
        plan.entries.iter().partition(|entry| entry.action == Action::Record);
    for entry in files {
        bundle.put(entry.to.as_str(), made(entry, builder));
    }
    for entry in records {
        let site = entry.to.ancestors().nth(1).expect("RECORD is two directories below something");
        let own = plan.entries.iter().filter(|other| other.distribution == entry.distribution);
        let lines = own.map(|other| line(&bundle, &other.to, &site));
        let text = record_text(lines.collect::<Vec<_>>());
        bundle.put(entry.to.as_str(), Node::File(text.into_bytes()));
    }
    bundle
}

fn line(bundle: &Files, path: &RealPath, site: &RealPath) -> [String; 3] {
    let content = bundle.content(path.as_str());
    let hash = content.map(|content| recorded_hash(&Sha256::digest(content)));
    [path.relative_to(site), hash.unwrap_or_default(), String::new()]
}

fn made(entry: &PlannedEntry, builder: &Files) -> Node {
    let from = || {
        let from = entry.from.as_ref().expect("it is in the builder").as_str();
        builder.content(from).unwrap_or_else(|| panic!("{from} is a file")).to_vec()
    };
    Node::File(match &entry.action {
        Action::Copy | Action::Strip => from(),
        Action::Script { cut, header } => [header.as_bytes(), &from()[*cut..]].concat(),
        Action::Write { content } => content.clone().into_bytes(),
        Action::Link { target } => return Node::Link(target.clone()),
        Action::RunPath { directories, inherits } => {
            let none = if *inherits { WhenNone::RPath } else { WhenNone::RunPath };
            let content = from();
            let edits = add_run_path(&content, directories, none).expect("an object");
            whole(&Edited { content: &content, edits: &edits })
        }
        Action::Prefix { embedded, prefix } => {
            with_prefix(&from(), embedded, prefix.as_str()).expect("there is room")
        }
        Action::Record | Action::Compile { .. } => {
            panic!("{}: made from what was written", entry.to)
        }
    })
}

fn whole(content: &dyn Content) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(content.size()).expect("a small file")];
    let count = content.read_at(&mut bytes, 0).expect("memory");
    bytes.truncate(count);
    bytes
}
