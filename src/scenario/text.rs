//! Reads the text of a root, line by line, in order.
//!
//! Invariant: a word that is not known panics; nothing of a table is passed over.

use super::expand;
use super::files::{Files, Node};
use super::object::{Object, WORDS};
use super::packages::Databases;
use super::system::{System, python};
use super::wheels::Site;

/// The words that begin a list of a distribution or of a package.
const LISTS: [&str; 14] = [
    "requires",
    "has",
    "script",
    "asked",
    "from",
    "editable",
    "installer",
    "norecord",
    "depends",
    "provides",
    "owns",
    "essential",
    "in",
    "licence",
];

/// A root while its text is read.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) files: Files,
    pub(crate) system: System,
    pub(crate) databases: Databases,
    pub(crate) site: Site,
}

/// The words of a line, in groups: each begins with one of the words that the line knows.
pub(crate) struct Line<'a> {
    pub(crate) head: &'a str,
    /// Before the first group.
    pub(crate) values: Vec<String>,
    pub(crate) groups: Vec<(String, Vec<String>)>,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str, known: &[&str]) -> Line<'a> {
        let mut words = line.split_whitespace();
        let head = words.next().expect("empty lines were passed over");
        let mut parsed = Line { head, values: Vec::new(), groups: Vec::new() };
        for word in words {
            if known.contains(&word) || WORDS.contains(&word) {
                parsed.groups.push((word.to_owned(), Vec::new()));
            } else {
                let values = parsed.groups.last_mut().map_or(&mut parsed.values, |(_, all)| all);
                values.push(word.to_owned());
            }
        }
        parsed
    }

    /// The values of every group of this name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let groups = self.groups.iter().filter(|(word, _)| word == name);
        groups.flat_map(|(_, values)| values.clone()).collect()
    }

    /// Whether there is a group of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.groups.iter().any(|(word, _)| word == name)
    }

    /// The value at a position, or what is usual.
    pub(crate) fn value(&self, at: usize, usual: &str) -> String {
        self.values.get(at).map_or(usual, String::as_str).to_owned()
    }

    /// The files of the groups of this name, each with the object that the words behind it
    /// describe.
    pub(crate) fn files(&self, name: &str) -> Vec<(String, Option<Object>)> {
        let mut files: Vec<(String, Option<Object>)> = Vec::new();
        for (word, values) in &self.groups {
            if word == name {
                files.extend(values.iter().map(|path| (path.clone(), None)));
            } else if let (true, Some((_, object))) =
                (WORDS.contains(&word.as_str()), files.last_mut())
            {
                object.get_or_insert_default().set(word, values);
            }
        }
        files
    }

    /// The object that the words of the line itself describe.
    pub(crate) fn object(&self) -> Object {
        let mut object = Object::default();
        self.groups.iter().for_each(|(word, values)| object.set(word, values));
        object
    }
}

/// Reads the whole text.
pub(crate) fn parse(text: &str) -> Files {
    let Writer { mut files, databases, .. } = read(Writer::default(), text);
    databases.write(&mut files);
    files
}

/// These files after the lines of a text, which name no package.
pub(crate) fn change(files: Files, text: &str) -> Files {
    read(Writer { files, ..Writer::default() }, text).files
}

fn read(mut writer: Writer, text: &str) -> Writer {
    let mut lines: Vec<String> = Vec::new();
    for line in expand(text).lines().map(str::trim).filter(|line| !line.is_empty()) {
        let first = line.split_whitespace().next().unwrap_or_default();
        match lines.last_mut().filter(|_| WORDS.contains(&first) || LISTS.contains(&first)) {
            Some(before) => *before = format!("{before} {line}"),
            None => lines.push(line.to_owned()),
        }
    }
    lines.iter().for_each(|line| writer.line(line));
    writer
}

impl Writer {
    fn line(&mut self, line: &str) {
        if line.starts_with('/') {
            return self.path(line);
        }
        let head = line.split_whitespace().next().unwrap_or_default();
        match head {
            "alpine" => self.alpine(&Line::parse(line, &[])),
            "debian" => self.debian(&Line::parse(line, &[])),
            "python" => python(self, &Line::parse(line, &["of"])),
            "venv" => self.venv(&Line::parse(line, &["system"])),
            "site" | "target" => self.site(&Line::parse(line, &["scripts"])),
            "wheel" => self.wheel(&Line::parse(line, &LISTS)),
            "apk" | "deb" | "conda" => self.package(&Line::parse(line, &LISTS)),
            "ldconfig" => self.ldconfig(&Line::parse(line, &[])),
            "remove" => self.files.remove(&Line::parse(line, &[]).value(0, "")),
            "setcap" => self.files.set_capabilities(&Line::parse(line, &[]).value(0, "")),
            _ => panic!("{line}: {head} begins no line of a root"),
        }
    }

    /// `/path = text`, `/path -> target`, `/path/`, or an object.
    fn path(&mut self, line: &str) {
        if let Some((path, target)) = line.split_once(" -> ") {
            self.files.put(path, Node::Link(target.to_owned()));
        } else if let Some((path, text)) = line.split_once(" =") {
            let text = text.trim_start().replace("\\n", "\n");
            self.files.put(path, Node::File(text.into_bytes()));
        } else if let Some(path) = line.strip_suffix('/') {
            self.files.put(path, Node::Directory);
        } else {
            let line = Line::parse(line, &[]);
            let usual = !line.groups.is_empty();
            assert!(line.values.is_empty(), "{}: what is {:?}?", line.head, line.values);
            self.file(line.head, usual.then(|| line.object()));
        }
    }

    /// A file of a list: the object that is described, or what its name calls for.
    pub(crate) fn file(&mut self, path: &str, object: Option<Object>) {
        let module = module_name(path);
        if let Some(object) = object {
            return self.files.put(path, Node::File(object.with_module(module).bytes()));
        }
        let (python, library) = (self.site.python.clone(), path.contains(".so"));
        self.files.put_new(path, || {
            if library {
                Object::default().with_module(module).bytes()
            } else if path.rsplit('/').nth(1) == Some("bin") && !python.is_empty() {
                format!("#!{python}\n# {path}\n").into_bytes()
            } else {
                format!("{path}\n").into_bytes()
            }
        });
    }
}

/// The module that an ELF file is by its name: every `.so` but libraries.
fn module_name(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next().filter(|name| !name.starts_with("lib"))?;
    name.strip_suffix(".so")?.split('.').next()
}
