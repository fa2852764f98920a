//! Tests and type stubs that other bundled code imports or reads. They are bundled whatever `--slim` says.
//!
//! A folder of tests is needed as a whole: its modules read the data beside them. Code in a folder of tests
//! counts only if that folder is needed itself.
//!
//! Invariant: pure; a name that leads nowhere needs nothing.

use std::collections::BTreeSet;

use super::slim::find_kind;
use crate::inventory::Inventory;
use crate::path::RealPath;
use crate::plan::entry::PlannedEntry;
use crate::plan::request::SlimKind;
use crate::python::DottedName;

/// The tests and type stubs that must not be removed.
pub(super) struct Needed {
    /// Folders of tests, as modules: `astropy.tests`.
    tests: BTreeSet<String>,
    /// The stems of source files that load the stub beside them.
    attached: BTreeSet<String>,
    /// Top-level folders with code that opens stubs.
    readers: BTreeSet<String>,
    /// The stems of modules.
    modules: BTreeSet<String>,
    /// Whether a type checker with stubs of its own is bundled.
    has_checker: bool,
}

impl Needed {
    pub(super) fn find(inventory: &Inventory, entries: &[PlannedEntry]) -> Needed {
        let sources = || entries.iter().filter_map(|entry| Some((entry.from.as_ref()?, &entry.to)));
        let outside_of_tests = |to: &RealPath| find_kind(to) != Some(SlimKind::Tests);
        let code = || sources().filter(|(_, to)| outside_of_tests(to));
        let mentions = &inventory.mentions;
        let attached = code().filter(|(from, _)| mentions.attach_stubs.contains(from));
        let readers = code().filter(|(from, _)| mentions.open_stubs.contains(from));
        let modules = entries.iter().map(|entry| &entry.to).filter(|to| is_module(to));
        Needed {
            tests: find_tests(inventory, entries),
            attached: attached.map(|(_, to)| stem(to)).collect(),
            readers: readers.filter_map(|(_, to)| top(to)).map(str::to_owned).collect(),
            modules: modules.map(stem).collect(),
            has_checker: entries.iter().any(|entry| entry.to.as_str().contains("/typeshed/")),
        }
    }

    /// Whether the file is of this kind and needed.
    pub(super) fn contains(&self, to: &RealPath, kind: SlimKind) -> bool {
        match kind {
            SlimKind::Tests => tests_folder(to).is_some_and(|folder| self.tests.contains(&folder)),
            SlimKind::Stubs => self.reads_stub(to),
            SlimKind::Headers | SlimKind::Static | SlimKind::Strip => false,
        }
    }

    /// A stub without a module beside it is data, such as typeshed, or belongs to a package of stubs alone
    /// (PEP 561), which only type checkers read.
    fn reads_stub(&self, to: &RealPath) -> bool {
        let Some(top) = top(to) else { return true };
        match top.ends_with("-stubs") {
            true => self.has_checker,
            false => {
                self.readers.contains(top)
                    || self.attached.contains(&stem(to))
                    || !self.modules.contains(&stem(to))
            }
        }
    }
}

/// Follows the names of tests until no further folder is found.
fn find_tests(inventory: &Inventory, entries: &[PlannedEntry]) -> BTreeSet<String> {
    let folders: BTreeSet<String> =
        entries.iter().filter_map(|entry| tests_folder(&entry.to)).collect();
    let references: Vec<(Option<String>, String)> = entries
        .iter()
        .filter_map(|entry| Some((&entry.to, inventory.mentions.tests.get(entry.from.as_ref()?)?)))
        .flat_map(|(to, names)| {
            let absolute = names.iter().filter_map(|name| resolve(name, to));
            absolute.map(|name| (tests_folder(to), name))
        })
        .collect();
    let mut needed = BTreeSet::new();
    loop {
        let counts = |from: &Option<String>| from.as_ref().is_none_or(|from| needed.contains(from));
        let named = references.iter().filter(|(from, _)| counts(from)).map(|(_, name)| name);
        let found: BTreeSet<String> = named
            .filter_map(|name| folder_of(name))
            .filter(|folder| folders.contains(folder))
            .collect();
        if found.is_subset(&needed) {
            return needed;
        }
        needed.extend(found);
    }
}

/// The absolute name that a file means; `None` where a relative name leaves the site directory.
fn resolve(name: &DottedName, file: &RealPath) -> Option<String> {
    if name.dots == 0 {
        return Some(name.name.clone());
    }
    let mut package = file.parent()?;
    for _ in 1..name.dots {
        package = package.parent()?;
    }
    Some(format!("{}.{}", below_site(&package)?.replace('/', "."), name.name))
}

/// The outermost folder of tests on the way to a module. A top-level one is a distribution like any other.
fn folder_of(module: &str) -> Option<String> {
    let parts: Vec<&str> = module.split('.').collect();
    let at = parts.iter().skip(1).position(|part| matches!(*part, "tests" | "test"))?;
    Some(parts[..at + 2].join("."))
}

fn tests_folder(file: &RealPath) -> Option<String> {
    folder_of(&below_site(&file.parent()?)?.replace('/', "."))
}

fn below_site(path: &RealPath) -> Option<&str> {
    path.as_str().split_once("-packages/").map(|(_, below)| below)
}

fn top(path: &RealPath) -> Option<&str> {
    below_site(path)?.split_once('/').map(|(top, _)| top)
}

fn is_module(path: &RealPath) -> bool {
    [".py", ".pyc", ".so"].iter().any(|suffix| path.name().ends_with(suffix))
}

/// The path up to the first dot of the name, as modules and their stubs share it.
fn stem(path: &RealPath) -> String {
    let name = path.name().split('.').next().unwrap_or_default();
    let directory = path.as_str().strip_suffix(path.name()).unwrap_or_default();
    format!("{directory}{name}")
}
