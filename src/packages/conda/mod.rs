//! conda, mamba and pixi: packages in a prefix of their own, each with a record in `conda-meta`.
//!
//! No final stage installs them: their files are bundled. rattler reads the records and replaces the
//! prefixes (feature `conda`); without it each record is a finding.
//!
//! Invariant: nothing is downloaded, solved or installed here.

mod licences;
#[cfg(not(feature = "conda"))]
#[path = "absent.rs"]
mod record;
#[cfg(feature = "conda")]
mod record;

pub use licences::{is_licence, licences};
pub use record::{parse_record, with_prefix};

use super::{BundledPackage, DatabaseFile, Package};

/// The directory of a prefix that has the records.
pub const RECORDS: &str = "conda-meta";

/// Whether a path below the prefix only describes packages: a record, or a licence.
pub fn is_about_packages(below: &str) -> bool {
    [RECORDS, licences::LICENCES]
        .iter()
        .any(|directory| below.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/')))
}

/// A match specification: `=` and a version.
pub fn pinned(package: &Package) -> String {
    format!("{}={}", package.name, package.version)
}

/// The record of the package with these of its files.
pub fn database_file(bundled: &BundledPackage) -> Option<DatabaseFile> {
    let own = bundled.package.in_prefix.as_ref()?;
    let (name, content) = own.record(bundled.package, bundled.files.iter().copied());
    Some(DatabaseFile { path: own.prefix.descend(RECORDS).join(&name), content })
}
