//! The supported package managers, and the folder that knows each one.
//!
//! Every difference between managers is a `match` here that names all of them. A new variant does
//! not compile until each question has an answer.
//!
//! Invariant: this file has no rule of a manager, only the way to its folder.

use super::database::DatabaseFiles;
use super::{Package, apk, conda, dpkg, pacman};
use crate::path::RealPath;

/// The package manager that installed a package.
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
    /// Arch Linux and its relatives.
    Pacman,
    /// conda, mamba, pixi: in a prefix of its own, separate from the system.
    Conda,
}

/// The commands by which a final stage installs packages, as the steps of one RUN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstallCommand {
    /// The program that the steps run; an image without it cannot install packages.
    pub program: &'static str,
    /// Steps before the installation, such as fetching the package lists.
    pub prepare: &'static [&'static str],
    /// The step to which the names of the packages are appended.
    pub install: &'static str,
    /// Steps that remove files that no final image needs.
    pub clean_up: &'static [&'static str],
}

impl InstallCommand {
    /// The steps as shell lines, with the names of the packages in the step that installs.
    pub fn steps(&self, packages: &[String]) -> Vec<String> {
        let install = format!("{} {}", self.install, packages.join(" "));
        let own = |steps: &[&str]| steps.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>();
        [own(self.prepare), vec![install], own(self.clean_up)].concat()
    }
}

/// A package whose files are in a bundle; it is written to the database that scanners read.
pub struct BundledPackage<'a> {
    /// The package of the builder.
    pub package: &'a Package,
    /// Its files in the bundle, as paths in a root with the builder's layout.
    pub files: Vec<&'a RealPath>,
}

/// A file of a package database that is written for scanners.
#[derive(Debug, PartialEq, Eq)]
pub struct DatabaseFile {
    /// Its path, where scanners look, in a root with the builder's layout.
    pub path: RealPath,
    /// Its text, which the reader of the same manager can read.
    pub content: String,
}

impl Manager {
    /// Every manager, in the order of this enum.
    pub fn all() -> impl Iterator<Item = Manager> {
        let next = |manager: &Manager| match manager {
            Manager::Apk => Some(Manager::Dpkg),
            Manager::Dpkg => Some(Manager::Pacman),
            Manager::Pacman => Some(Manager::Conda),
            Manager::Conda => None,
        };
        std::iter::successors(Some(Manager::Apk), next)
    }

    /// The packages in the databases of a root, and in those prefixes that have a database.
    pub(super) fn read(self, files: &mut DatabaseFiles, prefixes: &[RealPath]) -> Vec<Package> {
        match self {
            Manager::Apk => apk::read(files),
            Manager::Dpkg => dpkg::read(files),
            Manager::Pacman => pacman::read(files),
            Manager::Conda => conda::read(files, prefixes),
        }
    }

    /// The command by which a final stage installs packages; `None` for a manager that no final
    /// stage uses.
    pub fn install_command(self) -> Option<InstallCommand> {
        match self {
            Manager::Apk => Some(apk::INSTALL),
            Manager::Dpkg => Some(dpkg::INSTALL),
            Manager::Pacman => Some(pacman::INSTALL),
            Manager::Conda => None,
        }
    }

    /// Whether its install command takes `typed` for one package: a name, perhaps with a version. No
    /// character of it means anything to a shell.
    pub fn takes(self, typed: &str) -> bool {
        match self {
            Manager::Apk => apk::takes(typed),
            Manager::Dpkg => dpkg::takes(typed),
            Manager::Pacman => pacman::takes(typed),
            Manager::Conda => false,
        }
    }

    /// The database files by which scanners find those `packages` that belong to this manager.
    /// Copying cannot extend a database that is one file, and pacman would take an entry for a package of
    /// its own, so these are written only if `root_is_empty`.
    pub fn database_files(
        self,
        packages: &[BundledPackage],
        root_is_empty: bool,
    ) -> Vec<DatabaseFile> {
        let own = packages.iter().filter(|bundled| bundled.package.manager == self);
        match self {
            Manager::Apk if root_is_empty => apk::database_file(own).into_iter().collect(),
            Manager::Pacman if root_is_empty => own.flat_map(pacman::database_files).collect(),
            Manager::Apk | Manager::Pacman => Vec::new(),
            Manager::Dpkg => own.map(|bundled| dpkg::database_file(bundled.package)).collect(),
            Manager::Conda => own.filter_map(conda::database_file).collect(),
        }
    }
}

impl Package {
    /// The package in exactly this version, in the syntax of its manager.
    pub fn pinned(&self) -> String {
        match self.manager {
            Manager::Apk => apk::pinned(self),
            Manager::Dpkg => dpkg::pinned(self),
            Manager::Pacman => pacman::pinned(self),
            Manager::Conda => conda::pinned(self),
        }
    }

    /// The name by which its manager installs any package with this library, if the package
    /// provides it: `so:libpq.so.5` for apk. Other managers have no such names.
    pub fn so_name(&self, soname: &str) -> Option<String> {
        match self.manager {
            Manager::Apk => apk::so_name(self, soname),
            Manager::Dpkg | Manager::Pacman | Manager::Conda => None,
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
        assert_eq!(
            steps(Manager::Pacman).unwrap(),
            [
                "pacman -Syu --noconfirm --needed libpq5 libz=1",
                "rm -rf /var/cache/pacman/pkg /var/lib/pacman/sync",
            ]
        );
        assert_eq!(steps(Manager::Conda), None);
    }

    #[test]
    fn names_that_an_install_command_takes() {
        for (typed, apk, dpkg, pacman) in [
            ("libpq", true, true, true),
            ("libpq5", true, true, true),
            ("libstdc++6", true, true, true),
            ("gtk+3.0", true, true, true),
            ("so:libpq.so.5", true, false, false),
            ("libpq=16.4-r0", true, true, true),
            ("libssl3=1:3.0.11-1~deb12u2+b1", false, true, true),
            ("R", true, false, true),
            // apt-get removes a package when a hyphen follows its name.
            ("libc6-", true, false, true),
            ("libc6=", false, false, false),
            ("=1", false, false, false),
            ("", false, false, false),
            ("-y", false, false, false),
            ("--allow-untrusted", false, false, false),
            ("so:", false, false, false),
            ("a b", false, false, false),
            ("a;reboot", false, false, false),
            ("a'b", false, false, false),
            ("$(reboot)", false, false, false),
            ("a=1\nb", false, false, false),
            ("../a", false, false, false),
            ("libü", false, false, false),
        ] {
            assert_eq!(Manager::Apk.takes(typed), apk, "apk {typed:?}");
            assert_eq!(Manager::Dpkg.takes(typed), dpkg, "dpkg {typed:?}");
            assert_eq!(Manager::Pacman.takes(typed), pacman, "pacman {typed:?}");
            assert!(!Manager::Conda.takes(typed));
        }
    }

    #[test]
    fn all_are_in_the_order_of_their_variants() {
        let all: Vec<Manager> = Manager::all().collect();
        assert_eq!(all, [Manager::Apk, Manager::Dpkg, Manager::Pacman, Manager::Conda]);
        assert!(all.is_sorted());
    }
}
