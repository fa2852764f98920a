//! What files of the environment open at run time by name, found in the builder.
//!
//! Each kind of evidence ([`crate::evidence`]) names things; here they are looked for as the program
//! would. A thing that is not found, or that cannot be loaded, did not work in the builder either and
//! is nothing. Files of the environment itself, of the interpreter and of the C library are nothing
//! either: they are there in any case.
//!
//! Invariant: reads only; each file and each thing that it opens is one fact.

mod find_library;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::natives::needs_of;
use super::{FileFact, Inventory, Need, NeedOutcome, problem};
use crate::elf;
use crate::evidence::{Evidence, Grade, Name, Note, Opener, names_in_source, parse_note};
use crate::finding::Finding;
use crate::loader::{self, Library, Loader};
use crate::path::RealPath;
use crate::root::Kind;
use find_library::FindLibrary;

/// Larger sources are data: no one wrote them.
const LARGEST_SOURCE: u64 = 4 << 20;

/// Something that a file opens at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The file of the environment that opens it.
    pub file: RealPath,
    /// How it is known.
    pub evidence: Evidence,
    /// The need of the file; then, for a library, those of everything that is loaded with it.
    pub needs: Vec<Need>,
}

/// A file with everything that is loaded because of it.
#[derive(Clone, Copy)]
pub struct Loading<'a> {
    /// The file of the environment.
    pub file: &'a RealPath,
    /// How it is known; `None` if the loader demands it.
    pub evidence: Option<&'a Evidence>,
    /// The needs of the file and of everything that is loaded with them.
    pub needs: &'a [Need],
}

impl Inventory {
    /// Every file of the environment that needs something, by `DT_NEEDED` or by other evidence.
    pub fn loadings(&self) -> impl Iterator<Item = Loading<'_>> {
        let linked = self.natives.iter().map(|native| Loading {
            file: &native.path,
            evidence: None,
            needs: &native.needs,
        });
        let opened = self.opened.iter().map(|opened| Loading {
            file: &opened.file,
            evidence: Some(&opened.evidence),
            needs: &opened.needs,
        });
        linked.chain(opened)
    }

    /// Looks for everything that files of the environment open by name.
    pub(super) fn find_opened(&mut self, library: &Library, loader: &dyn Loader) {
        let search = Search::new(self, library, loader);
        let (found, problems): (Vec<_>, Vec<_>) = self
            .files
            .par_iter()
            .filter(|file| file.meta.kind == Kind::File)
            .map(|file| match search.of_file(file) {
                Ok(opened) => (opened, None),
                Err(finding) => (Vec::new(), Some(finding)),
            })
            .unzip();
        let declared = search.of_libraries();
        let all = found.into_iter().flatten().chain(declared);
        let mut once: BTreeMap<(RealPath, RealPath), Opened> = BTreeMap::new();
        for opened in all {
            let Some((path, _)) = opened.needs.first().and_then(Need::found) else { continue };
            let known = once.entry((opened.file.clone(), path.clone()));
            let known = known.or_insert_with(|| opened.clone());
            if opened.evidence < known.evidence {
                *known = opened;
            }
        }
        self.opened = once.into_values().collect();
        self.findings.extend(problems.into_iter().flatten());
    }
}

struct Search<'a> {
    inventory: &'a Inventory,
    library: &'a Library<'a>,
    loader: &'a dyn Loader,
    find_library: FindLibrary<'a>,
    /// The object that calls dlopen(3) for Python code.
    ctypes: RealPath,
    /// The package of the C library.
    libc: Option<usize>,
}

impl<'a> Search<'a> {
    fn new(inventory: &'a Inventory, library: &'a Library, loader: &'a dyn Loader) -> Search<'a> {
        let interpreter = &inventory.environment.interpreter;
        let natives = inventory.interpreter_natives.iter().map(|native| &native.path);
        let ctypes = natives.clone().find(|path| path.name().starts_with("_ctypes."));
        Search {
            inventory,
            library,
            loader,
            find_library: FindLibrary::new(library.root(), loader, &interpreter.stdlib),
            ctypes: ctypes.unwrap_or(&interpreter.executable).clone(),
            libc: loader.own_file().and_then(|file| inventory.packages.owner(file)),
        }
    }

    /// Everything that one file opens.
    fn of_file(&self, file: &FileFact) -> Result<Vec<Opened>, Finding> {
        if file.elf {
            Ok(self.of_object(file))
        } else if file.path.name().ends_with(".py") && file.meta.size <= LARGEST_SOURCE {
            let source = self.library.root().read(&file.path, LARGEST_SOURCE);
            Ok(self.of_source(file, &source.map_err(|error| problem(&error))?))
        } else {
            Ok(Vec::new())
        }
    }

    fn of_source(&self, file: &FileFact, source: &[u8]) -> Vec<Opened> {
        let text = format!("opened by name in {}", self.inventory.place_of(&file.path));
        let evidence = Evidence::new(Grade::Named, text);
        let names = names_in_source(source).into_iter();
        let sonames: BTreeSet<String> = names.filter_map(|name| self.soname(&name)).collect();
        let open = |name: &String| self.open(&file.path, &self.ctypes, name, &evidence);
        sonames.iter().filter_map(open).collect()
    }

    /// The name that is given to dlopen(3).
    fn soname(&self, name: &Name) -> Option<String> {
        let text = &name.text;
        match name.opener {
            Opener::FindLibrary => self.find_library.find(text),
            Opener::Dlopen => Some(text.clone()),
            Opener::Cffi if text.contains(['.', '/']) => Some(text.clone()),
            Opener::Cffi => self.find_library.find(text),
        }
    }

    /// The libraries that an ELF file declares to open, and those that it names and can open.
    fn of_object(&self, file: &FileFact) -> Vec<Opened> {
        let mut opened = self.declared(&file.path, &file.path);
        let Ok(content) = self.library.root().open(&file.path) else { return opened };
        if !self.calls_dlopen(&file.path) {
            return opened;
        }
        let text = format!("opened by name in {}", self.inventory.place_of(&file.path));
        let evidence = Evidence::new(Grade::Named, text);
        let mut names = elf::read_library_names(content.as_ref()).unwrap_or_default();
        if let Ok(facts) = self.library.read(&file.path)
            && let Ok(Some(facts)) = facts.as_ref()
        {
            names
                .retain(|name| !facts.needed.contains(name) && facts.soname.as_ref() != Some(name));
        }
        let open = |name: &String| self.open(&file.path, &file.path, name, &evidence);
        opened.extend(names.iter().filter_map(open));
        opened
    }

    fn calls_dlopen(&self, path: &RealPath) -> bool {
        let symbols = loader::read_symbols(self.library.root(), path);
        symbols.undefined.iter().any(|symbol| symbol.name == "dlopen")
    }

    /// The notes of the libraries that files of the environment need, as needs of these files.
    fn of_libraries(&self) -> Vec<Opened> {
        let mut seen: BTreeSet<&RealPath> = BTreeSet::new();
        let natives = self.inventory.natives.iter();
        let needed = natives.flat_map(|native| {
            native.needs.iter().filter_map(move |need| Some((&native.path, need.found()?.0)))
        });
        let first: Vec<(&RealPath, &RealPath)> =
            needed.filter(|(_, library)| !self.is_there(library) && seen.insert(library)).collect();
        first.into_iter().flat_map(|(file, library)| self.declared(file, library)).collect()
    }

    /// The libraries that the notes of `object` declare, as needs of `file`.
    fn declared(&self, file: &RealPath, object: &RealPath) -> Vec<Opened> {
        let Ok(content) = self.library.root().open(object) else { return Vec::new() };
        let descriptors = elf::read_dlopen_notes(content.as_ref()).unwrap_or_default();
        let notes = descriptors.iter().flat_map(|descriptor| parse_note(descriptor));
        let open = |Note { soname, priority, feature }: Note| {
            let feature = feature.map_or_else(String::new, |feature| format!(" for {feature}"));
            let place = self.inventory.place_of(object);
            let text = format!("{} by {place}{feature}", priority.as_str());
            let evidence = Evidence::new(Grade::Declared, text);
            soname.iter().find_map(|name| self.open(file, object, name, &evidence))
        };
        notes.filter_map(open).collect()
    }

    /// The library `name`, opened by `caller`, if the builder can load it and the final image may
    /// lack it.
    fn open(
        &self,
        file: &RealPath,
        caller: &RealPath,
        name: &str,
        evidence: &Evidence,
    ) -> Option<Opened> {
        // A relative path depends on the working directory.
        if name.contains('/') && !name.starts_with('/') {
            return None;
        }
        let program = &self.inventory.environment.interpreter.executable;
        let load = loader::open(self.loader, self.library, program, caller, name).ok()?;
        let mut needs = needs_of(&load);
        let loads = needs
            .iter()
            .all(|need| matches!(need.outcome, NeedOutcome::BuiltIn | NeedOutcome::Library { .. }));
        let first = needs.first_mut().filter(|_| loads)?;
        first.by = file.clone();
        let (path, _) = first.found()?;
        (!self.is_there(path)).then(|| Opened {
            file: file.clone(),
            evidence: evidence.clone(),
            needs,
        })
    }

    /// Whether a file is there in any case: with the environment, the interpreter or the C library.
    fn is_there(&self, path: &RealPath) -> bool {
        let Inventory { files, packages, interpreter_files, .. } = self.inventory;
        let owner = packages.owner(path);
        files.binary_search_by(|file| file.path.cmp(path)).is_ok()
            || interpreter_files.contains(path)
            || (owner.is_some() && owner == self.libc)
    }
}

impl Inventory {
    /// A path below its site directory, as people name a file of a distribution.
    fn place_of(&self, path: &RealPath) -> String {
        let mut sites = self.environment.parts.iter().flat_map(|part| &part.sites);
        sites.find_map(|site| path.below(site)).unwrap_or(path.as_str()).to_owned()
    }
}
