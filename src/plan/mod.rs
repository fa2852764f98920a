//! The decision, as data: every path of the bundle with its reason, every path left out with its
//! reason, every package with the chain that needs it.
//!
//! [`make`] is a row of stages. Each has a room, and hands a value with its findings to the next:
//!
//! | room | decides | value |
//! | --- | --- | --- |
//! | `select` | which distributions are bundled | `Selection` |
//! | `target` | the final root: its image, its interpreter, whether it installs packages | `FinalRoot` |
//! | `place` | where each file of the environment is in it | `Placed` |
//! | `native` | the packages and files for needed libraries | `NativeFiles` |
//! | `adapt` | changes inside of files: run paths, prefixes, slimming | `Adapted` |
//! | `layers` | the cut into image layers | `Layers` |
//!
//! `judge` compares the result with the final root, when that is known.
//!
//! Invariant: pure. No file system, no clock, no environment; sorted; no host path.

mod account;
mod adapt;
mod budget;
mod entry;
mod judge;
mod layers;
mod manifest;
mod native;
mod place;
mod request;
mod select;
mod target;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use account::{Account, ReasonCount};
pub use adapt::Receipt;
pub use entry::{Action, Edit, LeftOut, PlannedEntry};
pub use layers::{KINDS_OF_LAYERS, PlannedLayer};
pub use manifest::IMAGE_MANIFEST;
pub use native::{LibraryOrigin, PackageReason, PackageSet, PlannedLibrary, PlannedPackage};
pub use place::{SITE_PACKAGES, StartLine};
pub use request::{
    DEFAULT_PREFIX, FinalStage, LayerForm, LayerRequest, NativeMode, Request, Shebang, SlimKind,
};
pub use select::{PlannedDistribution, PlannedEnvironment};

use crate::dockerfile::ImageName;
use crate::finding::Finding;
use crate::inventory::Inventory;
use crate::packages::Manager;
use crate::path::RealPath;
use crate::python::InterpreterFacts;

/// Version of the JSON of [`Plan`].
pub const SCHEMA: u32 = 2;

/// The decision: everything that `bundle` will do.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Plan {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The environment of the builder, and why it is the one.
    pub environment: PlannedEnvironment,
    /// Where the environment lives in the final root.
    pub prefix: RealPath,
    /// The interpreter of the final root.
    pub interpreter: RealPath,
    /// Version, ABI and architecture of the builder's interpreter.
    pub interpreter_facts: InterpreterFacts,
    /// The name that the builder gives itself (`PRETTY_NAME`).
    pub builder: String,
    /// The image of `FROM`; absent if it is unknown.
    pub base: Option<ImageName>,
    /// Every installed distribution with its decision, sorted by name and version.
    pub distributions: Vec<PlannedDistribution>,
    /// The operating system packages that the bundle needs.
    pub packages: PackageSet,
    /// What files of the bundle open at run time, as indices of the inventory.
    #[serde(skip)]
    pub opened: Vec<usize>,
    /// The native libraries that the bundle needs from outside of its distributions, sorted.
    pub libraries: Vec<PlannedLibrary>,
    /// The oldest glibc that every bundled file runs on, unless the bundle has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub glibc: Option<String>,
    /// Whether `ldconfig` must run in the final stage.
    pub run_ldconfig: bool,
    /// Whether the final root has a shell and a package manager, so that an installer can run there.
    #[serde(skip)]
    pub can_install: bool,
    /// The form of the lines of the final stage.
    #[serde(skip)]
    pub final_stage: FinalStage,
    /// The cut into layers, in the order of the final stage; empty without one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<PlannedLayer>,
    /// The paths below `rootfs/`, or below the layers, sorted by destination.
    pub entries: Vec<PlannedEntry>,
    /// The code that path files (`.pth`) of the bundle run at every start of Python.
    pub runs_at_start: Vec<StartLine>,
    /// Files left out on request, by kind. The savings of stripping are known after writing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slimmed: Vec<Receipt>,
    /// Files of the bundle that could be left out on request, by kind.
    #[serde(skip)]
    pub removable: Vec<Receipt>,
    /// The recorded files of the bundled distributions.
    pub recorded: Account,
    /// Paths of the builder that are left out, sorted.
    #[serde(rename = "left")]
    pub left_out: Vec<LeftOut>,
    /// Sorted, the worst first.
    pub findings: Vec<Finding>,
    /// The paths of the environment in the builder. No bundled file may contain one.
    #[serde(skip)]
    pub builder_prefixes: Vec<String>,
    /// The interpreter of the builder, which compiles bytecode on request.
    #[serde(skip)]
    pub builder_interpreter: RealPath,
}

/// Makes the plan of a bundle of `inventory` for `request`.
pub fn make(inventory: &Inventory, request: &Request) -> Plan {
    let selection = select::select(inventory, request);
    let final_root = target::decide(inventory, request);
    let placed = place::place(inventory, request, &selection, &final_root);
    let native = native::follow(inventory, request, &selection, &final_root, &placed);
    let for_verify = manifest::list(inventory, request, &placed.files);
    let files = [placed.files, native.files, for_verify];
    let adapted = adapt::adapt(inventory, request, &final_root, &placed.bundled, files);
    let layers = layers::cut(inventory, request, adapted.entries);
    let judgement =
        judge::judge(inventory, request, &final_root, &native.packages, &layers.entries);
    let (recorded, lost) =
        account::count_recorded(inventory, &selection, &layers.entries, &adapted.left_out);
    let findings = [
        inventory.findings.clone(),
        selection.findings.clone(),
        final_root.findings.clone(),
        placed.findings,
        native.findings,
        adapted.findings,
        layers.findings,
        judgement.findings,
        lost,
        budget::judge_size(request, &layers.entries, &native.packages).into_iter().collect(),
    ];
    Plan {
        schema: SCHEMA,
        environment: PlannedEnvironment::new(inventory),
        prefix: request.prefix.clone(),
        interpreter_facts: inventory.environment.interpreter.facts.clone(),
        builder: inventory.release.pretty_name.clone(),
        distributions: select::list_distributions(&selection, inventory),
        libraries: native::list_libraries(
            inventory,
            &layers.entries,
            &native.packages,
            &native.opened,
        ),
        packages: native.packages,
        opened: native.opened,
        glibc: judgement.glibc.map(|(major, minor)| format!("{major}.{minor}")),
        run_ldconfig: native.run_ldconfig,
        can_install: final_root.can_install,
        final_stage: request.final_stage,
        layers: layers.layers,
        entries: layers.entries,
        runs_at_start: placed.runs_at_start,
        slimmed: adapted.slimmed,
        removable: adapted.removable,
        recorded,
        left_out: adapted.left_out,
        findings: sort(findings.concat()),
        builder_prefixes: builder_prefixes(inventory, request, &final_root),
        builder_interpreter: inventory.environment.interpreter.executable.clone(),
        interpreter: final_root.interpreter,
        base: final_root.image,
    }
}

fn sort(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort();
    findings.dedup();
    findings
}

/// The prefix of a system installation belongs to the final interpreter too, so it is none of
/// these.
fn builder_prefixes(
    inventory: &Inventory,
    request: &Request,
    final_root: &target::FinalRoot,
) -> Vec<String> {
    let stays_true = final_root.interpreter_is_bundled && final_root.moved_from().is_none();
    let abandoned = inventory.own_prefix.as_ref().filter(|_| !stays_true);
    let parts = inventory.environment.parts.iter().filter(|part| part.whole_prefix());
    parts
        .map(|part| &part.prefix)
        .chain(abandoned)
        .filter(|prefix| **prefix != request.prefix)
        .map(RealPath::to_string)
        .collect()
}

impl Plan {
    /// The package manager of the final stage, by the owner of things in the builder.
    pub fn manager(&self) -> Option<Manager> {
        self.packages.manager
    }

    /// Bytes of the bundle, before scripts are rewritten.
    pub fn size(&self) -> u64 {
        self.entries.iter().map(|entry| entry.size).sum()
    }
}
