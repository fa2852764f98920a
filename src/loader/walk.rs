//! The breadth-first load of a program or of a module into it, through any [`Loader`].
//!
//! Invariant: never aborts; every `DT_NEEDED` of every object becomes one [`Edge`].

use std::collections::HashMap;

use super::{After, Candidate, Failure, Identity, Library, Loader, Requester, Rule};
use crate::elf::Elf;
use crate::path::{RealPath, WrittenPath};
use crate::root::{Crossed, Kind, RootError};

/// What is loaded.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// A program the kernel starts: its origin is its real path.
    Program(&'a RealPath),
    /// A module that the running program opens by path, as `import` does.
    Module { program: &'a RealPath, module: &'a RealPath },
}

/// A loaded object.
#[derive(Debug)]
pub struct Object {
    /// The path it was opened by.
    pub opened: WrittenPath,
    pub real: RealPath,
    pub elf: Elf,
    needed_by: Option<usize>,
    /// Whether a search has found it.
    named: bool,
}

/// What a needed name led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The loader itself.
    BuiltIn,
    /// The object with this index, found by the rule and across the links; no rule when its name was known.
    Loaded { object: usize, rule: Option<Rule>, links: Vec<Crossed> },
    /// Every candidate that exists is for another machine.
    Foreign { path: RealPath },
    /// The loader picks this file and fails on it.
    Broken { path: String, why: String },
    /// Nowhere; with the places tried.
    Missing { tried: Vec<String> },
}

/// One needed name of one object.
#[derive(Clone, Debug)]
pub struct Edge {
    pub from: usize,
    pub name: String,
    pub outcome: Outcome,
}

/// A finished load. Objects are in load order.
#[derive(Debug, Default)]
pub struct Load {
    pub objects: Vec<Object>,
    pub edges: Vec<Edge>,
    /// Index of the module, or 0 for a program.
    pub start: usize,
}

/// Loads `start`; an error only when the program or the module itself cannot be read.
pub fn load(loader: &dyn Loader, library: &Library, start: Start) -> Result<Load, RootError> {
    let mut state = State { loader, library, load: Load::default(), names: HashMap::new() };
    match start {
        Start::Program(program) => state.begin(program, None)?,
        Start::Module { program, module } => {
            state.begin(program, None)?;
            // dlopen starts a new chain: on both loaders only the program is its ancestor.
            state.load.start = state.load.objects.len();
            state.begin(module, Some(0))?;
        }
    }
    Ok(state.load)
}

struct State<'a> {
    loader: &'a dyn Loader,
    library: &'a Library<'a>,
    load: Load,
    /// Names that loaded objects answer to.
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
            let failure = match self.library.root().resolve(&path) {
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

    #[allow(clippy::too_many_arguments, reason = "the parts of one candidate that was found")]
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
        // The same inode is the same object, by whatever link it was reached.
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
            self.answer_to(object, name);
        }
        Outcome::Loaded { object, rule: Some(rule), links }
    }

    /// A search for `name` has found the object.
    fn answer_to(&mut self, object: usize, name: &str) {
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
