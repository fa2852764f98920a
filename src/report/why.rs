//! Why something is in the final root, or why it is not: the chains from a distribution of PyPI to
//! a package of the operating system.
//!
//! Invariant: every step of a chain is a fact of the inventory or a decision of the plan; one
//! shortest chain for each way in, so an answer stays readable.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;

use super::names::find_providers;
use crate::inventory::{Inventory, Loading, NeedOutcome};
use crate::packages::Package;
use crate::path::RealPath;
use crate::plan::{
    PackageReason, Plan, PlannedDistribution, PlannedEntry, PlannedEnvironment, PlannedPackage,
};
use crate::python::normalised_name;

/// The JSON of `wheelbarrow why --json` and `why-not --json`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Answer {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// The environment of the builder, and why it is the one.
    pub environment: PlannedEnvironment,
    /// As typed.
    pub name: String,
    /// Each leads from a requirement of the user to the name.
    pub chains: Vec<Vec<Step>>,
    /// Why it is left out.
    pub stays: Vec<Stay>,
}

/// One link of a chain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "step", content = "name")]
pub enum Step {
    /// A distribution; the last one of a chain with its version and reason.
    Distribution(String),
    /// A file of the environment, in the builder.
    File(String),
    /// A needed name and where it leads.
    Library(String),
    /// A package of the operating system, with how it gets to the final root.
    Package(String),
}

/// Something of that name that is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Stay {
    /// A distribution or package with its version, or a path of the builder.
    pub subject: String,
    /// Why it is left out.
    pub reason: String,
}

/// Answers why `name` is in the final root and why it is not.
pub fn why(inventory: &Inventory, plan: &Plan, name: &str) -> Answer {
    let question = Question { inventory, plan, name, ways: find_ways(plan) };
    let mut chains: Vec<Vec<Step>> =
        question.named().flat_map(|found| question.distribution(found, &found.reason)).collect();
    chains.extend(question.libraries());
    chains.extend(question.packages());
    if chains.is_empty() {
        chains.extend(question.imported().flat_map(|found| {
            let reason = format!("imported as {name}, {}", found.reason);
            question.distribution(found, &reason)
        }));
    }
    // A distribution and its program often have one name, and then it is the distribution that is
    // meant.
    let nothing_else = chains.is_empty();
    // A path means a file. If no distribution has it and a need leads to it, that chain is enough.
    let own = |chain: &[Step]| name.contains('/') && chain.len() > 1;
    chains.extend(question.files().filter(|chain| nothing_else || own(chain)));
    chains.sort();
    chains.dedup();
    let mut stays = question.stays();
    stays.sort();
    stays.dedup();
    let environment = plan.environment.clone();
    Answer { schema: super::SCHEMA, environment, name: name.to_owned(), chains, stays }
}

struct Question<'a> {
    inventory: &'a Inventory,
    plan: &'a Plan,
    name: &'a str,
    /// For each bundled distribution a shortest way to it, itself last.
    ways: BTreeMap<&'a str, Vec<&'a str>>,
}

/// Breadth first, from the requested distributions and from those that nothing requires.
fn find_ways(plan: &Plan) -> BTreeMap<&str, Vec<&str>> {
    let bundled: BTreeMap<&str, &Vec<String>> = plan
        .distributions
        .iter()
        .filter(|one| one.is_bundled)
        .map(|one| (one.name.as_str(), &one.requires))
        .collect();
    let required: BTreeSet<&str> = bundled
        .iter()
        .flat_map(|(from, to)| to.iter().map(String::as_str).filter(move |to| to != from))
        .collect();
    let asked = plan
        .distributions
        .iter()
        .filter(|one| one.is_bundled && one.asked)
        .map(|one| one.name.as_str());
    let starts: Vec<&str> =
        asked.chain(bundled.keys().copied().filter(|name| !required.contains(name))).collect();
    let mut ways = BTreeMap::new();
    spread(&mut ways, starts, &bundled);
    // A cycle of requirements that is not requested begins anywhere.
    bundled.keys().for_each(|name| spread(&mut ways, vec![name], &bundled));
    ways
}

fn spread<'a>(
    ways: &mut BTreeMap<&'a str, Vec<&'a str>>,
    starts: Vec<&'a str>,
    bundled: &BTreeMap<&'a str, &'a Vec<String>>,
) {
    let mut pending: VecDeque<Vec<&str>> = starts.into_iter().map(|name| vec![name]).collect();
    while let Some(way) = pending.pop_front() {
        let last = *way.last().expect("a way has a beginning");
        if let (false, Some(requires)) = (ways.contains_key(last), bundled.get(last)) {
            pending.extend(
                requires.iter().map(|next| way.iter().copied().chain([next.as_str()]).collect()),
            );
            ways.insert(last, way);
        }
    }
}

impl Question<'_> {
    fn chain(&self, distribution: Option<&str>) -> Vec<Step> {
        let way = distribution.and_then(|name| self.ways.get(name));
        way.into_iter().flatten().map(|name| Step::Distribution((*name).to_owned())).collect()
    }

    /// The distributions of this name.
    fn named(&self) -> impl Iterator<Item = &PlannedDistribution> {
        let key = normalised_name(self.name);
        self.plan.distributions.iter().filter(move |one| normalised_name(&one.name) == key)
    }

    /// The distributions of which code imports a module of this name.
    fn imported(&self) -> impl Iterator<Item = &PlannedDistribution> {
        let providers = find_providers(self.inventory, self.plan, self.name);
        let distributions = self.plan.distributions.iter();
        distributions.filter(move |one| providers.contains(one.name.as_str()))
    }

    /// One chain for each distribution that requires a bundled one.
    fn distribution(&self, found: &PlannedDistribution, reason: &str) -> Vec<Vec<Step>> {
        if !found.is_bundled {
            return Vec::new();
        }
        let last = Step::Distribution(format!("{} {} ({reason})", found.name, found.version));
        let parents = self.plan.distributions.iter().filter(|one| {
            one.is_bundled && one.name != found.name && one.requires.contains(&found.name)
        });
        let chains: Vec<Vec<Step>> = parents
            .map(|parent| [self.chain(Some(&parent.name)), vec![last.clone()]].concat())
            .collect();
        if chains.is_empty() { vec![vec![last]] } else { chains }
    }

    /// Bundled modules that need a library of this name, at this path, or of this package.
    fn needing(&self, wanted: &dyn Fn(&str, Option<&RealPath>) -> bool) -> Vec<Vec<Step>> {
        let mut chains = Vec::new();
        for loading in self.inventory.loadings_of(&self.plan.opened) {
            let entry =
                self.plan.entries.iter().find(|entry| entry.from.as_ref() == Some(loading.file));
            // What the interpreter opens counts where the interpreter is not bundled, too.
            if entry.is_none() && loading.evidence.is_none() {
                continue;
            }
            for need in loading.needs {
                let (path, outcome) = match &need.outcome {
                    NeedOutcome::Library { path, .. } => (Some(path), path.to_string()),
                    NeedOutcome::BuiltIn => (None, "the loader itself".to_owned()),
                    NeedOutcome::Foreign { path } => (None, format!("{path}, for another machine")),
                    NeedOutcome::Broken { path, why } => (None, format!("{path}, which is {why}")),
                    NeedOutcome::Missing { .. } => (None, "nowhere".to_owned()),
                };
                if !wanted(&need.name, path) {
                    continue;
                }
                let distribution = entry.and_then(|entry| entry.distribution.as_deref());
                let mut chain = self.chain(distribution);
                chain.push(Step::File(match loading.evidence {
                    Some(evidence) => format!("{} ({})", loading.file, evidence.text),
                    None => loading.file.to_string(),
                }));
                chain.extend(find_libraries_between(loading, &need.by));
                chain.push(Step::Library(format!("{} -> {outcome}", need.name)));
                let owner = path.and_then(|path| self.inventory.packages.owner(path));
                chain.extend(owner.map(|owner| self.package(&self.inventory.packages[owner].name)));
                chains.push(chain);
                break;
            }
        }
        chains
    }

    fn libraries(&self) -> Vec<Vec<Step>> {
        let named = |path: &RealPath| path.as_str() == self.name || path.name() == self.name;
        self.needing(&|name, path| name == self.name || path.is_some_and(named))
    }

    fn packages(&self) -> Vec<Vec<Step>> {
        let sets = &self.plan.packages;
        let owned = |path: &RealPath| {
            let owner = self.inventory.packages.owner(path);
            owner.is_some_and(|owner| self.inventory.packages[owner].name == self.name)
        };
        let mut chains = self.needing(&|_, path| path.is_some_and(owned));
        for package in sets.install.iter().chain(&sets.vendored).chain(&sets.in_base) {
            let named =
                |reason: &&PackageReason| package.name == self.name || reason.library == self.name;
            let followed = |reason: &&PackageReason| {
                self.inventory.loadings().any(|loading| *loading.file == reason.file)
            };
            let others = package.reasons.iter().filter(named).filter(|reason| !followed(reason));
            chains.extend(others.map(|reason| {
                let file = Step::File(format!("{} ({})", reason.file, reason.library));
                [
                    self.chain(reason.distribution.as_deref()),
                    vec![file, self.package(&package.name)],
                ]
                .concat()
            }));
        }
        // Packages that are only dependencies have no reason except the packages that need them.
        let (asked, along): (Vec<_>, Vec<_>) =
            sets.vendored.iter().partition(|package| !package.reasons.is_empty());
        if sets.brought_along.iter().chain(along).any(|package| package.name == self.name) {
            for package in sets.install.iter().chain(asked) {
                let packages = &self.inventory.packages;
                let by_name = |name: &str| {
                    packages.iter().find(|(_, one)| one.name == name).map(|(at, _)| at)
                };
                let depends = by_name(&package.name)
                    .zip(by_name(self.name))
                    .is_some_and(|(from, to)| packages.closure(from).contains(&to));
                if depends {
                    chains.push(vec![self.package(&package.name), self.package(self.name)]);
                }
            }
        }
        chains
    }

    fn package(&self, name: &str) -> Step {
        let sets = &self.plan.packages;
        let among = |set: &[PlannedPackage]| set.iter().any(|package| package.name == name);
        let how = if among(&sets.install) {
            "installed"
        } else if among(&sets.brought_along) {
            "installed as a dependency"
        } else if among(&sets.vendored) {
            "vendored in the bundle"
        } else {
            "in the base"
        };
        Step::Package(format!("{name} ({how})"))
    }

    /// Whether a path is the name, or ends in it.
    fn names(&self, path: &RealPath) -> bool {
        path.as_str() == self.name || path.as_str().ends_with(&format!("/{}", self.name))
    }

    fn files(&self) -> impl Iterator<Item = Vec<Step>> {
        let named = |entry: &&PlannedEntry| {
            self.names(&entry.to) || entry.from.as_ref().is_some_and(|from| self.names(from))
        };
        self.plan.entries.iter().filter(named).map(|entry| {
            let from = entry.from.as_ref().map_or_else(|| "made".to_owned(), RealPath::to_string);
            let file = Step::File(format!("{from} -> {} ({})", entry.to, entry.reason));
            [self.chain(entry.distribution.as_deref()), vec![file]].concat()
        })
    }

    fn stays(&self) -> Vec<Stay> {
        let stay = |one: &PlannedDistribution| Stay {
            subject: format!("{} {}", one.name, one.version),
            reason: one.reason.clone(),
        };
        let left_out = |one: &&PlannedDistribution| !one.is_bundled;
        let mut stays: Vec<Stay> = self.named().filter(left_out).map(stay).collect();
        let left = self.plan.left_out.iter().filter(|left| self.names(&left.path));
        stays.extend(
            left.map(|left| Stay { subject: left.path.to_string(), reason: left.reason.clone() }),
        );
        let mut packages = self.inventory.packages.iter().map(|(_, package)| package);
        if let Some(package) =
            packages.find(|package| package.name == self.name && self.packages().is_empty())
        {
            let reason = self.why_not_needed(package);
            stays.push(Stay { subject: format!("{} {}", package.name, package.version), reason });
        }
        if stays.is_empty() {
            stays.extend(self.imported().filter(left_out).map(stay));
        }
        stays
    }
}

impl Question<'_> {
    /// Why a package of the builder is not in the final root.
    fn why_not_needed(&self, package: &Package) -> String {
        let opened =
            self.inventory.opened.iter().find(|one| one.is_named(self.inventory, &package.name));
        let bundled = |file: &RealPath| {
            self.plan.entries.iter().any(|entry| entry.from.as_ref() == Some(file))
        };
        match opened {
            Some(opened) if bundled(&opened.file) => {
                format!("{} ({}), but removed by --exclude", opened.file, opened.evidence.text)
            }
            Some(opened) => {
                format!("{} ({}), but that file is left out", opened.file, opened.evidence.text)
            }
            None if package.asked => format!(
                "installed in the builder on purpose, but nothing shows that a bundled file needs it; \
                 --package {} adds it",
                package.name
            ),
            None => "installed in the builder, but no bundled file needs it".to_owned(),
        }
    }
}

/// The libraries between a file and the one that needs the name.
fn find_libraries_between(loading: Loading, by: &RealPath) -> Vec<Step> {
    let mut steps = VecDeque::new();
    let mut at = by;
    while at != loading.file && steps.len() < loading.needs.len() {
        let leads = |need: &&crate::inventory::Need| matches!(&need.outcome, NeedOutcome::Library { path, .. } if path == at);
        let Some(need) = loading.needs.iter().find(leads) else { break };
        steps.push_front(Step::Library(format!("{} -> {at}", need.name)));
        at = &need.by;
    }
    steps.into()
}
