//! `wheelbarrow completions`: a script that completes commands and options in a shell.

use clap::CommandFactory as _;

use crate::cli::arguments::Arguments;

/// Prints the script for `shell`.
pub(crate) fn run(shell: clap_complete::Shell) {
    let mut command = Arguments::command();
    clap_complete::generate(shell, &mut command, "wheelbarrow", &mut std::io::stdout());
}
