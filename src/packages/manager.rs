//! The package managers that are known, and where each one's knowledge is.
//!
//! Everything that differs between managers is asked here by a `match` that names all of them, so a new
//! variant does not compile until each question has an answer.
//!
//! Invariant: no rule of a manager is written here, only the way to its folder.

use super::database::DatabaseFiles;
use super::{Package, apk, conda, dpkg};
use crate::path::RealPath;

/// The package manager a package was installed with.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Manager {
    /// Alpine, Wolfi, Chainguard.
    Apk,
    /// Debian, Ubuntu, distroless.
    Dpkg,
    /// conda, mamba, pixi: in a prefix of its own, beside the system's.
    Conda,
}

/// How a final stage installs packages, in steps of one RUN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstallCommand {
    /// The program of the steps: an image without it cannot install.
    pub program: &'static str,
    /// Steps that come first, such as fetching the list of packages.
    pub prepare: &'static [&'static str],
    /// The step that the names of the packages follow.
    pub install: &'static str,
    /// Steps that remove what no final image needs.
    pub clean_up: &'static [&'static str],
}

impl InstallCommand {
    /// Each step as a shell line, with the names of the packages in the step that installs.
    pub fn steps(&self, packages: &[String]) -> Vec<String> {
        let install = format!("{} {}", self.install, packages.join(" "));
        let own = |steps: &[&str]| steps.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>();
        [own(self.prepare), vec![install], own(self.clean_up)].concat()
    }
}

/// A package whose files are in a bundle, for the database that scanners read.
pub struct BundledPackage<'a> {
    /// The package of the builder.
    pub package: &'a Package,
    /// Its files in the bundle, where they would be in a root like the builder.
    pub files: Vec<&'a RealPath>,
}

/// A file of a package database, written for scanners.
#[derive(Debug, PartialEq, Eq)]
pub struct DatabaseFile {
    /// Where scanners look, in a root like the builder.
    pub path: RealPath,
    /// The text that the reader of the same manager reads.
    pub content: String,
}

impl Manager {
    /// Every manager, in the order of this enum.
    pub fn all() -> impl Iterator<Item = Manager> {
        let next = |manager: &Manager| match manager {
            Manager::Apk => Some(Manager::Dpkg),
            Manager::Dpkg => Some(Manager::Conda),
            Manager::Conda => None,
        };
        std::iter::successors(Some(Manager::Apk), next)
    }

    /// The packages in the databases of a root, and of those prefixes that have one of their own.
    pub(super) fn read(self, files: &mut DatabaseFiles, prefixes: &[RealPath]) -> Vec<Package> {
        match self {
            Manager::Apk => apk::read(files),
            Manager::Dpkg => dpkg::read(files),
            Manager::Conda => conda::read(files, prefixes),
        }
    }

    /// The command of a final stage that installs its packages; `None` where no final stage does.
    pub fn install_command(self) -> Option<InstallCommand> {
        match self {
            Manager::Apk => Some(apk::INSTALL),
            Manager::Dpkg => Some(dpkg::INSTALL),
            Manager::Conda => None,
        }
    }

    /// The database files by which scanners find `packages`, those of other managers aside. A database
    /// that is one file cannot be added to by copying, so only a `root_is_empty` gets it.
    pub fn database_files(
        self,
        packages: &[BundledPackage],
        root_is_empty: bool,
    ) -> Vec<DatabaseFile> {
        let own = packages.iter().filter(|bundled| bundled.package.manager == self);
        match self {
            Manager::Apk if root_is_empty => apk::database_file(own).into_iter().collect(),
            Manager::Apk => Vec::new(),
            Manager::Dpkg => own.map(|bundled| dpkg::database_file(bundled.package)).collect(),
            Manager::Conda => own.filter_map(conda::database_file).collect(),
        }
    }
}

impl Package {
    /// The package in exactly this version, as its manager takes it.
    pub fn pinned(&self) -> String {
        match self.manager {
            Manager::Apk => apk::pinned(self),
            Manager::Dpkg => dpkg::pinned(self),
            Manager::Conda => conda::pinned(self),
        }
    }

    /// The name by which its manager installs whatever package has this library: `so:libpq.so.5` of apk,
    /// when the package provides it. Other managers have no such names.
    pub fn so_name(&self, soname: &str) -> Option<String> {
        match self.manager {
            Manager::Apk => apk::so_name(self, soname),
            Manager::Dpkg | Manager::Conda => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_manager_installs_in_its_own_words() {
        let names = ["libpq5".to_owned(), "libz=1".to_owned()];
        let steps = |manager: Manager| manager.install_command().map(|one| one.steps(&names));
        assert_eq!(steps(Manager::Apk).unwrap(), ["apk add --no-cache libpq5 libz=1"]);
        assert_eq!(
            steps(Manager::Dpkg).unwrap(),
            [
                "apt-get update",
                "apt-get install -y --no-install-recommends libpq5 libz=1",
                "rm -rf /var/lib/apt/lists/*",
            ]
        );
        assert_eq!(steps(Manager::Conda), None);
    }

    #[test]
    fn all_are_in_the_order_of_their_variants() {
        let all: Vec<Manager> = Manager::all().collect();
        assert_eq!(all, [Manager::Apk, Manager::Dpkg, Manager::Conda]);
        assert!(all.is_sorted());
    }
}
