//! Answers on standard output: JSON or text.
//!
//! Invariant: nothing else is printed on standard output, except the final stage by `bundle`.

use std::path::Path;

use serde::Serialize;

use wheelbarrow::finding::Finding;
use wheelbarrow::report;

use super::arguments::FindingForm;
use super::streams;
use super::trouble::Trouble;

/// Prints `data` as JSON with `--json`, otherwise the text.
pub(crate) fn print_answer(
    json: bool,
    data: &impl Serialize,
    text: impl FnOnce() -> String,
) -> Result<(), Trouble> {
    if json { print_json(data) } else { streams::print(&text()) }
}

/// Prints `data` as JSON with `--json`, otherwise the text, with links to paths of the root in the
/// directory `root`; those of an image lead nowhere.
pub(crate) fn print_answer_about(
    root: Option<&Path>,
    json: bool,
    data: &impl Serialize,
    text: impl FnOnce() -> String,
) -> Result<(), Trouble> {
    match root {
        Some(root) if !json => streams::print_with_links(&text(), root),
        _ => print_answer(json, data, text),
    }
}

/// Prints findings alone, in a form that another tool reads.
pub(crate) fn print_findings(form: FindingForm, findings: &[Finding]) -> Result<(), Trouble> {
    match form {
        FindingForm::Github => streams::print_file(&report::github_text(findings)),
        FindingForm::Sarif => print_json(&report::sarif(findings)),
        FindingForm::Json => print_json(&report::FindingList { schema: report::SCHEMA, findings }),
    }
}

/// Prints `data` as JSON.
pub(crate) fn print_json(data: &impl Serialize) -> Result<(), Trouble> {
    streams::print_json(&(serde_json::to_string_pretty(data).expect("plain data") + "\n"))
}
