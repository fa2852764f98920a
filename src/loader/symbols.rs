//! Checks that a load defines everything it refers to: first the versions, then every symbol, as
//! both loaders do with `LD_BIND_NOW` (glibc `dl-version.c` and `dl-lookup.c`, musl `do_relocs`).
//!
//! A module's symbols are looked up in the program and its libraries, breadth first, then in the
//! module and its own libraries.
//!
//! Invariant: a file with unreadable tables defines nothing and needs nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, RwLock};

use super::{Libc, Load, large_file_name};
use crate::elf::{self, Symbols};
use crate::path::RealPath;
use crate::root::Root;

/// The symbols of a root's files, each file read once.
pub struct SymbolTables<'a> {
    root: &'a Root,
    known: RwLock<HashMap<RealPath, Arc<Symbols>>>,
}

/// The symbols of one file at a link-free path; none if it cannot be read.
pub fn read_symbols(root: &Root, path: &RealPath) -> Symbols {
    let content = root.open(path).ok();
    content.and_then(|content| elf::read_symbols(content.as_ref()).ok()).unwrap_or_default()
}

/// A reference that one object of a load cannot bind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// The library defines versions, but not this one.
    Version {
        /// The object that needs the version.
        by: RealPath,
        /// The library that lacks it.
        library: RealPath,
        /// The name of the version, such as `GLIBC_2.34`.
        version: String,
    },
    /// No object of the load defines the symbol.
    Symbol {
        /// The object that needs the symbol.
        by: RealPath,
        /// The name of the symbol.
        symbol: String,
        /// The version it must have; always `None` on musl.
        version: Option<String>,
    },
}

impl<'a> SymbolTables<'a> {
    /// A store for the files of `root`, empty at first.
    pub fn new(root: &'a Root) -> SymbolTables<'a> {
        SymbolTables { root, known: RwLock::default() }
    }

    fn read(&self, path: &RealPath) -> Arc<Symbols> {
        if let Some(known) = self.known.read().expect("no holder panics").get(path) {
            return known.clone();
        }
        let symbols = Arc::new(read_symbols(self.root, path));
        self.known.write().expect("no holder panics").insert(path.clone(), symbols.clone());
        symbols
    }

    /// Whether the file at a link-free path defines the name for references without a version.
    pub fn defines(&self, path: &RealPath, name: &str) -> bool {
        self.read(path).defines(name)
    }

    /// The references that the objects of a load cannot bind, from [`Load::start`] on, and the
    /// number of references that were checked. `loader` is the loader's own file, which also
    /// defines symbols.
    pub fn missing(
        &self,
        load: &Load,
        libc: Libc,
        loader: Option<&RealPath>,
    ) -> (BTreeSet<Missing>, usize) {
        let paths = load.objects.iter().map(|object| &object.real);
        let scope: Vec<(&RealPath, Arc<Symbols>)> =
            paths.chain(loader).map(|path| (path, self.read(path))).collect();
        let mut missing = BTreeSet::new();
        let mut count = 0;
        for (index, object) in load.objects.iter().enumerate().skip(load.start) {
            let symbols = &scope[index].1;
            if libc == Libc::Glibc {
                missing.extend(self.versions(load, index, &scope));
            }
            count += symbols.undefined.len();
            for reference in &symbols.undefined {
                let found = match libc {
                    Libc::Glibc => {
                        scope.iter().any(|(_, symbols)| symbols.defines_versioned(reference))
                    }
                    Libc::Musl => {
                        let by_loader = |name: &str| {
                            loader.and(scope.last()).is_some_and(|(_, own)| own.defines(name))
                        };
                        scope.iter().any(|(_, symbols)| symbols.defines(&reference.name))
                            || large_file_name(&reference.name).is_some_and(by_loader)
                    }
                };
                if !found {
                    let version = reference.version.clone().filter(|_| libc == Libc::Glibc);
                    missing.insert(Missing::Symbol {
                        by: object.real.clone(),
                        symbol: reference.name.clone(),
                        version,
                    });
                }
            }
        }
        (missing, count)
    }

    /// `_dl_check_map_versions`: a library without versions satisfies every version need.
    fn versions(
        &self,
        load: &Load,
        index: usize,
        scope: &[(&RealPath, Arc<Symbols>)],
    ) -> Vec<Missing> {
        let mut missing = Vec::new();
        for needed in scope[index].1.version_needs.iter().filter(|needed| !needed.weak) {
            let answers = |at: usize| {
                let object = load.objects.get(at);
                let name = object.map_or(scope[at].0.name(), |object| {
                    object.elf.soname.as_deref().unwrap_or(object.real.name())
                });
                name == needed.file || scope[at].0.name() == needed.file
            };
            let Some(at) = (0..scope.len()).find(|at| answers(*at)) else { continue };
            let (library, symbols) = &scope[at];
            if !symbols.versions.is_empty() && !symbols.versions.contains(&needed.version) {
                let by = load.objects[index].real.clone();
                missing.push(Missing::Version {
                    by,
                    library: (*library).clone(),
                    version: needed.version.clone(),
                });
            }
        }
        missing
    }
}
