//! The distributions that a candidate holds, counted by name.
//!
//! Most environments need one listing for it. METADATA is read only where a front end such as Poetry is
//! installed, because everything that it requires is not the application either.
//!
//! Invariant: reads, and decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::Environment;
use crate::path::RealPath;
use crate::python::name::normalised_name;
use crate::python::part::PartKind;
use crate::python::requirements::{MarkerFacts, Requirements, is_installer, reached};
use crate::python::{Distribution, read_distributions};
use crate::root::Root;

/// Programs that manage environments and packages. Their distributions have many requirements.
const FRONT_ENDS: [&str; 14] = [
    "build",
    "hatch",
    "hatchling",
    "installer",
    "nox",
    "pdm",
    "pip-tools",
    "pipenv",
    "pipx",
    "poetry",
    "poetry-core",
    "tox",
    "uv",
    "virtualenv",
];

/// The number of distributions that are neither installers nor required by a front end. Of a system's Python
/// only those count that an installer of Python packages put there.
pub(super) fn count_application(root: &Root, environment: &Environment) -> usize {
    let names: BTreeMap<String, RealPath> = environment
        .parts
        .iter()
        .flat_map(|part| list_names(root, &part.sites, &part.kind))
        .collect();
    let is_tool = |name: &str| is_installer(name) || FRONT_ENDS.contains(&name);
    let others = names.keys().filter(|name| !is_tool(name));
    if !names.keys().any(|name| FRONT_ENDS.contains(&name.as_str())) {
        return others.count();
    }
    let required = required_by_front_ends(root, environment);
    others.filter(|name| !required.contains(*name)).count()
}

/// The normalised names of the distributions of these site directories, each with its metadata.
fn list_names(root: &Root, sites: &[RealPath], kind: &PartKind) -> Vec<(String, RealPath)> {
    let entries = sites.iter().flat_map(|site| root.list(site)).flatten();
    let named = entries.filter_map(|entry| {
        let name = entry.path.name();
        let stem = [".dist-info", ".egg-info", ".egg-link"]
            .iter()
            .find_map(|suffix| name.strip_suffix(suffix))?;
        let name = stem.split_once('-').map_or(stem, |(name, _)| name);
        Some((normalised_name(name), entry.path))
    });
    // A package manager writes no INSTALLER, or its own name.
    let by_pip = |info: &RealPath| {
        let installer = root.read_text(info.join("INSTALLER").as_str(), 1 << 10);
        installer
            .ok()
            .flatten()
            .is_some_and(|text| !matches!(text.trim(), "debian" | "rpm" | "apk"))
    };
    named.filter(|(_, info)| *kind != PartKind::System || by_pip(info)).collect()
}

fn required_by_front_ends(root: &Root, environment: &Environment) -> BTreeSet<String> {
    let sites =
        environment.parts.iter().flat_map(|part| part.sites.iter().map(|site| (site, &part.kind)));
    let all: Vec<Distribution> =
        sites.flat_map(|(site, kind)| read_distributions(root, site, kind).0).collect();
    let facts = MarkerFacts::from(&environment.interpreter.facts);
    let Ok(requirements) = Requirements::new(&facts) else { return BTreeSet::new() };
    let edges = requirements.edges(&all, &[]).edges;
    let front_ends = (0..all.len()).filter(|index| FRONT_ENDS.contains(&all[*index].key.as_str()));
    reached(&front_ends.collect(), &edges).into_iter().map(|index| all[index].key.clone()).collect()
}
