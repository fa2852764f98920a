//! Finds paths of the builder in written files: they lead nowhere in the final root.
//!
//! Invariant: a path is found even if it crosses the border of two blocks.

use memchr::memmem;

use crate::path::{RealPath, begins_path, ends_path};

/// The prefixes of the environment in the builder.
pub(super) struct BuilderPaths(Vec<memmem::Finder<'static>>);

impl BuilderPaths {
    pub(super) fn new(prefixes: &[String]) -> BuilderPaths {
        BuilderPaths(
            prefixes
                .iter()
                .map(|prefix| memmem::Finder::new(prefix.as_bytes()).into_owned())
                .collect(),
        )
    }

    /// The bytes that two blocks must share: a path and the two bytes before it.
    pub(super) fn overlap(&self) -> usize {
        self.0.iter().map(|finder| finder.needle().len() + 2).max().unwrap_or(0)
    }

    /// Whether one of the paths is in `bytes`. `/opt/app` is in `-L/opt/app`, but not in
    /// `/opt/application` or `/srv/opt/app`. A match at the end of the block is left to the next
    /// block, unless this is the last. A match at the start was left to the block before, unless
    /// this is the first.
    pub(super) fn are_in(&self, bytes: &[u8], first: bool, last: bool) -> bool {
        let begins = |at: usize| if at == 0 { first } else { begins_path(&bytes[..at]) };
        let ends = |at: usize| bytes.get(at).map_or(last, |next| ends_path(Some(*next)));
        let whole = |at: usize, length: usize| begins(at) && ends(at + length);
        self.0
            .iter()
            .any(|finder| finder.find_iter(bytes).any(|at| whole(at, finder.needle().len())))
    }
}

/// Whether a file is the description of a distribution: a path in its text is an example for people.
pub(super) fn is_description(path: &RealPath) -> bool {
    let of_distribution = |directory: &RealPath| {
        directory.name().ends_with(".dist-info") || directory.name().ends_with(".egg-info")
    };
    matches!(path.name(), "METADATA" | "PKG-INFO")
        && path.parent().as_ref().is_some_and(of_distribution)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_builder_are_whole() {
        let paths = BuilderPaths::new(&["/venv".to_owned()]);
        for (text, expect) in [
            ("/venv", true),
            ("file:///venv/x", true),
            ("-I/venv/include", true),
            ("x='/venv'", true),
            ("/opt/venv/bin", false),
            ("/venv2", false),
            ("/venv.d", false),
        ] {
            assert_eq!(paths.are_in(text.as_bytes(), true, true), expect, "{text}");
        }
        assert!(!paths.are_in(b"/venv", true, false) && !paths.are_in(b"/venv", false, true));
    }

    #[test]
    fn descriptions_of_distributions() {
        for (path, expect) in [
            ("/v/black-1.0.dist-info/METADATA", true),
            ("/v/black-1.0.egg-info/PKG-INFO", true),
            ("/v/black/METADATA", false),
            ("/v/black-1.0.dist-info/direct_url.json", false),
        ] {
            assert_eq!(is_description(&RealPath::known(path)), expect, "{path}");
        }
    }
}
