//! The files of the environment: the kind of each, and the distribution that recorded it.
//!
//! Invariant: bytecode caches are not read.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::carriable;
use super::file_reader::FileReader;
use super::sources::SourceAnswers;
use crate::finding::{Code, Finding, Severity};
use crate::path::{RealPath, WrittenPath};
use crate::python::{Distribution, Environment, Part, RecordEntry, Script};
use crate::root::{Entry, Kind, Meta, Root, RootError};

/// One file, link or empty directory of the environment.
#[derive(Clone, Debug)]
pub struct FileFact {
    /// Its path in the builder.
    pub path: RealPath,
    /// Its kind, mode, size and time.
    pub meta: Meta,
    /// The index of the distribution whose RECORD names it.
    pub owner: Option<usize>,
    /// `sha256=...`, as RECORD has it.
    pub recorded_hash: Option<String>,
    /// Its shebang, if it begins with a `#!` line.
    pub script: Option<Script>,
    /// Whether it is an ELF file, by its magic bytes.
    pub elf: bool,
    /// Where a link leads: the next path on its way, which may be a link itself. `None` for a file, and for
    /// a link whose way ends before a file or directory.
    pub leads_to: Option<RealPath>,
    /// For a link out of the environment: who puts its target there in the final root too.
    pub provider: Option<Provider>,
    /// The answers of a source file, until the inventory collects them.
    pub(super) source: Option<Box<SourceAnswers>>,
}

impl FileFact {
    /// The OS packages without which this link leads nowhere.
    pub fn packages(&self) -> impl Iterator<Item = usize> {
        let packages = match &self.provider {
            Some(Provider::Packages(packages)) => Some(packages),
            _ => None,
        };
        packages.into_iter().flatten().copied()
    }
}

/// Who puts the target of a link there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provider {
    /// The kernel, or the engine that starts the container.
    System,
    /// These OS packages, by index.
    Packages(BTreeSet<usize>),
}

/// The files of the environment, and those that RECORDs name.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Every file, link and empty directory, sorted by path.
    pub(super) all: Vec<FileFact>,
    /// The files and links that a RECORD names and that exist, with the index of the distribution.
    pub(super) recorded: Vec<(usize, RealPath)>,
    /// The files that a RECORD names and that do not exist, with the index of the distribution.
    pub(super) missing: Vec<(usize, RealPath)>,
    /// The recorded files in directories that are links out of the walked trees, each with the
    /// index of the distribution and the hash in RECORD.
    pub(super) behind_links: BTreeMap<RealPath, (usize, Option<String>)>,
}

/// Reads every file of the environment.
pub(super) fn read_files(
    reader: &FileReader,
    environment: &Environment,
    distributions: &[Distribution],
    findings: &mut Vec<Finding>,
) -> Files {
    let mut reading = Reading {
        root: reader.root,
        distributions,
        entries: FxHashMap::default(),
        unreadable: FxHashSet::default(),
        owners: FxHashMap::default(),
        files: Files::default(),
        findings,
    };
    reading.walk(&environment.parts.iter().flat_map(Part::tops).collect::<Vec<_>>());
    reading.walk_data(environment);
    for (index, distribution) in distributions.iter().enumerate() {
        for record in &distribution.record {
            reading.add_record(index, record);
        }
    }
    reading.look_at_all(reader);
    reading.files
}

/// The state of reading the files of an environment.
struct Reading<'a> {
    root: &'a Root,
    distributions: &'a [Distribution],
    /// Every path that was found, in the walked trees and by a RECORD.
    entries: FxHashMap<RealPath, Meta>,
    /// The paths of directories that cannot be listed: they are not empty.
    unreadable: FxHashSet<String>,
    /// The last distribution that records each path, with the hash.
    owners: FxHashMap<RealPath, (usize, Option<&'a String>)>,
    files: Files,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Reading<'a> {
    fn walk(&mut self, tops: &[RealPath]) {
        let looked =
            tops.iter().filter_map(|top| Some((top.clone(), self.root.lookup(top).ok()??)));
        // A single module is a top, too.
        self.entries.extend(looked.filter(|(_, meta)| meta.kind != Kind::Directory));
        for found in tops.iter().flat_map(|top| self.root.walk(top, |name| name != "__pycache__")) {
            match found {
                Ok(Entry { path, meta }) => drop(self.entries.insert(path, meta)),
                Err(error) => _ = self.unreadable.insert(error.path().to_owned()),
            }
        }
    }

    /// Reads the files that programs find by the prefix of a system installation.
    fn walk_data(&mut self, environment: &Environment) {
        let data = environment.parts.iter().flat_map(Part::data);
        let there = data.filter(|top| self.root.is_directory(&WrittenPath::from(top)));
        let walked = there.flat_map(|top| self.root.walk(&top, |name| name != "__pycache__"));
        for Entry { path, meta } in walked.flatten() {
            let in_usr = path.as_str().replacen("/usr/local/", "/usr/", 1);
            if meta.kind != Kind::Directory && !carriable::for_people(&in_usr) {
                self.entries.insert(path, meta);
            }
        }
    }

    /// Finds a recorded file, and makes the distribution its owner.
    fn add_record(&mut self, index: usize, record: &'a RecordEntry) {
        if is_bytecode_cache(&record.path) {
            let is_file =
                matches!(self.root.lookup(&record.path), Ok(Some(meta)) if meta.kind == Kind::File);
            self.files.recorded.extend(is_file.then(|| (index, record.path.clone())));
            return;
        }
        let path = if self.entries.contains_key(&record.path) {
            record.path.clone()
        } else if let Ok(Some(found)) = self.root.resolve_parent(&WrittenPath::from(&record.path)) {
            let crosses = found.links.iter().any(|link| self.entries.contains_key(&link.at));
            if crosses && !self.entries.contains_key(&found.path) {
                let recorded = (index, record.hash.clone());
                self.files.behind_links.insert(record.path.clone(), recorded);
                self.files.recorded.push((index, record.path.clone()));
                return;
            }
            // It is outside the walked trees: in bin/ or share/ of a system installation.
            self.entries.entry(found.path.clone()).or_insert(found.meta);
            found.path
        } else {
            if !has_other_form(self.root, &record.path) {
                self.files.missing.push((index, record.path.clone()));
            }
            return;
        };
        if self.entries.get(&path).is_some_and(|meta| meta.kind != Kind::Directory) {
            self.files.recorded.push((index, path.clone()));
        }
        self.own(index, path, record.hash.as_ref());
    }

    /// Makes the distribution the owner of a file. A second one overwrote the file of the first.
    fn own(&mut self, index: usize, path: RealPath, hash: Option<&'a String>) {
        if let Some((other, other_hash)) = self.owners.insert(path.clone(), (index, hash))
            && other != index
            && (other_hash.is_none() || other_hash != hash)
        {
            let [other, this] = [other, index].map(|index| &self.distributions[index].name);
            let message = format!(
                "recorded by {other} and by {this}; the file is that of the last one installed"
            );
            self.findings.push(Finding::new(Severity::Warn, Code::RecordedTwice, &path, message));
        }
    }

    /// Opens every file once.
    fn look_at_all(&mut self, reader: &FileReader) {
        let all = self.distributions.iter().enumerate();
        // A RECORD that does not list itself still belongs to its distribution.
        for (index, distribution) in all.clone().filter(|(_, distribution)| distribution.has_record)
        {
            self.owners.entry(distribution.info.join("RECORD")).or_insert((index, None));
        }
        let claims: BTreeMap<&RealPath, usize> =
            all.flat_map(|(index, one)| one.claims.iter().map(move |path| (path, index))).collect();
        let claimed = |path: &RealPath| {
            let mut above = std::iter::once(path.clone()).chain(path.ancestors());
            if claims.is_empty() { None } else { above.find_map(|path| claims.get(&path).copied()) }
        };
        let entries = self.sort_entries();
        let owners = &self.owners;
        let looked: Vec<(FileFact, Option<RootError>)> = entries
            .into_par_iter()
            .map(|(path, meta)| {
                let recorded = owners.get(&path);
                let owner = recorded.map(|(owner, _)| *owner).or_else(|| claimed(&path));
                let recorded_hash = recorded.and_then(|(_, hash)| hash.cloned());
                reader.look_at(path.clone(), Entry { path, meta }, owner, recorded_hash)
            })
            .collect();
        let whole = looked.into_iter().filter(|(_, error)| error.is_none());
        self.files.all.extend(whole.map(|(fact, _)| fact));
    }

    /// The files, links and empty directories, sorted by path.
    fn sort_entries(&mut self) -> Vec<(RealPath, Meta)> {
        let entries = std::mem::take(&mut self.entries);
        let parents: FxHashSet<RealPath> = entries.keys().filter_map(RealPath::parent).collect();
        let counts = |path: &RealPath, meta: &Meta| {
            // Whatever is in a directory is an entry of its own.
            let is_empty = || !parents.contains(path) && !self.unreadable.contains(path.as_str());
            (meta.kind != Kind::Directory || is_empty()) && !is_bytecode_cache(path)
        };
        let mut entries: Vec<(RealPath, Meta)> =
            entries.into_iter().filter(|(path, meta)| counts(path, meta)).collect();
        entries.par_sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        entries
    }
}

/// Whether a missing module is there as its bytecode, or missing bytecode as its source.
fn has_other_form(root: &Root, path: &RealPath) -> bool {
    let path = path.as_str();
    let other = match path.strip_suffix(".pyc") {
        Some(stem) => format!("{stem}.py"),
        None if path.ends_with(".py") => format!("{path}c"),
        None => return false,
    };
    root.is_file(&WrittenPath::new(other))
}

/// Whether the path is in a bytecode cache. Python creates these again, and they hold paths of the
/// builder. The RECORD of virtualenv's own distributions names the directories themselves.
pub fn is_bytecode_cache(path: &RealPath) -> bool {
    path.as_str().contains("/__pycache__/") || path.name() == "__pycache__"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytecode_is_passed_over_by_file_and_by_folder() {
        for (path, expect) in [
            ("/v/site/a/__pycache__/b.cpython-311.pyc", true),
            ("/v/site/a/__pycache__", true),
            ("/v/site/a/my__pycache__", false),
            ("/v/site/a.pyc", false),
        ] {
            assert_eq!(is_bytecode_cache(&RealPath::known(path)), expect, "{path}");
        }
    }
}
