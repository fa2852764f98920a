//! One installed package, as its database describes it.
//!
//! Invariant: the data of a manager is read and written only in the folder of that manager.

use serde_json::{Map, Value};

use super::{FileList, Manager};
use crate::path::{RealPath, WrittenPath};

/// One installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The manager whose database it is in.
    pub manager: Manager,
    /// The name by which its manager installs it.
    pub name: String,
    /// The version with epoch and revision, as its manager writes it.
    pub version: String,
    /// The architecture as its manager names it: `x86_64`, `amd64`, `linux-64`, or a name for all.
    pub architecture: String,
    /// The source package, if its name is different: scanners look it up.
    pub source: Option<String>,
    /// The checksum by which apk identifies a package.
    pub checksum: Option<String>,
    /// The licence, if the database has it: apk and conda record it, dpkg has a file instead.
    pub license: Option<String>,
    /// The installed size in bytes, as the database has it.
    pub installed_size: u64,
    /// The dependencies, each a list of alternatives: bare names without versions.
    pub depends: Vec<Vec<String>>,
    /// The provided names, without versions: `so:libz.so.1`, `cmd:x`, `/bin/sh`, virtual packages.
    pub provides: Vec<String>,
    /// For dpkg `Essential: yes` or `Priority: required`; for apk only apk itself.
    pub essential: bool,
    /// Whether somebody asked for it: it is not there only because others need it, or because every
    /// installation has it. False where nothing is recorded.
    pub asked: bool,
    /// Absolute paths as recorded, with diversions applied.
    pub files: FileList,
    /// Where it comes from, if the repositories of the release do not have it: `backports`, `a file`.
    pub foreign: Option<String>,
    /// The facts of a conda package; `None` for other managers.
    pub in_prefix: Option<Box<InPrefix>>,
}

/// The facts that only a package in a prefix of its own has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InPrefix {
    /// The prefix in which it is installed.
    pub prefix: RealPath,
    /// The record without its list of files and without paths of the builder.
    pub document: Map<String, Value>,
    /// The directory of the package cache with its licences.
    pub licences: Option<WrittenPath>,
    /// The files that contain the prefix, by their path below it.
    pub(super) embeddings: Vec<(String, Embedding)>,
}

/// The form in which a file contains the prefix of its package.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Embedding {
    /// The prefix that the file contains.
    pub prefix: String,
    /// The longest prefix that fits in its place, in bytes.
    pub room: usize,
    /// Whether the prefix is in a binary: in strings that end with a NUL byte and keep their place.
    pub binary: bool,
}

impl Package {
    /// A package of which only the manager is known.
    pub(super) fn empty(manager: Manager) -> Package {
        Package {
            manager,
            name: String::new(),
            version: String::new(),
            architecture: String::new(),
            source: None,
            checksum: None,
            license: None,
            installed_size: 0,
            depends: Vec::new(),
            provides: Vec::new(),
            essential: false,
            asked: false,
            files: FileList::default(),
            foreign: None,
            in_prefix: None,
        }
    }
}
