//! Proves that a bundle runs in a final root: everything that would fail at run time is found
//! before.
//!
//! Only the files in the final root count. Decisions of the builder stage are not used, so a wrong
//! base, a stale copy and an edited file look here as they look to Python.
//!
//! Invariant: reads only, and runs nothing.

mod complete;
mod faults;
mod files;
mod libraries;
mod natives;
mod requirements;
mod scripts;
mod symbols;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;

use complete::Comparison;

use crate::bundle::ImageManifest;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::{self, Inventory, NOT_LOADABLE, NotLoadable, Scope, parse_not_loadable};
use crate::loader::Library;
use crate::path::{RealPath, WrittenPath};
use crate::python::{self, EnvironmentError, Surroundings};
use crate::root::Root;

/// Version of the JSON of [`Verification`].
pub const SCHEMA: u32 = 1;

/// The list of files that the builder cannot load, at most, in bytes.
const LARGEST_LIST: u64 = 1 << 24;

/// `wheelbarrow verify --json`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Verification {
    /// The version of this JSON, [`SCHEMA`].
    pub schema: u32,
    /// The path of the environment in the final root.
    pub prefix: RealPath,
    /// The program that `bin/python` leads to; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<RealPath>,
    /// The numbers of checked things.
    pub checked: Checked,
    /// The problems, sorted, each once.
    pub findings: Vec<Finding>,
}

/// The numbers of things that were checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Checked {
    /// Installed distributions.
    pub distributions: usize,
    /// Files that RECORD has a SHA-256 of.
    pub files: usize,
    /// ELF files of the bundle.
    pub natives: usize,
    /// References to symbols of other files.
    pub symbols: usize,
    /// Scripts in the directories for scripts.
    pub scripts: usize,
    /// Entry points of distributions.
    pub entry_points: usize,
    /// Links below the prefix.
    pub links: usize,
}

/// What the bundle promises of the final root.
struct Promise {
    manifest: ImageManifest,
    comparison: Comparison,
    /// What the builder cannot load or bind.
    not_loadable: NotLoadable,
    /// The native libraries of the bundle outside of its prefix.
    outside: Vec<RealPath>,
}

/// Verifies the environment at `prefix`. `manifest` is that of the bundle; without it, the one in the root counts.
pub fn verify(root: &Root, prefix: &RealPath, manifest: Option<ImageManifest>) -> Verification {
    let mut verification = Verification {
        schema: SCHEMA,
        prefix: prefix.clone(),
        interpreter: None,
        checked: Checked::default(),
        findings: Vec::new(),
    };
    let promise = read_promise(root, prefix, manifest, &mut verification.findings);
    if is_environment(root, prefix) {
        verify_environment(root, &promise, &mut verification);
    } else if !promise.comparison.lost.contains(&prefix.join("pyvenv.cfg")) {
        // Python would start, but with other packages.
        let message = "has no pyvenv.cfg: Python does not search for packages here";
        let finding = Finding::new(Severity::Deny, Code::BrokenInterpreter, prefix, message)
            .help("copy the bundle, or give its prefix with --prefix");
        verification.findings.push(finding);
    }
    verification.findings.extend(inventory::report_failures(root));
    let findings = std::mem::take(&mut verification.findings).into_iter();
    verification.findings = findings.map(|one| milder(one, &promise.not_loadable)).collect();
    verification.findings.sort();
    verification.findings.dedup();
    verification
}

/// Whether `bin/python` of the prefix uses its packages. An interpreter below the prefix needs no pyvenv.cfg.
fn is_environment(root: &Root, prefix: &RealPath) -> bool {
    let program = root.resolve(&WrittenPath::from(&prefix.descend("bin/python"))).ok().flatten();
    program.is_some_and(|found| found.path.below(prefix).is_some())
        || root.is_file(&WrittenPath::from(&prefix.join("pyvenv.cfg")))
}

/// Reads what the bundle says about itself, and compares its files.
fn read_promise(
    root: &Root,
    prefix: &RealPath,
    manifest: Option<ImageManifest>,
    findings: &mut Vec<Finding>,
) -> Promise {
    if manifest.is_none() {
        findings.extend(complete::judge_own_mode(root, prefix));
    }
    let read = manifest.map_or_else(|| complete::read_manifest(root, prefix), Ok);
    let manifest = read.unwrap_or_else(|finding| {
        // A directory without anything of an environment has one finding, which says so.
        if is_environment(root, prefix) || finding.code != Code::MissingFile {
            findings.push(finding);
        }
        ImageManifest::empty(prefix)
    });
    let comparison = complete::compare(root, &manifest);
    findings.extend(comparison.findings.iter().cloned());
    let not_loadable = read_not_loadable(root, prefix);
    Promise { outside: manifest.libraries_outside(), manifest, comparison, not_loadable }
}

fn verify_environment(root: &Root, promise: &Promise, verification: &mut Verification) {
    let Verification { prefix, interpreter, checked, findings, .. } = verification;
    let library = Library::new(root);
    let named = [prefix.to_string()];
    let environment = match python::find_environment(
        root,
        &library,
        &named,
        &Surroundings::default(),
        findings,
    ) {
        Ok(environment) => environment,
        Err(error) => {
            findings.push(no_environment(prefix, &error));
            return;
        }
    };
    *interpreter = Some(environment.interpreter.executable.clone());
    let scope = Scope { natives_only: true, ..Scope::default() };
    let inventory = inventory::take_inventory_of(&library, environment, scope, Vec::new());
    findings.extend(inventory.findings.iter().cloned().map(stricter));
    let parts = [
        interpreter_fits(root, prefix, &inventory, promise),
        natives::verify(&library, &inventory, promise, checked),
        files::verify(root, &inventory, promise, checked),
        scripts::verify(root, &inventory, promise, checked),
        requirements::verify(&inventory, promise),
    ];
    findings.extend(parts.into_iter().flatten());
}

/// A finding of the inventory with its severity in a final root: some warnings of a builder are
/// failures there.
fn stricter(finding: Finding) -> Finding {
    let fatal = match finding.code {
        Code::CorruptElf => true,
        // Of a module; other files of this kind are a note.
        Code::ForeignLibc | Code::ForeignArchitecture => finding.severity == Severity::Warn,
        _ => false,
    };
    Finding { severity: if fatal { Severity::Deny } else { finding.severity }, ..finding }
}

/// The files of the bundle that could not be loaded in the builder.
fn read_not_loadable(root: &Root, prefix: &RealPath) -> NotLoadable {
    let path = prefix.descend(NOT_LOADABLE);
    let text = root.read_text(path.as_str(), LARGEST_LIST).ok().flatten();
    parse_not_loadable(prefix, &text.unwrap_or_default())
}

/// A file that could not be loaded in the builder breaks no promise here.
fn milder(finding: Finding, not_loadable: &NotLoadable) -> Finding {
    let about_loading = matches!(
        finding.code,
        Code::UnresolvedLibrary
            | Code::BadLibrary
            | Code::CorruptElf
            | Code::ForeignLibc
            | Code::ForeignArchitecture
            | Code::MissingSymbol
            | Code::MissingVersion
    );
    let known = || {
        let path = RealPath::try_from(finding.subject.clone()).ok();
        path.and_then(|path| not_loadable.get(&path)).is_some_and(BTreeSet::is_empty)
    };
    if about_loading && known() && finding.severity == Severity::Deny {
        let message = format!("{}; nor could it be loaded in the builder", finding.message);
        return Finding { severity: Severity::Warn, message, ..finding };
    }
    finding
}

fn no_environment(prefix: &RealPath, error: &EnvironmentError) -> Finding {
    let help = match error {
        EnvironmentError::NoBase { .. } => {
            "install this Python in the final image, or use an image that has it; `wheelbarrow bundle --base-root` checks this in the builder stage"
        }
        _ => "run verify after COPY, on the whole final root; give the prefix with --prefix",
    };
    Finding::new(Severity::Deny, Code::BrokenInterpreter, prefix, error.to_string()).help(help)
}

/// Checks that `bin/python` starts the interpreter of `pyvenv.cfg`, and that it has the version and
/// the ABI of the packages.
fn interpreter_fits(
    root: &Root,
    prefix: &RealPath,
    inventory: &Inventory,
    promise: &Promise,
) -> Vec<Finding> {
    let environment = &inventory.environment;
    let interpreter = &environment.interpreter;
    let deny = |subject: &RealPath, message: String| {
        Finding::new(Severity::Deny, Code::BrokenInterpreter, subject, message)
    };
    let mut findings = Vec::new();
    let started = prefix.descend("bin/python");
    match root.resolve(&WrittenPath::from(&started)) {
        Ok(Some(found)) if found.path == interpreter.executable => {}
        Ok(Some(found)) => {
            findings.push(deny(
                &started,
                format!("starts {}, but pyvenv.cfg names {}", found.path, interpreter.executable),
            ));
        }
        _ if promise.comparison.lost.contains(&started) => {}
        _ => findings.push(deny(&started, "leads to no program".to_owned())),
    }
    let lib = root.list(&prefix.join("lib")).into_iter().flatten();
    for entry in lib {
        let version =
            entry.path.name().strip_prefix("python").filter(|version| version.contains('.'));
        if let Some(version) = version.filter(|version| *version != interpreter.minor()) {
            let message = format!(
                "has packages for Python {version}, but the interpreter {} has version {}",
                interpreter.executable,
                interpreter.minor()
            );
            findings.push(
                deny(&entry.path, message)
                    .help("build the bundle with the minor version of the final image"),
            );
        }
    }
    let tag = interpreter.facts.abi.as_deref();
    let other = inventory.files.iter().filter(|file| {
        let middle =
            file.path.name().split_once(".cpython-").and_then(|(_, rest)| rest.strip_suffix(".so"));
        middle.zip(tag).is_some_and(|(middle, tag)| format!("cpython-{middle}") != tag)
    });
    findings.extend(other.map(|file| {
        deny(&file.path, format!("built for another ABI than {}", tag.unwrap_or_default()))
    }));
    findings
}
