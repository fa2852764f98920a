//! The licences of conda packages: `info/licenses` of each package in the package cache.
//!
//! Invariant: they are bundled below the prefix, at the path where packages of other managers have
//! theirs.

use crate::packages::Package;
use crate::packages::licence_file::LicenceFile;
use crate::root::{Entry, Kind, Root};

/// The directory for the licences of all packages, below the prefix.
pub(crate) const LICENCES: &str = "share/licenses";

/// Whether a path, with the prefix replaced by `/usr`, is a licence.
pub(crate) fn is_licence(path: &str) -> bool {
    path.contains("/licenses/")
}

/// The licences of a package in the package cache, which may have been deleted.
pub(crate) fn licences(root: &Root, package: &Package) -> Vec<LicenceFile> {
    let Some(own) = &package.in_prefix else { return Vec::new() };
    let found = own.licences.as_ref().and_then(|path| root.resolve(path).ok().flatten());
    let Some(top) = found.filter(|found| found.meta.kind == Kind::Directory) else {
        return Vec::new();
    };
    let to = own.prefix.descend(LICENCES).join(&package.name);
    let entries = root.walk(&top.path, |_| true).into_iter().flatten();
    let texts = entries.filter(|entry| entry.meta.kind == Kind::File);
    let licence = |entry: Entry| LicenceFile {
        to: to.descend(entry.path.below(&top.path).unwrap_or_default()),
        path: entry.path,
        meta: entry.meta,
    };
    texts.map(licence).collect()
}
