//! Loads every ELF file of the bundle as the final root would, and binds all its symbols.
//!
//! Invariant: a library that does not exist is one finding, however many files need it; the symbols that such files
//! lack follow from it and are no findings.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::libraries::{Unmet, judge_needs};
use super::symbols::SymbolJudge;
use super::{Checked, Promise};
use crate::finding::{Code, Finding, Severity};
use crate::inventory::{Inventory, Native, NativeKind, follow_library};
use crate::loader::{self, Library, Loader, Missing, SymbolTables};
use crate::path::{RealPath, WrittenPath};

/// Verifies the ELF files of the bundle, and the interpreter.
pub(super) fn verify(
    library: &Library,
    inventory: &Inventory,
    promise: &Promise,
    checked: &mut Checked,
) -> Vec<Finding> {
    let interpreter = &inventory.environment.interpreter;
    let root = library.root();
    let Some(path) = interpreter.facts.loader.as_deref() else { return Vec::new() };
    let Some(loader) = loader::choose_loader(root, path, interpreter.machine) else {
        return Vec::new();
    };
    let Some(own) = root.resolve(&WrittenPath::new(path)).ok().flatten().map(|found| found.path)
    else {
        let message = format!("needs the loader {path}, which does not exist");
        let (deny, code) = (Severity::Deny, Code::BrokenInterpreter);
        return vec![Finding::new(deny, code, &interpreter.executable, message)];
    };
    let program = &interpreter.executable;
    let mut natives: Vec<Native> = inventory.natives.clone();
    natives.extend(of_interpreter(inventory, promise));
    let own_natives = natives.len();
    natives.extend(others(library, loader.as_ref(), program, &natives, &promise.outside));
    checked.natives = natives.len();
    let unmet = natives.iter().enumerate().flat_map(|(index, native)| {
        // A library alone may lack the run path of the file that loads it, and a plugin may be optional.
        let severity = if index < own_natives { Severity::Deny } else { Severity::Warn };
        native.needs.iter().map(move |need| Unmet { native, need, severity })
    });
    let mut findings = judge_needs(promise, unmet);
    let tables = SymbolTables::new(root);
    let bound: Vec<(BTreeSet<Missing>, usize)> = natives
        .par_iter()
        .map(|native| bind(library, loader.as_ref(), &tables, program, native, &own))
        .collect();
    let mut missing: BTreeMap<Missing, Severity> = BTreeMap::new();
    for (native, (lacking, count)) in natives.iter().zip(bound) {
        checked.symbols += count;
        // A library may use symbols of the module that loads it. The module is checked too.
        let is_library = native.kind == NativeKind::Library;
        let severity = if is_library { Severity::Warn } else { Severity::Deny };
        for one in lacking {
            let worst = missing.entry(one).or_insert(severity);
            *worst = severity.min(*worst);
        }
    }
    findings.extend(
        SymbolJudge { inventory, tables: &tables, known: &promise.not_loadable }.judge(missing),
    );
    findings
}

/// The interpreter's program and its bundled standard modules. Its other modules belong to the
/// base.
fn of_interpreter(inventory: &Inventory, promise: &Promise) -> Vec<Native> {
    let Promise { manifest, outside, .. } = promise;
    let is_bundled =
        |path: &RealPath| path.below(&manifest.prefix).is_some() || outside.contains(path);
    let natives = inventory.interpreter_natives.iter();
    natives
        .filter(|native| native.kind == NativeKind::Program || is_bundled(&native.path))
        .cloned()
        .collect()
}

/// The other bundled files outside of the prefix.
fn others(
    library: &Library,
    loader: &dyn Loader,
    program: &RealPath,
    natives: &[Native],
    outside: &[RealPath],
) -> Vec<Native> {
    let known: BTreeSet<&RealPath> = natives.iter().map(|native| &native.path).collect();
    let others = outside.iter().filter(|path| !known.contains(path));
    others.filter_map(|path| follow_library(library, loader, program, path).ok()).collect()
}

/// The references of a file and its libraries that nothing defines, and the number of all of them.
fn bind(
    library: &Library,
    loader: &dyn Loader,
    tables: &SymbolTables,
    program: &RealPath,
    native: &Native,
    own: &RealPath,
) -> (BTreeSet<Missing>, usize) {
    let start = native.kind.start(program, &native.path);
    let Ok(load) = loader::load(loader, library, start) else { return Default::default() };
    let (mut missing, count) = tables.missing(&load, loader.libc(), Some(own));
    if !native.has_all_libraries() {
        missing.retain(|one| matches!(one, Missing::Version { .. }));
    }
    (missing, count)
}
