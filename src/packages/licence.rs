//! The licences of packages, which are bundled wherever the files of a package are.
//!
//! Invariant: a licence is at the path where people look for it, with the links that lead there; a
//! licence that cannot be read is never taken for one that is not there.

use super::{Manager, Package, apk, conda, dpkg};
use crate::finding::{Code, Finding, Severity};
use crate::path::RealPath;
use crate::root::{Entry, Meta, Root, RootError};

/// Texts that are longer than any licence are none.
pub(super) const LARGEST: u64 = 1 << 22;

/// A file or link that a licence needs.
#[derive(Debug, PartialEq, Eq)]
pub struct LicenceFile {
    /// Where it is in the builder.
    pub path: RealPath,
    /// Where it belongs in a root like the builder.
    pub to: RealPath,
    /// Its metadata in the builder.
    pub meta: Meta,
}

/// The licences of one package.
#[derive(Debug, Default)]
pub struct Licences {
    /// The texts, and the links that lead to them.
    pub files: Vec<LicenceFile>,
    /// Reads that failed: the licences there are left out.
    pub failed: Vec<RootError>,
}

impl Licences {
    pub(super) fn add_in_place(&mut self, entry: Entry) {
        let Entry { path, meta } = entry;
        self.files.push(LicenceFile { to: path.clone(), path, meta });
    }

    /// The value of a read. A failure is kept, and gives no value.
    pub(super) fn read<T>(&mut self, result: Result<T, RootError>) -> Option<T> {
        result.map_err(|error| self.failed.push(error)).ok()
    }
}

impl Package {
    /// The licences that are not sure to be among the files of the package.
    pub fn licences(&self, root: &Root) -> Licences {
        match self.manager {
            // Among its files, or by name in the database.
            Manager::Apk => Licences::default(),
            Manager::Dpkg => dpkg::licences(root, &self.name),
            Manager::Conda => conda::licences(root, self),
        }
    }
}

/// Whether a path, with a prefix such as conda's taken for `/usr`, is where a manager keeps licences.
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
