//! Libraries that the loader does not find for a file, and that another import may load first.
//!
//! A loader takes a library that is loaded already, wherever it is. So a file can work although the search for its
//! library fails: torch loads the libraries of the nvidia wheels before it imports its own modules. Such a library
//! is in the same distribution as the file, or in one that requires or imports the other. A distribution without
//! any relation to the file may have a library of the same name by chance.
//!
//! Invariant: a file that no distribution records may be related to all of them.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::{Inventory, NeedOutcome};
use crate::path::RealPath;
use crate::python::{normalised_name, parse_references, reached, required_name};
use crate::root::Root;

/// Files by the names that they answer to.
type ByName<'a> = BTreeMap<&'a str, Vec<&'a RealPath>>;

impl Inventory {
    /// Adds to each missing library the files of the environment that another import may load in its place.
    pub(super) fn find_elsewhere(&mut self, root: &Root) {
        let relations = Relations::new(self, root);
        let by_name = self.libraries_by_name();
        let find = |native: usize, need: usize| {
            let Some(candidates) = by_name.get(self.natives[native].needs[need].name.as_str())
            else {
                return Vec::new();
            };
            let file = &self.natives[native].path;
            let related = candidates.iter().filter(|one| relations.are_related(file, one));
            related.map(|path| (*path).clone()).collect()
        };
        let missing = self.natives.iter().enumerate().flat_map(|(native, one)| {
            let needs = one.needs.iter().enumerate();
            needs
                .filter(|(_, need)| matches!(need.outcome, NeedOutcome::Missing { .. }))
                .map(move |(need, _)| (native, need))
        });
        let missing: Vec<(usize, usize)> = missing.collect();
        let found: Vec<Vec<RealPath>> =
            missing.par_iter().map(|(native, need)| find(*native, *need)).collect();
        for ((native, need), found) in missing.into_iter().zip(found) {
            let outcome = &mut self.natives[native].needs[need].outcome;
            if let NeedOutcome::Missing { elsewhere, .. } = outcome {
                *elsewhere = found;
            }
        }
    }

    fn libraries_by_name(&self) -> ByName<'_> {
        let mut by_name = ByName::new();
        for file in self.files.iter().filter(|file| file.elf) {
            let soname = self.sonames.get(&file.path).map(String::as_str);
            let soname = soname.filter(|soname| *soname != file.path.name());
            for name in std::iter::once(file.path.name()).chain(soname) {
                by_name.entry(name).or_default().push(&file.path);
            }
        }
        by_name
    }
}

/// Which distributions have to do with each other.
struct Relations<'a> {
    inventory: &'a Inventory,
    root: &'a Root,
    /// The distributions that each one names in a requirement, whatever its marker.
    required: Vec<BTreeSet<usize>>,
}

impl<'a> Relations<'a> {
    fn new(inventory: &'a Inventory, root: &'a Root) -> Relations<'a> {
        let distributions = &inventory.distributions;
        let by_key: BTreeMap<&str, usize> = distributions
            .iter()
            .enumerate()
            .map(|(index, one)| (one.key.as_str(), index))
            .collect();
        let targets = |requirements: &[String]| {
            let keys = requirements.iter().map(|line| normalised_name(required_name(line)));
            keys.filter_map(|key| by_key.get(key.as_str()).copied()).collect()
        };
        let required = distributions.iter().map(|one| targets(&one.requires)).collect();
        Relations { inventory, root, required }
    }

    fn are_related(&self, file: &RealPath, library: &RealPath) -> bool {
        let owner = |path| self.inventory.owner_of(path);
        let (Some(one), Some(other)) = (owner(file), owner(library)) else { return true };
        one == other
            || self.requires(one, other)
            || self.requires(other, one)
            || self.imports(one, other)
            || self.imports(other, one)
    }

    /// Whether a distribution requires another, directly or through others.
    fn requires(&self, from: usize, to: usize) -> bool {
        reached(&BTreeSet::from([from]), &self.required).contains(&to)
    }

    /// Whether a source of a distribution imports a top-level module of another.
    fn imports(&self, from: usize, to: usize) -> bool {
        let modules = self.top_level_modules(to);
        let files = self.inventory.files.par_iter().filter(|file| file.owner == Some(from));
        files.filter(|file| file.path.name().ends_with(".py")).any(|file| {
            let Ok(bytes) = self.root.read(&file.path, file.meta.size) else { return false };
            let text = String::from_utf8_lossy(&bytes);
            modules.iter().any(|module| text.contains(module)) && {
                let imports = parse_references(&text).imports;
                let tops = imports.iter().filter(|import| import.name.dots == 0);
                let mut tops = tops.filter_map(|import| import.name.name.split('.').next());
                tops.any(|top| modules.contains(top))
            }
        })
    }

    fn top_level_modules(&self, distribution: usize) -> BTreeSet<&str> {
        let site = &self.inventory.distributions[distribution].site;
        let files = self.inventory.files.iter().filter(|file| file.owner == Some(distribution));
        files
            .filter_map(|file| file.path.below(site)?.split(['/', '.']).next())
            .filter(|name| !name.is_empty())
            .collect()
    }
}
