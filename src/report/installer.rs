//! The program that installs the OS packages when the final stage is built.
//!
//! Invariant: the same list of packages gives the same bytes, so the layer changes only with the list.

use crate::packages::Manager;
use crate::path::RealPath;
use crate::plan::Plan;

/// The path of the installer below the prefix.
pub const INSTALLER: &str = "lib/wheelbarrow/install-packages";

/// Where the installer is in the final root.
pub fn installer_path(prefix: &RealPath) -> RealPath {
    prefix.descend(INSTALLER)
}

/// A program for POSIX sh that installs the packages of `plan`. Without any it does nothing.
pub fn installer(plan: &Plan) -> String {
    let names = plan.packages.install.iter().map(|package| format!("'{}'", package.install_as));
    let names: Vec<String> = names.collect();
    let command = plan.manager().and_then(Manager::install_command);
    let steps = command.filter(|_| !names.is_empty()).map(|command| command.steps(&names));
    let steps = steps.unwrap_or_else(|| vec!["exit 0".to_owned()]);
    format!(
        "#!/bin/sh\n# Installs the OS packages that the environment needs. Written by wheelbarrow.\nset -eu\n{}\n",
        steps.join("\n")
    )
}
