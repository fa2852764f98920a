//! A tree in which another tree replaces one directory.
//!
//! Invariant: nothing of the lower tree is visible below the replaced directory. The parents of
//! that directory exist even if the lower tree lacks them.

use super::{Content, Entry, Kind, Meta, RootError, Tree};
use crate::path::RealPath;

/// The tree `lower` with `upper` at `place`.
pub struct Overlay<L, U> {
    /// The tree that is visible outside of `place`.
    pub lower: L,
    /// The tree that is visible at `place` and below.
    pub upper: U,
    /// The link-free path of the replaced directory.
    pub place: RealPath,
}

impl<L: Tree, U: Tree> Overlay<L, U> {
    /// The path in the upper tree; `None` if the path is outside of `place`.
    fn within(&self, path: &RealPath) -> Option<RealPath> {
        path.below(&self.place).map(|rest| RealPath::root().descend(rest))
    }

    fn outward(&self, path: &str) -> String {
        format!("{}{}", self.place, if path == "/" { "" } else { path })
    }

    /// An error of the upper tree, with its path in the whole tree.
    fn error(&self, error: RootError) -> RootError {
        match error {
            RootError::Loop { path } => RootError::Loop { path: self.outward(&path) },
            RootError::Forbidden { path } => RootError::Forbidden { path: self.outward(&path) },
            RootError::NotUtf8 { path } => RootError::NotUtf8 { path: self.outward(&path) },
            RootError::NotFile { path } => RootError::NotFile { path: self.outward(&path) },
            RootError::TooLarge { path, limit } => {
                RootError::TooLarge { path: self.outward(&path), limit }
            }
            RootError::Io { path, operation, source } => {
                RootError::Io { path: self.outward(&path), operation, source }
            }
        }
    }
}

impl<L: Tree, U: Tree> Tree for Overlay<L, U> {
    fn lookup(&self, path: &RealPath) -> Result<Option<Meta>, RootError> {
        if let Some(within) = self.within(path) {
            return self.upper.lookup(&within).map_err(|error| self.error(error));
        }
        let found = self.lower.lookup(path)?;
        let leads_there = self.place.below(path).is_some();
        Ok(found.or_else(|| {
            leads_there.then_some(Meta { kind: Kind::Directory, mode: 0o755, size: 0 })
        }))
    }

    fn has_capabilities(&self, path: &RealPath) -> Result<bool, RootError> {
        match self.within(path) {
            Some(within) => self.upper.has_capabilities(&within).map_err(|error| self.error(error)),
            None => self.lower.has_capabilities(path),
        }
    }

    fn open(&self, path: &RealPath) -> Result<Box<dyn Content>, RootError> {
        match self.within(path) {
            Some(within) => self.upper.open(&within).map_err(|error| self.error(error)),
            None => self.lower.open(path),
        }
    }

    fn walk(
        &self,
        top: &RealPath,
        depth: usize,
        enter: &dyn Fn(&str) -> bool,
    ) -> Vec<Result<Entry, RootError>> {
        let Some(within) = self.within(top) else { return self.lower.walk(top, depth, enter) };
        let outward = |entry: Entry| Entry {
            path: self.place.descend(entry.path.relative()),
            meta: entry.meta,
        };
        self.upper
            .walk(&within, depth, enter)
            .into_iter()
            .map(|found| found.map(outward).map_err(|error| self.error(error)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::WrittenPath;
    use crate::root::Root;
    use crate::root::memory::Memory;

    #[test]
    fn the_upper_tree_hides_its_place() {
        let lower = Memory::parse("/opt/app/old = x\n/usr/lib/libz.so = z\n/lib -> usr/lib");
        let upper = Memory::parse("/bin/tool = t\n/lib64 -> lib\n/lib/a = a");
        let root =
            Root::new(Overlay { lower, upper, place: RealPath::known("/opt/app/new/place") });
        let check = |path: &str, expect: Option<&str>| {
            let found = root.resolve(&WrittenPath::new(path)).unwrap();
            assert_eq!(found.as_ref().map(|found| found.path.as_str()), expect, "{path}");
        };
        check("/opt/app/new/place/bin/tool", Some("/opt/app/new/place/bin/tool"));
        check("/opt/app/new/place/lib64/a", Some("/opt/app/new/place/lib/a"));
        check("/opt/app/new", Some("/opt/app/new"));
        check("/opt/app/old", Some("/opt/app/old"));
        check("/lib/libz.so", Some("/usr/lib/libz.so"));
        check("/opt/app/new/place/old", None);
        let walked = root.walk(&RealPath::known("/opt/app/new/place"), |_| true);
        let walked: Vec<String> =
            walked.into_iter().map(|entry| entry.unwrap().path.to_string()).collect();
        assert!(walked.contains(&"/opt/app/new/place/lib/a".to_owned()), "{walked:?}");
    }
}
