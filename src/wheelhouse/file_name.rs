//! The file name of a wheel, which is enough to select one.
//!
//! Invariant: only the text is used; a [`WheelName`] has at least one tag of each kind.

use std::fmt;

use pep440_rs::Version;

use crate::python::normalised_name;

/// `{name}-{version}(-{build})?-{python}-{abi}-{platform}.whl` (PEP 427, "File name convention").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelName {
    /// The file name as written.
    pub file: String,
    /// The distribution's name as written: `ruamel.yaml`, `PySocks`.
    pub name: String,
    /// The name normalised by PEP 503: `ruamel-yaml`.
    pub key: String,
    /// The version (PEP 440).
    pub version: Version,
    /// The number and the text of the build tag. A wheel without a build tag sorts first.
    pub build: Option<(u64, String)>,
    /// The Python tags in lower case: `py2` and `py3` of `py2.py3`.
    pub pythons: Vec<String>,
    /// The ABI tags in lower case.
    pub abis: Vec<String>,
    /// The platform tags in lower case.
    pub platforms: Vec<String>,
}

/// The reason why a file name is not that of a wheel. Each message continues a sentence about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WheelNameError {
    /// The suffix is missing; it is in lower case (PEP 427).
    #[error("does not end in .whl")]
    Suffix,
    /// Another number of parts between hyphens.
    #[error(
        "has {found} part{} between hyphens; a wheel has 5, or 6 with a build tag",
        if *found == 1 { "" } else { "s" }
    )]
    Parts {
        /// The number of parts.
        found: usize,
    },
    /// A name that no distribution can have.
    #[error("{name:?} is not the name of a distribution")]
    Name {
        /// The part as written.
        name: String,
    },
    /// A version that PEP 440 does not allow.
    #[error("{version:?} is not a version (PEP 440)")]
    Version {
        /// The part as written.
        version: String,
    },
    /// A build tag that does not begin with a number.
    #[error("the build tag {build:?} is not a number followed by letters")]
    Build {
        /// The part as written.
        build: String,
    },
    /// A part of the tags with other characters than letters, digits, `_` and `.`.
    #[error("{tag:?} is not a set of tags")]
    Tag {
        /// The part as written.
        tag: String,
    },
}

impl WheelName {
    /// Reads a file name, without any directory.
    ///
    /// # Errors
    /// The first part of the name that PEP 427 does not allow.
    pub fn parse(file: &str) -> Result<WheelName, WheelNameError> {
        let stem = file.strip_suffix(".whl").ok_or(WheelNameError::Suffix)?;
        let parts: Vec<&str> = stem.split('-').collect();
        let (name, version, build, tags) = match parts[..] {
            [name, version, python, abi, platform] => {
                (name, version, None, [python, abi, platform])
            }
            [name, version, build, python, abi, platform] => {
                (name, version, Some(build), [python, abi, platform])
            }
            _ => return Err(WheelNameError::Parts { found: parts.len() }),
        };
        let [pythons, abis, platforms] = tags.map(tag_set);
        Ok(WheelName {
            file: file.to_owned(),
            name: distribution_name(name)?.to_owned(),
            key: normalised_name(name),
            version: parse_version(version)?,
            build: build.map(parse_build).transpose()?,
            pythons: pythons?,
            abis: abis?,
            platforms: platforms?,
        })
    }

    /// The tags as the file name has them, in lower case: `py2.py3-none-any`.
    pub fn tags(&self) -> String {
        format!("{}-{}-{}", self.pythons.join("."), self.abis.join("."), self.platforms.join("."))
    }
}

impl fmt::Display for WheelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)
    }
}

/// Letters, digits, `.` and `_`. `__` would be an escape, which no build tool writes.
fn distribution_name(name: &str) -> Result<&str, WheelNameError> {
    let plain =
        name.chars().all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '.');
    let fine = plain && name.contains(char::is_alphanumeric) && !name.contains("__");
    if fine { Ok(name) } else { Err(WheelNameError::Name { name: name.to_owned() }) }
}

/// A version whose `-` is written as `_`, as in every part of the name.
fn parse_version(written: &str) -> Result<Version, WheelNameError> {
    written
        .replace('_', "-")
        .parse()
        .map_err(|_| WheelNameError::Version { version: written.to_owned() })
}

fn parse_build(build: &str) -> Result<(u64, String), WheelNameError> {
    let digits = build.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = build.split_at(digits);
    let plain =
        rest.chars().all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '.');
    let number = number.parse().ok().filter(|_| plain);
    Ok((number.ok_or_else(|| WheelNameError::Build { build: build.to_owned() })?, rest.to_owned()))
}

fn tag_set(written: &str) -> Result<Vec<String>, WheelNameError> {
    let tags: Vec<String> = written.split('.').map(str::to_ascii_lowercase).collect();
    let plain = |tag: &String| {
        !tag.is_empty() && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if tags.iter().all(plain) {
        Ok(tags)
    } else {
        Err(WheelNameError::Tag { tag: written.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_name() {
        let wheel = WheelName::parse(
            "Ruamel.Yaml-0.18.6-2b-cp311-CP311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        )
        .unwrap();
        assert_eq!((wheel.name.as_str(), wheel.key.as_str()), ("Ruamel.Yaml", "ruamel-yaml"));
        assert_eq!(
            (wheel.version.to_string().as_str(), wheel.build.as_ref()),
            ("0.18.6", Some(&(2, "b".to_owned())))
        );
        assert_eq!(wheel.platforms, ["manylinux_2_17_x86_64", "manylinux2014_x86_64"]);
        assert_eq!(wheel.tags(), "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64");
        for (file, version) in [
            ("a-1_1-py3-none-any.whl", "1.post1"),
            ("a-1+l_1-py3-none-any.whl", "1+l.1"),
            ("a-1RC1-py3-none-any.whl", "1rc1"),
        ] {
            assert_eq!(WheelName::parse(file).unwrap().version.to_string(), version, "{file}");
        }
    }

    #[test]
    fn names_that_are_none() {
        for (file, why) in [
            ("", "does not end in .whl"),
            ("a-1.tar.gz", "does not end in .whl"),
            ("a-1-py3-none-any.WHL", "does not end in .whl"),
            (".whl", "has 1 part between hyphens; a wheel has 5, or 6 with a build tag"),
            (
                "a-1-py3-none.whl",
                "has 4 parts between hyphens; a wheel has 5, or 6 with a build tag",
            ),
            (
                "a-1-1-1-py3-none-any.whl",
                "has 7 parts between hyphens; a wheel has 5, or 6 with a build tag",
            ),
            ("-1-py3-none-any.whl", "\"\" is not the name of a distribution"),
            ("_-1-py3-none-any.whl", "\"_\" is not the name of a distribution"),
            ("a__b-1-py3-none-any.whl", "\"a__b\" is not the name of a distribution"),
            ("../a-1-py3-none-any.whl", "\"../a\" is not the name of a distribution"),
            ("a-one-py3-none-any.whl", "\"one\" is not a version (PEP 440)"),
            ("a-1-b2-py3-none-any.whl", "the build tag \"b2\" is not a number followed by letters"),
            (
                "a-1-99999999999999999999-py3-none-any.whl",
                "the build tag \"99999999999999999999\" is not a number followed by letters",
            ),
            (
                "a-1-1/b-py3-none-any.whl",
                "the build tag \"1/b\" is not a number followed by letters",
            ),
            ("a-1-py3.-none-any.whl", "\"py3.\" is not a set of tags"),
            ("a-1-py3-none-.whl", "\"\" is not a set of tags"),
        ] {
            assert_eq!(WheelName::parse(file).unwrap_err().to_string(), why, "{file}");
        }
    }

    #[test]
    fn no_truncation_panics() {
        let text = "\u{e9}-1.0-1\u{e9}-py3.py2-none-any.whl";
        for (start, _) in text.char_indices() {
            for (end, _) in text.char_indices().filter(|(end, _)| *end >= start) {
                let _ = (
                    WheelName::parse(&text[start..end]),
                    WheelName::parse(&format!("{}.whl", &text[start..end])),
                );
            }
        }
    }
}
