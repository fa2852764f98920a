//! The files of package databases, as each manager reads its own.
//!
//! Invariant: a line that cannot be understood is a finding, and the rest of the database counts. The
//! root records a file that cannot be read.

use rayon::prelude::*;

use crate::finding::{Code, Finding, Severity};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Entry, Kind, Root};

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
    pub(super) fn text(&self, path: &str) -> Option<String> {
        self.root.read_text(path, LARGEST).ok().flatten()
    }

    /// The file that a path leads to; `None` if it does not exist or has another kind.
    pub(super) fn find(&self, path: &str, kind: &Kind) -> Option<RealPath> {
        let found = self.root.resolve(&WrittenPath::new(path)).ok().flatten()?;
        (found.meta.kind == *kind).then_some(found.path)
    }

    /// The entries of a directory, as far as they can be read.
    pub(super) fn list(&self, directory: &RealPath) -> Vec<Entry> {
        self.root.list(directory).into_iter().flatten().collect()
    }

    /// Reads something of each item in parallel; the answers and the findings are in the order of the items.
    pub(super) fn read_each<Item: Sync, Read: Send>(
        &mut self,
        items: &[Item],
        read: impl Fn(&mut DatabaseFiles, &Item) -> Read + Sync,
    ) -> Vec<Read> {
        let root = self.root;
        let read_one = |item: &Item| {
            let mut files = DatabaseFiles::new(root);
            (read(&mut files, item), files.findings)
        };
        let all: Vec<(Read, Vec<Finding>)> = items.par_iter().map(read_one).collect();
        let answers = all.into_iter().map(|(answer, findings)| {
            self.findings.extend(findings);
            answer
        });
        answers.collect()
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
}

/// The finding for a part of a database file that cannot be understood.
pub(super) fn problem(path: impl ToString, message: impl Into<String>) -> Finding {
    Finding::new(Severity::Warn, Code::CorruptDatabase, path, message)
}
