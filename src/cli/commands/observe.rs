//! `wheelbarrow observe`: runs a command and records what it opens.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use wheelbarrow::evidence::Record;
use wheelbarrow::finding::count;
use wheelbarrow::observe::{self, End, Observation};

use crate::cli::arguments::ObserveArguments;
use crate::cli::host;
use crate::cli::streams::print_error;
use crate::cli::trouble::Trouble;

/// Of a shell, for a program that a signal ended.
const BY_SIGNAL: i32 = 128;

/// Runs the command and writes the record; the exit status is that of the command.
pub(crate) fn run(typed: &ObserveArguments) -> Result<ExitCode, Trouble> {
    let limit = typed.time_limit.map(Duration::from_secs);
    // A test suite may take minutes: a place that cannot be written is known before it.
    write(&typed.out, "")?;
    let Observation { record, end } = observe::run(&typed.command, limit)?;
    write(&typed.out, &record.to_json())?;
    print_error(&summary(&typed.out, &record));
    if !record.unseen.is_empty() {
        print_error(
            "warning: processes of another user were not observed; run `wheelbarrow observe` as that user\n",
        );
    }
    Ok(match end {
        End::TimeLimit => ExitCode::SUCCESS,
        End::Exited(code) => status(code),
        End::Killed(signal) => status(BY_SIGNAL + signal),
    })
}

fn status(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

fn write(out: &Path, text: &str) -> Result<(), Trouble> {
    host::write_file(out, text).map_err(|error| {
        Trouble::new(
            format!("cannot write {}: {error}", out.display()),
            "choose a file that can be written with --out",
        )
    })
}

fn summary(out: &Path, record: &Record) -> String {
    let programs = count(record.started.len(), "program");
    format!(
        "{}: {} opened, {programs} started\n",
        out.display(),
        count(record.opened.len(), "file")
    )
}
