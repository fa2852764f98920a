//! The reasons why there is no environment.
//!
//! Invariant: every message names the path that it is about.

use crate::hint::Hint;
use crate::root::RootError;

/// The reason why there is no environment.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// A read that failed.
    #[error(transparent)]
    Root(#[from] RootError),
    /// A named path that does not exist.
    #[error("{path} does not exist in the root")]
    Missing {
        /// The path as typed.
        path: String,
        /// Where an environment is.
        help: Option<String>,
    },
    /// A named path that is something else.
    #[error(
        "{path} is neither a virtual environment, a site-packages directory nor a Python program"
    )]
    NotPython {
        /// The path as typed.
        path: String,
        /// Where an environment is.
        help: Option<String>,
    },
    /// A virtual environment whose `home` has no Python.
    #[error("{path}: the base interpreter {home} of this virtual environment is not in the root")]
    NoBase {
        /// The prefix of the virtual environment.
        path: String,
        /// `home` of its `pyvenv.cfg`.
        home: String,
        /// Where another environment is.
        help: Option<String>,
    },
    /// A folder of packages for a Python that the root does not have.
    #[error("{path} is for Python {minor}, and the root has no Python {minor}")]
    NoInterpreter {
        /// The folder.
        path: String,
        /// `3.11`.
        minor: String,
    },
    /// A folder of packages in a root without any Python.
    #[error("{path} has no Python of its own, and the root has none either")]
    NoPython {
        /// The folder.
        path: String,
    },
    /// An environment of another Python than the one that the user names.
    #[error("{path} has Python {minor}, and --python asks for {python}")]
    OtherPython {
        /// A named path.
        path: String,
        /// `3.11`.
        minor: String,
        /// `3.12`.
        python: String,
    },
    /// Two named paths that do not have the same interpreter.
    #[error("{first} and {second} belong to different interpreters")]
    TwoInterpreters {
        /// A named path.
        first: String,
        /// The next named path with another interpreter.
        second: String,
    },
    /// No path was named, and none of the usual places has an environment.
    #[error("no Python environment found in the usual places")]
    NoneFound,
}

impl Hint for EnvironmentError {
    fn hint(&self) -> Option<&str> {
        Some(match self {
            EnvironmentError::NotPython { help: Some(help), .. }
            | EnvironmentError::Missing { help: Some(help), .. }
            | EnvironmentError::NoBase { help: Some(help), .. } => help,
            EnvironmentError::NoBase { .. } => {
                "run wheelbarrow in the stage that has the interpreter, or give --root"
            }
            EnvironmentError::NoInterpreter { .. } => {
                "run wheelbarrow in the stage that has that Python"
            }
            EnvironmentError::NoPython { .. } => {
                "run wheelbarrow in the stage that has the Python of these packages"
            }
            EnvironmentError::OtherPython { .. } => {
                "leave --python out, or name the environment of that Python"
            }
            EnvironmentError::TwoInterpreters { .. } => {
                "bundle environments of different interpreters separately"
            }
            EnvironmentError::Root(_) => "check the permissions and links of that path",
            _ => "name the environment: `wheelbarrow bundle /path/to/venv`",
        })
    }
}
