//! The package that owns a path, independent of the spelling that the package recorded.
//!
//! On a merged system, `/lib/libz.so.1` and `/usr/lib/libz.so.1` are one file and the database has
//! only one of the spellings. Both sides are therefore compared after the links in the parent
//! directory are resolved.
//!
//! A root has a hundred thousand recorded files, and an environment asks about few directories: the
//! others are never searched or sorted.
//!
//! Invariant: the parents of a key have no links, and no directory that contains a recorded file is
//! a key.

use std::sync::OnceLock;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::{FileList, Package};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Root, RootError};

/// Directories that are resolved by one thread.
const AT_ONCE: usize = 512;

/// The owner of every recorded file whose directory exists.
#[derive(Debug, Default)]
pub(super) struct Owners {
    directories: FxHashMap<RealPath, Directory>,
}

/// The recorded files of one directory.
#[derive(Debug, Default)]
struct Directory {
    /// In the order in which packages claim them.
    groups: Vec<Group>,
    /// The files of all groups, sorted by name. Nobody has asked about most directories.
    files: OnceLock<Vec<Owned>>,
}

/// A directory in the list of one package.
#[derive(Clone, Copy, Debug)]
struct Group {
    package: usize,
    /// Its number in the list.
    number: usize,
}

/// A recorded file. The list of its package has its name.
#[derive(Clone, Copy, Debug)]
struct Owned {
    package: usize,
    /// The place of the name in the list of files.
    name: usize,
}

impl Owned {
    fn name(self, packages: &[Package]) -> &str {
        packages[self.package].files.at(self.name)
    }
}

impl Owners {
    /// Indexes the files of packages, which come in this `order`. If two packages claim a path, the
    /// later wins, as for `replaces` of apk. Directories that cannot be resolved have no owned files;
    /// those that the user may not enter are returned as errors.
    pub(super) fn build(
        root: &Root,
        packages: &[Package],
        order: &[usize],
    ) -> (Owners, Vec<RootError>) {
        let (resolved, failed) = resolve_directories(root, packages);
        let mut directories: FxHashMap<RealPath, Directory> = FxHashMap::default();
        for package in order {
            for (number, written) in packages[*package].files.directories().enumerate() {
                // A file without its directory does not exist: slim images leave out documentation.
                let Some(Some(directory)) = resolved.get(written) else { continue };
                let group = Group { package: *package, number };
                directories.entry(directory.clone()).or_default().groups.push(group);
            }
        }
        (Owners { directories }, failed)
    }

    /// The package of a path without links. An empty directory of one package may contain files of
    /// another.
    pub(super) fn get(&self, path: &RealPath, packages: &[Package]) -> Option<usize> {
        let directory = self.directories.get(&path.parent()?)?;
        let files = directory.files.get_or_init(|| sort(&directory.groups, packages));
        let found = files.binary_search_by(|file| file.name(packages).cmp(path.name())).ok()?;
        (!self.directories.contains_key(path)).then(|| files[found].package)
    }
}

/// The files of one directory, sorted by name; of those with one name, the last claim counts.
fn sort(groups: &[Group], packages: &[Package]) -> Vec<Owned> {
    let names = |group: &Group| {
        let Group { package, number } = *group;
        packages[package].files.names(number).map(move |(name, _)| Owned { package, name })
    };
    let mut files: Vec<Owned> = groups.iter().flat_map(names).collect();
    files.reverse();
    files.sort_by_key(|file| file.name(packages));
    files.dedup_by_key(|file| file.name(packages));
    files
}

/// A recorded directory, as far as it exists.
type Directories<'a> = FxHashMap<&'a str, Option<RealPath>>;

/// Resolves each recorded directory once.
fn resolve_directories<'a>(
    root: &Root,
    packages: &'a [Package],
) -> (Directories<'a>, Vec<RootError>) {
    let lists = packages.iter().map(|package| &package.files);
    let mut written: Vec<&str> = lists.flat_map(FileList::directories).collect();
    written.sort_unstable();
    written.dedup();
    let parts: Vec<(Directories, Vec<RootError>)> = written
        .par_chunks(AT_ONCE)
        .map(|part| {
            let (mut known, mut failed) = (Directories::default(), Vec::new());
            for directory in part {
                let resolved = resolve_directory(root, directory, &known);
                known.insert(directory, resolved.as_ref().ok().cloned().flatten());
                failed.extend(resolved.err().filter(is_of_user));
            }
            (known, failed)
        })
        .collect();
    let (known, failed): (Vec<Directories>, Vec<Vec<RootError>>) = parts.into_iter().unzip();
    (known.into_iter().flatten().collect(), failed.concat())
}

/// Whether the root has no record of an error of its own.
fn is_of_user(error: &RootError) -> bool {
    matches!(error, RootError::Forbidden { .. } | RootError::Loop { .. })
}

/// Resolves a recorded directory. Its parent is nearly always resolved before, so one lookup is
/// enough.
fn resolve_directory(
    root: &Root,
    written: &str,
    known: &Directories,
) -> Result<Option<RealPath>, RootError> {
    let parent = written
        .rsplit_once('/')
        .and_then(|(parent, name)| Some((known.get(parent)?.as_ref()?, name)));
    let beside = parent
        .filter(|(_, name)| !matches!(*name, "" | "." | ".."))
        .map(|(parent, name)| parent.join(name));
    match beside.as_ref().map(|path| root.look(path)) {
        Some(Ok(Some(meta))) if meta.kind == Kind::Directory => Ok(beside),
        _ => root.search(&WrittenPath::new(written)).map(|found| {
            found.filter(|found| found.meta.kind == Kind::Directory).map(|found| found.path)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::Manager;
    use crate::root::memory::Memory;

    fn with_file(path: &str) -> Package {
        Package { files: [path].into_iter().collect(), ..Package::empty(Manager::Dpkg) }
    }

    #[test]
    fn both_spellings_are_one_file() {
        let root =
            Root::new(Memory::parse("/usr/lib/x/libz.so.1 = z\n/lib -> usr/lib\n/usr/lib/d/f = x"));
        let records = [
            "/lib",
            "/lib/x/libz.so.1",
            "/usr/lib/d",
            "/usr/lib/d/f",
            "/lib/d/f",
            "/gone/f",
            "/lib/..",
            "/usr/lib/x/liby.so.1",
        ];
        let packages = records.map(with_file);
        let (owners, failed) = Owners::build(&root, &packages, &[3, 4, 5, 6, 0, 1, 2, 7]);
        assert!(failed.is_empty(), "{failed:?}");
        let cases = [
            ("/usr/lib/x/libz.so.1", Some(1)),
            ("/usr/lib/x/liby.so.1", Some(7)),
            ("/usr/lib/x/libx.so.1", None),
            ("/lib", Some(0)),
            ("/usr/lib/d", None),
            ("/usr/lib/d/f", Some(4)),
            ("/gone/f", None),
            ("/usr", None),
        ];
        for (path, expect) in cases {
            assert_eq!(owners.get(&RealPath::known(path), &packages), expect, "{path}");
        }
    }

    #[test]
    fn a_directory_that_cannot_be_read_is_an_error_once() {
        let root = Root::new(Memory::parse("/usr/lib/x/f = x\n/usr/lib !denied\n/l -> l"));
        let packages = ["/usr/lib/x/f", "/usr/lib/x/g", "/usr/lib/y/f", "/l/f"].map(with_file);
        let (owners, failed) = Owners::build(&root, &packages, &[0, 1, 2, 3]);
        let failed: Vec<String> = failed.iter().map(RootError::to_string).collect();
        assert_eq!(
            failed,
            [
                "/l: too many levels of symbolic links",
                "/usr/lib/x: permission denied",
                "/usr/lib/y: permission denied",
            ]
        );
        assert_eq!(owners.get(&RealPath::known("/usr/lib/x/f"), &packages), None);
    }
}
