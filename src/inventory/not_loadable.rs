//! The files that the builder cannot load either, as a bundle tells them to `verify`.
//!
//! Whoever verifies a final root has no builder to compare with: the promise is only that files which could
//! be loaded there can be loaded here.
//!
//! Invariant: a line that is no path below the prefix costs that line only.

use std::collections::BTreeSet;

use crate::path::RealPath;

/// The list below the prefix of a bundle; absent when it would be empty.
pub const NOT_LOADABLE: &str = "lib/wheelbarrow/not-loadable";

/// A line for each path, relative to `prefix`.
pub fn not_loadable_text<'a>(
    prefix: &RealPath,
    paths: impl Iterator<Item = &'a RealPath>,
) -> String {
    paths.filter_map(|path| path.below(prefix)).map(|below| format!("{below}\n")).collect()
}

/// The paths of such a list.
pub fn parse_not_loadable(prefix: &RealPath, text: &str) -> BTreeSet<RealPath> {
    text.lines().filter_map(|line| RealPath::try_from(format!("{prefix}/{line}")).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_are_written() {
        let prefix = RealPath::known("/opt/app");
        let paths = ["/opt/app/a b.so", "/opt/app/lib/c.so"].map(RealPath::known);
        let text = not_loadable_text(&prefix, paths.iter());
        assert_eq!(text, "a b.so\nlib/c.so\n");
        assert_eq!(parse_not_loadable(&prefix, &text), BTreeSet::from(paths));
        assert!(parse_not_loadable(&prefix, "../x\n\n/y\na\0b\n").is_empty());
    }
}
