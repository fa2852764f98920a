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
            // Without its directory the file is not there either: slim images leave out documentation.
            if let Some(directory) = real_directory(root, parent, &mut directories) {
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

/// Where a recorded directory is. Its parent has nearly always been asked for before, and then one
/// look tells.
fn real_directory<'a>(
    root: &Root,
    written: &'a str,
    known: &mut FxHashMap<&'a str, Option<RealPath>>,
) -> Option<RealPath> {
    if let Some(directory) = known.get(written) {
        return directory.clone();
    }
    let parent = written
        .rsplit_once('/')
        .and_then(|(parent, name)| Some((known.get(parent)?.as_ref()?, name)));
    let beside = parent
        .filter(|(_, name)| !matches!(*name, "" | "." | "..") && !name.contains('\0'))
        .map(|(parent, name)| parent.join(name));
    let directory = match beside.as_ref().map(|path| root.lookup(path)) {
        Some(Ok(Some(meta))) if meta.kind == Kind::Directory => beside,
        _ => {
            let found = root.resolve(&WrittenPath::new(written)).ok().flatten();
            found.filter(|found| found.meta.kind == Kind::Directory).map(|found| found.path)
        }
    };
    known.insert(written, directory.clone());
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
