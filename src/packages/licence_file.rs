//! Licences as files: the value that the folder of each package manager returns.
//!
//! Invariant: only data.

use crate::path::RealPath;
use crate::root::Meta;

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

impl LicenceFile {
    /// A licence that has the same path in both roots.
    pub(super) fn in_place(path: RealPath, meta: Meta) -> LicenceFile {
        LicenceFile { to: path.clone(), path, meta }
    }
}
