//! Which distributions travel: what is asked for with all it requires, or everything but installers.
//!
//! Invariant: each distribution travels or has one reason to stay.

use std::collections::{BTreeMap, BTreeSet};

use pep508_rs::Requirement;
use url::Url;

use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::plan::{Request, native::packages};
use crate::python::{self, Edges, Facts, PartKind, Requirements, kept, reached};

/// The decision for each distribution, by its index in the inventory.
pub struct Closure {
    /// For each distribution the installed ones it requires.
    pub edges: Vec<BTreeSet<usize>>,
    /// The ones asked for by name.
    pub asked: BTreeSet<usize>,
    kept: BTreeSet<usize>,
    /// Distributions that an OS package owns, with the package.
    pub system: BTreeMap<usize, usize>,
    /// Distributions that an earlier part has too, with that one.
    shadowed: BTreeMap<usize, usize>,
    everything: bool,
}

/// Follows what is asked for; when that is nothing, everything that is installed is wanted.
pub fn close(inventory: &Inventory, request: &Request, findings: &mut Vec<Finding>) -> Closure {
    let installed = |project: &&Requirement<Url>| {
        let key = python::normalised_name(project.name.as_ref());
        inventory.distributions.iter().any(|distribution| distribution.key == key)
    };
    let roots: Vec<Requirement<Url>> =
        request.roots.iter().chain(request.projects.iter().filter(installed)).cloned().collect();
    let Edges { edges, asked, findings: problems } = edges(inventory, &roots);
    findings.extend(problems);
    let everything = request.roots.is_empty() && request.projects.is_empty();
    let kept =
        if everything { kept(&inventory.distributions, &edges) } else { reached(&asked, &edges) };
    let closure = Closure {
        edges,
        asked,
        kept,
        system: packages::system_owned(inventory),
        shadowed: shadowed(inventory, findings),
        everything,
    };
    // A problem of something that stays behind is nobody's problem.
    findings.retain(|finding| {
        let index = inventory
            .distributions
            .iter()
            .position(|distribution| distribution.name == finding.subject);
        !(finding.code == Code::MissingRequirement
            && index.is_some_and(|index| !closure.travels(index)))
    });
    closure
}

impl Closure {
    /// Whether the distribution is part of the bundle.
    pub fn travels(&self, index: usize) -> bool {
        self.kept.contains(&index)
            && !self.system.contains_key(&index)
            && !self.shadowed.contains_key(&index)
    }

    /// The ones that are needed, those of OS packages included.
    pub fn needed(&self) -> impl Iterator<Item = usize> {
        self.kept.iter().copied()
    }

    /// Why it travels or stays.
    pub fn reason(&self, inventory: &Inventory, index: usize) -> String {
        let distribution = &inventory.distributions[index];
        if let Some(earlier) = self.shadowed.get(&index) {
            return format!("{} has it, and comes first", inventory.distributions[*earlier].site);
        }
        if let Some(package) = self.system.get(&index) {
            return format!("belongs to the package {}", inventory.packages[*package].name);
        }
        let required_by = || {
            let by = (0..self.edges.len())
                .find(|from| self.kept.contains(from) && self.edges[*from].contains(&index));
            by.map(|from| format!("required by {}", inventory.distributions[from].name))
        };
        match (self.kept.contains(&index), self.everything) {
            (true, false) if self.asked.contains(&index) => "asked for".to_owned(),
            (true, false) => required_by().unwrap_or_default(),
            (true, true) if distribution.requested => "installed by request".to_owned(),
            (true, true) => "installed".to_owned(),
            (false, true) => "an installer that nothing installed requires".to_owned(),
            (false, false) => "nothing that was asked for requires it".to_owned(),
        }
    }
}

/// Names of distributions that were installed from a local folder: the user's own.
pub fn applications(inventory: &Inventory) -> BTreeSet<String> {
    let environment = &inventory.environment;
    let source = |one: &python::Distribution| {
        environment.part_of(&one.info).is_some_and(|part| matches!(part.kind, PartKind::Source(_)))
    };
    let own = inventory.distributions.iter().filter(|one| one.from_folder || source(one));
    own.map(|one| one.name.clone()).collect()
}

fn edges(inventory: &Inventory, roots: &[Requirement<Url>]) -> Edges {
    let interpreter = &inventory.environment.interpreter;
    let facts = &interpreter.facts;
    let facts = Facts {
        full_version: &facts.version,
        implementation: &facts.implementation,
        machine: &facts.architecture,
    };
    match Requirements::new(&facts) {
        Ok(requirements) => requirements.edges(&inventory.distributions, roots),
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

/// Distributions that an earlier part has too, with that one: Python never gets to see them.
fn shadowed(inventory: &Inventory, findings: &mut Vec<Finding>) -> BTreeMap<usize, usize> {
    let environment = &inventory.environment;
    let all = &inventory.distributions;
    let mut first: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (index, distribution) in all.iter().enumerate() {
        let rank = environment.rank(&distribution.info);
        let best = first.entry(&distribution.key).or_insert((rank, index));
        *best = (*best).min((rank, index));
    }
    let mut shadowed = BTreeMap::new();
    for (index, distribution) in all.iter().enumerate() {
        let (rank, earlier) = first[distribution.key.as_str()];
        if environment.rank(&distribution.info) == rank {
            continue;
        }
        shadowed.insert(index, earlier);
        let earlier = &all[earlier];
        if earlier.version != distribution.version {
            let message = format!(
                "{} in {} hides {} in {}",
                earlier.version, earlier.site, distribution.version, distribution.site
            );
            findings.push(
                Finding::new(Severity::Warn, Code::Collision, &distribution.name, message)
                    .help("name the environment whose version is right first"),
            );
        }
    }
    shadowed
}
