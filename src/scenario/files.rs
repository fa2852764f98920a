//! Files and links by path, before they are a tree to read.
//!
//! Invariant: directories are implied; the last one that puts a path there wins.

use std::collections::BTreeMap;

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
pub(crate) struct Files(BTreeMap<String, Node>);

impl Files {
    /// Puts a node at the path.
    pub(crate) fn put(&mut self, path: &str, node: Node) {
        self.0.insert(path.to_owned(), node);
    }

    /// Puts a file at the path unless something is there.
    pub(crate) fn put_new(&mut self, path: &str, content: impl FnOnce() -> Vec<u8>) {
        self.0.entry(path.to_owned()).or_insert_with(|| Node::File(content()));
    }

    /// Takes the path away, with all below it.
    pub(crate) fn remove(&mut self, path: &str) {
        let below = format!("{path}/");
        self.0.retain(|other, _| other != path && !other.starts_with(&below));
    }

    /// The content of the file at exactly this path.
    pub(crate) fn content(&self, path: &str) -> Option<&[u8]> {
        match self.0.get(path) {
            Some(Node::File(content)) => Some(content),
            _ => None,
        }
    }

    /// The node at exactly this path.
    pub(crate) fn node(&self, path: &str) -> Option<&Node> {
        self.0.get(path)
    }

    /// Every path with its node, sorted.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// These over `base`, as `COPY` lays them: where the base has a link to a directory, they go
    /// through it.
    pub(crate) fn over(&self, base: &Files) -> Files {
        let mut all = base.clone();
        for (path, node) in &self.0 {
            all.put(&base.through_links(path), node.clone());
        }
        all
    }

    /// The path with the links of its top-level directory followed: those of a merged `/usr`.
    pub(crate) fn through_links(&self, path: &str) -> String {
        let (top, rest) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
        match self.0.get(&format!("/{top}")) {
            Some(Node::Link(target)) if !rest.is_empty() => {
                format!("/{}/{rest}", target.trim_start_matches('/'))
            }
            _ => path.to_owned(),
        }
    }

    /// The tree that a root is made of.
    pub(crate) fn tree(&self) -> Memory {
        let lines = self.0.iter().filter_map(|(path, node)| match node {
            Node::Link(target) => Some(format!("{path} -> {target}\n")),
            Node::Directory => Some(format!("{path}\n")),
            Node::File(_) => None,
        });
        let mut memory = Memory::parse(&lines.collect::<String>());
        for (path, node) in &self.0 {
            if let Node::File(content) = node {
                assert_eq!(RealPath::known(path).as_str(), path);
                memory.file(path, content.clone());
            }
        }
        memory
    }
}
