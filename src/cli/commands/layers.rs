//! `wheelbarrow layers`: the layers of several bundles side by side.

use std::path::PathBuf;

use wheelbarrow::finding::Finding;
use wheelbarrow::report;

use crate::cli::answer::print_answer;
use crate::cli::bundle_directory::cut_application;
use crate::cli::trouble::Trouble;

/// Compares the bundles in the order given.
pub(crate) fn run(bundles: &[PathBuf], json: bool) -> Result<Vec<Finding>, Trouble> {
    let applications =
        bundles.iter().map(|path| cut_application(path)).collect::<Result<Vec<_>, _>>()?;
    let comparison = report::compare(&applications);
    print_answer(json, &comparison, || report::comparison_text(&comparison))?;
    Ok(Vec::new())
}
