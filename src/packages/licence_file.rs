//! Licences as files: the value that the folder of each package manager returns.
//!
//! Invariant: a licence that cannot be read is recorded, never treated as missing.

use crate::path::RealPath;
use crate::root::{Entry, Meta, RootError};

/// The largest licence in bytes; a longer text is something else.
pub(super) const LARGEST: u64 = 1 << 22;

/// A licence, or a link that leads to one.
#[derive(Debug, PartialEq, Eq)]
pub struct LicenceFile {
    /// Its path in the builder.
    pub path: RealPath,
    /// Its path in a root with the builder's layout.
    pub to: RealPath,
    /// Its metadata in the builder.
    pub meta: Meta,
}

/// The licences of one package.
#[derive(Debug, Default)]
pub struct Licences {
    /// The texts, and the links that lead to them.
    pub files: Vec<LicenceFile>,
    /// The reads that failed; their licences are left out.
    pub failed: Vec<RootError>,
}

impl Licences {
    pub(super) fn add_in_place(&mut self, entry: Entry) {
        let Entry { path, meta } = entry;
        self.files.push(LicenceFile { to: path.clone(), path, meta });
    }

    /// The value of a read. A failure is recorded and gives `None`.
    pub(super) fn read<T>(&mut self, result: Result<T, RootError>) -> Option<T> {
        result.map_err(|error| self.failed.push(error)).ok()
    }
}
