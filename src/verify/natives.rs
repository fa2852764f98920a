//! Loads every ELF file of the bundle as the final root would, and binds all its symbols.
//!
//! Invariant: of one file at most [`MOST_SYMBOLS`] missing symbols are findings; the rest is
//! counted.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::Checked;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::{Inventory, Native, NativeKind, follow_library, judge_need};
use crate::loader::{self, Libc, Library, Loader, Missing, Start, SymbolTables};
use crate::path::{RealPath, WrittenPath};

/// The most missing symbols that are reported for one file. With more of them the file lacks a
/// library or the whole interpreter.
const MOST_SYMBOLS: usize = 5;

/// Verifies the ELF files below `prefix`, those `outside` of it, and the interpreter.
pub(super) fn verify(
    library: &Library,
    prefix: &RealPath,
    inventory: &Inventory,
    outside: &[RealPath],
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
        return vec![Finding::new(
            Severity::Deny,
            Code::BrokenInterpreter,
            &interpreter.executable,
            message,
        )];
    };
    let names = inventory.library_names(inventory.natives.iter().map(|native| &native.path));
    let interpreter_natives = of_interpreter(prefix, inventory, outside);
    let natives = || inventory.natives.iter().chain(&interpreter_natives);
    let needs = natives().flat_map(|native| native.needs.iter().map(move |need| (native, need)));
    let mut findings: Vec<Finding> = needs
        .filter_map(|(native, need)| judge_need(native, need, Severity::Deny, &names))
        .collect();
    let tables = SymbolTables::new(root);
    let program = &interpreter.executable;
    let own_starts =
        natives().map(|native| (native.kind.start(program, &native.path), native.kind));
    let known: BTreeSet<&RealPath> =
        interpreter_natives.iter().map(|native| &native.path).collect();
    let others: Vec<&RealPath> = outside.iter().filter(|path| !known.contains(path)).collect();
    // A library alone may lack the run path of the file that loads it, and a plugin may be optional.
    for path in &others {
        let Ok(native) = follow_library(library, loader.as_ref(), program, path) else { continue };
        let judge = |need| judge_need(&native, need, Severity::Warn, &names);
        findings.extend(native.needs.iter().filter_map(judge));
    }
    let others =
        others.into_iter().map(|module| (Start::Module { program, module }, NativeKind::Library));
    let starts: Vec<(Start, NativeKind)> = own_starts.chain(others).collect();
    checked.natives = starts.len();
    let looked: Vec<(Vec<Finding>, usize)> = starts
        .par_iter()
        .map(|(start, kind)| symbols(library, loader.as_ref(), &tables, *start, *kind, &own))
        .collect();
    for (found, count) in looked {
        findings.extend(found);
        checked.symbols += count;
    }
    findings
}

/// The interpreter's program and its bundled standard modules. Its other modules belong to the
/// base.
fn of_interpreter(prefix: &RealPath, inventory: &Inventory, outside: &[RealPath]) -> Vec<Native> {
    let is_bundled = |path: &RealPath| path.below(prefix).is_some() || outside.contains(path);
    let natives = inventory.interpreter_natives.iter();
    natives
        .filter(|native| native.kind == NativeKind::Program || is_bundled(&native.path))
        .cloned()
        .collect()
}

fn symbols(
    library: &Library,
    loader: &dyn Loader,
    tables: &SymbolTables,
    start: Start,
    kind: NativeKind,
    own: &RealPath,
) -> (Vec<Finding>, usize) {
    let Ok(load) = loader::load(loader, library, start) else { return (Vec::new(), 0) };
    let libc: Libc = loader.libc();
    let (missing, count) = tables.missing(&load, libc, Some(own));
    // A library may use symbols of the module that loads it. The module is checked too.
    let severity = if kind == NativeKind::Library { Severity::Warn } else { Severity::Deny };
    let more = missing.len().saturating_sub(MOST_SYMBOLS);
    let mut findings: Vec<Finding> =
        missing.into_iter().take(MOST_SYMBOLS).map(|missing| finding(missing, severity)).collect();
    if let (Some(last), 1..) = (findings.last_mut(), more) {
        last.message = format!("{}, and {more} more", last.message);
    }
    (findings, count)
}

fn finding(missing: Missing, severity: Severity) -> Finding {
    match missing {
        Missing::Version { by, library, version } => Finding::new(
            severity,
            Code::MissingVersion,
            by,
            format!("needs version {version} of {library}, which does not have it"),
        )
        .help("build in an image that is not newer than the final one, or use a newer final image"),
        Missing::Symbol { by, symbol, version } => {
            let version = version.map(|version| format!("@{version}")).unwrap_or_default();
            Finding::new(
                severity,
                Code::MissingSymbol,
                by,
                format!("needs the symbol {symbol}{version}, which no loaded library defines"),
            )
            .help("make the final image have the same version of the library as the builder")
        }
    }
}
