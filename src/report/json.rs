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
    LeftOut, PackageSet, Plan, PlannedDistribution, PlannedEntry, PlannedLibrary, Receipt,
    StartLine, count_kinds,
};
use crate::python::InterpreterFacts;

/// `wheelbarrow report --json`.
#[derive(Serialize, schemars::JsonSchema)]
pub struct Report {
    pub schema: u32,
    pub interpreter: RealPath,
    pub interpreter_facts: InterpreterFacts,
    pub builder: String,
    pub distributions: Vec<PlannedDistribution>,
    pub modules: Vec<ReportModule>,
    pub packages: PackageSet,
    /// The native libraries that the bundle needs from outside of its distributions.
    pub libraries: Vec<PlannedLibrary>,
    /// The oldest glibc that everything in the bundle runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub glibc: Option<String>,
    /// What the application weighs in each way of getting it there; empty unless asked for.
    pub sizes: Vec<ModeSize>,
    /// What path files (`.pth`) run at every start of Python.
    pub runs_at_start: Vec<StartLine>,
    /// Files of the builder stage that are left out, with the reason.
    #[serde(rename = "left")]
    pub left_out: Vec<LeftOut>,
    /// What --slim removed.
    pub slimmed: Vec<Receipt>,
    /// What travels and is rarely needed at run time, by kind; nothing of it is dropped unasked.
    pub could_be_dropped: Vec<Receipt>,
    pub findings: Vec<Finding>,
}

/// One ELF file that travels.
#[derive(Serialize, schemars::JsonSchema)]
pub struct ReportModule {
    pub path: RealPath,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    pub version_needs: Vec<VersionNeed>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// `built-in`, `found` or `unresolved`.
    pub state: &'static str,
}

/// Joins what was found with what was decided.
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
        interpreter_facts: plan.interpreter_facts.clone(),
        builder: plan.builder.clone(),
        distributions: plan.distributions.clone(),
        modules: modules.collect(),
        packages: plan.packages.clone(),
        libraries: plan.libraries.clone(),
        glibc: plan.glibc.clone(),
        sizes: Vec::new(),
        runs_at_start: plan.runs_at_start.clone(),
        left_out: plan.left_out.clone(),
        slimmed: plan.slimmed.clone(),
        could_be_dropped: count_kinds(plan.entries.iter()),
        // A report stands alone: the image of a final stage is no part of it.
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
