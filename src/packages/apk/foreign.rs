//! Packages that the repositories of an Alpine release do not have, from apk-world(5).
//!
//! Invariant: no I/O. Without evidence a package is one of the release.

use std::collections::BTreeMap;

/// The packages of `world` that are installed from a file or from a tagged repository, each with its origin.
/// `apk add ./FILE.apk` writes `NAME><CHECKSUM`, and `apk add NAME@TAG` keeps the tag.
pub(super) fn parse_world(text: &str) -> BTreeMap<&str, String> {
    let mut foreign = BTreeMap::new();
    for word in text.split_whitespace() {
        if let Some((name, _)) = word.split_once("><") {
            foreign.insert(name, "a file".to_owned());
        } else if let Some((name, tag)) = word.split_once('@') {
            let name = name.split(['=', '<', '>', '~']).next().unwrap_or(name);
            foreign.insert(name, format!("the repository @{tag}"));
        }
    }
    foreign
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_world() {
        let foreign =
            parse_world("busybox\nlibx><Q1abc=\nliby=1.0@edge libz@testing\nso:liba.so.1\n");
        let shown: Vec<String> =
            foreign.iter().map(|(name, origin)| format!("{name}: {origin}")).collect();
        assert_eq!(
            shown.join(", "),
            "libx: a file, liby: the repository @edge, libz: the repository @testing"
        );
    }
}
