//! `wheelbarrow.lock`: the contents of a final image, in a text that people review and commit.
//!
//! A lock is compared with a later plan, with another lock, or with the JSON of a bundle, a plan or a
//! report. [`check_dockerfile`] does the same for the explicit lines of a Dockerfile.
//!
//! Invariant: no file system and no clock; the same plan gives the same bytes; no host path is in a lock.
//! Sizes are recorded for the reader and are never a reason to refuse: the user's own code changes daily.

mod difference;
mod dockerfile;
mod document;
mod json;
mod side;
mod text;

use serde::{Deserialize, Serialize};

use crate::escape::one_line;
use crate::plan::{LibraryOrigin, Plan, PlannedLibrary, PlannedPackage};
use crate::version::VERSION;

pub use difference::{Change, Difference, FindingChanges, SizeChange, compare_sides};
pub use dockerfile::{ExplicitStage, check_dockerfile, expect_stage};
pub use document::{LockError, parse_lock};
pub use json::SideFinding;
pub use side::{Side, SideError, Source, read_side};
pub use text::difference_text;

/// The name of the file.
pub const LOCK_FILE: &str = "wheelbarrow.lock";

/// Version of the TOML of [`Lock`].
pub const SCHEMA: u32 = 1;

/// `wheelbarrow.lock`. Lists are sorted by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Version of this format.
    pub version: u32,
    /// Version and commit of wheelbarrow that wrote it; never compared.
    pub wheelbarrow: String,
    /// The image of `FROM`; absent if nothing tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Where the environment lives in the final image.
    pub prefix: String,
    /// The Python of the final image.
    pub python: LockedPython,
    /// The size of the bundle and of its packages.
    pub size: LockedSize,
    /// The OS packages that the bundle needs, sorted by name.
    #[serde(rename = "package", default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<LockedPackage>,
    /// The bundled distributions, sorted by name.
    #[serde(rename = "distribution", default, skip_serializing_if = "Vec::is_empty")]
    pub distributions: Vec<LockedDistribution>,
    /// The native libraries that the distributions need, sorted by name.
    #[serde(rename = "library", default, skip_serializing_if = "Vec::is_empty")]
    pub libraries: Vec<PlannedLibrary>,
}

/// The interpreter of the final image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPython {
    /// `cpython` or `pypy`.
    pub implementation: String,
    /// `3.11.9`.
    pub version: String,
    /// `cpython-311-x86_64-linux-musl`; absent if it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abi: Option<String>,
    /// Where it is in the final image.
    pub path: String,
}

/// Bytes before compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedSize {
    /// Of the bundle.
    pub bundle: u64,
    /// Of the packages that the final stage installs, with their dependencies.
    pub packages: u64,
}

/// How a package gets into the final image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageOrigin {
    /// The final stage installs it by name.
    Installed,
    /// The package manager installs it for another one.
    Dependency,
    /// Its files are bundled.
    Bundled,
}

/// A package of the operating system or of conda.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPackage {
    /// The name for its package manager.
    pub name: String,
    /// In the builder.
    pub version: String,
    /// How it gets into the final image.
    pub origin: PackageOrigin,
    /// Bytes when installed.
    pub size: u64,
}

/// A Python distribution that is bundled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedDistribution {
    /// The name, as its metadata spells it.
    pub name: String,
    /// The version, as its metadata spells it.
    pub version: String,
    /// Bytes of its files, bytecode aside.
    pub size: u64,
}

/// Bytes that TOML can hold, whose integers have a sign. A database may claim more.
const LARGEST_SIZE: u64 = i64::MAX.unsigned_abs();

/// The lock of a plan.
pub fn lock_plan(plan: &Plan) -> Lock {
    let facts = &plan.interpreter_facts;
    let lists = [
        (&plan.packages.install, PackageOrigin::Installed),
        (&plan.packages.brought_along, PackageOrigin::Dependency),
        (&plan.packages.vendored, PackageOrigin::Bundled),
    ];
    let package = |package: &PlannedPackage, origin| LockedPackage {
        name: package.name.clone(),
        version: package.version.clone(),
        origin,
        size: package.installed_size,
    };
    let packages = lists
        .into_iter()
        .flat_map(|(list, origin)| list.iter().map(move |one| package(one, origin)))
        .collect();
    let distributions = plan.distributions.iter().filter(|distribution| distribution.is_bundled);
    Lock {
        version: SCHEMA,
        wheelbarrow: VERSION.to_owned(),
        base: plan.base.clone().map(String::from),
        prefix: plan.prefix.to_string(),
        python: LockedPython {
            implementation: one_line(&facts.implementation),
            version: one_line(&facts.version),
            abi: facts.abi.as_ref().map(one_line),
            path: one_line(&plan.interpreter),
        },
        size: LockedSize { bundle: plan.size(), packages: 0 },
        packages,
        distributions: distributions
            .map(|distribution| LockedDistribution {
                name: distribution.name.clone(),
                version: one_line(&distribution.version),
                size: distribution.size,
            })
            .collect(),
        libraries: plan.libraries.iter().map(shown_library).collect(),
    }
    .complete()
}

/// A library whose name, which any ELF file can have made, is one line that an editor shows as it is.
fn shown_library(library: &PlannedLibrary) -> PlannedLibrary {
    PlannedLibrary { name: one_line(&library.name), ..library.clone() }
}

impl Lock {
    /// Sorts the lists, adds up the packages, and keeps sizes within TOML's integers.
    fn complete(mut self) -> Lock {
        self.packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        self.distributions.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        self.libraries.sort();
        let sizes = self.packages.iter_mut().map(|package| &mut package.size);
        for size in sizes.chain(self.distributions.iter_mut().map(|one| &mut one.size)) {
            *size = (*size).min(LARGEST_SIZE);
        }
        let installed =
            self.packages.iter().filter(|package| package.origin != PackageOrigin::Bundled);
        self.size = LockedSize {
            bundle: self.size.bundle.min(LARGEST_SIZE),
            packages: installed
                .fold(0, |sum: u64, package| sum.saturating_add(package.size))
                .min(LARGEST_SIZE),
        };
        self
    }

    /// Leaves only the parts that a manifest tells, too.
    fn without_details(mut self) -> Lock {
        self.packages.retain(|package| package.origin == PackageOrigin::Installed);
        let packages = &self.packages;
        self.libraries.retain(|library| {
            let installed = packages.iter().any(|one| library.package.as_ref() == Some(&one.name));
            installed && library.origin == LibraryOrigin::Package
        });
        self
    }
}
