//! A directory of the host as a tree.
//!
//! Invariant: only this module makes host paths, always from the base and a link-free path.

#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the reader of the disk")]

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::{Content, Entry, Kind, Meta, RootError, Tree};
use crate::path::RealPath;

/// A tree below a host directory, read with `lstat`, `readlink` and `pread`.
#[derive(Clone)]
pub struct Directory {
    base: PathBuf,
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
        if !base.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotADirectory));
        }
        let mut skip = skip.to_vec();
        if base == Path::new("/") {
            skip.extend(["/proc", "/sys", "/dev"].map(PathBuf::from));
        }
        Ok(Directory { base, skip })
    }

    /// The absolute path of the directory on the host.
    pub fn base(&self) -> &Path {
        &self.base
    }

    fn host(&self, path: &RealPath) -> PathBuf {
        self.base.join(path.relative())
    }

    fn meta(&self, host: &Path, meta: &fs::Metadata) -> io::Result<Meta> {
        let kind = if meta.is_file() {
            Kind::File
        } else if meta.is_dir() {
            Kind::Directory
        } else if meta.is_symlink() {
            let target = fs::read_link(host)?.into_os_string().into_string();
            Kind::Link(target.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?)
        } else {
            Kind::Special
        };
        Ok(Meta { kind, mode: meta.permissions().mode() & 0o7777, size: meta.len() })
    }

    fn entry(&self, found: walkdir::Result<walkdir::DirEntry>) -> Result<Entry, RootError> {
        let relative = |host: &Path| {
            host.strip_prefix(&self.base).unwrap_or(host).to_string_lossy().into_owned()
        };
        let found = found.map_err(|error| {
            let path = format!("/{}", error.path().map(relative).unwrap_or_default());
            let cause =
                error.into_io_error().unwrap_or_else(|| io::Error::from(io::ErrorKind::Other));
            RootError::io(path, "list", cause)
        })?;
        let inside = format!("/{}", relative(found.path()));
        if found.path().to_str().is_none() {
            return Err(RootError::NotUtf8 { path: inside });
        }
        let meta = found
            .metadata()
            .map_err(|error| {
                error.into_io_error().unwrap_or_else(|| io::Error::from(io::ErrorKind::Other))
            })
            .and_then(|meta| self.meta(found.path(), &meta))
            .map_err(|error| RootError::io(&inside, "stat", error))?;
        Ok(Entry { path: RealPath::known(&inside), meta })
    }
}

impl Tree for Directory {
    fn lookup(&self, path: &RealPath) -> Result<Option<Meta>, RootError> {
        let host = self.host(path);
        match fs::symlink_metadata(&host).and_then(|meta| self.meta(&host, &meta)) {
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
        use rustix::io::Errno;
        let mut value = [0_u8; 64];
        match rustix::fs::lgetxattr(self.host(path), "security.capability", &mut value) {
            Ok(length) => Ok(length > 0),
            // No such attribute, no attributes at all, or a sandbox without the system call.
            Err(Errno::NODATA | Errno::NOENT | Errno::NOTSUP | Errno::NOSYS | Errno::PERM) => {
                Ok(false)
            }
            Err(error) => Err(RootError::io(path, "read the attributes of", error.into())),
        }
    }

    fn open(&self, path: &RealPath) -> Result<Box<dyn Content>, RootError> {
        // Something can replace the file between lookup and open: O_NOFOLLOW refuses a link out of
        // the tree, and O_NONBLOCK keeps a pipe from blocking.
        let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits();
        let file =
            File::options().read(true).custom_flags(flags.cast_signed()).open(self.host(path));
        let opened =
            file.and_then(|file| file.metadata().map(|meta| OpenFile { size: meta.len(), file }));
        opened
            .map(|file| Box::new(file) as Box<dyn Content>)
            .map_err(|error| RootError::io(path, "open", error))
    }

    fn walk(
        &self,
        top: &RealPath,
        depth: usize,
        enter: &dyn Fn(&str) -> bool,
    ) -> Vec<Result<Entry, RootError>> {
        WalkDir::new(self.host(top))
            .min_depth(1)
            .max_depth(depth)
            .follow_links(false)
            .follow_root_links(false)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| {
                let wanted = entry.depth() == 0
                    || !entry.file_type().is_dir()
                    || entry.file_name().to_str().is_none_or(enter);
                wanted && !self.skip.iter().any(|skip| skip == entry.path())
            })
            .map(|found| self.entry(found))
            .collect()
    }
}

struct OpenFile {
    file: File,
    size: u64,
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
