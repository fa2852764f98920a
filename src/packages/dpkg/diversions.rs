//! Diversions: files that are installed under another name (dpkg-divert(1)).
//!
//! Invariant: no I/O, and a bad group of lines costs only that group.

use rustc_hash::FxHashMap;

use crate::packages::database::Problem;

/// The files that all packages but one install under another name.
#[derive(Debug, Default)]
pub(super) struct Diversions(FxHashMap<String, (String, String)>);

impl Diversions {
    /// The real place of the file `path` of `package`. A local diversion (`:`) names no package, so
    /// it applies to all.
    pub(super) fn apply<'a>(&'a self, package: &str, path: &'a str) -> &'a str {
        match self.0.get(path) {
            Some((target, by)) if by != package => target,
            _ => path,
        }
    }
}

/// Reads groups of three lines: the path, its new name, the package that asked for the diversion.
pub(super) fn parse_diversions(text: &str) -> (Diversions, Vec<Problem>) {
    let (mut diversions, mut problems) = (Diversions::default(), Vec::new());
    let lines: Vec<&str> = text.lines().collect();
    for (index, group) in lines.chunks(3).enumerate() {
        match group {
            [path, target, by] if path.starts_with('/') && target.starts_with('/') => {
                diversions.0.insert((*path).to_owned(), ((*target).to_owned(), (*by).to_owned()));
            }
            _ => problems.push(Problem {
                line: index * 3 + 1,
                message: "not two absolute paths and a package".to_owned(),
            }),
        }
    }
    (diversions, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diversions() {
        let (diversions, problems) =
            parse_diversions("/bin/sh\n/bin/sh.distrib\ndash\n/a\n/b\n:\n/c\n");
        assert_eq!(problems[0].line, 7);
        assert_eq!(diversions.apply("dash", "/bin/sh"), "/bin/sh");
        assert_eq!(diversions.apply("bash", "/bin/sh"), "/bin/sh.distrib");
        assert_eq!(diversions.apply("any", "/a"), "/b");
    }

    #[test]
    fn truncation_never_panics() {
        let text = "/bin/sh\n/bin/sh.distrib\ndash\n/a\n";
        for cut in 0..text.len() {
            parse_diversions(&text[..cut]);
        }
    }
}
