//! The size that the user allows, and the size of the plan.
//!
//! Invariant: the sum of the parts is the size of the bundle and of the packages that are installed for it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::entry::PlannedEntry;
use super::native::PackageSet;
use super::request::Request;
use crate::finding::{Code, Finding, Severity, size};

/// The parts that a message names.
const LARGEST: usize = 5;

/// The finding for a plan that is larger than `--max-size`.
pub(super) fn judge_size(
    request: &Request,
    entries: &[PlannedEntry],
    packages: &PackageSet,
) -> Option<Finding> {
    let parts = list_parts(entries, packages);
    let total: u64 = parts.iter().map(|(bytes, _)| bytes).sum();
    let allowed = request.max_size.filter(|allowed| total > *allowed)?;
    let largest = parts.iter().take(LARGEST);
    let largest: Vec<String> =
        largest.map(|(bytes, name)| format!("{name} ({})", size(*bytes))).collect();
    let message = format!(
        "the environment and the packages for it are {}, more than the {} of --max-size; the largest \
         parts are {}",
        size(total),
        size(allowed),
        largest.join(", ")
    );
    Some(
        Finding::new(Severity::Deny, Code::TooLarge, &request.prefix, message).help(
            "leave out files with --slim, or distributions with --require, or raise --max-size",
        ),
    )
}

/// The distributions and packages with their bytes, the largest first.
fn list_parts(entries: &[PlannedEntry], packages: &PackageSet) -> Vec<(u64, String)> {
    let mut files: BTreeMap<&str, u64> = BTreeMap::new();
    for entry in entries {
        let owner = entry.distribution.as_deref().unwrap_or("files of no distribution");
        *files.entry(owner).or_default() += entry.size;
    }
    let files = files.into_iter().map(|(owner, bytes)| (bytes, owner.to_owned()));
    let packages = packages.install.iter().chain(&packages.brought_along);
    let packages =
        packages.map(|package| (package.installed_size, format!("package {}", package.name)));
    let mut parts: Vec<(u64, String)> = files.chain(packages).collect();
    parts.sort_by_key(|(bytes, name)| (Reverse(*bytes), name.clone()));
    parts
}
