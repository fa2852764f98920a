//! What stands in for `conda` in a build without that feature: records are problems, and nothing moves.
//!
//! Invariant: the same two functions, and no prefix looks as if it had been read.

use crate::packages::{Embedding, Package};
use crate::path::RealPath;

const WITHOUT: &str = "this wheelbarrow was built without its feature `conda`";

pub fn parse_record(_text: &str, _prefix: &RealPath) -> Result<(Package, Vec<String>), String> {
    Err(WITHOUT.to_owned())
}

pub fn with_prefix(_bytes: &[u8], _from: &Embedding, _to: &str) -> Result<Vec<u8>, String> {
    Err(WITHOUT.to_owned())
}
