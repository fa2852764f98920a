//! Parts of the standard library that are packages of their own, such as `python3-gdbm`.
//!
//! Invariant: only packages that somebody asked for count; `ensurepip` and tests are for building.

use std::collections::BTreeSet;

use super::{Opened, Search};
use crate::evidence::{Evidence, Grade};
use crate::path::WrittenPath;

/// The folders of the standard library that programs import and that may be of a package of their own.
const FOLDERS: [&str; 3] = ["lib-dynload", "tkinter", "distutils"];

impl Search<'_> {
    /// The first file of each package.
    pub(super) fn of_standard_library(&self) -> Vec<Opened> {
        let (root, packages) = (self.library.root(), &self.inventory.packages);
        let interpreter = &self.inventory.environment.interpreter;
        let mut seen = BTreeSet::new();
        let folders = FOLDERS.iter().map(|folder| interpreter.stdlib.join(folder));
        let entries = folders.flat_map(|folder| root.list(&folder)).flatten();
        let of_packages =
            entries.filter_map(|entry| Some((packages.owner(&entry.path)?, entry.path)));
        let asked = of_packages.filter(|(owner, _)| {
            packages[*owner].asked && !self.standard.contains(owner) && seen.insert(*owner)
        });
        asked
            .filter_map(|(_, path)| {
                let evidence = Evidence::new(
                    Grade::Installed,
                    "a part of the standard library, installed on purpose",
                );
                let found = root.resolve(&WrittenPath::from(&path)).ok()??;
                // The interpreter opens it, not a distribution.
                self.opens(&interpreter.executable, found, &evidence)
            })
            .collect()
    }
}
