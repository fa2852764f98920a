//! Tiny files of every class with every kind of run path, compared as a loader maps them.

use std::collections::BTreeMap;

use goblin::elf::ProgramHeader;
use goblin::elf::dynamic::{DT_NULL, DT_STRSZ, DT_STRTAB};
use goblin::elf::program_header::{PT_DYNAMIC, PT_LOAD, PT_PHDR};
use goblin::elf::section_header::{SHT_DYNAMIC, SHT_STRTAB};

use super::format::Format;
use super::*;
use crate::elf::{self, Elf, offset_of, read};

const LOAD: u32 = PT_LOAD;
const RELRO: u32 = 0x6474_e552;

/// A library as a linker writes it: headers and strings, then a writable page with the dynamic
/// section.
struct Craft {
    wide: bool,
    little: bool,
    rpath: Option<&'static str>,
    runpath: Option<&'static str>,
    /// The number of zero entries after the last one.
    slots: usize,
    sections: bool,
    interpreter: bool,
}

const PLAIN: Craft = Craft {
    wide: true,
    little: true,
    rpath: None,
    runpath: None,
    slots: 5,
    sections: true,
    interpreter: false,
};

const DATA: u64 = 0x1000;
const DATA_ADDRESS: u64 = 0x3000;
const MORE_THAN_FILE: u64 = 0x5000;

impl Craft {
    fn bytes(&self) -> Vec<u8> {
        let format = Format { wide: self.wide, little: self.little };
        let mut strings = b"\0libneeded.so.1\0libself.so.2\0/lib/ld.so\0".to_vec();
        let mut entries = vec![(1, 1), (14, 16)];
        for (tag, text) in [(DT_RPATH, self.rpath), (DT_RUNPATH, self.runpath)] {
            if let Some(text) = text {
                entries.push((tag, strings.len() as u64));
                strings.extend([text.as_bytes(), &[0]].concat());
            }
        }
        let strings_at = 0x400;
        entries.extend([(DT_STRTAB, strings_at), (DT_STRSZ, strings.len() as u64)]);
        entries.resize(entries.len() + self.slots, (DT_NULL, 0));
        let mut dynamic = Vec::new();
        entries.iter().for_each(|(tag, value)| format.put(&mut dynamic, &[*tag, *value]));
        let data = (dynamic.len() + 0x40) as u64;
        let (header_size, entry_size, section_size) =
            if self.wide { (64, 56, 64) } else { (52, 32, 40) };
        let segment =
            |p_type, p_flags, p_offset, p_vaddr, p_filesz, p_memsz, p_align| ProgramHeader {
                p_type,
                p_flags,
                p_offset,
                p_vaddr,
                p_paddr: p_vaddr,
                p_filesz,
                p_memsz,
                p_align,
            };
        let mut segments = vec![
            segment(LOAD, 5, 0, 0, 0x800, 0x800, 0x1000),
            segment(LOAD, 6, DATA, DATA_ADDRESS, data, MORE_THAN_FILE, 0x1000),
            segment(
                PT_DYNAMIC,
                6,
                DATA,
                DATA_ADDRESS,
                dynamic.len() as u64,
                dynamic.len() as u64,
                8,
            ),
            segment(RELRO, 4, DATA, DATA_ADDRESS, data, data, 1),
            segment(0x6474_e551, 6, 0, 0, 0, 0, 16),
        ];
        if self.interpreter {
            let table = 7 * entry_size;
            segments.insert(0, segment(PT_PHDR, 4, header_size, header_size, table, table, 8));
            segments.insert(
                1,
                segment(
                    goblin::elf::program_header::PT_INTERP,
                    4,
                    strings_at + 29,
                    strings_at + 29,
                    11,
                    11,
                    1,
                ),
            );
        }
        let mut file = b"\x7fELF".to_vec();
        file.extend([if self.wide { 2 } else { 1 }, if self.little { 1 } else { 2 }, 1]);
        file.resize(16, 0);
        let sections_at = DATA + data;
        let put = |file: &mut Vec<u8>, value, size| file.extend(format.bytes(value, size));
        for (value, size) in [(3, 2), (62, 2), (1, 4)] {
            put(&mut file, value, size);
        }
        format.put(&mut file, &[0, header_size, if self.sections { sections_at } else { 0 }]);
        let section_count = if self.sections { 3 } else { 0 };
        for (value, size) in [
            (0, 4),
            (header_size, 2),
            (entry_size, 2),
            (segments.len() as u64, 2),
            (section_size, 2),
            (section_count, 2),
            (0, 2),
        ] {
            put(&mut file, value, size);
        }
        segments.iter().for_each(|segment| format.segment(&mut file, segment));
        file.resize(0x400, 0xaa);
        file.extend(&strings);
        file.resize(0x1000, 0xbb);
        file.extend(dynamic);
        file.resize(usize::try_from(sections_at).unwrap(), 0xcc);
        if self.sections {
            file.resize(file.len() + usize::try_from(section_size).unwrap(), 0);
            let sections = [
                (SHT_STRTAB, strings_at, strings_at, strings.len() as u64),
                (SHT_DYNAMIC, DATA_ADDRESS, DATA, data - 0x40),
            ];
            for (kind, address, offset, size) in sections {
                put(&mut file, 0, 4);
                put(&mut file, kind.into(), 4);
                format.put(&mut file, &[2, address, offset, size]);
                file.resize(file.len() + if self.wide { 24 } else { 16 }, 0);
            }
        }
        file
    }
}

#[test]
fn elements_and_needed_names_are_replaced_where_they_are() {
    let names = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned())).collect()
    };
    let content = Craft { runpath: Some("/a:/b/c:/a"), ..PLAIN }.bytes();
    let before = read(&content).unwrap().unwrap();
    let needed = before.needed[0].clone();
    let changes = PathChanges {
        added: vec!["/z".to_owned(), "$ORIGIN".to_owned()],
        replaced: names(&[("/b/c", "$ORIGIN"), ("/b", "/no")]),
        needed: names(&[(&needed, "a-longer-name.so"), ("other.so", "no.so")]),
    };
    let edits = change_paths(&content, &changes, WhenNone::RunPath).unwrap();
    let edited = Edited { content: content.clone(), edits };
    let after = read(&edited).unwrap().unwrap();
    let expected = Elf {
        runpath: Some("/a:$ORIGIN:/a:/z".to_owned()),
        needed: before
            .needed
            .iter()
            .map(|name| if *name == needed { "a-longer-name.so".to_owned() } else { name.clone() })
            .collect(),
        ..before
    };
    assert_eq!(after, expected);
    let mut bytes = vec![0; usize::try_from(edited.size()).unwrap()];
    edited.read_at(&mut bytes, 0).unwrap();
    assert_eq!(memchr::memmem::find(&bytes, b"/b/c"), None);
    let nothing = PathChanges { replaced: names(&[("/x", "/y")]), ..PathChanges::default() };
    assert_eq!(change_paths(&content, &nothing, WhenNone::RunPath).unwrap(), Edits::default());
}

fn adding(directory: &str) -> PathChanges {
    PathChanges { added: vec![directory.to_owned()], ..PathChanges::default() }
}

fn patched(bytes: &[u8], add: &[&str], when_none: WhenNone) -> Result<Vec<u8>, ElfError> {
    let content = bytes.to_vec();
    let added = add.iter().map(|text| (*text).to_owned()).collect();
    let edits =
        change_paths(&content, &PathChanges { added, ..PathChanges::default() }, when_none)?;
    let edited = Edited { content, edits };
    let mut all = vec![0; usize::try_from(edited.size()).unwrap()];
    assert_eq!(edited.read_at(&mut all, 0).unwrap(), all.len());
    // The content is the same in blocks of any size.
    for size in [7, 64, 4096] {
        let mut pieces: Vec<u8> = Vec::new();
        while pieces.len() < all.len() {
            let mut piece = vec![0; size];
            let got = edited.read_at(&mut piece, pieces.len() as u64).unwrap();
            pieces.extend(&piece[..got]);
        }
        assert!(pieces == all, "in pieces of {size}");
    }
    Ok(all)
}

/// Every byte that a loader maps, by its address, and the segments.
fn image(bytes: &[u8]) -> (BTreeMap<u64, u8>, Vec<ProgramHeader>) {
    let segments = File::read(&bytes.to_vec()).unwrap().segments;
    let mut image = BTreeMap::new();
    for load in segments.iter().filter(|segment| segment.p_type == PT_LOAD) {
        assert!(
            load.p_vaddr % load.p_align == load.p_offset % load.p_align,
            "aligned as glibc wants it"
        );
        for at in 0..load.p_filesz {
            let byte = bytes[usize::try_from(load.p_offset + at).unwrap()];
            assert_eq!(image.insert(load.p_vaddr + at, byte), None, "no two segments overlap");
        }
    }
    let addresses: Vec<u64> =
        segments.iter().filter(|one| one.p_type == PT_LOAD).map(|one| one.p_vaddr).collect();
    assert!(addresses.is_sorted(), "by address");
    (image, segments)
}

/// Adds directories, then compares the mapped bytes and the facts that a loader reads.
fn check(craft: &Craft, add: &[&str], rpath: Option<&str>, runpath: Option<&str>) -> Vec<u8> {
    let before = craft.bytes();
    let facts = read(&before).unwrap().unwrap();
    let after = patched(&before, add, WhenNone::RunPath).unwrap();
    let expected =
        Elf { rpath: rpath.map(str::to_owned), runpath: runpath.map(str::to_owned), ..facts };
    assert_eq!(read(&after).unwrap().unwrap(), expected);
    let (old, segments) = image(&before);
    let (new, _) = image(&after);
    let dynamic = segments.iter().find(|segment| segment.p_type == PT_DYNAMIC).unwrap();
    let header = if craft.wide { 64 } else { 52 };
    let may_change = |at: &u64| {
        *at < header || (dynamic.p_vaddr..dynamic.p_vaddr + dynamic.p_memsz).contains(at)
    };
    for (at, byte) in old.iter().filter(|(at, _)| !may_change(at)) {
        assert_eq!(new.get(at), Some(byte), "the byte at {at:#x}");
    }
    after
}

#[test]
fn every_class_and_every_run_path() {
    for (wide, little) in [(true, true), (true, false), (false, true), (false, false)] {
        for (sections, interpreter, slots) in [
            (true, false, 5),
            (false, false, 5),
            (true, false, 1),
            (false, true, 1),
            (true, true, 2),
        ] {
            let craft = || Craft { wide, little, sections, interpreter, slots, ..PLAIN };
            check(&craft(), &["$ORIGIN/../x"], None, Some("$ORIGIN/../x"));
            check(
                &Craft { rpath: Some("/a"), ..craft() },
                &["$ORIGIN/x", "/y"],
                Some("/a:$ORIGIN/x:/y"),
                None,
            );
            check(&Craft { runpath: Some("/a:/b"), ..craft() }, &["/c"], None, Some("/a:/b:/c"));
            check(
                &Craft { rpath: Some("/r"), runpath: Some("/a"), ..craft() },
                &["/c"],
                Some("/r"),
                Some("/a:/c"),
            );
            check(&Craft { runpath: Some(""), ..craft() }, &["/c"], None, Some("/c"));
        }
    }
}

#[test]
fn sections_follow_what_moves() {
    for slots in [5, 1] {
        let bytes = check(&Craft { slots, ..PLAIN }, &["/x"], None, Some("/x"));
        let elf = goblin::elf::Elf::parse(&bytes).unwrap();
        let dynamic = elf.dynamic.as_ref().unwrap();
        let of = |kind| elf.section_headers.iter().find(|section| section.sh_type == kind).unwrap();
        // goblin returns the offset in the file.
        assert_eq!(
            (of(SHT_STRTAB).sh_offset, of(SHT_STRTAB).sh_size),
            (dynamic.info.strtab as u64, dynamic.info.strsz as u64)
        );
        assert_eq!(
            offset_of(of(SHT_STRTAB).sh_addr, &elf.program_headers),
            Some(of(SHT_STRTAB).sh_offset)
        );
        let segment =
            elf.program_headers.iter().find(|segment| segment.p_type == PT_DYNAMIC).unwrap();
        let section = of(SHT_DYNAMIC);
        assert_eq!(
            (section.sh_addr, section.sh_offset, section.sh_size),
            (segment.p_vaddr, segment.p_offset, segment.p_filesz)
        );
        assert_eq!(segment.p_vaddr == DATA_ADDRESS, slots == 5, "it moves where no slot is free");
    }
}

#[test]
fn a_directory_that_is_there_is_not_added() {
    let craft = Craft { runpath: Some("/a:/b"), ..PLAIN };
    assert_eq!(patched(&craft.bytes(), &["/b"], WhenNone::RunPath).unwrap(), craft.bytes());
    assert_eq!(patched(&craft.bytes(), &[], WhenNone::RunPath).unwrap(), craft.bytes());
    // The text is the end of a longer name, so only a free slot is needed.
    let bytes = patched(&PLAIN.bytes(), &["self.so.2"], WhenNone::RunPath).unwrap();
    assert_eq!(bytes.len(), PLAIN.bytes().len());
}

#[test]
fn again_and_again() {
    let mut bytes = PLAIN.bytes();
    for at in 0..8 {
        bytes = patched(&bytes, &[&format!("/directory{at}")], WhenNone::RPath).unwrap();
        image(&bytes);
    }
    let elf = read(&bytes).unwrap().unwrap();
    assert_eq!(elf.rpath.unwrap().split(':').count(), 8);
    assert_eq!(elf.runpath, None);
}

/// A kernel before 5.18 adds the offset of the headers to the address of the first segment.
#[test]
fn a_program_has_its_headers_where_the_kernel_says() {
    let bytes = check(&Craft { interpreter: true, ..PLAIN }, &["/x"], None, Some("/x"));
    let (_, segments) = image(&bytes);
    let table = segments.iter().find(|segment| segment.p_type == PT_PHDR).unwrap();
    let header = goblin::elf::Elf::parse_header(&bytes).unwrap();
    assert_eq!((table.p_vaddr, table.p_offset), (header.e_phoff, header.e_phoff));
    assert!(table.p_vaddr >= DATA_ADDRESS + MORE_THAN_FILE, "after the zeroed memory");
}

#[test]
fn any_bytes_are_an_answer() {
    for craft in [
        PLAIN,
        Craft {
            wide: false,
            little: false,
            interpreter: true,
            slots: 1,
            rpath: Some("/a"),
            ..PLAIN
        },
    ] {
        let bytes = craft.bytes();
        for end in 0..bytes.len() {
            let _ = patched(&bytes[..end], &["/x"], WhenNone::RunPath);
        }
        for at in (0..0x300).chain(0x1000..bytes.len()) {
            for value in [0, 1, 0x7f, 0xff] {
                let mut broken = bytes.clone();
                broken[at] = value;
                let content = broken;
                let _ = change_paths(&content, &adding("/x"), WhenNone::RunPath);
            }
        }
    }
    let refused =
        |bytes: &[u8]| patched(bytes, &["/x"], WhenNone::RunPath).unwrap_err().to_string();
    assert_eq!(refused(b"#!/bin/sh"), "lacks code that a loader can map");
    assert_eq!(refused(&PLAIN.bytes()[..0x1010]), "a segment is truncated");
    assert!(matches!(elf::read(&b"text".to_vec()), Ok(None)));
}
