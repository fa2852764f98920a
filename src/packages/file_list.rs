//! The files of a package, in one text: a big root has hundreds of thousands.
//!
//! Invariant: the text is not larger than the paths that were added, and grouping keeps their order.

use std::fmt;

/// The end of a directory and of a name. No path contains it.
const END: char = '\0';
/// The length that Linux gives a path (`PATH_MAX`), in bytes.
const LONGEST: usize = 4096;

/// The absolute paths of a package as recorded, in order. Consecutive paths of one directory share its text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FileList {
    /// Each directory, and after it the names in it.
    text: String,
    /// Where each directory begins in `text`.
    groups: Vec<usize>,
}

impl FileList {
    /// Adds an absolute path. One that no file can have is left out.
    pub(super) fn push(&mut self, path: &str) {
        let Some((directory, name)) = split_name(path) else { return };
        let has_end = memchr::memchr(END as u8, path.as_bytes()).is_some();
        if matches!(name, "" | "." | "..") || has_end || path.len() >= LONGEST {
            return;
        }
        let last = self.groups.last().and_then(|start| self.text[*start..].strip_prefix(directory));
        if !last.is_some_and(|rest| rest.starts_with(END)) {
            self.groups.push(self.text.len());
            self.add(directory);
        }
        self.add(name);
    }

    fn add(&mut self, part: &str) {
        self.text.push_str(part);
        self.text.push(END);
    }

    /// The paths.
    pub fn iter(&self) -> impl Iterator<Item = String> {
        self.directories().enumerate().flat_map(|(number, directory)| {
            self.names(number).map(move |(_, name)| format!("{directory}/{name}"))
        })
    }

    /// The directories, numbered from 0. Those of paths that are not in a row come again.
    pub(super) fn directories(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|start| self.at(*start))
    }

    /// The names in the directory of this number, with their places.
    pub(super) fn names(&self, directory: usize) -> impl Iterator<Item = (usize, &str)> {
        let end = self.groups.get(directory + 1).copied().unwrap_or(self.text.len());
        let next = |at: usize| at + self.at(at).len() + 1;
        let places = std::iter::successors(Some(self.groups[directory]), move |at| Some(next(*at)));
        // The first is the directory itself.
        places.skip(1).take_while(move |at| *at < end).map(|at| (at, self.at(at)))
    }

    /// The directory or name at a place.
    pub(super) fn at(&self, place: usize) -> &str {
        let rest = &self.text[place..];
        &rest[..memchr::memchr(END as u8, rest.as_bytes()).unwrap_or(rest.len())]
    }
}

/// The directory and the name of a path, as `rsplit_once` has them, with a fast search.
pub(super) fn split_name(path: &str) -> Option<(&str, &str)> {
    let slash = memchr::memrchr(b'/', path.as_bytes())?;
    Some((&path[..slash], &path[slash + 1..]))
}

impl fmt::Debug for FileList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> FromIterator<&'a str> for FileList {
    fn from_iter<I: IntoIterator<Item = &'a str>>(paths: I) -> FileList {
        let mut list = FileList::default();
        paths.into_iter().for_each(|path| list.push(path));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_back_in_order() {
        let paths = ["/a/b", "/a/c", "/d", "/a/b d/e", "/a/..", "/f\0", "/a/", "/a/c"];
        let list: FileList = paths.into_iter().collect();
        let expect = ["/a/b", "/a/c", "/d", "/a/b d/e", "/a/c"];
        assert_eq!(list.iter().collect::<Vec<_>>(), expect);
        assert_eq!(list.directories().count(), 4);
        assert_eq!(FileList::default().iter().count(), 0);
    }

    #[test]
    fn a_directory_with_many_names_is_stored_once() {
        let paths: Vec<String> =
            (0..1000).map(|name| format!("/{}/{name}", "d".repeat(4000))).collect();
        let list: FileList = paths.iter().map(String::as_str).collect();
        assert!(list.text.len() < 10_000, "{}", list.text.len());
    }
}
