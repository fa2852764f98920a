//! The options that only `bundle` has: where the bundle is written, and the form of the final stage.
//!
//! Invariant: an option that cannot be honoured is an error.

use std::path::{Path, PathBuf};

use wheelbarrow::bundle::Format;
use wheelbarrow::path::RealPath;
use wheelbarrow::python::{Environment, Part};
use wheelbarrow::report::{CopyOptions, Stage};

use super::arguments::OutputOptions;
use super::host;
use super::settings::{self, Settings};
use super::trouble::Trouble;

/// Where and how a bundle is written.
pub(crate) struct OutputSettings {
    pub(crate) out: PathBuf,
    pub(crate) stage: Stage,
    pub(crate) copy: CopyOptions,
    /// This program in the builder stage, when the final stage is to verify itself.
    pub(crate) verify: Option<String>,
    pub(crate) format: Format,
    /// Seconds since the epoch for every file.
    pub(crate) time: i64,
    /// The output as a path inside the root, when it is inside.
    out_inside: Option<String>,
}

impl OutputSettings {
    /// The output of `typed`, of an environment that `settings` names.
    pub(crate) fn new(
        typed: &OutputOptions,
        settings: &Settings,
    ) -> Result<OutputSettings, Trouble> {
        let out = host::absolute(&typed.out);
        let base = settings.directory().base();
        let out_inside =
            out.strip_prefix(base).ok().and_then(Path::to_str).map(|path| format!("/{path}"));
        let stage = match &out_inside {
            Some(path) => Stage::Named { name: typed.stage.clone(), path: path.clone() },
            None => Stage::Context,
        };
        Ok(OutputSettings {
            stage,
            format: settings::format(typed)?,
            verify: verifier(typed, settings.own_root() && out_inside.is_some())?,
            copy: CopyOptions {
                link: typed.link,
                root_owned: rustix::process::geteuid().is_root(),
            },
            time: host::source_date()?,
            out,
            out_inside,
        })
    }

    /// The output must not be written into what is read.
    pub(crate) fn refuse_inside(&self, environment: &Environment) -> Result<(), Trouble> {
        let inside = |top: &RealPath| {
            self.out_inside
                .as_deref()
                .is_some_and(|out| out == top.as_str() || out.starts_with(&format!("{top}/")))
        };
        let mut tops = environment.parts.iter().flat_map(Part::tops);
        match tops.find(inside) {
            Some(top) => Err(Trouble::new(
                format!("{} is inside {top}, which is bundled", self.out.display()),
                "name a directory outside of it with --out",
            )),
            None => Ok(()),
        }
    }
}

/// Where the final stage finds this program.
fn verifier(typed: &OutputOptions, in_builder_stage: bool) -> Result<Option<String>, Trouble> {
    match (typed.verify, in_builder_stage) {
        (false, _) => Ok(None),
        (true, true) => Ok(host::this_program()),
        (true, false) => Err(Trouble::new(
            "--verify mounts this program from the builder stage, and this is not one",
            "run wheelbarrow verify BUNDLE --root FINAL instead",
        )),
    }
}
