//! The output directory: one function for each kind of entry, which returns the facts now on disk.
//!
//! Invariant: directories with files have mode 0755, root writes everything with owner 0:0, and all times are
//! the given one.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rayon::prelude::*;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::BundleError;
use super::builder_paths::BuilderPaths;
use super::edit::{self, Edited};
use crate::digest::{hex, sha256_of};
use crate::path::RealPath;
use crate::plan::{Action, PlannedEntry};
use crate::python::recorded_hash;
use crate::root::{Content, Root};

/// The bytes that a thread reads at a time.
const BLOCK: usize = 256 * 1024;

/// The facts of one entry on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Written {
    /// The permission bits in octal, such as `0644`.
    pub mode: String,
    /// The size in bytes; for a link, the length of its target.
    pub size: u64,
    /// The SHA-256 of the content in hexadecimal; absent for a link and for an empty
    /// directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The SHA-256 of the builder's file, if the bundle has a changed copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub builder_sha256: Option<String>,
    /// The target of a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Whether the content or the target contains a path of the builder.
    #[serde(skip)]
    pub builder_path: bool,
    /// The size of the removed debug sections in bytes.
    #[serde(skip)]
    pub stripped: u64,
    /// The reason why debug sections could not be removed as planned.
    #[serde(skip)]
    pub not_stripped: Option<&'static str>,
    /// Whether the builder's file is not the one that RECORD describes.
    #[serde(skip)]
    pub unlike_record: bool,
}

/// A bundle while it is written.
pub(super) struct Output {
    /// The temporary directory on the host.
    pub(super) top: PathBuf,
    builder_paths: BuilderPaths,
    times: Timestamps,
    /// The permission bits that new files of this process do not get.
    umask: u32,
    made: Mutex<BTreeSet<(PathBuf, RealPath)>>,
}

impl Output {
    pub(super) fn create(
        top: &Path,
        builder_prefixes: &[String],
        time: i64,
    ) -> Result<Output, BundleError> {
        let stamp = Timespec { tv_sec: time, tv_nsec: 0 };
        let output = Output {
            top: top.to_owned(),
            builder_paths: BuilderPaths::new(builder_prefixes),
            times: Timestamps { last_access: stamp, last_modification: stamp },
            umask: umask(top).map_err(BundleError::write("create", "the bundle"))?,
            made: Mutex::default(),
        };
        Ok(output)
    }

    /// The directory that stands for `/` of an entry: `rootfs`, or that of its layer.
    fn tree(&self, layer: Option<&str>) -> PathBuf {
        layer.map_or_else(|| self.top.join("rootfs"), |layer| self.top.join("layers").join(layer))
    }

    fn host(&self, entry: &PlannedEntry) -> PathBuf {
        self.tree(entry.layer.as_deref()).join(entry.to.relative())
    }

    /// Makes the directory of a layer, which may remain empty: a line of the final stage copies it.
    pub(super) fn make_layer(&self, name: &str) -> Result<(), BundleError> {
        self.make_missing(&self.tree(Some(name)), [RealPath::root()])
    }

    /// Makes the parents of an entry.
    pub(super) fn directories(&self, entry: &PlannedEntry) -> Result<(), BundleError> {
        self.parents(&self.tree(entry.layer.as_deref()), &entry.to)
    }

    pub(super) fn parents(&self, tree: &Path, to: &RealPath) -> Result<(), BundleError> {
        self.make_missing(tree, to.ancestors())
    }

    /// Makes those of some directories of a tree that are not there, given from the lowest upwards.
    fn make_missing(
        &self,
        tree: &Path,
        directories: impl IntoIterator<Item = RealPath>,
    ) -> Result<(), BundleError> {
        let mut made = self.made.lock().expect("no holder panics");
        let mut missing: Vec<RealPath> = directories
            .into_iter()
            .take_while(|parent| !made.contains(&(tree.to_owned(), parent.clone())))
            .collect();
        while let Some(parent) = missing.pop() {
            let above = tree.parent().expect("a tree is below the bundle");
            if parent == RealPath::root() && !above.is_dir() {
                self.directory(above).map_err(BundleError::write("create", "the bundle"))?;
            }
            self.directory(&tree.join(parent.relative()))
                .map_err(BundleError::write("create", &parent))?;
            made.insert((tree.to_owned(), parent));
        }
        Ok(())
    }

    fn directory(&self, host: &Path) -> io::Result<()> {
        fs::DirBuilder::new().mode(0o755).create(host)?;
        if self.umask & 0o755 != 0 {
            fs::set_permissions(host, fs::Permissions::from_mode(0o755))
        } else {
            Ok(())
        }
    }

    /// Writes one planned entry, but not RECORD and bytecode, which are made from the others.
    pub(super) fn entry(&self, root: &Root, entry: &PlannedEntry) -> Result<Written, BundleError> {
        match &entry.action {
            Action::Copy => self.copy(root, entry),
            Action::Write { content } => self.bytes(entry, content.as_bytes()),
            Action::Link { target } => self.link(entry, target),
            Action::Directory => self.empty_directory(entry),
            Action::Record | Action::Manifest | Action::Compile { .. } => {
                unreachable!("made from the written entries")
            }
        }
    }

    fn empty_directory(&self, entry: &PlannedEntry) -> Result<Written, BundleError> {
        let host = self.host(entry);
        let make = || -> io::Result<()> {
            self.directory(&host)?;
            if entry.mode != 0o755 {
                fs::set_permissions(&host, fs::Permissions::from_mode(entry.mode))?;
            }
            self.set_times(&host)
        };
        make().map_err(BundleError::write("create", &entry.to))?;
        Ok(Written {
            mode: format!("{:04o}", entry.mode),
            size: 0,
            sha256: None,
            builder_sha256: None,
            link: None,
            builder_path: false,
            stripped: 0,
            not_stripped: None,
            unlike_record: false,
        })
    }

    fn link(&self, entry: &PlannedEntry, target: &str) -> Result<Written, BundleError> {
        let host = self.host(entry);
        let make = || -> io::Result<()> {
            symlink(target, &host)?;
            self.set_times(&host)
        };
        make().map_err(BundleError::write("create", &entry.to))?;
        let builder_path = self.builder_paths.are_in(target.as_bytes(), true, true);
        Ok(Written {
            mode: "0777".to_owned(),
            size: target.len() as u64,
            sha256: None,
            builder_sha256: None,
            link: Some(target.to_owned()),
            builder_path,
            stripped: 0,
            not_stripped: None,
            unlike_record: false,
        })
    }

    /// Writes an entry whose content is in memory.
    pub(super) fn bytes(&self, entry: &PlannedEntry, bytes: &[u8]) -> Result<Written, BundleError> {
        let write = || -> io::Result<()> {
            let mut file = self.file(&self.host(entry), entry.mode)?;
            file.write_all(bytes)?;
            self.close(&file)
        };
        write().map_err(BundleError::write("write", &entry.to))?;
        Ok(self.written(
            entry.mode,
            bytes.len() as u64,
            &Sha256::digest(bytes),
            self.builder_paths.are_in(bytes, true, true),
        ))
    }

    /// Copies a file with all its edits. If these change it, the builder's file is hashed too.
    fn copy(&self, root: &Root, entry: &PlannedEntry) -> Result<Written, BundleError> {
        let from = source(entry);
        let builders = root.open(from)?;
        // The plan was made for the file that was seen first.
        if root.lookup(from)?.is_none_or(|seen| seen.size != builders.size()) {
            return Err(BundleError::Changed { path: from.clone() });
        }
        let Edited { content, header, is_changed, stripped, not_stripped } =
            edit::apply(builders, from, &entry.edits)?;
        let written = self.content(content.as_ref(), entry, header)?;
        let builder_sha256 =
            match is_changed {
                true => Some(hex(&sha256_of(root.open(from)?.as_ref())
                    .map_err(BundleError::write("read", from))?)),
                false => None,
            };
        let sha256 = builder_sha256.as_ref().or(written.sha256.as_ref());
        let unlike_record =
            sha256.zip(entry.recorded_hash.as_ref()).is_some_and(|(own, recorded)| {
                recorded.starts_with("sha256=") && recorded_hash(&bytes_of_hex(own)) != *recorded
            });
        Ok(Written { builder_sha256, stripped, not_stripped, unlike_record, ..written })
    }

    /// Copies, hashes and searches in one pass. Each thread allocates its buffer once.
    fn content(
        &self,
        content: &dyn Content,
        entry: &PlannedEntry,
        header: usize,
    ) -> Result<Written, BundleError> {
        thread_local!(static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) });
        let overlap = self.builder_paths.overlap();
        BUFFER.with_borrow_mut(|buffer| {
            buffer.resize(overlap + BLOCK, 0);
            self.pass(content, entry, header, overlap, buffer)
        })
    }

    /// The one pass. The first `header` bytes are new; they are not searched, because the final
    /// prefix may be below that of the builder.
    fn pass(
        &self,
        content: &dyn Content,
        entry: &PlannedEntry,
        header: usize,
        overlap: usize,
        block: &mut [u8],
    ) -> Result<Written, BundleError> {
        let from = source(entry);
        let failed =
            |source| BundleError::Write { operation: "write", path: entry.to.to_string(), source };
        let mut file = self.file(&self.host(entry), entry.mode).map_err(failed)?;
        let mut hash = Sha256::new();
        let (mut kept, mut offset, mut builder_path) = (0, 0_u64, false);
        loop {
            let count = content
                .read_at(&mut block[kept..], offset)
                .map_err(|error| crate::root::RootError::io(from, "read", error))?;
            if count == 0 {
                break;
            }
            let read = &block[kept..kept + count];
            file.write_all(read).map_err(failed)?;
            hash.update(read);
            let skipped = if offset == 0 { header.min(count) } else { 0 };
            offset += count as u64;
            let window = skipped..kept + count;
            let first = skipped > 0 || offset == window.len() as u64;
            builder_path |=
                self.builder_paths.are_in(&block[window], first, offset >= content.size());
            if offset >= content.size() {
                break;
            }
            let tail = overlap.min(kept + count);
            block.copy_within(kept + count - tail..kept + count, 0);
            kept = tail;
        }
        self.close(&file).map_err(failed)?;
        Ok(self.written(entry.mode, offset, &hash.finalize(), builder_path))
    }

    fn written(&self, mode: u32, size: u64, hash: &[u8], builder_path: bool) -> Written {
        Written {
            mode: format!("{mode:04o}"),
            size,
            sha256: Some(hex(hash)),
            builder_sha256: None,
            link: None,
            builder_path,
            stripped: 0,
            not_stripped: None,
            unlike_record: false,
        }
    }

    pub(super) fn file(&self, host: &Path, mode: u32) -> io::Result<File> {
        let file = File::options().write(true).create_new(true).mode(mode & 0o777).open(host)?;
        // The umask can remove bits at open, but the file must have the builder's mode.
        if mode & (self.umask | 0o7000) != 0 {
            file.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        Ok(file)
    }

    pub(super) fn close(&self, file: &File) -> io::Result<()> {
        Ok(rustix::fs::futimens(file, &self.times)?)
    }

    /// Makes a folder next to `rootfs/`. Its time is set later, by [`Output::stamp`].
    pub(super) fn folder(&self, name: &str) -> Result<(), BundleError> {
        self.directory(&self.top.join(name)).map_err(BundleError::write("create", name))
    }

    /// Sets the times of directories. This comes last, because every new entry changes them.
    pub(super) fn finish(&self) -> Result<(), BundleError> {
        let made = self.made.lock().expect("no holder panics");
        if self.top.join("layers").is_dir() {
            self.stamp("layers")?;
        }
        made.par_iter().try_for_each(|(tree, path)| {
            self.set_times(&tree.join(path.relative()))
                .map_err(BundleError::write("set the times of", path))
        })?;
        self.publish()
    }

    /// Sets the times of a folder next to `rootfs/`.
    pub(super) fn stamp(&self, name: &str) -> Result<(), BundleError> {
        self.set_times(&self.top.join(name)).map_err(BundleError::write("set the times of", name))
    }

    fn set_times(&self, host: &Path) -> io::Result<()> {
        Ok(rustix::fs::utimensat(CWD, host, &self.times, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Makes the temporary directory, which was private until now, readable for everybody.
    pub(super) fn publish(&self) -> Result<(), BundleError> {
        let top = || -> io::Result<()> {
            fs::set_permissions(&self.top, fs::Permissions::from_mode(0o755))?;
            self.set_times(&self.top)
        };
        top().map_err(BundleError::write("set the times of", "the bundle"))
    }
}

fn source(entry: &PlannedEntry) -> &RealPath {
    entry.from.as_ref().expect("a copied entry has a source")
}

/// The umask, from the mode of a new file: the system call for it would change it for every thread.
fn umask(top: &Path) -> io::Result<u32> {
    let probe = top.join("rootfs.probe");
    let file = File::options().write(true).create_new(true).mode(0o777).open(&probe)?;
    let mode = file.metadata()?.permissions().mode();
    fs::remove_file(probe)?;
    Ok(!mode & 0o777)
}

/// The bytes of a hash from the manifest.
pub(super) fn bytes_of_hex(hex: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("our own hash");
    (0..hex.len()).step_by(2).map(byte).collect()
}
