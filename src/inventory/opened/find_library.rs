//! `ctypes.util.find_library`, as the interpreter of the root would answer.
//!
//! With glibc it runs `/sbin/ldconfig -p` and takes the first name of the cache that matches. The
//! `ctypes` of CPython knows nothing of musl; that of Alpine's package is patched, and searches three
//! directories (`musl-find_library.patch` of aports). Compilers, which are asked in some cases, are
//! not part of a final image.
//!
//! Invariant: an answer is a name, as in Python; the loader finds the file.

use crate::loader::{Libc, Loader};
use crate::path::{RealPath, WrittenPath};
use crate::root::Root;

const LDCONFIG: &str = "/sbin/ldconfig";
/// Of Alpine's patch, in its order.
const MUSL_DIRECTORIES: [&str; 3] = ["/lib", "/usr/lib", "/usr/local/lib"];
/// `ctypes/util.py` has some 500 lines.
const LARGEST: u64 = 1 << 20;

/// The answers of one interpreter.
pub(super) struct FindLibrary<'a> {
    root: &'a Root,
    names: Names,
}

enum Names {
    /// The names in the cache, the newest version first.
    Cache(Vec<String>),
    /// The names in the directories of musl.
    Directories,
    Nothing,
}

impl<'a> FindLibrary<'a> {
    pub(super) fn new(root: &'a Root, loader: &dyn Loader, stdlib: &RealPath) -> FindLibrary<'a> {
        let names = match loader.libc() {
            Libc::Glibc if root.is_file(&WrittenPath::new(LDCONFIG)) => {
                let mut names: Vec<String> =
                    loader.cached().into_iter().map(str::to_owned).collect();
                names.sort_by(|a, b| b.cmp(a));
                Names::Cache(names)
            }
            Libc::Musl if is_patched(root, stdlib) => Names::Directories,
            _ => Names::Nothing,
        };
        FindLibrary { root, names }
    }

    /// The name that `find_library(name)` returns; `None` if it finds nothing.
    pub(super) fn find(&self, name: &str) -> Option<String> {
        let start = format!("lib{name}.");
        match &self.names {
            Names::Cache(names) => names.iter().find(|one| one.starts_with(&start)).cloned(),
            // Alpine's patch leaves these to musl itself.
            Names::Directories if matches!(name, "c" | "m" | "crypt" | "pthread") => None,
            Names::Directories => {
                MUSL_DIRECTORIES.iter().find_map(|directory| self.find_in(directory, name))
            }
            Names::Nothing => None,
        }
    }

    fn find_in(&self, directory: &str, name: &str) -> Option<String> {
        let found = self.root.resolve(&WrittenPath::new(directory)).ok()??;
        let entries = self.root.list(&found.path).into_iter().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.path.name().to_owned()).collect();
        names.sort();
        let plain = format!("lib{name}.so");
        let versions = format!("{plain}.");
        let exact = [name, plain.as_str()].into_iter().find(|one| names.iter().any(|at| at == one));
        let version = || names.iter().find(|one| one.starts_with(&versions)).cloned();
        exact.map(str::to_owned).or_else(version)
    }
}

/// Whether `ctypes/util.py` is that of Alpine's package.
fn is_patched(root: &Root, stdlib: &RealPath) -> bool {
    let file = stdlib.descend("ctypes/util.py");
    let text = root.read_text(file.as_str(), LARGEST).ok().flatten().unwrap_or_default();
    text.contains("musl")
}
