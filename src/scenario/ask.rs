//! The request, in the words of the command line.
//!
//! Invariant: an option means here what it means to `wheelbarrow bundle`; one that is not known
//! panics.

use crate::base::{self, Profile};
use crate::evidence::{Observed, RECORD_SCHEMA, Record};
use crate::inventory::Scope;
use crate::path::RealPath;
use crate::plan::{FinalStage, LayerForm, LayerRequest, NativeMode, Request, Shebang, SlimKind};
use crate::python::{Surroundings, parse_requirement};

/// The environments that are named, and the request.
pub(crate) struct Asked {
    pub(crate) named: Vec<String>,
    pub(crate) request: Request,
    /// The variables of the builder stage among the words: `VIRTUAL_ENV=/venv`, and `PWD=/app` for its
    /// working directory.
    pub(crate) surroundings: Surroundings,
    /// The directories of `LD_LIBRARY_PATH=…`, another of them.
    library_path: Vec<String>,
    /// The paths of `--include`.
    included: Vec<RealPath>,
    /// The records of `--observed PATH[=PROGRAM,…]`: a file, and the row of programs that opened it;
    /// without one, the Python of most tables.
    observed: Vec<Record>,
}

impl Asked {
    /// Reads the words; `base` is the profile of a final root that is there to be read.
    pub(crate) fn parse(words: &str, base: Option<Profile>) -> Asked {
        let mut request = Request { base, ..Request::new(RealPath::known("/opt/app")) };
        let (mut named, mut library_path, mut included) = (Vec::new(), Vec::new(), Vec::new());
        let mut observed = Vec::new();
        let mut surroundings = Surroundings::default();
        let mut words = words.split_whitespace();
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap_or_else(|| panic!("{word} wants a value"));
            match word {
                "--prefix" => request.prefix = RealPath::known(value()),
                "--from" => request.from = Some(value().parse().expect("an image")),
                "--interpreter" => request.interpreter = Some(RealPath::known(value())),
                "--with-interpreter" => request.with_interpreter = true,
                "--require" => {
                    request.requirements.push(parse_requirement(value()).expect("a requirement"))
                }
                "--project" => {
                    request.projects.push(parse_requirement(value()).expect("a requirement"))
                }
                "--package" => drop(request.packages.insert(value().to_owned())),
                "--exclude" => drop(request.excluded.insert(value().to_owned())),
                "--include" => included.push(RealPath::known(value())),
                "--python" => surroundings.python = Some(value().to_owned()),
                "--observed" => observed.push(record(value())),
                "--pin" => request.pin = true,
                "--so-names" => request.so_names = true,
                "--compile" => request.compile = true,
                "--explicit" => request.final_stage = FinalStage::Explicit,
                "--base" => request.base = Some(base::find(value()).expect("a shipped profile")),
                "--shebang" => request.shebang = Some(shebang(value())),
                "--native" => request.native = native(value()),
                "--slim" => request.slim.extend(slim(value())),
                "--layers" => layers(&mut request).budget = value().parse().expect("a number"),
                // Bytes here: no file of a table has megabytes.
                "--layer-cap" => layers(&mut request).cap = value().parse().expect("a number"),
                "--max-size" => request.max_size = Some(value().parse().expect("a number")),
                "--slots" => {
                    let request = layers(&mut request);
                    request.budget = value().parse().expect("a number");
                    request.form = LayerForm::Slots;
                }
                "--layer" => {
                    let (name, members) = value().split_once('=').expect("NAME=MEMBER,…");
                    let members = members.split(',').map(str::to_owned).collect();
                    layers(&mut request).groups.push((name.to_owned(), members));
                }
                path if path.starts_with('/') => named.push(path.to_owned()),
                other => match other.split_once('=') {
                    Some(("LD_LIBRARY_PATH", value)) => {
                        library_path.extend(value.split(':').map(str::to_owned));
                    }
                    Some((name, value)) => set(&mut surroundings, name, value),
                    None => panic!("{other} is no option that a table knows"),
                },
            }
        }
        if request.with_interpreter {
            request.base.get_or_insert_with(Profile::empty);
        }
        Asked { named, request, surroundings, library_path, included, observed }
    }

    /// How far a plan of this request has to look.
    pub(crate) fn scope(&self) -> Scope {
        let base = self.request.base.as_ref();
        Scope {
            packages: self.request.may_carry(),
            interpreter: self.request.interpreter.is_none(),
            musl: base.is_some_and(|base| !base.libc_symbols.is_empty()),
            natives_only: false,
            symbols: true,
            included: self.included.clone(),
            observed: self.observed.clone(),
            library_path: self.library_path.clone(),
        }
    }
}

fn record(value: &str) -> Record {
    let (path, row) = value.split_once('=').unwrap_or((value, "/usr/local/bin/python3.11"));
    Record {
        schema: RECORD_SCHEMA,
        command: Vec::new(),
        directory: "/src".to_owned(),
        rows: vec![row.split(',').map(str::to_owned).collect()],
        opened: vec![Observed { path: path.to_owned(), by: vec![0] }],
        started: Vec::new(),
        unseen: Vec::new(),
    }
}

fn set(surroundings: &mut Surroundings, name: &str, value: &str) {
    let one = Some(value.to_owned());
    match name {
        "VIRTUAL_ENV" => surroundings.virtual_env = one,
        "UV_PROJECT_ENVIRONMENT" => surroundings.uv_project_environment = one,
        "CONDA_PREFIX" => surroundings.conda_prefix = one,
        "PATH" => surroundings.search_path = value.split(':').map(str::to_owned).collect(),
        "PWD" => surroundings.directory = one,
        "HOME" => surroundings.home = one,
        other => panic!("{other} is no variable that a table knows"),
    }
}

fn shebang(value: &str) -> Shebang {
    match value {
        "relocatable" => Shebang::Relocatable,
        "absolute" => Shebang::Absolute,
        other => panic!("--shebang {other}"),
    }
}

fn native(value: &str) -> NativeMode {
    match value {
        "auto" => NativeMode::Auto,
        "packages" => NativeMode::Packages,
        "vendor" => NativeMode::Vendor,
        other => panic!("--native {other}"),
    }
}

fn slim(value: &str) -> Option<SlimKind> {
    Some(match value {
        "tests" => SlimKind::Tests,
        "stubs" => SlimKind::Stubs,
        "headers" => SlimKind::Headers,
        "static" => SlimKind::Static,
        "strip" => SlimKind::Strip,
        other => panic!("--slim {other}"),
    })
}

fn layers(request: &mut Request) -> &mut LayerRequest {
    request.layers.get_or_insert(LayerRequest {
        budget: 20,
        cap: 1 << 30,
        groups: Vec::new(),
        form: LayerForm::Named,
    })
}
