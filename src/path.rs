//! The two kinds of path inside a root.
//!
//! [`WrittenPath`] is a path as somebody wrote it: in `DT_RUNPATH`, in a link, in `RECORD`. It may
//! be relative, contain `..`, and cross links. [`RealPath`] has no link among its parents and is
//! the key of every fact. Only [`crate::root::Root`] turns the first into the second.
//!
//! Invariant: neither converts to `std::path::Path`, so nobody opens a host file by accident. `..`
//! is never collapsed here, because `a/../b` is another file if `a` is a link.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// The directories in which the kernel shows itself. They hold no files of an image.
pub const OF_KERNEL: [&str; 3] = ["/dev", "/proc", "/sys"];

/// An absolute, normalised path inside a root, all of whose parents are real directories.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct RealPath(String);

impl TryFrom<String> for RealPath {
    type Error = String;

    fn try_from(text: String) -> Result<RealPath, String> {
        let normal = text == "/"
            || text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_component));
        if normal {
            Ok(RealPath(text))
        } else {
            Err(format!("not an absolute normalised path: {text:?}"))
        }
    }
}

impl<'de> Deserialize<'de> for RealPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RealPath, D::Error> {
        RealPath::try_from(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl RealPath {
    /// The root directory itself, `/`.
    pub fn root() -> RealPath {
        RealPath("/".to_owned())
    }

    /// A path that is known to have no links, such as that of a fixture or a generated file.
    ///
    /// # Panics
    /// If `path` is not absolute and normalised.
    pub fn known(path: &str) -> RealPath {
        RealPath::try_from(path.to_owned()).unwrap_or_else(|why| panic!("{why}"))
    }

    /// The entry `name` of this directory.
    ///
    /// # Panics
    /// If `name` is not one plain component.
    pub fn join(&self, name: &str) -> RealPath {
        assert!(is_component(name), "not a path component: {name:?}");
        let directory = if self.0 == "/" { "" } else { &self.0 };
        RealPath([directory, "/", name].concat())
    }

    /// The path `relative` below this directory; `relative` consists of plain components.
    pub fn descend(&self, relative: &str) -> RealPath {
        relative
            .split('/')
            .filter(|part| !part.is_empty())
            .fold(self.clone(), |path, part| path.join(part))
    }

    /// The directory that holds this entry; `None` for `/`.
    pub fn parent(&self) -> Option<RealPath> {
        match self.0.rfind('/')? {
            0 if self.0 == "/" => None,
            0 => Some(RealPath::root()),
            cut => Some(RealPath(self.0[..cut].to_owned())),
        }
    }

    /// The last component; empty for `/`.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The absolute form, `/usr/lib`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form without the leading slash, `usr/lib`; empty for `/`.
    pub fn relative(&self) -> &str {
        &self.0[1..]
    }

    /// The rest of this path below `directory`; `None` if it is not below it.
    pub fn below<'a>(&'a self, directory: &RealPath) -> Option<&'a str> {
        if directory.0 == "/" {
            return Some(self.relative());
        }
        let rest = self.0.strip_prefix(&directory.0)?;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
    }

    /// This path relative to `directory`, with `..` where needed; `.` for the directory itself.
    pub fn relative_to(&self, directory: &RealPath) -> String {
        let ups = std::iter::successors(Some(directory.clone()), RealPath::parent)
            .take_while(|above| self.below(above).is_none())
            .count();
        let shared = std::iter::successors(Some(directory.clone()), RealPath::parent)
            .find_map(|above| self.below(&above).map(str::to_owned));
        let path = format!("{}{}", "../".repeat(ups), shared.unwrap_or_default());
        if path.is_empty() { ".".to_owned() } else { path }
    }

    /// Every parent directory, nearest first; the last is `/`.
    pub fn ancestors(&self) -> impl Iterator<Item = RealPath> + use<> {
        std::iter::successors(self.parent(), RealPath::parent)
    }
}

fn is_component(part: &str) -> bool {
    !part.is_empty() && part != "." && part != ".." && !part.contains('/') && !part.contains('\0')
}

/// Whether a path can begin after these bytes of a text: `/opt/app` does in `-L/opt/app` and `x='/opt/app'`, but
/// not in `/srv/opt/app`.
pub fn begins_path(before: &[u8]) -> bool {
    match before {
        [.., b'-', letter] if letter.is_ascii_alphabetic() => true,
        [.., last] => !goes_on(*last),
        [] => true,
    }
}

/// Whether a path can end before this byte of a text: `/opt/app` does not in `/opt/application`.
pub fn ends_path(next: Option<u8>) -> bool {
    next.is_none_or(|byte| !goes_on(byte))
}

fn goes_on(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The text with `new` in each place where the whole path `old` is, or one below it.
pub fn replace_whole(text: &str, old: &str, new: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut done = 0;
    for (at, found) in text.match_indices(old) {
        let end = at + found.len();
        if begins_path(&text.as_bytes()[..at]) && ends_path(text.as_bytes().get(end).copied()) {
            replaced.push_str(&text[done..at]);
            replaced.push_str(new);
            done = end;
        }
    }
    replaced + &text[done..]
}

impl fmt::Display for RealPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RealPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A path as written, with a meaning only inside some root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WrittenPath(String);

impl WrittenPath {
    /// Wraps the text unchanged.
    pub fn new(text: impl Into<String>) -> WrittenPath {
        WrittenPath(text.into())
    }

    /// Appends `rest`; an absolute `rest` replaces everything, as in `open(2)`.
    pub fn join(&self, rest: &str) -> WrittenPath {
        if rest.starts_with('/') || self.0.is_empty() {
            WrittenPath(rest.to_owned())
        } else if self.0.ends_with('/') {
            WrittenPath(format!("{}{rest}", self.0))
        } else {
            WrittenPath(format!("{}/{rest}", self.0))
        }
    }

    /// The directory part of the text, without following links: the meaning of `$ORIGIN`.
    pub fn directory(&self) -> WrittenPath {
        match self.0.rfind('/') {
            Some(0) => WrittenPath("/".to_owned()),
            Some(cut) => WrittenPath(self.0[..cut].to_owned()),
            None => WrittenPath(".".to_owned()),
        }
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&RealPath> for WrittenPath {
    fn from(path: &RealPath) -> WrittenPath {
        WrittenPath(path.0.clone())
    }
}

impl fmt::Display for WrittenPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_and_remainders() {
        let path = RealPath::known("/usr/lib/libz.so.1");
        assert_eq!(path.parent(), Some(RealPath::known("/usr/lib")));
        assert_eq!(path.below(&RealPath::known("/usr")), Some("lib/libz.so.1"));
        assert_eq!(path.below(&RealPath::known("/us")), None);
        assert_eq!(RealPath::known("/usr").parent(), Some(RealPath::root()));
        assert_eq!(RealPath::root().parent(), None);
        assert_eq!(path.ancestors().count(), 3);
        assert_eq!(path.relative_to(&RealPath::known("/usr/bin")), "../lib/libz.so.1");
        assert_eq!(path.relative_to(&RealPath::known("/usr/lib")), "libz.so.1");
        assert_eq!(path.relative_to(&path), ".");
    }

    #[test]
    fn whole_paths_are_replaced() {
        for (text, expect) in [
            ("Exec=/opt/venv/bin/a %U", "Exec=/opt/app/bin/a %U"),
            (
                r#"["/opt/venv/bin/python", "-L/opt/venv"]"#,
                r#"["/opt/app/bin/python", "-L/opt/app"]"#,
            ),
            ("/opt/venv2 /srv/opt/venv /opt/venv.d", "/opt/venv2 /srv/opt/venv /opt/venv.d"),
            ("/opt/venv:/opt/venv", "/opt/app:/opt/app"),
            ("é/opt/venv", "é/opt/app"),
        ] {
            assert_eq!(replace_whole(text, "/opt/venv", "/opt/app"), expect);
        }
    }

    #[test]
    fn written_paths_are_not_collapsed() {
        let path = WrittenPath::new("/a/link/..").join("b");
        assert_eq!(path.as_str(), "/a/link/../b");
        assert_eq!(path.join("/x").as_str(), "/x");
        assert_eq!(WrittenPath::new("/a").directory().as_str(), "/");
    }
}
