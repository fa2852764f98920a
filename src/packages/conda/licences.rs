//! The licences of conda's packages: in the package cache, `info/licenses` of each.
//!
//! Invariant: they are bundled where packages of other managers have theirs, below the prefix.

use crate::packages::Package;
use crate::packages::licence::{LicenceFile, Licences};
use crate::root::{Kind, Root};

/// Where the licences of all packages are put, below the prefix.
pub(crate) const LICENCES: &str = "share/licenses";

/// Whether a path, with the prefix taken for `/usr`, is among the licences.
pub(crate) fn is_licence(path: &str) -> bool {
    path.contains("/licenses/")
}

/// The licences that the package cache has of a package; the cache may be gone.
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
