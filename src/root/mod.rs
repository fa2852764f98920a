//! A root: the one place where links are followed, and the only reader of the disk.
//!
//! [`Tree`] is primitive access that never follows a link. [`Root`] adds resolution as in
//! path_resolution(7): an absolute target starts again at the root, `..` stops at the root, and
//! more than 40 links are an error. A missing file is a value; a forbidden one is an error.
//!
//! Invariant: no path leads out of the root, nothing is written, and no failed read is lost: see
//! [`Root::take_failures`].

mod beneath;
mod content;
mod directory;
mod error;
mod failures;
mod grafts;
mod image;
pub mod memory;
mod os_release;
mod overlay;
pub mod pattern;
mod tree;
mod union;

use std::sync::{Arc, RwLock};

pub use content::{Content, Cursor};
pub use directory::Directory;
pub use error::RootError;
use failures::Failures;
use grafts::Grafts;
pub use image::{DockerImage, Image, ImageError};
pub use overlay::Overlay;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
pub use tree::{Entry, Kind, Meta, Tree};
pub use union::Union;

use crate::path::{RealPath, WrittenPath};

/// More links than this in one resolution are a loop, as in Linux (`MAXSYMLINKS`).
const MOST_LINKS: usize = 40;
/// A walk is split among threads once it has this many directories to walk.
const PARTS: usize = 32;

/// A link that was crossed on the way to a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crossed {
    /// The path of the link itself.
    pub at: RealPath,
    /// Its target as written.
    pub target: String,
}

/// The entry that a written path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The path with all links followed.
    pub path: RealPath,
    /// The metadata of the entry.
    pub meta: Meta,
    /// The links on the way, in order, with those in parent directories.
    pub links: Vec<Crossed>,
}

/// A tree with link resolution.
pub struct Root {
    tree: Grafts,
    // The same directories are looked up thousands of times, and metadata is small: it is kept.
    known: RwLock<FxHashMap<RealPath, Arc<Option<Meta>>>>,
    failures: Failures,
}

impl Root {
    /// A root on top of a tree that does not change while it is read.
    pub fn new(tree: impl Tree + 'static) -> Root {
        Root { tree: Grafts::new(tree), known: RwLock::default(), failures: Failures::default() }
    }

    /// The same root, which continues the record of another one.
    #[must_use]
    pub fn with_failures_of(self, other: &Root) -> Root {
        Root { failures: other.failures.clone(), ..self }
    }

    /// The reads that failed since this was asked last, sorted by path. Whoever answers from a root
    /// takes them at the end and reports them: something is there, and nothing is known about it.
    pub fn take_failures(&self) -> Vec<RootError> {
        self.failures.take()
    }

    /// Forgets failures that say nothing about the answer.
    pub(crate) fn forget_failures(&self, is_forgotten: impl FnMut(&RootError) -> bool) {
        self.failures.forget(is_forgotten);
    }

    /// Records an error, if it is a failure.
    fn record(&self, error: &RootError) {
        if error.is_failure() {
            self.failures.record(error);
        }
    }

    fn recorded<T>(&self, result: Result<T, RootError>) -> Result<T, RootError> {
        result.inspect_err(|error| self.record(error))
    }

    /// From now on the link at `link` is seen as the entry at `target`, as if that had been copied
    /// there.
    pub fn graft(&self, link: RealPath, target: RealPath) {
        // Nothing below a link has been looked up: its own path is all that is known.
        self.known.write().expect("no holder panics").remove(&link);
        self.tree.insert(link, target);
    }

    /// The metadata at a link-free path, as `lstat(2)` has it; `None` if nothing is there.
    ///
    /// # Errors
    /// A parent directory cannot be searched, or the system call fails.
    pub fn lookup(&self, path: &RealPath) -> Result<Option<Meta>, RootError> {
        self.recorded(self.look(path))
    }

    /// Like [`Root::lookup`], without a record of a failure: something else follows that has one.
    pub(crate) fn look(&self, path: &RealPath) -> Result<Option<Meta>, RootError> {
        if let Some(meta) = self.known.read().expect("no holder panics").get(path) {
            return Ok(Option::clone(meta));
        }
        let meta = self.tree.lookup(path)?;
        self.known.write().expect("no holder panics").insert(path.clone(), Arc::new(meta.clone()));
        Ok(meta)
    }

    /// Follows `path` to its end; `None` if a part of the way does not exist.
    ///
    /// # Errors
    /// There are too many links, or a part of the way cannot be read.
    pub fn resolve(&self, path: &WrittenPath) -> Result<Option<Resolved>, RootError> {
        self.recorded(self.follow(path, true))
    }

    /// Like [`Root::resolve`], for one of several places that are tried: one that the user may not
    /// enter is no failure, because loaders and shells pass it over too (`EACCES`).
    ///
    /// # Errors
    /// As [`Root::resolve`].
    pub fn search(&self, path: &WrittenPath) -> Result<Option<Resolved>, RootError> {
        match self.follow(path, true) {
            Err(error @ RootError::Forbidden { .. }) => Err(error),
            found => self.recorded(found),
        }
    }

    /// Like [`Root::resolve`], but a link in the last component is not followed: it is the answer.
    ///
    /// # Errors
    /// As [`Root::resolve`].
    pub fn resolve_parent(&self, path: &WrittenPath) -> Result<Option<Resolved>, RootError> {
        self.recorded(self.follow(path, false))
    }

    fn follow(&self, path: &WrittenPath, follow_last: bool) -> Result<Option<Resolved>, RootError> {
        let mut pending = path.as_str().to_owned();
        let mut start = 0;
        let mut at = RealPath::root();
        let mut meta = Meta { kind: Kind::Directory, mode: 0o755, size: 0 };
        let mut links = Vec::new();
        while let Some(rest) = pending.get(start..) {
            let part = rest.split('/').next().unwrap_or_default();
            let after = start + part.len() + 1;
            match part {
                "" | "." => {}
                ".." => {
                    at = at.parent().unwrap_or_else(RealPath::root);
                    meta.kind = Kind::Directory;
                }
                name if name.contains('\0') || meta.kind != Kind::Directory => return Ok(None),
                name => {
                    let next = at.join(name);
                    let Some(found) = self.look(&next)? else { return Ok(None) };
                    let rest = pending.get(after..).unwrap_or_default();
                    let last = rest.bytes().all(|byte| byte == b'/');
                    if let (Kind::Link(target), true) = (&found.kind, follow_last || !last) {
                        if links.len() == MOST_LINKS {
                            return Err(RootError::Loop { path: path.to_string() });
                        }
                        links.push(Crossed { at: next, target: target.clone() });
                        if target.starts_with('/') {
                            at = RealPath::root();
                        }
                        (pending, start) = (format!("{target}/{rest}"), 0);
                        continue;
                    }
                    (at, meta) = (next, found);
                }
            }
            start = after;
        }
        Ok(Some(Resolved { path: at, meta, links }))
    }

    /// Opens a regular file at a link-free path.
    ///
    /// # Errors
    /// It is absent, forbidden or no regular file.
    pub fn open(&self, path: &RealPath) -> Result<Box<dyn Content>, RootError> {
        // Whoever opens a file has seen it: one that is gone now is a failure too.
        let opened = self.tree.open(path).inspect_err(|error| self.failures.record(error));
        let content = opened?;
        Ok(self.failures.watch(content, path))
    }

    /// Whether a file has capabilities (capabilities(7)). A file system without such attributes has
    /// none.
    ///
    /// # Errors
    /// The attribute cannot be read.
    pub fn has_capabilities(&self, path: &RealPath) -> Result<bool, RootError> {
        self.recorded(self.tree.has_capabilities(path))
    }

    /// Reads the whole of a small file, such as metadata.
    ///
    /// # Errors
    /// It cannot be opened or read, or it has more than `limit` bytes.
    pub fn read(&self, path: &RealPath, limit: u64) -> Result<Vec<u8>, RootError> {
        let content = self.open(path)?;
        let size = content.size();
        let allowed = usize::try_from(size).ok().filter(|_| size <= limit);
        let too_large = || RootError::TooLarge { path: path.to_string(), limit };
        let mut bytes = vec![0; self.recorded(allowed.ok_or_else(too_large))?];
        let got =
            content.read_at(&mut bytes, 0).map_err(|error| RootError::io(path, "read", error))?;
        bytes.truncate(got);
        Ok(bytes)
    }

    /// Reads the text of a small file, following links; `None` if it does not exist or is no
    /// regular file. Bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// As [`Root::resolve`] and [`Root::read`].
    pub fn read_text(&self, path: &str, limit: u64) -> Result<Option<String>, RootError> {
        let Some(found) = self.resolve(&WrittenPath::new(path))? else { return Ok(None) };
        if found.meta.kind != Kind::File {
            return Ok(None);
        }
        self.read(&found.path, limit).map(|bytes| Some(text_of(bytes)))
    }

    /// The entries of a directory, sorted by name. An unreadable entry is an error among the
    /// others.
    pub fn list(&self, directory: &RealPath) -> Vec<Result<Entry, RootError>> {
        self.remember(self.tree.walk(directory, 1, &|_| true))
    }

    /// Everything below `top`. Only directories whose name `enter` accepts are entered. The upper
    /// levels come first, then the content of each directory below them.
    pub fn walk(
        &self,
        top: &RealPath,
        enter: impl Fn(&str) -> bool + Sync,
    ) -> Vec<Result<Entry, RootError>> {
        let mut level = vec![top.clone()];
        let mut all = Vec::new();
        // A site-packages folder is some levels down, so list levels until every thread has work.
        while (1..PARTS).contains(&level.len()) {
            let found: Vec<_> = level.iter().flat_map(|directory| self.list(directory)).collect();
            let directories = found
                .iter()
                .flatten()
                .filter(|entry| entry.meta.kind == Kind::Directory && enter(entry.path.name()));
            level = directories.map(|entry| entry.path.clone()).collect();
            all.extend(found);
        }
        let below: Vec<Vec<_>> = level
            .par_iter()
            .map(|directory| self.remember(self.tree.walk(directory, usize::MAX, &enter)))
            .collect();
        all.extend(below.into_iter().flatten());
        all
    }

    /// Keeps the metadata of found entries, so that a later lookup costs nothing, and records the
    /// failures among them.
    fn remember(&self, found: Vec<Result<Entry, RootError>>) -> Vec<Result<Entry, RootError>> {
        found.iter().filter_map(|one| one.as_ref().err()).for_each(|one| self.record(one));
        let mut known = self.known.write().expect("no holder panics");
        known.extend(
            found
                .iter()
                .flatten()
                .map(|entry| (entry.path.clone(), Arc::new(Some(entry.meta.clone())))),
        );
        found
    }

    /// Whether the path leads to a regular file. Errors count as no, and are recorded.
    pub fn is_file(&self, path: &WrittenPath) -> bool {
        matches!(self.resolve(path), Ok(Some(found)) if found.meta.kind == Kind::File)
    }

    /// Whether the path leads to a directory. Errors count as no, and are recorded.
    pub fn is_directory(&self, path: &WrittenPath) -> bool {
        matches!(self.resolve(path), Ok(Some(found)) if found.meta.kind == Kind::Directory)
    }
}

/// Nearly every text is UTF-8, and then it is neither copied nor searched byte by byte.
fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::memory::Memory;

    fn check(fixture: &str, path: &str, expect: &str) {
        let root = Root::new(Memory::parse(fixture));
        let answer = match root.resolve(&WrittenPath::new(path)) {
            Ok(Some(found)) => found.path.to_string(),
            Ok(None) => "missing".to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(answer, expect, "{path} in\n{fixture}");
    }

    #[test]
    fn links_stay_inside() {
        check("/usr/lib/x = a\n/lib -> usr/lib", "/lib/x", "/usr/lib/x");
        check("/usr/lib/x = a\n/lib -> /usr/lib", "/lib/x", "/usr/lib/x");
        check("/etc/hosts = a\n/x/up -> ../../../../etc/hosts", "/x/up", "/etc/hosts");
        check("/a/b/c = x\n/l -> a/b", "/l/../b/c", "/a/b/c");
        check("/a/b = x", "/../../a/b", "/a/b");
    }

    #[test]
    fn a_missing_file_is_a_value() {
        check("/a = x", "/b", "missing");
        check("/a = x", "/a/b", "missing");
        check("/l -> nowhere", "/l", "missing");
    }

    #[test]
    fn loops_end() {
        check("/a -> b\n/b -> a", "/a", "/a: too many levels of symbolic links");
    }
}
