//! Everything true of the builder root for one request, and nothing about the use of it.
//!
//! Invariant: this only reads. The same root gives the same inventory, whatever the user wants to
//! do with it and in whatever order the threads run.

mod adoption;
mod beside;
mod carriable;
mod carriable_file;
mod descriptions;
mod file_reader;
mod files;
mod links;
mod lookup;
mod mentions;
mod natives;
mod need;
mod not_loadable;
mod opened;
mod preload;
mod programs;
mod sources;
mod unbound;
mod unread;

use std::collections::{BTreeMap, BTreeSet};

pub use beside::Beside;
pub use carriable::Carriable;
pub use carriable_file::CarriableFile;
use file_reader::FileReader;
use files::Files;
pub use files::{FileFact, Provider, is_bytecode_cache};
use mentions::modules_of_setuptools;
pub use mentions::{Mentions, SetuptoolsImport};
pub use natives::follow_library;
pub use need::{Native, NativeKind, Need, NeedOutcome, judge_need, list_places, note_host_library};
pub use not_loadable::{NOT_LOADABLE, NotLoadable, not_loadable_text, parse_not_loadable};
pub use opened::{Loading, ObservedRuns, Opened, by_hand};
pub use programs::{Program, USUAL_DIRECTORIES, is_program};
use sources::SourceReader;
pub use unread::report_failures;

use crate::evidence::Record;
use crate::finding::{Code, Finding, Severity};
use crate::loader::Library;
use crate::packages::{Package, PackageIndex};
use crate::path::RealPath;
use crate::python::{
    self, Distribution, Editable, Environment, EnvironmentError, PathFile, Surroundings,
};
use crate::release::Release;
use crate::root::Root;

/// The facts from which a plan is made.
pub struct Inventory {
    /// The environment to bundle.
    pub environment: Environment,
    /// The Linux distribution of the root.
    pub release: Release,
    /// The installed Python distributions; an index of a distribution points in here.
    pub distributions: Vec<Distribution>,
    /// The `.pth` and `.egg-link` files of the site directories.
    pub path_files: Vec<PathFile>,
    /// The files that lead to the source of editable installs. The source itself is one of the
    /// parts.
    pub leads: BTreeSet<RealPath>,
    /// The files of the environment, sorted by path.
    pub files: Vec<FileFact>,
    /// The files that a RECORD names and that do not exist, with the index of the distribution.
    pub missing: Vec<(usize, RealPath)>,
    /// The files and links that a RECORD names and that exist, with the index of the distribution.
    pub recorded: Vec<(usize, RealPath)>,
    /// The programs with capabilities (capabilities(7)), the interpreter among them.
    pub capable: BTreeSet<RealPath>,
    /// The ELF files of the environment.
    pub natives: Vec<Native>,
    /// Everything that files of the environment open at run time, by file and by what is opened.
    pub opened: Vec<Opened>,
    /// What observed runs opened; `None` without a record.
    pub observed: Option<ObservedRuns>,
    /// The files and links outside of the environment that the user names, sorted.
    pub included: Vec<CarriableFile>,
    /// ELF files of the environment that the loader cannot load: cut short, for another machine, or without a
    /// library that they need.
    pub not_loadable: BTreeSet<RealPath>,
    /// Symbols that no loaded file defines, by the file that needs them. Empty unless the scope includes them.
    pub unbound: NotLoadable,
    /// The names beside their own that ELF files of the environment answer to (`DT_SONAME`); empty with musl.
    pub sonames: BTreeMap<RealPath, String>,
    /// The absolute elements of the run paths of ELF files, each with the directory that it leads to.
    pub absolute_run_paths: BTreeMap<RealPath, BTreeMap<String, RealPath>>,
    /// The program of the interpreter and the extension modules of its standard library.
    pub interpreter_natives: Vec<Native>,
    /// The same files, and all libraries that they load.
    pub interpreter_files: BTreeSet<RealPath>,
    /// The newest version of glibc that an ELF file needs, as (major, minor): for the files of the
    /// environment, of the interpreter, and all libraries that they load.
    pub glibc_needs: BTreeMap<RealPath, (u32, u32)>,
    /// The symbols of musl that each of these files needs. Empty unless the scope includes them.
    pub musl_needs: BTreeMap<RealPath, BTreeSet<String>>,
    /// The sizes of the libraries that were found, in bytes.
    pub library_sizes: BTreeMap<RealPath, u64>,
    /// Those of them that may be executed.
    pub executables: BTreeSet<RealPath>,
    /// Files that no package owns and that tell the loader where to search.
    pub loader_configuration: Vec<RealPath>,
    /// The directories that the loader searches without any configuration.
    pub default_directories: Vec<RealPath>,
    /// The installed OS packages.
    pub packages: PackageIndex,
    /// A prefix that neither a base image nor its package manager has: that of conda, or of an
    /// interpreter that uv or pyenv installed.
    pub own_prefix: Option<RealPath>,
    /// The files outside of the environment that a bundle may contain. Empty unless the scope
    /// includes them.
    pub carriable: Carriable,
    /// The texts that tell other programs where the environment is, by path.
    pub descriptions: BTreeMap<RealPath, String>,
    /// The data and plugins of the needed libraries that no package owns, by library.
    pub beside: BTreeMap<RealPath, Beside>,
    /// The tests and type stubs that source files refer to.
    pub mentions: Mentions,
    /// The programs that scripts start, by the name that the script has for them. A program that is
    /// not in the root is absent.
    pub programs: BTreeMap<String, Program>,
    /// The findings of the reading.
    pub findings: Vec<Finding>,
}

impl Inventory {
    /// Only programs have capabilities.
    fn find_capable(&self, root: &Root) -> BTreeSet<RealPath> {
        let programs = self.files.iter().filter(|file| file.elf);
        let interpreter = &self.environment.interpreter.executable;
        let paths = programs.map(|file| &file.path).chain([interpreter]);
        paths.filter(|path| root.has_capabilities(path).unwrap_or(false)).cloned().collect()
    }

    /// The package that owns the interpreter.
    pub fn interpreter_package(&self) -> Option<&Package> {
        self.packages
            .owner(&self.environment.interpreter.executable)
            .map(|index| &self.packages[index])
    }

    /// Whether a package manager of the system owns libraries of the interpreter. Otherwise nothing follows from
    /// a library without an owner.
    pub fn owners_are_known(&self) -> bool {
        let system = |index: usize| self.packages[index].in_prefix.is_none();
        self.interpreter_files.iter().filter_map(|path| self.packages.owner(path)).any(system)
    }

    /// Whether the interpreter is in a prefix of its own. It is then bundled, unless the final root
    /// has another.
    pub fn stands_alone(&self) -> bool {
        self.own_prefix
            .as_ref()
            .is_some_and(|prefix| self.environment.interpreter.executable.below(prefix).is_some())
    }

    /// A finding for each distribution with recorded files that do not exist, of those for which `counts`
    /// holds.
    pub fn missing_files(
        &self,
        severity: Severity,
        counts: impl Fn(usize) -> bool,
    ) -> impl Iterator<Item = Finding> {
        let mut missing: BTreeMap<usize, Vec<&RealPath>> = BTreeMap::new();
        for (distribution, path) in self.missing.iter().filter(|(index, _)| counts(*index)) {
            missing.entry(*distribution).or_default().push(path);
        }
        missing.into_iter().map(move |(distribution, paths)| {
            let name = &self.distributions[distribution].name;
            let message = |number: &str, first: &str| {
                format!("RECORD names {number} that cannot be found: {first}")
            };
            Finding::of_files(severity, Code::MissingFile, name, paths.into_iter(), message)
        })
    }

    /// The newest version of glibc that one of these files needs, and that file.
    pub fn newest_glibc<'a>(
        &self,
        files: impl Iterator<Item = &'a RealPath>,
    ) -> Option<((u32, u32), &'a RealPath)> {
        files.filter_map(|path| Some((*self.glibc_needs.get(path)?, path))).max()
    }

    /// The OS packages that own files of the environment below a directory.
    pub fn packages_below(&self, directory: &RealPath) -> BTreeSet<usize> {
        let first = self.files.partition_point(|file| file.path < *directory);
        let files = self.files[first..].iter().map(|file| &file.path);
        files
            .take_while(|path| path.as_str().starts_with(directory.as_str()))
            .filter(|path| path.below(directory).is_some())
            .filter(|path| self.packages.in_prefix(path).is_none())
            .filter_map(|path| self.packages.owner(path))
            .collect()
    }
}

/// The files that are read in addition to the environment and the libraries it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The files of packages that may be bundled. Those of conda are always included.
    pub packages: bool,
    /// The files of the interpreter, which may be bundled.
    pub interpreter: bool,
    /// Only the libraries that the loader demands: nothing looks for what code opens or mentions.
    pub natives_only: bool,
    /// The symbols that files need of musl, because the final root may have an older one.
    pub musl: bool,
    /// The symbols that the builder itself cannot bind, because `verify` must not deny them.
    pub symbols: bool,
    /// Files and directories that the user wants to bundle.
    pub included: Vec<RealPath>,
    /// The records of runs in the builder.
    pub observed: Vec<Record>,
    /// The directories of the builder's `LD_LIBRARY_PATH`.
    pub library_path: Vec<String>,
}

/// Reads the root. `named` is the environment as typed; `surroundings` lead to one if that is empty.
///
/// # Errors
/// No environment is found, or it cannot be read.
pub fn take_inventory(
    root: &Root,
    named: &[String],
    surroundings: &Surroundings,
    scope: Scope,
) -> Result<Inventory, EnvironmentError> {
    let mut findings = Vec::new();
    let library = Library::new(root);
    let environment = python::find_environment(root, &library, named, surroundings, &mut findings)?;
    Ok(take_inventory_of(&library, environment, scope, findings))
}

/// Reads the root around an environment that is already known. `findings` are continued.
pub fn take_inventory_of(
    library: &Library,
    environment: Environment,
    scope: Scope,
    mut findings: Vec<Finding>,
) -> Inventory {
    let root = library.root();
    let mut prefixes = vec![environment.interpreter.prefix.clone()];
    prefixes.extend(environment.parts.iter().map(|part| part.prefix.clone()));
    prefixes.sort();
    prefixes.dedup();
    // The databases of a big root take as long to read as the environment, and are independent of
    // it.
    let (index, read) = rayon::join(
        || PackageIndex::read(root, &prefixes),
        || environment_files(root, environment, !scope.natives_only),
    );
    let (packages, problems) = index;
    findings.extend(problems);
    let EnvironmentFiles {
        environment,
        distributions,
        path_files,
        leads,
        reader,
        files,
        findings: problems,
    } = read;
    findings.extend(problems);
    let Files { all: files, missing, recorded, behind_links } = files;
    let release = root.release().unwrap_or_default();
    let mut inventory = Inventory {
        release,
        natives: Vec::new(),
        opened: Vec::new(),
        observed: None,
        included: Vec::new(),
        not_loadable: BTreeSet::new(),
        unbound: NotLoadable::new(),
        sonames: BTreeMap::new(),
        absolute_run_paths: BTreeMap::new(),
        interpreter_natives: Vec::new(),
        interpreter_files: BTreeSet::new(),
        glibc_needs: BTreeMap::new(),
        musl_needs: BTreeMap::new(),
        library_sizes: BTreeMap::new(),
        executables: BTreeSet::new(),
        loader_configuration: Vec::new(),
        default_directories: Vec::new(),
        own_prefix: own_prefix(&environment, &packages),
        environment,
        distributions,
        path_files,
        leads,
        files,
        missing,
        recorded,
        capable: BTreeSet::new(),
        packages,
        carriable: Carriable::default(),
        beside: BTreeMap::new(),
        descriptions: BTreeMap::new(),
        mentions: Mentions::default(),
        programs: BTreeMap::new(),
        findings,
    };
    inventory.adopt(&reader);
    inventory.follow_links(&reader, &behind_links);
    inventory.find_programs(root);
    inventory.capable = inventory.find_capable(root);
    if !scope.natives_only {
        inventory.descriptions = inventory.read_descriptions(root);
    }
    let sources = inventory.collect_sources();
    inventory.resolve(library, &scope, &sources);
    let of_conda = inventory.packages.iter().any(|(_, package)| package.in_prefix.is_some());
    let foreign = inventory.packages.iter().any(|(_, package)| package.foreign.is_some());
    if scope.packages
        || of_conda
        || foreign
        || (scope.interpreter && inventory.own_prefix.is_some())
    {
        inventory.read_carriable(root, &scope);
    }
    inventory.findings.extend(report_failures(root));
    inventory.findings.sort();
    inventory.findings.dedup();
    inventory
}

/// The contents of the environment, before any library is resolved.
struct EnvironmentFiles<'a> {
    environment: Environment,
    distributions: Vec<Distribution>,
    path_files: Vec<PathFile>,
    leads: BTreeSet<RealPath>,
    reader: FileReader<'a>,
    files: Files,
    findings: Vec<Finding>,
}

/// Reads the environment; `with_sources` also what its code opens and mentions.
fn environment_files(
    root: &Root,
    mut environment: Environment,
    with_sources: bool,
) -> EnvironmentFiles<'_> {
    let mut findings = Vec::new();
    let mut distributions = Vec::new();
    let sites =
        environment.parts.iter().flat_map(|part| part.sites.iter().map(|site| (site, &part.kind)));
    for (site, kind) in sites {
        let (found, problems) = python::read_distributions(root, site, kind);
        distributions.extend(found);
        findings.extend(problems);
    }
    let path_files = python::read_path_files(root, &environment);
    let Editable { parts, leads } =
        python::find_editable(root, &environment, &path_files, &mut distributions, &mut findings);
    environment.parts.extend(parts);
    let sources = with_sources.then(|| {
        SourceReader::new(modules_of_setuptools(root, &environment.interpreter, &distributions))
    });
    let reader = FileReader { root, sources };
    let files = files::read_files(&reader, &environment, &distributions, &mut findings);
    EnvironmentFiles { environment, distributions, path_files, leads, reader, files, findings }
}

/// The prefix of conda, or that of the interpreter if neither a package nor a base image has it.
/// Images have their interpreter in /usr or /usr/local.
fn own_prefix(environment: &Environment, packages: &PackageIndex) -> Option<RealPath> {
    let interpreter = &environment.interpreter;
    let of_conda: BTreeSet<&RealPath> = packages
        .iter()
        .filter_map(|(_, package)| package.in_prefix.as_ref())
        .map(|own| &own.prefix)
        .collect();
    let mut prefixes = std::iter::once(&interpreter.prefix)
        .chain(environment.parts.iter().map(|part| &part.prefix));
    let unowned = packages.owner(&interpreter.executable).is_none()
        && !["/", "/usr", "/usr/local"].contains(&interpreter.prefix.as_str());
    prefixes
        .find(|prefix| of_conda.contains(prefix))
        .or_else(|| unowned.then_some(&interpreter.prefix))
        .cloned()
}
