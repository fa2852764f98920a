//! Every installed package of a root: the owner of each file, and the dependencies of each package.
//!
//! Invariant: an index of a package stays valid as long as the [`PackageIndex`] lives.

use std::collections::{BTreeSet, HashMap};

use rustc_hash::FxHashMap;

use super::database::DatabaseFiles;
use super::owners::Owners;
use super::{Embedding, InPrefix, Manager, Package};
use crate::finding::{Code, Finding, Severity};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Root, RootError};

/// Every installed package of a root with its files and relations. Indexing with `[usize]` gives a
/// package.
#[derive(Debug, Default)]
pub struct PackageIndex {
    /// Sorted by manager, name and architecture.
    packages: Vec<Package>,
    owners: Owners,
    /// Packages by their own name before those that provide it.
    by_name: HashMap<(Manager, String), Vec<usize>>,
    embeddings: FxHashMap<RealPath, Embedding>,
}

impl PackageIndex {
    /// Reads every database of the root, and those of the `prefixes` that belong to conda.
    pub fn read(root: &Root, prefixes: &[RealPath]) -> (PackageIndex, Vec<Finding>) {
        let mut files = DatabaseFiles::new(root);
        let packages = Manager::all().flat_map(|manager| manager.read(&mut files, prefixes));
        let packages: Vec<Package> = packages.collect();
        let mut findings = files.findings;
        let index = PackageIndex::new(root, packages, &mut findings);
        (index, findings)
    }

    fn new(root: &Root, packages: Vec<Package>, findings: &mut Vec<Finding>) -> PackageIndex {
        let mut numbered: Vec<(usize, Package)> = packages.into_iter().enumerate().collect();
        let key = |package: &Package| {
            (package.manager, package.name.clone(), package.architecture.clone())
        };
        numbered.sort_by_cached_key(|(_, package)| key(package));
        // If two packages claim a file, the later in the database counts, so ownership needs that
        // order.
        let mut order: Vec<usize> = (0..numbered.len()).collect();
        order.sort_by_key(|index| numbered[*index].0);
        let packages: Vec<Package> = numbered.into_iter().map(|(_, package)| package).collect();
        let (owners, failed) = Owners::build(root, &packages, &order);
        let mut by_name: HashMap<(Manager, String), Vec<usize>> = HashMap::new();
        for (index, package) in packages.iter().enumerate() {
            by_name.entry((package.manager, package.name.clone())).or_default().push(index);
        }
        for (index, package) in packages.iter().enumerate() {
            for name in &package.provides {
                by_name.entry((package.manager, name.clone())).or_default().push(index);
            }
        }
        let embeddings = embeddings(root, &packages);
        findings.extend(unreadable_paths(&failed));
        PackageIndex { packages, owners, by_name, embeddings }
    }

    /// The number of installed packages; their indices are below it.
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

    /// The prefix that a file contains because its package was installed there; `None` if it
    /// contains none.
    pub fn embedding(&self, path: &RealPath) -> Option<&Embedding> {
        self.embeddings.get(path)
    }

    /// The conda package that owns a path without links, by index, with the facts that only such a
    /// package has.
    pub fn in_prefix(&self, path: &RealPath) -> Option<(usize, &InPrefix)> {
        let package = self.owner(path)?;
        Some((package, self.packages[package].in_prefix.as_deref()?))
    }

    /// The index of the package that owns a path without links; the path itself may be a link.
    pub fn owner(&self, path: &RealPath) -> Option<usize> {
        self.owners.get(path, &self.packages)
    }

    /// All packages that can be reached through `depends`, without `package` itself unless it is in
    /// a cycle.
    ///
    /// Of alternatives, the first that is installed counts.
    pub fn closure(&self, package: usize) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut pending = vec![package];
        while let Some(index) = pending.pop() {
            pending.extend(self.depends_on(index).filter(|needed| reached.insert(*needed)));
        }
        reached
    }

    /// The installed packages that directly satisfy the dependencies of a package.
    pub fn depends_on(&self, package: usize) -> impl Iterator<Item = usize> {
        let depends = self.packages[package].depends.iter();
        depends.filter_map(move |alternatives| {
            alternatives.iter().find_map(|name| self.provider(package, name))
        })
    }

    /// The package that satisfies `name` for `dependent`: first one of its own architecture,
    /// because dpkg may have several.
    fn provider(&self, dependent: usize, name: &str) -> Option<usize> {
        let dependent = &self.packages[dependent];
        let providers = self.by_name.get(&(dependent.manager, name.to_owned()))?;
        let same = providers
            .iter()
            .find(|index| self.packages[**index].architecture == dependent.architecture);
        // A package with that name comes before one that provides it, even if it is architecture
        // independent.
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

/// The files that contain the prefix of their package, as far as they exist.
fn embeddings(root: &Root, packages: &[Package]) -> FxHashMap<RealPath, Embedding> {
    let mut there = FxHashMap::default();
    for own in packages.iter().filter_map(|package| package.in_prefix.as_ref()) {
        for (below, embedding) in &own.embeddings {
            let path = own.prefix.descend(below);
            if let Ok(Some(found)) = root.resolve_parent(&WrittenPath::from(&path)) {
                there.insert(found.path, embedding.clone());
            }
        }
    }
    there
}

/// One finding for all recorded paths that the user may not follow, or that are loops.
fn unreadable_paths(failed: &[RootError]) -> Option<Finding> {
    let first = failed.first()?;
    let message = format!(
        "{} recorded paths cannot be followed, so files there look unowned; the first: {first}",
        failed.len()
    );
    Some(Finding::new(Severity::Note, Code::UnreadableFile, first.path(), message))
}
