//! Executes a plan: the only code that writes, but for the wheels that are unpacked before.
//!
//! Everything goes to a temporary sibling of the output and appears by one rename. Data files are not
//! synced one by one: the manifest holds a hash of each, so a bundle damaged by a crash is found out.
//!
//! Invariant: never writes outside the output directory, never leaves half a bundle under its name,
//! never touches the builder's files.

mod builder_paths;
mod compile;
pub(crate) mod edit;
mod manifest;
mod oci;
mod output;
mod record;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::elf::ElfError;
use crate::finding::{Code, Finding, Severity};
use crate::hint::Hint;
use crate::path::RealPath;
use crate::plan::{Action, Plan, PlannedEntry, Receipt};
use crate::root::{Root, RootError};
pub use manifest::{
    MANIFEST, Manifest, ManifestEntry, ManifestError, ManifestLayer, ManifestPackage,
};
use output::Output;
pub use output::Written;

/// Files of the bundle beside `rootfs/`, as text.
pub struct Papers {
    pub dockerfile: String,
    pub runtime_packages: String,
}

/// How the bundle is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Trees to copy, with the final stage that copies them.
    Directory,
    /// An OCI image layout; the plan has layers.
    OciLayout,
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("{path} exists and is not a bundle")]
    Foreign { path: String },
    #[error(transparent)]
    Root(#[from] RootError),
    #[error("cannot compile with {interpreter}: {source}")]
    Compile { interpreter: RealPath, source: io::Error },
    #[error("cannot set the run path of {path}: {source}")]
    RunPath { path: RealPath, source: ElfError },
    #[error("cannot put {prefix} into {path}: {why}")]
    Prefix { path: RealPath, prefix: RealPath, why: String },
    #[error("cannot {operation} {path}: {source}")]
    Write { operation: &'static str, path: String, source: io::Error },
}

impl Hint for BundleError {
    fn hint(&self) -> Option<&str> {
        Some(match self {
            BundleError::Foreign { .. } => "name another directory with --out, or remove this one",
            BundleError::Root(_) => {
                "run as the user that installed the environment, or fix its permissions"
            }
            BundleError::Compile { .. } => {
                "--compile needs a Python of 3.8 or newer that runs here; without it Python compiles at its first start"
            }
            BundleError::RunPath { .. } => {
                "put the libraries it needs where the final loader looks, such as /usr/lib, or give it that run path in the builder"
            }
            BundleError::Prefix { .. } => {
                "give --prefix the path of the conda environment: nothing changes then"
            }
            BundleError::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "free some space; nothing was left behind"
            }
            BundleError::Write { .. } => "name a directory that can be written with --out",
        })
    }
}

impl BundleError {
    fn write(
        operation: &'static str,
        path: impl ToString,
    ) -> impl FnOnce(io::Error) -> BundleError {
        let path = path.to_string();
        move |source| BundleError::Write { operation, path, source }
    }
}

/// Writes the bundle of `plan` to `out`. `progress` is told the bytes of each file as it is done.
pub fn write(
    root: &Root,
    plan: &Plan,
    papers: &Papers,
    out: &Path,
    format: Format,
    time: i64,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Outcome, BundleError> {
    refuse_foreign(out)?;
    let parent =
        out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let shown = out.display().to_string();
    fs::create_dir_all(parent).map_err(BundleError::write("create the parent of", &shown))?;
    let temporary = tempfile::Builder::new()
        .prefix(".wheelbarrow-")
        .tempdir_in(parent)
        .map_err(BundleError::write("create a directory beside", &shown))?;
    let output = Output::create(temporary.path(), &plan.builder_prefixes, time)?;
    let (compiled, others): (Vec<&PlannedEntry>, Vec<&PlannedEntry>) =
        plan.entries.iter().partition(|entry| matches!(entry.action, Action::Compile { .. }));
    let (records, mut files): (Vec<&PlannedEntry>, Vec<&PlannedEntry>) =
        others.into_iter().partition(|entry| entry.action == Action::Record);
    // One library may be half of all: it is begun first, and the others keep the other threads busy meanwhile.
    files.sort_by_key(|entry| std::cmp::Reverse(entry.size));
    for entry in &plan.entries {
        output.directories(entry)?;
    }
    let written: Vec<(&PlannedEntry, Written)> = files
        .par_iter()
        .with_max_len(1)
        .map(|entry| {
            let written = output.entry(root, entry)?;
            progress(entry.size);
            Ok((*entry, written))
        })
        .collect::<Result<_, BundleError>>()?;
    let mut all: BTreeMap<&RealPath, (&PlannedEntry, Written)> =
        written.into_iter().map(|(entry, written)| (&entry.to, (entry, written))).collect();
    let (compiled, not_compiled) =
        compile::compile(root, &plan.builder_interpreter, &compiled, &output)?;
    all.extend(compiled.into_iter().map(|(entry, written)| (&entry.to, (entry, written))));
    for entry in records {
        let text = record::text(entry, all.values().map(|(entry, written)| (*entry, written)));
        let written = output.bytes(entry, text.as_bytes())?;
        all.insert(&entry.to, (entry, written));
    }
    let manifest = Manifest::new(plan, &all, time);
    let slimmed = manifest.slimmed.clone();
    output.paper("runtime-packages.txt", &papers.runtime_packages)?;
    output.paper(MANIFEST, &manifest.to_json())?;
    match format {
        Format::Directory => {
            output.paper("Dockerfile.final", &papers.dockerfile)?;
            output.finish()?;
        }
        Format::OciLayout => {
            let written: Vec<(&PlannedEntry, &Written)> =
                all.values().map(|(entry, written)| (*entry, written)).collect();
            oci::pack(&output, plan, &written, time.unsigned_abs())?;
            output.publish()?;
        }
    }
    let mut findings = findings(&all);
    findings.extend(not_compiled);
    appear(temporary, out).map_err(BundleError::write("rename the finished bundle to", &shown))?;
    Ok(Outcome { findings, slimmed })
}

/// What is known when the bundle is there.
pub struct Outcome {
    pub findings: Vec<Finding>,
    /// What was removed on request.
    pub slimmed: Vec<Receipt>,
}

#[allow(clippy::disallowed_methods, reason = "the output is no root")]
fn refuse_foreign(out: &Path) -> Result<(), BundleError> {
    let foreign = || BundleError::Foreign { path: out.display().to_string() };
    let Ok(meta) = fs::symlink_metadata(out) else { return Ok(()) };
    if !meta.is_dir() {
        return Err(foreign());
    }
    let empty = fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_none());
    if empty || out.join(MANIFEST).is_file() { Ok(()) } else { Err(foreign()) }
}

/// The bundle appears whole: an earlier one is swapped out and then removed.
fn appear(temporary: tempfile::TempDir, out: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    if out.exists() {
        match renameat_with(CWD, temporary.path(), CWD, out, RenameFlags::EXCHANGE) {
            // The old bundle now has the temporary name, and goes with it.
            Ok(()) => return Ok(()),
            // Overlay file systems cannot exchange with a lower layer.
            Err(_) => fs::remove_dir_all(out)?,
        }
    }
    let path: PathBuf = temporary.keep();
    fs::rename(&path, out).inspect_err(|_| drop(fs::remove_dir_all(&path)))?;
    fs::File::open(
        out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")),
    )?
    .sync_all()
}

fn findings(all: &BTreeMap<&RealPath, (&PlannedEntry, Written)>) -> Vec<Finding> {
    let left = all.values().filter(|(_, written)| written.builder_path).map(|(entry, _)| {
        Finding::new(
            Severity::Warn,
            Code::BuilderPathLeft,
            &entry.to,
            "holds the path of the builder's environment, and cannot be rewritten",
        )
        .help("build with the environment at its final path: --prefix, or python -m venv there")
    });
    let whole = all.values().filter_map(|(entry, written)| Some((entry, written.not_stripped?)));
    let whole = whole.map(|(entry, why)| {
        Finding::new(Severity::Note, Code::NotStripped, &entry.to, format!("not stripped: {why}"))
    });
    left.chain(whole).collect()
}
