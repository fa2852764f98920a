//! dpkg: Debian, Ubuntu, distroless.
//!
//! Invariant: no program of dpkg or apt is run; only text of the root is read.

mod automatic;
mod copyright;
mod database;
mod diversions;
mod foreign;
mod lists;
mod status;

pub(super) use copyright::{is_licence, licences};
pub(super) use database::read;

use super::{DatabaseFile, InstallCommand, Package};
use crate::path::RealPath;

/// The directory in which distroless has a file for each package.
const STANZAS: &str = "/var/lib/dpkg/status.d";

/// The install command, from apt-get(8). A final image has no use for the package lists.
pub(super) const INSTALL: InstallCommand = InstallCommand {
    program: "apt-get",
    prepare: &["apt-get update"],
    install: "apt-get install -y --no-install-recommends",
    clean_up: &["rm -rf /var/lib/apt/lists/*"],
};

/// Whether dpkg would install a package of this name (lib/dpkg/parsehelp.c, `pkg_name_is_illegal`). Policy
/// allows less: vendors use capital letters and `_`.
fn is_name(name: &str) -> bool {
    name.starts_with(|one: char| one.is_ascii_alphanumeric())
        && name.chars().all(|one| one.is_ascii_alphanumeric() || "-+._".contains(one))
}

/// Whether these are the characters of a version (Debian Policy 5.6.12).
fn is_version(version: &str) -> bool {
    version.starts_with(|one: char| one.is_ascii_alphanumeric())
        && version.chars().all(|one| one.is_ascii_alphanumeric() || ".+~:-".contains(one))
}

/// Debian Policy 5.6.1 and 5.6.12: a name, perhaps with `=` and a version. apt-get(8) removes the package if a
/// hyphen follows its name.
pub(super) fn takes(typed: &str) -> bool {
    let (name, version) =
        typed.split_once('=').map_or((typed, None), |(name, version)| (name, Some(version)));
    is_name(name)
        && name.len() > 1
        && !name.ends_with('-')
        && !name.contains(|one: char| one.is_ascii_uppercase() || one == '_')
        && version.is_none_or(is_version)
}

/// The pinned name, from apt-get(8): `=` selects this version.
pub(super) fn pinned(package: &Package) -> String {
    format!("{}={}", package.name, package.version)
}

/// The stanza of a package in a file of its own, as in distroless, because `status` may exist
/// already.
pub(super) fn database_file(package: &Package) -> DatabaseFile {
    DatabaseFile {
        path: RealPath::known(STANZAS).join(&package.name),
        content: status::write_stanza(package),
    }
}
