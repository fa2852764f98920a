//! Absolute paths in ELF files that lead into the environment, or into another prefix that moves.
//!
//! Build systems write the directory of a library into the run path of whatever links with it
//! (`runtime_library_dirs` of setuptools, `-rpath`), and linkers write the whole path of a library without a
//! soname as the needed name. In the final root both are elsewhere.
//!
//! Invariant: only paths with a bundled library behind them are replaced.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::{Inventory, NeedOutcome};
use crate::path::RealPath;
use crate::plan::entry::{Action, PlannedEntry};

/// The paths in one file that lead elsewhere in the final root.
#[derive(Clone, Default)]
pub(super) struct MovedPaths {
    /// Elements of its run path, each with the directories in its place.
    pub(super) directories: BTreeMap<String, BTreeSet<RealPath>>,
    /// Needed names, each with the library in the final root.
    pub(super) needed: BTreeMap<String, RealPath>,
}

/// Finds these paths, by the file in the builder that has them.
pub(super) fn find_moved_paths(
    inventory: &Inventory,
    entries: &[PlannedEntry],
) -> BTreeMap<RealPath, MovedPaths> {
    let mut moved: BTreeMap<RealPath, MovedPaths> = BTreeMap::new();
    let directories = find_directories(entries);
    for (file, elements) in &inventory.absolute_run_paths {
        for (element, directory) in elements {
            let places = directories.get(directory);
            if let Some(places) = places.filter(|places| !places.contains(directory)) {
                let paths = moved.entry(file.clone()).or_default();
                paths.directories.insert(element.clone(), places.clone());
            }
        }
    }
    let copied = entries.iter().filter(|entry| entry.action == Action::Copy);
    let places: BTreeMap<&RealPath, &RealPath> =
        copied.filter_map(|entry| Some((entry.from.as_ref()?, &entry.to))).collect();
    let natives = inventory.natives.iter().chain(&inventory.interpreter_natives);
    for need in natives.flat_map(|native| &native.needs).filter(|need| need.name.contains('/')) {
        let NeedOutcome::Library { path, .. } = &need.outcome else { continue };
        if let Some(place) = places.get(path).filter(|place| **place != path) {
            let paths = moved.entry(need.by.clone()).or_default();
            paths.needed.insert(need.name.clone(), (*place).clone());
        }
    }
    moved
}

/// The directories of the builder that have bundled libraries, each with their places in the final root.
fn find_directories(entries: &[PlannedEntry]) -> BTreeMap<RealPath, BTreeSet<RealPath>> {
    let mut directories: BTreeMap<RealPath, BTreeSet<RealPath>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.to.name().contains(".so")) {
        if let (Some(from), Some(to)) =
            (entry.from.as_ref().and_then(RealPath::parent), entry.to.parent())
        {
            directories.entry(from).or_default().insert(to);
        }
    }
    directories
}
