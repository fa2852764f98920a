//! Where the final image has each native library that the bundle needs from outside of its distributions.
//!
//! Invariant: libraries inside of a distribution and those of the C library itself are not listed; each
//! name and place is listed once.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::PackageSet;
use crate::inventory::{Inventory, Need, NeedOutcome};
use crate::path::RealPath;
use crate::plan::{Action, PlannedEntry};

/// How a library gets into the final image.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum LibraryOrigin {
    /// A package that the final stage installs has it.
    Package,
    /// It is bundled.
    Bundle,
    /// The base image has it.
    Base,
}

/// A native library that files of the bundle need.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct PlannedLibrary {
    /// The needed name: `libpq.so.5`.
    pub name: String,
    /// How it gets into the final image.
    pub origin: LibraryOrigin,
    /// The package that owns it in the builder; absent if no package does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The distributions with a file that needs it, directly or through a bundled library; sorted. Empty
    /// if only the interpreter does.
    pub needed_by: Vec<String>,
}

/// Lists the libraries that the native files of `entries` need.
pub(crate) fn list_libraries(
    inventory: &Inventory,
    entries: &[PlannedEntry],
    packages: &PackageSet,
    opened: &[usize],
) -> Vec<PlannedLibrary> {
    let bundled: BTreeMap<&RealPath, &PlannedEntry> = entries
        .iter()
        .filter(|entry| !matches!(entry.action, Action::Link { .. }))
        .filter_map(|entry| Some((entry.from.as_ref()?, entry)))
        .collect();
    let installed: BTreeSet<&str> = packages
        .install
        .iter()
        .chain(&packages.brought_along)
        .map(|package| package.name.as_str())
        .collect();
    let libc = libc_package(inventory);
    let mut libraries: BTreeMap<(&str, LibraryOrigin, Option<&str>), BTreeSet<&str>> =
        BTreeMap::new();
    let standard =
        inventory.interpreter_natives.iter().map(|native| (&native.path, &native.needs[..]));
    let all =
        inventory.loadings_of(opened).map(|loading| (loading.file, loading.needs)).chain(standard);
    for (entry, needs) in all.filter_map(|(file, needs)| Some((bundled.get(file)?, needs))) {
        let direct = needs.iter().filter(|need| bundled.contains_key(&need.by));
        for (name, path) in direct.filter_map(found) {
            let owner = inventory.packages.owner(path);
            let package = owner.map(|index| inventory.packages[index].name.as_str());
            let origin = match (bundled.get(path), package) {
                (Some(entry), _) if entry.distribution.is_some() => continue,
                (Some(_), _) => LibraryOrigin::Bundle,
                (None, _) if owner.is_some() && owner == libc => continue,
                (None, Some(package)) if installed.contains(package) => LibraryOrigin::Package,
                (None, _) => LibraryOrigin::Base,
            };
            let needed_by = libraries.entry((name, origin, package)).or_default();
            needed_by.extend(entry.distribution.as_deref());
        }
    }
    libraries
        .into_iter()
        .map(|((name, origin, package), needed_by)| PlannedLibrary {
            name: name.to_owned(),
            origin,
            package: package.map(str::to_owned),
            needed_by: needed_by.into_iter().map(str::to_owned).collect(),
        })
        .collect()
}

/// The needed name and the library that it leads to.
fn found(need: &Need) -> Option<(&str, &RealPath)> {
    match &need.outcome {
        // Programs and data are opened, too.
        NeedOutcome::Library { path, .. } if path.name().contains(".so") => {
            Some((need.name.as_str(), path))
        }
        _ => None,
    }
}

/// The package of glibc, which everything needs; musl's libraries are its loader, and none is found for them.
fn libc_package(inventory: &Inventory) -> Option<usize> {
    let natives = inventory.interpreter_natives.iter().chain(&inventory.natives);
    let mut needs = natives.flat_map(|native| &native.needs).filter_map(found);
    let (_, libc) = needs.find(|(name, _)| *name == "libc.so.6")?;
    inventory.packages.owner(libc)
}
