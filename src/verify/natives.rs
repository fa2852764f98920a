//! Every ELF file of the bundle, loaded as the final root would, down to the last symbol.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::Checked;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::{Inventory, Native, NativeKind, judge_need};
use crate::loader::{self, Libc, Library, Loader, Missing, Start, SymbolTables};
use crate::path::{RealPath, WrittenPath};

/// A module that lacks more than this lacks a library, or all of the interpreter.
const MOST_SYMBOLS: usize = 5;

/// Verifies what is below `prefix`, what was `carried` elsewhere, and the interpreter.
pub fn verify(
    library: &Library,
    prefix: &RealPath,
    inventory: &Inventory,
    carried: &[RealPath],
    checked: &mut Checked,
) -> Vec<Finding> {
    let interpreter = &inventory.environment.interpreter;
    let root = library.root();
    let Some(path) = interpreter.facts.loader.as_deref() else { return Vec::new() };
    let Some(loader) = loader::of_root(root, path, interpreter.machine) else { return Vec::new() };
    let Some(own) = root.resolve(&WrittenPath::new(path)).ok().flatten().map(|found| found.path)
    else {
        let message = format!("is started through {path}, which is not there");
        return vec![Finding::new(
            Severity::Deny,
            Code::BrokenInterpreter,
            &interpreter.executable,
            message,
        )];
    };
    let bundled: BTreeSet<RealPath> =
        inventory.natives.iter().map(|native| native.path.clone()).collect();
    let interpreter_natives = of_interpreter(prefix, inventory, carried);
    let natives = || inventory.natives.iter().chain(&interpreter_natives);
    let needs = natives().flat_map(|native| native.needs.iter().map(move |need| (native, need)));
    let mut findings: Vec<Finding> =
        needs.filter_map(|(native, need)| judge_need(native, need, &bundled)).collect();
    let tables = SymbolTables::new(root);
    let program = &interpreter.executable;
    let own_starts =
        natives().map(|native| (native.kind.start(program, &native.path), native.kind));
    let known: BTreeSet<&RealPath> =
        interpreter_natives.iter().map(|native| &native.path).collect();
    let others = carried
        .iter()
        .filter(|path| !known.contains(path))
        .map(|module| (Start::Module { program, module }, NativeKind::Library));
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

/// The program, and of its standard modules those that travel: the others are the base's own.
fn of_interpreter(prefix: &RealPath, inventory: &Inventory, carried: &[RealPath]) -> Vec<Native> {
    let travels = |path: &RealPath| path.below(prefix).is_some() || carried.contains(path);
    let natives = inventory.interpreter_natives.iter();
    natives
        .filter(|native| native.kind == NativeKind::Program || travels(&native.path))
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
    // A library alone may rely on what its module brings; the module is judged itself.
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
        .help("build in an image as old as the final one, or take a newer final image"),
        Missing::Symbol { by, symbol, version } => {
            let version = version.map(|version| format!("@{version}")).unwrap_or_default();
            Finding::new(
                severity,
                Code::MissingSymbol,
                by,
                format!("needs the symbol {symbol}{version}, which nothing it loads has"),
            )
            .help("the library that had it in the builder is another one in the final image")
        }
    }
}
