//! The files of a project, read once.
//!
//! Invariant: every file is read through [`Root`], below the project, so a link that leaves the
//! project
//! leads nowhere, as in a build context; a file that is there and cannot be read is an error.

use std::collections::{BTreeMap, BTreeSet};

use super::conda::{CondaEnvironment, parse_environment};
use super::error::ProjectError;
use super::lock::{Lock, LockKind, parse_lock};
use super::manifest::{Manifest, add_setup_cfg, parse_pyproject};
use super::requirements::{Requirement, RequirementsFile, included_path, parse_requirements};
use super::source::{Module, PASSED_OVER, STEMS, parse_manage};
use super::text::{is_identifier, is_plain_path};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Root};

/// No lock in use is larger; bytes.
const LARGEST_FILE: u64 = 64 << 20;
/// A larger file of source is generated; bytes.
const LARGEST_SOURCE: u64 = 1 << 20;
/// Requirements files that include each other end here.
const MOST_REQUIREMENTS_FILES: usize = 50;

/// Everything that the files of a project say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// The names of what is in the project directory.
    pub names: BTreeSet<String>,
    /// `pyproject.toml` with `setup.cfg`; absent when neither these nor `setup.py` are there.
    pub manifest: Option<Manifest>,
    /// The first lock, in the order of [`LockKind::ALL`].
    pub lock: Option<(LockKind, Lock)>,
    /// `environment.yml` or `environment.yaml`.
    pub conda: Option<(&'static str, CondaEnvironment)>,
    /// `requirements.txt` and the files that it includes, by their paths.
    pub requirements: BTreeMap<String, RequirementsFile>,
    /// The text of `.python-version`.
    pub python_version: Option<String>,
    /// The settings that `manage.py` names.
    pub django_settings: Option<String>,
    /// The files that can start the program, the most telling first.
    pub modules: Vec<Module>,
    /// Packages with a `__main__.py`, and whether they are below `src/`.
    pub runnable: Vec<(String, bool)>,
}

impl Project {
    /// Whether the project directory has this file.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// What the run needs by name: declared, included and locked.
    pub fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        let declared = self.manifest.iter().flat_map(|manifest| &manifest.requirements);
        let files = self.requirements.values().flat_map(|file| &file.requirements);
        let conda = self.conda.iter().flat_map(|(_, conda)| &conda.requirements);
        declared.chain(files).chain(conda)
    }

    /// Whether the run has this distribution.
    pub fn requires(&self, name: &str) -> bool {
        let locked = self.lock.iter().flat_map(|(_, lock)| &lock.packages);
        self.requirements().any(|it| it.name == name)
            || locked.into_iter().any(|it| it.name == name)
            || matches!(name, "uvicorn")
                && self.requirements().any(|it| {
                    it.name == "fastapi"
                        && it.extras.iter().any(|it| it == "standard" || it == "all")
                })
    }
}

/// Reads the project whose directory is `root`.
pub fn read(root: &Root) -> Result<Project, ProjectError> {
    let text = |name: &str| root.read_text(&format!("/{name}"), LARGEST_FILE);
    let mut project = Project::default();
    for entry in root.list(&RealPath::root()) {
        project.names.insert(entry?.path.name().to_owned());
    }
    let toml = |file: &str| {
        let file = file.to_owned();
        move |why| ProjectError::Toml { file, why }
    };
    if let Some(text) = text("pyproject.toml")? {
        project.manifest = Some(parse_pyproject(&text).map_err(toml("pyproject.toml"))?);
    }
    if project.manifest.is_some() || project.has("setup.py") {
        let manifest = project.manifest.get_or_insert_default();
        if let Some(text) = text("setup.cfg")? {
            add_setup_cfg(manifest, &text);
        }
    }
    for kind in LockKind::ALL {
        if let Some(text) = text(kind.file())? {
            project.lock = Some((kind, parse_lock(kind, &text).map_err(toml(kind.file()))?));
            break;
        }
    }
    for name in ["environment.yml", "environment.yaml"] {
        if let Some(text) = text(name)? {
            project.conda = Some((name, parse_environment(&text)));
            break;
        }
    }
    project.requirements = read_requirements(root)?;
    project.python_version = text(".python-version")?;
    project.django_settings = text("manage.py")?.as_deref().and_then(parse_manage);
    read_source(root, &mut project)?;
    Ok(project)
}

/// `requirements.txt` with what it includes.
fn read_requirements(root: &Root) -> Result<BTreeMap<String, RequirementsFile>, ProjectError> {
    let mut files = BTreeMap::new();
    let mut pending = vec!["requirements.txt".to_owned()];
    while let Some(path) = pending.pop().filter(|_| files.len() < MOST_REQUIREMENTS_FILES) {
        if files.contains_key(&path) {
            continue;
        }
        let Some(text) = root.read_text(&format!("/{path}"), LARGEST_FILE)? else { continue };
        let file = parse_requirements(&text);
        pending.extend(file.includes.iter().filter_map(|written| included_path(&path, written)));
        files.insert(path, file);
    }
    Ok(files)
}

/// The project directory, `src/`, and the packages of both with their packages.
fn read_source(root: &Root, project: &mut Project) -> Result<(), ProjectError> {
    let mut directories = vec![RealPath::root()];
    let source = RealPath::known("/src");
    if root.is_directory(&WrittenPath::from(&source)) {
        directories.push(source.clone());
    }
    for level in 0..3 {
        let mut next = Vec::new();
        for directory in &directories {
            for entry in root.list(directory) {
                let entry = entry?;
                match entry.meta.kind {
                    Kind::Directory if level < 2 && entry.path != source => {
                        let name = entry.path.name();
                        if is_identifier(name) && !PASSED_OVER.contains(&name) {
                            next.push(entry.path);
                        }
                    }
                    Kind::File if entry.meta.size <= LARGEST_SOURCE => {
                        read_module(root, &entry.path, project)?;
                    }
                    _ => {}
                }
            }
        }
        directories = next;
    }
    let rank = |module: &Module| {
        let stem = module.file.rsplit('/').next().and_then(|name| name.strip_suffix(".py"));
        let place = STEMS.iter().position(|known| Some(*known) == stem);
        (module.file.matches('/').count(), place.unwrap_or(STEMS.len()), module.name.clone())
    };
    project.modules.sort_by_key(rank);
    project.runnable.sort();
    Ok(())
}

fn read_module(root: &Root, path: &RealPath, project: &mut Project) -> Result<(), ProjectError> {
    let Some(stem) = path.name().strip_suffix(".py") else { return Ok(()) };
    let file = path.relative();
    let at_top = !file.contains('/');
    if !is_plain_path(file) || !(STEMS.contains(&stem) || at_top || stem == "__main__") {
        return Ok(());
    }
    let Some(text) = root.read_text(path.as_str(), LARGEST_SOURCE)? else { return Ok(()) };
    let Some(module) = Module::parse(file, &text) else { return Ok(()) };
    match module.name.strip_suffix(".__main__") {
        Some(package) => project.runnable.push((package.to_owned(), module.in_src)),
        None => project.modules.push(module),
    }
    Ok(())
}
