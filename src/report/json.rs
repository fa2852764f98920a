//! The dependency report as data: distribution, extension module, library, OS package.
//!
//! Invariant: stands alone; nothing in it needs a bundle.

use std::collections::BTreeMap;

use serde::Serialize;

use super::sizes::ModeSize;
use crate::elf::VersionNeed;
use crate::finding::{Code, Finding};
use crate::inventory::{Inventory, NeedOutcome};
use crate::loader::Rule;
use crate::path::RealPath;
use crate::plan::{
    Account, LeftOut, PackageSet, Plan, PlannedDistribution, PlannedEntry, PlannedEnvironment,
    PlannedLibrary, Receipt, StartLine,
};
use crate::python::InterpreterFacts;

/// `wheelbarrow report --json`.
#[derive(Serialize, schemars::JsonSchema)]
pub struct Report {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// The environment of the builder, and why it is the one.
    pub environment: PlannedEnvironment,
    /// The interpreter of the final root.
    pub interpreter: RealPath,
    /// Version, ABI and architecture of the builder's interpreter.
    pub interpreter_facts: InterpreterFacts,
    /// The name of the builder's distribution (`PRETTY_NAME`).
    pub builder: String,
    /// Every installed distribution with its decision.
    pub distributions: Vec<PlannedDistribution>,
    /// The bundled ELF files of the environment.
    pub modules: Vec<ReportModule>,
    /// The operating system packages that the bundle needs.
    pub packages: PackageSet,
    /// The native libraries that the bundle needs from outside of its distributions.
    pub libraries: Vec<PlannedLibrary>,
    /// The oldest glibc that everything in the bundle runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub glibc: Option<String>,
    /// The size of the application in each mode; empty unless requested.
    pub sizes: Vec<ModeSize>,
    /// The code that path files (`.pth`) run at every start of Python.
    pub runs_at_start: Vec<StartLine>,
    /// Files of the builder stage that are left out, with the reason.
    #[serde(rename = "left")]
    pub left_out: Vec<LeftOut>,
    /// The recorded files of the bundled distributions, counted.
    pub recorded: Account,
    /// Files that `--slim` removed, by kind.
    pub slimmed: Vec<Receipt>,
    /// Bundled files that are rarely needed at run time, by kind. `--slim` removes them.
    pub could_be_dropped: Vec<Receipt>,
    /// Sorted, the worst first.
    pub findings: Vec<Finding>,
}

/// One bundled ELF file.
#[derive(Serialize, schemars::JsonSchema)]
pub struct ReportModule {
    /// In the builder root.
    pub path: RealPath,
    /// The distribution that records it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    /// The symbol versions that it needs of its libraries.
    pub version_needs: Vec<VersionNeed>,
    /// The libraries that it needs, and those that they need.
    pub needs: Vec<ReportNeed>,
}

/// One library a module or one of its libraries needs.
#[derive(Serialize, schemars::JsonSchema)]
pub struct ReportNeed {
    /// The needed name.
    pub name: String,
    /// The object that needs it.
    pub by: RealPath,
    /// Where the loader finds it; absent when it is the loader itself, or nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<RealPath>,
    /// By which rule; absent when it was loaded already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// The package that owns the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The version of that package in the builder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_version: Option<String>,
    /// Bytes of the library.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// `built-in`, `found` or `unresolved`.
    pub state: &'static str,
}

/// Joins the facts of the inventory with the decisions of the plan.
pub fn report(inventory: &Inventory, plan: &Plan) -> Report {
    let entries: BTreeMap<&RealPath, &PlannedEntry> =
        plan.entries.iter().filter_map(|entry| Some((entry.from.as_ref()?, entry))).collect();
    let modules = inventory.natives.iter().filter_map(|native| {
        let entry = entries.get(&native.path)?;
        Some(ReportModule {
            path: native.path.clone(),
            distribution: entry.distribution.clone(),
            version_needs: native.version_needs.clone(),
            needs: native.needs.iter().map(|need| need_of(inventory, need)).collect(),
        })
    });
    Report {
        schema: super::SCHEMA,
        interpreter: plan.interpreter.clone(),
        environment: plan.environment.clone(),
        interpreter_facts: plan.interpreter_facts.clone(),
        builder: plan.builder.clone(),
        distributions: plan.distributions.clone(),
        modules: modules.collect(),
        packages: plan.packages.clone(),
        libraries: plan.libraries.clone(),
        glibc: plan.glibc.clone(),
        sizes: Vec::new(),
        runs_at_start: plan.runs_at_start.clone(),
        recorded: plan.recorded.clone(),
        left_out: plan.left_out.clone(),
        slimmed: plan.slimmed.clone(),
        could_be_dropped: plan.removable.clone(),
        // A report does not depend on the image of a final stage.
        findings: plan
            .findings
            .iter()
            .filter(|finding| {
                !matches!(finding.code, Code::UnknownBase | Code::InterpreterNotInBase)
            })
            .cloned()
            .collect(),
    }
}

fn need_of(inventory: &Inventory, need: &crate::inventory::Need) -> ReportNeed {
    let (path, rule, state) = match &need.outcome {
        NeedOutcome::BuiltIn => (None, None, "built-in"),
        NeedOutcome::Library { path, rule, .. } => (Some(path.clone()), rule.clone(), "found"),
        NeedOutcome::Foreign { .. } | NeedOutcome::Broken { .. } | NeedOutcome::Missing { .. } => {
            (None, None, "unresolved")
        }
    };
    let package = path
        .as_ref()
        .and_then(|path| inventory.packages.owner(path))
        .map(|index| &inventory.packages[index]);
    ReportNeed {
        name: need.name.clone(),
        by: need.by.clone(),
        size: path.as_ref().and_then(|path| inventory.library_sizes.get(path).copied()),
        path,
        rule,
        package: package.map(|package| package.name.clone()),
        package_version: package.map(|package| package.version.clone()),
        state,
    }
}
