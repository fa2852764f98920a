//! Libraries that the builder does not have, and those that the host gives to the container.
//!
//! Invariant: a library is one finding, however many files need it, and never a deny-level finding: the bundle loses
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::host_supplier;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::{Inventory, Need, NeedOutcome, judge_need, list_places, note_host_library};
use crate::path::RealPath;

/// Needs that no file of the builder meets.
#[derive(Default)]
pub(super) struct Missing {
    /// By the name of the library: the places where it was looked for, and the files that need it.
    absent: BTreeMap<String, (Vec<String>, BTreeSet<RealPath>)>,
    /// Libraries that the host gives to the container, each with the files that need it.
    hosted: BTreeMap<String, BTreeSet<RealPath>>,
    findings: Vec<Finding>,
}

impl Missing {
    /// Adds a need of `file` that the builder does not meet. The builder cannot load the file either, so it is
    /// no failure of the bundle.
    pub(super) fn add(&mut self, file: &RealPath, need: &Need, bundled: &BTreeSet<RealPath>) {
        let elsewhere = need.elsewhere().iter().find(|path| bundled.contains(*path));
        match &need.outcome {
            NeedOutcome::Missing { tried, .. } if elsewhere.is_none() => {
                let absent = self.absent.entry(need.name.clone());
                let (_, files) = absent.or_insert_with(|| (tried.clone(), BTreeSet::new()));
                files.insert(file.clone());
            }
            _ => self.findings.extend(judge_need(file, need, Severity::Warn, elsewhere)),
        }
    }

    /// Adds a need of `file` that [`is_of_host`] holds for.
    pub(super) fn add_hosted(&mut self, file: &RealPath, need: &Need) {
        self.hosted.entry(need.name.clone()).or_default().insert(file.clone());
    }

    /// The findings.
    pub(super) fn judge(self) -> Vec<Finding> {
        let mut findings = self.findings;
        findings.extend(self.absent.iter().map(|(name, (tried, files))| {
            let message = |number: &str, first: &str| {
                let places = list_places(tried);
                format!("needed by {number} ({first}), and not in the builder: {places}")
            };
            let (severity, code) = (Severity::Warn, Code::UnresolvedLibrary);
            let help = "if the program uses such a file, install the package that has the library in the \
                        builder stage, before wheelbarrow runs";
            Finding::of_files(severity, code, name, files.iter(), message).help(help)
        }));
        findings.extend(self.hosted.iter().filter_map(|(name, files)| {
            Some(note_host_library(name, host_supplier(name)?, files.iter()))
        }));
        findings
    }
}

/// Whether the host gives a library to the container: the builder has none, or that of its own host. A package
/// of it was installed on purpose, and a file of the environment is a copy that the program chose.
pub(super) fn is_of_host(inventory: &Inventory, need: &Need) -> bool {
    let is_free =
        |path: &RealPath| inventory.packages.owner(path).is_none() && !inventory.has_file(path);
    host_supplier(&need.name).is_some() && need.found().is_none_or(|(path, _)| is_free(path))
}
