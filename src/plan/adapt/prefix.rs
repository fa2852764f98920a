//! Files that leave a prefix of their own, conda's or that of an interpreter which uv or pyenv installed, for
//! that of the bundle.
//!
//! Conda writes the prefix into files when it installs them, and its records say into which and how. The
//! bundle's prefix goes there in the same way. Run paths in it are relative and need nothing. An interpreter
//! looks for its standard library beside itself first; what it tells of itself (`sysconfig`) is rewritten.
//!
//! Invariant: what no record says is copied as it is; if it holds the old prefix, that is a finding when it
//! is written.

use std::collections::BTreeSet;

use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::packages::Package;
use crate::path::RealPath;
use crate::plan::target::FinalRoot;
use crate::plan::{Action, PlannedEntry};

/// Gives the entries that hold the old prefix the new one.
pub fn move_prefix(
    inventory: &Inventory,
    final_root: &FinalRoot,
    prefix: &RealPath,
    entries: &mut [PlannedEntry],
    findings: &mut Vec<Finding>,
) {
    let Some(old) = final_root.moved_from().filter(|old| *old != prefix) else { return };
    for entry in entries {
        let Some(from) = &entry.from else { continue };
        match &entry.action {
            Action::Copy => {
                let configuration = inventory
                    .carriable
                    .configuration
                    .get(from)
                    .filter(|_| inventory.packages.owner(from).is_none());
                entry.action = match (configuration, inventory.packages.embedding(from)) {
                    (Some(text), _) => {
                        Action::Write { content: text.replace(old.as_str(), prefix.as_str()) }
                    }
                    (None, Some(embedding)) if prefix.as_str().len() > embedding.room => {
                        let message = format!(
                            "holds {old}, and {prefix} does not fit into its {} bytes",
                            embedding.room
                        );
                        let help = format!("give a shorter one, such as --prefix {old}");
                        findings.push(
                            Finding::new(Severity::Deny, Code::PrefixTooLong, from, message)
                                .help(help),
                        );
                        continue;
                    }
                    (None, Some(embedding)) => {
                        Action::Prefix { embedded: embedding.clone(), prefix: prefix.clone() }
                    }
                    (None, None) => continue,
                };
                entry.reason = format!("{}; {prefix} takes the place of {old} in it", entry.reason);
            }
            Action::Link { target } => {
                let target = RealPath::try_from(target.clone())
                    .ok()
                    .filter(|target| target.below(old).is_some());
                let Some((target, own)) =
                    target.map(|target| final_root.place(&target)).zip(entry.to.parent())
                else {
                    continue;
                };
                entry.action = Action::Link { target: target.relative_to(&own) };
            }
            _ => {}
        }
    }
}

/// An interpreter of uv or pyenv, which travels without having been told to.
pub fn interpreter(inventory: &Inventory, final_root: &FinalRoot) -> Option<Finding> {
    let interpreter = &inventory.environment.interpreter;
    if !final_root.interpreter_travels
        || final_root.loader_travels
        || inventory.interpreter_package().is_some()
    {
        return None;
    }
    let finding = |severity, message: String| {
        Finding::new(severity, Code::InterpreterTravels, &interpreter.executable, message)
    };
    let other = "when the final image has a Python, name it: --interpreter /usr/local/bin/python3";
    if final_root.moved_from().is_some() {
        let message =
            "no base image has it here, so it travels and joins the environment".to_owned();
        return Some(finding(Severity::Note, message).help(other));
    }
    let pinned = format!(
        "no base image has it; it finds its library by an absolute run path, so it travels to {}",
        interpreter.prefix
    );
    if interpreter.prefix.below(&RealPath::known("/root")).is_none() {
        return Some(finding(Severity::Note, pinned).help(other));
    }
    let elsewhere =
        "install it elsewhere, with PYENV_ROOT=/opt/pyenv for one, or run the final image as root";
    Some(
        finding(Severity::Warn, format!("{pinned}, where most images let root alone look"))
            .help(elsewhere),
    )
}

/// What activating the environment would do, and nobody does in the final stage.
pub fn activation(
    inventory: &Inventory,
    carried: &BTreeSet<usize>,
    travels: &dyn Fn(usize) -> bool,
) -> Vec<Finding> {
    let distributions =
        inventory.distributions.iter().enumerate().filter(|(index, _)| travels(*index));
    let owners = distributions
        .filter_map(|(_, distribution)| inventory.packages.owner(&distribution.metadata));
    let packages: BTreeSet<usize> = owners.chain(carried.iter().copied()).collect();
    packages.iter().flat_map(|package| activated(&inventory.packages[*package])).collect()
}

fn activated(package: &Package) -> impl Iterator<Item = Finding> {
    let scripts = package
        .files
        .iter()
        .filter(|path| path.contains("/etc/conda/activate.d/") && path.ends_with(".sh"));
    scripts.map(|path| {
        let message =
            format!("of {}: sets variables when the environment is activated, which nothing does in the final stage", package.name);
        Finding::new(Severity::Warn, Code::ActivationScript, path, message).help("set what the program needs with ENV in the final stage")
    })
}
