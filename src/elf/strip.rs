//! Removes the parts of an ELF file that only debuggers read: debug sections and the static symbol
//! table.
//!
//! Nothing that a loader maps is moved. The bytes up to the end of the last segment do not change.
//! The remaining sections are written again after them, and the section headers after those. A file
//! with debug sections in front of loaded data (patchelf writes such files) is not changed.
//!
//! Invariant: the result is a view that is read like a file. It is parsed again and compared with
//! the original before anything copies it.

use goblin::container::Ctx;
use goblin::elf::header::Header;
use goblin::elf::section_header::{
    SHF_ALLOC, SHF_INFO_LINK, SHT_NOBITS, SHT_NULL, SHT_REL, SHT_RELA, SHT_SYMTAB, SectionHeader,
};
use scroll::Pwrite;

use super::{ElfFile, read};
use crate::root::Content;

/// The most bytes outside of segments that are held in memory; comments and notes are small.
const LARGEST_TAIL: usize = 16 << 20;

/// A view of a file with a new ELF header and a shorter end.
pub struct Stripped {
    content: Box<dyn Content>,
    /// The new ELF header.
    head: Vec<u8>,
    /// The number of bytes that come from the original, counted from its start.
    kept: u64,
    /// The bytes after them: unloaded sections and section headers.
    tail: Vec<u8>,
}

impl Content for Stripped {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            let at = offset + done as u64;
            let rest = &mut buffer[done..];
            let count = if let Some(head) = usize::try_from(at)
                .ok()
                .and_then(|at| self.head.get(at..))
                .filter(|head| !head.is_empty())
            {
                copy(head, rest)
            } else if at < self.kept {
                let room = usize::try_from(self.kept - at).unwrap_or(usize::MAX).min(rest.len());
                self.content.read_at(&mut rest[..room], at)?
            } else {
                usize::try_from(at - self.kept)
                    .ok()
                    .and_then(|at| self.tail.get(at..))
                    .map_or(0, |tail| copy(tail, rest))
            };
            if count == 0 {
                break;
            }
            done += count;
        }
        Ok(done)
    }

    fn size(&self) -> u64 {
        self.kept + self.tail.len() as u64
    }
}

fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let count = from.len().min(to.len());
    to[..count].copy_from_slice(&from[..count]);
    count
}

/// Strips a file.
///
/// # Errors
/// The unchanged content. It comes with a reason if there was something to strip, and with `None`
/// if there was nothing.
pub fn strip(
    content: Box<dyn Content>,
) -> Result<Stripped, (Box<dyn Content>, Option<&'static str>)> {
    let (head, kept, tail) = match cut(content.as_ref()) {
        Ok(Some(cut)) => cut,
        Ok(None) => return Err((content, None)),
        Err(why) => return Err((content, Some(why))),
    };
    let before = read(content.as_ref()).ok();
    let stripped = Stripped { content, head, kept, tail };
    if before != read(&stripped).ok() {
        return Err((stripped.content, Some("the loader would read the result differently")));
    }
    if stripped.size() < stripped.content.size() {
        Ok(stripped)
    } else {
        Err((stripped.content, None))
    }
}

/// Head, kept bytes and tail of [`Stripped`].
type Cut = (Vec<u8>, u64, Vec<u8>);

/// The parts of the stripped file; `None` when there is nothing to strip.
fn cut(content: &dyn Content) -> Result<Option<Cut>, &'static str> {
    const BROKEN: &str = "its section headers are malformed";
    let file = ElfFile { content };
    let start = file.up_to(0, 64).map_err(|_| BROKEN)?;
    let mut header = goblin::elf::Elf::parse_header(&start).map_err(|_| BROKEN)?;
    let context =
        Ctx::new(header.container().map_err(|_| BROKEN)?, header.endianness().map_err(|_| BROKEN)?);
    let sections = sections(&file, &header, context).ok_or(BROKEN)?;
    if sections.is_empty() {
        return Ok(None);
    }
    let names = sections.get(usize::from(header.e_shstrndx)).ok_or(BROKEN)?;
    let names = file.exactly(names.sh_offset, names.sh_size, "names").map_err(|_| BROKEN)?;
    let drop: Vec<bool> =
        sections.iter().map(|section| is_for_debuggers(section, &sections, &names)).collect();
    if !drop.contains(&true) {
        return Ok(None);
    }
    let kept = end_of_loaded(&file, &header, &sections, context).ok_or(BROKEN)?;
    let mut between = sections
        .iter()
        .zip(&drop)
        .filter(|(section, drop)| **drop && section.sh_type != SHT_NOBITS);
    if between.any(|(section, _)| section.sh_offset < kept) {
        return Err("debug sections lie between loaded sections");
    }
    let mut tail = Vec::new();
    let mut table = Vec::new();
    let mut numbers = vec![0; sections.len()];
    for (index, section) in sections.iter().enumerate().filter(|(index, _)| !drop[*index]) {
        numbers[index] = u32::try_from(table.len()).map_err(|_| BROKEN)?;
        table.push(moved(&file, section, kept, &mut tail).ok_or(BROKEN)?);
    }
    for section in &mut table {
        let number = |old: u32| numbers.get(old as usize).copied().unwrap_or(0);
        section.sh_link = number(section.sh_link);
        if section.sh_flags & u64::from(SHF_INFO_LINK) != 0
            || matches!(section.sh_type, SHT_REL | SHT_RELA)
        {
            section.sh_info = number(section.sh_info);
        }
    }
    pad(&mut tail, kept, 8);
    header.e_shoff = kept + tail.len() as u64;
    header.e_shnum = u16::try_from(table.len()).map_err(|_| BROKEN)?;
    header.e_shstrndx =
        u16::try_from(numbers[usize::from(header.e_shstrndx)]).map_err(|_| BROKEN)?;
    let size = SectionHeader::size(context);
    let at = tail.len();
    tail.resize(at + table.len() * size, 0);
    for (index, section) in table.into_iter().enumerate() {
        tail.pwrite_with(section, at + index * size, context).map_err(|_| BROKEN)?;
    }
    let mut head = start[..usize::from(header.e_ehsize).min(start.len())].to_vec();
    head.pwrite_with(header, 0, context.le).map_err(|_| BROKEN)?;
    Ok(Some((head, kept, tail)))
}

fn sections(file: &ElfFile, header: &Header, context: Ctx) -> Option<Vec<SectionHeader>> {
    let size = u64::from(header.e_shnum) * SectionHeader::size(context) as u64;
    if usize::from(header.e_shentsize) != SectionHeader::size(context) {
        return (header.e_shnum == 0).then(Vec::new);
    }
    let bytes = file.exactly(header.e_shoff, size, "sections").ok()?;
    SectionHeader::parse_from(&bytes, 0, usize::from(header.e_shnum), context).ok()
}

fn is_for_debuggers(section: &SectionHeader, all: &[SectionHeader], names: &[u8]) -> bool {
    if section.sh_flags & u64::from(SHF_ALLOC) != 0 || section.sh_type == SHT_NULL {
        return false;
    }
    let name = names
        .get(section.sh_name..)
        .and_then(|rest| rest.split(|byte| *byte == 0).next())
        .unwrap_or_default();
    let debug = [&b".debug"[..], b".zdebug", b".stab", b".gdb_index", b".gnu.debuglto"]
        .iter()
        .any(|start| name.starts_with(start));
    let symbols = section.sh_type == SHT_SYMTAB;
    // Only the symbol table uses these strings.
    let strings = name == b".strtab" && all.iter().any(|one| one.sh_type == SHT_SYMTAB);
    debug || symbols || strings
}

/// The end of everything that a loader or the kernel may read.
fn end_of_loaded(
    file: &ElfFile,
    header: &Header,
    sections: &[SectionHeader],
    context: Ctx,
) -> Option<u64> {
    let segments = file.segments(header, context).ok()?;
    let segments = segments.iter().map(|segment| segment.p_offset.checked_add(segment.p_filesz));
    let loaded = sections.iter().filter(|section| {
        section.sh_flags & u64::from(SHF_ALLOC) != 0 && section.sh_type != SHT_NOBITS
    });
    let loaded = loaded.map(|section| section.sh_offset.checked_add(section.sh_size));
    let table =
        header.e_phoff.checked_add(u64::from(header.e_phnum) * u64::from(header.e_phentsize));
    segments
        .chain(loaded)
        .chain([table, Some(u64::from(header.e_ehsize))])
        .collect::<Option<Vec<u64>>>()?
        .into_iter()
        .max()
}

/// The new header of a section that is kept. The content of an unloaded one is appended to the
/// tail.
fn moved(
    file: &ElfFile,
    section: &SectionHeader,
    kept: u64,
    tail: &mut Vec<u8>,
) -> Option<SectionHeader> {
    let mut section = section.clone();
    if section.sh_offset < kept || matches!(section.sh_type, SHT_NULL | SHT_NOBITS) {
        return Some(section);
    }
    let bytes = file.exactly(section.sh_offset, section.sh_size, "a section").ok()?;
    pad(tail, kept, section.sh_addralign.clamp(1, 4096));
    section.sh_offset = kept + tail.len() as u64;
    tail.extend(bytes);
    (tail.len() <= LARGEST_TAIL).then_some(section)
}

fn pad(tail: &mut Vec<u8>, kept: u64, alignment: u64) {
    while !(kept + tail.len() as u64).is_multiple_of(alignment) {
        tail.push(0);
    }
}
