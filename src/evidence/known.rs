//! Distributions and libraries of which it is known what they open at run time.
//!
//! The facts are rows of `known.toml`, each with its source and date.
//!
//! Invariant: a row says where to look, not that something is there.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::python::normalised_name;

/// One row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Names of distributions, normalised when the table is read.
    #[serde(default)]
    pub distribution: Vec<String>,
    /// Names of needed libraries.
    #[serde(default)]
    pub library: Vec<String>,
    /// Modules of the standard library that source imports.
    #[serde(default)]
    pub import: Vec<String>,
    /// Functions that source calls, by name alone.
    #[serde(default)]
    pub call: Vec<String>,
    /// A distribution that makes the row needless.
    pub unless: Option<String>,
    /// Programs that are started, by name.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Libraries that are opened, by soname.
    #[serde(default)]
    pub libraries: Vec<String>,
    /// Patterns of files that are opened.
    #[serde(default)]
    pub files: Vec<String>,
    /// A noun for the files, for people.
    #[serde(default)]
    pub what: String,
    /// Whether only files of packages count that somebody installed on purpose.
    #[serde(default)]
    pub asked: bool,
    /// Where it can be seen.
    pub source: String,
    /// The day on which it was looked at.
    pub date: String,
}

impl Known {
    /// Whether the row is about the distribution with this normalised name.
    pub fn is_about(&self, key: &str) -> bool {
        self.distribution.iter().any(|name| name == key)
    }
}

#[derive(Deserialize)]
struct Rows {
    known: Vec<Known>,
}

static ROWS: LazyLock<Rows> = LazyLock::new(|| {
    let mut rows: Rows = toml::from_str(include_str!("known.toml")).expect("a test reads it");
    for name in rows.known.iter_mut().flat_map(|row| &mut row.distribution) {
        *name = normalised_name(name);
    }
    rows
});

/// Every row.
pub fn known() -> &'static [Known] {
    &ROWS.known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_a_subject_an_object_and_a_source() {
        let rows = known();
        for key in ["pytesseract", "pyopengl"] {
            assert!(rows.iter().any(|row| row.is_about(key)), "{key}");
        }
        for row in rows {
            let subjects = [&row.distribution, &row.library, &row.import, &row.call];
            let named = subjects.iter().filter(|names| !names.is_empty()).count();
            assert_eq!(named, 1, "{row:?}");
            let objects = [&row.programs, &row.libraries, &row.files];
            assert!(objects.iter().any(|names| !names.is_empty()), "{row:?}");
            assert_eq!(row.files.is_empty(), row.what.is_empty(), "{row:?}");
            let absolute = |file: &String| {
                file.starts_with('/') || file.starts_with("{lib}/") || file.starts_with("{stdlib}/")
            };
            assert!(row.files.iter().all(absolute), "{row:?}");
            assert!(!row.source.is_empty() && row.date.len() == 10, "{row:?}");
        }
    }
}
