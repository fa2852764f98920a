//! A plan executed in memory, so that its promise can be verified without a disk.
//!
//! Invariant: an entry becomes here what `bundle` makes of it; bytecode is no part of it.

use sha2::{Digest, Sha256};

use super::files::{Files, Node};
use crate::bundle::edit;
use crate::path::RealPath;
use crate::plan::{Action, Plan, PlannedEntry};
use crate::python::{record_text, recorded_hash};
use crate::root::{Content, Root};

/// The files of the bundle.
pub(crate) fn deliver(plan: &Plan, builder: &Root) -> Files {
    let mut bundle = Files::default();
    let (records, files): (Vec<&PlannedEntry>, Vec<&PlannedEntry>) =
        plan.entries.iter().partition(|entry| entry.action == Action::Record);
    for entry in files {
        bundle.put(entry.to.as_str(), made(entry, builder));
    }
    for entry in records {
        let site = entry.to.ancestors().nth(1).expect("RECORD is two directories below something");
        let own = plan.entries.iter().filter(|other| {
            other.distribution == entry.distribution && other.action != Action::Directory
        });
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

fn made(entry: &PlannedEntry, builder: &Root) -> Node {
    match &entry.action {
        Action::Copy => {
            let from = entry.from.as_ref().expect("it is in the builder");
            let content = builder.open(from).expect("it is a file");
            let edited = edit::apply(content, from, &entry.edits);
            Node::File(whole(edited.expect("the edits apply").content.as_ref()))
        }
        Action::Write { content } => Node::File(content.clone().into_bytes()),
        Action::Link { target } => Node::Link(target.clone()),
        Action::Directory => Node::Directory,
        Action::Record | Action::Compile { .. } => {
            panic!("{}: made from the files that were written", entry.to)
        }
    }
}

fn whole(content: &dyn Content) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(content.size()).expect("a small file")];
    let count = content.read_at(&mut bytes, 0).expect("memory");
    bytes.truncate(count);
    bytes
}
