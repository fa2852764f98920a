//! The environment to bundle: the one that you name, or the one that the builder stage itself would use.
//!
//! Several folders can form one environment, each a [`Part`]: a virtual environment over system
//! packages, or the folders that `pip install` was given with `--user`, `--prefix` or `--target`.
//!
//! Invariant: an environment has one interpreter, which is in the root.

mod candidates;
mod choice;
mod contents;
mod error;
mod open;
mod surroundings;

use candidates::{in_project, list_candidates};
pub use choice::list_others;
pub use error::EnvironmentError;
pub use open::own_interpreter;
use open::{Opened, open};
pub use surroundings::Surroundings;

use serde::{Deserialize, Serialize};

use super::interpreter::Interpreter;
use super::part::{Part, PartKind};
use crate::finding::Finding;
use crate::loader::Library;
use crate::path::RealPath;
use crate::root::Root;

/// A Python environment of the root.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The one interpreter of all parts.
    pub interpreter: Interpreter,
    /// The parts in the order of `sys.path`, at least one.
    pub parts: Vec<Part>,
    /// The final environment also sees the packages of the system.
    pub include_system: bool,
    /// Why it is the one, as the rest of a sentence that begins with "because": `$VIRTUAL_ENV names it`.
    pub reason: String,
    /// Other environments of the root that hold distributions, if the user named none.
    pub others: Vec<OtherEnvironment>,
}

/// An environment that was not chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OtherEnvironment {
    /// Its prefix.
    pub path: RealPath,
    /// The number of its distributions, installers aside.
    pub distributions: usize,
}

impl Environment {
    /// The position of the part that a path belongs to. Python searches an earlier part first.
    pub fn rank(&self, path: &RealPath) -> usize {
        self.part_of(path)
            .and_then(|part| self.parts.iter().position(|other| other == part))
            .unwrap_or(usize::MAX)
    }

    /// Whether the path is in a part whose whole prefix belongs to the environment.
    pub fn in_whole_prefix(&self, path: &RealPath) -> bool {
        self.part_of(path).is_some_and(Part::whole_prefix)
    }

    /// Whether the path is in a directory of commands, `bin`.
    pub fn is_command(&self, path: &RealPath) -> bool {
        let directory = path.parent();
        self.parts.iter().any(|part| directory.as_ref() == Some(&part.scripts))
    }

    /// The folders that hold the source of editable installs.
    pub fn sources(&self) -> impl Iterator<Item = &RealPath> {
        self.parts
            .iter()
            .filter(|part| matches!(part.kind, PartKind::Source(_)))
            .map(|part| &part.prefix)
    }

    /// The part that a path belongs to: by its site directory first, because prefixes may be
    /// nested.
    pub fn part_of(&self, path: &RealPath) -> Option<&Part> {
        let within = |part: &&Part| match &part.kind {
            PartKind::Source(tops) => tops.iter().any(|top| path.below(top).is_some()),
            _ => part.sites.iter().any(|site| path.below(site).is_some()),
        };
        let by_site = self.parts.iter().find(within);
        let below = |part: &&Part| path.below(&part.prefix).is_some();
        by_site.or_else(|| {
            self.parts
                .iter()
                .filter(below)
                .max_by_key(|part| (part.whole_prefix(), part.prefix.as_str().len()))
        })
    }
}

/// The reason of an environment that the user named.
const TYPED: &str = "it was named";

/// Finds the environment: all paths of `named` together, or the one that `surroundings` and the root lead to.
pub fn find_environment(
    root: &Root,
    library: &Library,
    named: &[String],
    surroundings: &Surroundings,
    findings: &mut Vec<Finding>,
) -> Result<Environment, EnvironmentError> {
    let Some((first, more)) = named.split_first() else {
        return choice::choose(root, library, surroundings, findings);
    };
    let mut opened: Vec<(&String, Opened)> = Vec::new();
    for path in std::iter::once(first).chain(more) {
        let one = open(root, library, path, findings);
        opened.push((path, one.map_err(|error| advise(root, surroundings, error))?));
    }
    combine(root, library, opened, surroundings.python.as_deref(), findings)
}

/// Adds to the error of a typed path where an environment is: inside it, or in a usual place.
fn advise(
    root: &Root,
    surroundings: &Surroundings,
    mut error: EnvironmentError,
) -> EnvironmentError {
    let (EnvironmentError::NotPython { path, help }
    | EnvironmentError::Missing { path, help }
    | EnvironmentError::NoBase { path, help, .. }) = &mut error
    else {
        return error;
    };
    let inside = in_project(root, path);
    let usual = list_candidates(root, surroundings).into_iter().map(|candidate| candidate.path);
    let elsewhere: Vec<String> = usual.filter(|other| other != path).take(1).collect();
    *help = match (inside.first(), elsewhere.first()) {
        (Some(inside), _) => Some(format!("name the environment in that folder: {inside}")),
        (None, Some(other)) => Some(format!("name an environment, such as {other}")),
        (None, None) => None,
    };
    error
}

/// The one environment of several opened paths, at least one; they have one interpreter, and that is `python`
/// if the user names a version.
fn combine(
    root: &Root,
    library: &Library,
    opened: Vec<(&String, Opened)>,
    python: Option<&str>,
    findings: &mut Vec<Finding>,
) -> Result<Environment, EnvironmentError> {
    let interpreter = one_interpreter(root, library, &opened, python, findings)?;
    if let Some(python) = python.filter(|python| interpreter.minor() != *python) {
        return Err(EnvironmentError::OtherPython {
            path: opened[0].0.clone(),
            minor: interpreter.minor().to_owned(),
            python: python.to_owned(),
        });
    }
    let other = |opened: &Opened| opened.minor.clone().filter(|minor| minor != interpreter.minor());
    if let Some((path, minor)) =
        opened.iter().find_map(|(path, opened)| Some((path, other(opened)?)))
    {
        return Err(EnvironmentError::NoInterpreter { path: (*path).clone(), minor });
    }
    let include_system = opened.iter().any(|(_, opened)| opened.include_system);
    let mut parts: Vec<Part> = Vec::new();
    for part in opened.into_iter().flat_map(|(_, opened)| opened.parts) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    let reason = TYPED.to_owned();
    Ok(Environment { interpreter, parts, include_system, reason, others: Vec::new() })
}

/// The interpreter that the paths have, or the root's own that fits them.
fn one_interpreter(
    root: &Root,
    library: &Library,
    opened: &[(&String, Opened)],
    python: Option<&str>,
    findings: &mut Vec<Finding>,
) -> Result<Interpreter, EnvironmentError> {
    let mut interpreters =
        opened.iter().filter_map(|(path, opened)| Some((*path, opened.interpreter.as_ref()?)));
    if let Some((first, interpreter)) = interpreters.next() {
        return match interpreters.find(|(_, other)| other.executable != interpreter.executable) {
            Some((second, _)) => Err(EnvironmentError::TwoInterpreters {
                first: first.clone(),
                second: second.clone(),
            }),
            None => Ok(interpreter.clone()),
        };
    }
    let path = opened[0].0.clone();
    let of_layout = opened.iter().find_map(|(_, opened)| opened.minor.clone());
    let minor = of_layout.or(python.map(str::to_owned));
    let built_for = opened.iter().find_map(|(_, opened)| opened.built_for.as_deref());
    let mut own = |minor: Option<&str>| own_interpreter(root, library, minor, findings);
    match minor {
        Some(minor) => own(Some(&minor)).ok_or(EnvironmentError::NoInterpreter { path, minor }),
        None => built_for
            .and_then(|minor| own(Some(minor)))
            .or_else(|| own(None))
            .ok_or(EnvironmentError::NoPython { path }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::memory::Memory;

    #[test]
    fn each_kind_of_folder_without_an_environment_has_its_error() {
        let root = Root::new(Memory::parse(
            "/data/file = x\n/venv/pyvenv.cfg = home = /gone/bin\n/opt/lib/python3.11/site-packages/a.py = x",
        ));
        for (named, expect) in [
            ("/none", "/none does not exist in the root"),
            (
                "/data",
                "/data is neither a virtual environment, a site-packages directory nor a Python program",
            ),
            (
                "/venv",
                "/venv: the base interpreter /gone/bin of this virtual environment is not in the root",
            ),
            ("/opt", "/opt is for Python 3.11, and the root has no Python 3.11"),
            // None is named, and the only one in a usual place cannot be used.
            (
                "",
                "/venv: the base interpreter /gone/bin of this virtual environment is not in the root",
            ),
        ] {
            let named: Vec<String> =
                Some(named.to_owned()).filter(|named| !named.is_empty()).into_iter().collect();
            let (library, none) = (Library::new(&root), Surroundings::default());
            let found = find_environment(&root, &library, &named, &none, &mut Vec::new());
            assert_eq!(found.err().map(|error| error.to_string()).as_deref(), Some(expect));
        }
    }
}
