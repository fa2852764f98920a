//! The options that only `bundle` has: the output directory, and the form of the final stage.
//!
//! Invariant: an option that cannot be honoured is an error.

use std::path::{Path, PathBuf};

use wheelbarrow::bundle::{Format, PROGRAM};
use wheelbarrow::dockerfile::PlainPath;
use wheelbarrow::path::RealPath;
use wheelbarrow::python::{Environment, Part};
use wheelbarrow::report::{CopyOptions, Stage};

use super::arguments::BundleArguments;
use super::host;
use super::settings::{self, Settings};
use super::trouble::Trouble;

/// The place and the form of a bundle.
pub(crate) struct OutputSettings {
    pub(crate) out: PathBuf,
    pub(crate) stage: Stage,
    pub(crate) copy: CopyOptions,
    /// The program that verifies the final stage, if it verifies itself.
    pub(crate) verifier: Option<Verifier>,
    pub(crate) format: Format,
    /// Whether Dockerfile.final is printed even if standard output is no terminal.
    pub(crate) print_dockerfile: bool,
    /// The modification time of every file, in seconds since the epoch.
    pub(crate) time: i64,
    /// The path of the output inside the root; `None` if it is outside.
    out_inside: Option<String>,
}

/// This program, as the final stage finds it.
pub(crate) struct Verifier {
    /// Its path in the builder stage.
    pub(crate) path: PlainPath,
    /// The file to copy to this path: the builder stage has this program only while it runs.
    pub(crate) copied_from: Option<PathBuf>,
}

impl Verifier {
    /// This program where it is, or its copy in the bundle at `out` if it is mounted.
    fn new(out: &PlainPath) -> Result<Option<Verifier>, Trouble> {
        let Some(program) = host::this_program() else { return Ok(None) };
        let is_mounted = host::is_mounted(&program);
        let path = match is_mounted {
            true => format!("{out}/{PROGRAM}"),
            false => program.to_string_lossy().into_owned(),
        };
        let path = PlainPath::try_from(path).map_err(|why| {
            Trouble::new(
                format!("the final stage cannot mount this program: {why}"),
                "move the program, or give --no-verify",
            )
        })?;
        Ok(Some(Verifier { path, copied_from: is_mounted.then_some(program) }))
    }
}

impl OutputSettings {
    /// The meaning of the output options of a bundle with these settings.
    pub(crate) fn new(
        typed: &BundleArguments,
        settings: &Settings,
    ) -> Result<OutputSettings, Trouble> {
        let out = host::absolute(&settings::out(typed)?);
        let typed = &typed.output;
        let out_inside = settings.directory().and_then(|root| out.strip_prefix(root).ok());
        let out_inside = out_inside.and_then(Path::to_str).map(|path| format!("/{path}"));
        let place = out_inside.clone().map(PlainPath::try_from).transpose();
        let place = place.map_err(|why| {
            Trouble::new(
                format!("the final stage cannot copy from --out: {why}"),
                "choose another --out, such as /bundle",
            )
        })?;
        // What is read from outside is no stage that this program could be mounted from.
        let verifier = match &place {
            Some(place) if !typed.no_verify && settings.own_root() => Verifier::new(place)?,
            _ => None,
        };
        let stage = match place {
            Some(path) => Stage::Named { name: typed.stage.clone(), path },
            None => Stage::Context,
        };
        Ok(OutputSettings {
            stage,
            format: settings::format(typed)?,
            verifier,
            print_dockerfile: typed.print_dockerfile,
            copy: CopyOptions {
                link: typed.link,
                root_owned: rustix::process::geteuid().is_root(),
            },
            time: host::source_date()?,
            out,
            out_inside,
        })
    }

    /// Refuses an output directory inside a bundled directory.
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
                "choose an --out outside of it",
            )),
            None => Ok(()),
        }
    }
}
