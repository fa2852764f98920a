//! The files of package databases, as each manager reads its own.
//!
//! Invariant: a file that cannot be read and a line that cannot be understood are findings; the
//! rest of the database counts.

use crate::finding::{Code, Finding, Severity};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Entry, Kind, Root, RootError};

/// The largest database file that is read, in bytes; real ones stay below 10 MB.
const LARGEST: u64 = 128 << 20;

/// A part of a database text that cannot be understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Counted from 1.
    pub line: usize,
    pub message: String,
}

/// Reads files of databases, and collects the findings about them.
pub(super) struct DatabaseFiles<'a> {
    pub root: &'a Root,
    pub findings: Vec<Finding>,
}

impl<'a> DatabaseFiles<'a> {
    pub(super) fn new(root: &'a Root) -> DatabaseFiles<'a> {
        DatabaseFiles { root, findings: Vec::new() }
    }

    /// The text of a database file; `None` if it does not exist or cannot be read.
    pub(super) fn text(&mut self, path: &str) -> Option<String> {
        let result = self.root.read_text(path, LARGEST);
        self.succeeded(result).flatten()
    }

    /// The file that a path leads to; `None` if it does not exist or has another kind.
    pub(super) fn find(&mut self, path: &str, kind: &Kind) -> Option<RealPath> {
        let result = self.root.resolve(&WrittenPath::new(path));
        let found = self.succeeded(result).flatten()?;
        (found.meta.kind == *kind).then_some(found.path)
    }

    /// The entries of a directory, as far as they can be read.
    pub(super) fn list(&mut self, directory: &RealPath) -> Vec<Entry> {
        let entries = self.root.list(directory);
        entries.into_iter().filter_map(|entry| self.succeeded(entry)).collect()
    }

    /// Reports lines that cannot be understood.
    pub(super) fn report_lines(&mut self, path: &str, problems: Vec<Problem>) {
        for Problem { line, message } in problems {
            self.report(path, format!("line {line}: {message}"));
        }
    }

    /// Reports a part of a database file that cannot be understood.
    pub(super) fn report(&mut self, path: impl ToString, message: impl Into<String>) {
        self.findings.push(problem(path, message));
    }

    fn succeeded<T>(&mut self, result: Result<T, RootError>) -> Option<T> {
        result.map_err(|error| self.report(error.path(), format!("cannot be read: {error}"))).ok()
    }
}

/// The finding for a part of a database file that cannot be understood.
pub(super) fn problem(path: impl ToString, message: impl Into<String>) -> Finding {
    Finding::new(Severity::Warn, Code::CorruptDatabase, path, message)
}
