//! Files outside of the environment that a bundle may contain: those of the packages that the
//! environment needs, and those of the interpreter.
//!
//! They are read only for a request that may bundle them: the standard library alone has thousands
//! of files.
//!
//! Invariant: files for people and compilers are not included; licences are.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::carriable_file::CarriableFile;

use super::{FileFact, Inventory, NeedOutcome, Scope, is_program};
use crate::evidence::generated_by;
use crate::loader::{self, Libc};
use crate::packages::{LicenceFile, Package, is_licence};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Root, pattern};

impl From<LicenceFile> for CarriableFile {
    fn from(LicenceFile { path, to, meta }: LicenceFile) -> CarriableFile {
        CarriableFile { path, to, meta }
    }
}

/// The files outside of the environment that a bundle may contain.
#[derive(Clone, Debug, Default)]
pub struct Carriable {
    /// The files of packages that own a needed library, a distribution or the interpreter, and of
    /// their dependencies, by package index.
    pub packages: BTreeMap<usize, Vec<CarriableFile>>,
    /// The program, the links that lead to it, and the standard library, sorted by path.
    pub interpreter: Vec<CarriableFile>,
    /// The program interpreter (`PT_INTERP`) with the links on the way to it.
    pub loader: Vec<CarriableFile>,
    /// Major and minor version of the C library that belongs to this loader.
    pub libc_version: Option<(u32, u32)>,
    /// The `sysconfig` data of an interpreter in a prefix of its own, by file. It has that prefix
    /// on every line.
    pub configuration: BTreeMap<RealPath, String>,
}

const FOR_PEOPLE: [&str; 12] = [
    "/usr/share/man/",
    "/usr/share/info/",
    "/usr/share/locale/",
    "/usr/share/lintian/",
    "/usr/share/bash-completion/",
    "/usr/share/bug/",
    "/usr/share/pixmaps/",
    "/usr/share/applications/",
    "/usr/share/doc/",
    "/usr/lib/cmake/",
    "/usr/include/",
    // Conda runs these when a user activates the environment.
    "/usr/etc/conda/",
];

impl Inventory {
    /// Reads the files that may be bundled. Of packages, only those in a prefix of conda are read,
    /// unless the scope includes all.
    pub(super) fn read_carriable(&mut self, root: &Root, scope: &Scope) {
        let interpreter = &self.environment.interpreter;
        let link =
            |path: &RealPath| Some(CarriableFile::in_place(path.clone(), root.lookup(path).ok()??));
        let mut own: Vec<CarriableFile> =
            interpreter.links.iter().chain([&interpreter.executable]).filter_map(link).collect();
        own.extend(beside(root, &interpreter.executable, interpreter.minor()));
        let walked = root.walk(&interpreter.stdlib, |name| {
            !matches!(name, "__pycache__" | "site-packages" | "dist-packages")
        });
        let files = walked
            .into_iter()
            .flatten()
            .filter(|entry| matches!(entry.meta.kind, Kind::File | Kind::Link(_)));
        own.extend(files.map(|entry| CarriableFile::in_place(entry.path, entry.meta)));
        // The files below the standard library are in it already.
        let beside_it = |path: &&RealPath| {
            path.below(&interpreter.stdlib).is_none() && self.packages.owner(path).is_none()
        };
        for library in self.interpreter_files.iter().filter(beside_it) {
            own.extend(names_of(root, library));
        }
        own.sort_by(|a, b| a.path.cmp(&b.path));
        own.dedup_by(|a, b| a.path == b.path);
        let written = interpreter.facts.loader.as_deref().unwrap_or_default();
        let found = root.resolve(&WrittenPath::new(written)).ok().flatten();
        let loader = found
            .into_iter()
            .flat_map(|found| found.links.into_iter().map(|link| link.at).chain([found.path]));
        // The loader finds a library in a directory such as /usr/local/lib only through the cache.
        let cache = root
            .resolve(&WrittenPath::new("/etc/ld.so.cache"))
            .ok()
            .flatten()
            .map(|found| found.path);
        let cache = cache.filter(|_| interpreter.libc == Some(Libc::Glibc));
        let loader = loader.chain(cache).filter_map(|path| link(&path)).collect();
        let counts = |index: &usize| {
            let package = &self.packages[*index];
            scope.packages || package.in_prefix.is_some() || package.foreign.is_some()
        };
        let reached: Vec<usize> = self.reached_packages(&own).into_iter().filter(counts).collect();
        let files = reached.par_iter().map(|index| (*index, self.run_time_files(root, *index)));
        let files = files.collect();
        let configuration =
            if self.own_prefix.is_some() { configuration(root, &own) } else { BTreeMap::new() };
        let libc_version = loader::libc_version(root, written, interpreter.machine);
        self.carriable =
            Carriable { packages: files, interpreter: own, loader, libc_version, configuration };
    }

    /// The owners of needed files and of distributions, with their dependencies. A dependency that
    /// has programs is a tool for people or for installing, such as debconf, and is left out. One without programs is
    /// data, or has libraries that are opened by name.
    fn reached_packages(&self, interpreter: &[CarriableFile]) -> BTreeSet<usize> {
        let needs = self.loadings().flat_map(|loading| loading.needs);
        let needed = needs.filter_map(|need| {
            if let NeedOutcome::Library { path, .. } = &need.outcome { Some(path) } else { None }
        });
        let distributions = self.distributions.iter().map(|distribution| &distribution.metadata);
        let files = needed
            .chain(&self.interpreter_files)
            .chain(interpreter.iter().map(|file| &file.path))
            .chain(distributions);
        let mut reached: BTreeSet<usize> =
            files.filter_map(|path| self.packages.owner(path)).collect();
        reached.extend(self.files.iter().flat_map(FileFact::packages));
        let mut pending: Vec<usize> = reached.iter().copied().collect();
        while let Some(package) = pending.pop() {
            for next in self.packages.depends_on(package) {
                if !has_programs(&self.packages[next]) && reached.insert(next) {
                    pending.push(next);
                }
            }
        }
        reached
    }

    /// The files of a package that a program may open, those that its installation makes, and its licences.
    fn run_time_files(&self, root: &Root, package: usize) -> Vec<CarriableFile> {
        let package = &self.packages[package];
        let recorded = package.files.iter().filter(|path| at_run_time(&in_usr(package, path)));
        let found =
            recorded.filter_map(|path| root.resolve_parent(&WrittenPath::new(path)).ok()?);
        let files = found.filter(|found| matches!(found.meta.kind, Kind::File | Kind::Link(_)));
        let files = files.map(|found| CarriableFile::in_place(found.path, found.meta));
        let licences = package.licences(root).into_iter().map(CarriableFile::from);
        let mut files: Vec<CarriableFile> =
            files.chain(licences).chain(generated_files(root, package)).collect();
        files.sort_by(|a, b| a.to.cmp(&b.to));
        files.dedup_by(|a, b| a.to == b.to);
        files
    }
}

/// The files that the installation of a package makes. A package of conda has all of its files.
fn generated_files(root: &Root, package: &Package) -> Vec<CarriableFile> {
    let name = if package.in_prefix.is_none() { package.name.as_str() } else { "" };
    let paths = generated_by(name)
        .flat_map(|one| pattern::expand(root, &RealPath::root(), one))
        .filter_map(|path| Some((root.lookup(&path).ok()??, path)));
    let mut files = Vec::new();
    for (meta, path) in paths {
        match meta.kind {
            Kind::Directory => {
                let walked = root.walk(&path, |_| true).into_iter().flatten();
                files.extend(walked.map(|entry| CarriableFile::in_place(entry.path, entry.meta)));
            }
            _ => files.push(CarriableFile::in_place(path, meta)),
        }
    }
    files.retain(|file| matches!(file.meta.kind, Kind::File | Kind::Link(_)));
    files
}

/// A path in a prefix of conda, as a path below /usr: the layout is the same.
pub(super) fn in_usr(package: &Package, path: &str) -> String {
    let prefix = package.in_prefix.as_ref().map(|own| own.prefix.as_str());
    prefix
        .and_then(|prefix| path.strip_prefix(prefix))
        .map_or_else(|| path.to_owned(), |below| format!("/usr{below}"))
}

/// The text of `_sysconfigdata_*.py`, written when the interpreter was built; uv changes the prefix
/// in it.
fn configuration(root: &Root, files: &[CarriableFile]) -> BTreeMap<RealPath, String> {
    let named = files.iter().filter(|file| {
        file.path.name().starts_with("_sysconfigdata") && file.meta.kind == Kind::File
    });
    named
        .filter_map(|file| {
            Some((file.path.clone(), root.read_text(file.path.as_str(), 1 << 20).ok()??))
        })
        .collect()
}

/// A library, and the links in its directory that lead to it.
fn names_of(root: &Root, library: &RealPath) -> Vec<CarriableFile> {
    let entries = library.parent().map(|directory| root.list(&directory)).unwrap_or_default();
    let leads = |path: &RealPath| {
        root.resolve(&WrittenPath::from(path))
            .ok()
            .flatten()
            .is_some_and(|found| found.path == *library)
    };
    let named = entries.into_iter().flatten().filter(|entry| {
        entry.path == *library || (matches!(entry.meta.kind, Kind::Link(_)) && leads(&entry.path))
    });
    named.map(|entry| CarriableFile::in_place(entry.path, entry.meta)).collect()
}

/// The other names of the program in its directory: `python3` next to `python3.11`.
fn beside(root: &Root, executable: &RealPath, minor: &str) -> Vec<CarriableFile> {
    let Some(directory) = executable.parent() else { return Vec::new() };
    let names = ["python".to_owned(), "python3".to_owned(), format!("python{minor}")];
    let paths = names.iter().map(|name| directory.join(name));
    let found = paths
        .filter_map(|path| Some(CarriableFile::in_place(path.clone(), root.lookup(&path).ok()??)));
    let leads = |path: &RealPath| {
        root.resolve(&WrittenPath::from(path))
            .ok()
            .flatten()
            .is_some_and(|found| found.path == *executable)
    };
    found.filter(|file| leads(&file.path)).collect()
}

fn has_programs(package: &Package) -> bool {
    package.files.iter().map(|path| in_usr(package, &path)).any(|path| is_program(&path))
}

/// Whether a program may open the file: it is neither for people nor a program. Python's own files
/// belong to the interpreter.
fn at_run_time(path: &str) -> bool {
    !(is_program(path) || for_people(path) || path.ends_with(".pyc"))
}

/// Whether the file is documentation other than a licence, or for a compiler.
pub(super) fn for_people(path: &str) -> bool {
    let read = FOR_PEOPLE.iter().any(|directory| path.starts_with(directory));
    let compiler = [".a", ".la", ".pc", ".h"].iter().any(|suffix| path.ends_with(suffix));
    !is_licence(path) && (read || compiler)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_time_needs_no_manual() {
        for (path, expect) in [
            ("/usr/lib/libpq.so.5", true),
            ("/usr/lib/sasl2/libplain.so", true),
            ("/usr/share/misc/magic.mgc", true),
            ("/etc/mime.types", true),
            ("/usr/share/doc/libpq5/copyright", true),
            ("/usr/share/licenses/libpq/COPYRIGHT", true),
            ("/usr/share/doc/libpq5/changelog.gz", false),
            ("/usr/share/man/man1/x.1.gz", false),
            ("/usr/bin/magic", false),
            ("/usr/include/x.h", false),
            ("/usr/lib/libpq.a", false),
            ("/usr/lib/python3.11/os.pyc", false),
        ] {
            assert_eq!(at_run_time(path), expect, "{path}");
        }
    }
}
