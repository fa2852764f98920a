//! What files of the environment open at run time, found in the builder.
//!
//! Each kind of evidence ([`crate::evidence`]) names things; here they are looked for as the program
//! would. A thing that is not found, or that cannot be loaded, did not work in the builder either and
//! is nothing. Files of the environment itself, of the interpreter and of the C library are nothing
//! either: they are there in any case.
//!
//! Invariant: reads only; each file and each thing that it opens is one fact.

mod find_library;
mod known;
mod observed;
mod search;
mod standard;

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::sources::Sources;
use super::{CarriableFile, Inventory, Need, Scope};
use crate::evidence::{Evidence, Grade};
use crate::loader::{Library, Loader};
use crate::path::{RealPath, WrittenPath};
use crate::root::Kind;
pub use observed::ObservedRuns;
use observed::confirm;
use search::Search;

/// Something that a file opens at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The file of the environment that opens it. Outside of the environment: a file that is there by
    /// itself.
    pub file: RealPath,
    /// How it is known.
    pub evidence: Evidence,
    /// The need of the file; then, for a library or a program, those of everything that is loaded with
    /// it.
    pub needs: Vec<Need>,
    /// Whether only `find_library` leads to it: with glibc, to a library in the cache of `ldconfig`.
    pub only_by_cache: bool,
    /// Whether nothing but an observed run leads to it.
    pub only_observed: bool,
}

/// A file with everything that is loaded because of it.
#[derive(Clone, Copy)]
pub struct Loading<'a> {
    /// The file.
    pub file: &'a RealPath,
    /// How it is known; `None` if the loader demands it.
    pub evidence: Option<&'a Evidence>,
    /// The needs of the file and of everything that is loaded with them.
    pub needs: &'a [Need],
}

impl Opened {
    /// Something with the needs that it brings.
    fn new(file: &RealPath, evidence: &Evidence, needs: Vec<Need>) -> Opened {
        let (file, evidence) = (file.clone(), evidence.clone());
        Opened { file, evidence, needs, only_by_cache: false, only_observed: false }
    }

    /// That which is opened.
    pub fn path(&self) -> Option<&RealPath> {
        Some(self.needs.first()?.found()?.0)
    }

    /// The file with what it loads.
    pub fn loading(&self) -> Loading<'_> {
        Loading { file: &self.file, evidence: Some(&self.evidence), needs: &self.needs }
    }

    /// Whether this is a name of it: that which is opened, its path, or the package or distribution
    /// of it.
    pub fn is_named(&self, inventory: &Inventory, name: &str) -> bool {
        let distribution = inventory.distribution_of(&self.file).map(|one| one.name.as_str());
        let first = self.needs.first();
        let path = first.and_then(|need| Some(need.found()?.0));
        let package = path.and_then(|path| inventory.packages.owner(path));
        let package = package.map(|package| inventory.packages[package].name.as_str());
        let names = [first.map(|need| need.name.as_str()), path.map(RealPath::as_str)];
        names.into_iter().chain([distribution, package]).flatten().any(|one| one == name)
    }
}

impl Inventory {
    /// Every ELF file of the environment, with what the loader demands for it.
    pub fn linked(&self) -> impl Iterator<Item = Loading<'_>> {
        self.natives.iter().map(|native| Loading {
            file: &native.path,
            evidence: None,
            needs: &native.needs,
        })
    }

    /// Every file that needs something, by `DT_NEEDED` or by other evidence.
    pub fn loadings(&self) -> impl Iterator<Item = Loading<'_>> {
        self.linked().chain(self.opened.iter().map(Opened::loading))
    }

    /// The same, of what is opened only that at these indices.
    pub fn loadings_of(&self, opened: &[usize]) -> impl Iterator<Item = Loading<'_>> {
        self.linked().chain(opened.iter().map(|index| self.opened[*index].loading()))
    }

    /// Looks for everything that files of the environment open, and for the files that the user names.
    pub(super) fn find_opened(
        &mut self,
        library: &Library,
        loader: &dyn Loader,
        sources: &Sources,
        scope: &Scope,
    ) {
        self.read_included(library, &scope.included);
        let search = Search::new(self, library, loader, sources);
        let mut all: Vec<Opened> =
            self.files.par_iter().flat_map_iter(|file| search.of_file(file)).collect();
        all.extend(search.of_libraries());
        all.extend(search.of_known(&all));
        all.extend(search.of_standard_library());
        let of_included = search.of_included();
        let (observed, runs) = search.of_runs(&scope.observed);
        let mut opened = once_each(all);
        confirm(self, &mut opened, &runs);
        opened.extend(observed);
        opened.extend(of_included);
        self.opened = opened;
        self.observed = (!scope.observed.is_empty()).then_some(runs);
    }

    /// Reads the files and directories that the user names.
    fn read_included(&mut self, library: &Library, included: &[RealPath]) {
        let root = library.root();
        for path in included {
            let top = root.resolve_parent(&WrittenPath::from(path));
            let target = root.resolve(&WrittenPath::from(path));
            for found in [top, target] {
                let Ok(Some(found)) = found else { continue };
                if found.meta.kind != Kind::Directory {
                    self.included.push(CarriableFile::in_place(found.path, found.meta));
                    continue;
                }
                let entries = root.walk(&found.path, |_| true).into_iter().flatten();
                let files = entries.filter(|entry| entry.meta.kind != Kind::Directory);
                let files = files.map(|entry| CarriableFile::in_place(entry.path, entry.meta));
                self.included.extend(files);
            }
        }
        self.included.sort_by(|a, b| a.path.cmp(&b.path));
        self.included.dedup_by(|a, b| a.path == b.path);
    }
}

/// Each file with each thing that it opens once, by the surest evidence.
fn once_each(all: Vec<Opened>) -> Vec<Opened> {
    let mut once: BTreeMap<(RealPath, RealPath), Opened> = BTreeMap::new();
    for opened in all {
        let Some((path, _)) = opened.needs.first().and_then(Need::found) else { continue };
        match once.entry((opened.file.clone(), path.clone())) {
            std::collections::btree_map::Entry::Vacant(vacant) => drop(vacant.insert(opened)),
            std::collections::btree_map::Entry::Occupied(mut known) => {
                if opened.evidence < known.get().evidence {
                    known.insert(opened);
                }
            }
        }
    }
    once.into_values().collect()
}

/// The evidence of an option that the user typed.
pub fn by_hand(option: &str) -> Evidence {
    Evidence::new(Grade::ByHand, format!("asked for with {option}"))
}
