//! The finished plan against the final root that it is for.
//!
//! The stages decide from the facts of the builder. Here the packages to install and the files of the
//! bundle are compared with a base that is known: whether it can install the ones and load the
//! others.
//!
//! Invariant: the plan does not change here; a refusal names a fitting base where one is known.

use super::entry::PlannedEntry;
use super::native::{PackageSet, PlannedPackage};
use super::request::Request;
use super::target::{FinalRoot, Fit, refuse};
use crate::base::Profile;
use crate::finding::{Code, Finding, Severity, count};
use crate::inventory::Inventory;
use crate::loader::{Libc, large_file_name};
use crate::path::RealPath;

/// The judgement of a finished plan.
pub(crate) struct Judgement {
    /// The newest version of glibc that a bundled file asks for, unless the bundle brings its own.
    pub glibc: Option<(u32, u32)>,
    pub findings: Vec<Finding>,
}

/// Judges the packages and entries of a plan.
pub(crate) fn judge(
    inventory: &Inventory,
    request: &Request,
    final_root: &FinalRoot,
    packages: &PackageSet,
    entries: &[PlannedEntry],
) -> Judgement {
    let copied = || {
        let from = entries.iter().filter_map(|entry| entry.from.as_ref());
        from.filter(|_| !final_root.loader_is_bundled)
    };
    let glibc = inventory.newest_glibc(copied());
    let mut findings = Vec::new();
    if let Some(profile) = &request.base {
        let fit = Fit { inventory, request, profile };
        findings.extend(judge_packages(&fit, packages));
        findings.extend(judge_versions(&fit, packages));
        findings.extend(glibc.and_then(|(version, path)| judge_glibc(&fit, version, path)));
        findings.extend(judge_musl(&fit, copied()));
    }
    Judgement { glibc: glibc.map(|(version, _)| version), findings }
}

/// Packages that the base cannot install.
fn judge_packages(fit: &Fit, packages: &PackageSet) -> Vec<Finding> {
    let there = |package: &&PlannedPackage| fit.profile.packages.contains_key(&package.name);
    let stay = packages.brought_along.iter().filter(there);
    let install = packages.install.iter();
    install.chain(stay).filter_map(|package| judge_package(fit, package)).collect()
}

fn judge_package(fit: &Fit, package: &PlannedPackage) -> Option<Finding> {
    let Profile { installs_with, release, packages, libraries, .. } = fit.profile;
    let base = fit.profile.name();
    let lacking = |library: &str| !libraries.contains_key(library);
    let library = &package.reasons.iter().find(|reason| lacking(&reason.library))?.library;
    let (code, why) = if let Some(version) = packages.get(&package.name) {
        (Code::BaseLibrary, format!("{base} has version {version}, which does not contain it"))
    } else if installs_with.is_none() {
        (Code::BaseRelease, format!("{base} has no package manager to install it with"))
    } else if !fit.same_release(release) {
        let (own, theirs) = (&fit.inventory.release.pretty_name, &release.pretty_name);
        (Code::BaseRelease, format!("{base} installs packages of {theirs}, not of {own}"))
    } else {
        return None;
    };
    let other = other_version(fit.profile, library)
        .map_or_else(String::new, |other| format!("; it has {other}"));
    let help = match fit.suggest_images() {
        Some(fitting) => format!("{fitting}, or bundle the builder's library with --native vendor"),
        None => "bundle the builder's library with --native vendor".to_owned(),
    };
    let message = format!("is needed for {library}, but {why}{other}");
    Some(refuse(code, &package.name, message, Some(help)))
}

/// Packages that the base has in another version than the builder. A package has other libraries and
/// functions with another version of its source; a new revision of the distribution only mends them.
fn judge_versions(fit: &Fit, packages: &PackageSet) -> Option<Finding> {
    let other = |package: &PlannedPackage| {
        let there = fit.profile.packages.get(&package.name)?;
        let source = |version: &str| {
            version.rsplit_once('-').map_or(version, |(source, _)| source).to_owned()
        };
        let differs = source(there) != source(&package.version);
        differs.then(|| format!("{} {there} (builder: {})", package.name, package.version))
    };
    let others: Vec<String> = packages.in_base.iter().filter_map(other).collect();
    if others.is_empty() || !fit.same_release(&fit.profile.release) {
        return None;
    }
    let number = count(others.len(), "needed package");
    let message =
        format!("has {number} in another version than the builder: {}", others.join(", "));
    let finding = Finding::new(Severity::Note, Code::BaseVersion, fit.profile.name(), message);
    Some(
        finding
            .help("start both stages from the same image, or upgrade the packages in one of them"),
    )
}

/// The library under the name of another version: `libpq.so.6` for `libpq.so.5`.
fn other_version<'a>(profile: &'a Profile, library: &str) -> Option<&'a str> {
    let (stem, _) = library.split_once(".so.")?;
    let names = profile.libraries.keys().map(String::as_str);
    names
        .filter(|name| name.strip_prefix(stem).is_some_and(|rest| rest.starts_with(".so.")))
        .min_by_key(|name| name.len())
}

/// Refuses a base with an older glibc than a bundled file needs.
fn judge_glibc(fit: &Fit, version: (u32, u32), path: &RealPath) -> Option<Finding> {
    let base = fit.profile.libc_version.filter(|_| fit.profile.libc == Some(Libc::Glibc))?;
    (version > base).then(|| {
        let message = format!(
            "needs glibc {}.{}, but {} has {}.{}",
            version.0,
            version.1,
            fit.profile.name(),
            base.0,
            base.1
        );
        refuse(Code::BaseGlibc, path, message, fit.suggest_images())
    })
}

/// Refuses a base whose musl lacks a symbol that a bundled file needs.
fn judge_musl<'a>(fit: &Fit, mut copied: impl Iterator<Item = &'a RealPath>) -> Option<Finding> {
    let Profile { libc_symbols, packages, .. } = fit.profile;
    let there = |symbol: &str| {
        libc_symbols.contains(symbol)
            || large_file_name(symbol).is_some_and(|name| libc_symbols.contains(name))
    };
    let lacks =
        |path: &RealPath| fit.inventory.musl_needs.get(path)?.iter().find(|symbol| !there(symbol));
    let (path, symbol) = copied.find_map(|path| Some((path, lacks(path)?)))?;
    let version = packages.get("musl").map_or_else(String::new, |version| format!(" {version}"));
    let message = format!(
        "needs the symbol {symbol} of musl; musl{version} of {} lacks it",
        fit.profile.name()
    );
    Some(refuse(Code::BaseMusl, path, message, fit.suggest_images()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_library_in_another_version() {
        let mut base = Profile::empty();
        for name in ["libpq.so.6.1", "libpq.so.6", "libpqx.so.5", "libssl.so.3"] {
            base.libraries.insert(name.to_owned(), RealPath::known("/lib"));
        }
        for (library, expect) in [
            ("libpq.so.5", Some("libpq.so.6")),
            ("libssl.so.1.1", Some("libssl.so.3")),
            ("libffi.so.8", None),
            ("libpq.so", None),
        ] {
            assert_eq!(other_version(&base, library), expect, "{library}");
        }
    }
}
