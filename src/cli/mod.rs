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
mod configuration;
mod decision;
mod host;
mod layer_request;
mod output_settings;
mod profile;
mod requirements;
mod review;
mod settings;
mod signals;
mod similar;
mod streams;
mod trouble;

use std::process::ExitCode;

/// Runs the command that was typed.
pub(crate) fn run() -> ExitCode {
    let ran = configuration::read_arguments().and_then(|arguments| match arguments {
        Ok(arguments) => {
            // An observed command decides itself about its signals.
            if !matches!(arguments.command, arguments::Command::Observe(_)) {
                signals::clean_up();
            }
            commands::run(&arguments.command)
        }
        Err(usage) => streams::print_usage(&usage).map(ExitCode::from),
    });
    match ran {
        Ok(status) => status,
        Err(trouble) => {
            trouble.print();
            ExitCode::from(2)
        }
    }
}
