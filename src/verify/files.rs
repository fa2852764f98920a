//! Files as RECORD has them, and links that lead somewhere.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::Checked;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::{FileFact, Inventory};
use crate::path::{RealPath, WrittenPath};
use crate::python::recorded_hash;
use crate::root::{Kind, Root};

/// Bytes read at a time, a thread.
const BLOCK: usize = 256 * 1024;

pub fn verify(
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
                format!("leads to {target}, which is not there"),
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
        Ok(_) => deny("its content is not what RECORD has".to_owned()),
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
