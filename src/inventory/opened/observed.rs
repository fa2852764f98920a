//! What a run opened ([`crate::evidence::Record`]), found in the root.
//!
//! A process counts if it or one above it runs a program of the environment: the shell, `make` or a
//! test runner around it has needs of its own. Files of the environment, of the interpreter and of
//! the C library are there in any case, and so is what the kernel, the container engine or a cache
//! makes.
//!
//! Invariant: only files that are in the root now, each once.

use std::collections::BTreeSet;

use super::{Opened, Search};
use crate::evidence::{Evidence, Grade, Observed, Record, is_compiler};
use crate::inventory::Inventory;
use crate::path::{OF_KERNEL, RealPath, WrittenPath};
use crate::python::Part;
use crate::root::{Kind, Resolved};

/// The facts of all observed runs of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedRuns {
    /// Whether a program of the environment ran.
    pub ran_environment: bool,
    /// Whether a process of another user ran, whose files are unknown.
    pub is_partial: bool,
    /// The files that count, outside of the environment and the interpreter.
    pub files: BTreeSet<RealPath>,
    /// The packages that own them.
    pub packages: BTreeSet<usize>,
    /// Those that may be data of a test, of the builder or of the user's source as well: nobody owns
    /// them, or a package for compiling does.
    pub unclear: BTreeSet<RealPath>,
    /// The working directories of the runs.
    pub directories: BTreeSet<RealPath>,
}

impl ObservedRuns {
    /// Whether a run opened a file, or another one of its package.
    pub fn confirm(&self, path: &RealPath, owner: Option<usize>) -> bool {
        self.files.contains(path) || owner.is_some_and(|owner| self.packages.contains(&owner))
    }

    /// Whether a file is below a working directory, so that it belongs to the user's project.
    pub fn is_of_project(&self, path: &RealPath) -> bool {
        let mut directories = self.directories.iter().filter(|one| **one != RealPath::root());
        directories.any(|directory| path.below(directory).is_some())
    }
}

/// Directories whose content comes from an engine or a run, not from an image.
const PASSING: [&str; 5] = ["/run", "/var/run", "/tmp", "/var/tmp", "/var/cache"];
/// Directories and files that every image has of its own, or that the engine writes.
const OF_EVERY_SYSTEM: [&str; 19] = [
    "/etc/environment",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld.so.preload",
    "/etc/localtime",
    "/etc/machine-id",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/profile",
    "/etc/resolv.conf",
    "/etc/shadow",
    "/etc/timezone",
    "/usr/lib/os-release",
];
/// Where unowned files belong to the software of the image, not to a user or a test.
const OF_SOFTWARE: [&str; 2] = ["/usr", "/opt"];

impl Search<'_> {
    /// Everything that the records show: the needs, and the facts of the runs.
    pub(super) fn of_runs(&self, records: &[Record]) -> (Vec<Opened>, ObservedRuns) {
        let (mut all, mut runs) = (Vec::new(), ObservedRuns::default());
        for record in records {
            let rows: Vec<bool> =
                record.rows.iter().map(|row| self.runs_environment(row)).collect();
            runs.ran_environment |= rows.contains(&true);
            runs.is_partial |= !record.unseen.is_empty();
            runs.directories.extend(self.resolved(&record.directory).map(|found| found.path));
            for (files, verb) in [(&record.opened, "opened"), (&record.started, "started")] {
                for one in files {
                    if let Some(row) = one.by.iter().find(|row| rows[**row]) {
                        let evidence = evidence(verb, &record.rows[*row]);
                        all.extend(self.of_observed(&mut runs, one, &evidence));
                    }
                }
            }
        }
        (all, runs)
    }

    /// The need that one file shows, which becomes a fact of the runs.
    fn of_observed(
        &self,
        runs: &mut ObservedRuns,
        one: &Observed,
        evidence: &Evidence,
    ) -> Option<Opened> {
        let found = self.resolved(&one.path).filter(|found| found.meta.kind == Kind::File)?;
        let path = found.path.clone();
        if is_passing(&one.path) || is_passing(path.as_str()) || self.is_own(&path) {
            return None;
        }
        let packages = &self.inventory.packages;
        let owner = packages.owner(&path);
        let is_new = runs.files.insert(path.clone());
        runs.packages.extend(owner);
        let is_clear = match owner {
            Some(owner) => !is_compiler(&packages[owner].name),
            None => is_of_software(&path) || (is_library(&path) && !runs.is_of_project(&path)),
        };
        if !is_clear {
            runs.unclear.insert(path);
            return None;
        }
        let interpreter = &self.inventory.environment.interpreter.executable;
        let opened = self.opens(interpreter, found, evidence).filter(|_| is_new)?;
        Some(Opened { only_observed: true, ..opened })
    }

    /// Whether a program of the environment is in a row.
    fn runs_environment(&self, row: &[String]) -> bool {
        let interpreter = &self.inventory.environment.interpreter.executable;
        let own =
            |found: Resolved| found.path == *interpreter || self.inventory.has_file(&found.path);
        row.iter().any(|program| self.resolved(program).is_some_and(own))
    }

    /// A path of a record; one that is not there any more, or cannot be read, is none of a program.
    fn resolved(&self, path: &str) -> Option<Resolved> {
        self.library.root().search(&WrittenPath::new(path)).ok()?
    }

    /// Whether a file belongs to the environment or to its interpreter, listed or not: nobody lists
    /// bytecode.
    fn is_own(&self, path: &RealPath) -> bool {
        let Inventory { environment, own_prefix, .. } = self.inventory;
        let mut tops = environment.parts.iter().flat_map(Part::tops).chain(own_prefix.clone());
        tops.any(|top| path.below(&top).is_some()) || self.is_there(path)
    }
}

/// `opened by python3.11 in the observed run`.
fn evidence(verb: &str, row: &[String]) -> Evidence {
    let program = row.last().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    Evidence::new(Grade::Observed, format!("{verb} by {program} in the observed run"))
}

/// Whether a file is none of an image, or one that every image has.
fn is_passing(path: &str) -> bool {
    let is_below = |top: &&str| {
        path.strip_prefix(*top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    OF_KERNEL.iter().chain(&PASSING).chain(&OF_EVERY_SYSTEM).any(is_below)
        || path.split('/').any(|part| matches!(part, "__pycache__" | ".cache"))
}

fn is_library(path: &RealPath) -> bool {
    path.name().contains(".so")
}

fn is_of_software(path: &RealPath) -> bool {
    OF_SOFTWARE.iter().any(|top| path.below(&RealPath::known(top)).is_some())
}

/// Makes the evidence of what runs opened the surest, and tells what nothing else found.
pub(super) fn confirm(inventory: &Inventory, opened: &mut [Opened], runs: &ObservedRuns) {
    for one in opened.iter_mut().filter(|one| one.evidence.grade > Grade::Observed) {
        let Some(path) = one.path() else { continue };
        if runs.confirm(path, inventory.packages.owner(path)) {
            let text = format!("{}, which was observed", one.evidence.text);
            one.evidence = Evidence::new(Grade::Observed, text);
        }
    }
}
