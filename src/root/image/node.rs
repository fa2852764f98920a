//! The merged entries of the layers.
//!
//! Invariant: what a layer removes is removed from the layers below it alone.

use std::collections::BTreeMap;

use super::layer::{EntryKind, LayerEntry};
use crate::path::RealPath;
use crate::root::{Kind, Meta, RootError};

/// The beginning of the name of a file that removes another one (layer.md, "Whiteouts").
const WHITEOUT: &str = ".wh.";
/// The name of a file that removes all else in its directory.
const OPAQUE: &str = ".wh..wh..opq";
/// The beginning of other names that aufs reserves for itself.
const RESERVED: &str = ".wh..wh.";
/// More links than this on the way to an entry are a loop.
const MOST_LINKS: usize = 40;

/// An entry, with those below it.
pub(super) struct Node {
    pub(super) meta: Meta,
    /// The content of a file.
    pub(super) stored: Option<Stored>,
    pub(super) children: BTreeMap<String, Node>,
    /// The names of entries that are not UTF-8, with the wrong bytes replaced.
    unnamed: Vec<String>,
}

/// The place of a content.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) layer: usize,
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) has_capabilities: bool,
}

impl Node {
    pub(super) fn directory() -> Node {
        Node::new(Kind::Directory, 0o755)
    }

    fn new(kind: Kind, mode: u32) -> Node {
        let size = if let Kind::Link(target) = &kind { target.len() as u64 } else { 0 };
        let meta = Meta { kind, mode, size };
        Node { meta, stored: None, children: BTreeMap::new(), unnamed: Vec::new() }
    }

    pub(super) fn find(&self, path: &RealPath) -> Option<&Node> {
        self.below(components(path.relative()))
    }

    fn below<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> Option<&Node> {
        names.try_fold(self, |node, name| node.children.get(name))
    }

    /// An error for each name in this directory that is not UTF-8.
    pub(super) fn unnamed(
        &self,
        path: &RealPath,
    ) -> impl Iterator<Item = Result<crate::root::Entry, RootError>> {
        let path = path.as_str().trim_end_matches('/').to_owned();
        self.unnamed
            .iter()
            .map(move |name| Err(RootError::NotUtf8 { path: format!("{path}/{name}") }))
    }

    /// Puts the layer with this number on top.
    pub(super) fn apply(&mut self, layer: usize, entries: &[LayerEntry]) -> Result<(), String> {
        let placed = entries.iter().map(|entry| (split(&entry.path), entry));
        let (removing, adding): (Vec<_>, Vec<_>) =
            placed.partition(|((_, name), _)| name.starts_with(WHITEOUT));
        for ((directory, name), _) in removing {
            let Some(directory) = self.existing(directory)? else { continue };
            if name == OPAQUE {
                directory.children.clear();
                directory.unnamed.clear();
            } else if !name.starts_with(RESERVED) {
                directory.children.remove(&name[WHITEOUT.len()..]);
            }
        }
        adding
            .into_iter()
            .try_for_each(|((directory, name), entry)| self.add(directory, name, layer, entry))
    }

    fn add(
        &mut self,
        directory: &str,
        name: &str,
        layer: usize,
        entry: &LayerEntry,
    ) -> Result<(), String> {
        let node = match &entry.kind {
            EntryKind::Directory => Node::new(Kind::Directory, entry.mode),
            EntryKind::Link(target) => Node::new(Kind::Link(target.clone()), entry.mode),
            EntryKind::Special => Node::new(Kind::Special, entry.mode),
            EntryKind::File { offset, size, has_capabilities } => {
                let (offset, size, has_capabilities) = (*offset, *size, *has_capabilities);
                Node::file(entry.mode, Stored { layer, offset, size, has_capabilities })
            }
            EntryKind::HardLink(target) => self.linked(target)?,
            EntryKind::Unnamed => {
                self.created(directory)?.unnamed.push(name.to_owned());
                return Ok(());
            }
        };
        if name.is_empty() {
            self.meta.mode = entry.mode;
            return Ok(());
        }
        let directory = self.created(directory)?;
        match directory.children.get_mut(name) {
            Some(known) if known.is_directory() && node.is_directory() => known.meta = node.meta,
            _ => drop(directory.children.insert(name.to_owned(), node)),
        }
        Ok(())
    }

    fn file(mode: u32, stored: Stored) -> Node {
        let mut node = Node::new(Kind::File, mode);
        node.meta.size = stored.size;
        node.stored = Some(stored);
        node
    }

    fn is_directory(&self) -> bool {
        self.meta.kind == Kind::Directory
    }

    /// Another name for an entry that is there. Of links and special files, tar stores hard links too.
    fn linked(&mut self, target: &str) -> Result<Node, String> {
        let (directory, name) = split(target);
        let found = self.existing(directory)?.and_then(|directory| directory.children.get(name));
        let found = found.filter(|node| !node.is_directory());
        let found =
            found.ok_or_else(|| format!("a hard link leads to {target:?}, which is not there"))?;
        let mut node = Node::new(found.meta.kind.clone(), found.meta.mode);
        (node.meta.size, node.stored) = (found.meta.size, found.stored.clone());
        Ok(node)
    }

    /// The directory at a path, links followed; `None` if it is not there.
    fn existing(&mut self, path: &str) -> Result<Option<&mut Node>, String> {
        let names = self.real(path)?;
        let mut names = names.iter();
        let found = names.try_fold(self, |node, name| node.children.get_mut(name));
        Ok(found.filter(|node| node.is_directory()))
    }

    /// The directory at a path, links followed. Those on the way exist from now on.
    fn created(&mut self, path: &str) -> Result<&mut Node, String> {
        let names = self.real(path)?;
        Ok(names.into_iter().fold(self, |node, name| {
            let child = node.children.entry(name).or_insert_with(Node::directory);
            if !child.is_directory() {
                *child = Node::directory();
            }
            child
        }))
    }

    /// The names on the way to a path of this tree when its links are followed, as far as it exists.
    fn real(&self, path: &str) -> Result<Vec<String>, String> {
        let mut pending: Vec<String> = components(path).map(str::to_owned).collect();
        pending.reverse();
        let mut names: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(name) = pending.pop() {
            if name == ".." {
                names.pop();
                continue;
            }
            names.push(name);
            let node = self.below(names.iter().map(String::as_str));
            let Some(Kind::Link(target)) = node.map(|node| &node.meta.kind) else { continue };
            links += 1;
            if links > MOST_LINKS {
                return Err(format!("too many links lead to {path:?}"));
            }
            names.pop();
            if target.starts_with('/') {
                names.clear();
            }
            pending.extend(components(target).rev().map(str::to_owned));
        }
        Ok(names)
    }
}

/// The directory and the name of a path.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn components(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|part| !matches!(*part, "" | "."))
}
