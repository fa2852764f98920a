//! `wheelbarrow verify`: proves that a bundle runs in its final root.

use wheelbarrow::finding::Finding;
use wheelbarrow::{report, verify};

use crate::cli::answer::{print_answer, print_findings};
use crate::cli::arguments::VerifyArguments;
use crate::cli::bundle_directory::final_root;
use crate::cli::trouble::Trouble;

/// Verifies a bundle on top of the root, or the environment that was copied to the prefix in the root.
pub(crate) fn run(typed: &VerifyArguments) -> Result<Vec<Finding>, Trouble> {
    let (root, prefix, manifest) =
        final_root(typed.bundle.as_deref(), &typed.root, typed.prefix.as_deref())?;
    let mut verification = verify::verify(&root, &prefix, manifest);
    verification.findings = typed.findings.weights().apply(verification.findings);
    match typed.form.output_format {
        Some(form) => print_findings(form, &verification.findings)?,
        None => print_answer(typed.json, &verification, || {
            report::verification_text(&verification, typed.findings.detail())
        })?,
    }
    Ok(verification.findings)
}
