//! The dynamic loader of a root, simulated: where each needed name leads, and by which rule.
//!
//! [`Loader`] answers with data: the names it satisfies itself and the ordered candidates for one
//! name. Two implementations, [`musl`] and [`glibc`], are chosen by the `PT_INTERP` of the root's own
//! Python; [`walk`] loads breadth first through either.
//!
//! Invariant: a missing, foreign or broken library is an answer, never an abort; the host's libc,
//! environment and files play no part.

mod cache;
mod glibc;
mod musl;
mod symbols;
mod version;
mod walk;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use serde::{Deserialize, Serialize};

pub use glibc::Glibc;
pub use musl::{Musl, large_file_name};
pub use symbols::{Missing, SymbolTables, symbols};
pub use version::libc_version;
pub use walk::{Edge, Load, Object, Outcome, Start, load};

use crate::elf::{self, Elf, ElfError, Machine};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Content, Root, RootError};

/// The family of the C library.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Libc {
    Musl,
    Glibc,
}

impl Libc {
    /// The family a needed name belongs to, when it belongs to one only.
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

    /// The family of a program interpreter's path.
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

/// The rule by which a loader looks at a place: the reason a plan gives for a library.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "rule")]
pub enum Rule {
    /// The name holds a slash.
    Path,
    /// `DT_RPATH` or `DT_RUNPATH` of the object named here.
    RunPath { of: String },
    /// `/etc/ld-musl-ARCH.path`.
    PathFile,
    /// `/etc/ld.so.cache`.
    Cache,
    /// A directory compiled into the loader.
    DefaultDirectory,
}

/// One place a loader would look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub path: WrittenPath,
    pub rule: Rule,
}

/// An object as the search sees it, the one that needs the name first.
pub struct Requester<'a> {
    /// The path the object was opened by: `$ORIGIN` is its directory part.
    pub opened: &'a WrittenPath,
    pub elf: &'a Elf,
}

/// What happened to a candidate that is not a loadable library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// ENOENT, ENOTDIR, EACCES.
    Absent,
    /// A link loop or another error of the system.
    System,
    /// The file is for another machine.
    Foreign,
    /// Not an ELF object, or a directory.
    Broken,
}

/// Whether the search goes on after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    Next,
    /// Skip what remains under the same rule.
    NextRule,
    Stop,
}

/// What a loaded object answers to, when a later need has no slash in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// glibc: every name a search found it by, and its `DT_SONAME`.
    AllNames,
    /// musl: one name, the last component of the path it was opened by, once a search has found it.
    /// The program is not among the objects that are compared by inode.
    ShortName,
}

/// A dynamic loader as data.
pub trait Loader: Send + Sync {
    fn libc(&self) -> Libc;
    /// Whether the loader satisfies the name itself, without a file.
    fn built_in(&self, name: &str) -> bool;
    /// Where it looks for `name`, in order. `chain` starts with the requester and ends with the program.
    fn candidates(&self, name: &str, chain: &[Requester]) -> Vec<Candidate>;
    /// What it does after a candidate failed.
    fn after(&self, failure: Failure) -> After;
    /// What a loaded object answers to.
    fn identity(&self) -> Identity;
    /// The loader's own file: a search that ends there has found what is loaded already.
    fn own_file(&self) -> Option<&RealPath>;
    /// The last of them: where it looks for every object that does not forbid it.
    fn system_candidates(&self, name: &str) -> Vec<Candidate>;
    /// The directories that it searches for every program, in order.
    fn directories(&self) -> &[String];
    /// Those of them that it searches in a root without any configuration.
    fn compiled_directories(&self) -> Vec<String>;
    /// Names that it finds in `/etc/ld.so.cache`.
    fn cached(&self) -> Vec<&str>;
    /// Files that tell it where to look: they must travel with a library found through them.
    fn configuration(&self) -> &[RealPath];
}

/// What reading one file gave: shared, because many modules need the same libraries.
type Facts = Arc<Result<Option<Elf>, ElfError>>;

/// ELF facts of a root, each file read once.
pub struct Library<'a> {
    root: &'a Root,
    known: RwLock<HashMap<RealPath, Facts>>,
}

impl<'a> Library<'a> {
    pub fn new(root: &'a Root) -> Library<'a> {
        Library { root, known: RwLock::default() }
    }

    pub fn root(&self) -> &'a Root {
        self.root
    }

    /// The facts of a file; `Ok(None)` inside when it is not ELF.
    pub fn read(&self, path: &RealPath) -> Result<Facts, RootError> {
        if let Some(known) = self.known.read().expect("no holder panics").get(path) {
            return Ok(known.clone());
        }
        let content: Box<dyn Content> = self.root.open(path)?;
        let facts = Arc::new(elf::read(content.as_ref()));
        self.known.write().expect("no holder panics").insert(path.clone(), facts.clone());
        Ok(facts)
    }
}

/// Where `name` leads for a program that has no run path.
pub fn system_library(root: &Root, loader: &dyn Loader, name: &str) -> Option<RealPath> {
    loader
        .system_candidates(name)
        .into_iter()
        .find_map(|candidate| root.resolve(&candidate.path).ok()?)
        .map(|found| found.path)
}

/// The loader that `interpreter` (a `PT_INTERP` string) names in this root.
pub fn of_root(root: &Root, interpreter: &str, machine: Machine) -> Option<Box<dyn Loader>> {
    match Libc::of_interpreter(interpreter)? {
        Libc::Musl => Some(Box::new(Musl::read(root, interpreter, machine))),
        Libc::Glibc => Some(Box::new(Glibc::read(root, interpreter, machine))),
    }
}
