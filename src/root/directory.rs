//! A directory of the host as a tree.
//!
//! Invariant: every entry is opened through [`Beneath`], so what is read is in the directory.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the reader of the disk")]

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType, OFlags, fgetxattr, readlinkat, statat};
use rustix::io::Errno;
use rustix::path::Arg;

use super::beneath::Beneath;
use super::{Content, Entry, Kind, Meta, RootError, Tree};
use crate::path::{OF_KERNEL, RealPath};

/// A tree below a host directory, read with `openat2`, `fstat`, `readlinkat` and `pread`.
#[derive(Clone)]
pub struct Directory {
    base: PathBuf,
    beneath: Arc<Beneath>,
    skip: Vec<PathBuf>,
}

impl Directory {
    /// The tree below `base`, which is made absolute and free of links once, here. `skip` are host
    /// directories that do not belong to the tree: our own output. Below `/` they are also `/proc`,
    /// `/sys` and `/dev`.
    ///
    /// # Errors
    /// `base` cannot be resolved or is no directory.
    pub fn open(base: &Path, skip: &[PathBuf]) -> io::Result<Directory> {
        let base = base.canonicalize()?;
        let beneath = Arc::new(Beneath::new(&base)?);
        let mut skip = skip.to_vec();
        if base == Path::new("/") {
            skip.extend(OF_KERNEL.map(PathBuf::from));
        }
        Ok(Directory { base, beneath, skip })
    }

    /// The absolute path of the directory on the host.
    pub fn base(&self) -> &Path {
        &self.base
    }

    fn is_skipped(&self, path: &RealPath) -> bool {
        let host = self.base.join(path.relative());
        self.skip.contains(&host)
    }

    /// The entries of one directory, sorted by name; an error if one of its names cannot be read.
    fn list(&self, directory: &RealPath) -> Vec<Result<Entry, RootError>> {
        match self.names(directory) {
            Ok((opened, names)) => {
                names.iter().map(|name| entry(&opened, directory, name)).collect()
            }
            Err(error) => vec![Err(RootError::io(directory, "list", error))],
        }
    }

    fn names(&self, directory: &RealPath) -> io::Result<(Dir, Vec<CString>)> {
        let mut opened =
            Dir::new(self.beneath.open(directory, OFlags::RDONLY | OFlags::DIRECTORY)?)?;
        let mut names = Vec::new();
        while let Some(entry) = opened.read() {
            let name = entry?.file_name().to_owned();
            if ![c".", c".."].contains(&name.as_c_str()) {
                names.push(name);
            }
        }
        names.sort_unstable();
        Ok((opened, names))
    }

    fn is_file(&self, path: &RealPath) -> bool {
        matches!(self.lookup(path), Ok(Some(Meta { kind: Kind::File, .. })))
    }
}

/// The entry `name` of an open directory.
fn entry(opened: &Dir, directory: &RealPath, name: &CStr) -> Result<Entry, RootError> {
    let Ok(text) = name.to_str() else {
        let path =
            format!("{}/{}", directory.as_str().trim_end_matches('/'), name.to_string_lossy());
        return Err(RootError::NotUtf8 { path });
    };
    let path = directory.join(text);
    match opened.fd().map_err(io::Error::from).and_then(|opened| meta(opened, name)) {
        Ok(meta) => Ok(Entry { path, meta }),
        Err(error) => Err(RootError::io(&path, "stat", error)),
    }
}

/// The metadata of the entry `name`, which is not followed.
fn meta(directory: impl AsFd, name: impl Arg + Copy) -> io::Result<Meta> {
    let stat = statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => {
            let target = readlinkat(&directory, name, Vec::new())?.into_string();
            Kind::Link(target.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?)
        }
        _ => Kind::Special,
    };
    Ok(Meta { kind, mode: stat.st_mode & 0o7777, size: stat.st_size.cast_unsigned() })
}

impl Tree for Directory {
    fn lookup(&self, path: &RealPath) -> Result<Option<Meta>, RootError> {
        let name = if path.name().is_empty() { "." } else { path.name() };
        let parent = self.beneath.parent(&path.parent().unwrap_or_else(RealPath::root));
        match parent.and_then(|parent| meta(parent, name)) {
            Ok(meta) => Ok(Some(meta)),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(RootError::io(path, "stat", error)),
        }
    }

    fn has_capabilities(&self, path: &RealPath) -> Result<bool, RootError> {
        let mut value = [0_u8; 64];
        let file = self.beneath.open(path, FILE);
        match file.and_then(|file| Ok(fgetxattr(&file, "security.capability", &mut value)?)) {
            Ok(length) => Ok(length > 0),
            Err(error) if is_without_attributes(&error) => Ok(false),
            Err(error) => Err(RootError::io(path, "read the attributes of", error)),
        }
    }

    fn open(&self, path: &RealPath) -> Result<Box<dyn Content>, RootError> {
        let opened = self.beneath.open(path, FILE).and_then(OpenFile::new);
        match opened {
            Ok(Some(file)) => Ok(Box::new(file)),
            Ok(None) => Err(RootError::NotFile { path: path.to_string() }),
            Err(error) => Err(RootError::io(path, "open", error)),
        }
    }

    fn walk(
        &self,
        top: &RealPath,
        depth: usize,
        enter: &dyn Fn(&str) -> bool,
    ) -> Vec<Result<Entry, RootError>> {
        let wanted = |entry: &Entry| {
            (entry.meta.kind != Kind::Directory || enter(entry.path.name()))
                && !self.is_skipped(&entry.path)
        };
        let mut all = Vec::new();
        let mut first = self.list(top);
        // Nothing is below a file.
        if matches!(first[..], [Err(_)]) && self.is_file(top) {
            first.clear();
        }
        let mut levels = vec![first.into_iter()];
        while let Some(level) = levels.last_mut() {
            match level.next() {
                None => drop(levels.pop()),
                Some(Ok(entry)) if !wanted(&entry) => {}
                Some(found) => {
                    let directory = found
                        .as_ref()
                        .ok()
                        .filter(|entry| entry.meta.kind == Kind::Directory && levels.len() < depth);
                    if let Some(directory) = directory {
                        levels.push(self.list(&directory.path).into_iter());
                    }
                    all.push(found);
                }
            }
        }
        all
    }
}

/// No such attribute, no attributes at all, or a sandbox without the system call.
fn is_without_attributes(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::NODATA | Errno::NOENT | Errno::NOTSUP | Errno::NOSYS | Errno::PERM))
}

/// For reading a file. `O_NONBLOCK` keeps a pipe from blocking that somebody puts in its place.
const FILE: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK);

struct OpenFile {
    file: File,
    size: u64,
}

impl OpenFile {
    /// `None` for an entry that is no regular file.
    fn new(file: OwnedFd) -> io::Result<Option<OpenFile>> {
        let file = File::from(file);
        let meta = file.metadata()?;
        Ok(meta.is_file().then(|| OpenFile { size: meta.len(), file }))
    }
}

impl Content for OpenFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        // The size at opening is the end, so no extra read is needed to find it.
        let rest = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let end = rest.min(buffer.len());
        let buffer = &mut buffer[..end];
        let mut done = 0;
        while done < buffer.len() {
            match self.file.read_at(&mut buffer[done..], offset + done as u64) {
                // Something cut the file short since it was opened.
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn size(&self) -> u64 {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::fs::{CWD, RenameFlags, renameat_with};

    use super::*;

    /// More reads than this would only take longer.
    const READS: usize = 4000;

    /// Reads while a directory of the root and a link out of it change places.
    fn race(read: impl Fn(&Directory) -> Option<String>) {
        let top = tempfile::tempdir().unwrap();
        for side in ["inside", "outside"] {
            fs::create_dir_all(top.path().join(side).join("a/b")).unwrap();
            fs::write(top.path().join(side).join("a/b/file"), side).unwrap();
            fs::write(top.path().join(side).join("a/b").join(side), "").unwrap();
        }
        let base = top.path().join("inside");
        let (directory, link) = (base.join("a"), base.join("link"));
        symlink("../outside/a", &link).unwrap();
        let with = Directory::open(&base, &[]).unwrap();
        let slow = Arc::new(Beneath::new(&with.base).unwrap().without_openat2());
        let without = Directory { beneath: slow, ..with.clone() };
        let (done, mut answers) = (AtomicBool::new(false), BTreeSet::new());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    renameat_with(CWD, &directory, CWD, &link, RenameFlags::EXCHANGE).unwrap();
                }
            });
            for index in 0..READS {
                answers.insert(read(if index % 2 == 0 { &with } else { &without }));
            }
            done.store(true, Ordering::Relaxed);
        });
        assert_eq!(answers, BTreeSet::from([None, Some("inside".to_owned())]));
    }

    #[test]
    fn a_swapped_directory_is_read_below_the_root_or_not_at_all() {
        race(|directory| {
            let content = directory.open(&RealPath::known("/a/b/file")).ok()?;
            let mut bytes = [0; 16];
            let count = content.read_at(&mut bytes, 0).unwrap();
            Some(String::from_utf8(bytes[..count].to_vec()).unwrap())
        });
    }

    #[test]
    fn a_swapped_directory_is_listed_below_the_root_or_not_at_all() {
        race(|directory| {
            let found = directory.walk(&RealPath::known("/a"), 2, &|_| true);
            let all: Option<Vec<Entry>> = found.into_iter().collect::<Result<_, _>>().ok();
            Some(all?.last()?.path.name().to_owned()).filter(|name| name != "file")
        });
    }
}
