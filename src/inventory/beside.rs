//! Data and plugins beside the libraries that no package owns: `make install` puts `libproj.so` into
//! `/usr/local/lib` and `proj.db` into `/usr/local/share/proj`.
//!
//! A library has the absolute path of its data among its constants, or the data is in a directory that begins
//! with its own name. Only what nobody owns belongs to it: paths in its own prefix and in `/etc`.
//!
//! Invariant: directories that many programs share, and source files, belong to no library.

use std::collections::{BTreeMap, BTreeSet};

use super::carriable_file::CarriableFile;
use super::natives::follow_library;
use super::{Inventory, Native, Need};
use crate::elf;
use crate::loader::{Library, Loader};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Entry, Kind, Root, RootError};

/// The data of one library.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// The files and directories that belong to it, as far as they are not below one another.
    pub tops: BTreeSet<RealPath>,
    /// The files and links of these, sorted by path.
    pub files: Vec<CarriableFile>,
    /// The plugins among them.
    pub natives: Vec<Native>,
}

/// Directories of a prefix that all programs share (hier(7)).
const SHARED: [&str; 12] = [
    "bin", "etc", "games", "include", "lib", "lib64", "libexec", "man", "sbin", "share", "src",
    "var",
];
/// Directories below `lib` and `share` that are for people, for builds or for many programs.
const OF_OTHERS: [&str; 10] = [
    "aclocal",
    "applications",
    "cmake",
    "doc",
    "fonts",
    "icons",
    "info",
    "locale",
    "man",
    "pkgconfig",
];
/// Suffixes of source files, whose paths assertions have.
const SOURCES: [&str; 9] = [".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".rs", ".f90", ".y"];
/// Shorter names say nothing.
const SHORTEST_NAME: usize = 3;

impl Inventory {
    /// Looks beside every needed library that no package owns and that is outside of the environment.
    pub(super) fn look_beside(&mut self, library: &Library, loader: &dyn Loader) {
        let of_interpreter = self.interpreter_natives.iter().flat_map(|native| &native.needs);
        let needs = self.loadings().flat_map(|loading| loading.needs).chain(of_interpreter);
        let libraries: BTreeSet<RealPath> =
            needs.filter_map(Need::found).map(|(path, _)| path.clone()).collect();
        let mut all = BTreeMap::new();
        for path in libraries.iter().filter(|path| self.is_foundling(path)) {
            if let Ok(beside) = self.find_beside(library, loader, path)
                && !beside.tops.is_empty()
            {
                all.insert(path.clone(), beside);
            }
        }
        self.beside = all;
    }

    /// Whether a library belongs neither to a package, nor to the environment, nor to the interpreter.
    fn is_foundling(&self, path: &RealPath) -> bool {
        self.packages.owner(path).is_none()
            && !self.is_inside(path)
            && !path.name().starts_with("libpython")
            && self.owners_are_known()
    }

    fn is_inside(&self, path: &RealPath) -> bool {
        let parts = self.environment.parts.iter().filter(|part| part.whole_prefix());
        parts.map(|part| &part.prefix).chain(&self.own_prefix).any(|top| path.below(top).is_some())
            || self.has_file(path)
    }

    fn find_beside(
        &self,
        library: &Library,
        loader: &dyn Loader,
        path: &RealPath,
    ) -> Result<Beside, RootError> {
        let root = library.root();
        let Some(prefix) = prefix_of(path) else { return Ok(Beside::default()) };
        // The loader has read the file, so a damaged one has no constants.
        let named = elf::read_path_constants(root.open(path)?.as_ref()).unwrap_or_default();
        let mut tops = BTreeSet::new();
        for name in named {
            // One of several places that the library may try.
            if let Some(found) = root.search(&WrittenPath::new(name)).ok().flatten()
                && (found.path.below(&prefix).is_some() || found.path.as_str().starts_with("/etc/"))
            {
                tops.insert(found.path);
            }
        }
        tops.extend(directories_named_after(root, path, &prefix)?);
        let mut beside = Beside::default();
        for top in tops {
            let below_another = beside.tops.iter().any(|other| top.below(other).is_some());
            let shared = is_shared(&top, &prefix) || path.below(&top).is_some();
            if below_another
                || shared
                || self.is_inside(&top)
                || self.packages.owner(&top).is_some()
            {
                continue;
            }
            if let Some(files) = self.files_of(root, &top)? {
                beside.files.extend(files);
                beside.tops.insert(top);
            }
        }
        beside.files.sort_by(|a, b| a.path.cmp(&b.path));
        let program = &self.environment.interpreter.executable;
        let plugins = beside.files.iter().map(|file| (&file.path, &file.meta.kind));
        let plugins =
            plugins.filter(|(at, kind)| **kind == Kind::File && at.name().contains(".so"));
        let natives: Result<Vec<Native>, RootError> =
            plugins.map(|(at, _)| follow_library(library, loader, program, at)).collect();
        beside.natives = natives?;
        Ok(beside)
    }

    /// The files of a file or directory; `None` if there are none, or if somebody owns one of them.
    fn files_of(
        &self,
        root: &Root,
        top: &RealPath,
    ) -> Result<Option<Vec<CarriableFile>>, RootError> {
        let Some(meta) = root.lookup(top)? else { return Ok(None) };
        let entries = match meta.kind {
            Kind::Directory => root.walk(top, |_| true).into_iter().collect::<Result<_, _>>()?,
            Kind::File => vec![Entry { path: top.clone(), meta }],
            Kind::Link(_) | Kind::Special => Vec::new(),
        };
        let interpreter = &self.environment.interpreter;
        let of_others = |path: &RealPath| {
            self.packages.owner(path).is_some()
                || self.is_inside(path)
                || path.below(&interpreter.stdlib).is_some()
        };
        if entries.iter().any(|entry| of_others(&entry.path)) {
            return Ok(None);
        }
        let files = entries.into_iter().filter(|entry| {
            matches!(entry.meta.kind, Kind::File | Kind::Link(_)) && !is_source(entry.path.name())
        });
        let files: Vec<CarriableFile> =
            files.map(|entry| CarriableFile::in_place(entry.path, entry.meta)).collect();
        Ok((!files.is_empty()).then_some(files))
    }
}

/// The prefix in which a library is installed: the parent of its `lib`; `None` for the root directory.
fn prefix_of(library: &RealPath) -> Option<RealPath> {
    let lib = library.ancestors().find(|above| matches!(above.name(), "lib" | "lib64"))?;
    lib.parent().filter(|prefix| *prefix != RealPath::root())
}

/// Whether many programs have their files in a directory, or it is for people.
fn is_shared(top: &RealPath, prefix: &RealPath) -> bool {
    let below = top.below(prefix).or_else(|| top.below(&RealPath::known("/etc")));
    match below.map(|below| below.split('/').collect::<Vec<_>>()).as_deref() {
        None | Some([]) => true,
        Some([one]) => one.is_empty() || SHARED.contains(one),
        Some([first, second, ..]) => {
            OF_OTHERS.contains(second)
                || matches!(*first, "include" | "src" | "bin" | "sbin")
                || second.ends_with("-linux-gnu") && top.name() == *second
        }
    }
}

fn is_source(name: &str) -> bool {
    SOURCES.iter().any(|suffix| name.ends_with(suffix))
}

/// The directories below `lib`, `libexec`, `share` and `etc` of a prefix whose name begins with that of the
/// library.
fn directories_named_after(
    root: &Root,
    library: &RealPath,
    prefix: &RealPath,
) -> Result<Vec<RealPath>, RootError> {
    let name = library.name().strip_prefix("lib").unwrap_or(library.name());
    let stem: String =
        name.chars().take_while(|one| one.is_ascii_alphabetic()).collect::<String>().to_lowercase();
    if stem.len() < SHORTEST_NAME {
        return Ok(Vec::new());
    }
    let own = library.parent();
    let shared = ["lib", "libexec", "share", "etc"].map(|name| prefix.join(name));
    let mut found = Vec::new();
    for directory in shared.iter().chain(&own).collect::<BTreeSet<_>>() {
        if root.lookup(directory)?.is_none_or(|meta| meta.kind != Kind::Directory) {
            continue;
        }
        for entry in root.list(directory) {
            let Entry { path, meta } = entry?;
            if meta.kind == Kind::Directory && path.name().to_lowercase().starts_with(&stem) {
                found.push(path);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_that_belong_to_nobody_in_particular() {
        for (path, expect) in [
            ("/usr/local", true),
            ("/usr/local/lib", true),
            ("/usr/local/lib/x86_64-linux-gnu", true),
            ("/usr/local/share/locale", true),
            ("/usr/local/share/proj", false),
            ("/usr/local/share/geo/geo.db", false),
            ("/usr/local/lib/ImageMagick-7.1.1", false),
            ("/usr/local/include/proj", true),
            ("/etc/ImageMagick-7", false),
            ("/etc", true),
            ("/src", true),
        ] {
            let shared = is_shared(&RealPath::known(path), &RealPath::known("/usr/local"));
            assert_eq!(shared, expect, "{path}");
        }
    }

    #[test]
    fn prefixes() {
        for (path, expect) in [
            ("/usr/local/lib/libgeo.so.1", Some("/usr/local")),
            ("/opt/vendor/lib/x86_64/libx.so", Some("/opt/vendor")),
            ("/lib/libx.so", None),
            ("/opt/libx.so", None),
        ] {
            let prefix = prefix_of(&RealPath::known(path));
            assert_eq!(prefix.as_ref().map(RealPath::as_str), expect, "{path}");
        }
    }
}
