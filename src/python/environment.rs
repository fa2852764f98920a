//! The environment to bundle: what was named, or what a builder stage usually has.
//!
//! Invariant: `pyvenv.cfg` is believed for `home` and `include-system-site-packages` only; everything
//! else is looked at.

use super::interpreter::{Interpreter, read_interpreter};
use crate::finding::Finding;
use crate::loader::Library;
use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Root, RootError};

/// A Python environment of the root.
#[derive(Clone, Debug)]
pub struct Environment {
    /// `sys.prefix`.
    pub prefix: RealPath,
    /// Whether the prefix is a virtual environment (PEP 405).
    pub virtual_environment: bool,
    pub include_system: bool,
    /// Directories that hold distributions, in `sys.path` order.
    pub sites: Vec<RealPath>,
    /// Directory of console scripts.
    pub scripts: RealPath,
    pub interpreter: Interpreter,
}

/// Why there is no environment.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    #[error(transparent)]
    Root(#[from] RootError),
    #[error("{path}: there is nothing of that name in the root")]
    Missing { path: String },
    #[error("{path}: neither a virtual environment, a site-packages directory nor a Python program")]
    NotPython { path: String },
    #[error("{path}: the base interpreter {home} of this virtual environment is not in the root")]
    NoBase { path: String, home: String },
    #[error("no Python environment found; looked at {tried}")]
    NoneFound { tried: String },
}

impl EnvironmentError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            EnvironmentError::NoBase { .. } => "run wheelbarrow in the stage that has the interpreter, or give --root",
            EnvironmentError::Root(_) => "check the permissions and links of that path",
            _ => "name the environment: `wheelbarrow bundle /path/to/venv`",
        }
    }
}

/// Finds the environment: `named`, or the first of the usual places.
pub fn find_environment(
    root: &Root,
    library: &Library,
    named: Option<&str>,
    usual: &[String],
    findings: &mut Vec<Finding>,
) -> Result<Environment, EnvironmentError> {
    if let Some(path) = named {
        return open(root, library, path, findings);
    }
    for path in usual {
        if root.resolve(&WrittenPath::new(path)).ok().flatten().is_some() {
            return open(root, library, path, findings);
        }
    }
    Err(EnvironmentError::NoneFound { tried: usual.join(", ") })
}

fn open(root: &Root, library: &Library, path: &str, findings: &mut Vec<Finding>) -> Result<Environment, EnvironmentError> {
    let Some(found) = root.resolve(&WrittenPath::new(path))? else {
        return Err(EnvironmentError::Missing { path: path.to_owned() });
    };
    let not_python = || EnvironmentError::NotPython { path: path.to_owned() };
    if found.meta.kind == Kind::Directory {
        if root.is_file(&WrittenPath::from(&found.path).join("pyvenv.cfg")) {
            return virtual_environment(root, library, &found.path, findings);
        }
        // A site-packages folder, or a prefix such as /usr/local: climb to what holds it.
        for directory in found.path.ancestors().take(3).chain([found.path.clone()]) {
            if root.is_file(&WrittenPath::from(&directory).join("pyvenv.cfg")) {
                return virtual_environment(root, library, &directory, findings);
            }
            if let Some(interpreter) = program_in(root, library, &directory.descend("bin"), findings) {
                return system(root, interpreter).ok_or_else(not_python);
            }
        }
        return Err(not_python());
    }
    // bin/python of a virtual environment is a link out of it: look beside the name, not the target.
    let beside = root.resolve(&WrittenPath::new(path).directory())?;
    if let Some(prefix) = beside.and_then(|directory| directory.path.parent())
        && root.is_file(&WrittenPath::from(&prefix).join("pyvenv.cfg"))
    {
        return virtual_environment(root, library, &prefix, findings);
    }
    let interpreter = read_interpreter(root, library, &WrittenPath::new(path), findings).ok_or_else(not_python)?;
    system(root, interpreter).ok_or_else(not_python)
}

fn program_in(root: &Root, library: &Library, directory: &RealPath, findings: &mut Vec<Finding>) -> Option<Interpreter> {
    ["python3", "python"].iter().find_map(|name| read_interpreter(root, library, &WrittenPath::from(directory).join(name), findings))
}

fn virtual_environment(
    root: &Root,
    library: &Library,
    prefix: &RealPath,
    findings: &mut Vec<Finding>,
) -> Result<Environment, EnvironmentError> {
    let text = root.read_text(prefix.join("pyvenv.cfg").as_str(), 1 << 16)?.unwrap_or_default();
    let value = |key: &str| {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case(key))
            .map(|(_, value)| value.trim())
    };
    let home = value("home").unwrap_or_default();
    let base = value("version").or(value("version_info")).map(|version| version.splitn(3, '.').take(2).collect::<Vec<_>>().join("."));
    let names = base.map(|minor| format!("python{minor}")).into_iter().chain(["python3".to_owned(), "python".to_owned()]);
    let mut interpreter = names
        .map(|name| WrittenPath::new(home).join(&name))
        .find_map(|path| read_interpreter(root, library, &path, findings))
        .ok_or_else(|| EnvironmentError::NoBase { path: prefix.to_string(), home: home.to_owned() })?;
    // The links of bin/python itself name the packages that make `python3` work in the final stage.
    if let Ok(Some(started)) = root.resolve(&WrittenPath::from(prefix).join("bin/python"))
        && started.path == interpreter.executable
    {
        let outside = started.links.into_iter().map(|link| link.at).filter(|at| at.below(prefix).is_none());
        interpreter.links.extend(outside);
        interpreter.links.sort();
        interpreter.links.dedup();
    }
    let include_system = value("include-system-site-packages").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let mut sites = existing(root, ["lib", "lib64"].map(|lib| format!("{prefix}/{lib}/python{}/site-packages", interpreter.minor())));
    if include_system {
        sites.extend(system_sites(root, &interpreter));
    }
    Ok(Environment { prefix: prefix.clone(), virtual_environment: true, include_system, sites, scripts: prefix.join("bin"), interpreter })
}

fn system(root: &Root, interpreter: Interpreter) -> Option<Environment> {
    let sites = system_sites(root, &interpreter);
    // Debian's pip writes to /usr/local although the interpreter is in /usr (posix_local scheme).
    let local = sites.first().is_some_and(|site| site.below(&RealPath::known("/usr/local")).is_some());
    let prefix = if local { RealPath::known("/usr/local") } else { interpreter.prefix.clone() };
    (!sites.is_empty()).then(|| Environment {
        scripts: prefix.join("bin"),
        prefix,
        virtual_environment: false,
        include_system: false,
        sites,
        interpreter,
    })
}

fn system_sites(root: &Root, interpreter: &Interpreter) -> Vec<RealPath> {
    let (prefix, minor) = (&interpreter.prefix, interpreter.minor());
    let debian = root.is_directory(&WrittenPath::new("/usr/lib/python3/dist-packages")) && prefix.as_str() == "/usr";
    if debian {
        existing(root, [format!("/usr/local/lib/python{minor}/dist-packages"), "/usr/lib/python3/dist-packages".to_owned()])
    } else {
        existing(root, ["lib", "lib64"].map(|lib| format!("{prefix}/{lib}/python{minor}/site-packages")))
    }
}

/// The directories that exist, links followed, each once (`lib64` is usually a link to `lib`).
fn existing(root: &Root, paths: [String; 2]) -> Vec<RealPath> {
    let mut found: Vec<RealPath> = Vec::new();
    for path in paths {
        if let Ok(Some(directory)) = root.resolve(&WrittenPath::new(path))
            && directory.meta.kind == Kind::Directory
            && !found.contains(&directory.path)
        {
            found.push(directory.path);
        }
    }
    found
}
