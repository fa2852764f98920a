//! The tables of a file that hold its run path and names, and the edits that change them.
//!
//! Invariant: offsets into the string table stay what they are.

use goblin::container::Ctx;
use goblin::elf::dynamic::{
    DT_NEEDED, DT_NULL, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_STRSZ, DT_STRTAB,
};
use goblin::elf::program_header::{PF_R, PF_W, PT_DYNAMIC, PT_LOAD, PT_PHDR};
use goblin::elf::section_header::{SHT_DYNAMIC, SHT_STRTAB};
use goblin::elf::{Header, ProgramHeader};

use super::edited::distance;
use super::format::Format;
use super::{Edits, PathChanges, nonsense};
use crate::elf::{ElfError, ElfFile, FIRST_READ, offset_of};
use crate::root::Content;

/// The largest believable string table, in bytes. Those of large C++ libraries have some 10 MB.
const LARGEST_STRINGS: u64 = 1 << 28;
/// The largest hole that a program may get, in bytes. The file offset of its new segment follows
/// from its address, which is after all of `.bss`.
const LARGEST_GAP: u64 = 1 << 28;

/// The tables that hold run paths and names.
pub(super) struct File<'a> {
    content: &'a dyn Content,
    format: Format,
    header: Header,
    pub(super) segments: Vec<ProgramHeader>,
    /// Index of `PT_DYNAMIC`.
    dynamic: usize,
    /// Tags and values, with the free slots at the end.
    entries: Vec<(u64, u64)>,
    /// The address of the string table.
    strings_at: u64,
    strings: Vec<u8>,
}

impl<'a> File<'a> {
    pub(super) fn read(content: &'a dyn Content) -> Result<File<'a>, ElfError> {
        const WHAT: &str = "the dynamic section";
        let reader = ElfFile { content };
        let start = reader.up_to(0, FIRST_READ as u64)?;
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

    /// The string of an entry, at its offset in the table.
    fn string(&self, entry: usize) -> Result<&[u8], ElfError> {
        const WHAT: &str = "the offset of a dynamic string";
        let at = usize::try_from(self.entries[entry].1).unwrap_or(usize::MAX);
        let rest = self.strings.get(at..).ok_or(nonsense(WHAT))?;
        Ok(&rest[..memchr::memchr(0, rest).ok_or(nonsense(WHAT))?])
    }

    /// The changed run path; `None` when nothing changes.
    pub(super) fn run_path(
        &self,
        kind: u64,
        changes: &PathChanges,
    ) -> Result<Option<Vec<u8>>, ElfError> {
        let entry = self.entry(kind);
        let old = entry.map(|entry| self.string(entry)).transpose()?.unwrap_or_default();
        let new = |element| {
            let name = std::str::from_utf8(element).ok();
            name.and_then(|name| changes.replaced.get(name)).map_or(element, String::as_bytes)
        };
        let mut elements: Vec<&[u8]> = old.split(|byte| *byte == b':').map(new).collect();
        elements.retain(|_| !old.is_empty());
        for directory in changes.added.iter().map(String::as_bytes) {
            if !elements.contains(&directory) {
                elements.push(directory);
            }
        }
        let text = elements.join(&b':');
        if text.contains(&0) {
            return Err(nonsense("the directory to add"));
        }
        Ok((text != old).then_some(text))
    }

    /// The entries of needed names that change, with the new names.
    pub(super) fn needed(&self, changes: &PathChanges) -> Result<Vec<(usize, Vec<u8>)>, ElfError> {
        let mut changed = Vec::new();
        for entry in (0..self.end()).filter(|entry| self.entries[*entry].0 == DT_NEEDED) {
            let old = std::str::from_utf8(self.string(entry)?).ok();
            let new = old.and_then(|old| changes.needed.get(old));
            changed.extend(new.map(|new| (entry, new.clone().into_bytes())));
        }
        match changed.iter().any(|(_, name)| name.contains(&0)) {
            true => Err(nonsense("the needed name")),
            false => Ok(changed),
        }
    }

    /// The offset of a string in the table, at whose end it is added if it is not there: it can be the end of
    /// a longer string, or come from an earlier patch.
    fn place(&mut self, text: &[u8]) -> u64 {
        let terminated = [text, &[0]].concat();
        let known = memchr::memmem::find(&self.strings, &terminated);
        known.unwrap_or_else(|| {
            self.strings.extend(terminated);
            self.strings.len() - text.len() - 1
        }) as u64
    }

    pub(super) fn edits(
        &mut self,
        kind: u64,
        text: Option<&[u8]>,
        needed: &[(usize, Vec<u8>)],
        program: bool,
    ) -> Result<Edits, ElfError> {
        let before = self.strings.len();
        let mut old: Vec<u64> = needed.iter().map(|(entry, _)| self.entries[*entry].1).collect();
        for (entry, name) in needed {
            self.entries[*entry].1 = self.place(name);
        }
        let mut dynamic_moves = false;
        if let Some(text) = text {
            let at = self.place(text);
            match self.entry(kind) {
                Some(entry) => {
                    let kept = text.starts_with(self.string(entry)?);
                    let before = std::mem::replace(&mut self.entries[entry].1, at);
                    old.extend((!kept).then_some(before));
                }
                None => dynamic_moves = self.add_entry(kind, at),
            }
        }
        let strings_move = self.strings.len() > before;
        let overwritten = self.overwrite(&old)?;
        let mut edits = if strings_move || dynamic_moves {
            self.grow(strings_move, dynamic_moves, program)?
        } else {
            let dynamic = (self.segments[self.dynamic].p_offset, self.dynamic_bytes());
            Edits { writes: vec![dynamic], size: 0 }
        };
        edits.writes.extend(overwritten.writes);
        Ok(edits)
    }

    /// Overwrites strings that no entry refers to any more, in the file and in the table that may move.
    fn overwrite(&mut self, old: &[u64]) -> Result<Edits, ElfError> {
        let start = offset_of(self.strings_at, &self.segments).ok_or(nonsense("DT_STRTAB"))?;
        let refers = |tag: u64| matches!(tag, DT_NEEDED | DT_SONAME | DT_RPATH | DT_RUNPATH);
        let used: Vec<u64> =
            self.entries.iter().filter(|(tag, _)| refers(*tag)).map(|(_, at)| *at).collect();
        let mut edits = Edits::default();
        for at in old {
            let from = distance(0, *at);
            let rest = &self.strings[from..];
            let text = &rest[..memchr::memchr(0, rest).unwrap_or(rest.len())];
            let length = memchr::memrchr(b'/', text).map_or(0, |slash| slash + 1);
            let end = at + text.len() as u64;
            if length > 0 && !used.iter().any(|other| (*at..end).contains(other)) {
                self.strings[from..from + length].fill(b'/');
                edits.writes.push((start + at, vec![b'/'; length]));
            }
        }
        Ok(edits)
    }

    /// Adds an entry at the end, and returns whether there is no free slot for it.
    fn add_entry(&mut self, tag: u64, value: u64) -> bool {
        let end = self.end();
        let free = self.entries[end..].iter().take(2).filter(|(tag, _)| *tag == DT_NULL).count();
        if free < 2 {
            self.entries.truncate(end);
            self.entries.extend([(tag, value), (DT_NULL, 0)]);
        } else {
            self.entries[end] = (tag, value);
        }
        free < 2
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
