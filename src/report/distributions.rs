//! The bundled distributions: a row each, the largest first, or with their files.
//!
//! Invariant: a path of the environment is shown below its site-packages, where its place in the bundle is
//! there.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::findings::Detail;
use super::json::Report;
use super::packages::list_names;
use super::size;
use super::style::{BOLD, link};
use super::table::{Align, Table};
use crate::escape::one_line;
use crate::finding::count;
use crate::path::RealPath;
use crate::plan::{Plan, PlannedDistribution, PlannedEntry, PlannedLibrary, SITE_PACKAGES};

/// A row for each bundled distribution.
pub(super) fn distributions_text(report: &Report, detail: Detail) -> String {
    let mut bundled: Vec<&PlannedDistribution> = bundled(report).collect();
    if bundled.is_empty() {
        return String::new();
    }
    bundled.sort_by_key(|one| (Reverse(one.size), one.name.to_lowercase()));
    let mut table = Table::new([Align::Right, Align::Left, Align::Left]);
    for one in bundled {
        let name = one_line(format!("{} {}", one.name, one.version));
        table.add([size(one.size), name, describe(report, one, detail)]);
    }
    format!("{BOLD}distributions{BOLD:#}\n{}", table.text())
}

/// The distributions that are bundled, by name.
pub(super) fn bundled(report: &Report) -> impl Iterator<Item = &PlannedDistribution> {
    report.distributions.iter().filter(|distribution| distribution.is_bundled)
}

/// `45 native files; needs libc6 and libstdc++6; for pandas`.
fn describe(report: &Report, one: &PlannedDistribution, detail: Detail) -> String {
    let mut parts = Vec::new();
    let is_own = |owner: &Option<String>| owner.as_ref() == Some(&one.name);
    let modules = report.modules.iter().filter(|module| is_own(&module.distribution)).count();
    if modules > 0 {
        parts.push(count(modules, "native file"));
    }
    let needs = |library: &&PlannedLibrary| library.needed_by.contains(&one.name);
    let provider =
        |library: &PlannedLibrary| library.package.clone().unwrap_or(library.name.clone());
    let needed: BTreeSet<String> = report.libraries.iter().filter(needs).map(provider).collect();
    let needed: Vec<&str> = needed.iter().map(String::as_str).collect();
    if !needed.is_empty() {
        parts.push(format!("needs {}", list_names(&needed, detail)));
    }
    let requires =
        |by: &&PlannedDistribution| by.name != one.name && by.requires.contains(&one.name);
    let parents: Vec<&str> = bundled(report).filter(requires).map(|by| by.name.as_str()).collect();
    if !parents.is_empty() {
        parts.push(format!("for {}", list_names(&parents, detail)));
    }
    parts.join("; ")
}

/// The files of each bundled distribution, the largest first, and those of no distribution.
pub(super) fn files_text(plan: &Plan) -> String {
    let mut files: BTreeMap<Option<&str>, Vec<&PlannedEntry>> = BTreeMap::new();
    for entry in &plan.entries {
        files.entry(entry.distribution.as_deref()).or_default().push(entry);
    }
    let mut owners: Vec<(u64, Option<&str>, Vec<&PlannedEntry>)> = files
        .into_iter()
        .map(|(owner, files)| (files.iter().map(|entry| entry.size).sum(), owner, files))
        .collect();
    owners.sort_by_key(|(bytes, owner, _)| (owner.is_none(), Reverse(*bytes), *owner));
    let mut text = String::new();
    for (bytes, owner, mut files) in owners {
        files.sort_by_key(|entry| (Reverse(entry.size), &entry.to));
        let title = one_line(owner.unwrap_or("recorded by no distribution"));
        let mut table = Table::new([Align::Right, Align::Left]);
        for entry in &files {
            let path = one_line(below_site(plan, &entry.to).unwrap_or(entry.to.as_str()));
            let path = entry.from.as_ref().map_or(path.clone(), |from| link(from, path));
            table.add([size(entry.size), path]);
        }
        let number = count(files.len(), "file");
        text += &format!("{BOLD}{title}{BOLD:#}  {}, {number}\n{}", size(bytes), table.text());
    }
    text
}

/// A path of the bundle as imports see it: below its site-packages.
pub(super) fn below_site<'a>(plan: &Plan, path: &'a RealPath) -> Option<&'a str> {
    let (_, below) = path.below(&plan.prefix)?.strip_prefix("lib/")?.split_once('/')?;
    below.strip_prefix(SITE_PACKAGES)?.strip_prefix('/')
}
