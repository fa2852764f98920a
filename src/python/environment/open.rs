//! One path, opened as an environment: a virtual environment, the folders of pip, an interpreter.
//!
//! Invariant: only `home` and `include-system-site-packages` of `pyvenv.cfg` are trusted;
//! everything else is looked up.

use super::EnvironmentError;
use crate::finding::Finding;
use crate::loader::Library;
use crate::path::{RealPath, WrittenPath};
use crate::python::egg_info::is_egg_info;
use crate::python::interpreter::{Interpreter, read_interpreter};
use crate::python::metadata::parse_wheel;
use crate::python::part::{Part, PartKind};
use crate::release::major_minor;
use crate::root::{Kind, Root};

/// The folder of a project that has a folder of packages for each Python (PEP 582).
pub(super) const LOCAL_PACKAGES: &str = "__pypackages__";

/// The environment that one named path is.
pub(super) struct Opened {
    pub(super) parts: Vec<Part>,
    /// `None` if the folder has no interpreter of its own.
    pub(super) interpreter: Option<Interpreter>,
    /// `3.11`, if the layout of the folder shows it.
    pub(super) minor: Option<String>,
    /// `3.11`, if its wheels are for that one. They may be for others too.
    pub(super) built_for: Option<String>,
    pub(super) include_system: bool,
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

/// Opens one path of the root.
pub(super) fn open(
    root: &Root,
    library: &Library,
    path: &str,
    findings: &mut Vec<Finding>,
) -> Result<Opened, EnvironmentError> {
    let Some(found) = root.resolve(&WrittenPath::new(path))? else {
        return Err(EnvironmentError::Missing { path: path.to_owned(), help: None });
    };
    let not_python = || EnvironmentError::NotPython { path: path.to_owned(), help: None };
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
    let folder = local_packages(root, directory).or_else(|| prefix(root, directory));
    Ok(folder.or_else(|| target(root, directory)))
}

fn is_virtual(root: &Root, prefix: &RealPath) -> bool {
    root.is_file(&WrittenPath::from(prefix).join("pyvenv.cfg"))
}

/// The folder that PDM fills for one Python, `__pypackages__/3.11` (PEP 582): packages in `lib`, scripts in
/// `bin`.
fn local_packages(root: &Root, directory: &RealPath) -> Option<Opened> {
    let site = directory.join("lib");
    let is_one = directory.parent()?.name() == LOCAL_PACKAGES
        && root.is_directory(&WrittenPath::from(&site));
    is_one.then(|| Opened {
        parts: vec![Part {
            kind: PartKind::Prefix,
            prefix: directory.clone(),
            sites: vec![site],
            scripts: directory.join("bin"),
        }],
        interpreter: None,
        minor: Some(directory.name().to_owned()),
        built_for: None,
        include_system: false,
    })
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
                    built_for: None,
                    include_system: false,
                });
            }
        }
    }
    None
}

/// The folder of `pip install --target`: it holds the distributions itself.
fn target(root: &Root, directory: &RealPath) -> Option<Opened> {
    let entries: Vec<RealPath> =
        root.list(directory).into_iter().flatten().map(|entry| entry.path).collect();
    let known = |name: &str| name.ends_with(".dist-info") || is_egg_info(name);
    entries.iter().any(|entry| known(entry.name())).then(|| Opened {
        parts: vec![Part {
            kind: PartKind::Target,
            prefix: directory.clone(),
            sites: vec![directory.clone()],
            scripts: directory.join("bin"),
        }],
        interpreter: None,
        minor: None,
        built_for: entries.iter().find_map(|entry| python_of_wheel(root, entry)),
        include_system: false,
    })
}

/// The Python that the wheel of a `.dist-info` is for, `3.11`, if it is for one alone: its ABI tag is that of
/// the Python.
fn python_of_wheel(root: &Root, info: &RealPath) -> Option<String> {
    let wheel = WrittenPath::from(info).join("WHEEL");
    let text = root.read_text(wheel.as_str(), 1 << 16).ok()??;
    let (wheel, _) = parse_wheel(text.as_bytes());
    wheel.tags.iter().find_map(|tag| {
        let mut tag = tag.split('-');
        let (python, abi) = (tag.next()?, tag.next()?);
        let (major, minor) = python.strip_prefix("cp")?.split_at_checked(1)?;
        abi.starts_with(python).then(|| format!("{major}.{minor}"))
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
            help: None,
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
    Ok(Opened {
        parts,
        interpreter: Some(interpreter),
        minor: None,
        built_for: None,
        include_system,
    })
}

fn system(root: &Root, interpreter: Interpreter) -> Option<Opened> {
    let part = system_part(root, &interpreter)?;
    Some(Opened {
        parts: vec![part],
        interpreter: Some(interpreter),
        minor: None,
        built_for: None,
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
