//! What the application asks for, from all the places it may be typed in.
//!
//! Invariant: files are read inside the root, each once, however they include one another.

use std::collections::BTreeSet;

use pep508_rs::Requirement;
use url::Url;

use super::arguments::Choice;
use super::settings::Trouble;
use crate::path::WrittenPath;
use crate::python::{RootsError, parse_project, parse_requirements_file, parse_root};
use crate::root::Root;

/// No requirements file is larger.
const LARGEST: u64 = 16 << 20;

/// Reads `--require`, `-r` and `--project`; `inside` makes a typed path one of the root.
pub fn read(root: &Root, choice: &Choice, inside: &dyn Fn(&String) -> String) -> Result<Vec<Requirement<Url>>, Trouble> {
    let typed = |error: &RootsError| trouble("--require", error);
    let mut roots: Vec<Requirement<Url>> =
        choice.require.iter().map(|text| parse_root(text).map_err(|error| typed(&error))).collect::<Result<_, _>>()?;
    let mut read = BTreeSet::new();
    let mut pending: Vec<String> = choice.requirements.iter().rev().map(inside).collect();
    while let Some(path) = pending.pop() {
        // Keyed by the file itself: two that include each other through `..` never run out of spellings.
        let found = root.resolve(&WrittenPath::new(path.as_str())).ok().flatten();
        if found.is_some_and(|found| !read.insert(found.path)) {
            continue;
        }
        let file = parse_requirements_file(&text(root, &path)?).map_err(|error| trouble(&path, &error))?;
        roots.extend(file.requirements);
        let directory = WrittenPath::new(path.as_str()).directory();
        pending.extend(file.included.iter().rev().map(|included| directory.join(included).to_string()));
    }
    for project in &choice.project {
        let (path, extras) = project.strip_suffix(']').and_then(|typed| typed.rsplit_once('[')).unwrap_or((project, ""));
        let extras: Vec<&str> = extras.split(',').map(str::trim).filter(|extra| !extra.is_empty()).collect();
        let path = inside(&path.to_owned());
        roots.extend(parse_project(&text(root, &path)?, &extras).map_err(|error| trouble(&path, &error))?);
    }
    Ok(roots)
}

fn trouble(place: &str, error: &RootsError) -> Trouble {
    Trouble { message: format!("{place}: {error}"), hint: Some("write requirements as pip takes them: name[extra]>=1.0") }
}

fn text(root: &Root, path: &str) -> Result<String, Trouble> {
    let hint = Some("give the path of the file inside the root");
    match root.read_text(path, LARGEST) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(Trouble { message: format!("{path}: there is no such file in the root"), hint }),
        Err(error) => Err(Trouble { message: error.to_string(), hint }),
    }
}
