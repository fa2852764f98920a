//! Checks that files have the hashes of RECORD, and that links lead to something.
//!
//! The manifest has the hash of every file of the bundle; RECORD is asked for files that it does not list, such as
//! those of a distribution that was installed afterwards.
//!
//! Invariant: a file that cannot be read is a finding, like a changed one.

use rayon::prelude::*;

use super::faults::{self, Fault, FaultKind};
use super::{Checked, Promise};
use crate::digest::sha256_of;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::{FileFact, Inventory};
use crate::path::{RealPath, WrittenPath};
use crate::python::recorded_hash;
use crate::root::{Kind, Root};

/// Checks the files that RECORD has a SHA-256 of, and the links below the prefix.
pub(super) fn verify(
    root: &Root,
    inventory: &Inventory,
    promise: &Promise,
    checked: &mut Checked,
) -> Vec<Finding> {
    let compared = &promise.comparison.compared;
    checked.distributions = inventory.distributions.len();
    let recorded: Vec<&FileFact> = inventory
        .files
        .iter()
        .filter(|file| {
            file.meta.kind == Kind::File && file.recorded_hash.as_deref().is_some_and(is_sha256)
        })
        .filter(|file| !compared.contains(&file.path))
        .collect();
    checked.files = compared.len() + recorded.len();
    let changed = |file: &&FileFact| {
        let kind = FaultKind::Changed(compare_with_record(root, file)?);
        let owner = inventory.distribution_of(&file.path).map(|one| one.name.clone());
        Some(Fault { kind, path: file.path.clone(), distribution: owner })
    };
    let mut faults: Vec<Fault> = recorded.par_iter().filter_map(changed).collect();
    let missing = inventory.missing.iter();
    let missing = missing.filter(|(_, path)| !promise.comparison.lost.contains(path));
    faults.extend(missing.map(|(distribution, path)| Fault {
        kind: FaultKind::Missing,
        path: path.clone(),
        distribution: Some(inventory.distributions[*distribution].name.clone()),
    }));
    let mut findings = faults::judge(&promise.manifest.prefix, &faults);
    findings.extend(dangling_links(root, inventory, promise, checked));
    findings
}

/// The links below the prefix that lead nowhere. A target that the bundle lost is a finding already.
fn dangling_links(
    root: &Root,
    inventory: &Inventory,
    promise: &Promise,
    checked: &mut Checked,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &inventory.files {
        let Kind::Link(target) = &file.meta.kind else { continue };
        if file.path.below(&promise.manifest.prefix).is_none() {
            continue;
        }
        checked.links += 1;
        let name = target.rsplit('/').next().unwrap_or_default();
        let leads = matches!(root.resolve(&WrittenPath::from(&file.path)), Ok(Some(_)));
        if !leads && !promise.comparison.lost_names.contains(name) {
            let message = format!("leads to {target}, which does not exist");
            findings.push(Finding::new(Severity::Deny, Code::DanglingLink, &file.path, message));
        }
    }
    findings
}

fn is_sha256(hash: &str) -> bool {
    hash.starts_with("sha256=")
}

/// The end of a sentence about a file that is not as RECORD describes it.
fn compare_with_record(root: &Root, file: &FileFact) -> Option<String> {
    match hash_file(root, &file.path) {
        Ok(hash) if Some(recorded_hash(&hash)) == file.recorded_hash => None,
        Ok(_) => Some("has another content than RECORD describes".to_owned()),
        Err(why) => Some(format!("cannot be read: {why}")),
    }
}

/// The SHA-256 of a file at a link-free path, or the reason why it cannot be read.
pub(super) fn hash_file(root: &Root, path: &RealPath) -> Result<[u8; 32], String> {
    let content = root.open(path).map_err(|error| error.to_string())?;
    sha256_of(content.as_ref()).map_err(|error| error.kind().to_string())
}
