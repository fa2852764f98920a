//! Needed packages that the repositories of the final stage do not have: backports, third parties, single files.
//!
//! Invariant: each is named, whether its files are bundled or the final stage has to install it.

use super::package_set::{PackageSet, PlannedPackage};
use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::plan::target::FinalRoot;

/// The findings for the packages of a plan that come from elsewhere.
pub(super) fn judge_foreign(
    inventory: &Inventory,
    final_root: &FinalRoot,
    packages: &PackageSet,
) -> Vec<Finding> {
    let origin = |planned: &PlannedPackage| {
        let mut all = inventory.packages.iter().map(|(_, package)| package);
        let same = all.find(|package| {
            package.name == planned.name
                && package.version == planned.version
                && final_root.lacks_version(package)
        });
        same.and_then(|package| package.foreign.clone())
    };
    let vendored = packages.vendored.iter().filter_map(|planned| {
        let message = format!(
            "version {} comes from {}, which the final stage does not have: its files are bundled",
            planned.version,
            origin(planned)?
        );
        Some(Finding::new(Severity::Note, Code::ForeignPackage, &planned.name, message))
    });
    let installed = packages.install.iter().chain(&packages.brought_along).filter_map(|planned| {
        let message = format!(
            "version {} comes from {}: the final stage installs another version, or finds none",
            planned.version,
            origin(planned)?
        );
        let help = "add its repository to the final stage before the packages are installed, or bundle it \
                    with --native auto or vendor";
        Some(Finding::new(Severity::Warn, Code::ForeignPackage, &planned.name, message).help(help))
    });
    vendored.chain(installed).collect()
}
