//! Checks that the distributions of the bundle find in the final root what they require, as `pip check` does.
//!
//! Invariant: a requirement that the builder does not meet either is a warning.

use super::Promise;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::python::{MarkerFacts, Requirements};

/// The requirements of the bundle's distributions that are not met.
pub(super) fn verify(inventory: &Inventory, promise: &Promise) -> Vec<Finding> {
    // Without its files a distribution is not installed, which is a finding already.
    if !promise.comparison.lost.is_empty() {
        return Vec::new();
    }
    let interpreter = &inventory.environment.interpreter;
    let facts = MarkerFacts::from(&interpreter.facts);
    // A version of Python that is none is a finding of the plan.
    let Ok(requirements) = Requirements::new(&facts) else { return Vec::new() };
    let manifest = &promise.manifest;
    let is_bundled =
        |name: &String| manifest.parts.iter().any(|part| part.distribution.as_ref() == Some(name));
    let known = |finding: &Finding| {
        let unmet = manifest.unmet_requirements.get(&finding.subject);
        unmet.is_some_and(|unmet| unmet.contains(&finding.message))
    };
    let problems = requirements.edges(&inventory.distributions, &[]).findings.into_iter();
    let unmet = problems
        .filter(|finding| finding.code == Code::MissingRequirement && is_bundled(&finding.subject));
    unmet
        .map(|finding| {
            let severity = if known(&finding) { Severity::Warn } else { Severity::Deny };
            Finding { severity, ..finding }
        })
        .collect()
}
