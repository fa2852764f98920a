//! Checks that files have the hashes of RECORD, and that links lead to something.
//!
//! Invariant: a file that cannot be read is a finding, like a changed one.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::Checked;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::{FileFact, Inventory};
use crate::path::{RealPath, WrittenPath};
use crate::python::recorded_hash;
use crate::root::{Kind, Root};

/// The bytes that a thread reads at a time.
const BLOCK: usize = 256 * 1024;

/// Checks the files that RECORD has a SHA-256 of, and the links below `prefix`.
pub(super) fn verify(
    root: &Root,
    prefix: &RealPath,
    inventory: &Inventory,
    checked: &mut Checked,
) -> Vec<Finding> {
    checked.distributions = inventory.distributions.len();
    let recorded: Vec<&FileFact> = inventory
        .files
        .iter()
        .filter(|file| {
            file.meta.kind == Kind::File && file.recorded_hash.as_deref().is_some_and(is_sha256)
        })
        .collect();
    checked.files = recorded.len();
    let mut findings: Vec<Finding> =
        recorded.par_iter().filter_map(|file| changed(root, file)).collect();
    let links = inventory.files.iter().filter(|file| {
        matches!(file.meta.kind, Kind::Link(_)) && file.path.below(prefix).is_some()
    });
    for link in links {
        checked.links += 1;
        if !matches!(root.resolve(&WrittenPath::from(&link.path)), Ok(Some(_))) {
            let Kind::Link(target) = &link.meta.kind else { continue };
            findings.push(Finding::new(
                Severity::Deny,
                Code::DanglingLink,
                &link.path,
                format!("leads to {target}, which does not exist"),
            ));
        }
    }
    findings
}

fn is_sha256(hash: &str) -> bool {
    hash.starts_with("sha256=")
}

fn changed(root: &Root, file: &FileFact) -> Option<Finding> {
    let deny = |message: String| {
        Some(
            Finding::new(Severity::Deny, Code::ChangedFile, &file.path, message)
                .help("copy the bundle again"),
        )
    };
    match hash(root, &file.path) {
        Ok(hash) if Some(&hash) == file.recorded_hash.as_ref() => None,
        Ok(_) => deny("its content differs from its hash in RECORD".to_owned()),
        Err(why) => deny(format!("cannot be read: {why}")),
    }
}

fn hash(root: &Root, path: &RealPath) -> Result<String, String> {
    let content = root.open(path).map_err(|error| error.to_string())?;
    let size = usize::try_from(content.size()).unwrap_or(BLOCK);
    let (mut hash, mut block, mut offset) = (Sha256::new(), vec![0; size.clamp(1, BLOCK)], 0);
    loop {
        let count =
            content.read_at(&mut block, offset).map_err(|error| error.kind().to_string())?;
        if count == 0 {
            return Ok(recorded_hash(&hash.finalize()));
        }
        hash.update(&block[..count]);
        offset += count as u64;
    }
}
