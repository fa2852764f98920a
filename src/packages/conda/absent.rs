//! Replaces rattler in a build without the feature `conda`: each record is a problem.
//!
//! Invariant: it has the same two functions. No prefix looks as if it had been read, and none is
//! replaced.

use crate::packages::{Embedding, Package};
use crate::path::RealPath;

const WITHOUT: &str = "this wheelbarrow was built without its feature `conda`";

/// Refuses every record.
pub(super) fn parse_record(
    _text: &str,
    _prefix: &RealPath,
) -> Result<(Package, Vec<String>), String> {
    Err(WITHOUT.to_owned())
}

/// Refuses: without the feature, no file of a conda package is known.
pub fn with_prefix(_bytes: &[u8], _from: &Embedding, _to: &str) -> Result<Vec<u8>, String> {
    Err(WITHOUT.to_owned())
}
