//! Why no Dockerfile can be written for a directory.
//!
//! Invariant: every message names the file or the option that it is about.

use super::image::{Base, Minor};
use crate::hint::Hint;
use crate::root::RootError;

/// Why `init` cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// A file of the project cannot be read.
    #[error(transparent)]
    Root(#[from] RootError),
    /// A file that must be TOML is not.
    #[error("{file} is not TOML: {why}")]
    Toml {
        /// The file, relative to the project.
        file: String,
        /// What the parser says, in one line.
        why: String,
    },
    /// Nothing in the directory says how the project is installed.
    #[error("no Python project is here: {looked_for} were looked for")]
    NoProject {
        /// The files that would have told.
        looked_for: &'static str,
        /// Pipenv's files are here.
        pipenv: bool,
    },
    /// A lock without the file that it locks.
    #[error("{lock} is here, but {manifest} is not")]
    LockAlone {
        /// The lock.
        lock: &'static str,
        /// What it belongs to.
        manifest: &'static str,
    },
    /// `--python` names a version that no image of the table has.
    #[error("no image is known for Python {0}")]
    NoImage(Minor),
    /// `--python` names a version that the project excludes.
    #[error("--python {minor}: the project requires Python {requires:?}")]
    NotAllowed {
        /// The typed version.
        minor: Minor,
        /// `requires-python`, or what Poetry has for it.
        requires: String,
    },
    /// `--python` for an environment that brings its own.
    #[error("--python does not apply: {0} names the Python of a conda environment")]
    PythonOfConda(&'static str),
    /// Conda's packages do not run on this base.
    #[error("packages of conda need glibc, and --base {} has musl", .0.as_str())]
    CondaOnMusl(Base),
}

impl Hint for ProjectError {
    fn hint(&self) -> Option<&str> {
        Some(match self {
            ProjectError::Root(_) => "run init in the directory of the project, as its owner",
            ProjectError::Toml { .. } => {
                "correct the file; its own installer cannot read it either"
            }
            ProjectError::NoProject { pipenv: true, .. } => {
                "Pipenv is not supported directly: pipenv requirements > requirements.txt"
            }
            ProjectError::NoProject { .. } => {
                "run init in the directory that has one of them; pip freeze > requirements.txt \
                 writes one from an environment that works"
            }
            ProjectError::LockAlone { .. } => "copy it here, or remove the lock",
            ProjectError::NoImage(_) => "give --python 3.9 to 3.14, and edit ARG BASE afterwards",
            ProjectError::NotAllowed { .. } => {
                "leave --python out, or change what the project requires"
            }
            ProjectError::PythonOfConda(_) => "leave --python out and name it in that file",
            ProjectError::CondaOnMusl(_) => "use --base slim, distroless or scratch",
        })
    }
}
