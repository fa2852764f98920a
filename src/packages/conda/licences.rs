//! The licences of conda packages: `info/licenses` of each package in the package cache.
//!
//! Invariant: they are bundled below the prefix, at the path where packages of other managers have
//! theirs.

use crate::packages::Package;
use crate::packages::licence_file::{LicenceFile, Licences};
use crate::root::{Kind, Root};

/// The directory for the licences of all packages, below the prefix.
pub(crate) const LICENCES: &str = "share/licenses";

/// Whether a path, with the prefix replaced by `/usr`, is a licence.
pub(crate) fn is_licence(path: &str) -> bool {
    path.contains("/licenses/")
}

/// The licences of a package in the package cache, which may have been deleted.
pub(crate) fn licences(root: &Root, package: &Package) -> Licences {
    let mut licences = Licences::default();
    let Some(own) = &package.in_prefix else { return licences };
    let found = own.licences.as_ref().and_then(|path| licences.read(root.resolve(path)).flatten());
    let Some(top) = found.filter(|found| found.meta.kind == Kind::Directory) else {
        return licences;
    };
    let to = own.prefix.descend(LICENCES).join(&package.name);
    for entry in root.walk(&top.path, |_| true) {
        let entry = licences.read(entry).filter(|entry| entry.meta.kind == Kind::File);
        licences.files.extend(entry.map(|entry| LicenceFile {
            to: to.descend(entry.path.below(&top.path).unwrap_or_default()),
            path: entry.path,
            meta: entry.meta,
        }));
    }
    licences
}
