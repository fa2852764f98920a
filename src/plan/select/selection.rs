//! The decision for each distribution.
//!
//! Invariant: each distribution is bundled or has one reason why not.

use std::collections::{BTreeMap, BTreeSet};

use super::imported::Imported;
use crate::finding::Finding;
use crate::inventory::Inventory;

/// The decision for each distribution, by its index in the inventory.
pub(crate) struct Selection {
    /// For each distribution the installed ones it requires.
    pub edges: Vec<BTreeSet<usize>>,
    /// The ones asked for by name.
    pub asked: BTreeSet<usize>,
    /// The ones that are needed, those of OS packages included.
    pub needed: BTreeSet<usize>,
    /// For each distribution that a needed one requires, the first of these.
    pub(super) required_by: BTreeMap<usize, usize>,
    /// Distributions that an OS package owns, with the package.
    pub system_owned: BTreeMap<usize, usize>,
    /// Distributions that an earlier part has too, with that one.
    pub(super) shadowed: BTreeMap<usize, usize>,
    /// Whether everything that is installed was asked for.
    pub(super) everything: bool,
    /// A distribution that is needed only because bundled code imports it.
    pub(super) imported: Option<Imported>,
    pub findings: Vec<Finding>,
}

impl Selection {
    /// Whether the distribution is part of the bundle.
    pub(crate) fn is_bundled(&self, index: usize) -> bool {
        self.needed.contains(&index)
            && !self.system_owned.contains_key(&index)
            && !self.shadowed.contains_key(&index)
    }

    /// Why it is bundled or left out.
    pub(crate) fn reason(&self, inventory: &Inventory, index: usize) -> String {
        let distribution = &inventory.distributions[index];
        if let Some(earlier) = self.shadowed.get(&index) {
            return format!(
                "{} comes first and has it too",
                inventory.distributions[*earlier].site
            );
        }
        if let Some(package) = self.system_owned.get(&index) {
            return format!("belongs to the package {}", inventory.packages[*package].name);
        }
        if let Some(imported) = self.imported.as_ref().filter(|one| one.distribution == index) {
            return imported.reason(inventory);
        }
        let required_by = || {
            let by = self.required_by.get(&index);
            by.map(|from| format!("required by {}", inventory.distributions[*from].name))
        };
        match (self.needed.contains(&index), self.everything) {
            (true, false) if self.asked.contains(&index) => "requested".to_owned(),
            (true, false) => required_by().unwrap_or_default(),
            (true, true) if distribution.requested => "installed on request".to_owned(),
            (true, true) => "installed".to_owned(),
            (false, true) => "an installer that no installed distribution requires".to_owned(),
            (false, false) => "no requested distribution requires it".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needed_and_neither_of_a_package_nor_hidden() {
        let selection = Selection {
            edges: vec![BTreeSet::new(); 4],
            asked: BTreeSet::new(),
            needed: BTreeSet::from([0, 1, 2]),
            required_by: BTreeMap::new(),
            system_owned: BTreeMap::from([(1, 7)]),
            shadowed: BTreeMap::from([(2, 0)]),
            everything: true,
            imported: None,
            findings: Vec::new(),
        };
        let bundled: Vec<usize> = (0..4).filter(|index| selection.is_bundled(*index)).collect();
        assert_eq!(bundled, [0]);
    }
}
