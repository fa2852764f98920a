//! Every ELF file of the environment, with all libraries that it needs, as the root's own loader
//! finds them.
//!
//! Invariant: a file that cannot be followed is a finding, and the others still count.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::need::{Native, NativeKind, Need, NeedOutcome};
use super::sources::Sources;
use super::unbound::find_unbound;
use super::{Inventory, Scope};
use crate::elf;
use crate::finding::{Code, Finding, Severity};
use crate::loader::{self, Identity, Libc, Library, Load, Loader, Outcome};
use crate::path::{RealPath, WrittenPath};
use crate::python;
use crate::root::{Entry, Kind, Root, RootError};

impl Inventory {
    /// Follows the needs of every ELF file.
    pub(super) fn resolve(&mut self, library: &Library, scope: &Scope, sources: &Sources) {
        let interpreter = self.environment.interpreter.clone();
        let loader = interpreter
            .facts
            .loader
            .as_deref()
            .and_then(|path| loader::choose_loader(library.root(), path, interpreter.machine));
        let Some(loader) = loader else { return };
        let loader = loader::with_library_path(loader, &scope.library_path);
        let loader = loader.as_ref();
        (self.interpreter_natives, self.interpreter_files) =
            of_interpreter(library, loader, &interpreter);
        let elf_files: Vec<RealPath> =
            self.files.iter().filter(|file| file.elf).map(|file| file.path.clone()).collect();
        let looked: Vec<(RealPath, Looked)> = elf_files
            .par_iter()
            .map(|path| (path.clone(), self.native(library, loader, path)))
            .collect();
        let mut foreign = Vec::new();
        for (path, looked) in looked {
            match looked {
                Looked::Native(native) => self.natives.push(native),
                Looked::Nothing => {}
                Looked::Corrupt(finding) => {
                    self.not_loadable.insert(path);
                    self.findings.push(finding);
                }
                Looked::Foreign(one) => {
                    if one.is_module {
                        self.not_loadable.insert(path.clone());
                    }
                    foreign.push((path, one));
                }
            }
        }
        self.judge_foreign(foreign);
        self.only_reached(&elf_files);
        if loader.identity() == Identity::AllNames {
            let soname = |path: &RealPath| {
                library.read(path).ok()?.as_ref().as_ref().ok()?.as_ref()?.soname.clone()
            };
            self.sonames =
                elf_files.iter().filter_map(|path| Some((path.clone(), soname(path)?))).collect();
        }
        self.find_elsewhere(library.root());
        let failing = self.natives.iter().filter(|native| !native.is_loadable());
        self.not_loadable.extend(failing.map(|native| native.path.clone()).collect::<Vec<_>>());
        if !scope.natives_only {
            self.find_opened(library, loader, sources, scope);
            self.look_beside(library, loader);
        }
        let found: BTreeSet<RealPath> = self
            .loadings()
            .flat_map(|loading| loading.needs)
            .filter_map(|need| Some(need.found()?.0.clone()))
            .collect();
        for path in &found {
            if let Ok(Some(meta)) = library.root().lookup(path) {
                self.library_sizes.insert(path.clone(), meta.size);
                if meta.mode & 0o111 != 0 {
                    self.executables.insert(path.clone());
                }
            }
        }
        let objects = self.natives.iter().map(|native| &native.path).chain(&found);
        let objects: BTreeSet<&RealPath> = objects.chain(&self.interpreter_files).collect();
        self.absolute_run_paths = objects
            .iter()
            .copied()
            .chain(&elf_files)
            .map(|path| (path.clone(), absolute_run_path(library, path)))
            .filter(|(_, elements)| !elements.is_empty())
            .collect();
        self.glibc_needs = objects
            .iter()
            .filter_map(|path| Some(((*path).clone(), glibc_need(library, path)?)))
            .collect();
        if scope.symbols {
            let own = interpreter.facts.loader.as_deref().map(WrittenPath::new);
            let own =
                own.and_then(|path| library.root().resolve(&path).ok()?).map(|found| found.path);
            let program = &interpreter.executable;
            self.unbound = find_unbound(library, loader, program, &self.natives, own.as_ref());
        }
        if let Some(musl) = loader.own_file().filter(|_| scope.musl && loader.libc() == Libc::Musl)
        {
            self.musl_needs = musl_needs(library.root(), musl, &objects);
        }
        let resolved =
            |directory: String| library.root().search(&WrittenPath::new(directory)).ok()?;
        self.default_directories = loader
            .compiled_directories()
            .into_iter()
            .filter_map(resolved)
            .map(|found| found.path)
            .collect();
        self.loader_configuration = loader
            .configuration()
            .iter()
            .filter(|path| self.packages.owner(path).is_none())
            .cloned()
            .collect();
    }

    fn native(&self, library: &Library, loader: &dyn Loader, path: &RealPath) -> Looked {
        let interpreter = &self.environment.interpreter;
        let Ok(facts) = library.read(path) else { return Looked::Nothing };
        let elf = match facts.as_ref() {
            Ok(Some(elf)) => elf,
            Ok(None) => return Looked::Nothing,
            Err(why) => {
                return Looked::Corrupt(
                    Finding::new(Severity::Warn, Code::CorruptElf, path, why.to_string())
                        .help("install the distribution that owns it again"),
                );
            }
        };
        let kind = kind_of(library.root(), elf, path, &interpreter.facts.suffixes);
        if let Some(foreign) = foreign(elf, kind, interpreter) {
            return Looked::Foreign(foreign);
        }
        if !elf.loadable {
            return Looked::Nothing;
        }
        follow(library, loader, &interpreter.executable, path, kind)
            .map_or(Looked::Nothing, Looked::Native)
    }

    /// A module for another machine is a warning: the builder cannot import it either. Other files are one of
    /// several variants as a rule, and one note for their distribution.
    fn judge_foreign(&mut self, foreign: Vec<(RealPath, Foreign)>) {
        let interpreter = &self.environment.interpreter;
        let own = |code| match code {
            Code::ForeignLibc => {
                let own = interpreter.libc.map_or("neither musl nor glibc", libc_name);
                format!("the interpreter uses {own}")
            }
            _ => format!("the interpreter is for {}", interpreter.machine.name()),
        };
        let mut groups: BTreeMap<(String, Code), (BTreeSet<String>, Vec<RealPath>)> =
            BTreeMap::new();
        let mut findings = Vec::new();
        for (path, Foreign { code, built_for, is_module }) in foreign {
            if is_module {
                let message = format!("built for {built_for}, but {}", own(code));
                let help = "install the wheel of this platform: pip install --force-reinstall";
                findings.push(Finding::new(Severity::Warn, code, &path, message).help(help));
                continue;
            }
            let owner = self.distribution_of(&path);
            let subject = owner.map_or_else(|| path.to_string(), |one| one.name.clone());
            let (machines, paths) = groups.entry((subject, code)).or_default();
            machines.insert(built_for);
            paths.push(path);
        }
        for ((subject, code), (machines, paths)) in groups {
            let machines: Vec<String> = machines.into_iter().collect();
            let finding =
                Finding::of_files(Severity::Note, code, subject, paths.iter(), |number, first| {
                    let verb = if paths.len() == 1 { "is" } else { "are" };
                    let machines = machines.join(", ");
                    format!(
                        "{number} of it {verb} built for {machines}, but {}: {first}",
                        own(code)
                    )
                });
            findings.push(finding.help("the right variant has to be there too"));
        }
        self.findings.extend(findings);
    }

    /// A library of a wheel is judged together with the module that loads it: alone it lacks the
    /// inherited run paths.
    fn only_reached(&mut self, elf_files: &[RealPath]) {
        let inside: BTreeSet<&RealPath> = elf_files.iter().collect();
        let mut reached: BTreeSet<RealPath> = BTreeSet::new();
        for native in self.natives.iter().filter(|native| native.kind != NativeKind::Library) {
            reached.extend(native.needs.iter().filter_map(|need| match &need.outcome {
                NeedOutcome::Library { path, .. } if inside.contains(path) => Some(path.clone()),
                _ => None,
            }));
        }
        self.natives
            .retain(|native| native.kind != NativeKind::Library || !reached.contains(&native.path));
    }
}

/// The absolute elements of the run path of a file that lead to a directory.
fn absolute_run_path(library: &Library, path: &RealPath) -> BTreeMap<String, RealPath> {
    let Ok(facts) = library.read(path) else { return BTreeMap::new() };
    let Ok(Some(elf)) = facts.as_ref() else { return BTreeMap::new() };
    let text = elf.runpath.as_ref().or(elf.rpath.as_ref()).map(String::as_str).unwrap_or_default();
    let elements = text.split(':').filter(|element| element.starts_with('/'));
    let leads_to = |element| library.root().search(&WrittenPath::new(element)).ok()?;
    elements
        .filter_map(|element| Some((element.to_owned(), leads_to(element)?)))
        .filter(|(_, found)| found.meta.kind == Kind::Directory)
        .map(|(element, found)| (element, found.path))
        .collect()
}

/// The newest `GLIBC_2.x` that a file needs, as (major, minor).
fn glibc_need(library: &Library, path: &RealPath) -> Option<(u32, u32)> {
    let facts = library.read(path).ok()?;
    let elf = facts.as_ref().as_ref().ok()?.as_ref()?;
    elf.version_needs.iter().filter_map(|need| glibc_version(&need.version)).max()
}

/// The symbols that each file needs and musl defines, even if another library defines them, too.
fn musl_needs(
    root: &Root,
    musl: &RealPath,
    objects: &BTreeSet<&RealPath>,
) -> BTreeMap<RealPath, BTreeSet<String>> {
    let own = loader::read_symbols(root, musl);
    let needs = |path: &RealPath| {
        let undefined =
            loader::read_symbols(root, path).undefined.into_iter().map(|reference| reference.name);
        (path.clone(), undefined.filter(|name| own.defines(name)).collect())
    };
    objects.par_iter().map(|path| needs(path)).collect()
}

fn glibc_version(version: &str) -> Option<(u32, u32)> {
    // Relative relocations in their short form; glibc 2.36 was the first to apply them.
    if version == "GLIBC_ABI_DT_RELR" {
        return Some((2, 36));
    }
    let mut numbers =
        version.strip_prefix("GLIBC_")?.split('.').map_while(|number| number.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

fn kind_of(root: &Root, elf: &elf::Elf, path: &RealPath, suffixes: &[String]) -> NativeKind {
    let name = path.name();
    let stem = name.split('.').next().unwrap_or_default();
    if elf.interpreter.is_some() && !name.contains(".so") {
        return NativeKind::Program;
    }
    let suffix = suffixes.iter().find(|suffix| name.strip_suffix(suffix.as_str()) == Some(stem));
    let in_libs = path.parent().is_some_and(|parent| parent.name().ends_with(".libs"));
    match suffix.filter(|_| !in_libs) {
        // Any library may be called so; a name with the tag of an interpreter is one of its modules.
        Some(suffix) if suffix == ".so" && !makes_module(root, path, stem) => NativeKind::Library,
        Some(_) => NativeKind::Module,
        None => NativeKind::Library,
    }
}

/// Whether a file has the function that `import` calls: `PyInit_NAME`, or `PyInitU_` with the name in
/// punycode (PEP 489).
fn makes_module(root: &Root, path: &RealPath, name: &str) -> bool {
    let symbols = loader::read_symbols(root, path);
    symbols.defines(&format!("PyInit_{name}"))
        || (!name.is_ascii() && symbols.names().any(|symbol| symbol.starts_with("PyInitU_")))
}

/// The kinds of files that the reading of an environment finds.
enum Looked {
    Native(Native),
    /// Nothing that a loader would load, or nothing that can be read.
    Nothing,
    Corrupt(Finding),
    Foreign(Foreign),
}

/// A file for another processor or C library.
struct Foreign {
    code: Code,
    built_for: String,
    is_module: bool,
}

fn foreign(elf: &elf::Elf, kind: NativeKind, interpreter: &python::Interpreter) -> Option<Foreign> {
    let is_module = kind == NativeKind::Module;
    if elf.machine != interpreter.machine {
        let built_for = elf.machine.name();
        return Some(Foreign { code: Code::ForeignArchitecture, built_for, is_module });
    }
    let libc = elf.needed.iter().find_map(|name| Libc::of_needed(name))?;
    let wrong = interpreter.libc.is_some_and(|own| own != libc);
    let built_for = libc_name(libc).to_owned();
    wrong.then_some(Foreign { code: Code::ForeignLibc, built_for, is_module })
}

fn libc_name(libc: Libc) -> &'static str {
    if libc == Libc::Musl { "musl" } else { "glibc" }
}

/// A library, loaded alone into the program.
pub fn follow_library(
    library: &Library,
    loader: &dyn Loader,
    program: &RealPath,
    path: &RealPath,
) -> Result<Native, RootError> {
    follow(library, loader, program, path, NativeKind::Library)
}

pub(super) fn follow(
    library: &Library,
    loader: &dyn Loader,
    program: &RealPath,
    path: &RealPath,
    kind: NativeKind,
) -> Result<Native, RootError> {
    let load = loader::load(loader, library, kind.start(program, path))?;
    let object = load.objects.get(load.start);
    let version_needs = object.map(|object| object.elf.version_needs.clone()).unwrap_or_default();
    Ok(Native { path: path.clone(), kind, version_needs, needs: needs_of(&load) })
}

/// The needs of the object that was loaded, and of everything that is loaded with it.
pub(super) fn needs_of(load: &Load) -> Vec<Need> {
    let own = load.edges.iter().filter(|edge| edge.from >= load.start);
    own.map(|edge| {
        let outcome = match edge.outcome.clone() {
            Outcome::BuiltIn => NeedOutcome::BuiltIn,
            Outcome::Loaded { object, rule, links } => {
                NeedOutcome::Library { path: load.objects[object].real.clone(), links, rule }
            }
            Outcome::Foreign { path } => NeedOutcome::Foreign { path },
            Outcome::Broken { path, why } => NeedOutcome::Broken { path, why },
            Outcome::Missing { tried } => NeedOutcome::Missing { tried, elsewhere: Vec::new() },
        };
        Need { by: load.objects[edge.from].real.clone(), name: edge.name.clone(), outcome }
    })
    .collect()
}

/// The program and the extension modules of its standard library, with all libraries that they
/// load. An image with this interpreter has these, too. `_tkinter` is left out: docker-library's
/// slim images do not contain Tk.
fn of_interpreter(
    library: &Library,
    loader: &dyn Loader,
    interpreter: &python::Interpreter,
) -> (Vec<Native>, BTreeSet<RealPath>) {
    let program = &interpreter.executable;
    let listed = library.root().list(&interpreter.stdlib.join("lib-dynload")).into_iter().flatten();
    let wanted =
        |entry: &Entry| entry.meta.kind == Kind::File && !entry.path.name().starts_with("_tkinter");
    let mut all: Vec<(RealPath, NativeKind)> =
        listed.filter(wanted).map(|entry| (entry.path, NativeKind::Module)).collect();
    all.push((program.clone(), NativeKind::Program));
    let loads: Vec<(RealPath, NativeKind, Load)> = all
        .into_par_iter()
        .filter_map(|(path, kind)| {
            let load = loader::load(loader, library, kind.start(program, &path)).ok()?;
            Some((path, kind, load))
        })
        .collect();
    let files = loads
        .iter()
        .flat_map(|(_, _, load)| &load.objects)
        .map(|object| object.real.clone())
        .collect();
    // A file that is no object of this machine has no needs: the builder cannot load it either.
    let native = |(path, kind, load): (RealPath, NativeKind, Load)| {
        let own = load.objects.get(load.start)?;
        let version_needs = own.elf.version_needs.clone();
        Some(Native { path, kind, version_needs, needs: needs_of(&load) })
    };
    (loads.into_iter().filter_map(native).collect(), files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_glibc() {
        for (version, expect) in [
            ("GLIBC_2.34", Some((2, 34))),
            ("GLIBC_2.2.5", Some((2, 2))),
            ("GLIBC_ABI_DT_RELR", Some((2, 36))),
            ("GLIBC_PRIVATE", None),
            ("GLIBCXX_3.4", None),
        ] {
            assert_eq!(glibc_version(version), expect, "{version}");
        }
    }
}
