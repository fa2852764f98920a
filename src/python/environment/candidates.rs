//! The places where an environment may be if the user names none, the one that the builder stage itself
//! would use first.
//!
//! Sources: the documentation of venv, uv (`UV_PROJECT_ENVIRONMENT`), Poetry (`virtualenvs.path`), Pipenv
//! (`WORKON_HOME`), Hatch (`dirs.env`), pipx (`PIPX_HOME`), PDM (`__pypackages__`), conda and pixi.
//!
//! Invariant: the order depends on the surroundings and on names in the root alone.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::open::LOCAL_PACKAGES;
use super::surroundings::Surroundings;
use crate::path::{RealPath, WrittenPath};
use crate::root::{Root, pattern};

/// A place to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) path: String,
    /// Why it may be the environment: `$VIRTUAL_ENV names it`.
    pub(super) reason: String,
    pub(super) weight: Weight,
}

/// How far the builder stage itself decides for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// A variable that exists to name the environment.
    Named,
    /// The Python that a command of the stage starts.
    Started,
    /// A usual place.
    Usual,
}

/// Working directories that images usually have.
const PROJECTS: [&str; 9] = [
    "/app",
    "/code",
    "/src",
    "/usr/src/app",
    "/srv",
    "/srv/app",
    "/workspace",
    "/project",
    "/opt/app",
];

/// Environments that Dockerfiles usually make outside of the project.
const ENVIRONMENTS: [&str; 8] =
    ["/venv", "/.venv", "/opt/venv", "/opt/.venv", "/env", "/opt/env", "/opt/conda", "/opt/mamba"];

/// Below the home directory or the root: where tools keep environments of projects, each `*` any name.
const TOOLS: [(&str, &str); 7] = [
    (".cache/pypoetry/virtualenvs/*", "Poetry's folder of environments has it"),
    (".local/share/virtualenvs/*", "Pipenv's folder of environments has it"),
    (".local/share/hatch/env/virtual/*/*/*", "Hatch's folder of environments has it"),
    (".local/share/hatch/env/virtual/*/*", "Hatch's folder of environments has it"),
    (".local/share/pipx/venvs/*", "pipx's folder of environments has it"),
    (".local/pipx/venvs/*", "pipx's folder of environments has it"),
    (".virtualenvs/*", "virtualenvwrapper's folder of environments has it"),
];

/// Where pipx installs for all users.
const PIPX_GLOBAL: &str = "opt/pipx/venvs/*";

/// The candidates that exist, in the order of preference; a link to one is another.
pub(super) fn list_candidates(root: &Root, surroundings: &Surroundings) -> Vec<Candidate> {
    let mut list = Vec::new();
    let mut add = |path: String, reason: &str, weight: Weight| {
        list.push(Candidate { path, reason: reason.to_owned(), weight });
    };
    if let Some(path) = &surroundings.virtual_env {
        add(path.clone(), "$VIRTUAL_ENV names it", Weight::Named);
    }
    let started = find_started(root, &surroundings.search_path);
    if let Some(prefix) = started.as_deref().and_then(|python| environment_above(root, python)) {
        add(prefix, "its python is the first of $PATH", Weight::Started);
    }
    if let Some(path) = &surroundings.uv_project_environment {
        let path = match (path.starts_with('/'), &surroundings.directory) {
            (false, Some(directory)) => below(directory, path),
            _ => path.clone(),
        };
        add(path, "$UV_PROJECT_ENVIRONMENT names it", Weight::Named);
    }
    if let Some(path) = &surroundings.conda_prefix {
        add(path.clone(), "$CONDA_PREFIX names it", Weight::Named);
    }
    if let Some(directory) = &surroundings.directory {
        for path in in_project(root, directory) {
            add(path, "it is in the working directory", Weight::Usual);
        }
    }
    for path in PROJECTS.iter().flat_map(|project| in_project(root, project)) {
        add(path, "it is in a usual place", Weight::Usual);
    }
    for path in ENVIRONMENTS {
        add(path.to_owned(), "it is in a usual place", Weight::Usual);
    }
    let homes = match &surroundings.home {
        Some(home) => vec![home.clone()],
        None => [vec!["/root".to_owned()], matching(root, "/", "home/*")].concat(),
    };
    for home in &homes {
        for (pattern, reason) in TOOLS {
            for path in own_first(matching(root, home, pattern), surroundings) {
                add(path, reason, Weight::Usual);
            }
        }
    }
    for path in matching(root, "/", PIPX_GLOBAL) {
        add(path, "pipx's folder of environments has it", Weight::Usual);
    }
    for home in &homes {
        add(below(home, ".local"), "`pip install --user` fills it", Weight::Usual);
    }
    if let Some(path) = started {
        add(path, "it is the Python of the root", Weight::Usual);
    }
    for path in
        ["/usr/local/bin/python3", "/usr/bin/python3", "/usr/local/bin/python", "/usr/bin/python"]
    {
        add(path.to_owned(), "it is the Python of the root", Weight::Usual);
    }
    let mut seen = BTreeSet::new();
    list.retain(|one| exists(root, &one.path) && seen.insert(one.path.clone()));
    list
}

/// The environments in the folder of a project, as their tools name them.
pub(super) fn in_project(root: &Root, directory: &str) -> Vec<String> {
    let fixed = [".venv", "venv", "env", ".pixi/envs/default"].map(|name| below(directory, name));
    let mut all: Vec<String> = fixed.into_iter().filter(|path| exists(root, path)).collect();
    // The newest Python last, as a sorted list has it.
    all.extend(matching(root, directory, &format!("{LOCAL_PACKAGES}/*")));
    all
}

/// The Python program that a command starts.
fn find_started(root: &Root, search_path: &[String]) -> Option<String> {
    let names = |directory: &String| ["python3", "python"].map(|name| below(directory, name));
    search_path.iter().flat_map(names).find(|path| exists(root, path))
}

/// The prefix of the virtual environment or of conda that has this program.
fn environment_above(root: &Root, python: &str) -> Option<String> {
    let bin = WrittenPath::new(python).directory();
    let prefix = root.resolve(&bin).ok().flatten()?.path.parent()?;
    let prefix = WrittenPath::from(&prefix);
    let marks =
        [root.is_file(&prefix.join("pyvenv.cfg")), root.is_directory(&prefix.join("conda-meta"))];
    marks.contains(&true).then(|| prefix.as_str().to_owned())
}

/// Poetry and Pipenv name an environment by a hash of the path of its project: that of the working
/// directory comes first.
fn own_first(mut paths: Vec<String>, surroundings: &Surroundings) -> Vec<String> {
    let Some(directory) = &surroundings.directory else { return paths };
    let marks = [directory.clone(), below(directory, "Pipfile")].map(|path| short_hash(&path));
    paths.sort_by_key(|path| !marks.iter().any(|mark| path.contains(mark.as_str())));
    paths
}

/// The first eight characters of the SHA-256 of a text, in the alphabet of URLs.
fn short_hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest[..6])
}

/// The existing paths below `top` that match a pattern, sorted.
fn matching(root: &Root, top: &str, one: &str) -> Vec<String> {
    let Ok(Some(top)) = root.resolve(&WrittenPath::new(top)) else { return Vec::new() };
    pattern::expand(root, &top.path, one).iter().map(RealPath::to_string).collect()
}

fn below(directory: &str, name: &str) -> String {
    format!("{}/{name}", directory.trim_end_matches('/'))
}

/// Whether something is at a path. A read that fails counts: opening the place then tells why.
fn exists(root: &Root, path: &str) -> bool {
    !matches!(root.resolve(&WrittenPath::new(path)), Ok(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poetry_names_an_environment_after_the_path_of_its_project() {
        // poetry 1.8: EnvManager.generate_env_name("shop", "/app") is shop-9TtSrW0h.
        assert_eq!(short_hash("/app"), "9TtSrW0h");
    }
}
