//! A file outside of the environment that a bundle may contain.
//!
//! Invariant: only data; a plan decides whether the file is bundled.

use crate::path::RealPath;
use crate::root::Meta;

/// A file or link of the builder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriableFile {
    /// Its path in the builder.
    pub path: RealPath,
    /// Its path in a root with the builder's layout.
    pub to: RealPath,
    /// Its metadata in the builder.
    pub meta: Meta,
}

impl CarriableFile {
    /// A file whose path is the same in the builder and in the bundle.
    pub(super) fn in_place(path: RealPath, meta: Meta) -> CarriableFile {
        CarriableFile { to: path.clone(), path, meta }
    }
}
