//! The release of a Linux distribution, and the first two numbers of a version.
//!
//! Invariant: only text; [`Root::release`](crate::root::Root::release) reads the file.

use serde::{Deserialize, Serialize};

/// The release of a Linux distribution, from `os-release` (os-release(5)). A missing field is
/// empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Release {
    /// `ID`: `alpine`, `debian`.
    pub id: String,
    /// `VERSION_ID`: `3.20.3`, `12`.
    pub version: String,
    /// `VERSION_CODENAME`: `bookworm`.
    pub codename: String,
    /// `PRETTY_NAME`: `Alpine Linux v3.20`.
    pub pretty_name: String,
}

impl Release {
    /// Reads the text of `os-release`.
    pub fn parse(text: &str) -> Release {
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.map(|value| value.trim().trim_matches(['"', '\'']).to_owned()).unwrap_or_default()
        };
        Release {
            id: value("ID"),
            version: value("VERSION_ID"),
            codename: value("VERSION_CODENAME"),
            pretty_name: value("PRETTY_NAME"),
        }
    }
}

/// The first two numbers of a version, `3.20` of `3.20.3`: they distinguish the releases of a Linux
/// distribution, and of Python. A shorter version is returned whole.
pub fn major_minor(version: &str) -> &str {
    let cut = version.match_indices('.').nth(1).map_or(version.len(), |(at, _)| at);
    &version[..cut]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release() {
        let release = Release::parse(
            "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID='12'\nVERSION=x\n",
        );
        assert_eq!((release.id.as_str(), release.version.as_str()), ("debian", "12"));
        assert_eq!(release.pretty_name, "Debian GNU/Linux 12 (bookworm)");
        assert_eq!(release.codename, "");
        assert_eq!(Release::parse(""), Release::default());
    }

    #[test]
    fn first_two_numbers() {
        for (version, expect) in
            [("3.11.7", "3.11"), ("3.20", "3.20"), ("12", "12"), ("", ""), ("3.11.7.1", "3.11")]
        {
            assert_eq!(major_minor(version), expect, "{version}");
        }
    }
}
