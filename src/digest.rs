//! Digests as text.
//!
//! Invariant: the digits are lower case, as in every document that holds digests.

/// The bytes of a hash in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
