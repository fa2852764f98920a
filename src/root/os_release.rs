//! The operating system release of a root, from its `os-release` file.
//!
//! Invariant: a root without the file has an empty release; an unreadable file is an error.

use super::{Root, RootError};
use crate::release::Release;

/// The administrator's file, then the vendor's (os-release(5)).
const FILES: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];
const LARGEST: u64 = 1 << 16;

impl Root {
    /// Reads `os-release` (os-release(5)); the result is empty if there is no such file.
    ///
    /// # Errors
    /// The file exists and cannot be read.
    pub fn release(&self) -> Result<Release, RootError> {
        for file in FILES {
            if let Some(text) = self.read_text(file, LARGEST)? {
                return Ok(Release::parse(&text));
            }
        }
        Ok(Release::default())
    }
}
