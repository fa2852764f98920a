//! The parts of an image by name: the files of a directory, or the members of an archive.
//!
//! Invariant: a name leads to a part of the image, never to another file of the host.

#![expect(clippy::disallowed_types, reason = "a reader of the disk")]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::layer::{self, EntryKind};
use super::{ImageError, Slice};
use crate::root::Content as _;

/// More links than this from member to member are a loop.
const MOST_LINKS: usize = 8;
/// The largest document in bytes. That of an image with a thousand layers has some 100 kB.
const LARGEST_DOCUMENT: u64 = 8 << 20;

/// The archive itself, in messages.
const ARCHIVE: &str = "the archive";

/// Where the parts are.
pub(super) enum Source {
    /// A directory of the host.
    Directory(PathBuf),
    /// An archive, with its files and links by name.
    Archive { content: Slice, members: BTreeMap<String, Member> },
}

/// A member of an archive.
pub(super) enum Member {
    /// A file with its place.
    File { offset: u64, size: u64 },
    /// The name of the member that has the content: `docker save` stores equal layers once.
    SameAs(String),
}

impl Source {
    /// Opens a directory, or an archive that may be compressed.
    pub(super) fn open(path: &Path) -> Result<Source, ImageError> {
        if path.is_dir() {
            return Ok(Source::Directory(path.to_owned()));
        }
        let file = File::open(path).and_then(Slice::whole).map_err(ImageError::read(ARCHIVE))?;
        let content = layer::unpack(ARCHIVE, file)?;
        let members = layer::read_entries(ARCHIVE, &content)?.into_iter();
        let members = members.filter_map(|entry| {
            let directory = entry.path.rsplit_once('/').map_or("", |(directory, _)| directory);
            let member = match entry.kind {
                EntryKind::File { offset, size, .. } => Member::File { offset, size },
                EntryKind::Link(target) => Member::SameAs(joined(directory, &target)?),
                EntryKind::HardLink(target) => Member::SameAs(target),
                _ => return None,
            };
            Some((entry.path, member))
        });
        Ok(Source::Archive { members: members.collect(), content })
    }

    /// The part with this name; `None` if it is not there.
    pub(super) fn find(&self, name: &str) -> Result<Option<Slice>, ImageError> {
        let Some(name) = joined("", name) else { return Ok(None) };
        match self {
            Source::Directory(top) => match File::open(top.join(&name)) {
                Ok(file) => Slice::whole(file).map(Some),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
            .map_err(ImageError::read(&name)),
            Source::Archive { content, members } => {
                let mut member = members.get(&name);
                for _ in 0..MOST_LINKS {
                    match member {
                        Some(Member::SameAs(other)) => member = members.get(other),
                        Some(Member::File { offset, size }) => {
                            return Ok(Some(content.part(*offset, *size)));
                        }
                        None => break,
                    }
                }
                Ok(None)
            }
        }
    }

    /// The part with this name.
    pub(super) fn get(&self, name: &str) -> Result<Slice, ImageError> {
        self.find(name)?.ok_or_else(|| ImageError::Missing(name.to_owned()))
    }

    /// The bytes of a document; `None` if it is not there.
    pub(super) fn document(&self, name: &str) -> Result<Option<Vec<u8>>, ImageError> {
        let Some(slice) = self.find(name)? else { return Ok(None) };
        if slice.size() > LARGEST_DOCUMENT {
            let reason = format!("larger than {LARGEST_DOCUMENT} bytes");
            return Err(ImageError::damaged(name, reason));
        }
        let mut bytes = vec![0; usize::try_from(slice.size()).unwrap_or_default()];
        slice.read_at(&mut bytes, 0).map_err(ImageError::read(name))?;
        Ok(Some(bytes))
    }
}

/// Whether a file begins as an archive does.
pub(super) fn is_archive(path: &Path) -> bool {
    let content = File::open(path).and_then(Slice::whole);
    content.and_then(|content| layer::begins_archive(&content)).unwrap_or(false)
}

/// A name below a directory of the same image, without `.` and `..`; `None` if it leads out of it.
fn joined(directory: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
