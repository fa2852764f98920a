//! The source files of the environment.
//!
//! Three questions are asked of the bytes: what other code would miss ([`super::Mentions`]), which
//! libraries the code opens by name, and which modules with known needs it imports. One pass over the bytes
//! finds the words of all three, so only a file that may have an answer is parsed. It is asked when the file is
//! looked at, which is the only time that it is opened.
//!
//! Invariant: no I/O; a source without an answer costs no memory.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};

use super::Inventory;
use super::mentions::{self, Mention};
use crate::evidence::{self, Name, names_in_source, opener_words};
use crate::path::RealPath;
use crate::python::{ImportedName, parse_references};

/// Larger sources are data: no one wrote them.
const LARGEST: usize = 4 << 20;

/// What source files need at run time. One that needs nothing is not listed.
pub(super) type Sources = BTreeMap<RealPath, Source>;

/// What one source file needs at run time.
#[derive(Clone, Debug, Default)]
pub(super) struct Source {
    /// The libraries that it opens by name.
    pub(super) names: BTreeSet<Name>,
    /// The modules that it imports, of those with known needs.
    pub(super) imports: BTreeSet<&'static str>,
    /// The functions that it calls, of those with known needs.
    pub(super) calls: BTreeSet<&'static str>,
}

impl Source {
    fn needs_nothing(&self) -> bool {
        self.names.is_empty() && self.imports.is_empty() && self.calls.is_empty()
    }
}

/// The answers of one source file.
#[derive(Clone, Debug)]
pub(super) struct SourceAnswers {
    mention: Mention,
    source: Source,
}

impl Inventory {
    /// Takes the answers from the facts of all files.
    pub(super) fn collect_sources(&mut self) -> Sources {
        let mut sources = Sources::new();
        for file in &mut self.files {
            let Some(answers) = file.source.take() else { continue };
            let SourceAnswers { mention, source } = *answers;
            self.mentions.add(&file.path, mention);
            if !source.needs_nothing() {
                sources.insert(file.path.clone(), source);
            }
        }
        sources
    }
}

/// Reads sources with one search for all words.
pub(super) struct SourceReader {
    /// The modules with known needs.
    known: BTreeSet<&'static str>,
    /// The functions with known needs.
    called: BTreeSet<&'static str>,
    /// The modules of setuptools.
    setuptools: &'static [&'static str],
    words: Vec<&'static str>,
    search: AhoCorasick,
}

impl SourceReader {
    pub(super) fn new(setuptools: &'static [&'static str]) -> SourceReader {
        let known: BTreeSet<&str> =
            evidence::known().iter().flat_map(|row| &row.import).map(String::as_str).collect();
        let called: BTreeSet<&str> =
            evidence::known().iter().flat_map(|row| &row.call).map(String::as_str).collect();
        let all = known.iter().chain(&called).chain(setuptools).chain(&mentions::WORDS).copied();
        let words: BTreeSet<&str> = all.chain(opener_words()).collect();
        let words: Vec<&str> = words.into_iter().collect();
        let mut search = AhoCorasick::builder();
        // Words that start at different places: this kind of match has the fastest search.
        let search = search.match_kind(MatchKind::LeftmostLongest).build(&words);
        let search = search.expect("a few short words");
        SourceReader { known, called, setuptools, words, search }
    }

    /// The words in a source.
    fn find(&self, source: &[u8]) -> BTreeSet<&'static str> {
        let mut found = BTreeSet::new();
        for hit in self.search.find_iter(source) {
            let word = self.words[hit.pattern()];
            // `find_library_file` of compilers opens no library.
            let counts = match opener_words().any(|opener| opener == word) {
                true => mentions::is_whole_name(source, hit.range()),
                false => mentions::may_mention(source, word, hit.start()),
            };
            if counts {
                found.insert(word);
            }
        }
        found
    }

    /// The answers of a source; `None` if it has none. A program without the suffix of a module opens no
    /// libraries.
    pub(super) fn read(&self, bytes: &[u8], is_module: bool) -> Option<Box<SourceAnswers>> {
        let found = self.find(bytes);
        if found.is_empty() {
            return None;
        }
        let (mut mention, mut source) = (Mention::default(), Source::default());
        let is_written = is_module && bytes.len() <= LARGEST;
        let imported: Vec<&str> =
            self.known.intersection(&found).copied().filter(|_| is_written).collect();
        let mentions =
            self.setuptools.iter().chain(&mentions::WORDS).any(|one| found.contains(one));
        if mentions || !imported.is_empty() {
            let text = text_of(bytes);
            let references = parse_references(&text);
            source.imports =
                imported.into_iter().filter(|one| imports(&references.imports, one)).collect();
            if mentions {
                mention = mentions::find(&text, &references, self.setuptools);
            }
        }
        if is_written {
            let called = self.called.intersection(&found).copied();
            source.calls = called.filter(|name| calls(bytes, name)).collect();
        }
        if is_written && opener_words().any(|word| found.contains(word)) {
            source.names = names_in_source(bytes);
        }
        Some(Box::new(SourceAnswers { mention, source }))
    }
}

/// The text of a source. Nearly every one is UTF-8, and the search for other bytes is slow.
fn text_of(source: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(source).map_or_else(|_| String::from_utf8_lossy(source), Cow::Borrowed)
}

/// Whether a module or one below it is among the imports.
fn imports(imports: &[ImportedName], module: &str) -> bool {
    imports.iter().any(|import| {
        let rest = import.name.name.strip_prefix(module).filter(|_| import.name.dots == 0);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Whether a source has a call of this function.
fn calls(source: &[u8], function: &str) -> bool {
    memchr::memmem::find_iter(source, function).any(|at| {
        let end = at + function.len();
        mentions::is_whole_name(source, at..end)
            && source[end..].trim_ascii_start().starts_with(b"(")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_by_name() {
        for (text, expect) in [
            ("socket.getservbyname('https')", true),
            ("x = getservbyname (a)", true),
            ("def my_getservbyname(): pass", false),
            ("getservbyname_r(a); getservbyname", false),
        ] {
            assert_eq!(calls(text.as_bytes(), "getservbyname"), expect, "{text}");
        }
    }

    #[test]
    fn no_word_hides_another() {
        let reader = SourceReader::new(&["distutils", "pkg_resources", "setuptools"]);
        assert!(reader.words.len() > 10);
        for word in &reader.words {
            let others = reader.words.iter().filter(|other| *other != word);
            assert!(others.clone().all(|other| !other.contains(word)), "{word}");
            assert!(reader.find(format!("'{word}'").as_bytes()).contains(word), "{word}");
        }
        assert!(reader.find(b"the latest test of cffi").is_empty());
        assert!(reader.find(b"self.find_library_file(dirs), my_cdll").is_empty());
    }
}
