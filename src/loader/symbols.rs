//! Whether everything that a load refers to is there: versions first, then every symbol, as both
//! loaders do with `LD_BIND_NOW` (glibc `dl-version.c` and `dl-lookup.c`, musl `do_relocs`).
//!
//! The scope of a module is that of the program, breadth first, then the module's own.
//!
//! Invariant: a file whose tables cannot be read defines nothing and needs nothing; it is named.

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

/// The symbols of one file.
pub fn symbols(root: &Root, path: &RealPath) -> Symbols {
    let content = root.open(path).ok();
    content.and_then(|content| elf::read_symbols(content.as_ref()).ok()).unwrap_or_default()
}

/// What one object of a load does not find.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// `version` is needed of `library`, which has others.
    Version { by: RealPath, library: RealPath, version: String },
    /// No object of the scope defines the symbol.
    Symbol { by: RealPath, symbol: String, version: Option<String> },
}

impl<'a> SymbolTables<'a> {
    pub fn new(root: &'a Root) -> SymbolTables<'a> {
        SymbolTables { root, known: RwLock::default() }
    }

    fn of(&self, path: &RealPath) -> Arc<Symbols> {
        if let Some(known) = self.known.read().expect("no holder panics").get(path) {
            return known.clone();
        }
        let symbols = Arc::new(symbols(self.root, path));
        self.known.write().expect("no holder panics").insert(path.clone(), symbols.clone());
        symbols
    }

    /// What the objects of a load from its start on do not find; `loader` is the loader's own file,
    /// which defines symbols too. Returns the references that were looked at as well.
    pub fn missing(
        &self,
        load: &Load,
        libc: Libc,
        loader: Option<&RealPath>,
    ) -> (BTreeSet<Missing>, usize) {
        let paths = load.objects.iter().map(|object| &object.real);
        let scope: Vec<(&RealPath, Arc<Symbols>)> =
            paths.chain(loader).map(|path| (path, self.of(path))).collect();
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

    /// `_dl_check_map_versions`: a library without any version is taken as it is.
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
