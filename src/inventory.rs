//! Everything true of the builder root for one request, and nothing about what will be done with it.
//!
//! Invariant: reads only; the same root gives the same inventory whatever the user wants to do with
//! it, in whatever order the threads ran.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::elf::{self, MAGIC, VersionNeed};
use crate::finding::{Code, Finding, Severity};
use crate::loader::{self, Libc, Library, Load, Loader, Outcome, Rule, Start};
use crate::path::{RealPath, WrittenPath};
use crate::pkgdb::PackageIndex;
use crate::python::{self, Distribution, Environment, EnvironmentError, Facts, Requirements, Script};
use crate::root::{Crossed, Entry, Kind, Meta, Root, RootError};

/// The facts a plan is made from.
pub struct Inventory {
    pub environment: Environment,
    pub release: Release,
    pub distributions: Vec<Distribution>,
    /// For each distribution the installed ones it requires, and what `pip check` would say of it.
    pub requires: Vec<BTreeSet<usize>>,
    pub files: Vec<FileFact>,
    pub natives: Vec<Native>,
    /// Files the interpreter itself loads, and those its standard library's modules load.
    pub interpreter_files: BTreeSet<RealPath>,
    /// Sizes of the libraries that were found, in bytes.
    pub library_sizes: BTreeMap<RealPath, u64>,
    /// Unowned files that tell the loader where to look.
    pub loader_configuration: Vec<RealPath>,
    pub packages: PackageIndex,
    pub findings: Vec<Finding>,
}

/// `/etc/os-release` (os-release(5)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    pub id: String,
    pub version: String,
    pub codename: String,
    pub pretty_name: String,
}

/// One file or link of the environment.
#[derive(Clone, Debug)]
pub struct FileFact {
    pub path: RealPath,
    pub meta: Meta,
    /// Index of the distribution whose RECORD names it.
    pub owner: Option<usize>,
    /// Set when it starts with a `#!` line.
    pub script: Option<Script>,
}

/// How an ELF file is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NativeKind {
    /// Imported: its name ends in a suffix of the interpreter.
    Module,
    /// Started by the kernel.
    Program,
    /// Loaded by another object.
    Library,
}

/// One ELF file of the environment with everything it leads to.
#[derive(Clone, Debug)]
pub struct Native {
    pub path: RealPath,
    pub kind: NativeKind,
    pub version_needs: Vec<VersionNeed>,
    /// Needs of the file and of every object loaded on its behalf.
    pub needs: Vec<Need>,
}

/// One needed name.
#[derive(Clone, Debug)]
pub struct Need {
    pub by: RealPath,
    pub name: String,
    pub outcome: NeedOutcome,
}

/// Where it led.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NeedOutcome {
    BuiltIn,
    Library { path: RealPath, links: Vec<Crossed>, rule: Option<Rule> },
    Foreign { path: RealPath },
    Broken { path: String, why: String },
    Missing { tried: Vec<String> },
}

/// Reads the root. `named` is the environment as typed; `usual` the places to look otherwise.
pub fn take(root: &Root, named: Option<&str>, usual: &[String]) -> Result<Inventory, EnvironmentError> {
    let library = Library::new(root);
    let mut findings = Vec::new();
    let environment = python::find_environment(root, &library, named, usual, &mut findings)?;
    // The databases of a big root take as long as the environment, and neither asks the other.
    let (index, read) = rayon::join(|| PackageIndex::read(root), || environment_files(root, &environment));
    let (packages, problems) = index;
    findings.extend(problems);
    let EnvironmentFiles { distributions, requires, files, elf_files, findings: problems } = read;
    findings.extend(problems);
    let mut inventory = Inventory {
        release: release(root),
        requires,
        natives: Vec::new(),
        interpreter_files: BTreeSet::new(),
        library_sizes: BTreeMap::new(),
        loader_configuration: Vec::new(),
        environment,
        distributions,
        files,
        packages,
        findings,
    };
    inventory.resolve(&library, &elf_files);
    inventory.findings.sort();
    inventory.findings.dedup();
    Ok(inventory)
}

/// What the environment holds, before anything is resolved.
struct EnvironmentFiles {
    distributions: Vec<Distribution>,
    requires: Vec<BTreeSet<usize>>,
    files: Vec<FileFact>,
    elf_files: Vec<RealPath>,
    findings: Vec<Finding>,
}

fn environment_files(root: &Root, environment: &Environment) -> EnvironmentFiles {
    let mut findings = Vec::new();
    let mut distributions = Vec::new();
    for site in &environment.sites {
        let (found, problems) = python::read_distributions(root, site);
        distributions.extend(found);
        findings.extend(problems);
    }
    let requires = requirements(environment, &distributions, &mut findings);
    let (files, elf_files) = files(root, environment, &distributions, &mut findings);
    EnvironmentFiles { distributions, requires, files, elf_files, findings }
}

fn release(root: &Root) -> Release {
    let text =
        ["/etc/os-release", "/usr/lib/os-release"].iter().find_map(|path| root.read_text(path, 1 << 16).ok().flatten()).unwrap_or_default();
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.map(|value| value.trim().trim_matches(['"', '\'']).to_owned()).unwrap_or_default()
    };
    Release { id: value("ID"), version: value("VERSION_ID"), codename: value("VERSION_CODENAME"), pretty_name: value("PRETTY_NAME") }
}

fn requirements(environment: &Environment, distributions: &[Distribution], findings: &mut Vec<Finding>) -> Vec<BTreeSet<usize>> {
    let facts = &environment.interpreter.facts;
    let facts = Facts { full_version: &facts.version, implementation: &facts.implementation, machine: &facts.architecture };
    match Requirements::new(&facts) {
        Ok(requirements) => {
            let (edges, problems) = requirements.edges(distributions);
            findings.extend(problems);
            edges
        }
        Err(why) => {
            findings.push(Finding::new(Severity::Warn, Code::InterpreterFact, &environment.interpreter.executable, why));
            vec![BTreeSet::new(); distributions.len()]
        }
    }
}

/// A problem of reading as a finding.
fn problem(error: &RootError) -> Finding {
    let (severity, code, message) = match error {
        RootError::Loop { .. } => (Severity::Warn, Code::LinkLoop, "too many levels of symbolic links".to_owned()),
        RootError::NotUtf8 { .. } => (Severity::Warn, Code::NonUtf8Name, "the name is not UTF-8; the file is left behind".to_owned()),
        RootError::Forbidden { .. } => (Severity::Deny, Code::UnreadableFile, "permission denied".to_owned()),
        RootError::Io { operation, why, .. } => (Severity::Deny, Code::UnreadableFile, format!("cannot {operation}: {why}")),
    };
    Finding::new(severity, code, error.path(), message)
}

fn files(
    root: &Root,
    environment: &Environment,
    distributions: &[Distribution],
    findings: &mut Vec<Finding>,
) -> (Vec<FileFact>, Vec<RealPath>) {
    let tops = if environment.virtual_environment { vec![environment.prefix.clone()] } else { environment.sites.clone() };
    let mut entries: BTreeMap<RealPath, Meta> = BTreeMap::new();
    for found in tops.iter().flat_map(|top| root.walk(top, |name| name != "__pycache__")) {
        match found {
            Ok(Entry { path, meta }) => drop(entries.insert(path, meta)),
            Err(error) => findings.push(problem(&error)),
        }
    }
    let mut owners: BTreeMap<RealPath, usize> = BTreeMap::new();
    for (index, distribution) in distributions.iter().enumerate() {
        for record in distribution.record.iter().filter(|record| !bytecode_cache(&record.path)) {
            // Recorded paths outside the walked trees: bin/ and share/ of a system installation.
            let Ok(Some(found)) = root.resolve_parent(&WrittenPath::from(&record.path)) else {
                if !record.path.name().ends_with(".pyc") {
                    findings.push(Finding::new(
                        Severity::Warn,
                        Code::MissingFile,
                        &record.path,
                        format!("RECORD of {} names it, but it is not there", distribution.name),
                    ));
                }
                continue;
            };
            entries.entry(found.path.clone()).or_insert(found.meta);
            if let Some(other) = owners.insert(found.path.clone(), index)
                && other != index
            {
                let message = format!(
                    "recorded by {} and by {}; the file there is the last one installed",
                    distributions[other].name, distribution.name
                );
                findings.push(Finding::new(Severity::Warn, Code::RecordedTwice, &found.path, message));
            }
        }
    }
    entries.retain(|path, meta| meta.kind != Kind::Directory && !bytecode_cache(path));
    let looked: Vec<(FileFact, Result<bool, RootError>)> = entries
        .into_par_iter()
        .map(|(path, meta)| {
            let (is_elf, script) = if meta.kind == Kind::File { start_of(root, &path) } else { (Ok(false), None) };
            (FileFact { owner: owners.get(&path).copied(), path, meta, script }, is_elf)
        })
        .collect();
    let mut elf_files = Vec::new();
    let mut files = Vec::new();
    for (fact, is_elf) in looked {
        match is_elf {
            Ok(true) => elf_files.push(fact.path.clone()),
            Ok(false) => {}
            Err(error) => {
                findings.push(problem(&error));
                continue;
            }
        }
        files.push(fact);
    }
    (files, elf_files)
}

/// Python makes it again, and it holds the builder's paths: not worth a look.
fn bytecode_cache(path: &RealPath) -> bool {
    path.as_str().contains("/__pycache__/")
}

/// ELF by magic bytes, scripts by `#!`: the x bit and the name say nothing.
fn start_of(root: &Root, path: &RealPath) -> (Result<bool, RootError>, Option<Script>) {
    let content = match root.open(path) {
        Ok(content) => content,
        Err(error) => return (Err(error), None),
    };
    let mut start = [0; 1024];
    let count = match content.read_at(&mut start, 0) {
        Ok(count) => count,
        Err(error) => return (Err(RootError::Io { path: path.to_string(), operation: "read", why: error.kind().to_string() }), None),
    };
    (Ok(start[..count].starts_with(MAGIC)), python::parse_script(&start[..count]))
}

impl Inventory {
    fn resolve(&mut self, library: &Library, elf_files: &[RealPath]) {
        let interpreter = self.environment.interpreter.clone();
        let loader = interpreter.facts.loader.as_deref().and_then(|path| loader::of_root(library.root(), path, interpreter.machine));
        let Some(loader) = loader else { return };
        let loader = loader.as_ref();
        self.interpreter_files = interpreter_files(library, loader, &interpreter);
        let looked: Vec<(Option<Native>, Vec<Finding>)> = elf_files.par_iter().map(|path| self.native(library, loader, path)).collect();
        for (native, findings) in looked {
            self.natives.extend(native);
            self.findings.extend(findings);
        }
        self.only_reached(elf_files);
        for need in self.natives.iter().flat_map(|native| &native.needs) {
            if let NeedOutcome::Library { path, .. } = &need.outcome
                && let Ok(Some(meta)) = library.root().lookup(path)
            {
                self.library_sizes.insert(path.clone(), meta.size);
            }
        }
        self.loader_configuration = loader.configuration().iter().filter(|path| self.packages.owner(path).is_none()).cloned().collect();
    }

    fn native(&self, library: &Library, loader: &dyn Loader, path: &RealPath) -> (Option<Native>, Vec<Finding>) {
        let interpreter = &self.environment.interpreter;
        let facts = match library.read(path) {
            Ok(facts) => facts,
            Err(error) => return (None, vec![problem(&error)]),
        };
        let elf = match facts.as_ref() {
            Ok(Some(elf)) => elf,
            Ok(None) => return (None, Vec::new()),
            Err(why) => {
                return (
                    None,
                    vec![
                        Finding::new(Severity::Warn, Code::CorruptElf, path, why.to_string())
                            .help("reinstall the distribution that owns it"),
                    ],
                );
            }
        };
        let kind = kind_of(elf, path, &interpreter.facts.suffixes);
        if let Some(finding) = foreign(elf, path, kind, interpreter) {
            return (None, vec![finding]);
        }
        if !elf.loadable {
            return (None, Vec::new());
        }
        let start = match kind {
            NativeKind::Program => Start::Program(path),
            NativeKind::Module | NativeKind::Library => Start::Module { program: &interpreter.executable, module: path },
        };
        match loader::load(loader, library, start) {
            Ok(load) => {
                (Some(Native { path: path.clone(), kind, version_needs: elf.version_needs.clone(), needs: needs(&load) }), Vec::new())
            }
            Err(error) => (None, vec![problem(&error)]),
        }
    }

    /// A library of a wheel is judged by the module that loads it: alone it lacks inherited run paths.
    fn only_reached(&mut self, elf_files: &[RealPath]) {
        let inside: BTreeSet<&RealPath> = elf_files.iter().collect();
        let mut reached: BTreeSet<RealPath> = BTreeSet::new();
        for native in self.natives.iter().filter(|native| native.kind != NativeKind::Library) {
            reached.extend(native.needs.iter().filter_map(|need| match &need.outcome {
                NeedOutcome::Library { path, .. } if inside.contains(path) => Some(path.clone()),
                _ => None,
            }));
        }
        self.natives.retain(|native| native.kind != NativeKind::Library || !reached.contains(&native.path));
    }
}

fn kind_of(elf: &elf::Elf, path: &RealPath, suffixes: &[String]) -> NativeKind {
    let name = path.name();
    let stem = name.split('.').next().unwrap_or_default();
    if elf.interpreter.is_some() && !name.contains(".so") {
        NativeKind::Program
    } else if suffixes.iter().any(|suffix| name.strip_suffix(suffix.as_str()) == Some(stem))
        && !path.parent().is_some_and(|parent| parent.name().ends_with(".libs"))
    {
        NativeKind::Module
    } else {
        NativeKind::Library
    }
}

fn foreign(elf: &elf::Elf, path: &RealPath, kind: NativeKind, interpreter: &python::Interpreter) -> Option<Finding> {
    let severity = if kind == NativeKind::Module { Severity::Deny } else { Severity::Warn };
    if elf.machine != interpreter.machine {
        let message = format!("built for {}, the interpreter is {}", elf.machine.name(), interpreter.machine.name());
        return Some(Finding::new(severity, Code::ForeignArchitecture, path, message).help("install the wheel of this architecture"));
    }
    let libc = elf.needed.iter().find_map(|name| Libc::of_needed(name))?;
    let wrong = interpreter.libc.is_some_and(|own| own != libc);
    let name = |libc| if libc == Libc::Musl { "musl" } else { "glibc" };
    let message = format!("built for {}, the interpreter uses {}", name(libc), interpreter.libc.map_or("neither", name));
    wrong.then(|| {
        Finding::new(severity, Code::ForeignLibc, path, message).help("install the wheel of this platform: pip install --force-reinstall")
    })
}

fn needs(load: &Load) -> Vec<Need> {
    let own = load.edges.iter().filter(|edge| edge.from >= load.start);
    own.map(|edge| {
        let outcome = match edge.outcome.clone() {
            Outcome::BuiltIn => NeedOutcome::BuiltIn,
            Outcome::Loaded { object, rule } => {
                let object = &load.objects[object];
                NeedOutcome::Library { path: object.real.clone(), links: object.links.clone(), rule }
            }
            Outcome::Foreign { path } => NeedOutcome::Foreign { path },
            Outcome::Broken { path, why } => NeedOutcome::Broken { path, why },
            Outcome::Missing { tried } => NeedOutcome::Missing { tried },
        };
        Need { by: load.objects[edge.from].real.clone(), name: edge.name.clone(), outcome }
    })
    .collect()
}

/// What an image that has this interpreter has as well: its own closure and that of its standard
/// modules. `_tkinter` is left out: docker-library's slim images do not keep Tk.
fn interpreter_files(library: &Library, loader: &dyn Loader, interpreter: &python::Interpreter) -> BTreeSet<RealPath> {
    let program = &interpreter.executable;
    let modules = library.root().list(&interpreter.stdlib.join("lib-dynload"));
    let modules: Vec<RealPath> = modules
        .into_iter()
        .flatten()
        .filter(|entry| entry.meta.kind == Kind::File && !entry.path.name().starts_with("_tkinter"))
        .map(|entry| entry.path)
        .collect();
    let mut loads: Vec<Load> =
        modules.par_iter().filter_map(|module| loader::load(loader, library, Start::Module { program, module }).ok()).collect();
    loads.extend(loader::load(loader, library, Start::Program(program)));
    loads.into_iter().flat_map(|load| load.objects).map(|object| object.real).collect()
}
