//! Names in source files, ELF files and their notes, opened as the interpreter would.
//!
//! Invariant: an answer is a file that the builder can load, and no file that is there in any case.

use std::collections::{BTreeMap, BTreeSet};

use super::find_library::FindLibrary;
use super::{Opened, by_hand};
use crate::elf;
use crate::evidence::{Evidence, Grade, Name, Note, Opener, parse_note};
use crate::inventory::natives::needs_of;
use crate::inventory::sources::Sources;
use crate::inventory::{FileFact, Inventory, Need};
use crate::loader::{self, Library, Loader};
use crate::path::RealPath;
use crate::root::{Content, Kind};

/// A search in one root.
pub(super) struct Search<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) library: &'a Library<'a>,
    pub(super) loader: &'a dyn Loader,
    pub(super) sources: &'a Sources,
    find_library: FindLibrary<'a>,
    /// The object that calls dlopen(3) for Python code.
    pub(super) ctypes: RealPath,
    /// The package of the C library.
    libc: Option<usize>,
    /// The packages that bring the standard library, and those that they need.
    pub(super) standard: BTreeSet<usize>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        inventory: &'a Inventory,
        library: &'a Library<'a>,
        loader: &'a dyn Loader,
        sources: &'a Sources,
    ) -> Search<'a> {
        let interpreter = &inventory.environment.interpreter;
        let natives = inventory.interpreter_natives.iter().map(|native| &native.path);
        let ctypes = natives.clone().find(|path| path.name().starts_with("_ctypes."));
        let own = [&interpreter.executable, &interpreter.stdlib.join("os.py")];
        let own: BTreeSet<usize> =
            own.iter().filter_map(|path| inventory.packages.owner(path)).collect();
        let needed = own.iter().flat_map(|package| inventory.packages.closure(*package));
        Search {
            inventory,
            library,
            loader,
            sources,
            find_library: FindLibrary::new(library.root(), loader, &interpreter.stdlib),
            ctypes: ctypes.unwrap_or(&interpreter.executable).clone(),
            libc: loader.own_file().and_then(|file| inventory.packages.owner(file)),
            standard: needed.chain(own.iter().copied()).collect(),
        }
    }

    /// Everything that one file opens by name.
    pub(super) fn of_file(&self, file: &FileFact) -> Vec<Opened> {
        match self.sources.get(&file.path) {
            Some(source) => self.of_source(file, &source.names),
            None if file.elf => self.of_object(file),
            None => Vec::new(),
        }
    }

    fn of_source(&self, file: &FileFact, names: &BTreeSet<Name>) -> Vec<Opened> {
        let text = format!("opened by name in {}", self.place_of(&file.path));
        let evidence = Evidence::new(Grade::Named, text);
        // Each soname, and whether only find_library leads to it.
        let mut sonames: BTreeMap<String, bool> = BTreeMap::new();
        for name in names {
            if let Some((soname, by_cache)) = self.soname(name) {
                let only = sonames.entry(soname).or_insert(true);
                *only &= by_cache;
            }
        }
        let open = |(name, only_by_cache): (&String, &bool)| {
            let opened = self.open(&file.path, &self.ctypes, name, &evidence)?;
            Some(Opened { only_by_cache: *only_by_cache, ..opened })
        };
        sonames.iter().filter_map(open).collect()
    }

    /// The name that is given to dlopen(3), and whether it is the answer of `find_library`.
    fn soname(&self, name: &Name) -> Option<(String, bool)> {
        let text = &name.text;
        match name.opener {
            Opener::Cffi if text.contains(['.', '/']) => Some((text.clone(), false)),
            Opener::Dlopen => Some((text.clone(), false)),
            Opener::FindLibrary | Opener::Cffi => Some((self.find_library.find(text)?, true)),
        }
    }

    /// The libraries that an ELF file declares to open, and those that it names and can open.
    fn of_object(&self, file: &FileFact) -> Vec<Opened> {
        let mut opened = self.declared(&file.path, &file.path);
        let Ok(content) = self.library.root().open(&file.path) else { return opened };
        if !calls_dlopen(content.as_ref()) {
            return opened;
        }
        let text = format!("opened by name in {}", self.place_of(&file.path));
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

    /// The notes of the libraries that files of the environment need, as needs of these files.
    pub(super) fn of_libraries(&self) -> Vec<Opened> {
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
            let text = format!("{} by {}{feature}", priority.as_str(), self.place_of(object));
            let evidence = Evidence::new(Grade::Declared, text);
            soname.iter().find_map(|name| self.open(file, object, name, &evidence))
        };
        notes.filter_map(open).collect()
    }

    /// The needs of ELF files that the user includes.
    pub(super) fn of_included(&self) -> Vec<Opened> {
        let files = self.inventory.included.iter().filter(|file| file.meta.kind == Kind::File);
        let needs = files.filter_map(|file| {
            let needs = self.needs_of_file(&file.path).filter(|needs| !needs.is_empty())?;
            Some(Opened::new(&file.path, &by_hand("--include"), needs))
        });
        needs.collect()
    }

    /// The library `name`, opened by `caller`, if the builder can load it and the final image may
    /// lack it.
    pub(super) fn open(
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
        let loads = needs.iter().all(Need::is_met);
        let first = needs.first_mut().filter(|_| loads)?;
        first.by = file.clone();
        let (path, _) = first.found()?;
        (!self.is_there(path)).then(|| Opened::new(file, evidence, needs))
    }

    /// Whether a file is there in any case: with the environment, the interpreter or the C library.
    pub(super) fn is_there(&self, path: &RealPath) -> bool {
        let Inventory { packages, interpreter_files, environment, .. } = self.inventory;
        let in_stdlib = path.below(&environment.interpreter.stdlib).is_some();
        let owner = packages.owner(path);
        if in_stdlib {
            return owner.is_none_or(|owner| self.standard.contains(&owner));
        }
        (owner.is_some() && owner == self.libc)
            || interpreter_files.contains(path)
            || self.inventory.has_file(path)
    }

    /// A path below its site directory, as people name a file of a distribution.
    fn place_of(&self, path: &RealPath) -> String {
        let mut sites = self.inventory.environment.parts.iter().flat_map(|part| &part.sites);
        sites.find_map(|site| path.below(site)).unwrap_or(path.as_str()).to_owned()
    }
}

fn calls_dlopen(content: &dyn Content) -> bool {
    const NAME: &str = "dlopen";
    let symbols = || elf::read_symbols(content).unwrap_or_default();
    elf::may_name_symbol(content, NAME).unwrap_or(false)
        && symbols().undefined.iter().any(|symbol| symbol.name == NAME)
}
