//! An earlier bundle at the place of the output. Its own manifest tells which files it has.
//!
//! Invariant: only files that the manifest lists are removed, and no link is followed.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, unlinkat};

use super::{BundleError, MANIFEST, Manifest};
use crate::path::RealPath;

/// The files of an earlier bundle. An empty directory is one too: nothing is lost with it.
#[derive(Debug)]
pub(super) struct Earlier {
    /// Relative to the output.
    listed: BTreeSet<PathBuf>,
}

impl Earlier {
    /// What is at `out`; `None` if nothing is there.
    ///
    /// # Errors
    /// It is not a directory, not a bundle, has files that are not of the bundle, or cannot be read.
    pub(super) fn look_at(out: &Path) -> Result<Option<Earlier>, BundleError> {
        let read = || BundleError::write("read", out.display());
        let meta = match fs::symlink_metadata(out) {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(read()(error)),
        };
        let foreign = || BundleError::Foreign { path: out.display().to_string() };
        if !meta.is_dir() {
            return Err(foreign());
        }
        if fs::read_dir(out).map_err(read())?.next().is_none() {
            return Ok(Some(Earlier { listed: BTreeSet::new() }));
        }
        let earlier = Earlier::read(&out.join(MANIFEST)).ok_or_else(foreign)?;
        match earlier.strangers(out).map_err(read())?.first() {
            None => Ok(Some(earlier)),
            Some(first) => Err(BundleError::Stranger {
                path: out.display().to_string(),
                stranger: first.display().to_string(),
            }),
        }
    }

    /// The bundle of a manifest; `None` if there is none that lists its directory.
    fn read(manifest: &Path) -> Option<Earlier> {
        if !fs::symlink_metadata(manifest).ok()?.is_file() {
            return None;
        }
        let manifest = Manifest::parse(&fs::read_to_string(manifest).ok()?).ok()?;
        if manifest.papers.is_empty() {
            return None;
        }
        let tree = |layer: Option<&str>| match layer {
            None => PathBuf::from("rootfs"),
            Some(layer) => Path::new("layers").join(layer),
        };
        let place =
            |layer: &Option<String>, path: &RealPath| tree(layer.as_deref()).join(path.relative());
        let mut listed: BTreeSet<PathBuf> =
            manifest.entries.iter().map(|entry| place(&entry.layer, &entry.path)).collect();
        listed.extend(manifest.papers.iter().map(PathBuf::from));
        listed.insert(PathBuf::from(MANIFEST));
        Some(Earlier { listed })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// The files below `top` that are not of this bundle, relative to it.
    pub(super) fn strangers(&self, top: &Path) -> io::Result<Vec<PathBuf>> {
        self.visit(&open_directory(CWD, top)?, Path::new(""), false)
    }

    /// Removes the bundle, which is at `top` now.
    ///
    /// # Errors
    /// A file cannot be removed, or is not of this bundle.
    pub(super) fn remove(&self, top: &Path) -> io::Result<()> {
        self.visit(&open_directory(CWD, top)?, Path::new(""), true)?;
        fs::remove_dir(top)
    }

    /// Finds the files that are not of this bundle, and removes the others on request.
    fn visit(&self, directory: &OwnedFd, at: &Path, removes: bool) -> io::Result<Vec<PathBuf>> {
        let mut strangers = Vec::new();
        for entry in Dir::read_from(directory)? {
            let entry = entry?;
            let name = Path::new(OsStr::from_bytes(entry.file_name().to_bytes()));
            if matches!(entry.file_name().to_bytes(), b"." | b"..") {
                continue;
            }
            let path = at.join(name);
            if entry.file_type() == FileType::Directory {
                let below = self.visit(&open_directory(directory, name)?, &path, removes)?;
                if removes && below.is_empty() {
                    unlinkat(directory, name, AtFlags::REMOVEDIR)?;
                }
                strangers.extend(below);
            } else if !self.listed.contains(&path) {
                strangers.push(path);
            } else if removes {
                unlinkat(directory, name, AtFlags::empty())?;
            }
        }
        strangers.sort();
        Ok(strangers)
    }
}

/// Opens a directory that is no link.
fn open_directory(at: impl std::os::fd::AsFd, path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(at, path, flags, Mode::empty())?)
}
