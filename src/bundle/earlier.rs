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

use rustix::fs::{AtFlags, CWD, Dir, DirEntry, FileType, Mode, OFlags, openat, statat, unlinkat};

use super::{BundleError, MANIFEST, Manifest};

/// The files of an earlier bundle. An empty directory is one too: nothing is lost with it.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    /// The files and links, relative to the output.
    listed: BTreeSet<PathBuf>,
    /// The directories that are listed or contain something that is.
    directories: BTreeSet<PathBuf>,
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
            return Ok(Some(Earlier::default()));
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
        let mut earlier = Earlier::default();
        for layer in &manifest.layers {
            earlier.list_directory(&tree(Some(&layer.name)));
        }
        for entry in &manifest.entries {
            let path = tree(entry.layer.as_deref()).join(entry.path.relative());
            match entry.written.sha256.is_none() && entry.written.link.is_none() {
                true => earlier.list_directory(&path),
                false => earlier.list_file(path),
            }
        }
        manifest.papers.iter().for_each(|paper| earlier.list_file(PathBuf::from(paper)));
        earlier.list_file(PathBuf::from(MANIFEST));
        Some(earlier)
    }

    fn list_file(&mut self, path: PathBuf) {
        path.parent().into_iter().for_each(|parent| self.list_directory(parent));
        self.listed.insert(path);
    }

    fn list_directory(&mut self, path: &Path) {
        let new = path.ancestors().take_while(|one| !self.directories.contains(*one));
        self.directories.extend(new.map(Path::to_owned).collect::<Vec<_>>());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// The files and directories below `top` that are not of this bundle, relative to it.
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
            match is_directory(directory, &entry)? {
                true if self.directories.contains(&path) => {
                    let below = self.visit(&open_directory(directory, name)?, &path, removes)?;
                    if removes && below.is_empty() {
                        unlinkat(directory, name, AtFlags::REMOVEDIR)?;
                    }
                    strangers.extend(below);
                }
                false if self.listed.contains(&path) => {
                    if removes {
                        unlinkat(directory, name, AtFlags::empty())?;
                    }
                }
                _ => strangers.push(path),
            }
        }
        strangers.sort();
        Ok(strangers)
    }
}

/// Whether an entry is a directory. Some file systems do not say so in the list (readdir(3)).
fn is_directory(directory: &OwnedFd, entry: &DirEntry) -> io::Result<bool> {
    let kind = match entry.file_type() {
        FileType::Unknown => {
            let meta = statat(directory, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?;
            FileType::from_raw_mode(meta.st_mode)
        }
        kind => kind,
    };
    Ok(kind == FileType::Directory)
}

/// Opens a directory that is no link.
fn open_directory(at: impl std::os::fd::AsFd, path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(at, path, flags, Mode::empty())?)
}
