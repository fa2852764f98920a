//! `wheelbarrow verify`: proves that a bundle runs in its final root.

use std::path::Path;

use wheelbarrow::finding::Finding;
use wheelbarrow::{report, verify};

use crate::cli::answer::print_answer;
use crate::cli::arguments::FindingOptions;
use crate::cli::bundle_directory::final_root;
use crate::cli::trouble::Trouble;

/// Verifies `bundle` on top of `root`, or the environment that was copied to `prefix` in `root`.
pub(crate) fn run(
    bundle: Option<&Path>,
    root: &Path,
    prefix: Option<&str>,
    json: bool,
    options: &FindingOptions,
) -> Result<Vec<Finding>, Trouble> {
    let (root, prefix, manifest) = final_root(bundle, root, prefix)?;
    let mut verification = verify::verify(&root, &prefix, manifest);
    verification.findings = options.weights().apply(verification.findings);
    print_answer(json, &verification, || {
        report::verification_text(&verification, options.detail())
    })?;
    Ok(verification.findings)
}
