//! The opens of a run, collected.
//!
//! A file counts under the path by which it was opened, since links may lead to it, if the kernel
//! opened just that file. What the run itself created is no need.
//!
//! Invariant: the memory is bounded by [`MOST`]; each file with each row is kept once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustc_hash::FxHashMap;

use crate::evidence::{Observed, RECORD_SCHEMA, Record};
use crate::path::OF_KERNEL;

/// The most pairs of a file and a row.
const MOST: usize = 1 << 19;
/// The most programs of a row. A longer one has its beginning and its last program.
const LONGEST_ROW: usize = 32;

/// The index of a row of programs.
pub(super) type Row = usize;

/// Everything that was opened and started so far.
pub(super) struct Recorder {
    start: SystemTime,
    rows: Vec<Vec<String>>,
    /// The place of each of them.
    places: FxHashMap<Vec<String>, Row>,
    opened: BTreeMap<String, BTreeSet<Row>>,
    started: BTreeMap<String, BTreeSet<Row>>,
    unseen: BTreeSet<Row>,
    pairs: usize,
}

impl Recorder {
    /// Nothing yet. Files that are created from now on do not count.
    #[expect(
        clippy::disallowed_methods,
        reason = "the time decides what the run created, and is not in the record"
    )]
    pub(super) fn new() -> Recorder {
        Recorder {
            start: SystemTime::now(),
            rows: vec![Vec::new()],
            places: FxHashMap::from_iter([(Vec::new(), 0)]),
            opened: BTreeMap::new(),
            started: BTreeMap::new(),
            unseen: BTreeSet::new(),
            pairs: 0,
        }
    }

    /// Whether the limit is reached.
    pub(super) fn is_full(&self) -> bool {
        self.pairs >= MOST
    }

    /// A process opened the file `real`, as `named`.
    pub(super) fn add_opened(&mut self, row: Row, named: &Path, real: &Path, metadata: &Metadata) {
        if !metadata.is_file() || metadata.nlink() == 0 || self.is_new(metadata) {
            return;
        }
        let Some(path) = shown(named, real) else { return };
        self.pairs += usize::from(self.opened.entry(path).or_default().insert(row));
    }

    /// Whether the run created a file. An overlay file system makes a new file of an old one that is
    /// opened for writing, but keeps the time of its content.
    fn is_new(&self, metadata: &Metadata) -> bool {
        let times = [metadata.created(), metadata.modified()];
        times.into_iter().flatten().all(|time| time >= self.start)
    }

    /// A process started a program; the row of the process from now on. `named` is the program or a
    /// script.
    pub(super) fn add_started(&mut self, row: Row, named: &Path, real: &Path) -> Row {
        let Some(program) = shown(real, real) else { return row };
        let mut programs = self.rows[row].clone();
        if programs.last() != Some(&program) {
            programs.truncate(LONGEST_ROW - 1);
            programs.push(program.clone());
        }
        let own = *self.places.entry(programs).or_insert_with_key(|programs| {
            self.rows.push(programs.clone());
            self.rows.len() - 1
        });
        let path = shown(named, real).unwrap_or(program);
        self.pairs += usize::from(self.started.entry(path).or_default().insert(row));
        // The interpreter of a script opens it, and some read it from a descriptor.
        if let (Ok(script), Ok(metadata)) = (resolve(named), metadata(named))
            && script != *real
        {
            self.add_opened(own, named, &script, &metadata);
        }
        own
    }

    /// Nobody may look at the files of a process.
    pub(super) fn add_unseen(&mut self, row: Row) {
        self.unseen.insert(row);
    }

    /// The record, in which rows are sorted.
    pub(super) fn into_record(self, command: Vec<String>, directory: String) -> Record {
        let mut order: Vec<Row> = (0..self.rows.len()).collect();
        order.sort_by(|a, b| self.rows[*a].cmp(&self.rows[*b]));
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(new, old)| place[*old] = new);
        let renumber = |rows: BTreeSet<Row>| {
            rows.into_iter().map(|row| place[row]).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let list = |files: BTreeMap<String, BTreeSet<Row>>| {
            files.into_iter().map(|(path, by)| Observed { path, by: renumber(by) }).collect()
        };
        Record {
            schema: RECORD_SCHEMA,
            command,
            directory,
            opened: list(self.opened),
            started: list(self.started),
            unseen: renumber(self.unseen),
            rows: order.iter().map(|row| self.rows[*row].clone()).collect(),
        }
    }
}

/// The name of a file if it leads to it, otherwise its path. Nothing for files of the kernel, and for
/// paths that are not UTF-8.
fn shown(named: &Path, real: &Path) -> Option<String> {
    if !real.has_root() || OF_KERNEL.iter().any(|top| real.starts_with(top)) {
        return None;
    }
    let leads = named.has_root() && resolve(named).is_ok_and(|path| path == *real);
    // Components leave out `.` and double slashes, and keep `..`.
    let path: PathBuf = if leads { named } else { real }.components().collect();
    path.to_str().map(str::to_owned)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the processes that run here are observed, not a root"
)]
fn resolve(path: &Path) -> std::io::Result<PathBuf> {
    path.canonicalize()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the processes that run here are observed, not a root"
)]
fn metadata(path: &Path) -> std::io::Result<Metadata> {
    fs::metadata(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_files_are_sorted_whatever_comes_first() {
        let run = |order: &[&str]| {
            let mut recorder = Recorder::new();
            for program in order {
                let program = Path::new(program);
                let row = recorder.add_started(0, program, program);
                // A file that is surely older than this test.
                let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
                let facts = metadata(&file).expect("the manifest");
                recorder.add_opened(row, &file, &file, &facts);
            }
            recorder.into_record(Vec::new(), String::new())
        };
        let record = run(&["/b/x", "/a/y"]);
        assert_eq!(record, run(&["/a/y", "/b/x"]));
        assert_eq!(record.rows, [vec![], vec!["/a/y".to_owned()], vec!["/b/x".to_owned()]]);
        assert_eq!(record.opened[0].by, [1, 2]);
    }

    #[test]
    fn names_that_lead_elsewhere_are_replaced() {
        for (named, real, expect) in [
            ("/etc/../etc/./passwd", "/etc/passwd", Some("/etc/../etc/passwd")),
            ("/no/such", "/etc/passwd", Some("/etc/passwd")),
            ("", "/etc/passwd", Some("/etc/passwd")),
            ("/proc/self/maps", "/proc/1/maps", None),
            ("x", "pipe:[12]", None),
        ] {
            assert_eq!(shown(Path::new(named), Path::new(real)).as_deref(), expect, "{named}");
        }
    }
}
