//! Libraries that the host gives to a container, such as those of its GPU driver.
//!
//! The names are rows of `host.toml`, each with its source and date.
//!
//! Invariant: only names count, not what is in a file.

use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "for readers of the table; a test asks for them"))]
struct Host {
    supplier: String,
    /// Without versions.
    libraries: Vec<String>,
    source: String,
    date: String,
}

#[derive(Deserialize)]
struct Rows {
    host: Vec<Host>,
}

static ROWS: LazyLock<Vec<Host>> = LazyLock::new(|| {
    let rows: Rows = toml::from_str(include_str!("host.toml")).expect("a test reads it");
    rows.host
});

/// Who gives a library of this name to a container, if the host does.
pub fn host_supplier(library: &str) -> Option<&'static str> {
    let is_named = |name: &String| {
        library.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let row = ROWS.iter().find(|row| row.libraries.iter().any(is_named))?;
    Some(&row.supplier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_by_name() {
        for (name, expect) in [
            ("libcuda.so.1", true),
            ("libcuda.so", true),
            ("libnvidia-ml.so.1", true),
            ("libnvidia-ptxjitcompiler.so.570.86.10", true),
            ("libcudart.so.12", false),
            ("libcudnn.so.9", false),
            ("libcuda.so-old", false),
            ("libGL.so.1", false),
            ("libamdhip64.so.6", false),
        ] {
            assert_eq!(host_supplier(name).is_some(), expect, "{name}");
        }
    }

    #[test]
    fn each_row_has_a_source() {
        for row in ROWS.iter() {
            assert!(!row.source.is_empty() && row.date.len() == 10, "{row:?}");
            assert!(row.libraries.iter().all(|name| name.ends_with(".so")), "{row:?}");
        }
    }
}
