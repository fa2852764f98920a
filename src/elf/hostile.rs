//! Small files that ask for much work or memory.
//!
//! Invariant: each is refused by the part that is wrong.

use super::*;

/// The place of the data in a file.
const DATA: u64 = 0x1_0000;

/// A file with program headers of these types, each for the whole file, and a dynamic section of these
/// entries. Every address is an offset.
fn file(segments: &[u32], entries: &[(u64, u64)], data: &[u8]) -> Vec<u8> {
    let dynamic: Vec<u8> =
        entries.iter().flat_map(|(tag, value)| [*tag, *value]).flat_map(u64::to_le_bytes).collect();
    let dynamic_at = DATA + data.len() as u64;
    let size = dynamic_at + dynamic.len() as u64;
    let mut bytes = MAGIC.to_vec();
    bytes.extend([2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 62, 0, 1, 0, 0, 0]);
    bytes.extend([0, 64, 0].into_iter().flat_map(u64::to_le_bytes));
    let count = u16::try_from(segments.len() + 1).expect("few");
    bytes.extend([0, 0, 64, 56, count, 0, 0, 0].into_iter().flat_map(u16::to_le_bytes));
    let whole = segments.iter().map(|kind| (*kind, 0, size));
    for (kind, at, size) in whole.chain([(PT_DYNAMIC, dynamic_at, dynamic.len() as u64)]) {
        bytes.extend([kind, 4].into_iter().flat_map(u32::to_le_bytes));
        bytes.extend([at, at, at, size, size, 8].into_iter().flat_map(u64::to_le_bytes));
    }
    bytes.resize(usize::try_from(DATA).expect("small"), 0);
    bytes.extend(data);
    bytes.extend(dynamic);
    bytes
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[track_caller]
fn check<T>(read: Result<T, ElfError>, expect: &str) {
    let why = read.err().map_or_else(|| "fine".to_owned(), |why| why.to_string());
    assert_eq!(why, expect);
}

#[test]
fn needed_libraries() {
    let many = |count: usize, offset: u64| {
        let needed = std::iter::repeat_n((dynamic::DT_NEEDED, offset), count);
        let entries: Vec<_> = needed.chain([(dynamic::DT_STRTAB, DATA)]).collect();
        read(&file(&[PT_LOAD], &entries, &[&[b'a'; 16_000][..], b"\0"].concat()))
    };
    check(many(3, 0), "fine");
    check(many(60_000, 15_990), "the list of needed libraries is malformed");
    // Strings may share their ends, but not so many.
    check(many(4000, 0), "the table of strings is malformed");
}

#[test]
fn needed_versions_that_overlap() {
    // Each word is the distance to the next entry, four bytes on.
    let entries =
        [(dynamic::DT_STRTAB, DATA), (dynamic::DT_VERNEED, DATA + 8), (dynamic::DT_VERNEEDNUM, 1)];
    let library = words(&[0, 0, 0xffff_0001, 0, 16, 0]);
    let data = [library, words(&[4; 20_000])].concat();
    let bytes = file(&[PT_LOAD], &entries, &data);
    check(read(&bytes), "the table of needed versions is malformed");
}

#[test]
fn symbols_with_one_long_name() {
    let name = vec![b'a'; 60_000];
    // st_info is a global function; each symbol is in section 1.
    let symbol = [words(&[1, 0x0001_0012]), vec![1; 16]].concat();
    let hash = words(&[1, 2000, 0]);
    let data = [&name[..], b"\0\0\0\0", &symbol.repeat(2000), &hash].concat();
    let symbols = DATA + 60_004;
    let entries = [
        (dynamic::DT_STRTAB, DATA),
        (dynamic::DT_STRSZ, 60_001),
        (dynamic::DT_SYMTAB, symbols),
        (dynamic::DT_HASH, symbols + 2000 * 24),
    ];
    let bytes = file(&[PT_LOAD], &entries, &data);
    check(read_symbols(&bytes), "the table of strings is malformed");
}

#[test]
fn a_chain_without_end() {
    let data = [words(&[1, 1, 0, 0, 1]), vec![0; 200_000]].concat();
    let entries =
        [(dynamic::DT_STRTAB, DATA), (dynamic::DT_SYMTAB, DATA), (dynamic::DT_GNU_HASH, DATA)];
    check(read_symbols(&file(&[PT_LOAD], &entries, &data)), "the symbol table is malformed");
}

#[test]
fn segments_over_the_same_bytes() {
    for kind in [PT_LOAD, PT_NOTE] {
        let bytes = file(&[kind; 900], &[], &[]);
        check(read_dlopen_notes(&bytes), "the program header table is malformed");
        check(read_library_names(&bytes), "the program header table is malformed");
    }
}
