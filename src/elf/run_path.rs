//! Adds directories to the run path of a program or shared object, as patchelf does.
//!
//! The new text needs room in the string table, and the loader needs one contiguous table. The
//! table therefore moves to a new `PT_LOAD` at the end of the file. The program headers move with
//! it, because they grow by that one entry. The dynamic section moves too if it has no free slot.
//! Everything else in the file keeps its offset and its address. Names, versions, hashes and
//! relocations refer to strings by their offset in the table, and these offsets do not change.
//!
//! New directories are appended to the existing run path. The search order is then that of the
//! builder, where the system's directories came after the run path. The tag does not change either:
//! on glibc a `DT_RPATH` is inherited, and a `DT_RUNPATH` disables the inherited ones (ld.so(8)).
//!
//! Invariant: no bytes make it panic. The result differs from the file in its run path alone.

#[cfg(test)]
mod tests;

use std::io;

use goblin::container::Ctx;
use goblin::elf::dynamic::{DT_NULL, DT_RPATH, DT_RUNPATH, DT_STRSZ, DT_STRTAB};
use goblin::elf::program_header::{PF_R, PF_W, PT_DYNAMIC, PT_LOAD, PT_PHDR};
use goblin::elf::section_header::{SHT_DYNAMIC, SHT_STRTAB};
use goblin::elf::{Header, ProgramHeader};

use super::{Elf, ElfError, ElfFile, offset_of};
use crate::root::Content;

/// The largest believable string table, in bytes. Those of large C++ libraries have some 10 MB.
const LARGEST_STRINGS: u64 = 1 << 28;
/// The largest hole that a program may get, in bytes. The file offset of its new segment follows
/// from its address, which is after all of `.bss`.
const LARGEST_GAP: u64 = 1 << 28;

/// The tag to add to a file that has no run path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenNone {
    /// `DT_RUNPATH`, for the file's own needs alone.
    RunPath,
    /// `DT_RPATH`, because the file relies on the inherited `DT_RPATH` of the object that loads it.
    RPath,
}

/// The changed bytes of a file, by offset; everything else is copied.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Edits {
    writes: Vec<(u64, Vec<u8>)>,
    /// The size of the changed file in bytes, or 0 when it does not grow.
    size: u64,
}

/// A view of a content after its edits.
pub struct Edited<C> {
    /// The content before the edits.
    pub content: C,
    /// The edits to apply while reading.
    pub edits: Edits,
}

impl<C: Content> Content for Edited<C> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let there = usize::try_from(self.size().saturating_sub(offset))
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let buffer = &mut buffer[..there];
        let old = self.content.read_at(buffer, offset)?;
        buffer[old..].fill(0);
        for (at, bytes) in &self.edits.writes {
            let (from, to) =
                ((*at).max(offset), (at + bytes.len() as u64).min(offset + there as u64));
            if from < to {
                let length = distance(from, to);
                let (source, target) = (distance(*at, from), distance(offset, from));
                buffer[target..target + length].copy_from_slice(&bytes[source..source + length]);
            }
        }
        Ok(there)
    }

    fn size(&self) -> u64 {
        self.content.size().max(self.edits.size)
    }
}

/// The bytes between two offsets of data in memory.
fn distance(from: u64, to: u64) -> usize {
    usize::try_from(to - from).expect("a buffer holds everything between the offsets")
}

/// Makes the edits that add `directories` to the run path. Directories that are already there are
/// not added again.
///
/// # Errors
/// The file is no loadable object with a dynamic section, or its tables contradict each other.
pub fn add_run_path(
    content: &dyn Content,
    directories: &[String],
    when_none: WhenNone,
) -> Result<Edits, ElfError> {
    let facts = super::read(content)?
        .filter(|elf| elf.loadable)
        .ok_or(ElfError::Lacks { what: "code that a loader can map" })?;
    let mut file = File::read(content)?;
    let kind = match (&facts.runpath, &facts.rpath, when_none) {
        (Some(_), _, _) | (None, None, WhenNone::RunPath) => DT_RUNPATH,
        (None, Some(_), _) | (None, None, WhenNone::RPath) => DT_RPATH,
    };
    let text = file.text(kind, directories)?;
    let Some(text) = text else { return Ok(Edits::default()) };
    let edits = file.edits(kind, &text, facts.interpreter.is_some())?;
    // The edits are returned only if a loader would read the result as intended.
    let edited = Edited { content, edits };
    let after = super::read(&edited)?;
    let text = Some(String::from_utf8_lossy(&text).into_owned());
    let expected = if kind == DT_RUNPATH {
        Elf { runpath: text, ..facts }
    } else {
        Elf { rpath: text, ..facts }
    };
    if after == Some(expected) {
        Ok(edited.edits)
    } else {
        Err(nonsense("the file with the new run path"))
    }
}

fn nonsense(what: &'static str) -> ElfError {
    ElfError::Nonsense { what }
}

/// The size and the byte order of numbers.
#[derive(Clone, Copy)]
struct Format {
    wide: bool,
    little: bool,
}

impl Format {
    fn number(self, bytes: &[u8]) -> u64 {
        let shift = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        if self.little { bytes.iter().rev().fold(0, shift) } else { bytes.iter().fold(0, shift) }
    }

    fn bytes(self, value: u64, size: usize) -> Vec<u8> {
        if self.little {
            value.to_le_bytes()[..size].to_vec()
        } else {
            value.to_be_bytes()[8 - size..].to_vec()
        }
    }

    /// The size of an address or offset in bytes.
    fn word(self) -> usize {
        if self.wide { 8 } else { 4 }
    }

    fn put(self, out: &mut Vec<u8>, words: &[u64]) {
        words.iter().for_each(|word| out.extend(self.bytes(*word, self.word())));
    }

    fn segment(self, out: &mut Vec<u8>, segment: &ProgramHeader) {
        let ProgramHeader {
            p_type,
            p_flags,
            p_offset,
            p_vaddr,
            p_paddr,
            p_filesz,
            p_memsz,
            p_align,
        } = segment.clone();
        out.extend(self.bytes(p_type.into(), 4));
        if self.wide {
            out.extend(self.bytes(p_flags.into(), 4));
        }
        self.put(out, &[p_offset, p_vaddr, p_paddr, p_filesz, p_memsz]);
        if !self.wide {
            out.extend(self.bytes(p_flags.into(), 4));
        }
        self.put(out, &[p_align]);
    }
}

/// The tables that hold a run path.
struct File<'a> {
    content: &'a dyn Content,
    format: Format,
    header: Header,
    segments: Vec<ProgramHeader>,
    /// Index of `PT_DYNAMIC`.
    dynamic: usize,
    /// Tags and values, with the free slots at the end.
    entries: Vec<(u64, u64)>,
    /// The address of the string table.
    strings_at: u64,
    strings: Vec<u8>,
}

impl<'a> File<'a> {
    fn read(content: &'a dyn Content) -> Result<File<'a>, ElfError> {
        const WHAT: &str = "the dynamic section";
        let reader = ElfFile { content };
        let start = reader.up_to(0, super::FIRST_READ as u64)?;
        let header = goblin::elf::Elf::parse_header(&start)
            .map_err(|_| ElfError::Truncated { what: "the ELF header" })?;
        let (Ok(endianness), Ok(container)) = (header.endianness(), header.container()) else {
            return Err(nonsense("the ELF header"));
        };
        let context = Ctx::new(container, endianness);
        let format = Format { wide: container.is_big(), little: endianness.is_little() };
        let segments = reader.segments(&header, context)?;
        // 0xffff (PN_XNUM) means that the number is in another field.
        if header.e_phnum >= 0xfffe
            || usize::from(header.e_phentsize) != ProgramHeader::size(context)
        {
            return Err(nonsense("the program header table"));
        }
        let found: Vec<usize> =
            (0..segments.len()).filter(|index| segments[*index].p_type == PT_DYNAMIC).collect();
        let dynamic = match found[..] {
            [] => return Err(ElfError::Lacks { what: "a dynamic section" }),
            [one] => one,
            _ => return Err(nonsense("a file with several dynamic sections")),
        };
        let bytes = reader.exactly(segments[dynamic].p_offset, segments[dynamic].p_filesz, WHAT)?;
        let word = format.word();
        let entry = |pair: &[u8]| (format.number(&pair[..word]), format.number(&pair[word..]));
        let entries: Vec<(u64, u64)> = bytes.chunks_exact(2 * word).map(entry).collect();
        let end = entries
            .iter()
            .position(|(tag, _)| *tag == DT_NULL)
            .ok_or(ElfError::Truncated { what: WHAT })?;
        let value =
            |tag| entries[..end].iter().rfind(|(found, _)| *found == tag).map(|(_, value)| *value);
        let (Some(strings_at), Some(size)) = (value(DT_STRTAB), value(DT_STRSZ)) else {
            return Err(ElfError::Lacks { what: "a table of dynamic strings" });
        };
        let offset = offset_of(strings_at, &segments).ok_or(nonsense("DT_STRTAB"))?;
        if size > LARGEST_STRINGS || offset.checked_add(size).is_none_or(|end| end > content.size())
        {
            return Err(nonsense("DT_STRSZ"));
        }
        let mut strings = vec![0; distance(0, size)];
        let got = content.read_at(&mut strings, offset).map_err(ElfError::Unreadable)?;
        if got < strings.len() || strings.last().is_some_and(|last| *last != 0) {
            return Err(nonsense("the table of dynamic strings"));
        }
        Ok(File { content, format, header, segments, dynamic, entries, strings_at, strings })
    }

    /// The index of the first free slot, where the entries end.
    fn end(&self) -> usize {
        self.entries.iter().position(|(tag, _)| *tag == DT_NULL).expect("checked by `read`")
    }

    /// The index of the entry with this tag. Of several the last one counts, as in both loaders.
    fn entry(&self, tag: u64) -> Option<usize> {
        self.entries[..self.end()].iter().rposition(|(found, _)| *found == tag)
    }

    /// The run path with the missing directories appended; `None` when none is missing.
    fn text(&self, kind: u64, directories: &[String]) -> Result<Option<Vec<u8>>, ElfError> {
        let old = match self.entry(kind) {
            None => &[][..],
            Some(entry) => {
                let at = usize::try_from(self.entries[entry].1).unwrap_or(usize::MAX);
                let rest = self.strings.get(at..).ok_or(nonsense("the run path"))?;
                &rest[..memchr::memchr(0, rest).ok_or(nonsense("the run path"))?]
            }
        };
        let lacks = |directory: &&String| {
            !old.split(|byte| *byte == b':').any(|element| element == directory.as_bytes())
        };
        let mut text = old.to_vec();
        for directory in directories.iter().filter(lacks) {
            if !text.is_empty() {
                text.push(b':');
            }
            text.extend(directory.as_bytes());
        }
        if text.contains(&0) {
            return Err(nonsense("the directory to add"));
        }
        Ok((text != old).then_some(text))
    }

    fn edits(&mut self, kind: u64, text: &[u8], program: bool) -> Result<Edits, ElfError> {
        let terminated = [text, &[0]].concat();
        // The text can be there already, from an earlier patch or as the end of a longer string.
        // The string table then does not move.
        let known = memchr::memmem::find(&self.strings, &terminated);
        let at = known.unwrap_or(self.strings.len()) as u64;
        let end = self.end();
        let mut dynamic_moves = false;
        match self.entry(kind) {
            Some(entry) => self.entries[entry].1 = at,
            None => {
                dynamic_moves =
                    self.entries[end..].iter().take(2).filter(|(tag, _)| *tag == DT_NULL).count()
                        < 2;
                if dynamic_moves {
                    self.entries.truncate(end);
                    self.entries.extend([(kind, at), (DT_NULL, 0)]);
                } else {
                    self.entries[end] = (kind, at);
                }
            }
        }
        if known.is_none() {
            self.strings.extend(terminated);
        }
        if known.is_some() && !dynamic_moves {
            return Ok(Edits {
                writes: vec![(self.segments[self.dynamic].p_offset, self.dynamic_bytes())],
                size: 0,
            });
        }
        self.grow(known.is_none(), dynamic_moves, program)
    }

    fn dynamic_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.entries.iter().for_each(|(tag, value)| self.format.put(&mut bytes, &[*tag, *value]));
        bytes
    }

    /// Adds the new segment: the program headers, then the dynamic section and the strings if they
    /// move.
    fn grow(
        &mut self,
        strings_move: bool,
        dynamic_moves: bool,
        program: bool,
    ) -> Result<Edits, ElfError> {
        let (offset, address, align) = self.room(program)?;
        let table = (self.segments.len() + 1) * usize::from(self.header.e_phentsize);
        let dynamic = table.next_multiple_of(16);
        let strings =
            dynamic + if dynamic_moves { self.entries.len() * 2 * self.format.word() } else { 0 };
        let size = (strings + if strings_move { self.strings.len() } else { 0 }) as u64;
        let most = if self.format.wide { i64::MAX as u64 } else { u64::from(u32::MAX) };
        if [offset, address]
            .iter()
            .any(|start| start.checked_add(size).is_none_or(|end| end > most))
        {
            return Err(nonsense("an address"));
        }
        let mut writes = Vec::new();
        if strings_move {
            let moved = address + strings as u64;
            for (tag, value) in [(DT_STRTAB, moved), (DT_STRSZ, self.strings.len() as u64)] {
                let entry = self.entry(tag).expect("checked by `read`");
                self.entries[entry].1 = value;
            }
            writes.extend(self.section(
                SHT_STRTAB,
                self.strings_at,
                [moved, offset + strings as u64, self.strings.len() as u64],
            )?);
            writes.push((offset + strings as u64, self.strings.clone()));
        }
        let bytes = self.dynamic_bytes();
        let mut flags = PF_R;
        let length = bytes.len() as u64;
        if dynamic_moves {
            let (old, moved) = (
                self.segments[self.dynamic].p_vaddr,
                (offset + dynamic as u64, address + dynamic as u64),
            );
            writes.extend(self.section(SHT_DYNAMIC, old, [moved.1, moved.0, length])?);
            writes.push((moved.0, bytes));
            // ld.so writes into the section if the linker made it writable.
            flags |= self.segments[self.dynamic].p_flags & PF_W;
            let segment = &mut self.segments[self.dynamic];
            (segment.p_offset, segment.p_vaddr, segment.p_paddr) = (moved.0, moved.1, moved.1);
            (segment.p_filesz, segment.p_memsz) = (length, length);
        } else {
            writes.push((self.segments[self.dynamic].p_offset, bytes));
        }
        for segment in self.segments.iter_mut().filter(|segment| segment.p_type == PT_PHDR) {
            (segment.p_offset, segment.p_vaddr, segment.p_paddr) = (offset, address, address);
            (segment.p_filesz, segment.p_memsz) = (table as u64, table as u64);
        }
        let load = ProgramHeader {
            p_type: PT_LOAD,
            p_flags: flags,
            p_offset: offset,
            p_vaddr: address,
            p_paddr: address,
            p_filesz: size,
            p_memsz: size,
            p_align: align,
        };
        // glibc requires PT_LOAD entries in ascending order of their addresses.
        let last = self
            .segments
            .iter()
            .rposition(|segment| segment.p_type == PT_LOAD)
            .map_or(0, |last| last + 1);
        self.segments.insert(last, load);
        let mut headers = Vec::new();
        self.segments.iter().for_each(|segment| self.format.segment(&mut headers, segment));
        writes.push((offset, headers));
        let (phoff, phnum) = if self.format.wide { (32, 56) } else { (28, 44) };
        writes.push((phoff, self.format.bytes(offset, self.format.word())));
        writes.push((phnum, self.format.bytes(self.segments.len() as u64, 2)));
        Ok(Edits { writes, size: offset + size })
    }

    /// The offset, the address and the alignment of the new segment.
    fn room(&self, program: bool) -> Result<(u64, u64, u64), ElfError> {
        const WHAT: &str = "a segment";
        let loads = || self.segments.iter().filter(|segment| segment.p_type == PT_LOAD);
        let first = loads().next().ok_or(ElfError::Lacks { what: WHAT })?;
        // At least a small page and at most the largest page of any system: old linkers align to
        // 2 MiB, which would waste space.
        let align = loads().map(|load| load.p_align).max().unwrap_or(0).clamp(1 << 12, 1 << 16);
        let align = if align.is_power_of_two() { align } else { return Err(nonsense(WHAT)) };
        let up = |value: u64| value.checked_next_multiple_of(align).ok_or(nonsense(WHAT));
        let ends = loads()
            .map(|load| load.p_vaddr.checked_add(load.p_memsz))
            .collect::<Option<Vec<u64>>>();
        let address = up(ends.and_then(|ends| ends.into_iter().max()).ok_or(nonsense(WHAT))?)?;
        let offset = up(self.content.size())?;
        if !program {
            return Ok((offset, address, align));
        }
        // Kernels before 5.18 compute the address of the program headers from their offset and from
        // the first segment.
        let bias = first
            .p_vaddr
            .checked_sub(first.p_offset)
            .filter(|bias| bias % align == 0)
            .ok_or(nonsense(WHAT))?;
        let address = address.max(offset.checked_add(bias).ok_or(nonsense(WHAT))?);
        if address - bias - offset > LARGEST_GAP {
            return Err(nonsense("the distance between its segments"));
        }
        Ok((address - bias, address, align))
    }

    /// The write that moves a section, if there is a section table. No loader reads this table, but
    /// debuggers do.
    fn section(
        &self,
        kind: u32,
        address: u64,
        place: [u64; 3],
    ) -> Result<Option<(u64, Vec<u8>)>, ElfError> {
        let (size, word) = if self.format.wide { (64, 8) } else { (40, 4) };
        let (count, at) = (u64::from(self.header.e_shnum), self.header.e_shoff);
        let whole = at.checked_add(count * size).is_some_and(|end| end <= self.content.size());
        if at == 0 || u64::from(self.header.e_shentsize) != size || !whole {
            return Ok(None);
        }
        let bytes =
            ElfFile { content: self.content }.exactly(at, count * size, "the section table")?;
        // sh_type is at 4, followed by one word of flags, the address, the offset and the size.
        let from = 8 + word;
        let found = bytes.chunks_exact(distance(0, size)).position(|header| {
            self.format.number(&header[4..8]) == u64::from(kind)
                && self.format.number(&header[from..from + word]) == address
        });
        let mut new = Vec::new();
        self.format.put(&mut new, &place);
        Ok(found.map(|index| (at + index as u64 * size + from as u64, new)))
    }
}
