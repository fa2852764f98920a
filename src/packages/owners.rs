//! The package that owns a path, independent of the spelling that the package recorded.
//!
//! On a merged system, `/lib/libz.so.1` and `/usr/lib/libz.so.1` are one file and the database has
//! only one of the spellings. Both sides are therefore compared after the links in the parent
//! directory are resolved.
//!
//! Invariant: the parents of a key have no links, and no directory that contains a recorded file is
//! a key.

use rustc_hash::FxHashMap;

use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Root, RootError};

/// The owner of every recorded file whose directory exists.
#[derive(Debug, Default)]
pub(super) struct Owners(FxHashMap<RealPath, u32>);

impl Owners {
    /// Indexes recorded paths with their package. If two packages claim a path, the later wins, as
    /// for `replaces` of apk. Directories that cannot be resolved have no owned files; those
    /// that the user may not enter are returned as errors.
    pub(super) fn build<'a>(
        root: &Root,
        records: impl Iterator<Item = (&'a str, u32)>,
    ) -> (Owners, Vec<RootError>) {
        let mut failed = Vec::new();
        let mut owners = FxHashMap::default();
        // There are thousands of files, but only hundreds of directories to resolve.
        let mut directories: FxHashMap<&str, Option<RealPath>> = FxHashMap::default();
        for (path, package) in records {
            let Some((parent, name)) = path.rsplit_once('/') else { continue };
            if matches!(name, "" | "." | "..") || name.contains('\0') {
                continue;
            }
            // A file without its directory does not exist: slim images leave out documentation.
            let directory = real_directory(root, parent, &mut directories);
            match directory {
                Ok(Some(directory)) => drop(owners.insert(directory.join(name), package)),
                Ok(None) => {}
                Err(error @ (RootError::Forbidden { .. } | RootError::Loop { .. })) => {
                    failed.push(error);
                }
                // The root has a record of it.
                Err(_) => {}
            }
        }
        // An empty directory of one package may contain files of another.
        for directory in directories.values().flatten() {
            owners.remove(directory);
        }
        (Owners(owners), failed)
    }

    /// The package of a path without links.
    pub(super) fn get(&self, path: &RealPath) -> Option<u32> {
        self.0.get(path).copied()
    }
}

/// Resolves a recorded directory. Its parent is nearly always resolved already, so one lookup is
/// enough. A directory that cannot be resolved is reported once, and then counts as missing.
fn real_directory<'a>(
    root: &Root,
    written: &'a str,
    known: &mut FxHashMap<&'a str, Option<RealPath>>,
) -> Result<Option<RealPath>, RootError> {
    if let Some(directory) = known.get(written) {
        return Ok(directory.clone());
    }
    let parent = written
        .rsplit_once('/')
        .and_then(|(parent, name)| Some((known.get(parent)?.as_ref()?, name)));
    let beside = parent
        .filter(|(_, name)| !matches!(*name, "" | "." | "..") && !name.contains('\0'))
        .map(|(parent, name)| parent.join(name));
    let directory = match beside.as_ref().map(|path| root.look(path)) {
        Some(Ok(Some(meta))) if meta.kind == Kind::Directory => Ok(beside),
        _ => root.search(&WrittenPath::new(written)).map(|found| {
            found.filter(|found| found.meta.kind == Kind::Directory).map(|found| found.path)
        }),
    };
    known.insert(written, directory.as_ref().ok().cloned().flatten());
    directory
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::memory::Memory;

    #[test]
    fn both_spellings_are_one_file() {
        let root =
            Root::new(Memory::parse("/usr/lib/x/libz.so.1 = z\n/lib -> usr/lib\n/usr/lib/d/f = x"));
        let records = [
            ("/lib", 9),
            ("/lib/x/libz.so.1", 1),
            ("/usr/lib/d", 2),
            ("/usr/lib/d/f", 3),
            ("/lib/d/f", 4),
            ("/gone/f", 5),
            ("/lib/..", 6),
        ];
        let (owners, failed) = Owners::build(&root, records.into_iter());
        assert!(failed.is_empty(), "{failed:?}");
        let cases = [
            ("/usr/lib/x/libz.so.1", Some(1)),
            ("/lib", Some(9)),
            ("/usr/lib/d", None),
            ("/usr/lib/d/f", Some(4)),
            ("/gone/f", None),
            ("/usr", None),
        ];
        for (path, expect) in cases {
            assert_eq!(owners.get(&RealPath::known(path)), expect, "{path}");
        }
    }

    #[test]
    fn a_directory_that_cannot_be_read_is_an_error_once() {
        let root = Root::new(Memory::parse("/usr/lib/x/f = x\n/usr/lib !denied\n/l -> l"));
        let records =
            ["/usr/lib/x/f", "/usr/lib/x/g", "/usr/lib/y/f", "/l/f"].map(|path| (path, 1));
        let (owners, failed) = Owners::build(&root, records.into_iter());
        let failed: Vec<String> = failed.iter().map(RootError::to_string).collect();
        assert_eq!(
            failed,
            [
                "/usr/lib/x: permission denied",
                "/usr/lib/y: permission denied",
                "/l: too many levels of symbolic links",
            ]
        );
        assert_eq!(owners.get(&RealPath::known("/usr/lib/x/f")), None);
    }
}
