//! The packages and modules that Python finds in a folder of source.
//!
//! A directory without `__init__.py` is a namespace of packages, however deep they are (PEP 420).
//!
//! Invariant: everything that can be imported is a module, or is said to be left out.

use crate::path::{RealPath, WrittenPath};
use crate::root::{Entry, Kind, Root};

/// Files that make a folder the top of a project, where tests and tools stand beside its packages.
const OF_A_PROJECT: [&str; 3] = ["pyproject.toml", "setup.cfg", "setup.py"];
/// Directories there that are no packages of the project, as setuptools has it
/// (`FlatLayoutPackageFinder`, setuptools 75).
const NOT_PACKAGES: [&str; 8] =
    ["build", "dist", "doc", "docs", "examples", "node_modules", "test", "tests"];
/// Those that are none with an `__init__.py` either.
const NEVER_PACKAGES: [&str; 3] = ["node_modules", "test", "tests"];
const NOT_MODULES: [&str; 3] = ["conftest.py", "noxfile.py", "setup.py"];
/// The endings of modules; bytecode beside the place of its source is one, too.
const MODULES: [&str; 3] = [".py", ".pyc", ".so"];

/// The contents of a folder of source.
#[derive(Debug, Default)]
pub(super) struct SourceFolder {
    /// Its packages and modules; of a namespace, those in it.
    pub(super) modules: Vec<RealPath>,
    /// Directories of a project that have Python files and are not taken for its packages.
    pub(super) left_out: Vec<RealPath>,
}

/// Reads the packages and modules of a folder on `sys.path`.
pub(super) fn read_source(root: &Root, folder: &RealPath) -> SourceFolder {
    let is_project = OF_A_PROJECT.iter().any(|name| has_file(root, folder, name));
    let mut source = SourceFolder::default();
    for entry in root.list(folder).into_iter().flatten() {
        let name = entry.path.name();
        match kind(root, &entry) {
            Some(Kind::Directory) if is_project && is_left_out(root, &entry.path) => {
                let has_modules = !packages(root, &entry.path, true).is_empty();
                source.left_out.extend(has_modules.then_some(entry.path));
            }
            Some(Kind::Directory) => source.modules.extend(packages(root, &entry.path, true)),
            Some(Kind::File) if is_module(name) && !(is_project && NOT_MODULES.contains(&name)) => {
                source.modules.push(entry.path);
            }
            _ => {}
        }
    }
    source
}

fn is_left_out(root: &Root, directory: &RealPath) -> bool {
    let name = directory.name();
    NEVER_PACKAGES.contains(&name) || (NOT_PACKAGES.contains(&name) && !is_package(root, directory))
}

/// The directory, if it is a package; the packages and modules in it, if it is a namespace. Below a
/// link no other one is followed, so that the way ends.
fn packages(root: &Root, directory: &RealPath, follows: bool) -> Vec<RealPath> {
    let name = directory.name();
    if name.contains(['.', '-'])
        || ["__pycache__", "node_modules"].contains(&name)
        || has_file(root, directory, "pyvenv.cfg")
    {
        return Vec::new();
    }
    let Ok(Some(found)) = root.resolve(&WrittenPath::from(directory)) else { return Vec::new() };
    let entries: Vec<Entry> = root.list(&found.path).into_iter().flatten().collect();
    let holds_module = entries
        .iter()
        .any(|entry| is_module(entry.path.name()) && kind(root, entry) == Some(Kind::File));
    if holds_module {
        return vec![directory.clone()];
    }
    let is_link = found.path != *directory;
    let inner = entries.iter().filter(|entry| kind(root, entry) == Some(Kind::Directory));
    let follows = follows && !is_link;
    let inner = inner.filter(|entry| follows || entry.meta.kind == Kind::Directory);
    let modules: Vec<RealPath> =
        inner.flat_map(|entry| packages(root, &entry.path, follows)).collect();
    // What is behind a link has its name in the environment by the link alone.
    if is_link && !modules.is_empty() { vec![directory.clone()] } else { modules }
}

/// The kind of an entry, or of the entry that a link leads to.
fn kind(root: &Root, entry: &Entry) -> Option<Kind> {
    match entry.meta.kind {
        Kind::Link(_) => Some(root.resolve(&WrittenPath::from(&entry.path)).ok()??.meta.kind),
        _ => Some(entry.meta.kind.clone()),
    }
}

fn is_module(name: &str) -> bool {
    MODULES.iter().any(|ending| name.ends_with(ending))
}

fn is_package(root: &Root, directory: &RealPath) -> bool {
    ["__init__.py", "__init__.pyc"].iter().any(|name| has_file(root, directory, name))
}

fn has_file(root: &Root, directory: &RealPath, name: &str) -> bool {
    root.is_file(&WrittenPath::from(directory).join(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::memory::Memory;

    #[track_caller]
    fn check(folder: &str, modules: &str, left_out: &str) {
        let lines = folder.split_whitespace().map(|path| match path.split_once("->") {
            Some((path, target)) => format!("/p/{path} -> {target}\n"),
            None => format!("/p/{path} = x\n"),
        });
        let root = Root::new(Memory::parse(&lines.collect::<String>()));
        let source = read_source(&root, &RealPath::known("/p"));
        let names = |paths: &[RealPath]| {
            let names = paths.iter().map(|path| path.as_str().trim_start_matches("/p/"));
            names.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(&source.modules), modules, "{folder}");
        assert_eq!(names(&source.left_out), left_out, "{folder}");
    }

    #[test]
    fn packages_and_namespaces() {
        check(
            "app/__init__.py mod.py _fast.cpython-311-x86_64-linux-gnu.so README",
            "_fast.cpython-311-x86_64-linux-gnu.so app mod.py",
            "",
        );
        check("acme/data/ingest/__init__.py acme/api/__init__.py", "acme/api acme/data/ingest", "");
        check("a/b/c/d/e/f.py a/README", "a/b/c/d/e", "");
        check("a/mod.py a/data/x.csv", "a", "");
        check("app/__init__.pyc one.pyc app/__pycache__/x.pyc", "app one.pyc", "");
        check("data/x.csv .git/x.py app.egg-info/PKG-INFO .venv/pyvenv.cfg .venv/x.py", "", "");
        check("env/pyvenv.cfg env/lib/x.py web/node_modules/gyp/x.py", "", "");
    }

    #[test]
    fn names_of_tools_are_names_of_packages_in_a_source_folder() {
        check(
            "tasks.py conftest.py docs/__init__.py build/x.py tests/__init__.py examples/a/b.py",
            "build conftest.py docs examples/a tasks.py tests",
            "",
        );
        check(
            "pyproject.toml tasks.py conftest.py docs/__init__.py build/x.py tests/__init__.py \
             examples/a/b.py setup.py dist/x.whl",
            "docs tasks.py",
            "build examples tests",
        );
    }

    #[test]
    fn packages_that_are_links() {
        check("shared->../src/shared m.py->/src/m.py gone->/src/gone", "", "");
        let linked = "lib/shared/__init__.py lib/m.py lib/n/s/x.py lib/.hidden";
        check(
            &format!("{linked} shared->lib/shared m.py->lib/m.py n->lib/n"),
            "lib m.py n shared",
            "",
        );
        check("a/b.txt a/up->.. up->.", "", "");
    }
}
