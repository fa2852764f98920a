//! Which installer fills the environment, by the files that are there.
//!
//! Invariant: the order of evidence is that of [`decide`]; a lock comes before a list, a list
//! before a
//! declaration.

use std::collections::BTreeMap;

use super::error::ProjectError;
use super::facts::Project;
use super::lock::LockKind;

/// What fills the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Installer {
    /// `uv sync` with `uv.lock`.
    Uv,
    /// `poetry install` with `poetry.lock`.
    Poetry,
    /// `pdm sync` with `pdm.lock`.
    Pdm,
    /// `micromamba create` with `environment.yml`.
    Conda,
    /// `pixi install` with `pixi.lock`.
    Pixi,
    /// `pip install -r requirements.txt`.
    Requirements,
    /// `pip install .`.
    Pip,
}

impl Installer {
    /// The environment brings its own Python.
    pub(super) fn brings_python(self) -> bool {
        matches!(self, Installer::Conda | Installer::Pixi)
    }

    /// Where the environment is in the builder stage.
    pub(super) fn environment(self) -> &'static str {
        match self {
            Installer::Conda => "/opt/conda",
            Installer::Pixi => "/src/.pixi/envs/default",
            _ => "/opt/venv",
        }
    }

    /// As a sentence names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Installer::Uv => "uv",
            Installer::Poetry => "Poetry",
            Installer::Pdm => "PDM",
            Installer::Conda => "micromamba",
            Installer::Pixi => "pixi",
            Installer::Requirements | Installer::Pip => "pip",
        }
    }
}

/// How the environment is filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Install {
    /// With this.
    pub installer: Installer,
    /// Because this file is there.
    pub evidence: &'static str,
    /// What the dependencies need of the project, by directory (`./` is the project itself); empty
    /// when
    /// they need the whole source.
    pub first: BTreeMap<String, Vec<String>>,
    /// The project itself is installed, not only its dependencies.
    pub installs_project: bool,
    /// The requirement for Poetry, or uv's options for a workspace, where there is one.
    pub tool: Option<String>,
    /// pip downloads into its cache, too.
    pub uses_pip: bool,
}

/// What [`ProjectError::NoProject`] names.
const LOOKED_FOR: &str = "uv.lock, poetry.lock, pdm.lock, environment.yml, pixi.lock, \
                          requirements.txt, pyproject.toml and setup.py";

/// Decides by the files.
pub(super) fn decide(project: &Project) -> Result<Install, ProjectError> {
    let locked = project.lock.as_ref().map(|(kind, _)| *kind);
    match locked {
        Some(kind) if !project.has("pyproject.toml") => {
            Err(ProjectError::LockAlone { lock: kind.file(), manifest: "pyproject.toml" })
        }
        Some(LockKind::Uv) => Ok(with_uv(project)),
        Some(LockKind::Poetry) => Ok(with_poetry(project)),
        Some(LockKind::Pdm) => Ok(with_pdm(project)),
        None if project.conda.is_some() => Ok(with_conda(project)),
        None if project.has("pixi.lock") => with_pixi(project),
        None if project.has("requirements.txt") => Ok(with_requirements(project)),
        None if is_installable(project) => Ok(with_pip(project)),
        None => Err(ProjectError::NoProject {
            looked_for: LOOKED_FOR,
            pipenv: project.has("Pipfile") || project.has("Pipfile.lock"),
        }),
    }
}

/// pip can install the project: `setup.py`, or a `pyproject.toml` that is more than settings of
/// tools.
fn is_installable(project: &Project) -> bool {
    let declared = |it: &super::manifest::Manifest| it.has_build_system || it.has_project;
    project.has("setup.py") || project.manifest.as_ref().is_some_and(declared)
}

/// The project says how it is built; without that, a list beside it is all that there is to
/// install.
fn has_build(project: &Project) -> bool {
    project.has("setup.py") || project.manifest.as_ref().is_some_and(|it| it.has_build_system)
}

/// The files of the project directory among these.
fn files(project: &Project, names: &[&str]) -> BTreeMap<String, Vec<String>> {
    let present = names.iter().filter(|name| project.has(name)).map(|name| (*name).to_owned());
    BTreeMap::from([("./".to_owned(), present.collect())])
}

/// `first` for a lock: the lock and what it locks, unless a dependency is part of the source.
fn locked_files(project: &Project, names: &[&str]) -> BTreeMap<String, Vec<String>> {
    let manifest = project.manifest.as_ref().is_some_and(|it| it.needs_source);
    let lock = project.lock.as_ref().is_some_and(|(_, lock)| lock.has_local);
    if manifest || lock { BTreeMap::new() } else { files(project, names) }
}

fn with_uv(project: &Project) -> Install {
    let manifest = project.manifest.as_ref();
    let package = manifest.and_then(|it| it.is_package.uv).unwrap_or(has_build(project));
    let workspace = manifest.is_some_and(|it| it.is_workspace);
    // The members of a workspace are sources, too.
    let first = if workspace {
        BTreeMap::new()
    } else {
        locked_files(project, &["pyproject.toml", "uv.lock", "uv.toml"])
    };
    Install {
        installer: Installer::Uv,
        evidence: "uv.lock",
        first,
        installs_project: package,
        tool: None,
        uses_pip: false,
    }
}

fn with_poetry(project: &Project) -> Install {
    let manifest = project.manifest.as_ref();
    let version = project.lock.as_ref().and_then(|(_, lock)| lock.poetry);
    Install {
        installer: Installer::Poetry,
        evidence: "poetry.lock",
        first: locked_files(project, &["pyproject.toml", "poetry.lock"]),
        installs_project: manifest.and_then(|it| it.is_package.poetry).unwrap_or(true),
        // The Poetry that wrote the lock, or a newer one of the same format.
        tool: version.map(|(major, minor)| format!("poetry>={major}.{minor},<{}", major + 1)),
        uses_pip: true,
    }
}

fn with_pdm(project: &Project) -> Install {
    let manifest = project.manifest.as_ref();
    let named = manifest.is_some_and(|it| it.name.is_some());
    Install {
        installer: Installer::Pdm,
        evidence: "pdm.lock",
        first: locked_files(project, &["pyproject.toml", "pdm.lock"]),
        installs_project: named && manifest.and_then(|it| it.is_package.pdm).unwrap_or(true),
        tool: None,
        uses_pip: false,
    }
}

fn with_conda(project: &Project) -> Install {
    let (file, conda) = project.conda.as_ref().expect("the caller saw it");
    let has_pip = conda.requirements.iter().any(|it| it.name == "pip") || conda.has_pip_section;
    let of_pip = &conda.pip;
    let whole = of_pip.needs_source || !of_pip.includes.is_empty();
    Install {
        installer: Installer::Conda,
        evidence: file,
        first: if whole { BTreeMap::new() } else { files(project, &[file]) },
        installs_project: has_pip && has_build(project) && !of_pip.needs_source,
        tool: None,
        uses_pip: conda.has_pip_section,
    }
}

fn with_pixi(project: &Project) -> Result<Install, ProjectError> {
    let manifest = project.manifest.as_ref();
    if !project.has("pixi.toml") && !manifest.is_some_and(|it| it.has_pixi) {
        return Err(ProjectError::LockAlone { lock: "pixi.lock", manifest: "pixi.toml" });
    }
    let whole = manifest.is_some_and(|it| it.needs_source || it.has_pixi);
    let names = ["pixi.toml", "pyproject.toml", "pixi.lock"];
    Ok(Install {
        installer: Installer::Pixi,
        evidence: "pixi.lock",
        first: if whole { BTreeMap::new() } else { files(project, &names) },
        installs_project: whole,
        tool: None,
        uses_pip: false,
    })
}

fn with_requirements(project: &Project) -> Install {
    let files = &project.requirements;
    let plain = |path: &str| super::text::is_plain_path(path) && files.contains_key(path);
    let included = files.iter().flat_map(|(of, file)| {
        file.includes.iter().map(|it| super::requirements::included_path(of, it))
    });
    let all_plain = included.into_iter().all(|path| path.is_some_and(|path| plain(&path)));
    let local = files.values().any(|file| file.needs_source);
    let mut first: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if all_plain && !local {
        for path in files.keys() {
            let directory =
                path.rsplit_once('/').map_or("./".to_owned(), |(it, _)| format!("{it}/"));
            first.entry(directory).or_default().push(path.clone());
        }
    }
    Install {
        installer: Installer::Requirements,
        evidence: "requirements.txt",
        first,
        // A list that installs a directory installs the project.
        installs_project: has_build(project),
        tool: None,
        uses_pip: true,
    }
}

fn with_pip(project: &Project) -> Install {
    let declared = project.has("pyproject.toml");
    Install {
        installer: Installer::Pip,
        evidence: if declared { "pyproject.toml" } else { "setup.py" },
        first: BTreeMap::new(),
        installs_project: true,
        tool: None,
        uses_pip: true,
    }
}
