//! The files by which `verify` judges the final root: the manifest, and the list of what the builder cannot do
//! either.
//!
//! Invariant: they change with every part of the bundle; below `lib/wheelbarrow`, they are in no layer that is
//! shared.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{Action, Files, PlannedEntry};
use super::request::Request;
use crate::inventory::{Inventory, NOT_LOADABLE, NotLoadable, not_loadable_text};
use crate::path::RealPath;

/// The manifest of the image below the prefix.
pub const IMAGE_MANIFEST: &str = "lib/wheelbarrow/manifest";

/// The files for `verify` of a bundle with the files of `placed`.
pub(super) fn list(inventory: &Inventory, request: &Request, placed: &Files) -> Files {
    let manifest = PlannedEntry::new(
        request.prefix.descend(IMAGE_MANIFEST),
        Action::Manifest,
        "tells verify which files the image must have".to_owned(),
    );
    let not_loadable = list_not_loadable(inventory, request, placed);
    let entries = std::iter::once(manifest).chain(not_loadable).collect();
    Files { entries, left_out: Vec::new() }
}

/// The list of bundled files that the builder cannot load, if there are any.
fn list_not_loadable(
    inventory: &Inventory,
    request: &Request,
    placed: &Files,
) -> Option<PlannedEntry> {
    let entries = placed.entries.iter();
    let places: BTreeMap<&RealPath, &RealPath> =
        entries.filter_map(|entry| Some((entry.from.as_ref()?, &entry.to))).collect();
    // A library of the system that lacks a symbol is at the same place in the final root.
    let place = |from| {
        places.get(from).copied().or_else(|| (!inventory.has_file(from)).then_some(from)).cloned()
    };
    let mut files: NotLoadable = inventory
        .unbound
        .iter()
        .filter_map(|(from, symbols)| Some((place(from)?, symbols.clone())))
        .collect();
    let fails = inventory.not_loadable.iter().filter_map(|from| places.get(from).copied());
    files.extend(fails.map(|to| (to.clone(), BTreeSet::new())));
    let text = not_loadable_text(&request.prefix, &files);
    let reason =
        "tells verify which files the builder cannot load either, and which symbols it cannot bind";
    let path = request.prefix.descend(NOT_LOADABLE);
    (!text.is_empty()).then(|| PlannedEntry::text(path, text, reason.to_owned()))
}
