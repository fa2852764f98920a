//! A file with changed bytes, which are applied while it is read.
//!
//! Invariant: the content before the edits is never written.

use std::io;

use crate::root::Content;

/// The changed bytes of a file, by offset; everything else is copied.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Edits {
    pub(super) writes: Vec<(u64, Vec<u8>)>,
    /// The size of the changed file in bytes, or 0 when it does not grow.
    pub(super) size: u64,
}

/// A view of a content after its edits.
pub struct Edited<C> {
    /// The content before the edits.
    pub content: C,
    /// The edits to apply while reading.
    pub edits: Edits,
}

impl<C: Content> Content for Edited<C> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let there = usize::try_from(self.size().saturating_sub(offset))
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let buffer = &mut buffer[..there];
        let old = self.content.read_at(buffer, offset)?;
        buffer[old..].fill(0);
        for (at, bytes) in &self.edits.writes {
            let (from, to) =
                ((*at).max(offset), (at + bytes.len() as u64).min(offset + there as u64));
            if from < to {
                let length = distance(from, to);
                let (source, target) = (distance(*at, from), distance(offset, from));
                buffer[target..target + length].copy_from_slice(&bytes[source..source + length]);
            }
        }
        Ok(there)
    }

    fn size(&self) -> u64 {
        self.content.size().max(self.edits.size)
    }
}

/// The bytes between two offsets of data in memory.
pub(super) fn distance(from: u64, to: u64) -> usize {
    usize::try_from(to - from).expect("a buffer holds everything between the offsets")
}
