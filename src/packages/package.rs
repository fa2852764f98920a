//! One installed package, as its database has it.
//!
//! Invariant: data of one manager is read and written in the folder of that manager.

use serde_json::{Map, Value};

use super::Manager;
use crate::path::{RealPath, WrittenPath};

/// One installed package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The manager whose database it is in.
    pub manager: Manager,
    /// The name by which its manager installs it.
    pub name: String,
    /// With epoch and revision, as its manager writes it.
    pub version: String,
    /// As its manager names it: `x86_64`, `amd64`, `linux-64`, or one that stands for all.
    pub architecture: String,
    /// The source package, where it has another name: scanners look it up.
    pub source: Option<String>,
    /// The checksum that apk tells packages apart by.
    pub checksum: Option<String>,
    /// As apk records it; Debian has a file instead.
    pub license: Option<String>,
    /// Bytes when installed, as the database says.
    pub installed_size: u64,
    /// What must be installed, each a list of alternatives; bare names without versions.
    pub depends: Vec<Vec<String>>,
    /// Bare names: `so:libz.so.1`, `cmd:x`, `/bin/sh`, virtual packages.
    pub provides: Vec<String>,
    /// dpkg's `Essential: yes` or `Priority: required`; of apk's packages apk itself.
    pub essential: bool,
    /// Absolute, as recorded, with diversions applied.
    pub files: Vec<String>,
    /// Of a conda package only.
    pub in_prefix: Option<Box<InPrefix>>,
}

/// The facts that only a package in a prefix of its own has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InPrefix {
    /// The prefix it is installed in.
    pub prefix: RealPath,
    /// The record without files and without places of the builder.
    pub document: Map<String, Value>,
    /// Where the package cache has the licences.
    pub licences: Option<WrittenPath>,
    /// Files that hold the prefix, by their path below it.
    pub(super) embeddings: Vec<(String, Embedding)>,
}

/// How a file holds the prefix that its package was installed to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Embedding {
    /// The prefix in the file.
    pub prefix: String,
    /// The longest prefix that fits in its place, in bytes.
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
