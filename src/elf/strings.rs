//! Names of libraries and paths among the constants of an ELF file.
//!
//! Invariant: only bytes that a loader maps read-only count, and they are read piece by piece.

use std::collections::BTreeSet;

use goblin::elf::ProgramHeader;
use goblin::elf::program_header::{PF_W, PF_X, PT_LOAD};
use memchr::memmem;

use super::{ElfError, ElfFile, opened};
use crate::root::Content;

/// Longer strings are no names.
const LONGEST: usize = 128;
/// The bytes that are read at once.
const PIECE: u64 = 1 << 20;

/// The strings of the form `libNAME.so` or `libNAME.so.VERSION` in read-only data.
///
/// # Errors
/// The content cannot be read, or its headers are damaged.
pub fn read_library_names(content: &dyn Content) -> Result<BTreeSet<String>, ElfError> {
    read_constants(content, |bytes| names_in(bytes).collect())
}

/// The absolute paths in read-only data: strings that begin with a slash and have neither blanks nor the marks of
/// a format.
///
/// # Errors
/// The content cannot be read, or its headers are damaged.
pub fn read_path_constants(content: &dyn Content) -> Result<BTreeSet<String>, ElfError> {
    read_constants(content, |bytes| paths_in(bytes).collect())
}

fn read_constants(
    content: &dyn Content,
    find: impl Fn(&[u8]) -> Vec<String>,
) -> Result<BTreeSet<String>, ElfError> {
    let file = ElfFile { content };
    let Some((header, context)) = opened(&file)? else { return Ok(BTreeSet::new()) };
    let segments = file.segments(&header, context)?;
    let mut names = BTreeSet::new();
    for segment in constants(&segments) {
        let end = segment.p_offset.saturating_add(segment.p_filesz).min(content.size());
        let mut at = segment.p_offset;
        while at < end {
            let piece = file.up_to(at, PIECE.min(end - at))?;
            if piece.is_empty() {
                break;
            }
            names.extend(find(&piece));
            // A name at the end of a piece is whole in the next one.
            let step = (piece.len() as u64).saturating_sub(LONGEST as u64);
            at += if step == 0 { piece.len() as u64 } else { step };
        }
    }
    Ok(names)
}

/// The segments with constants. Older linkers put them beside the code.
fn constants(segments: &[ProgramHeader]) -> Vec<&ProgramHeader> {
    let mapped = segments.iter().filter(|one| one.p_type == PT_LOAD && one.p_flags & PF_W == 0);
    let (code, data): (Vec<_>, Vec<_>) = mapped.partition(|one| one.p_flags & PF_X != 0);
    if data.is_empty() { code } else { data }
}

fn names_in(bytes: &[u8]) -> impl Iterator<Item = String> {
    memmem::find_iter(bytes, b"\0lib").filter_map(|at| {
        let rest = &bytes[at + 1..];
        let end = memchr::memchr(0, &rest[..rest.len().min(LONGEST)])?;
        let name = std::str::from_utf8(&rest[..end]).ok()?;
        is_library_name(name).then(|| name.to_owned())
    })
}

fn paths_in(bytes: &[u8]) -> impl Iterator<Item = String> {
    memmem::find_iter(bytes, b"\0/").filter_map(|at| {
        let rest = &bytes[at + 1..];
        let end = memchr::memchr(0, &rest[..rest.len().min(LONGEST)])?;
        let path = std::str::from_utf8(&rest[..end]).ok()?;
        let plain = |one: char| !one.is_whitespace() && !one.is_control() && one != '%';
        (path.len() > 1 && path.chars().all(plain)).then(|| path.to_owned())
    })
}

fn is_library_name(name: &str) -> bool {
    let Some((stem, version)) = name.split_once(".so") else { return false };
    let plain = |one: char| one.is_ascii_alphanumeric() || matches!(one, '_' | '-' | '+' | '.');
    let numbers = |version: &str| version.chars().all(|one| one.is_ascii_digit() || one == '.');
    stem.len() > 3
        && stem.chars().all(plain)
        && (version.is_empty() || (version.starts_with('.') && numbers(version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let bytes = b"\0/usr/share/proj\0a/b\0/\0/tmp/%s\0/a b\0/etc/x.conf\0/end";
        assert_eq!(paths_in(bytes).collect::<Vec<_>>(), ["/usr/share/proj", "/etc/x.conf"]);
    }

    #[test]
    fn names_of_libraries() {
        let bytes = b"\0libfribidi.so.0\0xlibno.so\0lib%s.so\0libx.so.1\nlib\0libgcc_s.so.1.\0lib.so\0libb.so\0libend.so";
        let names: Vec<String> = names_in(bytes).collect();
        assert_eq!(names, ["libfribidi.so.0", "libgcc_s.so.1.", "libb.so"]);
    }
}
