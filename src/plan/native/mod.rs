//! The packages and files that give the bundle its native libraries.
//!
//! Invariant: a package is installed, vendored or there already; no package is two of these.

mod activation;
mod empty_root;
mod find_library;
mod follow;
mod foreign;
mod libraries;
mod library_path;
mod missing;
mod observed;
mod on_purpose;
mod package_set;
mod packages;
mod programs;
mod vendored;

pub(crate) use libraries::list_libraries;
pub use libraries::{LibraryOrigin, PlannedLibrary};
pub use package_set::{PackageReason, PackageSet, PlannedPackage};

use std::collections::BTreeSet;

use super::entry::{Files, PlannedEntry};
use super::place::Placed;
use super::request::Request;
use super::select::Selection;
use super::target::FinalRoot;
use crate::finding::Finding;
use crate::inventory::{CarriableFile, Inventory, by_hand};
use activation::judge_activation;
use find_library::judge_find_library;
use follow::Followed;
use foreign::judge_foreign;
use observed::{Added, judge_observed};
use on_purpose::judge_on_purpose;
use programs::add_programs;
use vendored::{judge_licences, vendor};

/// Everything that comes from outside of the environment.
pub(crate) struct NativeFiles {
    pub packages: PackageSet,
    pub files: Files,
    /// The indices of what is opened and counts, in the inventory.
    pub opened: Vec<usize>,
    /// Whether `ldconfig` must run in the final stage.
    pub run_ldconfig: bool,
    pub findings: Vec<Finding>,
}

/// Follows the needs of the bundled files, of the interpreter and of the distributions to packages
/// and files.
pub(crate) fn follow(
    inventory: &Inventory,
    request: &Request,
    selection: &Selection,
    final_root: &FinalRoot,
    placed: &Placed,
) -> NativeFiles {
    let Followed { entries, mut wanted, opened, run_ldconfig, mut findings } =
        follow::follow(inventory, request, final_root, &placed.bundled);
    wanted.add_by_hand(request);
    if final_root.interpreter_is_package {
        wanted.add_interpreter();
    }
    if final_root.interpreter_is_bundled {
        wanted.add_interpreter_libraries();
    }
    wanted.add_foreign_libraries(final_root);
    wanted.add_distributions(selection);
    wanted.add_linked(&placed.bundled);
    findings.extend(add_programs(inventory, final_root, &placed.bundled, &mut wanted));
    let mut packages = wanted.decide(request, final_root);
    findings.extend(packages.refuse_strange_names());
    let vendored = &packages.vendored_indices;
    let mut files = vendor(inventory, final_root, vendored);
    files.entries.splice(0..0, entries);
    files.entries.extend(inventory.included.iter().map(included));
    if final_root.is_empty() {
        files.entries.extend(empty_root::fill(inventory));
    }
    let mut taken = BTreeSet::new();
    files.entries.retain(|entry| taken.insert(entry.to.clone()));
    findings.extend(judge_on_purpose(inventory, request, &packages.there_indices));
    let added = Added { inventory, packages: &packages, entries: &files.entries };
    findings.extend(judge_observed(&added, &opened));
    findings.extend(judge_licences(inventory, vendored));
    findings.extend(judge_find_library(inventory, final_root, &opened));
    findings.extend(judge_foreign(inventory, final_root, &packages));
    findings.extend(judge_activation(inventory, selection, vendored));
    NativeFiles { packages, files, opened, run_ldconfig, findings }
}

/// A file that the user includes, at its path in the builder.
fn included(file: &CarriableFile) -> PlannedEntry {
    vendored::entry(file, by_hand("--include").text)
}
