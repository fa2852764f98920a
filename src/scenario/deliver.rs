//! A plan executed in memory, so that its promise can be verified without a disk.
//!
//! Invariant: an entry becomes here what `bundle` makes of it; bytecode is no part of it.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::files::{Files, Node};
use crate::bundle::{ImageManifest, Manifest, Written, edit};
use crate::digest::hex;
use crate::path::RealPath;
use crate::plan::{Action, Plan, PlannedEntry};
use crate::python::{record_text, recorded_hash};
use crate::root::{Content, Root};

/// The files of the bundle.
pub(crate) fn deliver(plan: &Plan, builder: &Root) -> Files {
    let mut bundle = Files::default();
    let (manifests, entries): (Vec<&PlannedEntry>, Vec<&PlannedEntry>) =
        plan.entries.iter().partition(|entry| entry.action == Action::Manifest);
    let (records, files): (Vec<&PlannedEntry>, Vec<&PlannedEntry>) =
        entries.into_iter().partition(|entry| entry.action == Action::Record);
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
    for entry in manifests {
        let text = ImageManifest::from(&manifest(plan, &bundle)).to_text();
        bundle.put(entry.to.as_str(), Node::File(text.into_bytes()));
    }
    bundle
}

/// The manifest of the files that are there.
pub(crate) fn manifest(plan: &Plan, bundle: &Files) -> Manifest {
    let there = plan.entries.iter();
    let there = there.filter_map(|entry| Some((entry, bundle.node(entry.to.as_str())?)));
    let written: BTreeMap<&RealPath, (&PlannedEntry, Written)> =
        there.map(|(entry, node)| (&entry.to, (entry, written(node)))).collect();
    Manifest::new(plan, &written, 0)
}

/// The facts of a node, with the permission bits that it has in memory.
fn written(node: &Node) -> Written {
    let (sha256, link) = match node {
        Node::File(content) => (Some(hex(&Sha256::digest(content))), None),
        Node::Link(target) => (None, Some(target.clone())),
        Node::Directory => (None, None),
    };
    Written {
        mode: if *node == Node::Directory { "0755" } else { "0644" }.to_owned(),
        size: 0,
        sha256,
        builder_sha256: None,
        link,
        builder_path: false,
        stripped: 0,
        not_stripped: None,
        unlike_record: false,
    }
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
        Action::Record | Action::Manifest | Action::Compile { .. } => {
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
