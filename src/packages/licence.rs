//! The licences of packages. They are bundled together with the files of a package.
//!
//! Invariant: a licence is at the path where people look for it, with the links that lead there.

use super::licence_file::LicenceFile;
use super::{Manager, Package, apk, conda, dpkg, pacman};
use crate::root::Root;

impl Package {
    /// The licences that may be missing from the files of the package.
    pub fn licences(&self, root: &Root) -> Vec<LicenceFile> {
        match self.manager {
            // They are among its files, or the database names them.
            Manager::Apk | Manager::Pacman => Vec::new(),
            Manager::Dpkg => dpkg::licences(root, &self.name),
            Manager::Conda => conda::licences(root, self),
        }
    }
}

/// Whether a manager keeps licences at a path; a prefix such as conda's counts as `/usr`.
pub fn is_licence(path: &str) -> bool {
    Manager::all().any(|manager| match manager {
        Manager::Apk => apk::is_licence(path),
        Manager::Dpkg => dpkg::is_licence(path),
        Manager::Pacman => pacman::is_licence(path),
        Manager::Conda => conda::is_licence(path),
    })
}
