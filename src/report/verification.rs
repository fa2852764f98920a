//! The result of `verify` for people.
//!
//! Invariant: the verdict is the first line.

use super::findings::{Detail, count_findings, findings_text};
use super::summary::rows;
use crate::finding::{Severity, count};
use crate::path::RealPath;
use crate::verify::{Checked, Verification};

/// The verdict, the number of checks, and the findings. A success is silent if problems alone are shown.
pub fn verification_text(verification: &Verification, detail: Detail) -> String {
    let is_failure = |severity| severity == Severity::Deny;
    let failures =
        verification.findings.iter().filter(|finding| is_failure(finding.severity)).count();
    let summary = match detail {
        Detail::Problems if failures == 0 => String::new(),
        _ => summary(verification, failures),
    };
    summary + &findings_text(&verification.findings, detail)
}

fn summary(verification: &Verification, failures: usize) -> String {
    let Checked { distributions, files, natives, symbols, scripts, entry_points, links } =
        verification.checked;
    let python = verification
        .interpreter
        .as_ref()
        .map_or_else(|| "no interpreter".to_owned(), RealPath::to_string);
    let verdict = if failures == 0 { "runs".to_owned() } else { count(failures, "failure") };
    let checked = [
        count(distributions, "distribution"),
        count(files, "file"),
        count(links, "link"),
        count(natives, "native file"),
        count(symbols, "symbol"),
        count(scripts, "script"),
        count(entry_points, "entry point"),
    ];
    rows(&[
        ("environment", format!("{}: {verdict} with {python}", verification.prefix)),
        ("checked", checked.join(", ")),
        ("findings", count_findings(&verification.findings)),
    ])
}
