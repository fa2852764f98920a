//! The packages of a plan, as data.
//!
//! Invariant: each list is sorted by name.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::evidence::Evidence;
use crate::finding::{Code, Finding, Severity};
use crate::packages::Manager;
use crate::path::RealPath;

/// Why a package is needed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct PackageReason {
    /// The file that needs it, in the builder root.
    pub file: RealPath,
    /// The needed name; of an interpreter, `interpreter`.
    pub library: String,
    /// The distribution of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    /// How it is known; absent if the loader demands it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// A package of the final root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PlannedPackage {
    /// As the database of its manager spells it.
    pub name: String,
    /// In the builder.
    pub version: String,
    /// As typed for the package manager: pinned or by `so:` name when asked so.
    pub install_as: String,
    /// Bytes when installed, as its database says.
    pub installed_size: u64,
    /// Why it is needed; empty for a package that only comes with another one.
    pub reasons: Vec<PackageReason>,
}

/// The packages of a plan, each list sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PackageSet {
    /// The package manager of the final stage, if there is one.
    pub manager: Option<Manager>,
    /// The packages to name to the package manager.
    pub install: Vec<PlannedPackage>,
    /// Packages that it installs along with them.
    pub brought_along: Vec<PlannedPackage>,
    /// Their files are in the bundle, since the final root lacks them and does not install them.
    #[serde(rename = "carried")]
    pub vendored: Vec<PlannedPackage>,
    /// The same, by index in the inventory.
    #[serde(skip)]
    pub vendored_indices: BTreeSet<usize>,
    /// All packages that the final root has or that are named above, by index.
    #[serde(skip)]
    pub there_indices: BTreeSet<usize>,
    /// Needed, and in the base with its interpreter or in every root of this distribution.
    pub in_base: Vec<PlannedPackage>,
}

impl PackageSet {
    /// Removes the packages that the install command would not take for packages: it is run by a shell, as
    /// root.
    pub(super) fn refuse_strange_names(&mut self) -> Vec<Finding> {
        let Some(manager) = self.manager else { return Vec::new() };
        let (install, strange): (Vec<PlannedPackage>, Vec<PlannedPackage>) =
            std::mem::take(&mut self.install)
                .into_iter()
                .partition(|package| manager.takes(&package.install_as));
        self.install = install;
        strange.iter().map(refuse).collect()
    }
}

fn refuse(package: &PlannedPackage) -> Finding {
    let message = "no package can have this name or this version, so it is not installed";
    Finding::new(
        Severity::Deny,
        Code::CorruptDatabase,
        format!("{:?}", package.install_as),
        message,
    )
    .help("repair the package database of the builder stage")
}
