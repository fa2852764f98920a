//! A file of a wheel's archive, as the archive's directory declares it.
//!
//! Invariant: a declaration is checked against the bytes when they are unpacked, and believed before by nobody.

/// One file of the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub index: usize,
    /// Bytes when unpacked, as declared.
    pub size: u64,
    /// A regular file of a Unix system with any x bit, as pip asks.
    pub executable: bool,
}
