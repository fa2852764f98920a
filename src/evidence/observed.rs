//! The record of an observed run: the files that a process tree opened, and the programs that it
//! started. `wheelbarrow observe` writes it.
//!
//! Each file says who opened it: the row of programs from the command down to the process, such as
//! `/usr/bin/dash`, `/usr/local/bin/python3.11`. The reader of a record knows the environment, so it
//! can tell the application from the shell or the test runner around it.
//!
//! Invariant: the same opens give the same bytes; a record that was read has only absolute paths, and
//! indices of rows that exist.

use serde::{Deserialize, Serialize};

use crate::hint::Hint;

/// Version of the JSON of [`Record`].
pub const RECORD_SCHEMA: u32 = 1;

/// The JSON that `wheelbarrow observe` writes. Lists are sorted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`RECORD_SCHEMA`].
    pub schema: u32,
    /// The command with its arguments.
    pub command: Vec<String>,
    /// The working directory of the command.
    pub directory: String,
    /// The rows of programs, each from the command down to a process.
    pub rows: Vec<Vec<String>>,
    /// The files that were opened for reading, unless the run itself created them.
    pub opened: Vec<Observed>,
    /// The programs that were started.
    pub started: Vec<Observed>,
    /// The rows with a process whose files nobody but its own user may look at.
    pub unseen: Vec<usize>,
}

/// One file that was opened or started.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// The absolute path as the process named it; links in it are not resolved.
    pub path: String,
    /// The rows of the processes that opened or started it, as indices of `rows`, ascending.
    pub by: Vec<usize>,
}

/// Why a text is no record.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The text is no JSON, or has other keys than a record.
    #[error("line {line}: {message}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// In one line.
        message: String,
    },
    /// A record of another schema.
    #[error("the record has schema {found}, and this wheelbarrow reads schema {RECORD_SCHEMA}")]
    Schema {
        /// The schema that it has.
        found: u32,
    },
    /// A path that no process can have opened.
    #[error("{0:?} is not an absolute path")]
    Path(String),
    /// An index that leads to no row.
    #[error("there is no row {0}")]
    Row(usize),
}

impl Hint for RecordError {
    fn hint(&self) -> Option<&str> {
        Some("give a file that `wheelbarrow observe` of this version wrote")
    }
}

/// The first thing to look at.
#[derive(Deserialize)]
struct Versioned {
    schema: u32,
}

/// Parses the text of a record.
///
/// # Errors
/// The first thing that is not as `wheelbarrow observe` writes it.
pub fn parse_record(text: &str) -> Result<Record, RecordError> {
    let syntax = |error: serde_json::Error| RecordError::Syntax {
        line: error.line(),
        message: error.to_string().lines().collect::<Vec<_>>().join(" "),
    };
    let Versioned { schema } = serde_json::from_str(text).map_err(syntax)?;
    if schema != RECORD_SCHEMA {
        return Err(RecordError::Schema { found: schema });
    }
    let record: Record = serde_json::from_str(text).map_err(syntax)?;
    check(&record).map(|()| record)
}

fn check(record: &Record) -> Result<(), RecordError> {
    let paths = record.all().map(|one| &one.path).chain(record.rows.iter().flatten());
    let mut paths = paths.chain([&record.directory]);
    if let Some(path) = paths.find(|path| !is_absolute(path)) {
        return Err(RecordError::Path(path.clone()));
    }
    let mut indices = record.all().flat_map(|one| &one.by).chain(&record.unseen);
    match indices.find(|index| **index >= record.rows.len()) {
        Some(index) => Err(RecordError::Row(*index)),
        None => Ok(()),
    }
}

fn is_absolute(path: &str) -> bool {
    path.starts_with('/') && !path.contains('\0')
}

impl Record {
    /// Everything that was opened or started.
    pub fn all(&self) -> impl Iterator<Item = &Observed> {
        self.opened.iter().chain(&self.started)
    }

    /// The JSON, with a line break at its end.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("plain data");
        format!("{text}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(path: &str, by: &str, schema: u32) -> String {
        format!(
            r#"{{"schema": {schema}, "command": ["x"], "directory": "/", "rows": [["/bin/sh"]],
                "opened": [{{"path": "{path}", "by": [{by}]}}], "started": [], "unseen": []}}"#
        )
    }

    #[test]
    fn a_record_reads_what_it_wrote() {
        let read = parse_record(&record("/usr/lib/liba.so", "0", 1)).expect("a record");
        assert_eq!(read.opened[0].path, "/usr/lib/liba.so");
        assert_eq!(parse_record(&read.to_json()), Ok(read));
    }

    #[test]
    fn texts_that_are_no_record() {
        for (text, expect) in [
            (String::new(), "EOF while parsing"),
            ("{}".to_owned(), "missing field `schema`"),
            (record("/a", "0", 2), "has schema 2, and this wheelbarrow reads schema 1"),
            (record("a/b", "0", 1), "\"a/b\" is not an absolute path"),
            (record("/a\\u0000", "0", 1), "\"/a\\0\" is not an absolute path"),
            (record("/a", "1", 1), "there is no row 1"),
            (record("/a", "-1", 1), "line 2: invalid value: integer `-1`"),
            (record("/a", "0", 1).replace("unseen", "more"), "line 2: unknown field `more`"),
        ] {
            let error = parse_record(&text).expect_err("no record").to_string();
            assert!(error.contains(expect), "{error}");
        }
    }
}
