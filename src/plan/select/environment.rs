//! The chosen environment, as a plan shows it.
//!
//! Invariant: its number of distributions is that of the list beside it.

use serde::Serialize;

use crate::finding::count;
use crate::inventory::Inventory;
use crate::path::RealPath;
use crate::python::{OtherEnvironment, PartKind};

/// The environment of the builder, and why it is the one.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct PlannedEnvironment {
    /// The prefixes of its parts, in the order of `sys.path`.
    pub paths: Vec<RealPath>,
    /// Why it is the one, as the rest of a sentence: `$VIRTUAL_ENV names it`.
    pub reason: String,
    /// The number of installed distributions, installers included.
    pub distributions: usize,
    /// Other environments of the root that hold distributions, if the user named none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherEnvironment>,
}

impl PlannedEnvironment {
    pub(crate) fn new(inventory: &Inventory) -> PlannedEnvironment {
        let environment = &inventory.environment;
        let parts = environment.parts.iter();
        let parts = parts.filter(|part| !matches!(part.kind, PartKind::Source(_)));
        PlannedEnvironment {
            paths: parts.map(|part| part.prefix.clone()).collect(),
            reason: environment.reason.clone(),
            distributions: inventory.distributions.len(),
            others: environment.others.clone(),
        }
    }

    /// `/opt/venv with 12 distributions, because $VIRTUAL_ENV names it`.
    pub fn describe(&self) -> String {
        let paths: Vec<&str> = self.paths.iter().map(RealPath::as_str).collect();
        format!(
            "{} with {}, because {}",
            paths.join(", "),
            count(self.distributions, "distribution"),
            self.reason
        )
    }
}
