//! The packages that somebody asked apk for: `world` (apk-world(5)).
//!
//! Invariant: no I/O; a word that excludes a package is no wish.

use std::collections::BTreeSet;

/// The names, without versions and repositories.
pub(super) fn parse_wishes(text: &str) -> BTreeSet<String> {
    let words = text.split_whitespace().filter(|word| !word.starts_with('!'));
    let names = words.filter_map(|word| word.split(['<', '>', '=', '~', '@']).next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_versions() {
        let names = parse_wishes("alpine-base\nlibpq=16.4-r0\n!busybox\nffmpeg>6\nx@edge y~1 =\n");
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(names, ["alpine-base", "ffmpeg", "libpq", "x", "y"]);
    }
}
