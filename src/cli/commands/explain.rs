//! `wheelbarrow explain`: what a code of a finding means, and what to do.

use wheelbarrow::finding::{Code, Finding};
use wheelbarrow::report;

use crate::cli::streams;
use crate::cli::trouble::Trouble;

/// Prints the meaning, the causes and the remedies.
pub(crate) fn run(code: Code) -> Result<Vec<Finding>, Trouble> {
    streams::print(&report::explanation_text(code))?;
    Ok(Vec::new())
}
