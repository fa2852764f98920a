//! One installed package, as its database has it.
//!
//! Invariant: data of one manager is read and written in the folder of that manager.

use serde_json::{Map, Value};

use super::Manager;
use crate::path::{RealPath, WrittenPath};

/// One installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    pub manager: Manager,
    pub name: String,
    pub version: String,
    pub architecture: String,
    /// The source package, where it has another name; what scanners look up.
    pub source: Option<String>,
    /// What apk tells packages apart by.
    pub checksum: Option<String>,
    /// As apk records it; Debian has a file instead.
    pub license: Option<String>,
    /// Bytes.
    pub installed_size: u64,
    /// What must be installed, each a list of alternatives; bare names without versions.
    pub depends: Vec<Vec<String>>,
    /// Bare names: `so:libz.so.1`, `cmd:x`, `/bin/sh`, virtual packages.
    pub provides: Vec<String>,
    /// dpkg's `Essential: yes` or `Priority: required`; of apk's packages apk itself.
    pub essential: bool,
    /// Absolute, as recorded, with diversions applied.
    pub files: Vec<String>,
    /// Of a conda package.
    pub in_prefix: Option<Box<InPrefix>>,
}

/// What only packages have that are installed in a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InPrefix {
    pub prefix: RealPath,
    /// The record without files and without places of the builder.
    pub document: Map<String, Value>,
    /// Where the package cache has the licences.
    pub licences: Option<WrittenPath>,
    /// Files that hold the prefix, below it.
    pub(super) embeddings: Vec<(String, Embedding)>,
}

/// How a file holds the prefix that its package was installed to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Embedding {
    pub prefix: String,
    /// Bytes that there are for another one.
    pub room: usize,
    /// In strings that end with a NUL byte and keep their place, not in text.
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
            files: Vec::new(),
            in_prefix: None,
        }
    }
}
