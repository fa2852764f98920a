//! Files that the installation of a package makes, and that its list of files lacks.
//!
//! The paths are rows of `generated.toml`, each with its source and date.
//!
//! Invariant: a row says where to look, not that something is there.

use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "for readers of the table; a test asks for them"))]
struct Generated {
    package: Vec<String>,
    files: Vec<String>,
    source: String,
    date: String,
}

#[derive(Deserialize)]
struct Rows {
    generated: Vec<Generated>,
}

static ROWS: LazyLock<Vec<Generated>> = LazyLock::new(|| {
    let rows: Rows = toml::from_str(include_str!("generated.toml")).expect("a test reads it");
    rows.generated
});

/// Patterns of the files and directories that the installation of this package makes.
pub fn generated_by(package: &str) -> impl Iterator<Item = &'static str> {
    let rows = ROWS.iter().filter(move |row| row.package.iter().any(|one| one == package));
    rows.flat_map(|row| &row.files).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_a_source() {
        assert!(generated_by("ca-certificates").any(|path| path == "/etc/ssl/certs"));
        for row in ROWS.iter() {
            assert!(!row.source.is_empty() && row.date.len() == 10, "{row:?}");
            assert!(row.files.iter().all(|path| path.starts_with('/')), "{row:?}");
        }
    }
}
