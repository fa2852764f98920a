//! Trees on top of each other, as COPY puts a bundle on top of its base.
//!
//! Invariant: the topmost file wins, and directories merge. A directory on top of a link leaves the
//! link in place, because COPY writes through it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Content, Entry, Kind, Meta, RootError, Tree};
use crate::path::RealPath;

/// The trees from bottom to top; there is at least one.
pub struct Union(pub Vec<Arc<dyn Tree>>);

impl Tree for Union {
    fn lookup(&self, path: &RealPath) -> Result<Option<Meta>, RootError> {
        let mut answer = None;
        for tree in &self.0 {
            if let Some(found) = tree.lookup(path)? {
                answer = Some(merge(answer, found));
            }
        }
        Ok(answer)
    }

    fn open(&self, path: &RealPath) -> Result<Box<dyn Content>, RootError> {
        let has = |tree: &&Arc<dyn Tree>| {
            matches!(tree.lookup(path), Ok(Some(Meta { kind: Kind::File, .. })))
        };
        self.0.iter().rev().find(has).or(self.0.first()).expect("a union has trees").open(path)
    }

    fn walk(
        &self,
        top: &RealPath,
        depth: usize,
        enter: &dyn Fn(&str) -> bool,
    ) -> Vec<Result<Entry, RootError>> {
        let mut merged: BTreeMap<RealPath, Meta> = BTreeMap::new();
        let mut errors = Vec::new();
        for tree in &self.0 {
            if !matches!(tree.lookup(top), Ok(Some(Meta { kind: Kind::Directory, .. }))) {
                continue;
            }
            for found in tree.walk(top, depth, enter) {
                match found {
                    Ok(Entry { path, meta }) => {
                        let below = merged.remove(&path);
                        merged.insert(path, merge(below, meta));
                    }
                    Err(error) => errors.push(Err(error)),
                }
            }
        }
        merged.into_iter().map(|(path, meta)| Ok(Entry { path, meta })).chain(errors).collect()
    }
}

/// The entry that is visible when `upper` is on top of `lower`.
fn merge(lower: Option<Meta>, upper: Meta) -> Meta {
    match lower {
        Some(lower) if matches!(lower.kind, Kind::Link(_)) && upper.kind == Kind::Directory => {
            lower
        }
        _ => upper,
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the test makes trees")]
mod tests {
    use super::*;
    use crate::path::WrittenPath;
    use crate::root::{Directory, Root};

    fn tree(files: &[&str]) -> (tempfile::TempDir, Arc<dyn Tree>) {
        let top = tempfile::tempdir().unwrap();
        for file in files {
            let path = top.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        let tree = Directory::open(top.path(), &[]).unwrap();
        (top, Arc::new(tree))
    }

    #[test]
    fn the_topmost_file_counts_and_directories_merge() {
        let (lower_top, lower) = tree(&["usr/lib/a", "usr/lib/b", "etc/x"]);
        std::os::unix::fs::symlink("usr/lib", lower_top.path().join("lib")).unwrap();
        let (_upper_top, upper) = tree(&["usr/lib/b", "opt/app/c"]);
        let root = Root::new(Union(vec![lower, upper]));
        for (path, expect) in [
            ("/lib/a", Some("/usr/lib/a")),
            ("/lib/b", Some("/usr/lib/b")),
            ("/opt/app/c", Some("/opt/app/c")),
            ("/opt/x", None),
        ] {
            let found = root.resolve(&WrittenPath::new(path)).unwrap();
            assert_eq!(found.map(|found| found.path.to_string()).as_deref(), expect, "{path}");
        }
        let walked: Vec<String> = root
            .walk(&RealPath::known("/usr"), |_| true)
            .into_iter()
            .map(|entry| entry.unwrap().path.to_string())
            .collect();
        assert_eq!(walked, ["/usr/lib", "/usr/lib/a", "/usr/lib/b"]);
    }
}
