//! Which packages to install: those needed directly, except those that other packages depend on and
//! those of the base.
//!
//! Invariant: the name is that of the package that owns the resolved file.

use std::collections::{BTreeMap, BTreeSet};

use super::package_set::{PackageReason, PackageSet, PlannedPackage};
use crate::inventory::{Inventory, by_hand};
use crate::path::RealPath;
use crate::plan::request::Request;
use crate::plan::select::Selection;
use crate::plan::target::FinalRoot;
use crate::python;

/// The packages of images with Python in /usr/local that no library of the interpreter leads to
/// (docker-library/python, Dockerfile-linux.template).
const IMAGE: [&str; 4] = ["ca-certificates", "ca-certificates-bundle", "netbase", "tzdata"];

/// Packages asked for so far.
pub(crate) struct Wanted<'a> {
    inventory: &'a Inventory,
    reasons: BTreeMap<usize, BTreeSet<PackageReason>>,
    /// Packages whose libraries the base has, whatever package it has them from.
    in_base: BTreeSet<usize>,
    /// Packages that do not count as there, since the base lacks a needed library of them.
    lacking: BTreeSet<usize>,
    /// Packages that bring the interpreter.
    interpreter: BTreeSet<usize>,
    closures: BTreeMap<usize, BTreeSet<usize>>,
}

impl<'a> Wanted<'a> {
    pub(crate) fn new(inventory: &'a Inventory) -> Wanted<'a> {
        Wanted {
            inventory,
            reasons: BTreeMap::new(),
            in_base: BTreeSet::new(),
            lacking: BTreeSet::new(),
            interpreter: BTreeSet::new(),
            closures: BTreeMap::new(),
        }
    }

    fn closure(&mut self, package: usize) -> &BTreeSet<usize> {
        self.closures.entry(package).or_insert_with(|| self.inventory.packages.closure(package))
    }

    /// A library of `package` is needed.
    pub(crate) fn add(&mut self, package: usize, reason: PackageReason) {
        self.reasons.entry(package).or_default().insert(reason);
    }

    /// Whether a package is needed already, or comes with one that is.
    pub(crate) fn has(&mut self, package: usize) -> bool {
        let needed: Vec<usize> = self.reasons.keys().copied().collect();
        needed.into_iter().any(|one| one == package || self.closure(one).contains(&package))
    }

    /// A library of `package` is needed, and the base has one of that name.
    pub(crate) fn add_in_base(&mut self, package: usize, reason: PackageReason) {
        self.in_base.insert(package);
        self.add(package, reason);
    }

    /// The base has no library of a name that `package` is needed for.
    pub(crate) fn mark_lacking(&mut self, package: usize) {
        self.lacking.insert(package);
    }

    /// Packages that the user names.
    pub(crate) fn add_by_hand(&mut self, request: &Request) {
        let inventory = self.inventory;
        let named =
            inventory.packages.iter().filter(|(_, one)| request.packages.contains(&one.name));
        for (package, named) in named {
            self.add(
                package,
                PackageReason {
                    file: inventory.environment.parts[0].prefix.clone(),
                    library: named.name.clone(),
                    distribution: None,
                    evidence: Some(by_hand("--package")),
                },
            );
        }
    }

    /// Distributions of OS packages that were asked for, or that bundled ones require.
    pub(crate) fn add_distributions(&mut self, selection: &Selection) {
        let all = &self.inventory.distributions;
        let asked = selection.asked.iter().map(|to| (None, *to));
        let bundled = selection.needed.iter().filter(|from| selection.is_bundled(**from));
        let required = bundled
            .flat_map(|from| selection.edges[*from].iter().map(move |to| (Some(*from), *to)));
        for (from, to) in asked.chain(required).collect::<Vec<_>>() {
            if let Some(package) = selection.system_owned.get(&to) {
                let distribution = from.map(|from| all[from].name.clone());
                self.add(
                    *package,
                    PackageReason {
                        file: all[to].info.clone(),
                        library: all[to].name.clone(),
                        distribution,
                        evidence: None,
                    },
                );
            }
        }
    }

    /// Packages to whose files bundled links and path files lead.
    pub(crate) fn add_linked(&mut self, bundled: &BTreeSet<RealPath>) {
        for file in self.inventory.files.iter().filter(|file| bundled.contains(&file.path)) {
            for (package, to) in file.packages().zip(file.leads_to.iter().cycle()) {
                self.add_leading(package, &file.path, to);
            }
        }
        let path_files = self.inventory.path_files.iter();
        for file in path_files.filter(|file| bundled.contains(&file.path)) {
            for to in file.directories() {
                for package in self.packages_on_path(to) {
                    self.add_leading(package, &file.path, to);
                }
            }
        }
    }

    fn add_leading(&mut self, package: usize, file: &RealPath, to: &RealPath) {
        let reason = PackageReason {
            file: file.clone(),
            library: to.to_string(),
            distribution: self.inventory.distribution_of(file).map(|one| one.name.clone()),
            evidence: None,
        };
        self.add(package, reason);
    }

    /// The packages with modules in a directory outside of the environment that is on `sys.path`.
    fn packages_on_path(&self, directory: &RealPath) -> BTreeSet<usize> {
        if self.inventory.environment.in_whole_prefix(directory) {
            return BTreeSet::new();
        }
        let mut packages = self.inventory.packages_below(directory);
        // As Debian and Alpine name them: python3-pip, py3-setuptools.
        packages.retain(|package| {
            let name = &self.inventory.packages[*package].name;
            !python::is_installer(name.rsplit('-').next().unwrap_or_default())
        });
        packages
    }

    /// The narrowest installed package that brings the program, its links and the whole standard
    /// library: `python3` on Debian, where five packages share them.
    pub(crate) fn add_interpreter(&mut self) {
        let interpreter = &self.inventory.environment.interpreter;
        let standard = ["os.py", "json/__init__.py", "sqlite3/__init__.py"]
            .map(|file| interpreter.stdlib.descend(file));
        let files = interpreter.links.iter().chain([&interpreter.executable]).chain(&standard);
        let owners: BTreeSet<usize> =
            files.filter_map(|path| self.inventory.packages.owner(path)).collect();
        if owners.is_empty() {
            return;
        }
        let reason = PackageReason {
            file: interpreter.executable.clone(),
            library: "interpreter".to_owned(),
            distribution: None,
            evidence: None,
        };
        let all = 0..self.inventory.packages.len();
        let covering = all.filter_map(|package| {
            let closure = self.closure(package);
            let covers = owners.iter().all(|owner| *owner == package || closure.contains(owner));
            covers.then_some((closure.len(), package))
        });
        self.interpreter = covering.min().map_or(owners, |(_, package)| BTreeSet::from([package]));
        for package in self.interpreter.clone() {
            self.add(package, reason.clone());
        }
    }

    /// Libraries that the program and the modules of its standard library load.
    pub(crate) fn add_interpreter_libraries(&mut self) {
        let interpreter = &self.inventory.environment.interpreter;
        let reason = |library: &str| PackageReason {
            file: interpreter.executable.clone(),
            library: library.to_owned(),
            distribution: None,
            evidence: None,
        };
        let standard = interpreter.stdlib.descend("os.py");
        let own = [&interpreter.executable, &standard].map(|path| (path, "interpreter"));
        let libraries =
            self.inventory.interpreter_files.iter().filter(|path| **path != interpreter.executable);
        let files = libraries.map(|path| (path, path.name())).chain(own);
        let owned: Vec<(usize, PackageReason)> = files
            .filter_map(|(path, name)| Some((self.inventory.packages.owner(path)?, reason(name))))
            .collect();
        owned.into_iter().for_each(|(package, reason)| self.add(package, reason));
    }

    /// Packages of other repositories whose libraries the interpreter loads in the builder.
    pub(crate) fn add_foreign_libraries(&mut self, final_root: &FinalRoot) {
        let interpreter = &self.inventory.environment.interpreter;
        for path in &self.inventory.interpreter_files {
            let owner = self.inventory.packages.owner(path);
            let owner =
                owner.filter(|owner| final_root.lacks_version(&self.inventory.packages[*owner]));
            if let Some(package) = owner {
                let file = interpreter.executable.clone();
                let library = path.name().to_owned();
                let reason = PackageReason { file, library, distribution: None, evidence: None };
                self.add(package, reason);
            }
        }
    }

    /// Splits the needed packages into those to install, to vendor and in the base.
    pub(crate) fn decide(mut self, request: &Request, final_root: &FinalRoot) -> PackageSet {
        let base = self.base(final_root);
        let all = &self.inventory.packages;
        let (in_base, lacking): (BTreeSet<usize>, BTreeSet<usize>) =
            self.reasons.keys().partition(|package| base.contains(package));
        let (brought, asked): (BTreeSet<usize>, BTreeSet<usize>) =
            lacking.into_iter().partition(|package| {
                final_root.vendors(&all[*package]) && !self.interpreter.contains(package)
            });
        let install = self.not_brought_along(&asked);
        let mut along: BTreeSet<usize> =
            install.iter().flat_map(|package| self.closure(*package).clone()).collect();
        along.retain(|package| !install.contains(package) && !base.contains(package));
        let vendored = self.add_dependencies(brought, &|package| {
            base.contains(&package) || install.contains(&package) || along.contains(&package)
        });
        let there = [&base, &install, &along, &vendored, &self.interpreter_packages()];
        PackageSet {
            there_indices: there.into_iter().flatten().copied().collect(),
            manager: all
                .iter()
                .map(|(_, package)| package.manager)
                .find(|manager| manager.install_command().is_some()),
            install: self.list(&install, request),
            brought_along: self.list(&along, request),
            vendored: self.list(&vendored, request),
            vendored_indices: vendored,
            in_base: self.list(&in_base, request),
        }
    }

    /// The packages of the builder's interpreter, whether or not the final root has the same.
    fn interpreter_packages(&mut self) -> BTreeSet<usize> {
        let interpreter = &self.inventory.environment.interpreter;
        let own = [interpreter.executable.clone(), interpreter.stdlib.join("os.py")];
        let mut packages: BTreeSet<usize> =
            own.iter().filter_map(|path| self.inventory.packages.owner(path)).collect();
        packages.extend(
            self.inventory
                .interpreter_files
                .iter()
                .filter_map(|path| self.inventory.packages.owner(path)),
        );
        for package in packages.clone() {
            packages.extend(self.closure(package).clone());
        }
        packages
    }

    /// Those that no other one depends on.
    fn not_brought_along(&mut self, asked: &BTreeSet<usize>) -> BTreeSet<usize> {
        let brought = |wanted: &mut Self, package: usize| {
            asked.iter().any(|other| {
                let mutual = wanted.closure(package).contains(other);
                *other != package
                    && wanted.closure(*other).contains(&package)
                    && (!mutual || *other < package)
            })
        };
        asked.iter().copied().filter(|package| !brought(self, *package)).collect()
    }

    /// Adds the packages that vendored ones depend on, as far as the inventory has their files.
    fn add_dependencies(
        &mut self,
        asked: BTreeSet<usize>,
        there: &dyn Fn(usize) -> bool,
    ) -> BTreeSet<usize> {
        let looked_at = &self.inventory.carriable.packages;
        let mut vendored = asked;
        vendored.retain(|package| !there(*package));
        for package in vendored.clone() {
            vendored.extend(
                self.closure(package)
                    .iter()
                    .filter(|package| looked_at.contains_key(package) && !there(**package)),
            );
        }
        vendored
    }

    fn list(&self, packages: &BTreeSet<usize>, request: &Request) -> Vec<PlannedPackage> {
        packages.iter().map(|package| self.planned(*package, request)).collect()
    }

    /// The packages of the base: those of its profile or, without one, those of every root of the
    /// distribution; and when no package owns the interpreter it comes with the image, and so do
    /// its libraries, unless it is bundled.
    fn base(&mut self, final_root: &FinalRoot) -> BTreeSet<usize> {
        let packages = &self.inventory.packages;
        let known =
            packages.iter().map(|(index, package)| Some((index, final_root.has_package(package)?)));
        if let Some(known) = known.collect::<Option<Vec<_>>>().filter(|known| !known.is_empty()) {
            let there = known.into_iter().filter(|(_, there)| *there).map(|(index, _)| index);
            return there
                .chain(self.in_base.iter().copied())
                .filter(|package| !self.lacking.contains(package))
                .collect();
        }
        let owned = self.inventory.interpreter_package().is_some();
        let essential =
            packages.iter().filter(|(_, package)| package.essential).map(|(index, _)| index);
        let mut base: BTreeSet<usize> = essential.collect();
        if !owned && !final_root.interpreter_is_bundled {
            base.extend(
                self.inventory.interpreter_files.iter().filter_map(|path| packages.owner(path)),
            );
            let prefix = &self.inventory.environment.interpreter.prefix;
            let of_image = packages.iter().filter(|(_, one)| {
                prefix.as_str() == "/usr/local" && IMAGE.contains(&one.name.as_str())
            });
            base.extend(of_image.map(|(index, _)| index));
        }
        for package in base.clone() {
            base.extend(self.closure(package).clone());
        }
        base.retain(|package| !final_root.lacks_version(&packages[*package]));
        base
    }

    fn planned(&self, index: usize, request: &Request) -> PlannedPackage {
        let package = &self.inventory.packages[index];
        let reasons: Vec<PackageReason> =
            self.reasons.get(&index).into_iter().flatten().cloned().collect();
        let so_name = || reasons.iter().find_map(|reason| package.so_name(&reason.library));
        let install_as = match so_name().filter(|_| request.so_names) {
            Some(name) => name,
            None if request.pin => package.pinned(),
            None => package.name.clone(),
        };
        PlannedPackage {
            name: package.name.clone(),
            version: package.version.clone(),
            install_as,
            installed_size: package.installed_size,
            reasons,
        }
    }
}
