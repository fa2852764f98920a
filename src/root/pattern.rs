//! Patterns of paths: `*` stands for any text in one name, `[ab]` for one of these characters. `.` and
//! `..` mean what they mean in any path.
//!
//! Invariant: a directory that cannot be listed has nothing that matches; answers are sorted.

use super::{Kind, Root};
use crate::path::{RealPath, WrittenPath};

/// The paths below a directory that match; `top` itself is no pattern.
pub fn expand(root: &Root, top: &RealPath, pattern: &str) -> Vec<RealPath> {
    let mut parts = pattern.split('/').filter(|part| !part.is_empty()).peekable();
    let mut paths = vec![top.clone()];
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        paths = paths.iter().flat_map(|path| step(root, path, part, last)).collect();
    }
    paths.sort();
    paths.dedup();
    paths
}

/// The entries of a directory that match one part; links to directories are followed.
fn step(root: &Root, directory: &RealPath, part: &str, last: bool) -> Vec<RealPath> {
    match part {
        "." => return vec![directory.clone()],
        ".." => return vec![directory.parent().unwrap_or_else(RealPath::root)],
        _ if part.contains('\0') => return Vec::new(),
        _ => {}
    }
    let found = |path: RealPath| {
        if last {
            return root.lookup(&path).ok().flatten().map(|_| path);
        }
        let found = root.resolve(&WrittenPath::from(&path)).ok()??;
        (found.meta.kind == Kind::Directory).then_some(found.path)
    };
    if !part.contains(['*', '[']) {
        return found(directory.join(part)).into_iter().collect();
    }
    let entries = root.list(directory).into_iter().flatten();
    let matching = entries.filter(|entry| matches(part, entry.path.name()));
    matching.filter_map(|entry| found(entry.path)).collect()
}

/// Whether a name matches. The last `*` alone is tried again, so the time is that of both lengths.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut from) = (0, 0);
    let mut again: Option<(usize, usize)> = None;
    while from < name.len() {
        if pattern.get(at) == Some(&b'*') {
            again = Some((at, from));
            at += 1;
        } else if let Some(next) = one(&pattern[at..], name[from]) {
            (at, from) = (at + next, from + 1);
        } else if let Some((star, start)) = again {
            again = Some((star, start + 1));
            (at, from) = (star + 1, start + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// The length of the part of a pattern that stands for one character, if it stands for this one.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'[', rest @ ..] => {
            let end = memchr::memchr(b']', rest)?;
            rest[..end].contains(&byte).then_some(end + 2)
        }
        [first, ..] => (*first == byte).then_some(1),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::memory::Memory;

    #[test]
    fn names() {
        for (pattern, name, expect) in [
            ("*", "a", true),
            ("*.so*", "liba.so.1", true),
            ("*.so*", "liba.a", false),
            ("*.[ot]tf", "DejaVu.ttf", true),
            ("*.[ot]tf", "DejaVu.xtf", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-d", false),
            ("[", "[", false),
            ("a", "ab", false),
        ] {
            assert_eq!(matches(pattern, name), expect, "{pattern} {name}");
        }
    }

    #[test]
    fn paths_through_links() {
        let root = Root::new(Memory::parse(
            "/usr/lib/a/x.so = x\n/usr/lib/b/y.so = y\n/lib -> usr/lib\n/usr/lib/c -> gone\n/usr/lib/b/z = z",
        ));
        let paths: Vec<String> = expand(&root, &RealPath::root(), "/lib/*/*.so")
            .iter()
            .map(RealPath::to_string)
            .collect();
        assert_eq!(paths, ["/usr/lib/a/x.so", "/usr/lib/b/y.so"]);
        assert!(expand(&root, &RealPath::root(), "/none/*/*").is_empty());
    }
}
