//! A root: the one place where links are followed, and the only reader of the disk.
//!
//! [`Tree`] is primitive access that never follows a link. [`Root`] adds resolution as in
//! path_resolution(7): an absolute target starts again at the root, `..` stops at the root, and
//! more than 40 links are an error. A missing file is a value; a forbidden one is an error.
//!
//! Invariant: no path leads out of the root, nothing is written, and no failed read is lost: see
//! [`Root::take_failures`].

mod beneath;
mod directory;
mod failures;
mod grafts;
mod image;
pub mod memory;
mod os_release;
mod overlay;
pub mod pattern;
mod union;

use std::io;
use std::sync::{Arc, RwLock};

pub use directory::Directory;
use failures::Failures;
use grafts::Grafts;
pub use image::{DockerImage, Image, ImageError};
pub use overlay::Overlay;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
pub use union::Union;

use crate::path::{RealPath, WrittenPath};

/// More links than this in one resolution are a loop, as in Linux (`MAXSYMLINKS`).
const MOST_LINKS: usize = 40;
/// A walk is split among threads once it has this many directories to walk.
const PARTS: usize = 32;

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

/// The reason why something in a root cannot be read. Every path is inside the root.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RootError {
    /// More than 40 links on the way (`ELOOP` in path_resolution(7)).
    #[error("{path}: too many levels of symbolic links")]
    Loop {
        /// The path as it was written.
        path: String,
    },
    /// The current user has no permission to read it.
    #[error("{path}: permission denied")]
    Forbidden {
        /// The unreadable file or directory.
        path: String,
    },
    /// The name is not UTF-8, and every path of a bundle must be.
    #[error("{path}: the name is not UTF-8")]
    NotUtf8 {
        /// The path with the wrong bytes replaced.
        path: String,
    },
    /// There is a device, a pipe or a directory where a file is expected.
    #[error("{path}: cannot open: not a regular file")]
    NotFile {
        /// The path of the entry.
        path: String,
    },
    /// There is a large file where a small one is expected.
    #[error("{path}: cannot read: larger than {limit} bytes")]
    TooLarge {
        /// The path of the file.
        path: String,
        /// The largest accepted size, in bytes.
        limit: u64,
    },
    /// A system call failed. The message has only the kind of the error, which is the same on every
    /// host.
    #[error("{path}: cannot {operation}: {}", source.kind())]
    Io {
        /// The path of the file or directory.
        path: String,
        /// The operation as a verb, such as `open`.
        operation: &'static str,
        /// The error of the system call.
        source: Arc<io::Error>,
    },
}

impl RootError {
    /// The path inside the root that could not be read.
    pub fn path(&self) -> &str {
        match self {
            RootError::Loop { path }
            | RootError::Forbidden { path }
            | RootError::NotUtf8 { path }
            | RootError::NotFile { path }
            | RootError::TooLarge { path, .. }
            | RootError::Io { path, .. } => path,
        }
    }

    /// Whether something is there that could not be read. A loop of links leads nowhere, like a link
    /// to a missing file.
    pub fn is_failure(&self) -> bool {
        match self {
            RootError::Loop { .. } | RootError::NotFile { .. } => false,
            RootError::Forbidden { .. }
            | RootError::NotUtf8 { .. }
            | RootError::TooLarge { .. } => true,
            RootError::Io { source, .. } => {
                !matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
            }
        }
    }

    /// The message without the path, for a finding whose subject is the path.
    pub fn reason(&self) -> String {
        let message = self.to_string();
        let reason = message.strip_prefix(self.path()).and_then(|rest| rest.strip_prefix(": "));
        reason.map(str::to_owned).unwrap_or(message)
    }

    /// The error of a failed `operation`, a verb, on the file at `path` inside the root.
    pub fn io(path: impl ToString, operation: &'static str, error: io::Error) -> RootError {
        let path = path.to_string();
        if error.kind() == io::ErrorKind::PermissionDenied {
            return RootError::Forbidden { path };
        }
        RootError::Io { path, operation, source: Arc::new(error) }
    }
}

/// Positioned reads of one open file.
pub trait Content: Send + Sync {
    /// Reads at `offset` until `buffer` is full or the file ends; returns the number of bytes read.
    /// A file that ends before its size is an error.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize>;
    /// The size in bytes when the file was opened.
    fn size(&self) -> u64;
}

impl<C: Content + ?Sized> Content for &C {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        (**self).read_at(buffer, offset)
    }

    fn size(&self) -> u64 {
        (**self).size()
    }
}

impl<C: Content + ?Sized> Content for Box<C> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        (**self).read_at(buffer, offset)
    }

    fn size(&self) -> u64 {
        (**self).size()
    }
}

/// The vector is the content of a file in memory.
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

/// A content with a position, for readers of archives: it implements `Read` and `Seek`.
pub struct Cursor {
    content: Box<dyn Content>,
    position: u64,
}

impl Cursor {
    /// A cursor at the start of `content`.
    pub fn new(content: Box<dyn Content>) -> Cursor {
        Cursor { content, position: 0 }
    }
}

impl io::Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl io::Seek for Cursor {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let position = match to {
            io::SeekFrom::Start(at) => Some(at),
            io::SeekFrom::End(by) => self.content.size().checked_add_signed(by),
            io::SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

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
        let mut pending: Vec<String> = path.as_str().split('/').rev().map(str::to_owned).collect();
        let mut at = RealPath::root();
        let mut meta = Meta { kind: Kind::Directory, mode: 0o755, size: 0 };
        let mut links = Vec::new();
        while let Some(part) = pending.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    at = at.parent().unwrap_or_else(RealPath::root);
                    meta.kind = Kind::Directory;
                    continue;
                }
                name if name.contains('\0') || meta.kind != Kind::Directory => return Ok(None),
                name => {
                    let next = at.join(name);
                    let Some(found) = self.look(&next)? else { return Ok(None) };
                    let last = pending.iter().all(|rest| rest.is_empty());
                    if let (Kind::Link(target), true) = (&found.kind, follow_last || !last) {
                        if links.len() == MOST_LINKS {
                            return Err(RootError::Loop { path: path.to_string() });
                        }
                        links.push(Crossed { at: next, target: target.clone() });
                        if target.starts_with('/') {
                            at = RealPath::root();
                        }
                        pending.extend(target.split('/').rev().map(str::to_owned));
                    } else {
                        (at, meta) = (next, found);
                    }
                }
            }
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
        self.read(&found.path, limit)
            .map(|bytes| Some(String::from_utf8_lossy(&bytes).into_owned()))
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
