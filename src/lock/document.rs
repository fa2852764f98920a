//! The TOML of a lock.
//!
//! Invariant: `parse_lock(lock.to_toml())` is the same lock; text of the input is escaped.

use serde::Deserialize;

use super::{Lock, SCHEMA};
use crate::hint::Hint;

/// Above the document: tells a reader where it comes from.
const HEADER: &str = "\
# Written by `wheelbarrow lock`. `wheelbarrow bundle --locked FILE` compares the result with it.
# Do not edit it by hand: run `wheelbarrow lock` and review the difference. Sizes are in bytes.
";

/// Why a text is no lock.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// The text is no TOML, or has other keys than a lock.
    #[error("line {line}: {message}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// In one line.
        message: String,
    },
    /// A lock of another schema.
    #[error(
        "line {line}: the lock has version {found}, and this wheelbarrow reads version {SCHEMA}"
    )]
    Version {
        /// Counted from 1.
        line: usize,
        /// The version that it has.
        found: i64,
    },
}

impl Hint for LockError {
    fn hint(&self) -> Option<&str> {
        Some(match self {
            LockError::Syntax { .. } => {
                "restore the file from version control, or remove it and run `wheelbarrow lock`"
            }
            LockError::Version { .. } => {
                "use the wheelbarrow that wrote the file, or remove it and run `wheelbarrow lock`"
            }
        })
    }
}

/// The first thing to look at.
#[derive(Deserialize)]
struct Versioned {
    version: toml::Spanned<i64>,
}

/// Parses the text of `wheelbarrow.lock`.
///
/// # Errors
/// The first line that is not understood, or the version if it is another one.
pub fn parse_lock(text: &str) -> Result<Lock, LockError> {
    let syntax = |error: toml::de::Error| LockError::Syntax {
        line: line_of(text, error.span().map_or(0, |span| span.start)),
        message: error.message().lines().collect::<Vec<_>>().join(" "),
    };
    let Versioned { version } = toml::from_str(text).map_err(syntax)?;
    if *version.get_ref() != i64::from(SCHEMA) {
        let line = line_of(text, version.span().start);
        return Err(LockError::Version { line, found: *version.get_ref() });
    }
    toml::from_str(text).map(Lock::complete).map_err(syntax)
}

/// The line of a byte, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

impl Lock {
    /// The text of `wheelbarrow.lock`.
    pub fn to_toml(&self) -> String {
        let document = toml::to_string_pretty(self).expect("sizes are within TOML's integers");
        format!("{HEADER}{document}")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::lock::{LockedDistribution, LockedPackage, LockedPython, LockedSize, PackageOrigin};
    use crate::plan::{LibraryOrigin, PlannedLibrary};

    /// A lock of lines: `package NAME VERSION ORIGIN SIZE`, `distribution NAME VERSION SIZE`,
    /// `library NAME ORIGIN PACKAGE NEEDED_BY`.
    pub(in crate::lock) fn lock(lines: &str) -> Lock {
        let mut lock = Lock {
            version: SCHEMA,
            wheelbarrow: "0.1.0".to_owned(),
            base: Some("python:3.11-alpine3.20".to_owned()),
            prefix: "/opt/app".to_owned(),
            python: LockedPython {
                implementation: "cpython".to_owned(),
                version: "3.11.9".to_owned(),
                abi: Some("cpython-311-x86_64-linux-musl".to_owned()),
                path: "/usr/local/bin/python3.11".to_owned(),
            },
            size: LockedSize { bundle: 0, packages: 0 },
            packages: Vec::new(),
            distributions: Vec::new(),
            libraries: Vec::new(),
        };
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                ["package", name, version, origin, size] => lock.packages.push(LockedPackage {
                    name: name.to_owned(),
                    version: version.to_owned(),
                    origin: match origin {
                        "installed" => PackageOrigin::Installed,
                        "dependency" => PackageOrigin::Dependency,
                        _ => PackageOrigin::Bundled,
                    },
                    size: size.parse().unwrap(),
                }),
                ["distribution", name, version, size] => {
                    let size = size.parse().unwrap();
                    lock.size.bundle += size;
                    let (name, version) = (name.to_owned(), version.to_owned());
                    lock.distributions.push(LockedDistribution { name, version, size });
                }
                ["library", name, origin, package, needed_by] => {
                    lock.libraries.push(PlannedLibrary {
                        name: name.to_owned(),
                        origin: match origin {
                            "package" => LibraryOrigin::Package,
                            "bundle" => LibraryOrigin::Bundle,
                            _ => LibraryOrigin::Base,
                        },
                        package: Some(package.to_owned()).filter(|package| package != "-"),
                        needed_by: needed_by.split(',').map(str::to_owned).collect(),
                    });
                }
                _ => panic!("{line}"),
            }
        }
        lock.complete()
    }

    #[test]
    fn the_text_of_a_lock() {
        let lock = lock(
            "package libpq 16.3-r0 installed 400000
             package openldap 2.6 dependency 100000
             distribution psycopg2 2.9.9 900000
             library libpq.so.5 package libpq psycopg2
             library libown.so bundle - numpy,psycopg2",
        );
        insta::assert_snapshot!(lock.to_toml(), @r#"
        # Written by `wheelbarrow lock`. `wheelbarrow bundle --locked FILE` compares the result with it.
        # Do not edit it by hand: run `wheelbarrow lock` and review the difference. Sizes are in bytes.
        version = 1
        wheelbarrow = "0.1.0"
        base = "python:3.11-alpine3.20"
        prefix = "/opt/app"

        [python]
        implementation = "cpython"
        version = "3.11.9"
        abi = "cpython-311-x86_64-linux-musl"
        path = "/usr/local/bin/python3.11"

        [size]
        bundle = 900000
        packages = 500000

        [[package]]
        name = "libpq"
        version = "16.3-r0"
        origin = "installed"
        size = 400000

        [[package]]
        name = "openldap"
        version = "2.6"
        origin = "dependency"
        size = 100000

        [[distribution]]
        name = "psycopg2"
        version = "2.9.9"
        size = 900000

        [[library]]
        name = "libown.so"
        origin = "bundle"
        needed_by = [
            "numpy",
            "psycopg2",
        ]

        [[library]]
        name = "libpq.so.5"
        origin = "package"
        package = "libpq"
        needed_by = ["psycopg2"]
        "#);
        assert_eq!(parse_lock(&lock.to_toml()), Ok(lock));
    }

    #[test]
    fn text_of_the_input_is_escaped() {
        let mut lock = lock("distribution a 1 1");
        lock.distributions[0].name = "a\"\n[[package]]\nname = '\u{1b}".to_owned();
        lock.prefix = "/opt/\"a\"'\\".to_owned();
        assert_eq!(parse_lock(&lock.to_toml()), Ok(lock));
    }

    #[test]
    fn a_size_that_toml_cannot_hold_is_cut() {
        let lock = lock(&format!("package a 1 installed {0}\npackage b 1 installed {0}", u64::MAX));
        assert_eq!(lock.size.packages, LARGEST);
        assert_eq!(parse_lock(&lock.to_toml()), Ok(lock));
    }

    const LARGEST: u64 = super::super::LARGEST_SIZE;

    #[test]
    fn errors_name_the_line() {
        let text = lock("distribution a 1 1").to_toml();
        for (from, to, expect) in [
            ("size = 1", "size = -1", "line "),
            ("version = 1", "version = 7", "line 3: the lock has version 7"),
            ("version = 1", "version = ", "line 3: "),
            ("version = 1\n", "", "line 1: missing field `version`"),
            ("prefix = ", "prefix = 1 #", "line 6: "),
            ("prefix = ", "other = 1\nprefix = ", "unknown field `other`"),
        ] {
            assert!(text.contains(from), "{from}");
            let error = parse_lock(&text.replacen(from, to, 1)).unwrap_err();
            assert!(error.to_string().contains(expect), "{from} -> {to}: {error}");
            assert!(error.hint().is_some());
        }
        // Whatever somebody cuts out of it is an error and no panic.
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let _ = parse_lock(&text[..end]);
        }
    }
}
