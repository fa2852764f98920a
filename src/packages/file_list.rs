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
        let Some((directory, name)) = path.rsplit_once('/') else { return };
        if matches!(name, "" | "." | "..") || path.contains(END) || path.len() >= LONGEST {
            return;
        }
        let last = self.groups.last().map(|start| self.at(*start));
        if last != Some(directory) {
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
        self.by_directory().flat_map(|(directory, names)| {
            names.map(move |(_, name)| format!("{directory}/{name}"))
        })
    }

    /// The directories, each with the names in it and their places.
    pub(super) fn by_directory(
        &self,
    ) -> impl Iterator<Item = (&str, impl Iterator<Item = (usize, &str)>)> {
        let ends = self.groups.iter().skip(1).copied().chain([self.text.len()]);
        self.groups.iter().zip(ends).map(|(start, end)| {
            let directory = self.at(*start);
            let first = start + directory.len() + 1;
            let names = std::iter::successors(Some(first), |at| Some(at + self.at(*at).len() + 1));
            (directory, names.take_while(move |at| *at < end).map(|at| (at, self.at(at))))
        })
    }

    /// The directory or name at a place.
    pub(super) fn at(&self, place: usize) -> &str {
        let rest = &self.text[place..];
        &rest[..memchr::memchr(END as u8, rest.as_bytes()).unwrap_or(rest.len())]
    }
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
        assert_eq!(list.by_directory().count(), 4);
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
