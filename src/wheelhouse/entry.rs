//! A file of a wheel, as the directory of the archive declares it.
//!
//! Invariant: nothing relies on a declaration until it was checked against the unpacked bytes.

/// One file of the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub index: usize,
    /// The declared size of the unpacked file, in bytes.
    pub size: u64,
    /// A regular file of a Unix system with any x bit, which is also pip's rule.
    pub executable: bool,
}
