//! Tiny ELF files: what a loader reads before it maps them, and their dynamic symbols.
//!
//! One segment holds the whole file, so every address is an offset. 64-bit, little endian.
//!
//! Invariant: holds no code; nothing here is ever run.

/// The facts of one ELF file, as words of a root: `needs libz.so.1 runpath $ORIGIN/x`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object {
    /// `DT_NEEDED`.
    needs: Vec<String>,
    soname: Option<String>,
    rpath: Option<String>,
    runpath: Option<String>,
    /// `PT_INTERP`: the file is a program.
    interpreter: Option<String>,
    /// Versions needed of `libc.so.6`: `GLIBC_2.34`.
    needed_versions: Vec<String>,
    /// Versions that the file defines.
    versions: Vec<String>,
    defines: Vec<String>,
    calls: Vec<String>,
    /// Strings behind everything else.
    strings: Vec<String>,
    /// Names of libraries that the file opens.
    opens: Vec<String>,
    /// Names in a `.note.dlopen`.
    declares: Vec<String>,
    /// For aarch64 where the root is x86_64.
    foreign: bool,
    /// For `--slim strip`: bytes behind the segment that no loader maps.
    debug: bool,
    /// The smallest size of the file.
    size: usize,
}

/// The words that begin a list of an object; every other word belongs to the list before it.
pub(crate) const WORDS: [&str; 15] = [
    "elf", "needs", "soname", "rpath", "runpath", "interp", "glibc", "versions", "defines",
    "calls", "opens", "declares", "foreign", "debug", "bytes",
];

const STRINGS_AT: usize = 0x200;

impl Object {
    /// Takes `values` under one of [`WORDS`].
    pub(crate) fn set(&mut self, word: &str, values: &[String]) {
        let one = || Some(values.join(" "));
        match word {
            "needs" => self.needs.extend_from_slice(values),
            "soname" => self.soname = one(),
            "rpath" => self.rpath = one(),
            "runpath" => self.runpath = one(),
            "interp" => self.interpreter = one(),
            "glibc" => self.needed_versions.extend(values.iter().map(|at| format!("GLIBC_{at}"))),
            "versions" => self.versions.extend_from_slice(values),
            "defines" => self.defines.extend_from_slice(values),
            "calls" => self.calls.extend_from_slice(values),
            "opens" => {
                self.opens.extend_from_slice(values);
                self.calls.push("dlopen".to_owned());
            }
            "declares" => self.declares.extend_from_slice(values),
            "foreign" => self.foreign = true,
            "debug" => self.debug = true,
            "bytes" => self.size = values.join("").parse().expect("a number"),
            _ => {}
        }
    }

    /// With a string that others look for in its bytes.
    pub(crate) fn with_string(mut self, text: &str) -> Object {
        self.strings.push(text.to_owned());
        self
    }

    /// With the function that makes this module.
    pub(crate) fn with_module(mut self, name: Option<&str>) -> Object {
        self.defines.extend(name.map(|name| format!("PyInit_{name}")));
        self
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut strings = Strings(vec![0]);
        let mut entries: Vec<[u64; 2]> = Vec::new();
        for name in &self.needs {
            entries.push([1, strings.add(name)]);
        }
        let texts = [(14, &self.soname), (15, &self.rpath), (29, &self.runpath)];
        for (tag, text) in texts {
            entries.extend(text.as_ref().map(|text| [tag, strings.add(text)]));
        }
        let interpreter = self.interpreter.as_ref().map(|path| strings.add(path));
        let symbols = self.symbols(&mut strings);
        let needed = self.version_needs(&mut strings);
        let defined = self.version_definitions(&mut strings);
        let mut file = Body { bytes: strings.0, start: STRINGS_AT };
        entries.extend([[5, STRINGS_AT as u64], [10, file.bytes.len() as u64]]);
        if !symbols.table.is_empty() {
            let count = symbols.table.len() / 24;
            let head = [1, to_u32(count), 0].into_iter().flat_map(u32::to_le_bytes);
            let hash: Vec<u8> = head.chain(vec![0; 4 * count]).collect();
            entries.push([6, file.add(&symbols.table)]);
            entries.push([4, file.add(&hash)]);
            entries.push([7, file.add(&symbols.relocations)]);
            entries.extend([[8, symbols.relocations.len() as u64], [9, 24]]);
        }
        if !self.needed_versions.is_empty() {
            entries.extend([[0x6fff_fffe, file.add(&needed)], [0x6fff_ffff, 1]]);
        }
        if !self.versions.is_empty() {
            let count = self.versions.len() as u64;
            entries.extend([[0x6fff_fffc, file.add(&defined)], [0x6fff_fffd, count]]);
        }
        // Free slots behind the last entry, as linkers leave them.
        entries.resize(entries.len() + 4, [0, 0]);
        let dynamic: Vec<u8> =
            entries.iter().flatten().flat_map(|word| word.to_le_bytes()).collect();
        let dynamic_at = file.add(&dynamic);
        for text in self.strings.iter().chain(&self.opens) {
            file.add(text.as_bytes());
            file.bytes.push(0);
        }
        let note = self.note();
        let note_at = file.add(&note);
        // A program is larger than this, and readers of its strings rely on that.
        file.bytes.resize(file.bytes.len().max(0x300), 0);
        let parts = Parts {
            dynamic: (dynamic_at, dynamic.len() as u64),
            interpreter,
            note: (note_at, note.len() as u64),
        };
        self.assemble(&file.bytes, &parts)
    }

    /// A `.note.dlopen` (UAPI.12); empty without names.
    fn note(&self) -> Vec<u8> {
        if self.declares.is_empty() {
            return Vec::new();
        }
        let text = serde_json::json!([{ "soname": self.declares }]).to_string();
        let words = [4, to_u32(text.len() + 1), 0x407c_0c0a];
        let mut note: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        note.extend(b"FDO\0");
        note.extend(text.into_bytes());
        note.push(0);
        note.resize(note.len().next_multiple_of(4), 0);
        note
    }

    fn assemble(&self, body: &[u8], parts: &Parts) -> Vec<u8> {
        let end = (STRINGS_AT + body.len()) as u64;
        let (dynamic, length) = parts.dynamic;
        let mut segments = vec![segment(1, 0, end, 0x1000), segment(2, dynamic, length, 8)];
        if let (at, length @ 1..) = parts.note {
            segments.push(segment(4, at, length, 4));
        }
        if let (Some(at), Some(path)) = (parts.interpreter, &self.interpreter) {
            let at = STRINGS_AT as u64 + at;
            segments.insert(0, segment(3, at, path.len() as u64 + 1, 1));
        }
        let machine: u16 = if self.foreign { 183 } else { 62 };
        let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        file.extend([3_u16, machine].iter().flat_map(|half| half.to_le_bytes()));
        file.extend(1_u32.to_le_bytes());
        file.extend([0_u64, 64, 0].iter().flat_map(|word| word.to_le_bytes()));
        file.extend(0_u32.to_le_bytes());
        let count = u16::try_from(segments.len()).expect("four at most");
        file.extend([64, 56, count, 64, 0, 0].iter().flat_map(|half: &u16| half.to_le_bytes()));
        file.extend(segments.concat());
        file.resize(STRINGS_AT, 0);
        file.extend(body);
        if self.debug {
            file.extend([0xdd; 0x1000]);
        }
        file.resize(file.len().max(self.size), 0);
        file
    }

    fn symbols(&self, strings: &mut Strings) -> Symbols {
        let mut symbols = Symbols::default();
        let all = self.defines.iter().map(|name| (name, 1_u16));
        for (name, section) in all.chain(self.calls.iter().map(|name| (name, 0))) {
            if symbols.table.is_empty() {
                symbols.table.resize(24, 0);
            }
            if section == 0 {
                let number = (symbols.table.len() / 24) as u64;
                let relocation = [0x100, number << 32 | 6, 0];
                symbols.relocations.extend(relocation.iter().flat_map(|word| word.to_le_bytes()));
            }
            symbols.table.extend(to_u32(strings.add(name)).to_le_bytes());
            // A global function, of default visibility.
            symbols.table.extend([0x12, 0]);
            symbols.table.extend(section.to_le_bytes());
            symbols.table.extend(u64::from(section * 0x100).to_le_bytes());
            symbols.table.extend(0_u64.to_le_bytes());
        }
        symbols
    }

    /// One `Verneed` of `libc.so.6`, and a `Vernaux` for each version.
    fn version_needs(&self, strings: &mut Strings) -> Vec<u8> {
        let count = u16::try_from(self.needed_versions.len()).expect("a few");
        let file = to_u32(strings.add("libc.so.6"));
        let mut table: Vec<u8> =
            [1, count].iter().flat_map(|half: &u16| half.to_le_bytes()).collect();
        table.extend([file, 16, 0].iter().flat_map(|word| word.to_le_bytes()));
        for (index, version) in (1_u16..).zip(&self.needed_versions) {
            table.extend(0_u32.to_le_bytes());
            table.extend([0, index + 1].iter().flat_map(|half: &u16| half.to_le_bytes()));
            let next = if index == count { 0 } else { 16 };
            table.extend(
                [to_u32(strings.add(version)), next].iter().flat_map(|word| word.to_le_bytes()),
            );
        }
        table
    }

    /// A `Verdef` with its `Verdaux` for each version.
    fn version_definitions(&self, strings: &mut Strings) -> Vec<u8> {
        let count = self.versions.len();
        let mut table = Vec::new();
        for (number, version) in (1_u16..).zip(&self.versions) {
            table.extend([1, 0, number + 1, 1].iter().flat_map(|half: &u16| half.to_le_bytes()));
            let next = if usize::from(number) == count { 0 } else { 28 };
            let name = to_u32(strings.add(version));
            table.extend([0, 20, next, name, 0].iter().flat_map(|word: &u32| word.to_le_bytes()));
        }
        table
    }
}

#[derive(Default)]
struct Symbols {
    table: Vec<u8>,
    relocations: Vec<u8>,
}

struct Strings(Vec<u8>);

impl Strings {
    /// Appends the text; its offset.
    fn add(&mut self, text: &str) -> u64 {
        let at = self.0.len() as u64;
        self.0.extend(text.as_bytes());
        self.0.push(0);
        at
    }
}

/// Tables one behind the other, each aligned to 8.
struct Body {
    bytes: Vec<u8>,
    start: usize,
}

impl Body {
    /// Appends the table; its offset in the file.
    fn add(&mut self, table: &[u8]) -> u64 {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let at = self.start + self.bytes.len();
        self.bytes.extend(table);
        at as u64
    }
}

/// The parts of a file that have a segment of their own, as offset and length.
struct Parts {
    dynamic: (u64, u64),
    interpreter: Option<u64>,
    note: (u64, u64),
}

fn segment(kind: u32, at: u64, size: u64, align: u64) -> Vec<u8> {
    let words = [at, at, at, size, size, align];
    // Readable; what is loaded is executable too, and nothing is written to.
    let head = [kind, 5].into_iter().flat_map(u32::to_le_bytes);
    head.chain(words.into_iter().flat_map(u64::to_le_bytes)).collect()
}

fn to_u32(value: impl TryInto<u32>) -> u32 {
    value.try_into().ok().expect("these files are small")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf;

    #[test]
    fn a_reader_finds_what_the_words_say() {
        let mut object = Object::default();
        for (word, values) in [
            ("needs", "liba.so.1 libb.so"),
            ("soname", "libx.so.2"),
            ("runpath", "$ORIGIN:/y"),
            ("interp", "/lib/ld.so"),
            ("glibc", "2.34 2.2.5"),
            ("versions", "X_1 X_2"),
            ("defines", "here"),
            ("calls", "there"),
        ] {
            object.set(word, &values.split(' ').map(str::to_owned).collect::<Vec<_>>());
        }
        let bytes = object.bytes();
        let facts = elf::read(&bytes).unwrap().unwrap();
        assert_eq!(facts.needed, ["liba.so.1", "libb.so"]);
        assert_eq!(
            (facts.soname.as_deref(), facts.runpath.as_deref(), facts.interpreter.as_deref()),
            (Some("libx.so.2"), Some("$ORIGIN:/y"), Some("/lib/ld.so"))
        );
        let versions: Vec<&str> =
            facts.version_needs.iter().map(|need| need.version.as_str()).collect();
        assert_eq!(versions, ["GLIBC_2.2.5", "GLIBC_2.34"]);
        let symbols = elf::read_symbols(&bytes).unwrap();
        assert_eq!(symbols.versions, ["X_1", "X_2"]);
        assert!(symbols.defines("here"));
        assert_eq!(symbols.undefined[0].name, "there");
    }
}
