//! A bundle or a plan in about seven lines that are right in a build log too.
//!
//! Invariant: the lines and their order do not depend on the content; one that has nothing to tell says so.

use std::cmp::Reverse;

use super::findings::{Detail, count_findings};
use super::packages::{for_whom, list_names, sum_sizes};
use super::size;
use super::style::{BOLD, HANG};
use crate::escape::one_line;
use crate::finding::{Finding, count};
use crate::plan::{Plan, PlannedPackage};

/// A bundle that was written, or that is planned.
pub struct Summary<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Where the bundle was written; `None` for a plan, of which the packages are listed below.
    pub out: Option<&'a str>,
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
    let image = format!(
        "{}, with the environment at {}",
        plan.base.as_deref().unwrap_or("unknown"),
        plan.prefix
    );
    rows(&[
        ("environment", plan.environment.describe()),
        ("interpreter", interpreter),
        ("bundle", bundle(plan, *out)),
        ("files", plan.recorded.text()),
        ("packages", packages(plan, out.is_some())),
        ("final image", image),
        ("findings", count_findings(findings)),
    ])
}

/// Lines with titles.
pub(super) fn rows(rows: &[(&str, String)]) -> String {
    let row = |(title, line): &(&str, String)| {
        format!("{BOLD}{title:<12}{BOLD:#} {HANG}{}\n", one_line(line))
    };
    rows.iter().map(row).collect()
}

/// Notes first, deny-level findings last: build tools repeat only the last lines of a step.
pub fn worst_last(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    findings
}

/// `/bundle: 12 distributions, 4213 files and links, 163.9 MB in 5 layers`.
fn bundle(plan: &Plan, out: Option<&str>) -> String {
    let bundled = plan.distributions.iter().filter(|distribution| distribution.is_bundled).count();
    let filled = plan.layers.iter().filter(|layer| layer.files > 0).count();
    let layers = match plan.layers.len() {
        0 => String::new(),
        all if all == filled => format!(" in {}", count(all, "layer")),
        all => format!(" in {filled} of {}", count(all, "slot")),
    };
    let place = out.map_or_else(String::new, |out| format!("{out}: "));
    let distributions = count(bundled, "distribution");
    let size = size(plan.size());
    format!("{place}{distributions}, {} files and links, {size}{layers}", plan.entries.len())
}

/// The packages to install and those that are bundled: the first names, or all `with_reasons`.
fn packages(plan: &Plan, with_reasons: bool) -> String {
    let set = &plan.packages;
    let list = |packages: &[PlannedPackage]| {
        let names = packages.iter().map(|package| package.install_as.as_str());
        if !with_reasons {
            return list_names(&names.collect::<Vec<_>>(), Detail::Examples);
        }
        let whom = packages.iter().map(|package| for_whom(package, Detail::All));
        let shown =
            names.zip(whom).map(|(name, whom)| format!("{name} {whom}").trim_end().to_owned());
        shown.collect::<Vec<_>>().join(", ")
    };
    let mut parts = Vec::new();
    if !set.install.is_empty() {
        let size = size(sum_sizes(&set.install) + sum_sizes(&set.brought_along));
        parts.push(format!(
            "{} to install ({size} with dependencies): {}",
            set.install.len(),
            list(&set.install)
        ));
    }
    if !set.vendored.is_empty() {
        let size = size(sum_sizes(&set.vendored));
        parts.push(format!(
            "{} in the bundle ({size}): {}",
            set.vendored.len(),
            list(&set.vendored)
        ));
    }
    if parts.is_empty() { "none to install".to_owned() } else { parts.join("; ") }
}
