//! The source files of the environment, each read once.
//!
//! Three questions are asked of the bytes: what other code would miss ([`super::Mentions`]), which
//! libraries the code opens by name, and which modules with known needs it imports. A byte search comes
//! first, so only a file that may have an answer is parsed.
//!
//! Invariant: a source that cannot be read is a finding.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::mentions::{self, Mention};
use super::{FileFact, Inventory, Mentions};
use crate::evidence::{Name, known, names_in_source};
use crate::path::RealPath;
use crate::python::{ImportedName, parse_references};
use crate::root::{Kind, Root, RootError};

/// Larger sources are data: no one wrote them.
const LARGEST: u64 = 4 << 20;

/// What source files need at run time. One that needs nothing is not listed.
pub(super) type Sources = BTreeMap<RealPath, Source>;

/// What one source file needs at run time.
#[derive(Default)]
pub(super) struct Source {
    /// The libraries that it opens by name.
    pub(super) names: BTreeSet<Name>,
    /// The modules that it imports, of those with known needs.
    pub(super) imports: BTreeSet<&'static str>,
}

impl Inventory {
    /// Reads every source file of the environment.
    pub(super) fn read_sources(&mut self, root: &Root) -> Sources {
        let known: BTreeSet<&str> =
            known().iter().flat_map(|row| &row.import).map(String::as_str).collect();
        let setuptools = self.modules_of_setuptools(root);
        let files: Vec<&FileFact> = self.files.iter().filter(|file| is_source(file)).collect();
        let read: Vec<(&FileFact, (Mention, Source))> = files
            .par_iter()
            .filter_map(|file| Some((*file, read_source(root, file, &known, setuptools).ok()?)))
            .collect();
        let (mut mentions, mut sources) = (Mentions::default(), Sources::new());
        for (file, (mention, source)) in read {
            mentions.add(&file.path, mention);
            if !source.names.is_empty() || !source.imports.is_empty() {
                sources.insert(file.path.clone(), source);
            }
        }
        self.mentions = mentions;
        sources
    }
}

fn is_source(file: &FileFact) -> bool {
    file.meta.kind == Kind::File && !file.elf && (is_module(file) || file.script.is_some())
}

fn is_module(file: &FileFact) -> bool {
    file.path.name().ends_with(".py")
}

fn read_source(
    root: &Root,
    file: &FileFact,
    known: &BTreeSet<&'static str>,
    setuptools: &[&'static str],
) -> Result<(Mention, Source), RootError> {
    let bytes = root.read(&file.path, file.meta.size)?;
    let is_written = is_module(file) && file.meta.size <= LARGEST;
    let imported: BTreeSet<&'static str> =
        known.iter().copied().filter(|module| is_written && has(&bytes, module)).collect();
    let mentions = mentions::may_mention(&bytes, setuptools);
    let (mut mention, mut source) = (Mention::default(), Source::default());
    if mentions || !imported.is_empty() {
        let text = String::from_utf8_lossy(&bytes);
        let references = parse_references(&text);
        source.imports =
            imported.into_iter().filter(|one| imports(&references.imports, one)).collect();
        if mentions {
            mention = mentions::find(&text, &references, setuptools);
        }
    }
    if is_written {
        source.names = names_in_source(&bytes);
    }
    Ok((mention, source))
}

/// Whether some bytes are in a source.
pub(super) fn has(source: &[u8], word: &str) -> bool {
    memchr::memmem::find(source, word.as_bytes()).is_some()
}

/// Whether a module or one below it is among the imports.
fn imports(imports: &[ImportedName], module: &str) -> bool {
    imports.iter().any(|import| {
        let rest = import.name.name.strip_prefix(module).filter(|_| import.name.dots == 0);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}
