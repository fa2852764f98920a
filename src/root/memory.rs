//! A tree in memory, written as text in tests: `/path = content` and `/path -> target`, a line each.

use std::collections::BTreeMap;

use super::{Content, Entry, Kind, Meta, RootError, Tree};
use crate::path::RealPath;

/// Files and links by path; directories are implied.
#[derive(Default)]
pub struct Memory {
    entries: BTreeMap<RealPath, (Kind, Vec<u8>)>,
}

impl Memory {
    /// Reads the text form; `\n` inside a content is written as the two characters `\n`.
    pub fn parse(text: &str) -> Memory {
        let mut memory = Memory::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some((path, target)) = line.split_once(" -> ") {
                memory.insert(path, Kind::Link(target.to_owned()), Vec::new());
            } else if let Some((path, content)) = line.split_once(" =") {
                memory.file(path, content.trim_start().replace("\\n", "\n"));
            } else {
                memory.insert(line, Kind::Directory, Vec::new());
            }
        }
        memory
    }

    /// Adds a file.
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
        Ok(self.entries.get(path).map(|(kind, content)| Meta {
            kind: kind.clone(),
            mode: if *kind == Kind::Directory { 0o755 } else { 0o644 },
            size: content.len() as u64,
        }))
    }

    fn open(&self, path: &RealPath) -> Result<Box<dyn Content>, RootError> {
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
        let paths = self.entries.keys().filter(|path| inside(path));
        paths
            .map(|path| {
                Ok(Entry {
                    path: path.clone(),
                    meta: self.lookup(path)?.expect("a key is an entry"),
                })
            })
            .collect()
    }
}

impl Content for Vec<u8> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let count = buffer.len().min(self.len() - from);
        buffer[..count].copy_from_slice(&self[from..from + count]);
        Ok(count)
    }

    fn size(&self) -> u64 {
        self.len() as u64
    }
}
