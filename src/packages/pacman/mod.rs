//! pacman: Arch Linux and its relatives.
//!
//! The database has a directory for each package. A bundle has one only if the final root has none: pacman
//! would take the package for one that it installed.
//!
//! Invariant: no program of pacman is run; only text of the root is read.

mod sections;

use sections::{parse_description, parse_files, write_description, write_files};

use super::database::DatabaseFiles;
use super::{BundledPackage, DatabaseFile, InstallCommand, Package};
use crate::path::RealPath;
use crate::root::Kind;

/// The database of installed packages (pacman(8), "DBPath").
const LOCAL: &str = "/var/lib/pacman/local";
/// The facts of a package, and the list of its files, in its directory.
const DESCRIPTION: &str = "desc";
const FILES: &str = "files";
/// The package that every installation asks for.
const IMAGE: &str = "base";

/// The packages of the database.
pub(super) fn read(files: &mut DatabaseFiles) -> Vec<Package> {
    let Some(local) = files.find(LOCAL, &Kind::Directory) else { return Vec::new() };
    let entries = files.list(&local).into_iter();
    let directories: Vec<RealPath> = entries
        .filter(|entry| entry.meta.kind == Kind::Directory)
        .map(|entry| entry.path)
        .collect();
    files.read_each(&directories, read_package).into_iter().flatten().collect()
}

fn read_package(files: &mut DatabaseFiles, directory: &RealPath) -> Option<Package> {
    let path = directory.join(DESCRIPTION);
    let Some(text) = files.text(path.as_str()) else {
        files.report(directory, "the package has no description: its files look unowned");
        return None;
    };
    let mut package = match parse_description(&text) {
        Ok(package) => package,
        Err(message) => {
            files.report(path, message);
            return None;
        }
    };
    package.asked &= package.name != IMAGE;
    match files.text(directory.join(FILES).as_str()) {
        Some(text) => package.files = parse_files(&text),
        None => files.report(directory, "the package has no file list: its files look unowned"),
    }
    Some(package)
}

/// The install command, from pacman(8). Arch Linux supports no partial upgrade: a package of today may need a
/// newer C library than the image has, so the whole image is upgraded.
pub(super) const INSTALL: InstallCommand = InstallCommand {
    program: "pacman",
    prepare: &[],
    install: "pacman -Syu --noconfirm --needed",
    clean_up: &["rm -rf /var/cache/pacman/pkg /var/lib/pacman/sync"],
};

/// Whether pacman would install a package of this name (PKGBUILD(5), "pkgname").
fn is_name(name: &str) -> bool {
    name.starts_with(|one: char| one.is_ascii_alphanumeric() || "@_+".contains(one))
        && name.chars().all(|one| one.is_ascii_alphanumeric() || "@._+-".contains(one))
}

/// Whether these are the characters of a version (PKGBUILD(5), "pkgver" and "epoch").
fn is_version(version: &str) -> bool {
    version.starts_with(|one: char| one.is_ascii_alphanumeric())
        && version.chars().all(|one| one.is_ascii_alphanumeric() || "._+~:-".contains(one))
}

/// pacman(8): a name, perhaps with `=` and a version.
pub(super) fn takes(typed: &str) -> bool {
    let (name, version) =
        typed.split_once('=').map_or((typed, None), |(name, version)| (name, Some(version)));
    is_name(name) && version.is_none_or(is_version)
}

/// The pinned name, from pacman(8). The repositories have one version of a package: another one is an error.
pub(super) fn pinned(package: &Package) -> String {
    format!("{}={}", package.name, package.version)
}

/// Licences are among the files of a package, or common ones below the same directory.
pub(super) fn is_licence(path: &str) -> bool {
    path.contains("/licenses/")
}

/// The entry of a package in the database of a root that has no other packages.
pub(super) fn database_files(bundled: &BundledPackage) -> [DatabaseFile; 2] {
    let Package { name, version, .. } = bundled.package;
    let directory = RealPath::known(LOCAL).join(&format!("{name}-{version}"));
    [
        DatabaseFile {
            path: directory.join(DESCRIPTION),
            content: write_description(bundled.package),
        },
        DatabaseFile { path: directory.join(FILES), content: write_files(&bundled.files) },
    ]
}
