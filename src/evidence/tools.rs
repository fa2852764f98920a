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
    /// Whether compilers start them or read them.
    #[serde(default)]
    compiles: bool,
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

/// Whether a package of this name has a compiler, a linker or headers. `ctypes.util.find_library` of
/// CPython starts gcc and ld if they are there, and does without them otherwise.
pub fn is_compiler(package: &str) -> bool {
    let rows = ROWS.iter().filter(|row| row.compiles);
    rows.flat_map(|row| &row.names).any(|one| pattern::matches(one, package))
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
    fn compilers_by_name() {
        for (name, expect) in [
            ("gcc-12", true),
            ("binutils-x86-64-linux-gnu", true),
            ("libc6-dev", true),
            ("git", false),
            ("nodejs", false),
            ("file", false),
        ] {
            assert_eq!(is_compiler(name), expect, "{name}");
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
