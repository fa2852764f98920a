//! `wheelbarrow base`: the profile of a root.

use std::path::Path;

use wheelbarrow::base::Profile;
use wheelbarrow::dockerfile::ImageName;
use wheelbarrow::finding::Finding;

use crate::cli::answer::print_json;
use crate::cli::profile;
use crate::cli::trouble::Trouble;

/// Prints the profile of `root`, with the image name and the source that the user gives.
pub(crate) fn run(
    root: &Path,
    image: Option<ImageName>,
    source: Option<String>,
) -> Result<Vec<Finding>, Trouble> {
    print_json(&Profile { image, source, ..profile::read_root(root)? })?;
    Ok(Vec::new())
}
