//! One side of a comparison: a lock, or the JSON of a bundle, a plan or a report.
//!
//! Invariant: `read_side` tells the kinds apart by their content, never by the name of a file.

use std::fmt;

use super::json::{Document, SideFinding};
use super::{Lock, LockError, parse_lock};
use crate::bundle::{Manifest, ManifestError};
use crate::hint::Hint;
use crate::plan;
use crate::report;

/// The kind of document that a side was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `wheelbarrow.lock`.
    Lock,
    /// `plan --json`.
    Plan,
    /// `report --json`: tells no base, and no size of the bundle.
    Report,
    /// `wheelbarrow.json` of a bundle: of packages it has those that are installed by name.
    Manifest,
}

impl Source {
    pub(super) fn tells_base(self) -> bool {
        self != Source::Report
    }

    /// Dependencies, bundled packages, sizes of packages, and libraries that no installed package has.
    pub(super) fn tells_details(self) -> bool {
        self != Source::Manifest
    }

    pub(super) fn tells_findings(self) -> bool {
        matches!(self, Source::Plan | Source::Report)
    }

    pub(super) fn tells_size(self) -> bool {
        self != Source::Report
    }

    /// The schema that is read.
    fn schema(self) -> u32 {
        match self {
            Source::Lock => super::SCHEMA,
            Source::Plan => plan::SCHEMA,
            Source::Report => report::SCHEMA,
            Source::Manifest => crate::bundle::SCHEMA,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Source::Lock => "a lock",
            Source::Plan => "a plan",
            Source::Report => "a report",
            Source::Manifest => "a manifest",
        })
    }
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The kind of document that was read.
    pub source: Source,
    /// With empty parts where the source does not tell them.
    pub lock: Lock,
    /// Sorted; empty for a document without findings.
    pub findings: Vec<SideFinding>,
}

/// Why a text is no side.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SideError {
    /// It looks like a lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// It looks like JSON.
    #[error("line {line}: {message}")]
    Json {
        /// Counted from 1.
        line: usize,
        /// In one line.
        message: String,
    },
    /// JSON of another schema.
    #[error("{kind} of schema {found}, and this wheelbarrow reads schema {}", .kind.schema())]
    Schema {
        /// The kind of document.
        kind: Source,
        /// The schema that it has.
        found: u32,
    },
}

impl Hint for SideError {
    fn hint(&self) -> Option<&str> {
        Some(match self {
            SideError::Lock(error) => return error.hint(),
            SideError::Json { .. } => {
                "give a bundle, its wheelbarrow.json, a lock, or the output of `plan --json` or `report --json`"
            }
            SideError::Schema { .. } => "write it again with this wheelbarrow",
        })
    }
}

impl From<serde_json::Error> for SideError {
    fn from(error: serde_json::Error) -> SideError {
        SideError::Json { line: error.line(), message: error.to_string() }
    }
}

impl From<ManifestError> for SideError {
    fn from(error: ManifestError) -> SideError {
        match error {
            ManifestError::Json(error) => error.into(),
            ManifestError::Schema { schema } => {
                SideError::Schema { kind: Source::Manifest, found: schema }
            }
        }
    }
}

impl Side {
    /// The side of a lock.
    pub fn of_lock(lock: Lock) -> Side {
        Side { source: Source::Lock, lock, findings: Vec::new() }
    }

    fn of_document(document: Document, source: Source) -> Side {
        let (lock, findings) = document.into_parts();
        Side { source, lock, findings }
    }
}

/// Reads a lock, or the JSON of a manifest, a plan or a report.
///
/// # Errors
/// The first line that is not understood, or a schema that is not known.
pub fn read_side(text: &str) -> Result<Side, SideError> {
    if !text.trim_start().starts_with('{') {
        return Ok(Side::of_lock(parse_lock(text)?));
    }
    // A manifest has one list of packages; a plan and a report have one for each origin.
    let document: serde_json::Value = serde_json::from_str(text)?;
    if document["packages"].is_array() {
        return Ok(Side::of_document(Document::from(Manifest::parse(text)?), Source::Manifest));
    }
    let document: Document = serde_json::from_str(text)?;
    let source = if document.is_plan() { Source::Plan } else { Source::Report };
    if document.schema != source.schema() {
        return Err(SideError::Schema { kind: source, found: document.schema });
    }
    Ok(Side::of_document(document, source))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::lock::document::tests::lock;
    use crate::lock::{compare_sides, lock_plan};
    use crate::scenario::{self, Scenario};

    /// The JSON that every kind has, with the keys of `more`.
    fn document(source: Source, more: Value) -> String {
        let distribution = |name: &str, version: &str, travels: bool, size: u64| {
            json!({ "name": name, "version": version, "travels": travels, "size": size,
                    "reason": "", "asked": false, "requires": [] })
        };
        let mut document = json!({
            "schema": source.schema(),
            "interpreter": "/usr/local/bin/python3.11",
            "interpreter_facts": {
                "implementation": "cpython", "version": "3.11.9", "suffixes": [".so"],
                "abi": "cpython-311-x86_64-linux-musl", "architecture": "x86_64",
            },
            "distributions": [
                distribution("psycopg2", "2.9.9", true, 900),
                distribution("pip", "24.0", false, 5000),
            ],
        });
        let Value::Object(more) = more else { panic!("{more}") };
        document.as_object_mut().unwrap().extend(more);
        document.to_string()
    }

    fn package(name: &str) -> Value {
        json!({ "name": name, "version": "1", "installed_size": 10, "libraries": ["libpq.so.5", "interpreter"] })
    }

    /// The lock that the documents below are of.
    fn expected(source: Source) -> Lock {
        let lines = "distribution psycopg2 2.9.9 900\npackage libpq 1 installed 10";
        let mut expected = lock(lines);
        expected.wheelbarrow = String::new();
        if source == Source::Report {
            (expected.base, expected.prefix, expected.size.bundle) = (None, String::new(), 0);
        }
        expected
    }

    #[test]
    fn each_kind_is_known_by_its_content() {
        let planned = || json!({ "install": [package("libpq")], "brought_along": [], "carried": [], "in_base": [] });
        let place = || json!({ "prefix": "/opt/app", "base": "python:3.11-alpine3.20" });
        let with = |mut one: Value, other: Value| {
            let Value::Object(other) = other else { panic!("{other}") };
            one.as_object_mut().unwrap().extend(other);
            one
        };
        let finding = json!({ "severity": "warn", "code": "of-tomorrow", "subject": "a", "message": "b", "help": "c" });
        let plan = with(
            place(),
            json!({ "packages": planned(), "libraries": [], "entries": [{ "size": 400 }, { "size": 500 }], "findings": [&finding] }),
        );
        let report = json!({ "packages": planned(), "libraries": [], "findings": [&finding] });
        let entry = |path: &str, size: u64| json!({ "path": path, "reason": "", "mode": "0644", "size": size });
        let entries = json!([entry("/opt/app/a", 899), entry("/opt/app/b", 1)]);
        let manifest = with(
            place(),
            json!({ "packages": [package("libpq")], "entries": entries, "wheelbarrow": "0.1.0", "builder": "" }),
        );
        for (source, more, findings) in
            [(Source::Plan, plan, 1), (Source::Report, report, 1), (Source::Manifest, manifest, 0)]
        {
            let side = read_side(&document(source, more)).unwrap();
            assert_eq!((side.source, side.findings.len()), (source, findings));
            let mut expected = expected(source);
            if source == Source::Manifest {
                expected.packages[0].size = 0;
                expected.size.packages = 0;
                expected.libraries = lock("library libpq.so.5 package libpq -").libraries;
                expected.libraries[0].needed_by.clear();
            }
            assert_eq!(side.lock, expected, "{source}");
        }
        let lock = lock("distribution a 1 1");
        assert_eq!(read_side(&lock.to_toml()), Ok(Side::of_lock(lock)));
    }

    #[test]
    fn a_plan_and_its_report_are_locked_alike() {
        let root = "alpine
            python /usr/local/bin/python3.11
            venv /opt/venv
            apk libpq 16.4 owns /usr/lib/libpq.so.5
            /usr/lib/libmine.so elf
            wheel db 2.0 has db/_db.so needs libpq.so.5 libmine.so libc.musl-x86_64.so.1
            wheel pip has pip.py";
        for ask in ["", "--native vendor", "--with-interpreter", "--layers 32"] {
            let Scenario { inventory, plan, .. } =
                &scenario::plan(root, &format!("/opt/venv {ask}"));
            let lock = Side::of_lock(lock_plan(plan));
            let plan_json = serde_json::to_string(plan).unwrap();
            let report_json = serde_json::to_string(&report::report(inventory, plan)).unwrap();
            for (json, source) in [(plan_json, Source::Plan), (report_json, Source::Report)] {
                let side = read_side(&json).unwrap();
                assert_eq!(side.source, source);
                assert!(compare_sides(&lock, &side).is_empty(), "{ask}: {side:?}");
                assert!(side.findings.len() <= plan.findings.len(), "{ask}: {side:?}");
            }
        }
    }

    #[test]
    fn other_texts_are_errors() {
        for (text, expect) in [
            ("", "line 1: missing field `version`"),
            ("{", "line 1: "),
            ("{\n}", "line 2: missing field `schema`"),
            ("[1]", "line 1: "),
            (
                &document(Source::Manifest, json!({ "packages": [], "schema": 9 })),
                "a manifest of schema 9, and",
            ),
            (&document(Source::Report, json!({ "packages": 1 })), "line 1: "),
        ] {
            let error = read_side(text).unwrap_err();
            assert!(error.to_string().starts_with(expect), "{text}: {error}");
            assert!(error.hint().is_some());
        }
    }
}
