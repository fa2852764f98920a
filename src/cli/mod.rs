//! The command line: arguments → settings → commands.
//!
//! [`arguments`] declares the options, [`settings`] and its neighbours turn them into a request,
//! and `commands` has one file per command.
//!
//! Invariant: exit status 0 is success; 1 completed with deny-level findings; 2 failed.

mod answer;
mod arguments;
mod bundle_directory;
mod commands;
mod decision;
mod host;
mod layer_request;
mod output_settings;
mod profile;
mod requirements;
mod review;
mod settings;
mod trouble;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;

/// Runs the command that was typed.
pub(crate) fn run() -> ExitCode {
    match commands::run(&Arguments::parse().command) {
        Ok(status) => status,
        Err(trouble) => {
            trouble.print();
            ExitCode::from(2)
        }
    }
}
