//! Paths of the builder in what is written: they lead nowhere in the final root.
//!
//! Invariant: a path is found whole, wherever the blocks of a file are cut.

use memchr::memmem;

/// The prefixes of the environment in the builder.
pub struct BuilderPaths(Vec<memmem::Finder<'static>>);

impl BuilderPaths {
    pub fn new(prefixes: &[String]) -> BuilderPaths {
        BuilderPaths(
            prefixes
                .iter()
                .map(|prefix| memmem::Finder::new(prefix.as_bytes()).into_owned())
                .collect(),
        )
    }

    /// Bytes that two blocks must share: a path and the two bytes before it.
    pub fn overlap(&self) -> usize {
        self.0.iter().map(|finder| finder.needle().len() + 2).max().unwrap_or(0)
    }

    /// Whether one is in `bytes`: `/opt/app` is not in `/opt/application` nor in `/srv/opt/app`,
    /// but in `-L/opt/app`. What ends with the block is judged with the next one, unless this is the last;
    /// what begins with it was judged with the one before, unless this is the first.
    pub fn are_in(&self, bytes: &[u8], first: bool, last: bool) -> bool {
        let goes_on =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let begins = |at: usize| match &bytes[..at] {
            [] => first,
            [.., b'-', letter] if letter.is_ascii_alphabetic() => true,
            [.., before] => !goes_on(before),
        };
        let ends = |at: usize| bytes.get(at).map_or(last, |next| !goes_on(next));
        let whole = |at: usize, length: usize| begins(at) && ends(at + length);
        self.0
            .iter()
            .any(|finder| finder.find_iter(bytes).any(|at| whole(at, finder.needle().len())))
    }
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
}
