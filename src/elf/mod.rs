//! Facts of one ELF file, from its headers and dynamic section only.
//!
//! A loader uses program headers and ignores section headers. This module does the same, so a
//! stripped or hostile section table changes nothing. Positioned reads bound the memory by the size
//! of the metadata, whatever the size of the file.
//!
//! Invariant: only this module names goblin. It takes content, not a root. No bytes make it panic.

mod definitions;
#[cfg(test)]
mod hostile;
mod notes;
mod run_path;
mod strings;
mod strip;
mod symbols;

use goblin::container::Ctx;
use goblin::elf::dynamic::{self, Dyn, Dynamic};
use goblin::elf::program_header::{PT_DYNAMIC, PT_INTERP, PT_LOAD, PT_NOTE};
use goblin::elf::section_header::{SHT_GNU_VERNEED, SectionHeader};
use goblin::elf::symver::VerneedSection;
use goblin::elf::{Header, ProgramHeader, header};
use serde::Serialize;

pub use notes::read_dlopen_notes;
pub use run_path::{Edited, Edits, PathChanges, WhenNone, change_paths};

use crate::root::Content;

/// The first bytes of every ELF file.
pub const MAGIC: &[u8; 4] = b"\x7fELF";

/// Bytes that hold the header and the program headers in practice; `e_phoff` can ask for more.
const FIRST_READ: usize = 4096;
/// The largest believable table of program headers, dynamic entries or version needs, in bytes.
const LARGEST_TABLE: u64 = 1 << 20;
/// The longest believable name or run path, in bytes.
const LONGEST_STRING: usize = 16 * 1024;
/// The most libraries that a file can believably need. Large programs need about a hundred.
const MOST_NEEDED: usize = 4096;
/// The size of `Elfxx_Verneed` and of `Elfxx_Vernaux`, which are the same in both classes, in bytes.
const VERSION_ENTRY: usize = 16;

/// The kind of code in a file. A loader compares it before it maps a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Machine {
    /// `e_machine`.
    pub machine: u16,
    /// Whether the class is `ELFCLASS64`, not `ELFCLASS32`.
    pub wide: bool,
    /// Whether the data encoding is `ELFDATA2LSB`, not `ELFDATA2MSB`.
    pub little_endian: bool,
}

impl Machine {
    /// The name that `uname -m` and wheel tags use, or `machine-NUMBER` for an unknown one.
    pub fn name(self) -> String {
        match (self.machine, self.wide) {
            (header::EM_X86_64, true) => "x86_64".to_owned(),
            (header::EM_X86_64, false) => "x32".to_owned(),
            (header::EM_386, _) => "i386".to_owned(),
            (header::EM_AARCH64, _) => "aarch64".to_owned(),
            (header::EM_ARM, _) => "armhf".to_owned(),
            (header::EM_PPC64, _) => "powerpc64le".to_owned(),
            (header::EM_S390, _) => "s390x".to_owned(),
            (header::EM_RISCV, _) => "riscv64".to_owned(),
            (258, _) => "loongarch64".to_owned(),
            (other, _) => format!("machine-{other}"),
        }
    }
}

pub use strings::{read_library_names, read_path_constants};
pub use strip::{Stripped, strip};
pub use symbols::{Reference, Symbols, may_name_symbol, read_symbols};

/// A symbol version that a file needs from one library (`DT_VERNEED`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct VersionNeed {
    /// `vn_file`: the name of the library, such as `libc.so.6`.
    pub file: String,
    /// `vna_name`, such as `GLIBC_2.34`.
    pub version: String,
    /// `VER_FLG_WEAK`: a library without this version is no error.
    #[serde(skip)]
    pub weak: bool,
}

/// `VER_FLG_WEAK` of `vna_flags`.
const WEAK: u16 = 2;

/// The facts that a dynamic loader reads from a file before it maps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elf {
    /// The kind of code, from the ELF header.
    pub machine: Machine,
    /// `ET_DYN` or `ET_EXEC`: a loader can map the file.
    pub loadable: bool,
    /// `PT_INTERP`; `None` in most libraries and in static programs.
    pub interpreter: Option<String>,
    /// `DT_SONAME`: the name that the library gives itself.
    pub soname: Option<String>,
    /// `DT_NEEDED` in file order, which is the order of the breadth-first load.
    pub needed: Vec<String>,
    /// `DT_RPATH` as written: directories with colons between them, `$ORIGIN` not expanded.
    pub rpath: Option<String>,
    /// `DT_RUNPATH` as written, like `rpath`.
    pub runpath: Option<String>,
    /// `DF_1_NODEFLIB`: glibc skips the default directories.
    pub no_default_directories: bool,
    /// `DT_VERNEED`, sorted by library and version, each pair once.
    pub version_needs: Vec<VersionNeed>,
}

/// The reason why a file that starts with [`MAGIC`] is not readable as ELF.
#[derive(Debug, thiserror::Error)]
pub enum ElfError {
    /// The file ends inside this part.
    #[error("{what} is truncated")]
    Truncated {
        /// The part of the file, with its article.
        what: &'static str,
    },
    /// The values in this part cannot be true.
    #[error("{what} is malformed")]
    Nonsense {
        /// The part of the file, with its article.
        what: &'static str,
    },
    /// The file has no such part, and the operation needs it.
    #[error("lacks {what}")]
    Lacks {
        /// The part of the file, with its article.
        what: &'static str,
    },
    /// The system call failed.
    #[error("cannot be read: {}", .0.kind())]
    Unreadable(#[source] std::io::Error),
}

/// Reads the facts of one file; `None` when the content does not start with [`MAGIC`].
///
/// # Errors
/// The content cannot be read, or its headers or its dynamic section are damaged.
pub fn read(content: &dyn Content) -> Result<Option<Elf>, ElfError> {
    let file = ElfFile { content };
    let start = file.up_to(0, FIRST_READ as u64)?;
    if !start.starts_with(MAGIC) {
        return Ok(None);
    }
    let header = goblin::elf::Elf::parse_header(&start)
        .map_err(|_| ElfError::Truncated { what: "the ELF header" })?;
    let (Ok(endianness), Ok(container)) = (header.endianness(), header.container()) else {
        return Err(ElfError::Nonsense { what: "the ELF header" });
    };
    let context = Ctx::new(container, endianness);
    let segments = file.segments(&header, context)?;
    // A loader maps a truncated segment without an error, and the first access to the missing part
    // ends the process (SIGBUS).
    let end = |segment: &ProgramHeader| segment.p_offset.saturating_add(segment.p_filesz);
    if segments.iter().any(|segment| segment.p_type == PT_LOAD && end(segment) > content.size()) {
        return Err(ElfError::Truncated { what: "a segment" });
    }
    let mut elf = Elf {
        machine: Machine {
            machine: header.e_machine,
            wide: container.is_big(),
            little_endian: endianness.is_little(),
        },
        loadable: matches!(header.e_type, header::ET_DYN | header::ET_EXEC),
        interpreter: None,
        soname: None,
        needed: Vec::new(),
        rpath: None,
        runpath: None,
        no_default_directories: false,
        version_needs: Vec::new(),
    };
    if let Some(interp) = segments.iter().find(|segment| segment.p_type == PT_INTERP) {
        elf.interpreter = Some(file.string(interp.p_offset)?);
    }
    if let Some(segment) = segments.iter().find(|segment| segment.p_type == PT_DYNAMIC) {
        file.dynamic(segment, &segments, context, &mut elf)?;
    }
    Ok(Some(elf))
}

/// The header of a file with the class and byte order; `None` if it is not ELF.
fn opened(file: &ElfFile) -> Result<Option<(Header, Ctx)>, ElfError> {
    let nonsense = || ElfError::Nonsense { what: "the ELF header" };
    let start = file.up_to(0, FIRST_READ as u64)?;
    if !start.starts_with(MAGIC) {
        return Ok(None);
    }
    let header = goblin::elf::Elf::parse_header(&start).map_err(|_| nonsense())?;
    let (container, endianness) =
        (header.container().map_err(|_| nonsense())?, header.endianness().map_err(|_| nonsense())?);
    Ok(Some((header, Ctx::new(container, endianness))))
}

struct ElfFile<'a> {
    content: &'a dyn Content,
}

impl ElfFile<'_> {
    /// At most `size` bytes from `offset`, fewer at the end of the file.
    fn up_to(&self, offset: u64, size: u64) -> Result<Vec<u8>, ElfError> {
        let there = self.content.size().saturating_sub(offset).min(size).min(LARGEST_TABLE);
        let mut bytes = vec![0; usize::try_from(there).expect("bounded by LARGEST_TABLE")];
        let got = self.content.read_at(&mut bytes, offset).map_err(ElfError::Unreadable)?;
        bytes.truncate(got);
        Ok(bytes)
    }

    fn exactly(&self, offset: u64, size: u64, what: &'static str) -> Result<Vec<u8>, ElfError> {
        if size > LARGEST_TABLE {
            return Err(ElfError::Nonsense { what });
        }
        let bytes = self.up_to(offset, size)?;
        if (bytes.len() as u64) < size { Err(ElfError::Truncated { what }) } else { Ok(bytes) }
    }

    fn string(&self, offset: u64) -> Result<String, ElfError> {
        const WHAT: &str = "a string of the dynamic section";
        let mut size = 256;
        loop {
            let bytes = self.up_to(offset, size as u64)?;
            if let Some(end) = memchr::memchr(0, &bytes) {
                return Ok(String::from_utf8_lossy(&bytes[..end]).into_owned());
            }
            if bytes.len() < size {
                return Err(ElfError::Truncated { what: WHAT });
            }
            if size >= LONGEST_STRING {
                return Err(ElfError::Nonsense { what: WHAT });
            }
            size *= 4;
        }
    }

    fn segments(&self, header: &Header, context: Ctx) -> Result<Vec<ProgramHeader>, ElfError> {
        const WHAT: &str = "the program header table";
        let size = u64::from(header.e_phnum) * ProgramHeader::size(context) as u64;
        let bytes = self.exactly(header.e_phoff, size, WHAT)?;
        let segments = ProgramHeader::parse(&bytes, 0, usize::from(header.e_phnum), context)
            .map_err(|_| ElfError::Nonsense { what: WHAT })?;
        // Many segments over the same bytes would be read many times. Neighbours share a page at most.
        let size = self.content.size();
        let there = |one: &ProgramHeader| one.p_filesz.min(size.saturating_sub(one.p_offset));
        let overlap = [PT_LOAD, PT_NOTE].into_iter().any(|kind| {
            let sizes = segments.iter().filter(|one| one.p_type == kind).map(there);
            sizes.fold(0_u64, u64::saturating_add) > size.saturating_mul(2)
        });
        if overlap { Err(ElfError::Nonsense { what: WHAT }) } else { Ok(segments) }
    }

    fn dynamic_entries(&self, segment: &ProgramHeader, context: Ctx) -> Result<Vec<Dyn>, ElfError> {
        const WHAT: &str = "the dynamic section";
        let bytes = self.exactly(segment.p_offset, segment.p_filesz, WHAT)?;
        // goblin reads the segment at its offset in the file, but these bytes are the segment
        // alone.
        let moved = ProgramHeader { p_offset: 0, p_filesz: bytes.len() as u64, ..segment.clone() };
        match Dynamic::parse(&bytes, std::slice::from_ref(&moved), context) {
            Ok(Some(table)) => Ok(table.dyns),
            _ => Err(ElfError::Nonsense { what: WHAT }),
        }
    }

    fn dynamic(
        &self,
        segment: &ProgramHeader,
        segments: &[ProgramHeader],
        context: Ctx,
        elf: &mut Elf,
    ) -> Result<(), ElfError> {
        let entries = self.dynamic_entries(segment, context)?;
        let value = |tag| entries.iter().find(|entry| entry.d_tag == tag).map(|entry| entry.d_val);
        let Some(strings) = value(dynamic::DT_STRTAB) else { return Ok(()) };
        let strings =
            offset_of(strings, segments).ok_or(ElfError::Nonsense { what: "DT_STRTAB" })?;
        let needed = entries.iter().filter(|entry| entry.d_tag == dynamic::DT_NEEDED).count();
        if needed > MOST_NEEDED {
            return Err(ElfError::Nonsense { what: "the list of needed libraries" });
        }
        let mut names = Names { file: self, strings, left: self.content.size() };
        for entry in &entries {
            let mut text = || names.at(entry.d_val);
            match entry.d_tag {
                dynamic::DT_NEEDED => elf.needed.push(text()?),
                dynamic::DT_SONAME => elf.soname = Some(text()?),
                dynamic::DT_RPATH => elf.rpath = Some(text()?),
                dynamic::DT_RUNPATH => elf.runpath = Some(text()?),
                dynamic::DT_FLAGS_1 => {
                    elf.no_default_directories = entry.d_val & dynamic::DF_1_NODEFLIB != 0
                }
                _ => {}
            }
        }
        if let (Some(needs), Some(count)) =
            (value(dynamic::DT_VERNEED), value(dynamic::DT_VERNEEDNUM))
        {
            let at = offset_of(needs, segments).ok_or(ElfError::Nonsense { what: "DT_VERNEED" })?;
            elf.version_needs = self.version_needs(at, count, &mut names, context)?;
        }
        Ok(())
    }

    fn version_needs(
        &self,
        at: u64,
        count: u64,
        names: &mut Names,
        context: Ctx,
    ) -> Result<Vec<VersionNeed>, ElfError> {
        const WHAT: &str = "the table of needed versions";
        let bytes = self.up_to(at, 64 * 1024)?;
        // No program header has the size of this table. goblin takes the size from a section
        // header, so it gets one.
        let section = SectionHeader {
            sh_type: SHT_GNU_VERNEED,
            sh_size: bytes.len() as u64,
            sh_info: u32::try_from(count).map_err(|_| ElfError::Nonsense { what: WHAT })?,
            ..SectionHeader::default()
        };
        let Ok(Some(table)) = VerneedSection::parse(&bytes, &[section], context) else {
            return Err(ElfError::Nonsense { what: WHAT });
        };
        let mut needs = Vec::new();
        // Entries that overlap would be more than the table has room for.
        let most = bytes.len() / VERSION_ENTRY;
        for (index, library) in table.iter().enumerate() {
            for entry in library.iter() {
                if index + needs.len() >= most {
                    return Err(ElfError::Nonsense { what: WHAT });
                }
                let file = names.at(library.vn_file as u64)?;
                let version = names.at(entry.vna_name as u64)?;
                let weak = entry.vna_flags & WEAK != 0;
                needs.push(VersionNeed { file, version, weak });
            }
        }
        needs.sort();
        // A version can be needed both strictly and weakly. The strict need (`false`) sorts first
        // and is the one to keep.
        needs.dedup_by(|next, first| (&next.file, &next.version) == (&first.file, &first.version));
        Ok(needs)
    }
}

/// The strings of a dynamic section. Together they are not longer than the file: strings may share their
/// ends, but not so that a small file has much text.
struct Names<'a> {
    file: &'a ElfFile<'a>,
    /// The place of the table in the file.
    strings: u64,
    /// The bytes that may still be read.
    left: u64,
}

impl Names<'_> {
    fn at(&mut self, offset: u64) -> Result<String, ElfError> {
        let text = self.file.string(self.strings.saturating_add(offset))?;
        let left = self.left.checked_sub(text.len() as u64);
        self.left = left.ok_or(ElfError::Nonsense { what: "the table of strings" })?;
        Ok(text)
    }
}

/// The file offset of a virtual address, from the `PT_LOAD` that maps it.
fn offset_of(address: u64, segments: &[ProgramHeader]) -> Option<u64> {
    let segment = segments.iter().find(|segment| {
        segment.p_type == PT_LOAD
            && address >= segment.p_vaddr
            && address - segment.p_vaddr < segment.p_filesz
    })?;
    segment.p_offset.checked_add(address - segment.p_vaddr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "the test reads itself")]
    fn own() -> Vec<u8> {
        std::fs::read("/proc/self/exe").expect("a test is an ELF file")
    }

    #[test]
    fn text_is_not_elf() {
        assert!(matches!(read(&b"#!/bin/sh\n".to_vec()), Ok(None)));
        assert!(matches!(read(&Vec::new()), Ok(None)));
    }

    #[test]
    fn every_truncation_and_flip_is_an_answer() {
        let mut bytes = own();
        bytes.truncate(6000);
        for end in 4..800 {
            let _ = read(&bytes[..end].to_vec());
        }
        for at in 4..1200 {
            let mut broken = bytes.clone();
            broken[at] ^= 0xff;
            let _ = read(&broken);
        }
        assert!(read(&bytes[..40].to_vec()).is_err());
    }

    #[test]
    fn the_test_itself() {
        let elf = read(&own()).unwrap().unwrap();
        assert_eq!(elf.machine.name(), std::env::consts::ARCH);
        assert!(elf.loadable);
    }
}
