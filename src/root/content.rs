//! The content of a file: positioned reads, so that threads can share it.
//!
//! Invariant: a file that ends before its size is an error.

use std::io;

/// Positioned reads of one open file.
pub trait Content: Send + Sync {
    /// Reads at `offset` until `buffer` is full or the file ends; returns the number of bytes read.
    /// A file that ends before its size is an error.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// The size in bytes when the file was opened.
    fn size(&self) -> u64;
}

impl<C: Content + ?Sized> Content for &C {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buffer, offset)
    }

    fn size(&self) -> u64 {
        (**self).size()
    }
}

impl<C: Content + ?Sized> Content for Box<C> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        (**self).read_at(buffer, offset)
    }

    fn size(&self) -> u64 {
        (**self).size()
    }
}

/// The vector is the content of a file in memory.
impl Content for Vec<u8> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let count = buffer.len().min(self.len() - from);
        buffer[..count].copy_from_slice(&self[from..from + count]);
        Ok(count)
    }

    fn size(&self) -> u64 {
        self.len() as u64
    }
}

/// A content with a position, for readers of archives: it implements `Read` and `Seek`.
pub struct Cursor {
    content: Box<dyn Content>,
    position: u64,
}

impl Cursor {
    /// A cursor at the start of `content`.
    pub fn new(content: Box<dyn Content>) -> Cursor {
        Cursor { content, position: 0 }
    }
}

impl io::Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl io::Seek for Cursor {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let position = match to {
            io::SeekFrom::Start(at) => Some(at),
            io::SeekFrom::End(by) => self.content.size().checked_add_signed(by),
            io::SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
