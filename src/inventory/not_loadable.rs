//! The files that the builder cannot load either, as a bundle tells them to `verify`.
//!
//! Whoever verifies a final root has no builder to compare with: the promise is only that files which could
//! be loaded there can be loaded here, and that symbols which could be bound there can be bound here.
//!
//! Invariant: a line that is no path costs that line only.

use std::collections::{BTreeMap, BTreeSet};

use crate::path::RealPath;

/// The list below the prefix of a bundle; absent when it would be empty.
pub const NOT_LOADABLE: &str = "lib/wheelbarrow/not-loadable";

/// Files with the symbols that the builder cannot bind; a file without any cannot be loaded at all.
pub type NotLoadable = BTreeMap<RealPath, BTreeSet<String>>;

/// A line for each file: its path, relative to `prefix` if it is below that, and its symbols, with tabs between
/// them.
pub fn not_loadable_text(prefix: &RealPath, files: &NotLoadable) -> String {
    let line = |(path, symbols): (&RealPath, &BTreeSet<String>)| {
        let path = path.below(prefix).unwrap_or(path.as_str());
        let words = std::iter::once(path).chain(symbols.iter().map(String::as_str));
        words.collect::<Vec<_>>().join("\t") + "\n"
    };
    files.iter().map(line).collect()
}

/// The files of such a list.
pub fn parse_not_loadable(prefix: &RealPath, text: &str) -> NotLoadable {
    let file = |line: &str| {
        let mut words = line.split('\t');
        let path = words.next()?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("{prefix}/{path}") };
        Some((RealPath::try_from(path).ok()?, words.map(str::to_owned).collect()))
    };
    text.lines().filter_map(file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_are_written() {
        let prefix = RealPath::known("/opt/app");
        let file = |path: &str, symbols: &[&str]| {
            (RealPath::known(path), symbols.iter().map(|one| (*one).to_owned()).collect())
        };
        let files = NotLoadable::from([
            file("/opt/app/a b.so", &[]),
            file("/opt/app/lib/c.so", &["one", "two"]),
            file("/usr/lib/d.so", &["three"]),
        ]);
        let text = not_loadable_text(&prefix, &files);
        assert_eq!(text, "a b.so\nlib/c.so\tone\ttwo\n/usr/lib/d.so\tthree\n");
        assert_eq!(parse_not_loadable(&prefix, &text), files);
        assert!(parse_not_loadable(&prefix, "../x\n\n//y\na\0b\n").is_empty());
    }
}
