//! conda, mamba and pixi: packages in a prefix of their own, each with a record in `conda-meta`.
//!
//! No final stage installs them: their files are bundled. rattler reads the records and replaces
//! the prefixes (feature `conda`). Without that feature, each record is a finding.
//!
//! Invariant: nothing is downloaded, solved or installed here.

#[cfg(not(feature = "conda"))]
mod absent;
mod licences;
#[cfg(feature = "conda")]
mod prefix;
#[cfg(feature = "conda")]
mod record;

#[cfg(not(feature = "conda"))]
use absent::parse_record;
#[cfg(feature = "conda")]
use record::parse_record;

#[cfg(not(feature = "conda"))]
pub use absent::with_prefix;
pub(super) use licences::{is_licence, licences};
#[cfg(feature = "conda")]
pub use prefix::with_prefix;

use serde_json::Value;

use super::database::{DatabaseFiles, problem};
use super::{BundledPackage, DatabaseFile, InPrefix, Package};
use crate::path::RealPath;
use crate::root::Kind;

/// The directory of a prefix that contains the records.
const RECORDS: &str = "conda-meta";

/// The packages of those prefixes that belong to conda.
pub(super) fn read(files: &mut DatabaseFiles, prefixes: &[RealPath]) -> Vec<Package> {
    prefixes.iter().flat_map(|prefix| read_prefix(files, prefix)).collect()
}

fn read_prefix(files: &mut DatabaseFiles, prefix: &RealPath) -> Vec<Package> {
    let directory = format!("{prefix}/{RECORDS}");
    let Some(directory) = files.find(&directory, &Kind::Directory) else { return Vec::new() };
    let records = files.list(&directory).into_iter().map(|entry| entry.path);
    let records: Vec<RealPath> = records.filter(|path| path.name().ends_with(".json")).collect();
    let read = files.read_each(&records, |files, path| read_record(files, path, prefix));
    read.into_iter().flatten().collect()
}

fn read_record(files: &mut DatabaseFiles, path: &RealPath, prefix: &RealPath) -> Option<Package> {
    let text = files.text(path.as_str())?;
    match parse_record(&text, prefix) {
        Ok((package, problems)) => {
            problems.into_iter().for_each(|problem| files.report(path, problem));
            Some(package)
        }
        Err(why) => {
            let finding = problem(path, why);
            files.findings.push(finding.help("its files are treated as if no package owned them"));
            None
        }
    }
}

/// Whether a file only describes packages: a record, or a licence. `below` is its path below the
/// prefix.
pub fn is_about_packages(below: &str) -> bool {
    [RECORDS, licences::LICENCES]
        .iter()
        .any(|directory| below.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/')))
}

/// A match specification: a name, `=` and a version.
pub(super) fn pinned(package: &Package) -> String {
    format!("{}={}", package.name, package.version)
}

/// The record of a package with the files that are bundled.
pub(super) fn database_file(bundled: &BundledPackage) -> Option<DatabaseFile> {
    let own = bundled.package.in_prefix.as_ref()?;
    Some(write_record(bundled.package, own, &bundled.files))
}

/// A record in the form that [`parse_record`] reads, with those of `files` that are in the prefix.
fn write_record(package: &Package, own: &InPrefix, files: &[&RealPath]) -> DatabaseFile {
    let build = own.document.get("build").and_then(Value::as_str).unwrap_or_default();
    let name = format!("{}-{}-{build}.json", package.name, package.version);
    let mut document = own.document.clone();
    let below = files.iter().filter_map(|path| path.below(&own.prefix));
    document.insert("files".to_owned(), below.collect());
    DatabaseFile {
        path: own.prefix.descend(RECORDS).join(&name),
        content: serde_json::to_string_pretty(&document).expect("it was JSON"),
    }
}
