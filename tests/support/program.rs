//! The programs that tests start, above all wheelbarrow, and their output as text for a snapshot.

use std::path::Path;
use std::process::{Command, Output};

use super::tree::{fixture, write};

/// wheelbarrow without the variables that change its output.
pub fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_wheelbarrow"));
    program.env_remove("SOURCE_DATE_EPOCH").env_remove("COLUMNS");
    program
}

/// Runs wheelbarrow.
pub fn wheelbarrow(arguments: &[&str]) -> Output {
    program().args(arguments).output().expect("it starts")
}

/// Runs wheelbarrow; returns the exit code and the output in the form of [`Transcript`].
pub fn run(arguments: &[&str]) -> String {
    rendered(&wheelbarrow(arguments))
}

/// Bundles the shipped root into a new directory below the returned one.
pub fn bundle_fixture(more: &[&str]) -> (Output, tempfile::TempDir) {
    let out = tempfile::tempdir().unwrap();
    let bundle = out.path().join("bundle");
    let arguments = ["bundle", "--root", &fixture(), "--out", bundle.to_str().unwrap()];
    (wheelbarrow(&[&arguments, more].concat()), out)
}

/// Both streams, standard output first.
pub fn shown(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{out}{err}")
}

/// The exit code; a program that a signal ended has none.
pub fn exit_code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("ended by a signal: {}", shown(output)))
}

/// The output of several runs as a user sees it, one after the other, for review as one snapshot.
///
/// The text is the title, the exit code and both streams. Paths of this machine have names: `[top]`
/// is a temporary directory, `[repository]` is this repository.
#[derive(Default)]
pub struct Transcript {
    text: String,
    names: Vec<(String, String)>,
}

impl Transcript {
    /// Prints `name` in place of `text`, for texts that differ between machines.
    pub fn named(mut self, text: impl Into<String>, name: impl Into<String>) -> Transcript {
        self.names.push((text.into(), name.into()));
        self
    }

    /// Adds a run.
    pub fn add(&mut self, title: &str, output: &Output) {
        self.text += &format!("=== {}\n{}\n", anonymous(title), rendered(output));
    }

    /// Adds the exit code and the lines that contain one of `parts`, for outputs whose other lines
    /// depend on this machine.
    pub fn add_lines(&mut self, title: &str, output: &Output, parts: &[&str]) {
        let shown = of_no_machine(&shown(output));
        let lines = shown.lines().filter(|line| parts.iter().any(|part| line.contains(part)));
        let lines: String = lines.map(|line| format!("{}\n", anonymous(line))).collect();
        self.text += &format!("=== {}\n{}{lines}\n", anonymous(title), status(output));
    }

    /// The text for `insta::assert_snapshot!`.
    pub fn text(&self) -> String {
        self.names.iter().fold(self.text.clone(), |text, (from, to)| text.replace(from, to))
    }
}

fn status(output: &Output) -> String {
    format!("exit code {}\n", exit_code(output))
}

fn rendered(output: &Output) -> String {
    let mut text = status(output);
    for (name, stream) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if !stream.is_empty() {
            let shown = of_no_machine(&anonymous(&String::from_utf8_lossy(stream)));
            text += &format!("--- {name}\n{shown}");
        }
    }
    text
}

/// Without the finding for packages that are installed on this machine, and its advice.
fn of_no_machine(text: &str) -> String {
    let mut lines = text.split_inclusive('\n').peekable();
    let mut kept = String::new();
    while let Some(line) = lines.next() {
        if line.contains("[installed-on-purpose]") {
            lines.next_if(|next| next.trim_start().starts_with("help:"));
        } else {
            kept += line;
        }
    }
    kept
}

/// Replaces the paths of this machine and the names that `tempfile` makes, which end in six letters
/// or digits.
fn anonymous(text: &str) -> String {
    let temporary = format!("{}/.tmp", std::env::temp_dir().display());
    let mut named = text.to_owned();
    for (start, name) in
        [(temporary.as_str(), "[top]"), ("/.wheelbarrow-", "/.wheelbarrow-[random]")]
    {
        let mut parts = named.split(start);
        let first = parts.next().unwrap_or_default().to_owned();
        named = parts.fold(first, |text, part| text + name + part.get(6..).unwrap_or_default());
    }
    named.replace(env!("CARGO_MANIFEST_DIR"), "[repository]")
}

/// Compiles a file or text in C to a shared library; `source` is `NAME.c` next to the output.
pub fn compile(source: &str, output: &Path, arguments: &[&str]) {
    let file = output.with_extension("c");
    write(&file, source);
    let made = Command::new("gcc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([output, &file])
        .args(arguments)
        .output()
        .expect("gcc is there");
    assert!(made.status.success(), "{}", shown(&made));
    std::fs::remove_file(file).unwrap();
}

/// The output of a program that this machine's Python runs.
pub fn python(code: &str, arguments: &[&str]) -> String {
    let output = Command::new("python3").args(["-c", code]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
