//! The licences of packages. They are bundled together with the files of a package.
//!
//! Invariant: a licence is at the path where people look for it, with the links that lead there. A
//! licence that cannot be read is never treated as missing.

use super::licence_file::Licences;
use super::{Manager, Package, apk, conda, dpkg};
use crate::finding::{Code, Finding, Severity};
use crate::root::{Root, RootError};

impl Package {
    /// The licences that may be missing from the files of the package.
    pub fn licences(&self, root: &Root) -> Licences {
        match self.manager {
            // They are among its files, or the database names them.
            Manager::Apk => Licences::default(),
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
        Manager::Conda => conda::is_licence(path),
    })
}

/// One finding for all licences that could not be read.
pub fn unreadable_licences(failed: &[RootError]) -> Option<Finding> {
    let first = failed.first()?;
    let message = match failed.len() {
        1 => format!("a licence cannot be read and is left out: {first}"),
        count => format!("{count} licences cannot be read and are left out; the first: {first}"),
    };
    Some(Finding::new(Severity::Warn, Code::UnreadableFile, first.path(), message))
}
