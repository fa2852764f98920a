//! The dynamic symbols of one ELF file: those that it defines and those that others must define.
//!
//! The tables of a large library have megabytes, so they are read on demand: only verification asks
//! for them. The number of symbols comes from the hash tables, as in a loader, not from section
//! headers (gABI "Hash Table", LSB "Symbol Versioning").
//!
//! Invariant: no bytes make it panic.

use std::ops::Range;

use goblin::container::Ctx;
use goblin::elf::ProgramHeader;
use goblin::elf::dynamic::{self, Dyn};
use goblin::elf::program_header::PT_DYNAMIC;
use goblin::elf::sym::{
    STB_GLOBAL, STB_GNU_UNIQUE, STB_WEAK, STT_TLS, STV_HIDDEN, STV_INTERNAL, Sym, st_bind, st_type,
    st_visibility,
};
use rustc_hash::{FxHashMap, FxHashSet};
use scroll::Pread;

use super::definitions::{Definition, Definitions};
use super::{ElfError, ElfFile, VERSION_ENTRY, VersionNeed, WEAK, offset_of};
use crate::root::Content;

/// The largest believable table, in bytes. Those of the largest C++ libraries have tens of
/// megabytes.
const LARGEST: u64 = 256 << 20;
/// The text of all names together, in sizes of the file. Names may share their ends in the table, but not
/// so that a small file has much text.
const MOST_TEXT: u64 = 8;
/// The longest believable name of a version, in bytes. Each symbol has a copy of it.
const LONGEST_VERSION: usize = 1024;
/// The hashes of a chain that are read at once.
const PIECE: u64 = 4096;
/// The bit of a version index that hides a definition from references without a version.
const HIDDEN: u16 = 0x8000;
/// `SHN_ABS`.
const ABSOLUTE: usize = 0xfff1;
/// The symbol types that references bind to: none, object, function, common, thread-local and
/// indirect function.
const BINDABLE: [u8; 6] = [0, 1, 2, 5, 6, 10];

/// The dynamic symbols of a file.
#[derive(Debug, Default)]
pub struct Symbols {
    defined: Definitions,
    /// The versions by their index, for definitions.
    version_names: FxHashMap<u16, String>,
    /// The symbols that other files must define, without weak ones.
    pub undefined: Vec<Reference>,
    /// The names of the versions that the file defines (`DT_VERDEF`); empty if it has none.
    pub versions: Vec<String>,
    /// The versions that other libraries must define (`DT_VERNEED`).
    pub version_needs: Vec<VersionNeed>,
    /// Whether the file has a version table (`DT_VERSYM`).
    versioned: bool,
}

/// One symbol that another file must define.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The name of the symbol, without a version.
    pub name: String,
    /// The version that it must have, such as `GLIBC_2.34`.
    pub version: Option<String>,
    /// Whether its version entry is marked hidden: an unversioned definition then does not match.
    exact: bool,
}

impl Symbols {
    /// Whether a reference binds to a definition in this file, by the rules of glibc (`check_match`
    /// and `do_lookup_x`).
    pub fn defines_versioned(&self, reference: &Reference) -> bool {
        let definitions = || self.defined.of(&reference.name);
        if !self.versioned {
            return definitions().next().is_some();
        }
        let Some(wanted) = &reference.version else {
            // The base definition or the first version matches, or else a definition that is the
            // only one.
            return definitions().any(|one| one.index < 3)
                || definitions().filter(|one| !one.hidden).count() == 1;
        };
        let fits = |one: &Definition| match self.version_names.get(&one.index) {
            Some(version) if one.index > 1 => version == wanted,
            _ => !reference.exact && !one.hidden,
        };
        definitions().any(fits)
    }

    /// Whether the file defines the name, by the rules of musl (`find_sym`): versions do not count,
    /// but a hidden definition does not match.
    pub fn defines(&self, name: &str) -> bool {
        self.defined.of(name).any(|one| !one.hidden)
    }

    /// The names that references without a version can bind to, in no particular order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.defined.names().filter(|name| self.defines(name))
    }
}

/// Whether the names of a file's symbols can include this one. Fast, because the symbols are not read.
///
/// # Errors
/// The content cannot be read, or its headers are damaged.
pub fn may_name_symbol(content: &dyn Content, name: &str) -> Result<bool, ElfError> {
    let file = ElfFile { content };
    let Some(section) = Section::read(&file)? else { return Ok(false) };
    let strings = section.strings().unwrap_or_default();
    Ok(memchr::memmem::find(&strings, format!("{name}\0").as_bytes()).is_some())
}

/// Reads the symbols of one file; there are none if it is not ELF or has no dynamic section.
///
/// # Errors
/// The content cannot be read, or its tables are damaged.
pub fn read_symbols(content: &dyn Content) -> Result<Symbols, ElfError> {
    const WHAT: &str = "the symbol table";
    let nonsense = || ElfError::Nonsense { what: WHAT };
    let file = ElfFile { content };
    let Some(section) = Section::read(&file)? else { return Ok(Symbols::default()) };
    let (value, place) = (|tag| section.value(tag), |tag| section.place(tag));
    let (Some(table), Some(_)) = (place(dynamic::DT_SYMTAB), place(dynamic::DT_STRTAB)) else {
        return Ok(Symbols::default());
    };
    let (tables, context) = (&section.tables, section.tables.context);
    let count = match (place(dynamic::DT_HASH), place(dynamic::DT_GNU_HASH)) {
        (Some(at), _) => tables.number(at + 4).map(u64::from).ok_or_else(nonsense)?,
        (None, Some(at)) => tables.gnu_count(at).ok_or_else(nonsense)?,
        (None, None) => return Ok(Symbols::default()),
    };
    let mut strings = Strings {
        bytes: section.strings().ok_or_else(nonsense)?,
        left: content.size().saturating_mul(MOST_TEXT),
        is_spent: false,
    };
    let size = Sym::size(context.container) as u64;
    let symbols =
        tables.bytes(table, count.checked_mul(size).ok_or_else(nonsense)?).ok_or_else(nonsense)?;
    let indices = match place(dynamic::DT_VERSYM) {
        Some(at) => Some(tables.bytes(at, count * 2).ok_or_else(nonsense)?),
        None => None,
    };
    let relocated = tables.relocated(&section);
    let mut versions = Versions::default();
    if let (Some(at), Some(number)) = (place(dynamic::DT_VERDEF), value(dynamic::DT_VERDEFNUM)) {
        versions.definitions(tables, at, number, &mut strings);
    }
    if let (Some(at), Some(number)) = (place(dynamic::DT_VERNEED), value(dynamic::DT_VERNEEDNUM)) {
        versions.needs(tables, at, number, &mut strings);
    }
    let mut found = Symbols {
        versioned: indices.is_some(),
        versions: versions.defined.clone(),
        version_needs: versions.needed.clone(),
        ..Symbols::default()
    };
    for number in 1..usize::try_from(count).map_err(|_| nonsense())? {
        let Ok(symbol) = symbols.pread_with::<Sym>(number * Sym::size(context.container), context)
        else {
            break;
        };
        let index = indices
            .as_ref()
            .and_then(|bytes| bytes.pread_with::<u16>(number * 2, context.le).ok())
            .unwrap_or(1);
        // An undefined symbol counts only if a relocation names it: a loader looks up no others.
        if symbol.st_shndx != 0 || relocated.contains(&(number as u64)) {
            found.add(&symbol, &mut strings, index, &versions);
        }
    }
    if strings.is_spent {
        return Err(ElfError::Nonsense { what: "the table of strings" });
    }
    found.defined.strings = strings.bytes;
    let names = versions.by_index.into_iter();
    found.version_names = names.map(|(index, (version, _))| (index, version)).collect();
    Ok(found)
}

impl Symbols {
    fn add(&mut self, symbol: &Sym, strings: &mut Strings, index: u16, versions: &Versions) {
        let binding = st_bind(symbol.st_info);
        let visible = !matches!(st_visibility(symbol.st_other), STV_HIDDEN | STV_INTERNAL);
        let name = strings.place(symbol.st_name);
        if name.is_empty() || !visible || !matches!(binding, STB_GLOBAL | STB_WEAK | STB_GNU_UNIQUE)
        {
            return;
        }
        let (number, hidden) = (index & !HIDDEN, index & HIDDEN != 0);
        if symbol.st_shndx == 0 {
            // A weak reference may remain undefined.
            if binding != STB_WEAK {
                let need = versions.by_index.get(&number).filter(|_| number > 1);
                let version = need.map(|(version, _)| version.clone());
                self.undefined.push(Reference {
                    name: strings.text(name),
                    version,
                    exact: need.is_some_and(|(_, hidden)| *hidden),
                });
            }
            return;
        }
        let kind = st_type(symbol.st_info);
        let has_value = symbol.st_value != 0 || symbol.st_shndx == ABSOLUTE || kind == STT_TLS;
        if has_value && BINDABLE.contains(&kind) {
            self.defined.add(name, &mut strings.bytes, number, hidden);
        }
    }
}

/// The table of strings.
struct Strings {
    bytes: Vec<u8>,
    /// The bytes of text that may still be taken.
    left: u64,
    /// Whether more was asked for. The answers were empty then.
    is_spent: bool,
}

impl Strings {
    /// The place of the string that begins at a place.
    fn place(&mut self, at: usize) -> Range<usize> {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let length = memchr::memchr(0, rest).unwrap_or(rest.len());
        let Some(left) = self.left.checked_sub(length as u64) else {
            self.is_spent = true;
            return 0..0;
        };
        self.left = left;
        at..at + length
    }

    fn text(&self, place: Range<usize>) -> String {
        String::from_utf8_lossy(&self.bytes[place]).into_owned()
    }

    fn take(&mut self, at: usize) -> String {
        let place = self.place(at);
        self.text(place)
    }

    fn take_version(&mut self, at: usize) -> String {
        let version = self.take(at);
        self.is_spent |= version.len() > LONGEST_VERSION;
        version
    }
}

/// The dynamic section, and the tables that it points to.
struct Section<'a> {
    entries: Vec<Dyn>,
    segments: Vec<ProgramHeader>,
    tables: Tables<'a>,
}

impl<'a> Section<'a> {
    /// The section of a file; `None` if it is not ELF or has none.
    fn read(file: &'a ElfFile<'a>) -> Result<Option<Section<'a>>, ElfError> {
        let Some((header, context)) = super::opened(file)? else { return Ok(None) };
        let segments = file.segments(&header, context)?;
        let Some(segment) = segments.iter().find(|segment| segment.p_type == PT_DYNAMIC) else {
            return Ok(None);
        };
        let entries = file.dynamic_entries(segment, context)?;
        Ok(Some(Section { entries, segments, tables: Tables { file, context } }))
    }

    fn value(&self, tag: u64) -> Option<u64> {
        self.entries.iter().find(|entry| entry.d_tag == tag).map(|entry| entry.d_val)
    }

    /// The place in the file that an entry points to.
    fn place(&self, tag: u64) -> Option<u64> {
        offset_of(self.value(tag)?, &self.segments)
    }

    fn strings(&self) -> Option<Vec<u8>> {
        let size = self.value(dynamic::DT_STRSZ).unwrap_or(0);
        self.tables.bytes(self.place(dynamic::DT_STRTAB)?, size)
    }
}

struct Tables<'a> {
    file: &'a ElfFile<'a>,
    context: Ctx,
}

impl Tables<'_> {
    /// Exactly `size` bytes from `at`; `None` if there are fewer or `size` is over [`LARGEST`].
    fn bytes(&self, at: u64, size: u64) -> Option<Vec<u8>> {
        let there = self.file.content.size().checked_sub(at)?;
        if size > LARGEST || size > there {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(size).ok()?];
        let got = self.file.content.read_at(&mut bytes, at).ok()?;
        (got == bytes.len()).then_some(bytes)
    }

    fn number(&self, at: u64) -> Option<u32> {
        self.bytes(at, 4)?.pread_with(0, self.context.le).ok()
    }

    /// The indices of the symbols that relocations name: those in `DT_RELA`, `DT_REL` and
    /// `DT_JMPREL` (`DT_RELR` names none).
    fn relocated(&self, section: &Section) -> FxHashSet<u64> {
        let wide = self.context.container.is_big();
        let (word, rela, rel) = if wide { (8, 24, 16) } else { (4, 12, 8) };
        let lazy =
            if section.value(dynamic::DT_PLTREL) == Some(dynamic::DT_RELA) { rela } else { rel };
        let parts = [
            (dynamic::DT_RELA, dynamic::DT_RELASZ, rela),
            (dynamic::DT_REL, dynamic::DT_RELSZ, rel),
            (dynamic::DT_JMPREL, dynamic::DT_PLTRELSZ, lazy),
        ];
        let mut symbols = FxHashSet::default();
        for (table, size, entry) in parts {
            let Some(bytes) = section
                .place(table)
                .zip(section.value(size))
                .and_then(|(at, size)| self.bytes(at, size))
            else {
                continue;
            };
            let info = |at: usize| match wide {
                true => bytes.pread_with::<u64>(at, self.context.le).map(|info| info >> 32).ok(),
                false => bytes
                    .pread_with::<u32>(at, self.context.le)
                    .map(|info| u64::from(info >> 8))
                    .ok(),
            };
            symbols.extend((0..bytes.len() / entry).filter_map(|index| info(index * entry + word)));
        }
        symbols
    }

    /// The number of symbols. `DT_GNU_HASH` does not have it, so it is one more than the last
    /// symbol of the last chain.
    fn gnu_count(&self, at: u64) -> Option<u64> {
        let head = self.bytes(at, 16)?;
        let number = |index: usize| head.pread_with::<u32>(index * 4, self.context.le).ok();
        let (buckets, first, blooms) = (u64::from(number(0)?), number(1)?, u64::from(number(2)?));
        let word = if self.context.container.is_big() { 8 } else { 4 };
        let table = at + 16 + blooms * word;
        let bytes = self.bytes(table, buckets.checked_mul(4)?)?;
        let highest = (0..bytes.len() / 4)
            .filter_map(|index| bytes.pread_with::<u32>(index * 4, self.context.le).ok())
            .max()?;
        if highest < first {
            return Some(u64::from(first));
        }
        let chains = table + buckets * 4;
        let mut last = u64::from(highest);
        // The last hash of a chain has its lowest bit set. A chain without an end stops at the end
        // of the file.
        loop {
            let at = chains + (last - u64::from(first)) * 4;
            let there = self.file.content.size().checked_sub(at)? / 4;
            let piece = self.bytes(at, there.min(PIECE) * 4).filter(|piece| !piece.is_empty())?;
            let hash = |at| piece.pread_with::<u32>(at, self.context.le).unwrap_or(0);
            let end = (0..piece.len()).step_by(4).position(|at| hash(at) & 1 == 1);
            last += end.map_or(piece.len() / 4, |end| end + 1) as u64;
            if end.is_some() {
                return Some(last);
            }
        }
    }
}

#[derive(Default)]
struct Versions {
    /// The name of each version, and whether references to it are exact.
    by_index: FxHashMap<u16, (String, bool)>,
    defined: Vec<String>,
    needed: Vec<VersionNeed>,
}

impl Versions {
    /// Reads `Elfxx_Verdef`, which has the same layout in both classes.
    fn definitions(&mut self, tables: &Tables, mut at: u64, number: u64, strings: &mut Strings) {
        for _ in 0..number.min(1 << 16) {
            let Some(bytes) = tables.bytes(at, 20) else { return };
            let half = |offset| bytes.pread_with::<u16>(offset, tables.context.le).unwrap_or(0);
            let word = |offset| bytes.pread_with::<u32>(offset, tables.context.le).unwrap_or(0);
            let Some(name) = tables.number(at + u64::from(word(12))) else { return };
            let name = strings.take_version(name as usize);
            // VER_FLG_BASE names the file itself.
            if half(2) & 1 == 0 {
                self.defined.push(name.clone());
            }
            self.by_index.insert(half(4) & !HIDDEN, (name, false));
            if word(16) == 0 {
                return;
            }
            at += u64::from(word(16));
        }
    }

    /// Reads `Elfxx_Verneed` and `Elfxx_Vernaux`.
    fn needs(&mut self, tables: &Tables, mut at: u64, number: u64, strings: &mut Strings) {
        // Entries that overlap would be more than the file has room for.
        let most = tables.file.content.size() / VERSION_ENTRY as u64;
        for _ in 0..number.min(1 << 16) {
            let Some(bytes) = tables.bytes(at, 16) else { return };
            let word = |offset| bytes.pread_with::<u32>(offset, tables.context.le).unwrap_or(0);
            let library = word(4) as usize;
            let mut next = at + u64::from(word(8));
            for _ in 0..bytes.pread_with::<u16>(2, tables.context.le).unwrap_or(0) {
                let Some(entry) = tables.bytes(next, VERSION_ENTRY as u64) else { return };
                if self.needed.len() as u64 >= most || strings.is_spent {
                    strings.is_spent = true;
                    return;
                }
                let half = |offset| entry.pread_with::<u16>(offset, tables.context.le).unwrap_or(0);
                let word = |offset| entry.pread_with::<u32>(offset, tables.context.le).unwrap_or(0);
                let version = strings.take_version(word(8) as usize);
                self.by_index.insert(half(6) & !HIDDEN, (version.clone(), half(6) & HIDDEN != 0));
                self.needed.push(VersionNeed {
                    file: strings.take(library),
                    version,
                    weak: half(4) & WEAK != 0,
                });
                if word(12) == 0 {
                    break;
                }
                next += u64::from(word(12));
            }
            if word(12) == 0 {
                return;
            }
            at += u64::from(word(12));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "the test reads the C compiler's library")]
    fn own_library() -> Option<Vec<u8>> {
        ["/usr/lib/x86_64-linux-gnu/libz.so.1", "/lib/x86_64-linux-gnu/libz.so.1", "/lib/libz.so.1"]
            .iter()
            .find_map(|path| std::fs::read(path).ok())
    }

    #[test]
    fn versions_bind_as_in_glibc() {
        // The definitions of f, each by index, version and whether it is hidden.
        let symbols = |versioned, definitions: &[(u16, Option<&str>, bool)]| {
            let mut symbols = Symbols { versioned, ..Symbols::default() };
            let mut strings = b"f".to_vec();
            for (index, version, hidden) in definitions {
                symbols.defined.add(0..1, &mut strings, *index, *hidden);
                symbols.version_names.extend(version.map(|version| (*index, version.to_owned())));
            }
            symbols.defined.strings = strings;
            symbols
        };
        let reference = |version: Option<&str>, exact| Reference {
            name: "f".to_owned(),
            version: version.map(str::to_owned),
            exact,
        };
        let two = symbols(true, &[(2, Some("A"), true), (3, Some("B"), false)]);
        for (symbols, reference, expect) in [
            (&two, reference(Some("A"), false), true),
            (&two, reference(Some("C"), false), false),
            (&two, reference(None, false), true),
            (
                &symbols(true, &[(4, Some("A"), false), (5, Some("B"), false)]),
                reference(None, false),
                false,
            ),
            (&symbols(true, &[(1, None, false)]), reference(Some("A"), false), true),
            (&symbols(true, &[(1, None, false)]), reference(Some("A"), true), false),
            (&symbols(false, &[(1, None, false)]), reference(Some("A"), true), true),
        ] {
            assert_eq!(symbols.defines_versioned(&reference), expect, "{symbols:?} {reference:?}");
        }
        assert!(
            two.defines(&reference(Some("C"), false).name)
                && !symbols(true, &[(2, Some("A"), true)]).defines(&reference(None, false).name)
        );
    }

    #[test]
    fn every_flip_is_an_answer() {
        let Some(bytes) = own_library() else { return };
        let symbols = read_symbols(&bytes).unwrap();
        assert!(
            symbols.defines("inflate") && symbols.undefined.iter().any(|one| one.name == "malloc"),
            "{:?}",
            symbols.undefined
        );
        for at in 4..6000.min(bytes.len()) {
            let mut broken = bytes.clone();
            broken[at] ^= 0xff;
            let _ = read_symbols(&broken);
        }
    }
}
