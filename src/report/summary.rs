//! What a bundle is, in about six lines that are right in a build log too.
//!
//! Invariant: the lines and their order do not depend on the content; one that has nothing to tell says so.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::size;
use super::style::BOLD;
use crate::escape::one_line;
use crate::finding::{Finding, Severity, count};
use crate::plan::{Plan, PlannedPackage};

/// A bundle that was written.
pub struct Summary<'a> {
    /// The plan that was carried out.
    pub plan: &'a Plan,
    /// Where the bundle was written.
    pub out: &'a str,
    /// The findings of the plan and of the writing.
    pub findings: &'a [Finding],
}

/// The environment, the interpreter, the bundle, the packages, the final image and the findings.
pub fn summary_text(summary: &Summary) -> String {
    let Summary { plan, out, findings } = summary;
    let facts = &plan.interpreter_facts;
    let interpreter = format!(
        "{} {} at {}, built on {}",
        facts.implementation, facts.version, plan.interpreter, plan.builder
    );
    let bundled = plan.distributions.iter().filter(|distribution| distribution.is_bundled).count();
    let filled = plan.layers.iter().filter(|layer| layer.files > 0).count();
    let layers = match plan.layers.len() {
        0 => String::new(),
        all if all == filled => format!(" in {}", count(all, "layer")),
        all => format!(" in {filled} of {}", count(all, "slot")),
    };
    let bundle = format!(
        "{out}: {}, {} files and links, {}{layers}",
        count(bundled, "distribution"),
        plan.entries.len(),
        size(plan.size())
    );
    let image = format!(
        "{}, with the environment at {}",
        plan.base.as_deref().unwrap_or("unknown"),
        plan.prefix
    );
    let mut text = String::new();
    for (title, line) in [
        ("environment", plan.environment.describe()),
        ("interpreter", interpreter),
        ("bundle", bundle),
        ("files", plan.recorded.text()),
        ("packages", packages(plan)),
        ("final image", image),
        ("findings", weights(findings)),
    ] {
        let _ = writeln!(text, "{BOLD}{title:<12}{BOLD:#} {}", one_line(line));
    }
    text
}

/// Notes first, deny-level findings last: build tools repeat only the last lines of a step.
pub fn worst_last(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    findings
}

/// The packages to install and those that are bundled, with the distributions that need them.
fn packages(plan: &Plan) -> String {
    let set = &plan.packages;
    let sum = |packages: &[PlannedPackage]| {
        packages.iter().map(|package| package.installed_size).sum::<u64>()
    };
    let list =
        |packages: &[PlannedPackage]| packages.iter().map(for_whom).collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    if !set.install.is_empty() {
        let size = size(sum(&set.install) + sum(&set.brought_along));
        parts.push(format!(
            "{} to install ({size} with dependencies): {}",
            set.install.len(),
            list(&set.install)
        ));
    }
    if !set.vendored.is_empty() {
        let size = size(sum(&set.vendored));
        parts.push(format!(
            "{} in the bundle ({size}): {}",
            set.vendored.len(),
            list(&set.vendored)
        ));
    }
    if parts.is_empty() { "none to install".to_owned() } else { parts.join("; ") }
}

/// `libpq for psycopg2`, `libmagic1 for python-magic (opened by name in magic/loader.py)`.
fn for_whom(package: &PlannedPackage) -> String {
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
    match whom.len() {
        0 => package.install_as.clone(),
        _ => {
            let named = whom.into_iter().map(|(name, evidence)| match evidence {
                Some(evidence) => format!("{name} ({evidence})"),
                None => name.to_owned(),
            });
            let whom = named.collect::<Vec<_>>().join(" and ");
            format!("{} for {whom}", package.install_as)
        }
    }
}

/// `1 deny, 2 warn, 3 note`.
fn weights(findings: &[Finding]) -> String {
    let counted = [(Severity::Deny, "deny"), (Severity::Warn, "warn"), (Severity::Note, "note")];
    let parts: Vec<String> = counted
        .into_iter()
        .map(|(severity, word)| {
            let number = findings.iter().filter(|finding| finding.severity == severity).count();
            (number, word)
        })
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}
