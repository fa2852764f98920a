//! Executes a plan. Only this code writes, except that wheels are unpacked before.
//!
//! Everything is written to a temporary sibling of the output, which gets its name by one rename.
//! Data files are not synced one by one: the manifest has a hash of each, so damage by a crash is
//! detected.
//!
//! Invariant: nothing outside of the output directory is written, an incomplete bundle never has
//! its name, and the builder's files are never changed.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the writer: it writes the output, and only reads roots through root::Root"
)]

mod appear;
mod builder_paths;
mod compile;
mod earlier;
pub(crate) mod edit;
mod in_image;
pub(crate) mod manifest;
mod oci;
mod output;
mod papers;
mod record;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use rayon::prelude::*;

use crate::elf::ElfError;
use crate::finding::{Code, Finding, Severity};
use crate::hint::Hint;
use crate::inventory::report_failures;
use crate::path::RealPath;
use crate::plan::{Action, Plan, PlannedEntry, Receipt};
use crate::root::{Root, RootError};
use crate::temporary::Temporary;
use appear::appear;
use earlier::Earlier;
pub use in_image::{ImageEntry, ImageManifest, ImageManifestError, ImagePart};
pub use manifest::{
    MANIFEST, Manifest, ManifestEntry, ManifestError, ManifestLayer, ManifestPackage, SCHEMA,
};
use output::Output;
pub use output::Written;
pub use papers::Papers;

/// The name of the program that verifies the final stage, next to `rootfs/`.
pub const PROGRAM: &str = "wheelbarrow";

/// The form of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Directories to copy, with the final stage that copies them.
    Directory,
    /// An OCI image layout. The plan must have layers.
    OciLayout,
}

/// The reason why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The output exists and is neither empty nor a bundle.
    #[error("{path} exists and is not a bundle")]
    Foreign {
        /// The output on the host, as it was given.
        path: String,
    },
    /// The output is a bundle with other files in it.
    #[error("{path} is a bundle, but {stranger} in it is not of that bundle")]
    Stranger {
        /// The output on the host, as it was given.
        path: String,
        /// The first such file, relative to the output.
        stranger: String,
    },
    /// A file of the builder cannot be read.
    #[error(transparent)]
    Root(#[from] RootError),
    /// A file of the builder is not the one any more for which the plan was made.
    #[error("{path} changed while wheelbarrow was running")]
    Changed {
        /// The file in the builder.
        path: RealPath,
    },
    /// The builder's Python does not start or breaks off.
    #[error("cannot compile with {interpreter}: {source}")]
    Compile {
        /// The builder's Python.
        interpreter: RealPath,
        /// The error of the process or its pipes.
        source: io::Error,
    },
    /// The tables of an ELF file do not allow another run path.
    #[error("cannot set the run path of {path}: {source}")]
    RunPath {
        /// The file in the builder.
        path: RealPath,
        /// The part of the file that does not allow it.
        source: ElfError,
    },
    /// A conda file cannot hold the new prefix.
    #[error("cannot put {prefix} into {path}: {why}")]
    Prefix {
        /// The file in the builder.
        path: RealPath,
        /// The prefix in the final root.
        prefix: RealPath,
        /// The reason, such as a prefix that is too long.
        why: String,
    },
    /// A system call on the output failed.
    #[error("cannot {operation} {path}: {source}")]
    Write {
        /// The operation as a verb, such as `create`.
        operation: &'static str,
        /// The path inside the bundle, or a name for a part of it.
        path: String,
        /// The error of the system call.
        source: io::Error,
    },
}

impl Hint for BundleError {
    fn hint(&self) -> Option<&str> {
        Some(match self {
            BundleError::Foreign { .. } => {
                "choose another --out; wheelbarrow did not create this directory and will not overwrite it"
            }
            BundleError::Stranger { .. } => {
                "move that file elsewhere, or choose another --out; wheelbarrow removes no file that it did not write"
            }
            BundleError::Root(_) => {
                "run as the user that installed the environment, or fix its permissions"
            }
            BundleError::Changed { .. } => {
                "run wheelbarrow after everything that writes to the environment has ended"
            }
            BundleError::Compile { .. } => {
                "--compile needs Python 3.8 or newer that runs here; without --compile, Python compiles at its first start"
            }
            BundleError::RunPath { .. } => {
                "put its libraries into a directory that the final loader searches, such as /usr/lib, or set its run path in the builder"
            }
            BundleError::Prefix { .. } => {
                "give --prefix the path of the conda environment: the file then needs no change"
            }
            BundleError::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                "free some space; the incomplete bundle was removed"
            }
            BundleError::Write { .. } => "choose an --out that you can write to",
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

/// Writes the bundle of `plan` to `out`. Every file gets `time`, in seconds since the epoch.
/// `progress` gets the size of each written file in bytes.
///
/// # Errors
/// A file of the builder cannot be read, or the output cannot be written. Nothing of the output
/// remains then, and an earlier bundle is kept.
pub fn write(
    root: &Root,
    plan: &Plan,
    papers: &Papers,
    out: &Path,
    format: Format,
    time: i64,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Outcome, BundleError> {
    let parent =
        out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let shown = out.display().to_string();
    fs::create_dir_all(parent).map_err(BundleError::write("create the parent of", &shown))?;
    // This also finishes a replacement that was interrupted.
    let temporary = Temporary::create_in(parent)
        .map_err(BundleError::write("create a directory next to", &shown))?;
    let earlier = Earlier::look_at(out)?;
    let output = Output::create(&temporary.content(), &plan.builder_prefixes, time)?;
    let (compiled, others): (Vec<&PlannedEntry>, Vec<&PlannedEntry>) =
        plan.entries.iter().partition(|entry| matches!(entry.action, Action::Compile { .. }));
    let (manifests, others): (Vec<&PlannedEntry>, Vec<&PlannedEntry>) =
        others.into_iter().partition(|entry| entry.action == Action::Manifest);
    let (records, mut files): (Vec<&PlannedEntry>, Vec<&PlannedEntry>) =
        others.into_iter().partition(|entry| entry.action == Action::Record);
    // One library can be half of the bundle. The largest file goes first, while other threads write
    // the rest.
    files.sort_by_key(|entry| std::cmp::Reverse(entry.size));
    for layer in &plan.layers {
        output.make_layer(&layer.name)?;
    }
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
    let texts = record::texts(&records, all.values().map(|(entry, written)| (*entry, written)));
    for (entry, text) in records.into_iter().zip(texts) {
        let written = output.bytes(entry, text.as_bytes())?;
        all.insert(&entry.to, (entry, written));
    }
    for entry in manifests {
        let text = ImageManifest::from(&Manifest::new(plan, &all, time)).to_text();
        let written = output.bytes(entry, text.as_bytes())?;
        // A builder's path in it is that of a link, which is reported itself.
        all.insert(&entry.to, (entry, Written { builder_path: false, ..written }));
    }
    match format {
        Format::Directory => output.papers(papers)?,
        Format::OciLayout => {
            let written: Vec<(&PlannedEntry, &Written)> =
                all.values().map(|(entry, written)| (*entry, written)).collect();
            output.paper("runtime-packages.txt", &papers.runtime_packages)?;
            oci::pack(&output, plan, &written, time.unsigned_abs())?;
        }
    }
    // It comes last, because it lists the others.
    let manifest = Manifest { papers: output.list_papers()?, ..Manifest::new(plan, &all, time) };
    let slimmed = manifest.slimmed.clone();
    output.paper(MANIFEST, &manifest.to_json())?;
    match format {
        Format::Directory => output.finish()?,
        // The layers were packed, and removed.
        Format::OciLayout => output.publish()?,
    }
    let mut findings = findings(&all);
    findings.extend(not_compiled);
    findings.extend(report_failures(root));
    temporary.publish(|| appear(&temporary, out, earlier.as_ref()))?;
    Ok(Outcome { findings, slimmed })
}

/// The results of writing a bundle.
pub struct Outcome {
    /// The findings that need the written files: builder paths, and files not stripped or compiled.
    pub findings: Vec<Finding>,
    /// The kinds of files and sections that `--slim` removed.
    pub slimmed: Vec<Receipt>,
}

fn findings(all: &BTreeMap<&RealPath, (&PlannedEntry, Written)>) -> Vec<Finding> {
    let left = all.values().filter(|(entry, written)| {
        written.builder_path && !builder_paths::is_description(&entry.to)
    });
    let left = left.map(|(entry, _)| {
        Finding::new(
            Severity::Warn,
            Code::BuilderPathLeft,
            &entry.to,
            "contains the path of the builder's environment and cannot be rewritten",
        )
        .help("use the same path in builder and final image: give --prefix the path in the builder, or create the environment at the final path")
    });
    let mut whole: BTreeMap<&str, Vec<&RealPath>> = BTreeMap::new();
    for (entry, written) in all.values() {
        if let Some(why) = written.not_stripped {
            whole.entry(why).or_default().push(&entry.to);
        }
    }
    let whole = whole.into_iter().map(|(why, files)| {
        let message = |number: &str, first: &str| format!("keeps {number} whole: {first}");
        let files = files.into_iter();
        Finding::of_files(
            Severity::Note,
            Code::NotStripped,
            format!("stripping ({why})"),
            files,
            message,
        )
    });
    left.chain(whole).chain(unlike_record(all)).collect()
}

/// The files that are not as their distribution was installed, by distribution. The builder has them
/// like this too, so the bundle keeps its promise.
fn unlike_record(
    all: &BTreeMap<&RealPath, (&PlannedEntry, Written)>,
) -> impl Iterator<Item = Finding> {
    let mut changed: BTreeMap<&str, Vec<&RealPath>> = BTreeMap::new();
    for (entry, _) in all.values().filter(|(_, written)| written.unlike_record) {
        let distribution = entry.distribution.as_deref().unwrap_or_default();
        changed.entry(distribution).or_default().extend(&entry.from);
    }
    changed.into_iter().map(|(distribution, files)| {
        let message = |number: &str, first: &str| {
            format!("{number} changed after the installation, as RECORD shows: {first}")
        };
        let files = files.into_iter();
        Finding::of_files(Severity::Warn, Code::ChangedFile, distribution, files, message).help(
            format!("if this is not intended, install it again: pip install --force-reinstall {distribution}"),
        )
    })
}
