//! Facts of one ELF file, from its headers and dynamic section only.
//!
//! The loader works from program headers, never from section headers, so this does too: a stripped or
//! hostile section table changes nothing. Positioned reads keep memory bounded by metadata, whatever
//! the size of the file.
//!
//! Invariant: the only place that names goblin; takes content, not a root; never panics on any bytes.

mod run_path;
mod strip;
mod symbols;

use goblin::container::Ctx;
use goblin::elf::dynamic::{self, Dyn, Dynamic};
use goblin::elf::program_header::{PT_DYNAMIC, PT_INTERP, PT_LOAD};
use goblin::elf::section_header::{SHT_GNU_VERNEED, SectionHeader};
use goblin::elf::symver::VerneedSection;
use goblin::elf::{Header, ProgramHeader, header};
use serde::Serialize;

pub use run_path::{Edited, Edits, WhenNone, add_run_path};

use crate::root::Content;

/// The first bytes of every ELF file.
pub const MAGIC: &[u8; 4] = b"\x7fELF";

/// Header and program headers fit in this in practice; more is read when `e_phoff` says so.
const FIRST_READ: usize = 4096;
/// Program headers, dynamic entries, version needs: tables larger than this are not real.
const LARGEST_TABLE: u64 = 1 << 20;
/// Longest name or run path that is believed, in bytes.
const LONGEST_STRING: usize = 16 * 1024;

/// What kind of code the file holds: the pair a loader compares before it maps a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Machine {
    /// `e_machine`.
    pub machine: u16,
    /// 64-bit class.
    pub wide: bool,
    pub little_endian: bool,
}

impl Machine {
    /// The name `uname -m` and wheel tags use, or the number.
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

pub use strip::{Stripped, strip};
pub use symbols::{Reference, Symbols, read_symbols};

/// A symbol version a file needs from one library (`DT_VERNEED`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct VersionNeed {
    /// `vn_file`, the library.
    pub file: String,
    /// `vna_name`, such as `GLIBC_2.34`.
    pub version: String,
    /// `VER_FLG_WEAK`: its absence is no error.
    #[serde(skip)]
    pub weak: bool,
}

/// `VER_FLG_WEAK` of `vna_flags`.
const WEAK: u16 = 2;

/// What a dynamic loader reads from a file before it maps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elf {
    pub machine: Machine,
    /// `ET_DYN` or `ET_EXEC`: something a loader can map.
    pub loadable: bool,
    /// `PT_INTERP`; `None` in most libraries and in static programs.
    pub interpreter: Option<String>,
    pub soname: Option<String>,
    /// `DT_NEEDED` in file order: the order of the breadth-first load.
    pub needed: Vec<String>,
    pub rpath: Option<String>,
    pub runpath: Option<String>,
    /// `DF_1_NODEFLIB`: glibc skips the default directories.
    pub no_default_directories: bool,
    pub version_needs: Vec<VersionNeed>,
}

/// The reason why a file with ELF magic cannot be read as one.
#[derive(Debug, thiserror::Error)]
pub enum ElfError {
    /// The file ends before this part does.
    #[error("{what} is cut short")]
    Truncated { what: &'static str },
    /// This part points where nothing can be.
    #[error("{what} makes no sense")]
    Nonsense { what: &'static str },
    /// This part is needed and is not there.
    #[error("lacks {what}")]
    Lacks { what: &'static str },
    /// The system call failed.
    #[error("cannot be read: {}", .0.kind())]
    Unreadable(#[source] std::io::Error),
}

/// Reads the facts; `None` when the content does not start with the magic bytes.
pub fn read(content: &dyn Content) -> Result<Option<Elf>, ElfError> {
    let file = Reader { content };
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
    // A loader maps what is missing without a word, and the first touch ends the process (SIGBUS).
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

struct Reader<'a> {
    content: &'a dyn Content,
}

impl Reader<'_> {
    /// At most `size` bytes from `offset`; fewer when the file ends.
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
        ProgramHeader::parse(&bytes, 0, usize::from(header.e_phnum), context)
            .map_err(|_| ElfError::Nonsense { what: WHAT })
    }

    fn dynamic_entries(&self, segment: &ProgramHeader, context: Ctx) -> Result<Vec<Dyn>, ElfError> {
        const WHAT: &str = "the dynamic section";
        let bytes = self.exactly(segment.p_offset, segment.p_filesz, WHAT)?;
        // goblin reads the segment at its offset in the whole file; here the bytes are the segment.
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
        for entry in &entries {
            let text = || self.string(strings.saturating_add(entry.d_val));
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
            elf.version_needs = self.version_needs(at, count, strings, context)?;
        }
        Ok(())
    }

    fn version_needs(
        &self,
        at: u64,
        count: u64,
        strings: u64,
        context: Ctx,
    ) -> Result<Vec<VersionNeed>, ElfError> {
        const WHAT: &str = "the table of needed versions";
        let bytes = self.up_to(at, 64 * 1024)?;
        // No program header tells the table's size; goblin takes it from a section, so it gets one.
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
        for library in table.iter() {
            let file = self.string(strings.saturating_add(library.vn_file as u64))?;
            for entry in library.iter() {
                let version = self.string(strings.saturating_add(entry.vna_name as u64))?;
                let weak = entry.vna_flags & WEAK != 0;
                needs.push(VersionNeed { file: file.clone(), version, weak });
            }
        }
        needs.sort();
        // Needed by force and weakly: `false` sorts first, and is the stronger need.
        needs.dedup_by(|next, first| (&next.file, &next.version) == (&first.file, &first.version));
        Ok(needs)
    }
}

/// File offset of a virtual address, by the `PT_LOAD` that maps it.
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

    #[allow(clippy::disallowed_methods, reason = "the test reads itself")]
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
