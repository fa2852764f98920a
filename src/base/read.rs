//! Reads the profile of a mounted root.
//!
//! Invariant: nothing in the root is run. An empty root also has a profile.

use std::collections::{BTreeMap, BTreeSet};

use super::{Profile, ProfileInterpreter, SCHEMA};
use crate::elf::Machine;
use crate::loader::{self, Libc, Library, Loader, libc_version};
use crate::packages::{Manager, PackageIndex};
use crate::path::{RealPath, WrittenPath};
use crate::python::read_interpreter;
use crate::root::{Kind, Root, RootError};

const PROGRAMS: [&str; 4] = ["/bin", "/sbin", "/usr/bin", "/usr/sbin"];
const TOOLS: [&str; 2] = ["sh", "env"];

/// Reads the profile of a root. Damaged files are ignored, because a builder cannot fix them.
///
/// # Errors
/// A file or directory cannot be read.
pub fn read(root: &Root) -> Result<Profile, RootError> {
    let profile = read_profile(root);
    let hides = |error: &RootError| !matches!(error, RootError::NotUtf8 { .. });
    root.take_failures().into_iter().find(hides).map_or(Ok(profile), Err)
}

fn read_profile(root: &Root) -> Profile {
    let library = Library::new(root);
    let (packages, _) = PackageIndex::read(root, &[]);
    let started = program_interpreter(root, &library);
    let loader =
        started.as_ref().and_then(|(path, machine)| loader::choose_loader(root, path, *machine));
    let there = |name: &str| {
        PROGRAMS.iter().any(|directory| root.is_file(&WrittenPath::new(*directory).join(name)))
    };
    let installs_with = Manager::all()
        .find(|manager| manager.install_command().is_some_and(|command| there(command.program)));
    Profile {
        schema: SCHEMA,
        image: None,
        source: None,
        release: root.release().unwrap_or_default(),
        architecture: started.as_ref().map(|(_, machine)| machine.name()),
        libc: loader.as_ref().map(|loader| loader.libc()),
        libc_version: started
            .as_ref()
            .and_then(|(path, machine)| libc_version(root, path, *machine)),
        libc_symbols: loader
            .as_ref()
            .map(|loader| musl_symbols(root, loader.as_ref()))
            .unwrap_or_default(),
        interpreters: interpreters(root, &library),
        installs_with,
        packages: packages
            .iter()
            .map(|(_, package)| (package.name.clone(), package.version.clone()))
            .collect(),
        library_directories: loader
            .as_ref()
            .map(|loader| loader.directories().to_vec())
            .unwrap_or_default(),
        libraries: loader.map(|loader| libraries(root, loader.as_ref())).unwrap_or_default(),
        tools: TOOLS.iter().filter(|tool| there(tool)).map(|tool| (*tool).to_owned()).collect(),
        links: links(root),
    }
}

/// The `PT_INTERP` of the root's programs, and the machine of that file.
fn program_interpreter(root: &Root, library: &Library) -> Option<(String, Machine)> {
    let directories =
        ["/lib", "/lib64"].map(|path| (path, root.resolve(&WrittenPath::new(path)).ok().flatten()));
    for (written, found) in directories {
        let Some(found) = found.filter(|found| found.meta.kind == Kind::Directory) else {
            continue;
        };
        for entry in root.list(&found.path).into_iter().flatten() {
            let path = format!("{written}/{}", entry.path.name());
            let Some(file) = Libc::of_interpreter(&path)
                .and_then(|_| root.resolve(&WrittenPath::new(&path)).ok()?)
            else {
                continue;
            };
            let Ok(facts) = library.read(&file.path) else { continue };
            if let Ok(Some(elf)) = facts.as_ref() {
                return Some((path, elf.machine));
            }
        }
    }
    None
}

/// The symbols of musl, whose loader is also its C library; none for glibc.
fn musl_symbols(root: &Root, loader: &dyn Loader) -> BTreeSet<String> {
    let file = loader.own_file().filter(|_| loader.libc() == Libc::Musl);
    file.map(|path| loader::read_symbols(root, path).names().map(str::to_owned).collect())
        .unwrap_or_default()
}

fn interpreters(root: &Root, library: &Library) -> Vec<ProfileInterpreter> {
    let mut found: BTreeMap<RealPath, ProfileInterpreter> = BTreeMap::new();
    for directory in ["/usr/local/bin", "/usr/bin"].map(RealPath::known) {
        let Ok(Some(there)) = root.resolve(&WrittenPath::from(&directory)) else { continue };
        for entry in root.list(&there.path).into_iter().flatten() {
            let version = entry
                .path
                .name()
                .strip_prefix("python")
                .or_else(|| entry.path.name().strip_prefix("pypy"));
            let plain = version.is_some_and(|rest| {
                rest.chars().all(|one| one.is_ascii_digit() || matches!(one, '.' | 't'))
            });
            if !plain {
                continue;
            }
            let name = directory.join(entry.path.name());
            let Some(interpreter) =
                read_interpreter(root, library, &WrittenPath::from(&name), &mut Vec::new())
            else {
                continue;
            };
            let path = interpreter.executable.clone();
            let known = found.entry(path.clone());
            let known = known.or_insert_with(|| ProfileInterpreter {
                path: path.clone(),
                names: Vec::new(),
                facts: interpreter.facts,
            });
            if name != path {
                known.names.push(name);
            }
        }
    }
    found.into_values().collect()
}

/// Every library that a program without a run path finds, by name: in the cache and in the default
/// directories.
fn libraries(root: &Root, loader: &dyn Loader) -> BTreeMap<String, RealPath> {
    let mut names: BTreeSet<String> = loader.cached().into_iter().map(str::to_owned).collect();
    for directory in loader.directories() {
        let Ok(Some(there)) = root.resolve(&WrittenPath::new(directory.as_str())) else { continue };
        let entries = root
            .list(&there.path)
            .into_iter()
            .flatten()
            .filter(|entry| entry.meta.kind != Kind::Directory);
        names.extend(
            entries.map(|entry| entry.path.name().to_owned()).filter(|name| name.contains(".so")),
        );
    }
    names
        .into_iter()
        .filter_map(|name| loader::system_library(root, loader, &name).map(|path| (name, path)))
        .collect()
}

fn links(root: &Root) -> BTreeMap<RealPath, String> {
    let entries = root.list(&RealPath::root()).into_iter().flatten();
    let directory = |path: &RealPath| root.is_directory(&WrittenPath::from(path));
    entries
        .filter_map(|entry| match entry.meta.kind {
            Kind::Link(target) if directory(&entry.path) => Some((entry.path, target)),
            _ => None,
        })
        .collect()
}
