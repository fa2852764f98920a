//! The dependency tree: distributions, those that they require, their native files and the libraries of
//! these.
//!
//! Invariant: every bundled distribution is there once with what is below it, also in a cycle.

use std::collections::{BTreeMap, BTreeSet};

use termtree::Tree;

use super::distributions::{below_site, bundled};
use super::json::{Report, ReportModule, ReportNeed};
use super::size;
use super::style::{BOLD, DIM, HANG, link};
use crate::escape::one_line;
use crate::path::RealPath;
use crate::plan::{Plan, PlannedDistribution};

/// A tree for each distribution that no other one requires.
pub(super) fn tree_text(report: &Report, plan: &Plan) -> String {
    let mut forest = Forest { report, places: find_places(plan), seen: BTreeSet::new() };
    let required: BTreeSet<&str> = bundled(report)
        .flat_map(|one| one.requires.iter().filter(|name| **name != one.name))
        .map(String::as_str)
        .collect();
    let tops = bundled(report).filter(|one| !required.contains(one.name.as_str()));
    let mut text: String = tops.map(|one| forest.distribution(one).to_string()).collect();
    // A cycle begins anywhere.
    for one in bundled(report) {
        if !forest.seen.contains(one.name.as_str()) {
            text += &forest.distribution(one).to_string();
        }
    }
    let mut others = Tree::new(format!("{BOLD}recorded by no distribution{BOLD:#}"));
    others.extend(forest.modules(None));
    if !others.leaves.is_empty() {
        text += &others.to_string();
    }
    text
}

/// The files of the builder by the name that they have below site-packages.
fn find_places(plan: &Plan) -> BTreeMap<&RealPath, &str> {
    let entries = plan.entries.iter();
    entries.filter_map(|entry| Some((entry.from.as_ref()?, below_site(plan, &entry.to)?))).collect()
}

struct Forest<'a> {
    report: &'a Report,
    places: BTreeMap<&'a RealPath, &'a str>,
    /// The distributions that have a tree.
    seen: BTreeSet<&'a str>,
}

impl<'a> Forest<'a> {
    fn distribution(&mut self, one: &'a PlannedDistribution) -> Tree<String> {
        let name = one_line(format!("{} {}", one.name, one.version));
        if !self.seen.insert(&one.name) {
            return Tree::new(format!("{HANG}{BOLD}{name}{BOLD:#}  {DIM}see above{DIM:#}"));
        }
        let mut tree = Tree::new(format!("{HANG}{BOLD}{name}{BOLD:#}  {}", size(one.size)));
        for next in bundled(self.report).filter(|next| one.requires.contains(&next.name)) {
            if next.name != one.name {
                tree.push(self.distribution(next));
            }
        }
        tree.extend(self.modules(Some(&one.name)));
        tree
    }

    fn modules(&self, owner: Option<&str>) -> Vec<Tree<String>> {
        let modules = self.report.modules.iter();
        let own = modules.filter(|module| module.distribution.as_deref() == owner);
        own.map(|module| self.module(module)).collect()
    }

    fn module(&self, module: &ReportModule) -> Tree<String> {
        let shown = self.places.get(&module.path).copied().unwrap_or(module.path.as_str());
        let mut tree = Tree::new(format!("{HANG}{}", link(&module.path, one_line(shown))));
        let own = module.needs.iter().filter(|need| need.by == module.path);
        tree.extend(own.map(|need| self.need(need)));
        tree
    }

    fn need(&self, need: &ReportNeed) -> String {
        let owner = match (&need.package, &need.package_version, &need.path) {
            (Some(package), Some(version), _) => format!("{package} {version}"),
            (_, _, Some(path)) => {
                self.places.get(path).map_or(path.to_string(), |at| (*at).to_owned())
            }
            _ => need.state.to_owned(),
        };
        let bytes = need.size.map(|bytes| format!("  {}", size(bytes))).unwrap_or_default();
        let name = one_line(&need.name);
        let shown = match &need.path {
            Some(path) => link(path, name),
            None => name,
        };
        format!("{HANG}{shown} → {}{bytes}", one_line(owner))
    }
}
