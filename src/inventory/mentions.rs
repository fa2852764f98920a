//! What other code would miss: tests that it imports, type stubs that it reads, setuptools.
//!
//! Invariant: more may be found than a run uses, never less than the source says.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::path::{RealPath, WrittenPath};
use crate::python::{Distribution, DottedName, Interpreter, References};
use crate::root::Root;

/// The tests and type stubs that source files refer to.
#[derive(Clone, Debug, Default)]
pub struct Mentions {
    /// The names with a part `test` or `tests` that each file imports or has in a string. A string is both an
    /// absolute name and one below the directory of the file.
    pub tests: BTreeMap<RealPath, BTreeSet<DottedName>>,
    /// The files that load the stub beside them: `attach_stub` of lazy_loader.
    pub attach_stubs: BTreeSet<RealPath>,
    /// The files with a string that ends in `.pyi`.
    pub open_stubs: BTreeSet<RealPath>,
    /// The files that need setuptools, each with its first import of it. Empty if it is not installed.
    pub setuptools: BTreeMap<RealPath, SetuptoolsImport>,
}

/// An import of a module that setuptools has, outside of any `try` that catches its failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetuptoolsImport {
    /// The top-level name, such as `pkg_resources`.
    pub module: &'static str,
    /// The line of the statement, from 1.
    pub line: usize,
}

/// The mentions of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Mention {
    tests: BTreeSet<DottedName>,
    attaches_stub: bool,
    opens_stubs: bool,
    setuptools: Option<SetuptoolsImport>,
}

/// The function of lazy_loader that reads the stub beside its caller (scientific-python SPEC 1).
const ATTACH_STUB: &str = "attach_stub";
const STUB_SUFFIX: &str = ".pyi";
/// The beginning of the names of folders and modules with tests: `test` and `tests`.
const TEST: &str = "test";
/// The modules that setuptools has. `distutils` was one of the standard library until Python 3.11 (PEP 632).
const OF_SETUPTOOLS: [&str; 3] = ["pkg_resources", "setuptools", "distutils"];
/// Longer strings are no names.
const LONGEST_NAME: usize = 200;

impl Mentions {
    /// Adds what one file mentions.
    pub(super) fn add(&mut self, path: &RealPath, mention: Mention) {
        let Mention { tests, attaches_stub, opens_stubs, setuptools } = mention;
        self.setuptools.extend(setuptools.map(|import| (path.clone(), import)));
        if !tests.is_empty() {
            self.tests.insert(path.clone(), tests);
        }
        self.attach_stubs.extend(attaches_stub.then(|| path.clone()));
        self.open_stubs.extend(opens_stubs.then(|| path.clone()));
    }
}

/// The modules that come from the setuptools of an environment.
pub(super) fn modules_of_setuptools(
    root: &Root,
    interpreter: &Interpreter,
    distributions: &[Distribution],
) -> &'static [&'static str] {
    let is_installed = distributions.iter().any(|one| one.key == "setuptools");
    let distutils = interpreter.stdlib.join("distutils");
    match (is_installed, root.is_directory(&WrittenPath::from(&distutils))) {
        (false, _) => &[],
        (true, true) => &OF_SETUPTOOLS[..2],
        (true, false) => &OF_SETUPTOOLS,
    }
}

/// The words that a source with a mention has one of, besides modules of setuptools.
pub(super) const WORDS: [&str; 3] = [ATTACH_STUB, STUB_SUFFIX, TEST];

/// Whether a word of [`WORDS`] or a module of setuptools may be a mention where it is in a source.
pub(super) fn may_mention(source: &[u8], word: &str, at: usize) -> bool {
    word != TEST || may_name_tests(source, at)
}

/// Whether a place in a source is not within a longer name.
pub(super) fn is_whole_name(source: &[u8], place: Range<usize>) -> bool {
    let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    !source[..place.start].last().is_some_and(goes_on)
        && !source[place.end..].first().is_some_and(goes_on)
}

/// Whether `test` or `tests` at a place is a whole word, and one in a dotted name, a path, a string or a
/// list of names, or one that is imported. In a sentence it is none of these.
fn may_name_tests(source: &[u8], at: usize) -> bool {
    let end = at + TEST.len();
    let end = if source.get(end) == Some(&b's') { end + 1 } else { end };
    if !is_whole_name(source, at..end) {
        return false;
    }
    let before = &source[..at];
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() && *byte != b'\n';
    let blanks = before.iter().rev().take_while(|byte| is_blank(byte)).count();
    let before = &before[..before.len() - blanks];
    before.last().is_none_or(|byte| b".,(/\"'\n".contains(byte))
        || [&b"import"[..], b"from"].iter().any(|word| before.ends_with(word))
}

/// What a source mentions, by its text and its references.
pub(super) fn find(text: &str, references: &References, modules: &[&'static str]) -> Mention {
    let strings = || references.strings.iter();
    let with_tests = strings().filter(|text| text.contains(TEST) && is_name(text));
    let from_strings = with_tests.flat_map(|text| {
        [0, 1].map(|dots| DottedName { dots, name: text.trim_matches('/').replace('/', ".") })
    });
    let imports = references.imports.iter().map(|import| &import.name).filter(|one| has_tests(one));
    let needed = references.imports.iter().filter(|import| !import.is_optional);
    let mut setuptools = needed.filter_map(|import| {
        let top = import.name.name.split('.').next().filter(|_| import.name.dots == 0)?;
        let module = modules.iter().find(|module| **module == top)?;
        Some(SetuptoolsImport { module, line: import.line })
    });
    Mention {
        tests: imports.cloned().chain(from_strings.filter(has_tests)).collect(),
        attaches_stub: text.contains(ATTACH_STUB),
        opens_stubs: strings().any(|text| text.ends_with(STUB_SUFFIX)),
        setuptools: setuptools.next(),
    }
}

fn is_name(text: &str) -> bool {
    let part = |one: char| one.is_alphanumeric() || matches!(one, '_' | '.' | '/' | '-');
    text.len() < LONGEST_NAME && text.chars().all(part)
}

fn has_tests(name: &DottedName) -> bool {
    name.name.split('.').any(|part| matches!(part, "test" | "tests"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::parse_references;

    #[test]
    fn what_a_source_mentions() {
        for (text, tests, stubs) in [
            ("from a import tests", "a.tests", ""),
            ("from .tests.b import c", ".tests.b.c", ""),
            ("x = 'django.test.runner'", "django.test.runner .django.test.runner", ""),
            ("join(here, 'tests/data/')", "tests.data .tests.data", ""),
            ("import a.testing, latest  # tests", "", ""),
            ("x = 'run the tests'", "", ""),
            ("import lazy_loader as l\nl.attach_stub(__name__, __file__)", "", "attach"),
            ("path.with_suffix('.pyi')", "", "open"),
        ] {
            let mention = find(text, &parse_references(text), &[]);
            let shown =
                mention.tests.iter().map(|one| format!("{}{}", ".".repeat(one.dots), one.name));
            assert_eq!(shown.collect::<Vec<_>>().join(" "), tests, "{text}");
            let flags = [(mention.attaches_stub, "attach"), (mention.opens_stubs, "open")];
            let flags: Vec<&str> =
                flags.iter().filter(|(flag, _)| *flag).map(|(_, name)| *name).collect();
            assert_eq!(flags.join(" "), stubs, "{text}");
        }
    }

    #[test]
    fn imports_of_setuptools() {
        for (text, expect) in [
            ("import os\nfrom pkg_resources import x", "pkg_resources 2"),
            ("__import__('pkg_resources').declare_namespace(__name__)", "pkg_resources 1"),
            ("try:\n    import setuptools\nexcept ImportError:\n    pass", ""),
            ("def f():\n    import distutils.util", "distutils 2"),
            ("from .setuptools import a\nimport mysetuptools  # import setuptools", ""),
        ] {
            let found = find(text, &parse_references(text), &OF_SETUPTOOLS).setuptools;
            let shown = found.map(|import| format!("{} {}", import.module, import.line));
            assert_eq!(shown.unwrap_or_default(), expect, "{text}");
        }
    }

    #[test]
    fn words_that_may_name_tests() {
        for (text, expect) in [
            ("a.tests", true),
            ("test", true),
            ("latest", false),
            ("test_a tests", false),
            ("testing", false),
            ("run the tests", false),
            ("from test import a", true),
            ("import test", true),
            ("from a import (b,  # c\n    tests)", true),
            ("from a import b, test", true),
            ("from a \\\r\n test", true),
            ("x = 'test'", true),
            ("x = f(a, /tests/b)", true),
        ] {
            let bytes = text.as_bytes();
            let mut places = memchr::memmem::find_iter(bytes, TEST);
            assert_eq!(places.any(|at| may_name_tests(bytes, at)), expect, "{text}");
        }
    }
}
