//! From needed libraries to packages: what the bundle asks of the final root, and what it must carry.
//!
//! Invariant: a library that a package owns is asked for by package; one that nobody owns travels, with
//! the links that lead to it; nothing is both.

use std::collections::BTreeSet;

use super::final_root::FinalRoot;
use super::packages::{PackageReason, Wanted};
use super::{Action, PlannedEntry};
use crate::finding::{Code, Finding, Severity};
use crate::inventory::{Inventory, Native, Need, NeedOutcome, judge_need};
use crate::loader::{Libc, Rule};
use crate::path::RealPath;
use crate::root::Crossed;

/// What native needs add to a plan.
#[derive(Default)]
pub struct NativePlan {
    pub entries: Vec<PlannedEntry>,
    pub run_ldconfig: bool,
}

/// Follows the needs of every ELF file that travels.
pub fn follow(
    inventory: &Inventory,
    final_root: &FinalRoot,
    travelling: &BTreeSet<RealPath>,
    wanted: &mut Wanted,
    findings: &mut Vec<Finding>,
) -> NativePlan {
    let mut state = Follower {
        inventory,
        final_root,
        travelling,
        carried: BTreeSet::new(),
        plan: NativePlan::default(),
    };
    for native in inventory.natives.iter().filter(|native| travelling.contains(&native.path)) {
        for need in &native.needs {
            if travelling.contains(&need.by) || state.carried.contains(&need.by) {
                state.need(native, need, wanted, findings);
            }
        }
    }
    if final_root.interpreter_travels && !final_root.loader_travels {
        state.interpreter();
    }
    state.plan
}

struct Follower<'a> {
    inventory: &'a Inventory,
    final_root: &'a FinalRoot<'a>,
    travelling: &'a BTreeSet<RealPath>,
    carried: BTreeSet<RealPath>,
    plan: NativePlan,
}

impl Follower<'_> {
    fn need(
        &mut self,
        native: &Native,
        need: &Need,
        wanted: &mut Wanted,
        findings: &mut Vec<Finding>,
    ) {
        let NeedOutcome::Library { path, links, rule } = &need.outcome else {
            findings.extend(judge_need(native, need, self.travelling));
            return;
        };
        if self.travelling.contains(path) {
            return;
        }
        let reason = PackageReason {
            file: native.path.clone(),
            library: need.name.clone(),
            distribution: self.distribution(&native.path),
        };
        let owner = self.inventory.packages.owner(path);
        let carried =
            owner.is_some_and(|package| self.final_root.carries(&self.inventory.packages[package]));
        // Conda's libraries are newer than those of most bases, and found first.
        if self.inventory.packages.in_prefix(path).is_none()
            && self.final_root.has_library(&need.name)
        {
            owner.into_iter().for_each(|package| wanted.in_base(package, reason.clone()));
        } else if let Some(package) = owner {
            // What it finds by a path of its own may well be there.
            if matches!(rule, Some(Rule::Cache | Rule::PathFile | Rule::DefaultDirectory)) {
                wanted.lacking(package);
            }
            wanted.library(package, reason);
            self.foreign_links(package, links, need);
            if carried {
                // It travels, and what it needs with it.
                self.carried.insert(path.clone());
            }
        } else if !self.inventory.interpreter_files.contains(path) {
            self.carry(path, links, rule.as_ref(), need, findings);
        }
    }

    fn distribution(&self, path: &RealPath) -> Option<String> {
        let files = &self.inventory.files;
        let at = files.binary_search_by(|file| file.path.cmp(path)).ok()?;
        files[at].owner.map(|owner| self.inventory.distributions[owner].name.clone())
    }

    /// A link of a -dev package led to the library: it will not be in the final root, so it travels. Those
    /// of update-alternatives (`libblas.so.3`) are made when the package is installed, and only then.
    fn foreign_links(&mut self, package: usize, links: &[Crossed], need: &Need) {
        let installs = self.final_root.installs();
        let alternative = |path: &str| path.starts_with("/etc/alternatives/");
        for link in links {
            let made = installs && alternative(&link.target);
            let leads = is_library_link(link) || (!installs && alternative(link.at.as_str()));
            if leads && !made && self.inventory.packages.owner(&link.at) != Some(package) {
                self.link(link, need);
            }
        }
    }

    fn link(&mut self, link: &Crossed, need: &Need) {
        if self.carried.insert(link.at.clone()) {
            self.plan.entries.push(PlannedEntry {
                to: link.at.clone(),
                from: Some(link.at.clone()),
                action: Action::Link { target: link.target.clone() },
                mode: 0o777,
                size: 0,
                distribution: None,
                reason: format!(
                    "leads to {}, and no package that will be installed has it",
                    need.name
                ),
                layer: None,
            });
        }
    }

    fn carry(
        &mut self,
        path: &RealPath,
        links: &[Crossed],
        rule: Option<&Rule>,
        need: &Need,
        findings: &mut Vec<Finding>,
    ) {
        for link in links.iter().filter(|link| is_library_link(link)) {
            self.link(link, need);
        }
        if !self.carried.insert(path.clone()) {
            return;
        }
        findings.push(
            Finding::new(
                Severity::Note,
                Code::UnownedLibrary,
                path,
                format!("needed as {}; no package owns it, so the bundle carries it", need.name),
            )
            .help("check that it may be redistributed"),
        );
        let size = self.inventory.library_sizes.get(path).copied().unwrap_or_default();
        self.plan.entries.push(copy(
            path,
            size,
            0o755,
            format!("needed as {}, owned by no package", need.name),
        ));
        if matches!(rule, Some(Rule::Cache | Rule::PathFile)) {
            self.configure(&need.name);
        }
    }

    /// Libraries of nobody that travel with an interpreter to a loader that does not.
    fn interpreter(&mut self) {
        let inventory = self.inventory;
        for path in &inventory.interpreter_files {
            let moves = self.final_root.place(path) != *path;
            let found = path
                .parent()
                .is_some_and(|directory| inventory.default_directories.contains(&directory));
            let outside =
                inventory.own_prefix.as_ref().is_none_or(|prefix| path.below(prefix).is_none());
            if !moves && !found && outside && inventory.packages.owner(path).is_none() {
                self.configure(path.name());
            }
        }
    }

    /// The final loader has to know of a directory.
    fn configure(&mut self, library: &str) {
        if !self.final_root.configured {
            return;
        }
        let glibc = self.inventory.environment.interpreter.libc == Some(Libc::Glibc);
        // With its loader the builder's cache travels too.
        self.plan.run_ldconfig |= glibc && !self.final_root.loader_travels;
        for file in &self.inventory.loader_configuration {
            if self.carried.insert(file.clone()) {
                self.plan.entries.push(copy(
                    file,
                    0,
                    0o644,
                    format!("tells the loader where {library} is"),
                ));
            }
        }
    }
}

fn is_library_link(link: &Crossed) -> bool {
    link.at.name().contains(".so") && link.at.below(&RealPath::known("/etc")).is_none()
}

fn copy(path: &RealPath, size: u64, mode: u32, reason: String) -> PlannedEntry {
    PlannedEntry {
        to: path.clone(),
        from: Some(path.clone()),
        action: Action::Copy,
        mode,
        size,
        distribution: None,
        reason,
        layer: None,
    }
}
