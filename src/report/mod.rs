//! Renders plans and inventories; never decides. A text goes through [`for_terminal`] before it is shown.
//!
//! Invariant: no file system, no clock; the same data gives the same text.

mod answers;
mod compare;
mod distributions;
mod dockerfile;
mod exchange;
mod explanation;
mod findings;
mod installer;
mod json;
mod layers;
mod names;
mod packages;
mod sizes;
mod style;
mod summary;
mod table;
mod terminal;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod verification;
mod why;

pub use answers::{why_not_text, why_text};
pub use compare::{Application, Comparison, compare};
pub use dockerfile::{CopyOptions, Stage, copied_trees, dockerfile, runtime_packages};
pub use exchange::{FindingList, github_text, sarif};
pub use explanation::explanation_text;
pub use findings::{Detail, findings_text};
pub use installer::{INSTALLER, installer, installer_path};
pub use json::{Report, ReportModule, ReportNeed, report};
pub use layers::comparison_text;
pub use names::similar_names;
pub use sizes::{ModeSize, sizes};
pub use style::{ADDED, BOLD, CHANGED, CYAN, DIM, RED, REMOVED, Style, YELLOW};
pub use summary::{Summary, summary_text, worst_last};
pub use terminal::{LinkOf, Terminal, for_terminal, json_for_terminal};
pub use text::{View, append_text, plan_text, receipts_text, report_text};
pub use verification::verification_text;
pub use why::{Answer, Stay, Step, why};

use crate::finding::size;

/// Version of the JSON of a report, of an answer, of a comparison and of findings.
pub const SCHEMA: u32 = 1;
