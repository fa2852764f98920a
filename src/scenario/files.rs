//! Files and links by path, before they are a tree to read.
//!
//! Invariant: directories are implied; the last one that puts a path there wins.

use std::collections::{BTreeMap, BTreeSet};

use crate::path::RealPath;
use crate::root::memory::Memory;

/// One path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    File(Vec<u8>),
    Link(String),
    Directory,
}

/// A tree that can still be changed, and laid over another one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    nodes: BTreeMap<String, Node>,
    /// The files with capabilities (capabilities(7)).
    capable: BTreeSet<String>,
}

impl Files {
    /// Puts a node at the path.
    pub(crate) fn put(&mut self, path: &str, node: Node) {
        self.nodes.insert(path.to_owned(), node);
    }

    /// Puts a file at the path unless something is there.
    pub(crate) fn put_new(&mut self, path: &str, content: impl FnOnce() -> Vec<u8>) {
        self.nodes.entry(path.to_owned()).or_insert_with(|| Node::File(content()));
    }

    /// Gives a file capabilities.
    pub(crate) fn set_capabilities(&mut self, path: &str) {
        self.capable.insert(path.to_owned());
    }

    /// Takes the path away, with all below it.
    pub(crate) fn remove(&mut self, path: &str) {
        let below = format!("{path}/");
        self.nodes.retain(|other, _| other != path && !other.starts_with(&below));
    }

    /// The content of the file at exactly this path.
    pub(crate) fn content(&self, path: &str) -> Option<&[u8]> {
        match self.nodes.get(path) {
            Some(Node::File(content)) => Some(content),
            _ => None,
        }
    }

    /// The node at exactly this path.
    pub(crate) fn node(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// Every path with its node, sorted.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// These over `base`, as `COPY` lays them: where the base has a link to a directory, they go
    /// through it.
    pub(crate) fn over(&self, base: &Files) -> Files {
        let mut all = base.clone();
        for (path, node) in &self.nodes {
            all.put(&base.through_links(path), node.clone());
        }
        all
    }

    /// The path with the links of its top-level directory followed: those of a merged `/usr`.
    pub(crate) fn through_links(&self, path: &str) -> String {
        let (top, rest) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
        match self.nodes.get(&format!("/{top}")) {
            Some(Node::Link(target)) if !rest.is_empty() => {
                format!("/{}/{rest}", target.trim_start_matches('/'))
            }
            _ => path.to_owned(),
        }
    }

    /// The tree that a root is made of.
    pub(crate) fn tree(&self) -> Memory {
        let lines = self.nodes.iter().filter_map(|(path, node)| match node {
            Node::Link(target) => Some(format!("{path} -> {target}\n")),
            Node::Directory => Some(format!("{path}\n")),
            Node::File(_) => None,
        });
        let capable = self.capable.iter().map(|path| format!("{path} !capable\n"));
        let mut memory = Memory::parse(&lines.chain(capable).collect::<String>());
        for (path, node) in &self.nodes {
            if let Node::File(content) = node {
                assert_eq!(RealPath::known(path).as_str(), path);
                memory.file(path, content.clone());
            }
        }
        memory
    }
}
