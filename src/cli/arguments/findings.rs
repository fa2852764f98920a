//! The options that concern findings: their weights, their number and their form.
//!
//! Invariant: a code that no finding has is refused, with the most similar one.

use clap::{Args, ValueEnum};
use wheelbarrow::finding::{Allowed, Code, Weights};
use wheelbarrow::report::Detail;

use crate::cli::similar::suggest;

/// The form of findings.
#[derive(Args)]
#[command(next_help_heading = "Findings")]
pub(crate) struct FormOptions {
    /// Print the findings alone on standard output, in the form that another tool reads
    #[arg(long, value_enum, value_name = "FORM", conflicts_with = "json")]
    pub(crate) output_format: Option<FindingForm>,
}

/// What reads findings.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingForm {
    /// Annotations of GitHub Actions
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JSON (its schema: `wheelbarrow schema findings`)
    Json,
}

/// The weights of findings, and how much is shown.
#[derive(Args)]
#[command(next_help_heading = "Findings")]
pub(crate) struct FindingOptions {
    /// Make a note of every finding with this code, or of the one about SUBJECT (may be repeated)
    #[arg(long, value_name = "CODE[=SUBJECT]", value_parser = allowed)]
    pub(crate) allow: Vec<Allowed>,
    /// Make a deny-level finding of every finding with this code (may be repeated)
    #[arg(long, value_name = "CODE", value_parser = code)]
    pub(crate) deny: Vec<Code>,
    /// Show all names of a list, and all files that a finding is about
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Show problems alone: no notes, no progress, and nothing of a success except the answer
    #[arg(long, short, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

impl FindingOptions {
    pub(crate) fn weights(&self) -> Weights {
        Weights { allowed: self.allow.clone(), denied: self.deny.clone() }
    }

    pub(crate) fn detail(&self) -> Detail {
        match (self.verbose, self.quiet) {
            (true, _) => Detail::All,
            (false, true) => Detail::Problems,
            (false, false) => Detail::Examples,
        }
    }
}

fn allowed(typed: &str) -> Result<Allowed, String> {
    let (name, subject) =
        typed.split_once('=').map_or((typed, None), |(name, subject)| (name, Some(subject)));
    Ok(Allowed { code: code(name)?, subject: subject.map(str::to_owned) })
}

pub(super) fn code(typed: &str) -> Result<Code, String> {
    let names = || Code::ALL.iter().map(|code| code.as_str());
    Code::find(typed)
        .ok_or_else(|| format!("no finding has this code: {}", suggest(typed, names(), "code")))
}
