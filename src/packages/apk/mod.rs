//! apk: Alpine, Wolfi, Chainguard.
//!
//! The database is one file, so a bundle can contain one only if the final root has none.
//!
//! Invariant: no program of apk is run; only text of the root is read.

mod foreign;
mod installed;
mod world;

use foreign::parse_world;
use installed::{parse_installed, write_installed};
use world::parse_wishes;

use super::database::DatabaseFiles;
use super::{BundledPackage, DatabaseFile, InstallCommand, Package};
use crate::path::RealPath;
use crate::root::Kind;

/// First Alpine and apko, then Wolfi, where only the second path is certain to have no links.
const DATABASES: [&str; 2] = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"];

/// What somebody asked for, from apk-world(5).
const WORLD: &str = "/etc/apk/world";
/// Alpine's own images ask for these (alpine-make-rootfs, docker-alpine).
const IMAGE: [&str; 7] = [
    "alpine-base",
    "alpine-baselayout",
    "alpine-keys",
    "alpine-release",
    "apk-tools",
    "busybox",
    "musl-utils",
];

/// The packages of every database that exists; each file is read once.
pub(super) fn read(files: &mut DatabaseFiles) -> Vec<Package> {
    let mut databases: Vec<RealPath> =
        DATABASES.iter().filter_map(|path| files.find(path, &Kind::File)).collect();
    databases.dedup();
    let world = files.text(WORLD).unwrap_or_default();
    let foreign = parse_world(&world);
    let mut all = Vec::new();
    for path in databases {
        let Some(text) = files.text(path.as_str()) else { continue };
        let (mut packages, problems) = parse_installed(&text);
        files.report_lines(path.as_str(), problems);
        for package in &mut packages {
            package.foreign = foreign.get(package.name.as_str()).cloned();
        }
        all.extend(packages);
    }
    let wishes = parse_wishes(&world);
    for package in &mut all {
        package.asked = wishes.contains(&package.name) && !IMAGE.contains(&package.name.as_str());
    }
    all
}

/// The install command, from apk(8): `--no-cache` reads the index without storing it.
pub(super) const INSTALL: InstallCommand =
    InstallCommand { program: "apk", prepare: &[], install: "apk add --no-cache", clean_up: &[] };

fn is_plain(one: char) -> bool {
    one.is_ascii_alphanumeric() || matches!(one, '.' | '_' | '+' | '-')
}

/// Whether apk would install a package of this name (apk-package(5)). A virtual one can begin with a dot:
/// `.build-deps`.
fn is_name(name: &str) -> bool {
    let letters = name.trim_start_matches('.');
    letters.starts_with(|one: char| one.is_ascii_alphanumeric() || one == '_')
        && letters.chars().all(is_plain)
}

/// Whether these are the characters of a version (apk-package(5)).
fn is_version(version: &str) -> bool {
    version.starts_with(|one: char| one.is_ascii_digit())
        && version.chars().all(|one| is_plain(one) || one == '~')
}

/// apk-world(5): a name or `so:` and a library, perhaps with `=` and a version.
pub(super) fn takes(typed: &str) -> bool {
    let (name, version) =
        typed.split_once('=').map_or((typed, None), |(name, version)| (name, Some(version)));
    let name = name.strip_prefix("so:").unwrap_or(name);
    !name.starts_with('.') && is_name(name) && version.is_none_or(is_version)
}

/// The pinned name, from apk-world(5): `=` allows only this version.
pub(super) fn pinned(package: &Package) -> String {
    format!("{}={}", package.name, package.version)
}

/// Licences are among the files of a package, below `/usr/share/licenses`.
pub(super) fn is_licence(path: &str) -> bool {
    path.contains("/licenses/")
}

/// The provided name of a library; it stays the same if the package is renamed.
pub(super) fn so_name(package: &Package, soname: &str) -> Option<String> {
    let name = format!("so:{soname}");
    package.provides.contains(&name).then_some(name)
}

/// The database of a root that has only these packages; `None` if there are none.
pub(super) fn database_file<'a, 'b: 'a>(
    packages: impl Iterator<Item = &'a BundledPackage<'b>>,
) -> Option<DatabaseFile> {
    let content: String =
        packages.map(|bundled| write_installed(bundled.package, &bundled.files)).collect();
    let path = RealPath::known(DATABASES[0]);
    (!content.is_empty()).then_some(DatabaseFile { path, content })
}
