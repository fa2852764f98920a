//! A layer: a tar archive, with the places of its files.
//!
//! Invariant: the content of a file is never held in memory.

#![expect(
    clippy::disallowed_types,
    reason = "a compressed layer is unpacked into a file without a name"
)]

use std::fs::File;
use std::io::{self, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use tar::EntryType;
use zstd::stream::read::Decoder as ZstdDecoder;

use super::documents::LayerPart;
use super::{ImageError, Slice, Source};
use crate::digest::{hex, sha256_of};
use crate::root::Content as _;

/// The bytes that are unpacked at a time.
const CHUNK: usize = 1 << 17;
/// The first bytes of what gzip and zstd write (RFC 1952, RFC 8878).
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The magic of a tar header, and its place (tar(5)).
const TAR: &[u8] = b"ustar";
const TAR_AT: usize = 257;
/// The largest extended header in bytes; each is held in memory. Names have at most 4096 (`PATH_MAX`).
const LARGEST_HEADER: u64 = 1 << 20;
/// The attribute of a file with capabilities, as tar has it (capabilities(7)).
const CAPABILITIES: &str = "SCHILY.xattr.security.capability";

/// A layer that is not compressed, and its entries in the order of the archive.
pub(super) struct Layer {
    pub(super) content: Slice,
    pub(super) entries: Vec<LayerEntry>,
}

/// An entry of a layer.
pub(super) struct LayerEntry {
    /// Relative, without `.`, `..` and empty components; empty for the root.
    pub(super) path: String,
    pub(super) mode: u32,
    pub(super) kind: EntryKind,
}

/// The kind of an entry.
pub(super) enum EntryKind {
    File {
        offset: u64,
        size: u64,
        has_capabilities: bool,
    },
    Directory,
    Link(String),
    /// The path of a file of this layer or a lower one, as [`LayerEntry::path`].
    HardLink(String),
    Special,
    /// The name, or the target of a link, is not UTF-8.
    Unnamed,
}

impl Layer {
    /// Opens a layer and compares it with its digest.
    pub(super) fn open(source: &Source, part: &LayerPart) -> Result<Layer, ImageError> {
        let content = unpack(&part.name, source.get(&part.name)?)?;
        let hash = sha256_of(&content).map_err(ImageError::read(&part.name))?;
        let digest = format!("sha256:{}", hex(&hash));
        if part.diff_id != digest {
            let reason = format!("its digest is {digest} instead of {}", part.diff_id);
            return Err(ImageError::damaged(&part.name, reason));
        }
        let entries = read_entries(&part.name, &content)?;
        Ok(Layer { content, entries })
    }
}

/// The content without compression, which its first bytes tell.
pub(super) fn unpack(name: &str, packed: Slice) -> Result<Slice, ImageError> {
    let mut start = [0; 4];
    packed.read_at(&mut start, 0).map_err(ImageError::read(name))?;
    let bytes = BufReader::with_capacity(CHUNK, packed.cursor());
    let unpacked = match start {
        [first, second, ..] if [first, second] == GZIP => into_file(MultiGzDecoder::new(bytes)),
        ZSTD => ZstdDecoder::with_buffer(bytes).and_then(into_file),
        _ => Ok(packed),
    };
    unpacked.map_err(|source| ImageError::Io { operation: "unpack", part: name.to_owned(), source })
}

fn into_file(mut from: impl Read) -> io::Result<Slice> {
    let mut file: File = tempfile::tempfile()?;
    io::copy(&mut from, &mut file)?;
    Slice::whole(file)
}

/// Whether a content begins as a tar archive, or as what unpacks to one.
pub(super) fn begins_archive(content: &Slice) -> io::Result<bool> {
    let mut start = [0; TAR_AT + TAR.len()];
    content.read_at(&mut start, 0)?;
    let is_packed = start.starts_with(&GZIP) || start.starts_with(&ZSTD);
    Ok(is_packed || start.ends_with(TAR))
}

/// The entries of a tar archive.
pub(super) fn read_entries(name: &str, content: &Slice) -> Result<Vec<LayerEntry>, ImageError> {
    let damaged = |error: io::Error| ImageError::damaged(name, error);
    let mut archive = tar::Archive::new(content.cursor());
    for entry in archive.entries_with_seek().map_err(damaged)?.raw(true) {
        let entry = entry.map_err(damaged)?;
        let is_extension = matches!(
            entry.header().entry_type(),
            EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader
        );
        if is_extension && entry.size() > LARGEST_HEADER {
            return Err(ImageError::damaged(name, "an extended header is too large"));
        }
    }
    let mut archive = tar::Archive::new(content.cursor());
    let entries = archive.entries_with_seek().map_err(damaged)?;
    let read = entries.filter_map(|entry| match entry {
        Ok(entry) => read_entry(entry, content.size())
            .map_err(|reason| ImageError::damaged(name, reason))
            .transpose(),
        Err(error) => Some(Err(damaged(error))),
    });
    read.collect()
}

/// One entry of an archive with `end` bytes; `None` if it describes no file.
fn read_entry(
    mut entry: tar::Entry<'_, impl Read>,
    end: u64,
) -> Result<Option<LayerEntry>, String> {
    let path = entry.path_bytes();
    let shown = String::from_utf8_lossy(&path).into_owned();
    let is_text = std::str::from_utf8(&path).is_ok();
    drop(path);
    let path = plain(&shown)?;
    let target = entry.link_name_bytes().map(|target| String::from_utf8(target.into_owned()));
    let target = target.transpose();
    let kind = match (entry.header().entry_type(), target) {
        _ if !is_text => EntryKind::Unnamed,
        (EntryType::Symlink | EntryType::Link, Err(_)) => EntryKind::Unnamed,
        (EntryType::Symlink, Ok(target)) => EntryKind::Link(target.unwrap_or_default()),
        (EntryType::Link, Ok(target)) => EntryKind::HardLink(plain(&target.unwrap_or_default())?),
        (EntryType::Regular | EntryType::Continuous, _)
            if entry.raw_file_position().saturating_add(entry.size()) > end =>
        {
            return Err(format!("it ends within {shown}"));
        }
        (EntryType::Regular | EntryType::Continuous, _) => EntryKind::File {
            offset: entry.raw_file_position(),
            size: entry.size(),
            has_capabilities: has_capabilities(&mut entry),
        },
        (EntryType::Directory, _) => EntryKind::Directory,
        (EntryType::Char | EntryType::Block | EntryType::Fifo, _) => EntryKind::Special,
        (EntryType::GNUSparse, _) => return Err(format!("{shown} is a sparse file")),
        _ => return Ok(None),
    };
    let mode = entry.header().mode().map_err(|error| format!("{shown}: {error}"))? & 0o7777;
    Ok(Some(LayerEntry { path, mode, kind }))
}

fn has_capabilities(entry: &mut tar::Entry<'_, impl Read>) -> bool {
    let extensions = entry.pax_extensions().ok().flatten();
    extensions.into_iter().flatten().flatten().any(|one| one.key() == Ok(CAPABILITIES))
}

/// A path of an archive, relative to the root of the image.
fn plain(path: &str) -> Result<String, String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let path = parts.join("/");
    if parts.contains(&"..") || path.contains('\0') {
        return Err(format!("{path:?} is no path of a layer"));
    }
    if path.len() > 4096 {
        return Err("a path is longer than 4096 bytes".to_owned());
    }
    Ok(path)
}
