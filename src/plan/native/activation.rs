//! Activation scripts of conda packages.
//!
//! Invariant: only packages with something in the bundle count.

use std::collections::BTreeSet;

use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::packages::Package;
use crate::plan::select::Selection;

/// Scripts that the activation of a conda environment runs, which nobody activates in the final
/// stage.
pub(crate) fn judge_activation(
    inventory: &Inventory,
    selection: &Selection,
    vendored: &BTreeSet<usize>,
) -> Vec<Finding> {
    let distributions = inventory
        .distributions
        .iter()
        .enumerate()
        .filter(|(index, _)| selection.is_bundled(*index));
    let owners = distributions
        .filter_map(|(_, distribution)| inventory.packages.owner(&distribution.metadata));
    let packages: BTreeSet<usize> = owners.chain(vendored.iter().copied()).collect();
    packages.iter().flat_map(|package| activated(&inventory.packages[*package])).collect()
}

fn activated(package: &Package) -> impl Iterator<Item = Finding> {
    let scripts = package
        .files
        .iter()
        .filter(|path| path.contains("/etc/conda/activate.d/") && path.ends_with(".sh"));
    scripts.map(|path| {
        let message = format!(
            "of {} sets variables at activation, and nothing activates the environment \
             in the final stage",
            package.name
        );
        Finding::new(Severity::Warn, Code::ActivationScript, path, message)
            .help("set the variables that the program needs with ENV in the final stage")
    })
}
