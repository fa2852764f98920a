//! Entries below one directory of the host, opened so that no link leads out of it.
//!
//! A path without links is looked up by name, and meanwhile a program can put a link in place of one of its
//! directories. openat2(2) with `RESOLVE_NO_SYMLINKS` refuses such a link. Linux before 5.6, gVisor and the seccomp
//! filter of Docker before 20.10 have no openat2; there each component is opened by itself.
//!
//! Invariant: everything that is opened is in the directory, whatever changes in it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::{Arc, RwLock};

use rustc_hash::FxHashMap;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, open, openat, openat2, statat};
use rustix::io::Errno;

use crate::path::RealPath;

/// So many directories are kept open for lookups. A process may have 1024 open files (getrlimit(2)).
const MOST_OPEN: usize = 128;

/// A directory of the host.
pub(super) struct Beneath {
    top: OwnedFd,
    has_openat2: bool,
    // Thousands of entries are looked up in the same directories.
    parents: RwLock<FxHashMap<RealPath, Arc<OwnedFd>>>,
}

impl Beneath {
    /// The directory `top`, which has no links in its path.
    pub(super) fn new(top: &Path) -> io::Result<Beneath> {
        let top = open(top, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let has_openat2 = open_whole(top.as_fd(), ".", OFlags::PATH).is_ok();
        Ok(Beneath { top, has_openat2, parents: RwLock::default() })
    }

    /// As where the kernel or a sandbox has no openat2.
    #[cfg(test)]
    pub(super) fn without_openat2(self) -> Beneath {
        Beneath { has_openat2: false, ..self }
    }

    /// Opens the entry at a link-free path. A link in its last component is opened only with
    /// `O_PATH`, as itself; any other link is an error.
    pub(super) fn open(&self, path: &RealPath, flags: OFlags) -> io::Result<OwnedFd> {
        let relative = if path.relative().is_empty() { "." } else { path.relative() };
        Ok(self.open_relative(relative, flags)?)
    }

    /// The directory at a link-free path, for looking up many of its entries.
    pub(super) fn parent(&self, path: &RealPath) -> io::Result<Arc<OwnedFd>> {
        if let Some(known) = self.parents.read().expect("no holder panics").get(path) {
            return Ok(Arc::clone(known));
        }
        // With a component behind it, a link is an error and no missing directory.
        let within = format!("{}/.", path.relative());
        let opened = Arc::new(self.open_relative(within.trim_start_matches('/'), OFlags::PATH)?);
        let mut parents = self.parents.write().expect("no holder panics");
        if parents.len() == MOST_OPEN {
            parents.clear();
        }
        parents.insert(path.clone(), Arc::clone(&opened));
        Ok(opened)
    }

    fn open_relative(&self, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        if self.has_openat2 {
            open_whole(self.top.as_fd(), path, flags)
        } else {
            open_parts(self.top.as_fd(), path, flags)
        }
    }
}

fn open_whole(top: BorrowedFd, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::io::retry_on_intr(|| openat2(top, path, flags, Mode::empty(), resolve))
}

/// The same, one component after the other.
fn open_parts(top: BorrowedFd, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut directory: Option<OwnedFd> = None;
    for part in parents.split('/').filter(|part| !part.is_empty()) {
        let at = directory.as_ref().map_or(top, AsFd::as_fd);
        directory = Some(match open_part(at, part, OFlags::PATH | OFlags::DIRECTORY) {
            // As openat2 says it: a link is no missing directory.
            Err(Errno::NOTDIR) if is_link(at, part) => return Err(Errno::LOOP),
            opened => opened?,
        });
    }
    open_part(directory.as_ref().map_or(top, AsFd::as_fd), name, flags)
}

fn open_part(directory: BorrowedFd, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::io::retry_on_intr(|| openat(directory, name, flags, Mode::empty()))
}

fn is_link(directory: BorrowedFd, name: &str) -> bool {
    statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|meta| FileType::from_raw_mode(meta.st_mode) == FileType::Symlink)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test makes trees")]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_refused_and_missing_files_are_missing() {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir_all(top.path().join("a/b")).unwrap();
        fs::write(top.path().join("a/b/f"), "").unwrap();
        symlink("f", top.path().join("a/b/link")).unwrap();
        symlink("a", top.path().join("other")).unwrap();
        let new = || Beneath::new(top.path()).unwrap();
        for beneath in [new(), new().without_openat2()] {
            let open = |path: &str, flags: OFlags| {
                let opened = beneath.open(&RealPath::known(path), flags);
                opened.map(|_| ()).map_err(|error| error.raw_os_error())
            };
            let error = |errno: Errno| Err(Some(errno.raw_os_error()));
            let directory = OFlags::RDONLY | OFlags::DIRECTORY;
            assert_eq!(open("/a/b/f", OFlags::RDONLY), Ok(()));
            assert_eq!(open("/", directory), Ok(()));
            assert_eq!(open("/a/b/link", OFlags::PATH), Ok(()));
            assert_eq!(open("/a/b/link", OFlags::RDONLY), error(Errno::LOOP));
            assert_eq!(open("/other/b/f", OFlags::RDONLY), error(Errno::LOOP));
            assert_eq!(open("/other", directory), error(Errno::NOTDIR));
            assert_eq!(open("/a/c/f", OFlags::RDONLY), error(Errno::NOENT));
            assert_eq!(open("/a/b/f/g", OFlags::RDONLY), error(Errno::NOTDIR));
            let parent = |path: &str| {
                let opened = beneath.parent(&RealPath::known(path));
                opened.map(|_| ()).map_err(|error| error.raw_os_error())
            };
            assert_eq!(parent("/"), Ok(()));
            assert_eq!(parent("/a/b"), Ok(()));
            assert_eq!(parent("/other"), error(Errno::LOOP));
            assert_eq!(parent("/a/b/f"), error(Errno::NOTDIR));
        }
    }
}
