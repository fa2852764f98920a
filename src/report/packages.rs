//! The packages of a plan, and those who need them.
//!
//! Invariant: a list of names is short unless all details are asked for, and then says how many more there
//! are.

use std::collections::BTreeMap;

use super::findings::Detail;
use super::size;
use super::style::BOLD;
use super::table::{Align, Table};
use crate::escape::one_line;
use crate::finding::count;
use crate::plan::{PackageSet, PlannedPackage};

/// The names of a list that are shown.
const EXAMPLES: usize = 3;

/// `a`, `a and b`, `a, b, c and 4 more`.
pub(super) fn list_names(names: &[&str], detail: Detail) -> String {
    let shown = if detail == Detail::All { names.len() } else { EXAMPLES.min(names.len()) };
    let more = names.len() - shown;
    match (names, more) {
        ([], _) => String::new(),
        ([only], _) => one_line(only),
        (_, 0) => {
            let (last, first) = names.split_last().expect("there are two");
            one_line(format!("{} and {last}", first.join(", ")))
        }
        // One more name is as short as saying so.
        (_, 1) => list_names(names, Detail::All),
        _ => one_line(format!("{} and {more} more", names[..shown].join(", "))),
    }
}

/// The bytes of packages when they are installed.
pub(super) fn sum_sizes(packages: &[PlannedPackage]) -> u64 {
    packages.iter().map(|package| package.installed_size).sum()
}

/// The packages to install and those that are bundled, a row each; those that only come along, and those
/// that are there, in a line.
pub(super) fn packages_text(set: &PackageSet, detail: Detail) -> String {
    let mut text = String::new();
    for (title, packages) in
        [("packages to install", &set.install), ("packages in the bundle", &set.vendored)]
    {
        text += &table(title, packages, detail);
    }
    for (title, packages) in
        [("installed with them", &set.brought_along), ("already in the base", &set.in_base)]
    {
        text += &match detail {
            Detail::All => table(title, packages, detail),
            _ => line(title, packages, detail),
        };
    }
    text
}

fn table(title: &str, packages: &[PlannedPackage], detail: Detail) -> String {
    if packages.is_empty() {
        return String::new();
    }
    let mut table = Table::new([Align::Right, Align::Left, Align::Left]);
    for package in packages {
        let name = one_line(format!("{} {}", package.install_as, package.version));
        table.add([size(package.installed_size), name, for_whom(package, detail)]);
    }
    format!("{BOLD}{title}{BOLD:#}\n{}", table.text())
}

fn line(title: &str, packages: &[PlannedPackage], detail: Detail) -> String {
    if packages.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = packages.iter().map(|package| package.install_as.as_str()).collect();
    let number = count(names.len(), "package");
    let mut table = Table::new([Align::Right, Align::Left]);
    let names = list_names(&names, detail);
    table.add([size(sum_sizes(packages)), format!("{number}: {names}")]);
    format!("{BOLD}{title}{BOLD:#}\n{}", table.text())
}

/// `for psycopg2`, `for python-magic (opened by name in magic/loader.py)`; empty if it is only a
/// dependency.
pub(super) fn for_whom(package: &PlannedPackage, detail: Detail) -> String {
    let mut whom: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for reason in &package.reasons {
        let name = match &reason.distribution {
            Some(distribution) => distribution.as_str(),
            None if reason.library == "interpreter" => "Python",
            None => "the environment",
        };
        let evidence = reason.evidence.as_ref().map(|evidence| evidence.text.as_str());
        let known = whom.entry(name).or_insert(evidence);
        // A need of the loader says more than any evidence.
        *known = evidence.and(*known);
    }
    if whom.is_empty() {
        return String::new();
    }
    // Those that somebody wrote come before the interpreter and the environment.
    let (others, distributions): (Vec<_>, Vec<_>) =
        whom.into_iter().partition(|(name, _)| matches!(*name, "Python" | "the environment"));
    let named = distributions.into_iter().chain(others).map(|(name, evidence)| match evidence {
        Some(evidence) => format!("{name} ({evidence})"),
        None => name.to_owned(),
    });
    let named: Vec<String> = named.collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    format!("for {}", list_names(&named, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_short() {
        let names = ["a", "b", "c", "d", "e"];
        for (length, expect) in [
            (0, ""),
            (1, "a"),
            (2, "a and b"),
            (3, "a, b and c"),
            (4, "a, b, c and d"),
            (5, "a, b, c and 2 more"),
        ] {
            assert_eq!(list_names(&names[..length], Detail::Examples), expect);
        }
        assert_eq!(list_names(&names, Detail::All), "a, b, c, d and e");
    }
}
