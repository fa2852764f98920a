//! Which package owns a path, whatever spelling the package recorded.
//!
//! On a merged system `/lib/libz.so.1` and `/usr/lib/libz.so.1` are one file and the database has one
//! of the spellings, so both sides are compared after resolving the links in the parent directory.
//!
//! Invariant: a key is link free in its parents, and no directory that holds a recorded file is a key.

use rustc_hash::FxHashMap;

use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Root};

/// The owner of every recorded file whose directory exists.
#[derive(Debug, Default)]
pub struct Owners(FxHashMap<RealPath, u32>);

impl Owners {
    /// Takes recorded paths with their package; the later of two claims wins, as `replaces` has it.
    pub fn build<'a>(root: &Root, records: impl Iterator<Item = (&'a str, u32)>) -> Owners {
        let mut owners = FxHashMap::default();
        // There are thousands of files but only hundreds of directories to resolve.
        let mut directories: FxHashMap<&str, Option<RealPath>> = FxHashMap::default();
        for (path, package) in records {
            let Some((parent, name)) = path.rsplit_once('/') else { continue };
            if matches!(name, "" | "." | "..") || name.contains('\0') {
                continue;
            }
            let directory = directories.entry(parent).or_insert_with(|| real_directory(root, parent));
            // Without its directory the file is not there either: slim images leave out documentation.
            if let Some(directory) = directory {
                owners.insert(directory.join(name), package);
            }
        }
        // What one package records as an empty directory may hold the files of another.
        for directory in directories.values().flatten() {
            owners.remove(directory);
        }
        Owners(owners)
    }

    /// The package of a link-free path.
    pub fn get(&self, path: &RealPath) -> Option<u32> {
        self.0.get(path).copied()
    }
}

fn real_directory(root: &Root, written: &str) -> Option<RealPath> {
    let found = root.resolve(&WrittenPath::new(written)).ok()??;
    (found.meta.kind == Kind::Directory).then_some(found.path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::memory::Memory;

    #[test]
    fn both_spellings_are_one_file() {
        let root = Root::new(Memory::parse("/usr/lib/x/libz.so.1 = z\n/lib -> usr/lib\n/usr/lib/d/f = x"));
        let records =
            [("/lib", 9), ("/lib/x/libz.so.1", 1), ("/usr/lib/d", 2), ("/usr/lib/d/f", 3), ("/lib/d/f", 4), ("/gone/f", 5), ("/lib/..", 6)];
        let owners = Owners::build(&root, records.into_iter());
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
}
