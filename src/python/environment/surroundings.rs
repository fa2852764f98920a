//! The facts of a builder stage that are not in its files.
//!
//! Invariant: data; who runs in the root fills it in. Another root has no variables and directories.

/// The variables and directories with which a program of the builder stage starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// `VIRTUAL_ENV`.
    pub virtual_env: Option<String>,
    /// `UV_PROJECT_ENVIRONMENT`, relative to the working directory if it is not absolute.
    pub uv_project_environment: Option<String>,
    /// `CONDA_PREFIX`.
    pub conda_prefix: Option<String>,
    /// The absolute directories of `PATH`.
    pub search_path: Vec<String>,
    /// The working directory.
    pub directory: Option<String>,
    /// `HOME`.
    pub home: Option<String>,
    /// `3.12`: the Python of an environment that has none of its own, if the user names it.
    pub python: Option<String>,
}
