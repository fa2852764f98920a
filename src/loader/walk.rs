//! Loads a program, or a module into a program, breadth first through any [`Loader`].
//!
//! Invariant: no library stops the load. Every `DT_NEEDED` of every object becomes one [`Edge`].

use std::collections::HashMap;

use super::{After, Candidate, Failure, Identity, Library, Loader, Requester, Rule};
use crate::elf::Elf;
use crate::path::{RealPath, WrittenPath};
use crate::root::{Crossed, Kind, RootError};

/// The object to load.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// A program that the kernel starts. Its `$ORIGIN` comes from its real path.
    Program(&'a RealPath),
    /// A module that a running program opens by its path, as `import` does.
    Module {
        /// The running program, such as the interpreter.
        program: &'a RealPath,
        /// The shared object to open.
        module: &'a RealPath,
    },
}

/// A loaded object.
#[derive(Debug)]
pub struct Object {
    /// The path by which it was opened.
    pub opened: WrittenPath,
    /// The same path with all links followed.
    pub real: RealPath,
    /// The facts of the file.
    pub elf: Elf,
    needed_by: Option<usize>,
    /// Whether a search has found it.
    named: bool,
}

/// The result of the search for a needed name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The loader satisfies the name itself.
    BuiltIn,
    /// An object of the load satisfies the name.
    Loaded {
        /// Its index in [`Load::objects`].
        object: usize,
        /// The rule that found it; `None` if a loaded object had the name already.
        rule: Option<Rule>,
        /// The links on the way to its file, in order.
        links: Vec<Crossed>,
    },
    /// Every candidate that exists is for another machine.
    Foreign {
        /// The first of them.
        path: RealPath,
    },
    /// The loader picks this file and fails on it.
    Broken {
        /// The path of the candidate.
        path: String,
        /// The reason, without a subject.
        why: String,
    },
    /// No candidate exists.
    Missing {
        /// The candidates, in order.
        tried: Vec<String>,
    },
}

/// One needed name of one object.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The index of the object in [`Load::objects`].
    pub from: usize,
    /// The name as in `DT_NEEDED`.
    pub name: String,
    /// The result of the search.
    pub outcome: Outcome,
}

/// A finished load.
#[derive(Debug, Default)]
pub struct Load {
    /// The objects in load order.
    pub objects: Vec<Object>,
    /// The needed names of all objects, in load order.
    pub edges: Vec<Edge>,
    /// The index of the module, or 0 for a program.
    pub start: usize,
}

/// Loads `start` with everything that it needs.
///
/// # Errors
/// The program or the module itself cannot be opened. A library is never an error.
pub fn load(loader: &dyn Loader, library: &Library, start: Start) -> Result<Load, RootError> {
    Ok(run(loader, library, start)?.load)
}

fn run<'a>(
    loader: &'a dyn Loader,
    library: &'a Library<'a>,
    start: Start,
) -> Result<State<'a>, RootError> {
    let mut state = State { loader, library, load: Load::default(), names: HashMap::new() };
    match start {
        Start::Program(program) => state.begin(program, None)?,
        Start::Module { program, module } => {
            state.begin(program, None)?;
            // dlopen starts a new chain: on both loaders the program is the only ancestor.
            state.load.start = state.load.objects.len();
            state.begin(module, Some(0))?;
        }
    }
    Ok(state)
}

/// Opens the library `name` from `caller`, as dlopen(3) does: by the run paths of `caller` and of the
/// program, and where the loader searches. The first edge is that of `caller`; those of the library
/// and its needs follow.
///
/// # Errors
/// The program or `caller` cannot be opened.
pub fn open(
    loader: &dyn Loader,
    library: &Library,
    program: &RealPath,
    caller: &RealPath,
    name: &str,
) -> Result<Load, RootError> {
    let mut state = run(loader, library, Start::Module { program, module: caller })?;
    state.load.edges.clear();
    let (from, next) = (state.load.start, state.load.objects.len());
    if from < next {
        let outcome = state.need(from, name);
        state.load.edges.push(Edge { from, name: name.to_owned(), outcome });
        state.breadth_first(next);
    }
    Ok(state.load)
}

struct State<'a> {
    loader: &'a dyn Loader,
    library: &'a Library<'a>,
    load: Load,
    /// The objects by the names that they satisfy.
    names: HashMap<String, usize>,
}

impl State<'_> {
    fn begin(&mut self, path: &RealPath, needed_by: Option<usize>) -> Result<(), RootError> {
        if let Some(elf) = self.library.read(path)?.as_ref().as_ref().ok().and_then(Option::as_ref)
        {
            let first = self.load.objects.len();
            self.push(Object {
                opened: path.into(),
                real: path.clone(),
                elf: elf.clone(),
                needed_by,
                named: false,
            });
            self.breadth_first(first);
        }
        Ok(())
    }

    fn push(&mut self, object: Object) -> usize {
        let index = self.load.objects.len();
        if let (Identity::AllNames, Some(soname)) = (self.loader.identity(), &object.elf.soname) {
            self.names.entry(soname.clone()).or_insert(index);
        }
        self.load.objects.push(object);
        index
    }

    fn breadth_first(&mut self, first: usize) {
        let mut next = first;
        while next < self.load.objects.len() {
            for name in self.load.objects[next].elf.needed.clone() {
                let outcome = self.need(next, &name);
                self.load.edges.push(Edge { from: next, name, outcome });
            }
            next += 1;
        }
    }

    fn need(&mut self, from: usize, name: &str) -> Outcome {
        if self.loader.built_in(name) {
            return Outcome::BuiltIn;
        }
        if let Some(object) = self.names.get(name) {
            return Outcome::Loaded { object: *object, rule: None, links: Vec::new() };
        }
        let candidates = {
            let chain =
                std::iter::successors(Some(from), |index| self.load.objects[*index].needed_by);
            let chain: Vec<Requester> = chain
                .map(|index| &self.load.objects[index])
                .map(|object| Requester { opened: &object.opened, elf: &object.elf })
                .collect();
            self.loader.candidates(name, &chain)
        };
        self.search(from, name, candidates)
    }

    fn search(&mut self, from: usize, name: &str, candidates: Vec<Candidate>) -> Outcome {
        let machine = self.load.objects[from].elf.machine;
        let mut tried = Vec::new();
        let mut foreign = None;
        let mut skip: Option<Rule> = None;
        for Candidate { path, rule } in candidates {
            if skip.as_ref() == Some(&rule) {
                continue;
            }
            tried.push(path.to_string());
            let failure = match self.library.root().search(&path) {
                Ok(None) | Err(RootError::Forbidden { .. }) => Failure::Absent,
                Err(_) => Failure::System,
                Ok(Some(found)) if found.meta.kind == Kind::Directory => Failure::Broken,
                Ok(Some(found)) => match self.library.read(&found.path).as_deref() {
                    Ok(Ok(Some(elf))) if elf.machine != machine => {
                        foreign.get_or_insert(found.path);
                        Failure::Foreign
                    }
                    Ok(Ok(Some(elf))) if elf.loadable => {
                        return self.found(
                            from,
                            name,
                            path,
                            rule,
                            found.path,
                            found.links,
                            elf.clone(),
                        );
                    }
                    Err(RootError::Forbidden { .. }) => Failure::Absent,
                    _ => Failure::Broken,
                },
            };
            match self.loader.after(failure) {
                After::Next => {}
                After::NextRule => skip = Some(rule),
                After::Stop if failure == Failure::Foreign => break,
                After::Stop => {
                    return Outcome::Broken {
                        path: path.to_string(),
                        why: reason(failure).to_owned(),
                    };
                }
            }
        }
        match foreign {
            Some(path) => Outcome::Foreign { path },
            None => Outcome::Missing { tried },
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one candidate that was found")]
    fn found(
        &mut self,
        from: usize,
        name: &str,
        opened: WrittenPath,
        rule: Rule,
        real: RealPath,
        links: Vec<Crossed>,
        elf: Elf,
    ) -> Outcome {
        if self.loader.own_file() == Some(&real) {
            return Outcome::BuiltIn;
        }
        let compared = match self.loader.identity() {
            Identity::AllNames => 0,
            Identity::ShortName => 1,
        };
        // The same inode is the same object, whatever links lead to it.
        let known = self
            .load
            .objects
            .iter()
            .skip(compared)
            .position(|object| object.real == real)
            .map(|at| at + compared);
        let object = known.unwrap_or_else(|| {
            self.push(Object { opened, real, elf, needed_by: Some(from), named: false })
        });
        if !name.contains('/') {
            self.record_name(object, name);
        }
        Outcome::Loaded { object, rule: Some(rule), links }
    }

    /// Records that a search for `name` has found the object.
    fn record_name(&mut self, object: usize, name: &str) {
        let known = &mut self.load.objects[object];
        match self.loader.identity() {
            Identity::AllNames => _ = self.names.insert(name.to_owned(), object),
            Identity::ShortName if known.named => {}
            Identity::ShortName => {
                let short = known.opened.as_str().rsplit('/').next().unwrap_or_default();
                self.names.entry(short.to_owned()).or_insert(object);
            }
        }
        known.named = true;
    }
}

fn reason(failure: Failure) -> &'static str {
    match failure {
        Failure::Absent => "not there",
        Failure::System => "the system refuses the path",
        Failure::Foreign => "built for another machine",
        Failure::Broken => "not an ELF object",
    }
}
