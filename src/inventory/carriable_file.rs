//! A file outside of the environment that a bundle may have.
//!
//! Invariant: data alone; a plan decides whether the file is bundled.

use crate::path::RealPath;
use crate::root::Meta;

/// A file or link, where it is in the builder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriableFile {
    pub path: RealPath,
    /// Where it belongs in a root like the builder.
    pub to: RealPath,
    pub meta: Meta,
}

impl CarriableFile {
    /// A file that belongs where it is.
    pub(super) fn in_place(path: RealPath, meta: Meta) -> CarriableFile {
        CarriableFile { to: path.clone(), path, meta }
    }
}
