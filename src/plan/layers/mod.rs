//! The cut into image layers: the parts that many applications have in common are the same layer in
//! each.
//!
//! The layer of a distribution or of a vendored package depends on itself and its size alone, never
//! on what else is installed, as long as the budget allows: so the same one is the same layer in
//! every application, and one more dependency is one more layer. [`named`] layers are named after
//! their content, [`slots`] have names that never change.
//!
//! Invariant: pure; every entry is in exactly one layer; never more layers than asked for.

mod group;
mod named;
mod parts;
mod slots;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::entry::PlannedEntry;
use super::request::{LayerForm, LayerRequest, Request};
use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::path::RealPath;
use crate::python::{Distribution, PartKind, normalised_name};
use group::Grouping;

/// The entries of a plan, cut into layers when that is asked for.
pub(crate) struct Layers {
    pub layers: Vec<PlannedLayer>,
    pub entries: Vec<PlannedEntry>,
    pub findings: Vec<Finding>,
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PlannedLayer {
    /// The directory below `layers/`. Sorted names put the layers that change least first.
    pub name: String,
    /// Why these files are one layer.
    pub reason: String,
    /// The names of the distributions in it, sorted.
    pub distributions: Vec<String>,
    /// The number of files and links.
    pub files: usize,
    /// Bytes.
    pub size: u64,
}

/// The number of kinds of layers that any bundle may have: the system, the environment, small
/// distributions, other files, the application, and files about the bundle.
pub const KINDS_OF_LAYERS: usize = 6;

/// The layer of every entry, and all layers.
struct Division {
    /// The names of their layers, in the order of the entries.
    of_entries: Vec<String>,
    /// The reason of each layer by its name, in the order of the final stage.
    reasons: BTreeMap<String, String>,
}

/// Cuts the entries into the layers that are asked for; without a request they stay in one tree.
pub(crate) fn cut(
    inventory: &Inventory,
    request: &Request,
    mut entries: Vec<PlannedEntry>,
) -> Layers {
    let Some(wanted) = &request.layers else {
        return Layers { layers: Vec::new(), entries, findings: Vec::new() };
    };
    let applications = find_applications(inventory);
    let grouping = Grouping {
        prefix: &request.prefix,
        request: wanted,
        applications: &applications,
        find_package: &|from| find_package(inventory, from),
    };
    let layers = assign(&mut entries, &grouping);
    let findings = absent_members(&entries, wanted);
    Layers { layers, entries, findings }
}

/// Gives every entry its layer.
fn assign(entries: &mut [PlannedEntry], grouping: &Grouping) -> Vec<PlannedLayer> {
    let division = match grouping.request.form {
        LayerForm::Slots => slots::divide(entries, grouping),
        LayerForm::Named => named::divide(entries, grouping),
    };
    for (entry, layer) in entries.iter_mut().zip(division.of_entries) {
        entry.layer = Some(layer);
    }
    describe(entries, division.reasons)
}

/// Names of distributions that were installed from a local folder: the user's own.
fn find_applications(inventory: &Inventory) -> BTreeSet<String> {
    let source = |one: &Distribution| {
        let part = inventory.environment.part_of(&one.info);
        part.is_some_and(|part| matches!(part.kind, PartKind::Source(_)))
    };
    let own = inventory.distributions.iter().filter(|one| one.from_folder || source(one));
    own.map(|one| one.name.clone()).collect()
}

/// The package of a file of the builder; files of an interpreter that no package owns are `python`.
fn find_package(inventory: &Inventory, from: &RealPath) -> Option<String> {
    let owner = inventory.packages.owner(from).map(|index| inventory.packages[index].name.clone());
    let interpreter = &inventory.carriable.interpreter;
    let of_interpreter = || interpreter.binary_search_by(|file| file.path.cmp(from)).is_ok();
    owner.or_else(|| of_interpreter().then(|| "python".to_owned()))
}

/// Members of groups that are no distribution of the bundle.
fn absent_members(entries: &[PlannedEntry], request: &LayerRequest) -> Vec<Finding> {
    let there: BTreeSet<String> = entries
        .iter()
        .filter_map(|entry| entry.distribution.as_deref())
        .map(normalised_name)
        .collect();
    let groups = request
        .groups
        .iter()
        .flat_map(|(name, members)| members.iter().map(move |member| (name, member)));
    let absent = groups.filter(|(_, member)| !there.contains(*member));
    let finding = |(name, member): (&String, &String)| {
        Finding::new(
            Severity::Warn,
            Code::NotInLayer,
            member,
            format!("is named by --layer {name}, but no such distribution is bundled"),
        )
        .help("`wheelbarrow report` lists the bundled distributions")
    };
    absent.map(finding).collect()
}

/// The layers of entries that have theirs; one without entries is empty.
fn describe(entries: &[PlannedEntry], reasons: BTreeMap<String, String>) -> Vec<PlannedLayer> {
    let empty = |(name, reason): (String, String)| {
        let layer = PlannedLayer {
            name: name.clone(),
            reason,
            distributions: Vec::new(),
            files: 0,
            size: 0,
        };
        (name, layer)
    };
    let mut layers: BTreeMap<String, PlannedLayer> = reasons.into_iter().map(empty).collect();
    let mut distributions: BTreeMap<&str, BTreeSet<&String>> = BTreeMap::new();
    for entry in entries {
        let name = entry.layer.as_deref().expect("the division gave every entry one");
        let layer = layers.get_mut(name).expect("the division has a reason for each");
        (layer.files, layer.size) = (layer.files + 1, layer.size + entry.size);
        distributions.entry(name).or_default().extend(&entry.distribution);
    }
    for (name, found) in distributions {
        let layer = layers.get_mut(name).expect("it has entries");
        layer.distributions = found.into_iter().cloned().collect();
    }
    layers.into_values().collect()
}

#[cfg(test)]
mod tests;
