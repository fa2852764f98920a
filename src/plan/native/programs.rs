//! The packages of the programs that scripts of the environment start: perl, bash, node.
//!
//! Invariant: a program that nobody brings to the final root is a finding.

use std::collections::{BTreeMap, BTreeSet};

use super::package_set::PackageReason;
use super::packages::Wanted;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::path::RealPath;
use crate::plan::place::other_program;
use crate::plan::target::FinalRoot;

/// Asks for the package of each program that a bundled script starts.
pub(super) fn add_programs(
    inventory: &Inventory,
    final_root: &FinalRoot,
    bundled: &BTreeSet<RealPath>,
    wanted: &mut Wanted,
) -> Vec<Finding> {
    let mut unowned: BTreeMap<&str, Vec<&RealPath>> = BTreeMap::new();
    for file in inventory.files.iter().filter(|file| bundled.contains(&file.path)) {
        let Some(name) = other_program(inventory, file) else { continue };
        let program = inventory.programs.get(name).map(|program| &program.file);
        if program.is_some_and(|program| bundled.contains(program)) {
            continue;
        }
        match program.and_then(|program| inventory.packages.owner(program)) {
            Some(package) => {
                let owner = file.owner.map(|owner| inventory.distributions[owner].name.clone());
                let reason = PackageReason {
                    file: file.path.clone(),
                    library: name.to_owned(),
                    distribution: owner,
                    evidence: None,
                };
                wanted.add(package, reason);
            }
            None if final_root.has_tool(name) => {}
            None => unowned.entry(name).or_default().push(&file.path),
        }
    }
    unowned.into_iter().map(|(name, files)| judge(inventory, name, &files)).collect()
}

/// The finding for a program that no package brings.
fn judge(inventory: &Inventory, name: &str, files: &[&RealPath]) -> Finding {
    let (severity, why, help) = match inventory.programs.get(name) {
        Some(program) => (
            Severity::Deny,
            format!("no package owns {}", program.file),
            format!("copy {} in the final stage, or install it with a package", program.at),
        ),
        None => (
            Severity::Warn,
            "the builder does not have it either".to_owned(),
            "install it in both stages if the script is used".to_owned(),
        ),
    };
    let files = files.iter().copied();
    let message = |number: &str, first: &str| {
        format!("starts {number} of the environment, and {why}: {first}")
    };
    Finding::of_files(severity, Code::MissingProgram, name, files, message).help(help)
}
