//! The symbols that the builder cannot bind: a module may rely on another import that provides them.
//!
//! Invariant: a file that lacks a library has no symbols here, as it cannot be loaded at all.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::need::Native;
use super::not_loadable::NotLoadable;
use crate::loader::{self, Library, Loader, Missing, SymbolTables};
use crate::path::RealPath;

/// Binds all symbols of `natives`, which `program` loads; `own` is the loader's file. A file that lacks the version of a library is listed
/// without symbols: glibc does not load it.
pub(super) fn find_unbound(
    library: &Library,
    loader: &dyn Loader,
    program: &RealPath,
    natives: &[Native],
    own: Option<&RealPath>,
) -> NotLoadable {
    let tables = SymbolTables::new(library.root());
    let missing = |native: &Native| {
        let start = native.kind.start(program, &native.path);
        let load = loader::load(loader, library, start).ok()?;
        Some(tables.missing(&load, loader.libc(), own).0)
    };
    let whole = natives.par_iter().filter(|native| native.has_all_libraries());
    let found: Vec<BTreeSet<Missing>> = whole.filter_map(missing).collect();
    let mut unbound = NotLoadable::new();
    let mut lacking = BTreeSet::new();
    for missing in found.into_iter().flatten() {
        match missing {
            Missing::Symbol { by, symbol, .. } => {
                unbound.entry(by).or_default().insert(symbol);
            }
            Missing::Version { by, .. } => {
                lacking.insert(by);
            }
        }
    }
    unbound.extend(lacking.into_iter().map(|by| (by, BTreeSet::new())));
    unbound
}
