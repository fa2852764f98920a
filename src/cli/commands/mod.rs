//! One file per command.
//!
//! Invariant: a command returns the findings that decide the exit status; only `diff` and `observe`
//! return their exit status. Standard output has the answer, standard error everything else.

mod base;
mod bundle;
mod completions;
mod diff;
mod explain;
mod init;
mod layers;
mod lock;
mod man;
mod observe;
mod plan;
mod report;
mod schema;
mod verify;
mod why;

use std::process::ExitCode;

use wheelbarrow::finding::Severity;

use super::arguments::Command;
use super::trouble::Trouble;

/// Runs a command, and tells the exit status of one that did not fail.
pub(crate) fn run(command: &Command) -> Result<ExitCode, Trouble> {
    let findings = match command {
        Command::Init(typed) => init::run(typed),
        Command::Observe(typed) => return observe::run(typed),
        Command::Bundle(typed) => bundle::run(typed),
        Command::Plan(typed) => plan::run(typed),
        Command::Report(typed) => report::run(typed),
        Command::Why(question) => why::run(question, why::Side::InFinalRoot),
        Command::WhyNot(question) => why::run(question, why::Side::LeftOut),
        Command::Verify(typed) => verify::run(typed),
        Command::Explain { code } => explain::run(*code),
        Command::Layers { bundles, json } => layers::run(bundles, *json),
        Command::Lock { lock_file, input, choice } => lock::run(input, choice, lock_file),
        Command::Diff { old, new, exit_code, json } => {
            return diff::run(old, new, *exit_code, *json);
        }
        Command::Base { root, image, source } => base::run(root, image.clone(), source.clone()),
        Command::Schema { of } => schema::run(*of),
        Command::Man { command } => man::run(command.as_deref()),
        Command::Completions { shell } => completions::run(*shell),
    }?;
    let denied = findings.iter().any(|finding| finding.severity == Severity::Deny);
    Ok(if denied { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
