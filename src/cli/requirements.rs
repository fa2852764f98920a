//! The requirements of the application, from `--require`, `-r` and `--project`.
//!
//! Invariant: files are read inside the root, each once, however they include each other.

use std::collections::BTreeSet;

use pep508_rs::Requirement;
use url::Url;
use wheelbarrow::path::WrittenPath;
use wheelbarrow::python::{
    parse_project, parse_requirement, parse_requirements_file, split_extras,
};
use wheelbarrow::root::Root;

use super::arguments::Selection;
use super::trouble::Trouble;

/// The largest requirements file that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// The requirements of the user.
#[derive(Default)]
pub(crate) struct Asked {
    /// The requirements, each of which must be installed.
    pub(crate) requirements: Vec<Requirement<Url>>,
    /// The projects of `--project` themselves, which may be copied instead of installed.
    pub(crate) projects: Vec<Requirement<Url>>,
}

/// Reads `--require`, `-r` and `--project`; `inside` turns a typed path into a path inside the
/// root.
pub(crate) fn read(
    root: &Root,
    selection: &Selection,
    inside: &dyn Fn(&str) -> String,
) -> Result<Asked, Trouble> {
    let mut asked = Asked::default();
    for text in &selection.require {
        asked
            .requirements
            .push(parse_requirement(text).map_err(|error| Trouble::at("--require", &error))?);
    }
    let mut read = BTreeSet::new();
    let mut pending: Vec<String> =
        selection.requirements.iter().rev().map(|path| inside(path)).collect();
    while let Some(path) = pending.pop() {
        // Known files are compared by their resolved paths: two files that include each other
        // through `..` have no end of spellings.
        let found = root.resolve(&WrittenPath::new(path.as_str())).ok().flatten();
        if found.is_some_and(|found| !read.insert(found.path)) {
            continue;
        }
        let file = parse_requirements_file(&text(root, &path)?)
            .map_err(|error| Trouble::at(&path, &error))?;
        asked.requirements.extend(file.requirements);
        let directory = WrittenPath::new(path.as_str()).directory();
        for (folder, extras) in &file.projects {
            asked.requirements.push(project_of(
                root,
                &directory.join(folder).join("pyproject.toml").to_string(),
                extras,
            )?);
        }
        pending.extend(
            file.included.iter().rev().map(|included| directory.join(included).to_string()),
        );
    }
    for project in &selection.project {
        let (path, extras) = split_extras(project);
        let path = inside(path);
        let file = parse_project(&text(root, &path)?, &extras)
            .map_err(|error| Trouble::at(&path, &error))?;
        asked.projects.extend(file.itself(&extras).map_err(|error| Trouble::at(&path, &error))?);
        asked.requirements.extend(file.requirements);
    }
    Ok(asked)
}

/// The requirement for the project of a folder, by the name in its pyproject.toml.
fn project_of(root: &Root, path: &str, extras: &[String]) -> Result<Requirement<Url>, Trouble> {
    let file = parse_project(&text(root, path)?, &[]).map_err(|error| Trouble::at(path, &error))?;
    let itself = file.itself(extras).map_err(|error| Trouble::at(path, &error))?;
    itself.ok_or_else(|| {
        Trouble::new(
            format!("{path}: the project has no name"),
            "give its name with --require, and remove its line from the requirements file",
        )
    })
}

fn text(root: &Root, path: &str) -> Result<String, Trouble> {
    let trouble =
        |message: String| Trouble::new(message, "give the path of the file inside the root");
    match root.read_text(path, LARGEST) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(trouble(format!("{path}: no such file in the root"))),
        Err(error) => Err(trouble(error.to_string())),
    }
}
