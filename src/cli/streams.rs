//! Standard output and standard error.
//!
//! A reader that goes away, as `head` does, is no error: the rest is not printed, and the exit status is
//! that of the command. An answer that cannot be written, as on a full disk, is an error. Nobody can
//! be told that standard error cannot be written.
//!
//! Invariant: only this module prints; no control character of the input reaches a terminal.

use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::termios::tcgetwinsize;
use supports_hyperlinks::Stream;
use wheelbarrow::report::{LinkOf, Terminal, for_terminal, json_for_terminal};

use super::host;
use super::trouble::Trouble;

/// Prints a text on standard output, in the width of the terminal.
pub(crate) fn print(text: &str) -> Result<(), Trouble> {
    let terminal = Terminal { width: width_of(io::stdout()), link: None };
    write_out(for_terminal(text, terminal).as_bytes())
}

/// Prints a text with links to paths of the root at `root` on standard output.
pub(crate) fn print_with_links(text: &str, root: &Path) -> Result<(), Trouble> {
    let link = |path: &str| host::file_url(root, path);
    let follows_links = supports_hyperlinks::on(Stream::Stdout);
    let link = follows_links.then_some(&link as LinkOf);
    let terminal = Terminal { width: width_of(io::stdout()), link };
    write_out(for_terminal(text, terminal).as_bytes())
}

/// Prints the text of a file, of which every line stays as it is, on standard output.
pub(crate) fn print_file(text: &str) -> Result<(), Trouble> {
    write_out(for_terminal(text, Terminal::default()).as_bytes())
}

/// Prints a JSON document on standard output.
pub(crate) fn print_json(json: &str) -> Result<(), Trouble> {
    write_out(json_for_terminal(json).as_bytes())
}

/// Prints the script of a shell or a manual page, which have no text of the input, on standard output.
pub(crate) fn print_script(script: &[u8]) -> Result<(), Trouble> {
    write_out(script)
}

/// Prints a text on standard error.
pub(crate) fn print_error(text: &str) {
    let terminal = Terminal { width: width_of(io::stderr()), link: None };
    let mut stream = anstream::stderr().lock();
    let _ = stream.write_all(for_terminal(text, terminal).as_bytes()).and_then(|()| stream.flush());
}

/// Prints the help, the version or the error of the parser of arguments; returns the exit status.
pub(crate) fn print_usage(usage: &clap::Error) -> Result<u8, Trouble> {
    let status = u8::try_from(usage.exit_code()).unwrap_or(2);
    let plain = usage.to_string();
    // An argument with control characters costs the colours.
    if for_terminal(&plain, Terminal::default()) != plain {
        print_error(&plain);
    } else if usage.use_stderr() {
        let _ = usage.print();
    } else {
        judge(usage.print())?;
    }
    Ok(status)
}

/// The columns of a terminal; of another stream those of `$COLUMNS`, if it is set.
fn width_of(stream: impl AsFd) -> Option<usize> {
    let size = tcgetwinsize(stream).ok();
    let columns = size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0);
    columns.or_else(host::columns)
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
