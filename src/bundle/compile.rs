//! Compiles bytecode with the Python of the root. Nothing else is ever run, and this only with
//! `--compile`.
//!
//! Each file is an unchecked-hash `.pyc` (PEP 552) that names its source by the path in the final
//! root. `marshal` shares objects that the process already has, so each distribution is compiled by
//! a new process. Its bytecode then does not depend on the other distributions of the bundle.
//!
//! Invariant: Python gets sources and returns bytecode over pipes. It opens and writes no file of
//! the environment.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Write};
use std::process::{Command, Stdio};

use rayon::prelude::*;

use super::{BundleError, Output, Written};
use crate::finding::{Code, Finding, Severity};
use crate::path::RealPath;
use crate::plan::{Action, PlannedEntry};
use crate::root::Root;

/// The largest source that is compiled, in bytes. The largest in use are generated tables of a few
/// megabytes.
const LARGEST: u64 = 64 << 20;
/// A question is one line with the lengths of path and source, then both. The answer is one line
/// with the result and a length, then the bytecode or the error message.
const PROGRAM: &str = r"
import sys
del sys.path[0]
import importlib.util, marshal
questions, answers = sys.stdin.buffer, sys.stdout.buffer
while head := questions.readline():
    path, source = (questions.read(int(length)) for length in head.split())
    try:
        code = compile(source, path.decode(), 'exec', dont_inherit=True)
        flags = (1).to_bytes(4, 'little')
        answer = importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source) + marshal.dumps(code)
        state = b'done'
    except Exception as error:
        answer, state = str(error).encode(errors='replace'), b'failed'
    code = None
    answers.write(b'%s %d\n' % (state, len(answer)) + answer)
    answers.flush()
";

type Compiled<'a> = Vec<(&'a PlannedEntry, Written)>;

/// Compiles the entries. A source that Python cannot compile is a finding and is bundled without
/// bytecode.
pub(super) fn compile<'a>(
    root: &Root,
    interpreter: &RealPath,
    entries: &[&'a PlannedEntry],
    output: &Output,
) -> Result<(Compiled<'a>, Vec<Finding>), BundleError> {
    let mut groups: BTreeMap<Option<&str>, Vec<&PlannedEntry>> = BTreeMap::new();
    for entry in entries {
        groups.entry(entry.distribution.as_deref()).or_default().push(entry);
    }
    // The largest group goes first, so that the other threads do not wait for it at the end.
    let mut groups: Vec<Vec<&PlannedEntry>> = groups.into_values().collect();
    groups
        .sort_by_key(|group| std::cmp::Reverse(group.iter().map(|entry| entry.size).sum::<u64>()));
    let done: Vec<(Compiled, Vec<Finding>)> = groups
        .par_iter()
        .map(|group| one_process(root, interpreter, group, output))
        .collect::<Result<_, _>>()?;
    let (compiled, findings): (Vec<Compiled>, Vec<Vec<Finding>>) = done.into_iter().unzip();
    Ok((compiled.concat(), findings.concat()))
}

fn one_process<'a>(
    root: &Root,
    interpreter: &RealPath,
    entries: &[&'a PlannedEntry],
    output: &Output,
) -> Result<(Compiled<'a>, Vec<Finding>), BundleError> {
    let broken =
        |source: io::Error| BundleError::Compile { interpreter: interpreter.clone(), source };
    #[expect(clippy::disallowed_methods, reason = "--compile is the one option that runs Python")]
    let mut command = Command::new(interpreter.as_str());
    // No variable of the host reaches Python, and sets always have the same order.
    command
        .args(["-S", "-s", "-B", "-W", "ignore", "-c", PROGRAM])
        .env_clear()
        .env("PYTHONHASHSEED", "0")
        .current_dir("/");
    let mut python = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(broken)?;
    let mut questions = python.stdin.take().expect("it is piped");
    let mut answers = BufReader::new(python.stdout.take().expect("it is piped"));
    let (mut compiled, mut findings) = (Vec::new(), Vec::new());
    for entry in entries {
        let Action::Compile { source } = &entry.action else {
            unreachable!("the caller passes only entries to compile")
        };
        let text = root.read(entry.from.as_ref().expect("a source is in the root"), LARGEST)?;
        let mut ask = || -> io::Result<Result<Vec<u8>, String>> {
            write!(questions, "{} {}\n{source}", source.as_str().len(), text.len())?;
            questions.write_all(&text)?;
            questions.flush()?;
            answer(&mut answers)
        };
        match ask().map_err(broken)? {
            Ok(bytecode) => compiled.push((*entry, output.bytes(entry, &bytecode)?)),
            Err(why) => findings.push(
                Finding::new(
                    Severity::Note,
                    Code::NotCompiled,
                    source,
                    format!("Python cannot compile it: {why}"),
                )
                .help(
                    "ignore this for a template or a file for another version of Python; the source is bundled",
                ),
            ),
        }
    }
    drop(questions);
    let status = python.wait().map_err(broken)?;
    match status.success() {
        true => Ok((compiled, findings)),
        false => Err(broken(io::Error::other(format!("it ended with {status}")))),
    }
}

fn answer(answers: &mut impl io::BufRead) -> io::Result<Result<Vec<u8>, String>> {
    let mut head = String::new();
    answers.read_line(&mut head)?;
    let (state, length) = head.trim_end().split_once(' ').ok_or(io::ErrorKind::UnexpectedEof)?;
    let length: u64 = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
    let mut bytes = Vec::new();
    answers.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended within an answer"));
    }
    match state {
        "done" => Ok(Ok(bytes)),
        "failed" => Ok(Err(String::from_utf8_lossy(&bytes).into_owned())),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test makes an interpreter")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::root::memory::Memory;

    /// Compiles one file with a shell script as the interpreter.
    fn compiled_by(script: &str) -> Result<usize, String> {
        let directory = tempfile::tempdir().unwrap();
        let [interpreter, top] = ["python", "bundle"].map(|name| directory.path().join(name));
        std::fs::write(&interpreter, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&interpreter, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::create_dir(&top).unwrap();
        let output = Output::create(&top, &[], 0).unwrap();
        let source = RealPath::known("/opt/app/a.py");
        let entry = PlannedEntry {
            to: RealPath::known("/opt/app/a.pyc"),
            action: Action::Compile { source },
            ..PlannedEntry::copy(RealPath::known("/v/a.py"), 1, 0o644, String::new())
        };
        output.directories(&entry).unwrap();
        let root = Root::new(Memory::parse("/v/a.py = x"));
        let interpreter = RealPath::known(interpreter.to_str().unwrap());
        let done = one_process(&root, &interpreter, &[&entry], &output);
        done.map(|(compiled, _)| compiled.len()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_interpreter_that_ends_early_is_an_error() {
        assert_eq!(compiled_by("read x; printf 'done 2\nok'; cat >/dev/null"), Ok(1));
        for (script, expect) in [
            ("read x; printf 'done 100\nshort'", "it ended within an answer"),
            ("read x; printf 'done 2\nok'; cat >/dev/null; exit 3", "it ended with exit status: 3"),
            (
                "read x; printf 'done 2\nok'; cat >/dev/null; kill -9 $$",
                "it ended with signal: 9 (SIGKILL)",
            ),
            ("read x; printf 'done'", "unexpected end of file"),
            ("read x; printf 'maybe 2\nok'", "invalid data"),
        ] {
            let error = compiled_by(script).unwrap_err();
            assert!(error.ends_with(expect), "{script}: {error}");
        }
    }
}
