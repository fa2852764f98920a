//! dpkg: Debian, Ubuntu, distroless.
//!
//! Invariant: nothing of dpkg or apt is run; whatever is read is text of the root.

mod copyright;
mod database;
mod diversions;
mod lists;
mod status;

pub(super) use copyright::{is_licence, licences};
pub(super) use database::read;

use super::{DatabaseFile, InstallCommand, Package};
use crate::path::RealPath;

/// Where distroless has a file for each package.
const STANZAS: &str = "/var/lib/dpkg/status.d";

/// apt-get(8). The lists of packages are of no use to a final image.
pub(super) const INSTALL: InstallCommand = InstallCommand {
    program: "apt-get",
    prepare: &["apt-get update"],
    install: "apt-get install -y --no-install-recommends",
    clean_up: &["rm -rf /var/lib/apt/lists/*"],
};

/// apt-get(8): `=` selects this version.
pub(super) fn pinned(package: &Package) -> String {
    format!("{}={}", package.name, package.version)
}

/// The stanza of a package in a file of its own, as distroless has it: `status` may be there already.
pub(super) fn database_file(package: &Package) -> DatabaseFile {
    DatabaseFile {
        path: RealPath::known(STANZAS).join(&package.name),
        content: status::write_stanza(package),
    }
}
