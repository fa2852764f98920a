//! Compares the final root with the manifest: every file and link of the bundle has to be there, unchanged.
//!
//! Owners of files are not compared, since `COPY --chown` changes them on purpose. Files that the manifest does not
//! list, such as bytecode, are none of its business.
//!
//! Invariant: a layer of which nothing is there is one finding.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::faults::{self, Fault, FaultKind};
use super::files::hash_file;
use crate::bundle::{ImageEntry, ImageManifest, ImagePart};
use crate::digest::hex;
use crate::finding::{Code, Finding, Severity, count};
use crate::path::{RealPath, WrittenPath};
use crate::plan::IMAGE_MANIFEST;
use crate::root::{Kind, Root, RootError};

/// The largest manifest that is read, in bytes: ten thousand files have about two megabytes.
const LARGEST: u64 = 1 << 28;
/// The permission bits of the manifest itself.
const MODE: u32 = 0o644;

/// The result of a comparison.
#[derive(Default)]
pub(super) struct Comparison {
    /// Files whose hash was compared.
    pub(super) compared: BTreeSet<RealPath>,
    /// Files and links that do not exist.
    pub(super) lost: BTreeSet<RealPath>,
    /// Their names alone.
    pub(super) lost_names: BTreeSet<String>,
    pub(super) findings: Vec<Finding>,
}

/// Reads the manifest of the environment at `prefix`.
pub(super) fn read_manifest(root: &Root, prefix: &RealPath) -> Result<ImageManifest, Finding> {
    let path = prefix.descend(IMAGE_MANIFEST);
    let deny = |code, message: String| Finding::new(Severity::Deny, code, &path, message);
    let again = "copy the whole bundle again, with every COPY line of the final stage";
    let text = match root.read_text(path.as_str(), LARGEST) {
        Ok(Some(text)) => text,
        Ok(None) => {
            let message = "does not exist, so nothing tells whether the bundle is complete";
            return Err(deny(Code::MissingFile, message.to_owned()).help(again));
        }
        Err(error) => return Err(deny(Code::UnreadableFile, error.reason())),
    };
    let manifest = ImageManifest::parse(&text)
        .map_err(|error| deny(Code::ChangedFile, error.to_string()).help(again))?;
    Ok(manifest.moved_to(prefix))
}

/// The finding for the manifest's own permission bits, which it cannot tell.
pub(super) fn judge_own_mode(root: &Root, prefix: &RealPath) -> Vec<Finding> {
    let path = prefix.descend(IMAGE_MANIFEST);
    let meta = root.lookup(&path).ok().flatten();
    let fault = meta.and_then(|meta| judge_mode(meta.mode, MODE)).map(|kind| Fault {
        kind,
        path,
        distribution: None,
    });
    faults::judge(prefix, fault.as_slice())
}

/// Compares every entry of the manifest with the final root.
pub(super) fn compare(root: &Root, manifest: &ImageManifest) -> Comparison {
    let entries: Vec<(&ImagePart, &ImageEntry)> = manifest
        .parts
        .iter()
        .flat_map(|part| part.entries.iter().map(move |entry| (part, entry)))
        .collect();
    let faults: Vec<(&ImagePart, Fault)> = entries
        .par_iter()
        .filter_map(|(part, entry)| {
            let (kind, path) = (judge_entry(root, entry)?, entry.path.clone());
            Some((*part, Fault { kind, path, distribution: part.distribution.clone() }))
        })
        .collect();
    let missing = faults.iter().filter(|(_, fault)| fault.kind == FaultKind::Missing);
    let lost: BTreeSet<RealPath> = missing.map(|(_, fault)| fault.path.clone()).collect();
    let (layers, mut findings) = missing_layers(&entries, &faults);
    let others: Vec<Fault> = faults
        .into_iter()
        .filter(|(part, _)| part.layer.as_deref().is_none_or(|layer| !layers.contains(layer)))
        .map(|(_, fault)| fault)
        .collect();
    findings.extend(faults::judge(&manifest.prefix, &others));
    let hashed = manifest.entries().filter(|entry| entry.sha256.is_some());
    let compared = hashed.map(|entry| entry.path.clone()).collect();
    let lost_names = lost.iter().map(|path| path.name().to_owned()).collect();
    Comparison { compared, lost, lost_names, findings }
}

/// The layers of which nothing is there, with their findings.
fn missing_layers<'a>(
    entries: &[(&'a ImagePart, &ImageEntry)],
    faults: &[(&ImagePart, Fault)],
) -> (BTreeSet<&'a str>, Vec<Finding>) {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for layer in entries.iter().filter_map(|(part, _)| part.layer.as_deref()) {
        *left.entry(layer).or_default() += 1;
    }
    let sizes = left.clone();
    for (part, _) in faults.iter().filter(|(_, fault)| fault.kind == FaultKind::Missing) {
        if let Some(number) = part.layer.as_deref().and_then(|layer| left.get_mut(layer)) {
            *number -= 1;
        }
    }
    let gone: BTreeSet<&str> =
        left.into_iter().filter(|(_, number)| *number == 0).map(|(layer, _)| layer).collect();
    let finding = |layer: &&str| {
        let number = count(sizes[*layer], "file");
        let message = format!("is a layer of the bundle, but none of its {number} is there");
        Finding::new(Severity::Deny, Code::MissingLayer, layer, message)
            .help(format!("add the COPY line of layers/{layer}/ to the final stage"))
    };
    let findings = gone.iter().map(finding).collect();
    (gone, findings)
}

fn judge_entry(root: &Root, entry: &ImageEntry) -> Option<FaultKind> {
    let changed = |why: String| Some(FaultKind::Changed(why));
    let found = match root.resolve_parent(&WrittenPath::from(&entry.path)) {
        Ok(Some(found)) => found,
        Ok(None) | Err(RootError::Loop { .. }) => return Some(FaultKind::Missing),
        Err(error) => return changed(format!("cannot be read: {}", error.reason())),
    };
    let judge_mode = || judge_mode(found.meta.mode, parse_mode(entry.mode.as_deref())?);
    match (&entry.link, &entry.sha256, &found.meta.kind) {
        (Some(expected), _, Kind::Link(target)) if target == expected => None,
        (Some(expected), _, Kind::Link(target)) => {
            changed(format!("leads to {target}, but to {expected} in the bundle"))
        }
        (Some(_), _, _) => changed("is no link, but is one in the bundle".to_owned()),
        (None, Some(expected), Kind::File) => {
            judge_content(root, &found.path, expected).or_else(judge_mode)
        }
        (None, Some(_), _) => changed("is no regular file, but is one in the bundle".to_owned()),
        (None, None, Kind::Directory) => judge_mode(),
        (None, None, _) => changed("is no directory, but is one in the bundle".to_owned()),
    }
}

fn judge_content(root: &Root, path: &RealPath, expected: &str) -> Option<FaultKind> {
    match hash_file(root, path) {
        Ok(hash) if hex(&hash) == expected => None,
        Ok(_) => Some(FaultKind::Changed("has another content than in the bundle".to_owned())),
        Err(why) => Some(FaultKind::Changed(format!("cannot be read: {why}"))),
    }
}

fn parse_mode(mode: Option<&str>) -> Option<u32> {
    u32::from_str_radix(mode?, 8).ok()
}

fn judge_mode(mode: u32, expected: u32) -> Option<FaultKind> {
    (mode != expected).then(|| {
        FaultKind::Mode(format!("has the mode {mode:04o}, but {expected:04o} in the bundle"))
    })
}
