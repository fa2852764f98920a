//! SHA-256, of files and as text.
//!
//! Invariant: the digits are lower case, as in every document that holds digests.

use std::io;

use sha2::{Digest, Sha256};

use crate::root::Content;

/// The most bytes that a thread reads at a time.
const BLOCK: usize = 256 << 10;

/// The hash of a file, from its first byte to its end.
pub(crate) fn sha256_of(content: &dyn Content) -> io::Result<[u8; 32]> {
    let size = usize::try_from(content.size()).unwrap_or(BLOCK);
    let (mut hash, mut block, mut offset) = (Sha256::new(), vec![0; size.clamp(1, BLOCK)], 0);
    loop {
        let count = content.read_at(&mut block, offset)?;
        if count == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(&block[..count]);
        offset += count as u64;
    }
}

/// The bytes of a hash in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
