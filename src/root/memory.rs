//! A tree in memory, written as text with one entry a line: `/path = content`, `/path -> target` or
//! `/directory`. `/path !denied` is a file without read permission, or a directory if other lines
//! are below it. `/path !capable` gives a file capabilities.
//!
//! It serves unit tests, integration tests and fuzz targets, here and in programs that use the
//! library. It is a public module and not a cargo feature, because it adds no dependency and every
//! test would have to enable the feature.
//!
//! ```
//! use wheelbarrow::path::WrittenPath;
//! use wheelbarrow::root::Root;
//! use wheelbarrow::root::memory::Memory;
//!
//! let root = Root::new(Memory::parse("/usr/lib/libz.so.1 = text\n/lib -> usr/lib"));
//! let found = root.resolve(&WrittenPath::new("/lib/libz.so.1")).unwrap().unwrap();
//! assert_eq!(found.path.as_str(), "/usr/lib/libz.so.1");
//! ```
//!
//! Invariant: nothing here touches the disk.

use std::collections::{BTreeMap, BTreeSet};

use super::{Content, Entry, Kind, Meta, RootError, Tree};
use crate::path::RealPath;

/// Files, links and directories by path. The parents of an entry exist without a line of their own.
#[derive(Default)]
pub struct Memory {
    entries: BTreeMap<RealPath, (Kind, Vec<u8>)>,
    /// Entries that exist, but may not be opened or listed.
    denied: BTreeSet<RealPath>,
    /// Files with capabilities (capabilities(7)).
    capable: BTreeSet<RealPath>,
}

impl Memory {
    /// Reads the text form. The two characters `\n` in a content stand for a newline.
    ///
    /// # Panics
    /// A path is not absolute or has empty, `.` or `..` components.
    pub fn parse(text: &str) -> Memory {
        let mut memory = Memory::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some((path, target)) = line.split_once(" -> ") {
                memory.insert(path, Kind::Link(target.to_owned()), Vec::new());
            } else if let Some(path) = line.strip_suffix(" !capable") {
                memory.capable.insert(RealPath::known(path));
            } else if let Some(path) = line.strip_suffix(" !denied") {
                memory.denied.insert(RealPath::known(path));
            } else if let Some((path, content)) = line.split_once(" =") {
                memory.file(path, content.trim_start().replace("\\n", "\n"));
            } else {
                memory.insert(line, Kind::Directory, Vec::new());
            }
        }
        // A denied path without lines below it is a file.
        for path in memory.denied.clone() {
            if !memory.entries.contains_key(&path) {
                memory.insert(path.as_str(), Kind::File, Vec::new());
            }
        }
        memory
    }

    /// Checks the permissions of a user other than root: to open `path` and to search its parents.
    fn permit(&self, path: &RealPath, open: bool) -> Result<(), RootError> {
        let denied = (open && self.denied.contains(path))
            || path.ancestors().any(|above| self.denied.contains(&above));
        if denied { Err(RootError::Forbidden { path: path.to_string() }) } else { Ok(()) }
    }

    /// Adds a file with any bytes, and the directories above it.
    ///
    /// # Panics
    /// As [`Memory::parse`].
    pub fn file(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        self.insert(path, Kind::File, content.into());
    }

    fn insert(&mut self, path: &str, kind: Kind, content: Vec<u8>) {
        let path = RealPath::known(path);
        for parent in path.ancestors() {
            self.entries.entry(parent).or_insert((Kind::Directory, Vec::new()));
        }
        self.entries.insert(path, (kind, content));
    }
}

impl Tree for Memory {
    fn lookup(&self, path: &RealPath) -> Result<Option<Meta>, RootError> {
        self.permit(path, false)?;
        Ok(self.entries.get(path).map(|(kind, content)| Meta {
            kind: kind.clone(),
            mode: if *kind == Kind::Directory { 0o755 } else { 0o644 },
            size: content.len() as u64,
        }))
    }

    fn has_capabilities(&self, path: &RealPath) -> Result<bool, RootError> {
        Ok(self.capable.contains(path))
    }

    fn open(&self, path: &RealPath) -> Result<Box<dyn Content>, RootError> {
        self.permit(path, true)?;
        match self.entries.get(path) {
            Some((Kind::File, content)) => Ok(Box::new(content.clone())),
            _ => Err(RootError::NotFile { path: path.to_string() }),
        }
    }

    fn walk(
        &self,
        top: &RealPath,
        depth: usize,
        enter: &dyn Fn(&str) -> bool,
    ) -> Vec<Result<Entry, RootError>> {
        let inside = |path: &RealPath| {
            path.below(top).is_some_and(|rest| {
                !rest.is_empty() && rest.matches('/').count() < depth && rest.split('/').all(enter)
            })
        };
        let readable = |path: &RealPath| self.permit(path, false).is_ok();
        let entry = |path: &RealPath| {
            let meta = self.lookup(path)?.expect("a key is an entry");
            Ok(Entry { path: path.clone(), meta })
        };
        let entries = self.entries.keys().filter(|path| inside(path) && readable(path)).map(entry);
        // A walk opens a directory only if it is deep enough to list it.
        let opened = self.denied.iter().filter(|path| {
            matches!(self.entries.get(*path), Some((Kind::Directory, _)))
                && inside(&path.join("entry"))
        });
        let denied = opened.map(|path| Err(RootError::Forbidden { path: path.to_string() }));
        entries.chain(denied).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::WrittenPath;
    use crate::root::Root;

    #[test]
    fn denied_is_there_and_cannot_be_read() {
        let root =
            Root::new(Memory::parse("/a/f !denied\n/d/x/f = x\n/d/g = g\n/d !denied\n/e = x"));
        let read = |path: &str| match root.read_text(path, 9) {
            Ok(text) => text.unwrap_or_default(),
            Err(error) => error.to_string(),
        };
        assert!(root.is_file(&WrittenPath::new("/a/f")));
        assert_eq!(read("/a/f"), "/a/f: permission denied");
        assert_eq!(read("/d/g"), "/d/g: permission denied");
        assert_eq!(read("/e"), "x");
        let walked: Vec<String> = root
            .walk(&RealPath::root(), |_| true)
            .into_iter()
            .map(|entry| {
                entry.map_or_else(|error| error.to_string(), |entry| entry.path.to_string())
            })
            .collect();
        assert_eq!(walked, ["/a", "/d", "/e", "/a/f", "/d: permission denied"]);
    }
}
