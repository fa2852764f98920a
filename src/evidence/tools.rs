//! Packages that a builder stage has for building.
//!
//! The names are rows of `tools.toml`, each with its source and date.
//!
//! Invariant: only names count, not what is in a package.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::root::pattern;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "for readers of the table; a test asks for them"))]
struct Tools {
    why: String,
    names: Vec<String>,
    source: String,
    date: String,
}

#[derive(Deserialize)]
struct Rows {
    tools: Vec<Tools>,
}

static ROWS: LazyLock<Vec<Tools>> = LazyLock::new(|| {
    let rows: Rows = toml::from_str(include_str!("tools.toml")).expect("a test reads it");
    rows.tools
});

/// Whether a package of this name is for building.
pub fn is_build_tool(package: &str) -> bool {
    ROWS.iter().flat_map(|row| &row.names).any(|one| pattern::matches(one, package))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_by_name() {
        for (name, expect) in [
            ("gcc", true),
            ("gcc-12", true),
            ("libpq-dev", true),
            ("libgtk-3-dev-bin", true),
            ("python3.11-venv", true),
            ("ffmpeg", false),
            ("ca-certificates", false),
            ("make", true),
            ("makeself", false),
            ("git", true),
            ("python3-gdbm", false),
            ("tesseract-ocr-deu", false),
        ] {
            assert_eq!(is_build_tool(name), expect, "{name}");
        }
    }

    #[test]
    fn each_row_has_a_source() {
        for row in ROWS.iter() {
            assert!(
                !row.why.is_empty() && !row.source.is_empty() && row.date.len() == 10,
                "{row:?}"
            );
        }
    }
}
