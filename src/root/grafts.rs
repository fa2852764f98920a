//! A tree in which some links are seen as the entries that they lead to, as if these had been copied
//! there.
//!
//! An environment whose files are links into a cache, as `uv pip install --link-mode symlink` makes it,
//! reads like one with the files themselves. Names beside such a file and `$ORIGIN` have their usual
//! meaning: the loaders and Python do not follow the link of a library or module either.
//!
//! Invariant: a link that was not named stays a link.

use std::sync::RwLock;

use rustc_hash::FxHashMap;

use super::{Content, Entry, Kind, Meta, RootError, Tree};
use crate::path::RealPath;

pub(super) struct Grafts {
    tree: Box<dyn Tree>,
    /// The path of each entry that stands in place of a link, by the path of that link.
    origins: RwLock<FxHashMap<RealPath, RealPath>>,
}

impl Grafts {
    pub(super) fn new(tree: impl Tree + 'static) -> Grafts {
        Grafts { tree: Box::new(tree), origins: RwLock::default() }
    }

    pub(super) fn insert(&self, link: RealPath, origin: RealPath) {
        self.origins.write().expect("no holder panics").insert(link, origin);
    }

    /// The path that an entry has in the tree below: by the nearest graft above it.
    fn origin(&self, path: &RealPath) -> RealPath {
        let origins = self.origins.read().expect("no holder panics");
        if origins.is_empty() {
            return path.clone();
        }
        let mut above = std::iter::once(path.clone()).chain(path.ancestors());
        let grafted = above.find_map(|above| Some((path.below(&above)?, origins.get(&above)?)));
        grafted.map_or_else(|| path.clone(), |(rest, origin)| origin.descend(rest))
    }

    fn is_graft(&self, path: &RealPath) -> bool {
        self.origins.read().expect("no holder panics").contains_key(path)
    }
}

impl Tree for Grafts {
    fn lookup(&self, path: &RealPath) -> Result<Option<Meta>, RootError> {
        self.tree.lookup(&self.origin(path))
    }

    fn has_capabilities(&self, path: &RealPath) -> Result<bool, RootError> {
        self.tree.has_capabilities(&self.origin(path))
    }

    fn open(&self, path: &RealPath) -> Result<Box<dyn Content>, RootError> {
        self.tree.open(&self.origin(path))
    }

    fn walk(
        &self,
        top: &RealPath,
        depth: usize,
        enter: &dyn Fn(&str) -> bool,
    ) -> Vec<Result<Entry, RootError>> {
        let origin = self.origin(top);
        let mut all = Vec::new();
        for found in self.tree.walk(&origin, depth, enter) {
            let Ok(Entry { path, meta }) = found else {
                all.push(found);
                continue;
            };
            let rest = path.below(&origin).expect("a walk stays below its top");
            let level = rest.matches('/').count() + 1;
            let path = top.descend(rest);
            if !self.is_graft(&path) {
                all.push(Ok(Entry { path, meta }));
                continue;
            }
            match self.lookup(&path) {
                Ok(Some(meta)) => {
                    let enters = meta.kind == Kind::Directory && enter(path.name());
                    all.push(Ok(Entry { path: path.clone(), meta }));
                    if enters && level < depth {
                        all.extend(self.walk(&path, depth - level, enter));
                    }
                }
                Ok(None) => {}
                Err(error) => all.push(Err(error)),
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::WrittenPath;
    use crate::root::Root;
    use crate::root::memory::Memory;

    #[test]
    fn a_grafted_link_reads_like_a_copy() {
        let root = Root::new(Memory::parse(
            "/v/a -> /cache/a\n/v/b.py -> ../cache/b.py\n/v/c -> /cache/a\n/cache/b.py = b
             /cache/a/x.py = x\n/cache/a/deep -> /data\n/data/y.txt = y",
        ));
        for (link, origin) in
            [("/v/a", "/cache/a"), ("/v/a/deep", "/data"), ("/v/b.py", "/cache/b.py")]
        {
            root.graft(RealPath::known(link), RealPath::known(origin));
        }
        let walked: Vec<String> = root
            .walk(&RealPath::known("/v"), |_| true)
            .into_iter()
            .map(|entry| entry.unwrap())
            .map(|entry| format!("{} {:?}", entry.path, entry.meta.kind))
            .collect();
        let expect = [
            "/v/a Directory",
            "/v/a/deep Directory",
            "/v/a/deep/y.txt File",
            "/v/a/x.py File",
            "/v/b.py File",
            "/v/c Link(\"/cache/a\")",
        ];
        let mut sorted = walked.clone();
        sorted.sort();
        assert_eq!(sorted, expect);
        assert_eq!(root.read_text("/v/a/deep/../x.py", 9).unwrap().as_deref(), Some("x"));
        assert_eq!(root.read_text("/v/c/deep/y.txt", 9).unwrap().as_deref(), Some("y"));
        let found = root.resolve(&WrittenPath::new("/v/b.py")).unwrap().unwrap();
        assert_eq!((found.path.as_str(), found.links.len()), ("/v/b.py", 0));
    }
}
