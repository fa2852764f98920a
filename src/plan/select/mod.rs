//! Which distributions are bundled: the requirements with all their dependencies, or everything
//! except installers; and setuptools for code that imports it.
//!
//! Invariant: each distribution is bundled or has one reason why not.

mod distributions;
mod environment;
mod imported;
mod selection;
mod wheels;

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use distributions::PlannedDistribution;
pub(crate) use distributions::list_distributions;
pub use environment::PlannedEnvironment;
use imported::Imported;
use pep508_rs::Requirement;
pub(crate) use selection::Selection;
use url::Url;

use super::request::Request;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::{FileFact, Inventory};
use crate::path::RealPath;
use crate::python::{
    self, Distribution, Edges, MarkerFacts, Requirements, kept, list_others, reached,
};

/// Names of installed distributions that one help line lists.
const MOST_NAMES: usize = 8;

const INSTALL_FIRST: &str = "install the application before this step, or name its environment: \
                             `wheelbarrow bundle /path/to/venv`";

/// Follows the requirements of the request. Without any, every installed distribution is wanted.
pub(crate) fn select(inventory: &Inventory, request: &Request) -> Selection {
    let installed = |project: &&Requirement<Url>| {
        let key = python::normalised_name(project.name.as_ref());
        inventory.distributions.iter().any(|distribution| distribution.key == key)
    };
    let requirements: Vec<Requirement<Url>> = request
        .requirements
        .iter()
        .chain(request.projects.iter().filter(installed))
        .cloned()
        .collect();
    let Edges { edges, asked, findings: problems } = edges(inventory, &requirements);
    let everything = request.requirements.is_empty() && request.projects.is_empty();
    let mut needed =
        if everything { kept(&inventory.distributions, &edges) } else { reached(&asked, &edges) };
    let imported = imported::find_imported(inventory, &needed)
        .filter(|imported| !needed.contains(&imported.distribution));
    if let Some(Imported { distribution, .. }) = &imported {
        needed.extend(reached(&BTreeSet::from([*distribution]), &edges));
    }
    let mut selection = Selection {
        required_by: required_by(&edges, &needed),
        edges,
        asked,
        needed,
        system_owned: system_owned(inventory),
        shadowed: shadowed(inventory),
        everything,
        imported,
        findings: Vec::new(),
    };
    selection.findings = judge(inventory, &selection, problems);
    selection
}

/// The findings of a selection: those `problems` of requirements that matter to the bundle, and its
/// own.
fn judge(inventory: &Inventory, selection: &Selection, problems: Vec<Finding>) -> Vec<Finding> {
    let all = &inventory.distributions;
    let is_bundled = |index: usize| selection.is_bundled(index);
    let mut findings = problems;
    let mut by_name: HashMap<&str, usize> = HashMap::new();
    for (index, distribution) in all.iter().enumerate() {
        by_name.entry(&distribution.name).or_insert(index);
    }
    // A distribution that is left out needs no requirements.
    findings.retain(|finding| {
        let index = by_name.get(finding.subject.as_str());
        finding.code != Code::MissingRequirement || index.is_none_or(|index| is_bundled(*index))
    });
    let shadowed = selection.shadowed.iter();
    findings.extend(shadowed.filter_map(|(index, earlier)| hides(&all[*earlier], &all[*index])));
    findings.extend(wheels::judge_wheels(inventory, selection));
    findings.extend(inventory.missing_files(Severity::Warn, is_bundled));
    if !(0..all.len()).any(is_bundled) {
        findings.push(nothing_to_bundle(inventory, selection));
    }
    findings
}

fn edges(inventory: &Inventory, requirements: &[Requirement<Url>]) -> Edges {
    let interpreter = &inventory.environment.interpreter;
    match Requirements::new(&MarkerFacts::from(&interpreter.facts)) {
        Ok(graph) => graph.edges(&inventory.distributions, requirements),
        Err(why) => Edges {
            edges: vec![BTreeSet::new(); inventory.distributions.len()],
            asked: BTreeSet::new(),
            findings: vec![Finding::new(
                Severity::Warn,
                Code::InterpreterFact,
                &interpreter.executable,
                why,
            )],
        },
    }
}

/// The first needed distribution that requires each of the others.
fn required_by(edges: &[BTreeSet<usize>], needed: &BTreeSet<usize>) -> BTreeMap<usize, usize> {
    let mut first = BTreeMap::new();
    for from in needed {
        for to in edges.get(*from).into_iter().flatten() {
            first.entry(*to).or_insert(*from);
        }
    }
    first
}

/// Distributions that an OS package owns, with the package.
fn system_owned(inventory: &Inventory) -> BTreeMap<usize, usize> {
    let owner = |path: &RealPath| inventory.packages.owner(path);
    let all = inventory.distributions.iter().enumerate();
    let owned =
        all.filter_map(|(index, distribution)| Some((index, owner(&distribution.metadata)?)));
    // The final stage cannot install conda packages, so these are bundled.
    owned.filter(|(_, package)| inventory.packages[*package].in_prefix.is_none()).collect()
}

/// Distributions that an earlier part has too, each with the earlier one: Python never imports
/// them.
fn shadowed(inventory: &Inventory) -> BTreeMap<usize, usize> {
    let rank = |distribution: &Distribution| inventory.environment.rank(&distribution.info);
    let all = &inventory.distributions;
    let mut first: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (index, distribution) in all.iter().enumerate() {
        let this = (rank(distribution), index);
        let best = first.entry(&distribution.key).or_insert(this);
        *best = (*best).min(this);
    }
    let later = all.iter().enumerate().filter_map(|(index, distribution)| {
        let (best, earlier) = first[distribution.key.as_str()];
        (rank(distribution) != best).then_some((index, earlier))
    });
    later.collect()
}

/// The finding for a distribution that another version hides.
fn hides(earlier: &Distribution, later: &Distribution) -> Option<Finding> {
    let message = format!(
        "{} in {} hides {} in {}",
        earlier.version, earlier.site, later.version, later.site
    );
    (earlier.version != later.version).then(|| {
        Finding::new(Severity::Warn, Code::Collision, &later.name, message)
            .help("name the environment with the right version first")
    })
}

/// The finding for a bundle without any distribution. Modules that no distribution records are code, too,
/// and OS packages may bring the distributions.
fn nothing_to_bundle(inventory: &Inventory, selection: &Selection) -> Finding {
    let environment = &inventory.environment;
    let installs = selection.system_owned.keys().any(|index| selection.needed.contains(index));
    let severity = match installs || inventory.files.iter().any(|file| is_loose(inventory, file)) {
        true => Severity::Warn,
        false => Severity::Deny,
    };
    let finding = |message: &str| {
        Finding::new(severity, Code::NothingToBundle, &environment.parts[0].prefix, message)
    };
    let elsewhere = match environment.others.as_slice() {
        [] => INSTALL_FIRST.to_owned(),
        others => format!("name the environment of the application: {}", list_others(others)),
    };
    if inventory.distributions.is_empty() {
        return finding("no distribution is installed here").help(elsewhere);
    }
    if selection.everything {
        return finding(
            "no distribution is installed here except installers and those of OS packages",
        )
        .help(elsewhere);
    }
    let names: Vec<&str> = inventory.distributions.iter().map(|one| one.name.as_str()).collect();
    let installed = names.iter().take(MOST_NAMES).copied().collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(MOST_NAMES);
    let others = if more == 0 { String::new() } else { format!(" and {more} more") };
    finding("nothing that is asked for is installed here")
        .help(format!("ask for one of the installed distributions: {installed}{others}"))
}

/// Whether a file is a module that no distribution records. virtualenv puts its patch of distutils beside them.
fn is_loose(inventory: &Inventory, file: &FileFact) -> bool {
    let name = file.path.name();
    let is_source = name.ends_with(".py") && name != "_virtualenv.py";
    let mut sites = inventory.environment.parts.iter().flat_map(|part| &part.sites);
    file.owner.is_none()
        && (is_source || (file.elf && name.ends_with(".so")))
        && sites.any(|site| file.path.below(site).is_some())
}
