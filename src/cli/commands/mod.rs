//! One file per command.
//!
//! Invariant: a command returns the findings that decide the exit status; standard output has the answer,
//! standard error everything else.

mod base;
mod bundle;
mod completions;
mod init;
mod layers;
mod plan;
mod report;
mod schema;
mod verify;
mod why;

use wheelbarrow::finding::Finding;

use super::arguments::Command;
use super::trouble::Trouble;

/// Runs a command; the findings decide the exit status.
pub(crate) fn run(command: &Command) -> Result<Vec<Finding>, Trouble> {
    match command {
        Command::Init(typed) => init::run(typed),
        Command::Bundle(typed) => bundle::run(typed),
        Command::Plan { input, choice, json } => plan::run(input, choice, *json),
        Command::Report { input, choice, sizes, json } => report::run(input, choice, *sizes, *json),
        Command::Why(question) => why::run(question, why::Side::InFinalRoot),
        Command::WhyNot(question) => why::run(question, why::Side::LeftOut),
        Command::Verify { bundle, root, prefix, json } => {
            verify::run(bundle.as_deref(), root, prefix.as_deref(), *json)
        }
        Command::Layers { compare, json } => layers::run(compare, *json),
        Command::Base { root, image, source } => base::run(root, image.clone(), source.clone()),
        Command::Schema { of } => {
            schema::run(*of);
            Ok(Vec::new())
        }
        Command::Completions { shell } => {
            completions::run(*shell);
            Ok(Vec::new())
        }
    }
}
