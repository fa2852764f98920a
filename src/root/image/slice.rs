//! A part of a file of the host.
//!
//! Invariant: nothing outside of the part is read.

#![expect(clippy::disallowed_types, reason = "a reader of the disk")]

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::root::{Content, Cursor};

/// `size` bytes of a file from `start`.
#[derive(Clone)]
pub(super) struct Slice {
    file: Arc<File>,
    start: u64,
    size: u64,
}

impl Slice {
    /// The whole of a file.
    pub(super) fn whole(file: File) -> io::Result<Slice> {
        let size = file.metadata()?.len();
        Ok(Slice { file: Arc::new(file), start: 0, size })
    }

    /// `size` bytes from `offset`, or what there is of them: reading the rest is an error.
    pub(super) fn part(&self, offset: u64, size: u64) -> Slice {
        let start = self.start.saturating_add(offset);
        Slice { file: self.file.clone(), start, size }
    }

    /// A reader of it.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor::new(Box::new(self.clone()))
    }
}

impl Content for Slice {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.size.saturating_sub(offset);
        let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let from = self.start.saturating_add(offset);
        self.file.read_exact_at(&mut buffer[..wanted], from)?;
        Ok(wanted)
    }

    fn size(&self) -> u64 {
        self.size
    }
}
