//! Questions about one path of the environment.
//!
//! Invariant: only reads the list of files, which is sorted by path.

use super::{FileFact, Inventory};
use crate::path::RealPath;
use crate::python::Distribution;

impl Inventory {
    /// The facts of a file, link or empty directory of the environment.
    pub fn file(&self, path: &RealPath) -> Option<&FileFact> {
        let at = self.files.binary_search_by(|file| file.path.cmp(path)).ok()?;
        Some(&self.files[at])
    }

    /// Whether a file belongs to the environment.
    pub fn has_file(&self, path: &RealPath) -> bool {
        self.file(path).is_some()
    }

    /// The index of the distribution that a file belongs to.
    pub fn owner_of(&self, path: &RealPath) -> Option<usize> {
        self.file(path)?.owner
    }

    /// The distribution that a file belongs to.
    pub fn distribution_of(&self, path: &RealPath) -> Option<&Distribution> {
        self.owner_of(path).map(|owner| &self.distributions[owner])
    }

    /// Whether a file is an ELF file: by its bytes in the environment, by its name elsewhere.
    pub fn is_elf(&self, path: &RealPath) -> bool {
        self.file(path).map_or_else(|| path.name().contains(".so"), |file| file.elf)
    }
}
