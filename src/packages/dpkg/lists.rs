//! The file list of a package: `info/PACKAGE.list`, or `.md5sums` where distroless has no list.
//!
//! Invariant: no I/O, and a bad line costs only that line.

use rustc_hash::FxHashSet;

use crate::packages::database::Problem;
use crate::packages::file_list::{FileList, split_name};

/// The files and links of a `.list`, which also names directories but gives no types.
///
/// An entry that contains another entry is a directory. An empty directory cannot be distinguished
/// from a file.
pub(super) fn parse_list(text: &str) -> (Vec<&str>, Vec<Problem>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    let parents = parents(text);
    for (index, line) in lines(text).enumerate() {
        if line == "/." || line == "/" || parents.contains(line) {
            continue;
        }
        if line.starts_with('/') {
            files.push(line);
        } else {
            problems.push(Problem {
                line: index + 1,
                message: format!("not an absolute path: {line:?}"),
            });
        }
    }
    (files, problems)
}

/// The directories of the entries. Those of one directory are usually in a row.
fn parents(text: &str) -> FxHashSet<&str> {
    let (mut parents, mut last) = (FxHashSet::default(), None);
    for (parent, _) in lines(text).filter_map(split_name) {
        if last.replace(parent) != Some(parent) {
            parents.insert(parent);
        }
    }
    parents
}

/// The lines of a text, without their ends. `str::lines` has a slower search.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let last = !text.is_empty() && !text.ends_with('\n');
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).chain(last.then_some(text.len()));
    let mut start = 0;
    ends.map(move |end| &text[std::mem::replace(&mut start, end + 1)..end])
}

/// The regular files of a `.md5sums`; it does not contain links.
pub(super) fn parse_checksums(text: &str) -> (FileList, Vec<Problem>) {
    let (mut files, mut problems) = (FileList::default(), Vec::new());
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let is_sum =
            |sum: &str| sum.len() == 32 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
        match line.split_once("  ") {
            Some((sum, path)) if is_sum(sum) && !path.is_empty() => {
                let path = path.strip_prefix("./").unwrap_or(path);
                files.push(&format!("/{}", path.trim_start_matches('/')));
            }
            _ => problems.push(Problem {
                line: index + 1,
                message: "not a checksum, two blanks and a path".to_owned(),
            }),
        }
    }
    (files, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let (files, problems) = parse_list("/.\n/usr\n/usr/lib\n/usr/lib/a\nb\n/usr/lib/a b\n");
        assert_eq!((files, problems[0].line), (vec!["/usr/lib/a", "/usr/lib/a b"], 5));
        let (files, problems) =
            parse_checksums("d41d8cd98f00b204e9800998ecf8427e  usr/lib/a b\nd41d  x\n");
        let files: Vec<String> = files.iter().collect();
        assert_eq!((files, problems[0].line), (vec!["/usr/lib/a b".to_owned()], 2));
    }

    #[test]
    fn truncation_never_panics() {
        let text = "d41d8cd98f00b204e9800998ecf8427e  usr/lib/a b\n/usr/lib\n/usr/lib/a\n";
        for cut in 0..text.len() {
            parse_list(&text[..cut]);
            parse_checksums(&text[..cut]);
        }
    }
}
