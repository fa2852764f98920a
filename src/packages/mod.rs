//! The package databases of a root: apk, dpkg, distroless and conda, as one index.
//!
//! [`PackageIndex::read`] does the reading; the parsers below it see only text. Every problem in a
//! database is a finding that names the file and the line, and the rest of the database still counts.
//!
//! Invariant: reading never fails; an index into `packages` stays valid as long as the index lives.

mod apk;
mod conda;
mod dpkg;
mod licence;
mod manager;
mod owners;
mod reader;

use std::collections::{BTreeSet, HashMap};

pub use conda::{is_about_packages, with_prefix};
pub use licence::{LicenceFile, Licences, is_licence, unreadable_licences};
pub use manager::{BundledPackage, DatabaseFile, InstallCommand, Manager};
use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use crate::finding::Finding;
use crate::path::{RealPath, WrittenPath};
use crate::root::Root;

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
    embeddings: Vec<(String, Embedding)>,
}

impl InPrefix {
    /// The record of the package with these of its files, and its name in `conda-meta`.
    pub fn record<'a>(
        &self,
        package: &Package,
        files: impl Iterator<Item = &'a RealPath>,
    ) -> (String, String) {
        let build = self.document.get("build").and_then(Value::as_str).unwrap_or_default();
        let name = format!("{}-{}-{build}.json", package.name, package.version);
        let mut document = self.document.clone();
        document.insert(
            "files".to_owned(),
            files.filter_map(|path| path.below(&self.prefix)).collect(),
        );
        (name, serde_json::to_string_pretty(&document).expect("it was JSON"))
    }
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
    fn empty(manager: Manager) -> Package {
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

/// Something in a database text that cannot be understood.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    /// Counted from 1.
    line: usize,
    message: String,
}

/// Every installed package of a root with its files and relations.
#[derive(Debug, Default)]
pub struct PackageIndex {
    /// Sorted by manager, name and architecture.
    packages: Vec<Package>,
    owners: owners::Owners,
    /// Packages by their own name before those that provide it.
    by_name: HashMap<(Manager, String), Vec<usize>>,
    embeddings: FxHashMap<RealPath, Embedding>,
}

impl PackageIndex {
    /// Reads every database of the root, and those of the prefixes that are conda's.
    pub fn read(root: &Root, prefixes: &[RealPath]) -> (PackageIndex, Vec<Finding>) {
        let (packages, findings) = reader::read(root, prefixes);
        (PackageIndex::new(root, packages), findings)
    }

    fn new(root: &Root, packages: Vec<Package>) -> PackageIndex {
        let mut numbered: Vec<(usize, Package)> = packages.into_iter().enumerate().collect();
        let key = |package: &Package| {
            (package.manager, package.name.clone(), package.architecture.clone())
        };
        numbered.sort_by_cached_key(|(_, package)| key(package));
        // Of two claims to a file the later in the database counts, so ownership needs that order.
        let mut order: Vec<usize> = (0..numbered.len()).collect();
        order.sort_by_key(|index| numbered[*index].0);
        let packages: Vec<Package> = numbered.into_iter().map(|(_, package)| package).collect();
        let number = |index: usize| {
            u32::try_from(index).expect("a database has fewer than 4 billion packages")
        };
        let records = order.iter().flat_map(|index| {
            packages[*index].files.iter().map(move |path| (path.as_str(), number(*index)))
        });
        let owners = owners::Owners::build(root, records);
        let mut by_name: HashMap<(Manager, String), Vec<usize>> = HashMap::new();
        for (index, package) in packages.iter().enumerate() {
            by_name.entry((package.manager, package.name.clone())).or_default().push(index);
        }
        for (index, package) in packages.iter().enumerate() {
            for name in &package.provides {
                by_name.entry((package.manager, name.clone())).or_default().push(index);
            }
        }
        let own = packages.iter().filter_map(|package| package.in_prefix.as_ref());
        let recorded = own.flat_map(|own| {
            own.embeddings.iter().map(|(below, embedding)| (own.prefix.descend(below), embedding))
        });
        let there = recorded.filter_map(|(path, embedding)| {
            let found = root.resolve_parent(&WrittenPath::from(&path)).ok().flatten()?;
            Some((found.path, embedding.clone()))
        });
        let embeddings = there.collect();
        PackageIndex { packages, owners, by_name, embeddings }
    }

    /// How many packages are installed: their indices are below it.
    pub fn len(&self) -> usize {
        self.packages.len()
    }

    /// Whether no package is installed.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// Every package with its index, sorted by manager, name and architecture.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Package)> {
        self.packages.iter().enumerate()
    }

    /// How a file holds the prefix that its package was installed to, if it does.
    pub fn embedding(&self, path: &RealPath) -> Option<&Embedding> {
        self.embeddings.get(path)
    }

    /// The conda package that owns a link-free path, with what only such a package has.
    pub fn in_prefix(&self, path: &RealPath) -> Option<(usize, &InPrefix)> {
        let package = self.owner(path)?;
        Some((package, self.packages[package].in_prefix.as_deref()?))
    }

    /// The package that owns a link-free path, be it a file or a link itself.
    pub fn owner(&self, path: &RealPath) -> Option<usize> {
        self.owners.get(path).map(|index| index as usize)
    }

    /// All packages reachable through `depends`, without `package` itself unless in a cycle.
    ///
    /// Of alternatives the first that is installed counts.
    pub fn closure(&self, package: usize) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut pending = vec![package];
        while let Some(index) = pending.pop() {
            pending.extend(self.depends_on(index).filter(|needed| reached.insert(*needed)));
        }
        reached
    }

    /// The installed packages that satisfy its dependencies directly.
    pub fn depends_on(&self, package: usize) -> impl Iterator<Item = usize> {
        let depends = self.packages[package].depends.iter();
        depends.filter_map(move |alternatives| {
            alternatives.iter().find_map(|name| self.provider(package, name))
        })
    }

    /// What satisfies `name` for `dependent`: its own architecture first, since dpkg may have several.
    fn provider(&self, dependent: usize, name: &str) -> Option<usize> {
        let dependent = &self.packages[dependent];
        let providers = self.by_name.get(&(dependent.manager, name.to_owned()))?;
        let same = providers
            .iter()
            .find(|index| self.packages[**index].architecture == dependent.architecture);
        // A name of its own beats a provided one, even when it is architecture independent.
        let first = providers.first()?;
        match same {
            Some(same)
                if (self.packages[*same].name == name) == (self.packages[*first].name == name) =>
            {
                Some(*same)
            }
            _ => Some(*first),
        }
    }
}

impl std::ops::Index<usize> for PackageIndex {
    type Output = Package;

    fn index(&self, package: usize) -> &Package {
        &self.packages[package]
    }
}

#[cfg(test)]
mod tests;
