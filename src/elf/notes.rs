//! The notes of an ELF file, as the linker collected them.
//!
//! Invariant: a note that is cut short ends its segment, and is no error.

use goblin::elf::program_header::PT_NOTE;

use super::{ElfError, ElfFile, opened};
use crate::root::Content;

/// The owner of the notes of freedesktop.org.
const OWNER: &[u8] = b"FDO\0";
/// The type of `.note.dlopen` (UAPI.12).
const DLOPEN: u32 = 0x407c_0c0a;

/// The descriptors of all notes that say which libraries the file opens.
///
/// # Errors
/// The content cannot be read, or its headers are damaged.
pub fn read_dlopen_notes(content: &dyn Content) -> Result<Vec<Vec<u8>>, ElfError> {
    let file = ElfFile { content };
    let Some((header, context)) = opened(&file)? else { return Ok(Vec::new()) };
    let mut notes = Vec::new();
    for segment in file.segments(&header, context)?.iter().filter(|one| one.p_type == PT_NOTE) {
        let bytes = file.up_to(segment.p_offset, segment.p_filesz)?;
        notes.extend(dlopen_notes(&bytes, context.le.is_little()));
    }
    Ok(notes)
}

/// The descriptors in one segment. Owner and descriptor are each padded to four bytes.
fn dlopen_notes(bytes: &[u8], little_endian: bool) -> Vec<Vec<u8>> {
    let mut notes = Vec::new();
    let mut rest = bytes;
    while let Some((note, after)) = split_note(rest, little_endian) {
        if note.kind == DLOPEN && note.owner == OWNER {
            notes.push(note.descriptor.to_vec());
        }
        rest = after;
    }
    notes
}

struct RawNote<'a> {
    kind: u32,
    owner: &'a [u8],
    descriptor: &'a [u8],
}

fn split_note(bytes: &[u8], little_endian: bool) -> Option<(RawNote<'_>, &[u8])> {
    let word = |at: usize| {
        let bytes: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        let word =
            if little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
        Some(word)
    };
    let size = |at: usize| usize::try_from(word(at)?).ok();
    let (owner, descriptor, kind) = (size(0)?, size(4)?, word(8)?);
    let rest = &bytes[12..];
    let start = owner.checked_next_multiple_of(4)?;
    let end = start.checked_add(descriptor)?;
    let note = RawNote { kind, owner: rest.get(..owner)?, descriptor: rest.get(start..end)? };
    let after = end.checked_next_multiple_of(4)?.min(rest.len());
    Some((note, &rest[after..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(kind: u32, owner: &[u8], descriptor: &[u8]) -> Vec<u8> {
        let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let mut bytes = [size(owner), size(descriptor), kind.to_le_bytes()].concat();
        bytes.extend(owner);
        bytes.extend(descriptor);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn notes_of_one_segment() {
        let segment = [
            note(3, b"GNU\0", b"build"),
            note(DLOPEN, b"FDO\0", b"[1]"),
            note(DLOPEN, b"XYZ\0", b"[2]"),
            note(DLOPEN, b"FDO\0", b"[3]"),
        ]
        .concat();
        assert_eq!(dlopen_notes(&segment, true), [b"[1]".to_vec(), b"[3]".to_vec()]);
        for end in 0..segment.len() {
            assert!(dlopen_notes(&segment[..end], true).len() < 3);
        }
        assert!(dlopen_notes(&[0xff; 64], true).is_empty());
    }
}
