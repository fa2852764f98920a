//! Simulates the dynamic loader of a root: which file it finds for each needed name, and by which
//! rule.
//!
//! [`Loader`] answers with data: the names that it satisfies itself, and the ordered candidates for
//! one name. There are two implementations, [`Musl`] and [`Glibc`]. The `PT_INTERP` of the root's
//! own Python decides between them, and [`load`] loads breadth first through either.
//!
//! Invariant: a missing, foreign or broken library is an answer and never stops the load. The
//! host's libc, environment and files are not used.

mod cache;
mod glibc;
mod library_path;
mod musl;
mod symbols;
mod version;
mod walk;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use serde::{Deserialize, Serialize};

pub use library_path::with_library_path;
pub use musl::large_file_name;
pub use symbols::{Missing, SymbolTables, read_symbols};
pub use version::libc_version;
pub use walk::{Edge, Load, Object, Outcome, Start, load, open};

use crate::elf::{self, Elf, ElfError, Machine};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Content, Root, RootError};

/// The family of the C library.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Libc {
    /// musl, as in Alpine.
    Musl,
    /// The GNU C library, as in Debian.
    Glibc,
}

impl Libc {
    /// The family that a needed name belongs to; `None` if both families can have it.
    pub fn of_needed(name: &str) -> Option<Libc> {
        if name == "libc.so.6" || name.starts_with("ld-linux") {
            Some(Libc::Glibc)
        } else if name == "libc.so"
            || name.starts_with("libc.musl-")
            || name.starts_with("ld-musl-")
        {
            Some(Libc::Musl)
        } else {
            None
        }
    }

    /// The family of a program interpreter, from its path; `None` for an unknown one.
    pub fn of_interpreter(path: &str) -> Option<Libc> {
        let name = path.rsplit('/').next().unwrap_or_default();
        if name.starts_with("ld-musl-") {
            Some(Libc::Musl)
        } else if name.starts_with("ld-linux")
            || name.starts_with("ld64.so")
            || name.starts_with("ld.so")
        {
            Some(Libc::Glibc)
        } else {
            None
        }
    }
}

/// The rule that makes a loader look at a path. Plans show it as the reason for a library.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "rule")]
pub enum Rule {
    /// The name contains a slash, so it is a path itself.
    Path,
    /// `DT_RPATH` or `DT_RUNPATH` of an object.
    RunPath {
        /// The path by which that object was opened.
        of: String,
    },
    /// `LD_LIBRARY_PATH` of the builder.
    LibraryPath,
    /// `/etc/ld-musl-ARCH.path`.
    PathFile,
    /// `/etc/ld.so.cache`.
    Cache,
    /// A directory that is compiled into the loader.
    DefaultDirectory,
}

/// One path at which a loader would look for a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The path, with its links not yet followed.
    pub path: WrittenPath,
    /// The rule that leads there.
    pub rule: Rule,
}

/// A loaded object on the way from the object that needs a name to the program.
pub struct Requester<'a> {
    /// The path by which the object was opened: `$ORIGIN` is its directory part.
    pub opened: &'a WrittenPath,
    /// The facts of the object, among them its run path.
    pub elf: &'a Elf,
}

/// The reason why a candidate is not loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// ENOENT, ENOTDIR or EACCES.
    Absent,
    /// A link loop or another error of the system.
    System,
    /// The file is for another machine.
    Foreign,
    /// The file is no ELF object, or is a directory.
    Broken,
}

/// Whether a search continues after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Try the next candidate.
    Next,
    /// Skip the other candidates of the same rule.
    NextRule,
    /// Try nothing else.
    Stop,
}

/// The names by which a loaded object satisfies a later need, if that need has no slash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// glibc: its `DT_SONAME` and every name by which a search found it.
    AllNames,
    /// musl: the last component of the path by which it was opened, once a search has found it.
    /// The program is not among the objects that are compared by inode.
    ShortName,
}

/// A dynamic loader as data.
pub trait Loader: Send + Sync {
    /// The family of the C library that the loader belongs to.
    fn libc(&self) -> Libc;
    /// Whether the loader satisfies the name itself, without a file.
    fn built_in(&self, name: &str) -> bool;
    /// The paths at which it looks for `name`, in order. `chain` starts with the object that needs
    /// the name and ends with the program.
    fn candidates(&self, name: &str, chain: &[Requester]) -> Vec<Candidate>;
    /// Whether its search continues after a candidate failed.
    fn after(&self, failure: Failure) -> After;
    /// The names by which it recognises a loaded object.
    fn identity(&self) -> Identity;
    /// The loader's own file. A search that ends there has found the loader, which is already
    /// loaded.
    fn own_file(&self) -> Option<&RealPath>;
    /// The last part of [`Loader::candidates`]: the places for every object that does not exclude
    /// them.
    fn system_candidates(&self, name: &str) -> Vec<Candidate>;
    /// The directories that it searches for every program, in order.
    fn directories(&self) -> &[String];
    /// The directories that it searches in a root without any configuration, in order.
    fn compiled_directories(&self) -> Vec<String>;
    /// The names in `/etc/ld.so.cache`, in no particular order; empty for musl.
    fn cached(&self) -> Vec<&str>;
    /// The files that configure its search. A library that is found through them needs them in the
    /// final root too.
    fn configuration(&self) -> &[RealPath];
}

/// The result of reading one file, shared because many modules need the same libraries.
type CachedElf = Arc<Result<Option<Elf>, ElfError>>;

/// The ELF facts of a root, each file read once.
pub struct Library<'a> {
    root: &'a Root,
    known: RwLock<HashMap<RealPath, CachedElf>>,
}

impl<'a> Library<'a> {
    /// A store for the files of `root`, empty at first.
    pub fn new(root: &'a Root) -> Library<'a> {
        Library { root, known: RwLock::default() }
    }

    /// The root that the files belong to.
    pub fn root(&self) -> &'a Root {
        self.root
    }

    /// The facts of a file at a link-free path. The inner value is `Ok(None)` if it is not ELF and
    /// an error if it is damaged.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn read(&self, path: &RealPath) -> Result<CachedElf, RootError> {
        if let Some(known) = self.known.read().expect("no holder panics").get(path) {
            return Ok(known.clone());
        }
        let content: Box<dyn Content> = self.root.open(path)?;
        let facts = Arc::new(elf::read(content.as_ref()));
        self.known.write().expect("no holder panics").insert(path.clone(), facts.clone());
        Ok(facts)
    }
}

/// The file that a program without a run path gets for the needed `name`, or `None`.
pub fn system_library(root: &Root, loader: &dyn Loader, name: &str) -> Option<RealPath> {
    loader
        .system_candidates(name)
        .into_iter()
        .find_map(|candidate| root.search(&candidate.path).ok()?)
        .map(|found| found.path)
}

/// The loader of this root for `interpreter`, a `PT_INTERP`; `None` if it is neither musl's nor
/// glibc's.
pub fn choose_loader(root: &Root, interpreter: &str, machine: Machine) -> Option<Box<dyn Loader>> {
    match Libc::of_interpreter(interpreter)? {
        Libc::Musl => Some(Box::new(musl::Musl::read(root, interpreter, machine))),
        Libc::Glibc => Some(Box::new(glibc::Glibc::read(root, interpreter, machine))),
    }
}
