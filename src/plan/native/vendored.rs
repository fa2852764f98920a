//! Vendored packages: those that the final root lacks and does not install, and the bundled
//! interpreter.
//!
//! Everything keeps its path, so the loader finds it by its own rules and nothing needs patching. A
//! package is vendored as a whole, less documentation and programs: it may open its other files by
//! name. Scanners find the packages by a database entry of their own.
//!
//! Invariant: a vendored file names its package; nothing that the base has is vendored.

use std::collections::BTreeSet;

use crate::finding::{Code, Finding, Severity};
use crate::inventory::{CarriableFile, Inventory, NativeKind, NeedOutcome};
use crate::packages::{BundledPackage, DatabaseFile, Manager, is_licence};
use crate::path::RealPath;
use crate::plan::entry::{Action, Files, LeftOut, PlannedEntry};
use crate::plan::target::FinalRoot;
use crate::root::Kind;

/// Below the standard library: modules that a running program does not import, and why each is left
/// out.
const UNNEEDED: [(&str, &str); 8] = [
    ("test", "Python's own tests"),
    ("idlelib", "an editor"),
    ("turtledemo", "demonstrations"),
    ("tkinter", "for the Tk window system"),
    ("ensurepip", "installs pip"),
    ("lib2to3", "translates Python 2"),
    ("pydoc_data", "help for people"),
    ("config-", "for compilers"),
];

/// The files of `packages`, and of the interpreter with its loader when that is bundled.
pub(crate) fn vendor(
    inventory: &Inventory,
    final_root: &FinalRoot,
    packages: &BTreeSet<usize>,
) -> Files {
    let mut files = Files::default();
    let mut taken: BTreeSet<&RealPath> = BTreeSet::new();
    let carriable = &inventory.carriable;
    let interpreter = carriable.interpreter.iter().filter(|_| final_root.interpreter_is_bundled);
    let loader = carriable.loader.iter().filter(|_| final_root.loader_is_bundled);
    for file in interpreter.chain(loader).filter(|file| taken.insert(&file.path)) {
        let (path, size) = (file.path.clone(), file.meta.size);
        let unneeded = unneeded(inventory, &path).map(str::to_owned);
        match unneeded.or_else(|| unloadable(inventory, &path)) {
            Some(reason) => files.left_out.push(LeftOut { path, reason, size }),
            None => files.entries.push(entry(file, "the interpreter, which is bundled".to_owned())),
        }
    }
    for package in packages {
        let name = &inventory.packages[*package].name;
        for file in carriable.packages.get(package).into_iter().flatten() {
            // Python's own package is the interpreter: it was judged file by file above.
            let python = is_standard(inventory, &file.path);
            let common = || is_common(inventory, final_root, packages, &file.path);
            if !python && !common() && taken.insert(&file.path) {
                let reason = format!("belongs to the package {name}, which the base lacks");
                files.entries.push(entry(file, reason));
            }
        }
    }
    files.entries.extend(databases(inventory, final_root, packages));
    files
}

/// Whether a file is part of the standard library, below which other packages have their distributions.
fn is_standard(inventory: &Inventory, path: &RealPath) -> bool {
    let interpreter = &inventory.environment.interpreter;
    let Some(below) = path.below(&interpreter.stdlib) else { return false };
    let own = || {
        inventory.packages.owner(path)
            == inventory.packages.owner(&interpreter.stdlib.join("os.py"))
    };
    !matches!(below.split('/').next(), Some("site-packages" | "dist-packages")) || own()
}

/// Whether a file of a package that is not vendored, such as the text of a licence, is in the base.
fn is_common(
    inventory: &Inventory,
    final_root: &FinalRoot,
    packages: &BTreeSet<usize>,
    path: &RealPath,
) -> bool {
    let owner = inventory.packages.owner(path).filter(|owner| !packages.contains(owner));
    // Where nothing is known it is the builder's own distribution, whose every root has it.
    owner.is_some_and(|owner| final_root.has_package(&inventory.packages[owner]) != Some(false))
}

/// The finding for vendored packages without a licence in the bundle.
pub(crate) fn judge_licences(inventory: &Inventory, packages: &BTreeSet<usize>) -> Option<Finding> {
    let files = |index: &usize| inventory.carriable.packages.get(index).into_iter().flatten();
    let licensed = |index: &usize| {
        inventory.packages[*index].license.is_some()
            || files(index).any(|file| is_licence(file.to.as_str()))
    };
    let without: Vec<&str> = packages
        .iter()
        .filter(|index| !licensed(index))
        .map(|index| inventory.packages[*index].name.as_str())
        .collect();
    let first = without.first()?;
    let message =
        format!("the builder has no licence of these vendored packages: {}", without.join(", "));
    let help =
        "some images omit documentation: take the copyright files from the packages themselves";
    Some(Finding::new(Severity::Note, Code::MissingLicence, first, message).help(help))
}

pub(super) fn entry(file: &CarriableFile, reason: String) -> PlannedEntry {
    let (path, mode) = (file.path.clone(), file.meta.mode);
    let entry = match &file.meta.kind {
        Kind::Link(target) => PlannedEntry {
            action: Action::Link { target: target.clone() },
            ..PlannedEntry::copy(path, 0, mode, reason)
        },
        _ => PlannedEntry::copy(path, file.meta.size, mode, reason),
    };
    PlannedEntry { to: file.to.clone(), ..entry }
}

/// Why a file of the standard library is left out.
fn unneeded(inventory: &Inventory, path: &RealPath) -> Option<&'static str> {
    let below = path.below(&inventory.environment.interpreter.stdlib)?;
    let (top, rest) = below.split_once('/').unwrap_or((below, ""));
    if top == "lib-dynload" {
        let name = rest.strip_prefix('_').unwrap_or(rest);
        return ["test", "xxlimited", "xxsubtype", "ctypes_test", "tkinter"]
            .iter()
            .any(|start| name.starts_with(start))
            .then_some("tests of Python, or Tk");
    }
    UNNEEDED
        .iter()
        .find(|(name, _)| top == *name || (name.ends_with('-') && top.starts_with(name)))
        .map(|(_, why)| *why)
}

/// Why a standard module cannot be imported in the builder either: a library that it needs is not
/// there.
fn unloadable(inventory: &Inventory, path: &RealPath) -> Option<String> {
    let native = inventory
        .interpreter_natives
        .iter()
        .find(|native| native.path == *path && native.kind == NativeKind::Module)?;
    let there = |outcome: &NeedOutcome| {
        matches!(outcome, NeedOutcome::BuiltIn | NeedOutcome::Library { .. })
    };
    let missing = native.needs.iter().find(|need| !there(&need.outcome))?;
    Some(format!("cannot be imported in the builder either: {} is missing", missing.name))
}

/// The database entries by which scanners find the bundled packages, and in an empty root which
/// distribution they are of.
fn databases(
    inventory: &Inventory,
    final_root: &FinalRoot,
    packages: &BTreeSet<usize>,
) -> Vec<PlannedEntry> {
    let files = |index: &usize| inventory.carriable.packages.get(index).into_iter().flatten();
    let bundled: Vec<BundledPackage> = packages
        .iter()
        .map(|index| BundledPackage {
            package: &inventory.packages[*index],
            files: files(index).map(|file| &file.to).collect(),
        })
        .collect();
    let mut written: Vec<DatabaseFile> = Manager::all()
        .flat_map(|manager| manager.database_files(&bundled, final_root.is_empty()))
        .collect();
    if final_root.is_empty() {
        let release = &inventory.release;
        let content = format!(
            "ID={}\nVERSION_ID={}\nPRETTY_NAME=\"{}\"\n",
            release.id, release.version, release.pretty_name
        );
        written.push(DatabaseFile { path: RealPath::known("/etc/os-release"), content });
    }
    written.into_iter().map(written_entry).collect()
}

fn written_entry(file: DatabaseFile) -> PlannedEntry {
    let reason = "lists the vendored packages for scanners";
    PlannedEntry::text(file.path, file.content, reason.to_owned())
}
