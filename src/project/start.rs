//! The command that starts the program, by what the project declares and what its source defines.
//!
//! Invariant: a command has its evidence; where there is none, or more than one program is as
//! likely, the
//! answer is [`Start::Unknown`] with what was found.

use super::facts::Project;
use super::source::{Application, Kind, Module};
use crate::python::normalised_name;

/// Where servers listen.
const PORT: u16 = 8000;

/// The decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// A command.
    Found(Command),
    /// None; what the user has to know to write it, a line each.
    Unknown {
        /// What was found, if anything.
        found: Vec<String>,
        /// A command as an example.
        example: Vec<String>,
    },
}

/// A command with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// The words of CMD.
    pub words: Vec<String>,
    /// Where it comes from, a line each.
    pub because: Vec<String>,
    /// The port that it listens on.
    pub port: Option<u16>,
    /// It needs files that installing the project does not install.
    pub needs_source: bool,
    /// Its module is below `src/`.
    pub in_src: bool,
}

/// A rule answers, or adds why it cannot to the lines for the user.
type Rule = fn(&Project, &mut Vec<String>) -> Option<Command>;

/// Decides; the first rule that has an answer decides.
pub(super) fn decide(project: &Project) -> Start {
    let mut found = Vec::new();
    let rules: [Rule; 5] = [by_script, by_django, by_application, by_package, by_file];
    match rules.into_iter().find_map(|rule| rule(project, &mut found)) {
        Some(command) => Start::Found(command),
        None => Start::Unknown { found, example: example(project) },
    }
}

fn command(words: &[&str], because: String) -> Command {
    Command {
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        because: vec![because],
        port: None,
        needs_source: false,
        in_src: false,
    }
}

fn name(project: &Project) -> Option<&str> {
    project.manifest.as_ref()?.name.as_deref()
}

fn example(project: &Project) -> Vec<String> {
    let scripts = project.manifest.iter().flat_map(|manifest| &manifest.scripts);
    if let Some(script) = scripts.into_iter().next() {
        return vec![script.clone()];
    }
    let package =
        name(project).map_or("your_package".to_owned(), |it| normalised_name(it).replace('-', "_"));
    ["python", "-m", &package].map(str::to_owned).to_vec()
}

/// The only script, or the one that is called like the project.
fn by_script(project: &Project, found: &mut Vec<String>) -> Option<Command> {
    let manifest = project.manifest.as_ref()?;
    let table = manifest.scripts_table;
    let own = name(project).map(normalised_name);
    let named = |script: &&String| Some(normalised_name(script)) == own;
    if let [only] = &manifest.scripts[..] {
        return Some(command(&[only], format!("the only script of {table}")));
    }
    if let Some(script) = manifest.scripts.iter().find(named) {
        return Some(command(&[script], format!("the script of {table} called like the project")));
    }
    if !manifest.scripts.is_empty() {
        found.push(format!("{table} has several scripts: {}", manifest.scripts.join(", ")));
    }
    None
}

/// Every application of a kind, the most telling file first.
fn applications(project: &Project, kinds: &[Kind]) -> Vec<(Module, Application)> {
    let all = project.modules.iter().flat_map(|module| {
        module.applications.iter().map(move |application| (module.clone(), application.clone()))
    });
    let mut all: Vec<_> =
        all.filter(|(_, application)| kinds.contains(&application.kind)).collect();
    // A variable is ready; a function that makes one comes second.
    all.sort_by_key(|(_, application)| application.is_factory);
    all
}

/// Django: the server's application of the package that `manage.py` names.
fn by_django(project: &Project, found: &mut Vec<String>) -> Option<Command> {
    if !project.requires("django") {
        return None;
    }
    let settings = project.django_settings.as_deref();
    let package = settings.and_then(|it| it.split(".settings").next());
    let of = |kind: Kind| {
        let all = applications(project, &[kind]);
        let named = |(module, _): &&(Module, Application)| {
            package.is_none_or(|package| {
                module.name.rsplit_once('.').is_some_and(|it| it.0 == package)
            })
        };
        all.iter().find(named).cloned()
    };
    for (kind, servers) in
        [(Kind::DjangoWsgi, &WSGI_SERVERS[..]), (Kind::DjangoAsgi, &ASGI_SERVERS[..])]
    {
        let server = servers.iter().find(|server| project.requires(server.name));
        if let (Some(server), Some((module, application))) = (server, of(kind)) {
            return Some(serve(server, &module, &application));
        }
    }
    let Some(settings) = settings else {
        found.push("Django is required, but no manage.py names its settings".to_owned());
        return None;
    };
    let address = format!("0.0.0.0:{PORT}");
    let words =
        ["python", "-m", "django", "runserver", "--noreload", "--settings", settings, &address];
    let mut command = command(&words, "manage.py names the settings".to_owned());
    command.because.push(
        "This is Django's development server; with gunicorn in the requirements, init takes that"
            .to_owned(),
    );
    command.port = Some(PORT);
    Some(command)
}

/// A server with the words that it takes.
struct Server {
    name: &'static str,
    before: &'static [&'static str],
    after: &'static [&'static str],
    /// How it is told that the object is a function.
    factory: Factory,
}

enum Factory {
    Call,
    Option,
}

const WSGI_SERVERS: [Server; 3] = [
    Server {
        name: "gunicorn",
        before: &["gunicorn", "--bind", "0.0.0.0:8000"],
        after: &[],
        factory: Factory::Call,
    },
    Server {
        name: "waitress",
        before: &["waitress-serve", "--listen", "0.0.0.0:8000"],
        after: &[],
        factory: Factory::Option,
    },
    Server {
        name: "uwsgi",
        before: &["uwsgi", "--http", "0.0.0.0:8000", "--module"],
        after: &[],
        factory: Factory::Call,
    },
];
const ASGI_SERVERS: [Server; 2] = [
    Server {
        name: "uvicorn",
        before: &["uvicorn", "--host", "0.0.0.0", "--port", "8000"],
        after: &[],
        factory: Factory::Option,
    },
    Server {
        name: "hypercorn",
        before: &["hypercorn", "--bind", "0.0.0.0:8000"],
        after: &[],
        factory: Factory::Call,
    },
];

fn serve(server: &Server, module: &Module, application: &Application) -> Command {
    let mut words: Vec<&str> = server.before.to_vec();
    let object = match (application.is_factory, &server.factory) {
        (true, Factory::Call) => format!("{}:{}()", module.name, application.object),
        (true, Factory::Option) => {
            let option = if server.name == "waitress" { "--call" } else { "--factory" };
            words.push(option);
            format!("{}:{}", module.name, application.object)
        }
        (false, _) => format!("{}:{}", module.name, application.object),
    };
    words.push(&object);
    words.extend(server.after);
    let makes = if application.is_factory { "makes" } else { "defines" };
    let because = format!(
        "{} {makes} the application {}; {} is in the requirements",
        module.file, application.object, server.name
    );
    Command { port: Some(PORT), ..of_module(command(&words, because), module) }
}

fn of_module(command: Command, module: &Module) -> Command {
    Command { needs_source: !module.is_packaged(), in_src: module.in_src, ..command }
}

/// An application of a web framework with a server for it; then Streamlit; then a worker of Celery.
fn by_application(project: &Project, found: &mut Vec<String>) -> Option<Command> {
    let web = applications(project, &[Kind::Flask, Kind::Asgi, Kind::Wsgi]);
    if let Some((module, application)) = web.first() {
        let servers = match application.kind {
            Kind::Asgi => &ASGI_SERVERS[..],
            _ => &WSGI_SERVERS[..],
        };
        let server = servers.iter().find(|server| project.requires(server.name));
        let mut chosen = match server {
            Some(server) => serve(server, module, application),
            None if application.kind == Kind::Flask => flask(module),
            None => {
                let names: Vec<&str> = servers.iter().map(|server| server.name).collect();
                found.push(format!(
                    "{} defines an application, but no server ({}) is in the requirements",
                    module.file,
                    names.join(", ")
                ));
                return None;
            }
        };
        let mut others: Vec<&str> = web[1..]
            .iter()
            .map(|(other, _)| other.file.as_str())
            .filter(|it| *it != module.file)
            .collect();
        others.dedup();
        if !others.is_empty() {
            chosen.because.push(format!("Other applications: {}", others.join(", ")));
        }
        return Some(chosen);
    }
    if project.requires("streamlit")
        && let Some((module, _)) = applications(project, &[Kind::Streamlit]).first()
    {
        let words =
            ["streamlit", "run", &module.file, "--server.address", "0.0.0.0", "--server.port"];
        let because = format!("{} imports Streamlit", module.file);
        let mut command = command(&words, because);
        command.words.extend([PORT.to_string(), "--server.headless".to_owned(), "true".to_owned()]);
        return Some(Command { port: Some(PORT), needs_source: true, ..command });
    }
    let (module, _) = applications(project, &[Kind::Celery]).into_iter().next()?;
    let because = format!("{} defines an application of Celery", module.file);
    Some(of_module(command(&["celery", "--app", &module.name, "worker"], because), &module))
}

/// Flask's own server finds variables and functions of the usual names by itself.
fn flask(module: &Module) -> Command {
    let words = ["flask", "--app", &module.name, "run", "--host", "0.0.0.0", "--port", "8000"];
    let because = format!("{} defines the application", module.file);
    let mut command = of_module(command(&words, because), module);
    command.because.push(
        "This is Flask's development server; with gunicorn in the requirements, init takes that"
            .to_owned(),
    );
    Command { port: Some(PORT), ..command }
}

/// The package with a `__main__.py`: the only one, or the one that is called like the project.
fn by_package(project: &Project, found: &mut Vec<String>) -> Option<Command> {
    let own = name(project).map(|it| normalised_name(it).replace('-', "_"));
    let named = |(package, _): &&(String, bool)| Some(package.to_lowercase()) == own;
    let chosen = match &project.runnable[..] {
        [only] => Some(only),
        several => several.iter().find(named),
    };
    let Some((package, in_src)) = chosen else {
        if !project.runnable.is_empty() {
            let names: Vec<&str> = project.runnable.iter().map(|(name, _)| name.as_str()).collect();
            found.push(format!("several packages have a __main__.py: {}", names.join(", ")));
        }
        return None;
    };
    let because = format!("the package {package} has a __main__.py");
    Some(Command { in_src: *in_src, ..command(&["python", "-m", package], because) })
}

/// A file of the project directory that is meant to be run.
fn by_file(project: &Project, found: &mut Vec<String>) -> Option<Command> {
    let top = || project.modules.iter().filter(|it| !it.file.contains('/'));
    let usual = ["main.py", "app.py", "run.py", "server.py"];
    let guarded: Vec<&Module> = top()
        .filter(|it| it.has_main_guard && it.file != "manage.py" && it.file != "setup.py")
        .collect();
    // A module that only defines an application ends at once.
    let runs = |it: &&Module| it.has_main_guard || it.applications.is_empty();
    let by_name = |name: &&str| top().filter(runs).find(|it| it.file == *name);
    let (module, because) = match &guarded[..] {
        [only] => (*only, "is the only file here that runs as __main__"),
        several => {
            let Some(module) = usual.iter().find_map(by_name) else {
                if !several.is_empty() {
                    let names: Vec<&str> = several.iter().map(|it| it.file.as_str()).collect();
                    found.push(format!("several files run as __main__: {}", names.join(", ")));
                }
                return None;
            };
            (module, "is the file here with the most usual name")
        }
    };
    let because = format!("{} {because}", module.file);
    Some(Command { needs_source: true, ..command(&["python", &module.file], because) })
}
