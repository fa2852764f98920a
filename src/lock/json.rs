//! The JSON of a bundle, a plan or a report, as far as a comparison reads it.
//!
//! Invariant: keys that a comparison does not read may be missing or new. A manifest is read by its
//! own module, not here.

use serde::{Deserialize, Serialize};

use super::{
    Lock, LockedDistribution, LockedPackage, LockedPython, LockedSize, PackageOrigin, SCHEMA,
};
use crate::bundle::{Manifest, ManifestPackage};
use crate::finding::Severity;
use crate::plan::{LibraryOrigin, PlannedLibrary};
use crate::python::InterpreterFacts;

/// A finding as it is printed in JSON; its code may be one of another version of wheelbarrow.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct SideFinding {
    /// The weight of the finding.
    pub severity: Severity,
    /// In kebab case.
    pub code: String,
    /// The path, distribution or package that it is about.
    pub subject: String,
    /// One sentence without the subject.
    pub message: String,
}

/// The parts of a plan or a report that are compared.
#[derive(Deserialize)]
pub(super) struct Document {
    pub(super) schema: u32,
    prefix: Option<String>,
    interpreter: String,
    interpreter_facts: InterpreterFacts,
    base: Option<String>,
    distributions: Vec<DistributionDocument>,
    packages: PackagesDocument,
    libraries: Vec<PlannedLibrary>,
    /// Of a plan.
    entries: Option<Vec<EntryDocument>>,
    findings: Vec<SideFinding>,
}

#[derive(Deserialize)]
struct DistributionDocument {
    name: String,
    version: String,
    travels: bool,
    size: u64,
}

#[derive(Deserialize)]
struct PackagesDocument {
    install: Vec<PackageDocument>,
    brought_along: Vec<PackageDocument>,
    carried: Vec<PackageDocument>,
}

#[derive(Deserialize)]
struct PackageDocument {
    name: String,
    version: String,
    installed_size: u64,
}

#[derive(Deserialize)]
struct EntryDocument {
    size: u64,
}

impl From<Manifest> for Document {
    /// A manifest has only packages that are installed by name, without sizes.
    fn from(manifest: Manifest) -> Document {
        let distributions = manifest.distributions.into_iter().map(|one| DistributionDocument {
            name: one.name,
            version: one.version,
            travels: one.is_bundled,
            size: one.size,
        });
        let libraries = manifest.packages.iter().flat_map(libraries_of).collect();
        let install = manifest.packages.into_iter().map(|one| PackageDocument {
            name: one.name,
            version: one.version,
            installed_size: 0,
        });
        let sizes = manifest.entries.iter().map(|entry| EntryDocument { size: entry.written.size });
        Document {
            schema: manifest.schema,
            prefix: Some(manifest.prefix.to_string()),
            interpreter: manifest.interpreter.to_string(),
            interpreter_facts: manifest.interpreter_facts,
            base: manifest.base,
            distributions: distributions.collect(),
            packages: PackagesDocument {
                install: install.collect(),
                brought_along: Vec::new(),
                carried: Vec::new(),
            },
            libraries,
            entries: Some(sizes.collect()),
            findings: Vec::new(),
        }
    }
}

/// The libraries of a package. The interpreter and distributions of the system are reasons, too.
fn libraries_of(package: &ManifestPackage) -> impl Iterator<Item = PlannedLibrary> {
    let native = package.libraries.iter().filter(|name| name.contains(".so"));
    native.map(|name| PlannedLibrary {
        name: name.clone(),
        origin: LibraryOrigin::Package,
        package: Some(package.name.clone()),
        needed_by: Vec::new(),
    })
}

impl Document {
    /// Whether a document that is no manifest is a plan; a report has no entries.
    pub(super) fn is_plan(&self) -> bool {
        self.entries.is_some()
    }

    /// The lock of the same contents, and the findings.
    pub(super) fn into_parts(self) -> (Lock, Vec<SideFinding>) {
        let sizes = self.entries.iter().flatten().map(|entry| entry.size);
        let bundle = sizes.fold(0, u64::saturating_add);
        let distributions = self.distributions.into_iter().filter(|one| one.travels);
        let InterpreterFacts { implementation, version, abi, .. } = self.interpreter_facts;
        let lock = Lock {
            version: SCHEMA,
            wheelbarrow: String::new(),
            base: self.base,
            prefix: self.prefix.unwrap_or_default(),
            python: LockedPython { implementation, version, abi, path: self.interpreter },
            size: LockedSize { bundle, packages: 0 },
            packages: self.packages.into_list(),
            distributions: distributions
                .map(|DistributionDocument { name, version, size, .. }| LockedDistribution {
                    name,
                    version,
                    size,
                })
                .collect(),
            libraries: self.libraries,
        };
        (lock.complete(), self.findings)
    }
}

impl PackagesDocument {
    fn into_list(self) -> Vec<LockedPackage> {
        let lists = [
            (self.install, PackageOrigin::Installed),
            (self.brought_along, PackageOrigin::Dependency),
            (self.carried, PackageOrigin::Bundled),
        ];
        let packages = lists.into_iter().flat_map(|(list, origin)| {
            list.into_iter().map(move |one| LockedPackage {
                name: one.name,
                version: one.version,
                origin,
                size: one.installed_size,
            })
        });
        packages.collect()
    }
}
