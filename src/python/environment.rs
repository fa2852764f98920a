//! The environment to bundle: the one that you name, or the first of the usual places.
//!
//! Several folders can form one environment, each a [`Part`]: a virtual environment over system
//! packages, or the folders that `pip install` was given with `--user`, `--prefix` or `--target`.
//!
//! Invariant: only `home` and `include-system-site-packages` of `pyvenv.cfg` are trusted;
//! everything else is looked up.

use super::egg_info::is_egg_info;
use super::interpreter::{Interpreter, read_interpreter};
use super::part::{Part, PartKind};
use crate::finding::Finding;
use crate::hint::Hint;
use crate::loader::Library;
use crate::path::{RealPath, WrittenPath};
use crate::release::major_minor;
use crate::root::{Kind, Root, RootError};

/// A Python environment of the root.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The one interpreter of all parts.
    pub interpreter: Interpreter,
    /// The parts in the order of `sys.path`, at least one.
    pub parts: Vec<Part>,
    /// The final environment also sees the packages of the system.
    pub include_system: bool,
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
    },
    /// A named path that is something else.
    #[error(
        "{path} is neither a virtual environment, a site-packages directory nor a Python program"
    )]
    NotPython {
        /// The path as typed.
        path: String,
    },
    /// A virtual environment whose `home` has no Python.
    #[error("{path}: the base interpreter {home} of this virtual environment is not in the root")]
    NoBase {
        /// The prefix of the virtual environment.
        path: String,
        /// `home` of its `pyvenv.cfg`.
        home: String,
    },
    /// A folder of packages for a Python that the root does not have.
    #[error("{path} is for Python {minor}, and the root has no Python {minor}")]
    NoInterpreter {
        /// The folder.
        path: String,
        /// `3.11`.
        minor: String,
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
    #[error("no Python environment found; searched {tried}")]
    NoneFound {
        /// The usual places, separated by commas.
        tried: String,
    },
}

impl Hint for EnvironmentError {
    fn hint(&self) -> Option<&str> {
        Some(match self {
            EnvironmentError::NoBase { .. } => {
                "run wheelbarrow in the stage that has the interpreter, or give --root"
            }
            EnvironmentError::NoInterpreter { .. } => {
                "run wheelbarrow in the stage that has that Python"
            }
            EnvironmentError::TwoInterpreters { .. } => {
                "bundle environments of different interpreters separately"
            }
            EnvironmentError::Root(_) => "check the permissions and links of that path",
            _ => "name the environment: `wheelbarrow bundle /path/to/venv`",
        })
    }
}

/// Finds the environment: all paths of `named`, or the first of the `usual` places that has one.
pub fn find_environment(
    root: &Root,
    library: &Library,
    named: &[String],
    usual: &[String],
    findings: &mut Vec<Finding>,
) -> Result<Environment, EnvironmentError> {
    let there =
        |path: &&String| root.resolve(&WrittenPath::new(path.as_str())).ok().flatten().is_some();
    let usual_one: Vec<String> = usual.iter().find(there).cloned().into_iter().collect();
    let named = if named.is_empty() { &usual_one } else { named };
    let mut opened: Vec<(&String, Opened)> = Vec::new();
    for path in named {
        opened.push((path, open(root, library, path, findings)?));
    }
    let Some((first, _)) = opened.first() else {
        return Err(EnvironmentError::NoneFound { tried: usual.join(", ") });
    };
    let mut interpreters =
        opened.iter().filter_map(|(path, opened)| Some((*path, opened.interpreter.as_ref()?)));
    let interpreter = match interpreters.next() {
        Some((path, interpreter)) => {
            if let Some((other, _)) =
                interpreters.find(|(_, other)| other.executable != interpreter.executable)
            {
                return Err(EnvironmentError::TwoInterpreters {
                    first: path.clone(),
                    second: other.clone(),
                });
            }
            interpreter.clone()
        }
        None => {
            let minor = opened.iter().find_map(|(_, opened)| opened.minor.clone());
            own_interpreter(root, library, minor.as_deref(), findings).ok_or_else(
                || match minor {
                    Some(minor) => {
                        EnvironmentError::NoInterpreter { path: (*first).clone(), minor }
                    }
                    None => EnvironmentError::NotPython { path: (*first).clone() },
                },
            )?
        }
    };
    if let Some((path, opened)) = opened.iter().find(|(_, opened)| {
        opened.minor.as_deref().is_some_and(|minor| minor != interpreter.minor())
    }) {
        return Err(EnvironmentError::NoInterpreter {
            path: (*path).clone(),
            minor: opened.minor.clone().unwrap_or_default(),
        });
    }
    let include_system = opened.iter().any(|(_, opened)| opened.include_system);
    let mut parts: Vec<Part> = Vec::new();
    for part in opened.into_iter().flat_map(|(_, opened)| opened.parts) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    Ok(Environment { interpreter, parts, include_system })
}

/// The environment that one named path is.
struct Opened {
    parts: Vec<Part>,
    /// `None` if the folder has no interpreter of its own.
    interpreter: Option<Interpreter>,
    /// `3.11`, if the layout of the folder shows it.
    minor: Option<String>,
    include_system: bool,
}

/// The root's own Python; the one of version `minor`, if that is known.
pub fn own_interpreter(
    root: &Root,
    library: &Library,
    minor: Option<&str>,
    findings: &mut Vec<Finding>,
) -> Option<Interpreter> {
    let names = minor
        .map(|minor| format!("python{minor}"))
        .into_iter()
        .chain(["python3".to_owned(), "python".to_owned()]);
    let paths = names.flat_map(|name| {
        ["/usr/local/bin", "/usr/bin"].map(|directory| WrittenPath::new(directory).join(&name))
    });
    let mut all = paths.filter_map(|path| read_interpreter(root, library, &path, findings));
    all.find(|interpreter| minor.is_none_or(|minor| interpreter.minor() == minor))
}

fn open(
    root: &Root,
    library: &Library,
    path: &str,
    findings: &mut Vec<Finding>,
) -> Result<Opened, EnvironmentError> {
    let Some(found) = root.resolve(&WrittenPath::new(path))? else {
        return Err(EnvironmentError::Missing { path: path.to_owned() });
    };
    let not_python = || EnvironmentError::NotPython { path: path.to_owned() };
    if found.meta.kind == Kind::Directory {
        return open_directory(root, library, &found.path, findings)?.ok_or_else(not_python);
    }
    // bin/python of a virtual environment is a link to another prefix, so the link's own directory
    // counts.
    let beside = root.resolve(&WrittenPath::new(path).directory())?;
    if let Some(prefix) = beside.and_then(|directory| directory.path.parent())
        && is_virtual(root, &prefix)
    {
        return virtual_environment(root, library, &prefix, findings);
    }
    let interpreter = read_interpreter(root, library, &WrittenPath::new(path), findings)
        .ok_or_else(not_python)?;
    system(root, interpreter).ok_or_else(not_python)
}

fn open_directory(
    root: &Root,
    library: &Library,
    directory: &RealPath,
    findings: &mut Vec<Finding>,
) -> Result<Option<Opened>, EnvironmentError> {
    if is_virtual(root, directory) {
        return virtual_environment(root, library, directory, findings).map(Some);
    }
    // A site-packages folder stands for its environment. The deepest one is four levels below the
    // prefix.
    for above in directory.ancestors().take(4) {
        let opened = if is_virtual(root, &above) {
            Some(virtual_environment(root, library, &above, findings)?)
        } else {
            let interpreter = program_in(root, library, &above.descend("bin"), findings);
            interpreter
                .and_then(|interpreter| system(root, interpreter))
                .or_else(|| prefix(root, &above))
        };
        if let Some(opened) =
            opened.filter(|opened| opened.parts.iter().any(|part| part.sites.contains(directory)))
        {
            return Ok(Some(opened));
        }
    }
    if let Some(interpreter) = program_in(root, library, &directory.descend("bin"), findings) {
        return Ok(system(root, interpreter));
    }
    Ok(prefix(root, directory).or_else(|| target(root, directory)))
}

fn is_virtual(root: &Root, prefix: &RealPath) -> bool {
    root.is_file(&WrittenPath::from(prefix).join("pyvenv.cfg"))
}

/// The folder of `pip install --prefix`, `--user` or `--root`: the layout of an interpreter's
/// prefix, without an interpreter.
fn prefix(root: &Root, prefix: &RealPath) -> Option<Opened> {
    // Debian's pip adds `local` to a prefix (posix_local scheme); below a root it repeats the whole
    // path.
    for (top, name) in [
        ("", "site-packages"),
        ("local", "dist-packages"),
        ("usr/local", "site-packages"),
        ("usr/local", "dist-packages"),
        ("usr", "site-packages"),
    ] {
        let top = prefix.descend(top);
        for entry in root.list(&top.join("lib")).into_iter().flatten() {
            let Some(minor) =
                entry.path.name().strip_prefix("python").filter(|minor| minor.contains('.'))
            else {
                continue;
            };
            let sites = existing(
                root,
                ["lib", "lib64"].map(|lib| format!("{top}/{lib}/python{minor}/{name}")),
            );
            if !sites.is_empty() && !root.is_file(&WrittenPath::from(&entry.path).join("os.py")) {
                let part =
                    Part { kind: PartKind::Prefix, scripts: top.join("bin"), prefix: top, sites };
                return Some(Opened {
                    parts: vec![part],
                    interpreter: None,
                    minor: Some(minor.to_owned()),
                    include_system: false,
                });
            }
        }
    }
    None
}

/// The folder of `pip install --target`: it holds the distributions itself.
fn target(root: &Root, directory: &RealPath) -> Option<Opened> {
    let known = |name: &str| name.ends_with(".dist-info") || is_egg_info(name);
    root.list(directory).iter().flatten().any(|entry| known(entry.path.name())).then(|| Opened {
        parts: vec![Part {
            kind: PartKind::Target,
            prefix: directory.clone(),
            sites: vec![directory.clone()],
            scripts: directory.join("bin"),
        }],
        interpreter: None,
        minor: None,
        include_system: false,
    })
}

fn program_in(
    root: &Root,
    library: &Library,
    directory: &RealPath,
    findings: &mut Vec<Finding>,
) -> Option<Interpreter> {
    ["python3", "python"].iter().find_map(|name| {
        read_interpreter(root, library, &WrittenPath::from(directory).join(name), findings)
    })
}

fn virtual_environment(
    root: &Root,
    library: &Library,
    prefix: &RealPath,
    findings: &mut Vec<Finding>,
) -> Result<Opened, EnvironmentError> {
    let text = root.read_text(prefix.join("pyvenv.cfg").as_str(), 1 << 16)?.unwrap_or_default();
    let value = |key: &str| {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case(key))
            .map(|(_, value)| value.trim())
    };
    let home = value("home").unwrap_or_default();
    let base = value("version").or(value("version_info")).map(major_minor);
    let started = root.resolve(&WrittenPath::from(prefix).join("bin/python"))?;
    let in_home = root.resolve(&WrittenPath::new(home))?.map(|home| home.path);
    // `home` may have several Pythons of one version: free threaded, PyPy.
    let own = started.iter().map(|started| &started.path).filter(|path| path.parent() == in_home);
    let names = own
        .map(|path| path.name().to_owned())
        .chain(base.map(|minor| format!("python{minor}")))
        .chain(["python3".to_owned(), "python".to_owned()]);
    let mut interpreter = names
        .map(|name| WrittenPath::new(home).join(&name))
        .find_map(|path| read_interpreter(root, library, &path, findings))
        .ok_or_else(|| EnvironmentError::NoBase {
            path: prefix.to_string(),
            home: home.to_owned(),
        })?;
    // The links of bin/python name the packages that provide `python3` in the final stage.
    if let Some(started) = started.filter(|started| started.path == interpreter.executable) {
        let outside =
            started.links.into_iter().map(|link| link.at).filter(|at| at.below(prefix).is_none());
        interpreter.links.extend(outside);
        interpreter.links.sort();
        interpreter.links.dedup();
    }
    let include_system =
        value("include-system-site-packages").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let sites = existing(
        root,
        ["lib", "lib64"]
            .map(|lib| format!("{prefix}/{lib}/{}/site-packages", interpreter.library_name())),
    );
    let mut parts = vec![Part {
        kind: PartKind::VirtualEnvironment,
        prefix: prefix.clone(),
        sites,
        scripts: prefix.join("bin"),
    }];
    if include_system {
        parts.extend(system_part(root, &interpreter));
    }
    Ok(Opened { parts, interpreter: Some(interpreter), minor: None, include_system })
}

fn system(root: &Root, interpreter: Interpreter) -> Option<Opened> {
    let part = system_part(root, &interpreter)?;
    Some(Opened {
        parts: vec![part],
        interpreter: Some(interpreter),
        minor: None,
        include_system: false,
    })
}

fn system_part(root: &Root, interpreter: &Interpreter) -> Option<Part> {
    let sites = system_sites(root, interpreter);
    // Debian's pip writes to /usr/local although the interpreter is in /usr (posix_local scheme).
    let local = sites.first()?.below(&RealPath::known("/usr/local")).is_some();
    let prefix = if local { RealPath::known("/usr/local") } else { interpreter.prefix.clone() };
    Some(Part { kind: PartKind::System, scripts: prefix.join("bin"), prefix, sites })
}

fn system_sites(root: &Root, interpreter: &Interpreter) -> Vec<RealPath> {
    let (prefix, minor) = (&interpreter.prefix, interpreter.minor());
    let library = interpreter.library_name();
    let debian = root.is_directory(&WrittenPath::new("/usr/lib/python3/dist-packages"))
        && prefix.as_str() == "/usr";
    if debian {
        existing(
            root,
            [
                format!("/usr/local/lib/python{minor}/dist-packages"),
                "/usr/lib/python3/dist-packages".to_owned(),
            ],
        )
    } else {
        existing(
            root,
            ["lib", "lib64"].map(|lib| format!("{prefix}/{lib}/{library}/site-packages")),
        )
    }
}

/// The directories that exist, with links followed, each once (`lib64` is usually a link to `lib`).
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
            ("", "no Python environment found; searched /usual"),
        ] {
            let named: Vec<String> =
                Some(named.to_owned()).filter(|named| !named.is_empty()).into_iter().collect();
            let usual = ["/usual".to_owned()];
            let found =
                find_environment(&root, &Library::new(&root), &named, &usual, &mut Vec::new());
            assert_eq!(found.err().map(|error| error.to_string()).as_deref(), Some(expect));
        }
    }
}
