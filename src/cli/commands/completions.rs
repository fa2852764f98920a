//! `wheelbarrow completions`: a script that completes commands and options in a shell.

use clap::CommandFactory as _;
use wheelbarrow::finding::Finding;

use crate::cli::arguments::Arguments;
use crate::cli::streams;
use crate::cli::trouble::Trouble;

/// Prints the script for `shell`.
pub(crate) fn run(shell: clap_complete::Shell) -> Result<Vec<Finding>, Trouble> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "wheelbarrow", &mut script);
    streams::print_script(&script)?;
    Ok(Vec::new())
}
