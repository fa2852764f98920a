//! Files that leave a prefix of their own, conda's or that of an interpreter which uv or pyenv
//! installed, for that of the bundle.
//!
//! Conda writes the prefix into files when it installs them, and its records say into which and
//! how. The prefix of the bundle replaces it in the same way. Run paths in it are relative and need
//! nothing. An interpreter looks for its standard library beside itself first; its description of
//! itself (`sysconfig`) is rewritten.
//!
//! Invariant: a file that no record names is copied as it is; if it holds the old prefix, that is a
//! finding when it is written.

use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::path::RealPath;
use crate::plan::entry::{Action, Edit, PlannedEntry};
use crate::plan::target::FinalRoot;

/// Gives the entries that hold the old prefix the new one.
pub(crate) fn move_prefix(
    inventory: &Inventory,
    final_root: &FinalRoot,
    prefix: &RealPath,
    entries: &mut [PlannedEntry],
) -> Vec<Finding> {
    let Some(old) = final_root.moved_from().filter(|old| *old != prefix) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for entry in entries.iter_mut().filter(|entry| entry.from.is_some()) {
        match &entry.action {
            Action::Copy => findings.extend(replace(inventory, old, prefix, entry)),
            Action::Link { target } => {
                if let Some(target) = relative_target(final_root, old, &entry.to, target) {
                    entry.action = Action::Link { target };
                }
            }
            Action::Directory
            | Action::Write { .. }
            | Action::Record
            | Action::Manifest
            | Action::Compile { .. } => {}
        }
    }
    findings
}

/// Replaces the old prefix in a copied file, where it is known to be; a new one that does not fit
/// is refused.
fn replace(
    inventory: &Inventory,
    old: &RealPath,
    prefix: &RealPath,
    entry: &mut PlannedEntry,
) -> Option<Finding> {
    let from = entry.from.as_ref().expect("a copied entry has a source");
    let owned = inventory.packages.owner(from).is_some();
    if let Some(text) = inventory.carriable.configuration.get(from).filter(|_| !owned) {
        entry.action = Action::Write { content: text.replace(old.as_str(), prefix.as_str()) };
    } else {
        let embedded = inventory.packages.embedding(from)?;
        if prefix.as_str().len() > embedded.room {
            let message = format!(
                "contains {old}, and {prefix} does not fit into the {} bytes for it",
                embedded.room
            );
            let finding = Finding::new(Severity::Deny, Code::PrefixTooLong, from, message);
            return Some(finding.help(format!("choose a shorter prefix, such as --prefix {old}")));
        }
        entry.add_edit(Edit::Prefix { embedded: embedded.clone(), prefix: prefix.clone() });
    }
    entry.reason = format!("{}; {prefix} replaces {old} in it", entry.reason);
    None
}

/// The target of a link into the old prefix, relative to the link at `own`.
fn relative_target(
    final_root: &FinalRoot,
    old: &RealPath,
    own: &RealPath,
    target: &str,
) -> Option<String> {
    let target = RealPath::try_from(target.to_owned()).ok()?;
    target.below(old)?;
    Some(final_root.place(&target).relative_to(&own.parent()?))
}
