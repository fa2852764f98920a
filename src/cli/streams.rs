//! Standard output and standard error.
//!
//! A reader that goes away, as `head` does, is no error: the rest is not printed, and the exit status is
//! that of the command. An answer that cannot be written, as on a full disk, is an error. Nobody can
//! be told that standard error cannot be written.
//!
//! Invariant: only this module prints; no control character of the input reaches a terminal.

use std::io::{self, ErrorKind, Write};

use wheelbarrow::report::{for_terminal, json_for_terminal};

use super::trouble::Trouble;

/// Prints a text on standard output.
pub(crate) fn print(text: &str) -> Result<(), Trouble> {
    write_out(for_terminal(text).as_bytes())
}

/// Prints a JSON document on standard output.
pub(crate) fn print_json(json: &str) -> Result<(), Trouble> {
    write_out(json_for_terminal(json).as_bytes())
}

/// Prints the script of a shell, which has no text of the input, on standard output.
pub(crate) fn print_script(script: &[u8]) -> Result<(), Trouble> {
    write_out(script)
}

/// Prints a text on standard error.
pub(crate) fn print_error(text: &str) {
    let mut stream = anstream::stderr().lock();
    let _ = stream.write_all(for_terminal(text).as_bytes()).and_then(|()| stream.flush());
}

/// Prints the help, the version or the error of the parser of arguments; returns the exit status.
pub(crate) fn print_usage(usage: &clap::Error) -> Result<u8, Trouble> {
    let status = u8::try_from(usage.exit_code()).unwrap_or(2);
    let plain = usage.to_string();
    // An argument with control characters costs the colours.
    if for_terminal(&plain) != plain {
        print_error(&plain);
    } else if usage.use_stderr() {
        let _ = usage.print();
    } else {
        judge(usage.print())?;
    }
    Ok(status)
}

fn write_out(bytes: &[u8]) -> Result<(), Trouble> {
    let mut stream = anstream::stdout().lock();
    judge(stream.write_all(bytes).and_then(|()| stream.flush()))
}

fn judge(written: io::Result<()>) -> Result<(), Trouble> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Trouble::without_hint(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
