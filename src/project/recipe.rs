//! The decision on a project: everything that the Dockerfile says, as data.
//!
//! Invariant: pure; the same project and choice give the same recipe.

use super::build::{self, BuildPackages};
use super::error::ProjectError;
use super::facts::Project;
use super::image::{Base, Images, Minor};
use super::install::{self, Install};
use super::start::{self, Start};
use super::version::{self, Python};

/// What the user chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// `--base`.
    pub base: Base,
    /// `--python`.
    pub python: Option<Minor>,
}

/// A Dockerfile, decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// How the environment is filled.
    pub(super) install: Install,
    /// The Python of the images; absent when the environment brings its own.
    pub(super) python: Option<Python>,
    /// The kind of final stage.
    pub(super) base: Base,
    /// The images of both stages.
    pub(super) images: Images,
    /// Packages of the builder stage.
    pub(super) build: BuildPackages,
    /// The command.
    pub(super) start: Start,
    /// The source is copied to `/app`, because nothing installs it or the command needs it.
    pub(super) copies_source: bool,
    /// The name for `docker build -t`.
    pub(super) tag: String,
    /// There is a `.dockerignore`.
    pub(super) has_ignore_file: bool,
}

/// Decides.
pub fn decide(project: &Project, choice: &Choice) -> Result<Recipe, ProjectError> {
    let install = install::decide(project)?;
    let (python, images) = if install.installer.brings_python() {
        if choice.python.is_some() {
            return Err(ProjectError::PythonOfConda(install.evidence));
        }
        let images = Images::with_conda(choice.base);
        (None, images.ok_or(ProjectError::CondaOnMusl(choice.base))?)
    } else {
        let python = version::choose(project, choice.python)?;
        let images = Images::with_python(choice.base, python.minor);
        let images = images.ok_or(ProjectError::NoImage(python.minor))?;
        (Some(python), images)
    };
    let start = start::decide(project);
    let needs_source = matches!(&start, Start::Found(command) if command.needs_source);
    Ok(Recipe {
        build: build::decide(project, &install, choice.base),
        copies_source: !install.installs_project || needs_source,
        install,
        python,
        base: choice.base,
        images,
        start,
        tag: tag(project),
        has_ignore_file: project.has(".dockerignore"),
    })
}

/// Docker wants lower case letters and digits around single separators.
fn tag(project: &Project) -> String {
    let name = project.manifest.as_ref().and_then(|manifest| manifest.name.as_deref());
    let name = crate::python::normalised_name(name.unwrap_or("app"));
    let name = name.trim_matches('-');
    if name.is_empty() { "app".to_owned() } else { name.to_owned() }
}
