//! The names by which people ask: modules as code imports them, and names that are almost right.
//!
//! Invariant: a module has a distribution only if a file of the distribution makes it; no table of
//! known names is asked.

use std::collections::BTreeSet;

use super::distributions::below_site;
use crate::inventory::Inventory;
use crate::plan::Plan;
use crate::similar::find_similar;

/// Endings of files that are modules.
const MODULES: [&str; 3] = [".py", ".pyc", ".so"];

/// The names of the distributions that provide a module: pillow for `PIL`, protobuf for
/// `google.protobuf`. Several distributions can share a namespace package.
pub(super) fn find_providers<'a>(
    inventory: &'a Inventory,
    plan: &'a Plan,
    module: &str,
) -> BTreeSet<&'a str> {
    if module.contains('/') {
        return BTreeSet::new();
    }
    let wanted = module.replace('.', "/");
    let files = module_files(inventory, plan).filter(|(path, _)| provides(path, &wanted));
    files.map(|(_, distribution)| distribution).collect()
}

/// The names in the root and its environment that are most like one that is unknown: distributions,
/// modules, libraries and OS packages. Those that are further away than the nearest do not count.
pub fn similar_names(inventory: &Inventory, plan: &Plan, typed: &str) -> Vec<String> {
    let similar = find_similar(typed, known_names(inventory, plan));
    similar.into_iter().map(str::to_owned).collect()
}

fn known_names<'a>(inventory: &'a Inventory, plan: &'a Plan) -> impl Iterator<Item = &'a str> {
    let distributions = inventory.distributions.iter().map(|one| one.name.as_str());
    let modules = module_files(inventory, plan).filter_map(|(path, _)| top_level(path));
    let libraries =
        inventory.loadings().flat_map(|loading| loading.needs).map(|need| need.name.as_str());
    let packages = inventory.packages.iter().map(|(_, package)| package.name.as_str());
    distributions.chain(modules).chain(libraries).chain(packages)
}

/// The files in directories of modules, as paths below them, each with its distribution.
fn module_files<'a>(
    inventory: &'a Inventory,
    plan: &'a Plan,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let recorded = inventory.files.iter().filter_map(|file| {
        let owner = &inventory.distributions[file.owner?];
        Some((file.path.below(&owner.site)?, owner.name.as_str()))
    });
    // Source of an editable install gets into such a directory in the bundle alone.
    let placed = plan
        .entries
        .iter()
        .filter_map(|entry| Some((below_site(plan, &entry.to)?, entry.distribution.as_deref()?)));
    recorded.chain(placed)
}

/// Whether a file is the module at `wanted`, or is in the package there: `wanted/…`, `wanted.py`,
/// `wanted.cpython-311-x86_64-linux-gnu.so`.
fn provides(path: &str, wanted: &str) -> bool {
    path.strip_prefix(wanted).is_some_and(|rest| {
        rest.starts_with('/') || rest.starts_with('.') && !rest.contains('/') && is_module(rest)
    })
}

/// The name by which code imports a file, or the package that it is in.
fn top_level(path: &str) -> Option<&str> {
    let (first, is_importable) = match path.split_once('/') {
        Some((directory, _)) => (directory, !directory.contains(['.', '-'])),
        None => (path, is_module(path)),
    };
    let name = first.split('.').next()?;
    (is_importable && name != "__pycache__").then_some(name)
}

fn is_module(path: &str) -> bool {
    MODULES.iter().any(|ending| path.ends_with(ending))
}
