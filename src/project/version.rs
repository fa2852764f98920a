//! The version of Python: `--python`, then `.python-version`, then `requires-python`.
//!
//! Invariant: the choice says where it comes from; only a version with an image is chosen.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

use super::error::ProjectError;
use super::facts::Project;
use super::image::Minor;

/// Taken where nothing tells.
const DEFAULT: Minor = Minor(13);
/// The oldest version that is taken while a newer one is allowed, too.
const OLDEST: Minor = Minor(11);

/// A version with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Python {
    /// The version.
    pub minor: Minor,
    /// Where it comes from, as a comment says it.
    pub because: String,
}

/// Chooses; an error only when the typed version has no image, or the project does not allow it.
pub(super) fn choose(project: &Project, typed: Option<Minor>) -> Result<Python, ProjectError> {
    let python = |minor, because: &str| Python { minor, because: because.to_owned() };
    let requires = project.manifest.as_ref().and_then(|it| it.requires_python.as_deref());
    let allowed = requires.and_then(parse_requires);
    let allows = |minor: &Minor| allowed.as_ref().is_some_and(|it| contains(it, *minor));
    let refused = |minor: &Minor| allowed.is_some() && !allows(minor);
    if let Some(minor) = typed {
        return match requires.filter(|_| refused(&minor)) {
            Some(requires) => {
                Err(ProjectError::NotAllowed { minor, requires: requires.to_owned() })
            }
            None if minor.has_image() => Ok(python(minor, "given with --python")),
            None => Err(ProjectError::NoImage(minor)),
        };
    }
    let of_file = project.python_version.as_deref().and_then(parse_python_version);
    if let Some(minor) = of_file.filter(|minor| minor.has_image() && !refused(minor)) {
        return Ok(python(minor, "named by .python-version"));
    }
    if requires.is_none() {
        return Ok(python(DEFAULT, "the default; the project does not name a version"));
    }
    let lowest = Minor::known().filter(|minor| *minor >= OLDEST).find(allows);
    Ok(match (lowest, Minor::known().rev().find(allows)) {
        (Some(minor), _) => python(minor, "the lowest from 3.11 that requires-python allows"),
        (None, Some(minor)) => python(minor, "the highest that requires-python allows"),
        (None, None) => {
            python(DEFAULT, "the default; requires-python allows no version with an image")
        }
    })
}

/// The first CPython that `.python-version` names (pyenv, uv): `3.12.4`, `cpython-3.12`, `3.13t` is
/// none.
fn parse_python_version(text: &str) -> Option<Minor> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let plain = |line: &str| {
        let line = line.strip_prefix("cpython").unwrap_or(line);
        let line = line.strip_prefix("python").unwrap_or(line);
        Minor::parse(line.trim_start_matches(['-', '@']))
    };
    lines.flat_map(str::split_whitespace).find_map(plain)
}

/// Specifiers of PEP 440, and those of Poetry: `^3.11`, `~3.11`, `3.11`, `3.11.*`, `*`.
fn parse_requires(text: &str) -> Option<VersionSpecifiers> {
    let parts = text.split(',').map(|part| part.split_whitespace().collect::<String>());
    let parts: Vec<String> = parts
        .filter(|part| !part.is_empty() && part != "*")
        .map(|part| {
            let upper = |base: &str, index: usize| {
                let mut numbers: Vec<u64> =
                    base.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
                numbers.truncate(index + 1);
                *numbers.last_mut()? += 1;
                let upper: Vec<String> = numbers.iter().map(u64::to_string).collect();
                Some(format!(">={base},<{}", upper.join(".")))
            };
            match part.as_bytes() {
                [b'^', ..] => upper(&part[1..], 0),
                [b'~', next, ..] if *next != b'=' => upper(&part[1..], 1),
                [b'0'..=b'9', ..] if part.matches('.').count() < 2 => Some(format!("=={part}.*")),
                [b'0'..=b'9', ..] => Some(format!("=={part}")),
                _ => Some(part),
            }
        })
        .collect::<Option<_>>()?;
    VersionSpecifiers::from_str(&parts.join(",")).ok()
}

/// Whether some patch release of a minor version is allowed.
fn contains(allowed: &VersionSpecifiers, minor: Minor) -> bool {
    let ends = [0, 99].map(|patch| Version::new([3, u64::from(minor.0), patch]));
    let named = allowed.iter().map(|specifier| specifier.version().clone());
    let of_minor = named.filter(|it| it.release().get(1) == Some(&u64::from(minor.0)));
    of_minor.chain(ends).any(|version| allowed.contains(&version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requires_python_is_read_as_pip_and_poetry_write_it() {
        let check = |text: &str, expect: &str| {
            let allowed = parse_requires(text);
            let all =
                Minor::known().filter(|it| allowed.as_ref().is_some_and(|a| contains(a, *it)));
            let all: Vec<String> = all.map(|minor| minor.to_string()).collect();
            assert_eq!(all.join(" "), expect, "{text}");
        };
        check(">=3.12", "3.12 3.13 3.14");
        check(">=3.11.4,<3.13", "3.11 3.12");
        check("^3.12", "3.12 3.13 3.14");
        check("~3.12", "3.12");
        check("~=3.12.1", "3.12");
        check("3.10", "3.10");
        check("3.11.*", "3.11");
        check("==3.11.7", "3.11");
        check(">=3.9, <4.0, !=3.9.7", "3.9 3.10 3.11 3.12 3.13 3.14");
        check("*", "3.9 3.10 3.11 3.12 3.13 3.14");
        check("^3.11 || ^2.7", "");
        check("<3", "");
    }

    #[test]
    fn python_version_files_name_a_version() {
        let check = |text: &str, expect: Option<u8>| {
            assert_eq!(parse_python_version(text), expect.map(Minor), "{text}");
        };
        check("3.12\n", Some(12));
        check("# ours\n3.12.4\n", Some(12));
        check("cpython@3.13", Some(13));
        check("cpython-3.11.2", Some(11));
        check("pypy3.10 3.12", Some(12));
        check("our-environment", None);
        check("3.13t", None);
    }
}
