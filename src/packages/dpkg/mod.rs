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

/// Debian Policy 5.6.1 and 5.6.12: a name, perhaps with `=` and a version. apt-get(8) removes the package if a
/// hyphen follows its name.
pub(super) fn takes(typed: &str) -> bool {
    let (name, version) =
        typed.split_once('=').map_or((typed, None), |(name, version)| (name, Some(version)));
    let lower = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit();
    name.starts_with(lower)
        && name.len() > 1
        && !name.ends_with('-')
        && name.chars().all(|one| lower(one) || matches!(one, '+' | '-' | '.'))
        && version.is_none_or(|version| {
            version.starts_with(|one: char| one.is_ascii_alphanumeric())
                && version.chars().all(|one| {
                    one.is_ascii_alphanumeric() || matches!(one, '.' | '+' | '~' | ':' | '-')
                })
        })
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
