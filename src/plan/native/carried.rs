//! What the bundle carries of the builder's operating system: packages that the final root lacks and
//! cannot install, and the interpreter when it is to travel.
//!
//! Everything keeps its path, so the loader finds it by its own rules and nothing needs patching. A
//! package travels as a whole, less documentation and programs: what it opens by name comes along.
//! Scanners find the packages by a database entry of their own.
//!
//! Invariant: a carried file says which package it is of; nothing that the base has is carried.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::finding::{Code, Finding, Severity};
use crate::inventory::{CarriableFile, Inventory, NativeKind, NeedOutcome};
use crate::packages::{Manager, Package};
use crate::path::RealPath;
use crate::plan::target::FinalRoot;
use crate::plan::{Action, Left, PlannedEntry};
use crate::root::Kind;

/// Below the standard library: what a running program does not import, and why it stays.
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

/// The carried part of a plan.
#[derive(Default)]
pub struct Carried {
    pub entries: Vec<PlannedEntry>,
    pub left: Vec<Left>,
}

/// Carries `packages`, and the interpreter with its loader when that travels.
pub fn carry(inventory: &Inventory, final_root: &FinalRoot, packages: &BTreeSet<usize>) -> Carried {
    let mut carried = Carried::default();
    let mut taken: BTreeSet<&RealPath> = BTreeSet::new();
    let carriable = &inventory.carriable;
    if final_root.interpreter_travels {
        let loader = carriable.loader.iter().filter(|_| final_root.loader_travels);
        for file in
            carriable.interpreter.iter().chain(loader).filter(|file| taken.insert(&file.path))
        {
            match unneeded(inventory, &file.path)
                .map(str::to_owned)
                .or_else(|| unloadable(inventory, &file.path))
            {
                Some(reason) => carried.left.push(Left {
                    path: file.path.clone(),
                    reason,
                    size: file.meta.size,
                }),
                None => {
                    carried.entries.push(entry(file, "the interpreter, which travels".to_owned()))
                }
            }
        }
    }
    for package in packages {
        let name = &inventory.packages[*package].name;
        for file in carriable.packages.get(package).into_iter().flatten() {
            // Python's own package is the interpreter: it was judged file by file above.
            let python = file.path.below(&inventory.environment.interpreter.stdlib).is_some();
            if !python
                && !common(inventory, final_root, packages, &file.path)
                && taken.insert(&file.path)
            {
                carried
                    .entries
                    .push(entry(file, format!("of the package {name}, which the base lacks")));
            }
        }
    }
    carried.entries.extend(databases(inventory, final_root, packages));
    carried
}

/// Whether a file of a package that does not travel, such as the text of a licence, is in the base.
fn common(
    inventory: &Inventory,
    final_root: &FinalRoot,
    packages: &BTreeSet<usize>,
    path: &RealPath,
) -> bool {
    let owner = inventory.packages.owner(path).filter(|owner| !packages.contains(owner));
    // Where nothing is known it is the builder's own distribution, whose every root has it.
    owner.is_some_and(|owner| final_root.has_package(&inventory.packages[owner]) != Some(false))
}

/// Carried packages whose licence nobody will find.
pub fn unlicensed(inventory: &Inventory, packages: &BTreeSet<usize>) -> Option<Finding> {
    let files = |index: &usize| inventory.carriable.packages.get(index).into_iter().flatten();
    let licensed = |index: &usize| {
        let named = inventory.packages[*index].license.is_some();
        named
            || files(index).any(|file| {
                file.to.as_str().contains("/licenses/") || file.to.name() == "copyright"
            })
    };
    let without: Vec<&str> = packages
        .iter()
        .filter(|index| !licensed(index))
        .map(|index| inventory.packages[*index].name.as_str())
        .collect();
    let first = without.first()?;
    let message =
        format!("no licence of these carried packages is in the builder: {}", without.join(", "));
    let help =
        "images may leave out documentation: take the copyright files from the packages themselves";
    Some(Finding::new(Severity::Note, Code::MissingLicence, first, message).help(help))
}

fn entry(file: &CarriableFile, reason: String) -> PlannedEntry {
    let (action, size) = match &file.meta.kind {
        Kind::Link(target) => (Action::Link { target: target.clone() }, 0),
        _ => (Action::Copy, file.meta.size),
    };
    PlannedEntry {
        to: file.to.clone(),
        from: Some(file.path.clone()),
        action,
        mode: file.meta.mode,
        size,
        distribution: None,
        reason,
        layer: None,
    }
}

/// Why a file of the standard library stays behind.
fn unneeded(inventory: &Inventory, path: &RealPath) -> Option<&'static str> {
    let below = path.below(&inventory.environment.interpreter.stdlib)?;
    let (top, rest) = below.split_once('/').unwrap_or((below, ""));
    if top == "lib-dynload" {
        let name = rest.strip_prefix('_').unwrap_or(rest);
        return ["test", "xxlimited", "xxsubtype", "ctypes_test", "tkinter"]
            .iter()
            .any(|start| name.starts_with(start))
            .then_some("Python's own tests, or Tk");
    }
    UNNEEDED
        .iter()
        .find(|(name, _)| top == *name || (name.ends_with('-') && top.starts_with(name)))
        .map(|(_, why)| *why)
}

/// Why a standard module cannot be imported in the builder either: a library that it needs is not there.
fn unloadable(inventory: &Inventory, path: &RealPath) -> Option<String> {
    let native = inventory
        .interpreter_natives
        .iter()
        .find(|native| native.path == *path && native.kind == NativeKind::Module)?;
    let there = |outcome: &NeedOutcome| {
        matches!(outcome, NeedOutcome::BuiltIn | NeedOutcome::Library { .. })
    };
    let missing = native.needs.iter().find(|need| !there(&need.outcome))?;
    Some(format!("cannot be imported in the builder either, without {}", missing.name))
}

/// What scanners read: one stanza a package in `status.d`, as distroless has it; apk's database where the
/// final root has none of its own, since copying cannot add to one. And which distribution it is of.
fn databases(
    inventory: &Inventory,
    final_root: &FinalRoot,
    packages: &BTreeSet<usize>,
) -> Vec<PlannedEntry> {
    let all: Vec<(&Package, &[CarriableFile])> = packages
        .iter()
        .map(|index| {
            (
                &inventory.packages[*index],
                inventory.carriable.packages.get(index).map_or(&[][..], Vec::as_slice),
            )
        })
        .collect();
    let written = |to: String, content: String, reason: &str| PlannedEntry {
        to: RealPath::known(&to),
        from: None,
        size: content.len() as u64,
        action: Action::Write { content },
        mode: 0o644,
        distribution: None,
        reason: reason.to_owned(),
        layer: None,
    };
    let reason = "tells scanners what the bundle carries";
    let dpkg = all.iter().filter(|(package, _)| package.manager == Manager::Dpkg);
    let mut entries: Vec<PlannedEntry> = dpkg
        .map(|(package, _)| {
            written(format!("/var/lib/dpkg/status.d/{}", package.name), stanza(package), reason)
        })
        .collect();
    let apk: String = all
        .iter()
        .filter(|(package, _)| package.manager == Manager::Apk)
        .map(|(package, files)| record(package, files))
        .collect();
    for (package, files) in &all {
        let Some(own) = &package.in_prefix else { continue };
        let (name, content) = own.record(package, files.iter().map(|file| &file.to));
        entries.push(written(
            own.prefix.descend("conda-meta").join(&name).to_string(),
            content,
            reason,
        ));
    }
    if final_root.is_empty() {
        if !apk.is_empty() {
            entries.push(written("/lib/apk/db/installed".to_owned(), apk, reason));
        }
        let release = &inventory.release;
        let text = format!(
            "ID={}\nVERSION_ID={}\nPRETTY_NAME=\"{}\"\n",
            release.id, release.version, release.pretty_name
        );
        entries.push(written("/etc/os-release".to_owned(), text, reason));
    }
    entries
}

/// deb822 as in `status`, with the fields that name a package and its source.
fn stanza(package: &Package) -> String {
    let Package { name, version, architecture, source, installed_size, .. } = package;
    let mut text =
        format!("Package: {name}\nStatus: install ok installed\nArchitecture: {architecture}\n");
    if let Some(source) = source {
        let _ = writeln!(text, "Source: {source}");
    }
    let _ = writeln!(text, "Version: {version}\nInstalled-Size: {}", installed_size / 1024);
    text
}

/// A record of apk's database, its files by directory.
fn record(package: &Package, files: &[CarriableFile]) -> String {
    let Package { name, version, architecture, source, checksum, license, installed_size, .. } =
        package;
    let identity = checksum.as_ref().map_or_else(String::new, |checksum| format!("C:{checksum}\n"));
    let mut text =
        format!("{identity}P:{name}\nV:{version}\nA:{architecture}\nI:{installed_size}\n");
    for (letter, value) in [("L", license), ("o", source)] {
        if let Some(value) = value {
            let _ = writeln!(text, "{letter}:{value}");
        }
    }
    let mut directories: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in files {
        let directory = file.path.parent().unwrap_or_else(RealPath::root);
        directories.entry(directory.relative().to_owned()).or_default().push(file.path.name());
    }
    for (directory, names) in directories {
        let _ = writeln!(text, "F:{directory}");
        for name in names {
            let _ = writeln!(text, "R:{name}");
        }
    }
    text + "\n"
}
