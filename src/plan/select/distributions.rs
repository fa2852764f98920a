//! The list of distributions that a plan shows.
//!
//! Invariant: every distribution of the inventory is in it once.

use serde::{Deserialize, Serialize};

use super::selection::Selection;
use crate::inventory::Inventory;

/// A distribution and whether it is bundled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlannedDistribution {
    /// As its metadata spells it.
    pub name: String,
    /// As its metadata spells it.
    pub version: String,
    /// Whether it is bundled.
    #[serde(rename = "travels")]
    pub is_bundled: bool,
    /// Why it is bundled or left out.
    pub reason: String,
    /// Whether the user or the installer's REQUESTED names it.
    pub asked: bool,
    /// The installed distributions that it requires here, by name, sorted.
    pub requires: Vec<String>,
    /// Bytes of its files, bytecode aside.
    pub size: u64,
}

/// The distributions of the inventory, each with the decision and its reason, sorted by name and
/// version.
pub(crate) fn list_distributions(
    selection: &Selection,
    inventory: &Inventory,
) -> Vec<PlannedDistribution> {
    let mut sizes = vec![0; inventory.distributions.len()];
    for file in &inventory.files {
        if let Some(owner) = file.owner {
            sizes[owner] += file.meta.size;
        }
    }
    let mut planned: Vec<PlannedDistribution> = inventory
        .distributions
        .iter()
        .enumerate()
        .map(|(index, distribution)| PlannedDistribution {
            name: distribution.name.clone(),
            version: distribution.version.clone(),
            is_bundled: selection.is_bundled(index),
            reason: selection.reason(inventory, index),
            asked: selection.asked.contains(&index) || distribution.requested,
            requires: selection.edges[index]
                .iter()
                .map(|to| inventory.distributions[*to].name.clone())
                .collect(),
            size: sizes[index],
        })
        .collect();
    planned.sort_by(|a, b| {
        (a.name.to_lowercase(), &a.version).cmp(&(b.name.to_lowercase(), &b.version))
    });
    planned
}
