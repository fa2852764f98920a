//! The primitive access on which a root is built, and its entries.
//!
//! Invariant: no link is followed.

use std::sync::Arc;

use super::{Content, RootError};
use crate::path::RealPath;

/// The kind of an entry in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link with its target as written.
    Link(String),
    /// A device, socket or pipe.
    Special,
}

/// An entry as `lstat(2)` sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// File, directory, link or special file.
    pub kind: Kind,
    /// The permission bits alone (`0o7777`).
    pub mode: u32,
    /// The size in bytes; for a link, the length of its target.
    pub size: u64,
}

/// One entry that a walk found.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The path inside the root.
    pub path: RealPath,
    /// The metadata of the entry itself: a link is not followed.
    pub meta: Meta,
}

/// Primitive access to one tree. No method follows a link.
pub trait Tree: Send + Sync {
    /// The metadata of an entry; `None` if it does not exist.
    fn lookup(&self, path: &RealPath) -> Result<Option<Meta>, RootError>;
    /// Whether a file has capabilities (capabilities(7), the attribute `security.capability`).
    fn has_capabilities(&self, _path: &RealPath) -> Result<bool, RootError> {
        Ok(false)
    }
    /// Opens a regular file.
    fn open(&self, path: &RealPath) -> Result<Box<dyn Content>, RootError>;
    /// Everything below `top` (not `top` itself), sorted by name, at most `depth` levels deep. Only
    /// directories whose name `enter` accepts are entered. An unreadable entry is an error among
    /// the others.
    fn walk(
        &self,
        top: &RealPath,
        depth: usize,
        enter: &dyn Fn(&str) -> bool,
    ) -> Vec<Result<Entry, RootError>>;
}

impl<T: Tree + ?Sized> Tree for Arc<T> {
    fn lookup(&self, path: &RealPath) -> Result<Option<Meta>, RootError> {
        (**self).lookup(path)
    }

    fn has_capabilities(&self, path: &RealPath) -> Result<bool, RootError> {
        (**self).has_capabilities(path)
    }

    fn open(&self, path: &RealPath) -> Result<Box<dyn Content>, RootError> {
        (**self).open(path)
    }

    fn walk(
        &self,
        top: &RealPath,
        depth: usize,
        enter: &dyn Fn(&str) -> bool,
    ) -> Vec<Result<Entry, RootError>> {
        (**self).walk(top, depth, enter)
    }
}
