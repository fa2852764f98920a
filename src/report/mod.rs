//! Renders plans and inventories; never decides. A text goes through [`for_terminal`] before it is shown.
//!
//! Invariant: no file system, no clock; the same data gives the same text.

mod answers;
mod compare;
mod distributions;
mod dockerfile;
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
pub use explanation::explanation_text;
pub use findings::{Detail, findings_text};
pub use installer::{INSTALLER, installer, installer_path};
pub use json::{Report, ReportModule, ReportNeed, report};
pub use layers::comparison_text;
pub use names::similar_names;
pub use sizes::{ModeSize, sizes};
pub use style::{ADDED, BOLD, CHANGED, CYAN, DIM, RED, REMOVED, Style, YELLOW};
pub use summary::{Summary, summary_text, worst_last};
pub use terminal::{Terminal, for_terminal, json_for_terminal};
pub use text::{View, append_text, plan_text, receipts_text, report_text};
pub use verification::verification_text;
pub use why::{Answer, Stay, Step, why};

/// Version of the JSON of a report, of an answer and of a comparison.
pub const SCHEMA: u32 = 1;

/// Bytes with a decimal unit, as docker prints them: `1.5 kB`, `20.0 MB`.
pub fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let scaled = |unit: u64| bytes as f64 / unit as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", scaled(1_000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", scaled(1_000_000)),
        _ => format!("{:.2} GB", scaled(1_000_000_000)),
    }
}
