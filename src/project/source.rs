//! What the source of a project can be started by: applications, `__main__`, `manage.py`.
//!
//! Only files of the usual names are read, at most two directories deep, and only lines that begin
//! at
//! the first column: what a module defines when it is imported.
//!
//! Invariant: a module's name is made of identifiers, and its file is a plain path.

use super::text::{is_identifier, is_module};

/// File names without `.py`, the most telling first.
pub(super) const STEMS: [&str; 13] = [
    "main",
    "app",
    "application",
    "wsgi",
    "asgi",
    "server",
    "api",
    "web",
    "__init__",
    "tasks",
    "celery",
    "worker",
    "streamlit_app",
];

/// Directories that hold no program.
pub(super) const PASSED_OVER: [&str; 12] = [
    "tests",
    "test",
    "docs",
    "examples",
    "build",
    "dist",
    "venv",
    "env",
    "node_modules",
    "migrations",
    "static",
    "templates",
];

/// A kind of application that a server or runner takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Flask's class.
    Flask,
    /// FastAPI, Starlette, Quart, Litestar.
    Asgi,
    /// Bottle, Falcon and others that are plain WSGI.
    Wsgi,
    /// `get_wsgi_application()` of Django.
    DjangoWsgi,
    /// `get_asgi_application()` of Django.
    DjangoAsgi,
    /// A script that imports Streamlit.
    Streamlit,
    /// Celery's class.
    Celery,
}

/// An application as a module defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// What takes it.
    pub kind: Kind,
    /// The variable, or the function that makes it.
    pub object: String,
    /// It is a function to be called.
    pub is_factory: bool,
}

/// A file of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// `shop.main`; for `shop/__init__.py` it is `shop`.
    pub name: String,
    /// `src/shop/main.py`.
    pub file: String,
    /// It is below `src/`.
    pub in_src: bool,
    /// What it defines, in the order of its lines.
    pub applications: Vec<Application>,
    /// It asks whether it is `__main__`.
    pub has_main_guard: bool,
}

impl Module {
    /// It is in a package, so that installing the project installs it.
    pub fn is_packaged(&self) -> bool {
        self.in_src || self.file.contains('/')
    }

    /// Reads one file, by its path below the project; `None` when the path gives no module.
    pub fn parse(file: &str, text: &str) -> Option<Module> {
        let path = file.strip_prefix("src/").unwrap_or(file);
        let path = path.strip_suffix(".py")?;
        let name = path.strip_suffix("/__init__").unwrap_or(path).replace('/', ".");
        is_module(&name).then(|| Module {
            name,
            file: file.to_owned(),
            in_src: file.starts_with("src/"),
            applications: parse_applications(text),
            has_main_guard: text
                .lines()
                .any(|line| line.starts_with("if __name__ ==") && line.contains("__main__")),
        })
    }
}

/// The applications that a module defines at its first column.
fn parse_applications(text: &str) -> Vec<Application> {
    let makes = |kind: Kind| {
        let classes = CLASSES.iter().filter(|(_, of)| *of == kind);
        classes.into_iter().any(|(class, _)| text.contains(&format!("{class}(")))
    };
    let found = text.lines().filter_map(|line| {
        if let Some(rest) = line.strip_prefix("def ") {
            let name = rest.split('(').next()?;
            let kind = [Kind::Flask, Kind::Asgi].into_iter().find(|kind| makes(*kind))?;
            let is_factory = matches!(name, "create_app" | "make_app" | "get_app");
            return is_factory.then(|| Application { kind, object: name.to_owned(), is_factory });
        }
        if line.starts_with("import streamlit") || line.starts_with("from streamlit") {
            let object = String::new();
            return Some(Application { kind: Kind::Streamlit, object, is_factory: false });
        }
        let (target, call) = line.split_once('=')?;
        let object = target.split(':').next()?.trim_end();
        let called = call.trim_start().split_once('(')?.0;
        let class = called.rsplit('.').next()?;
        let kind = CLASSES.iter().find(|(name, _)| *name == class)?.1;
        is_identifier(object).then(|| Application {
            kind,
            object: object.to_owned(),
            is_factory: false,
        })
    });
    found.collect()
}

/// What is called to make an application.
const CLASSES: [(&str, Kind); 10] = [
    ("Flask", Kind::Flask),
    ("FastAPI", Kind::Asgi),
    ("Starlette", Kind::Asgi),
    ("Quart", Kind::Asgi),
    ("Litestar", Kind::Asgi),
    ("Bottle", Kind::Wsgi),
    ("Falcon", Kind::Wsgi),
    ("get_wsgi_application", Kind::DjangoWsgi),
    ("get_asgi_application", Kind::DjangoAsgi),
    ("Celery", Kind::Celery),
];

/// The settings module that `manage.py` names.
pub(super) fn parse_manage(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("DJANGO_SETTINGS_MODULE")?;
    let rest = rest.get(1..)?.trim_start_matches([',', ' ', '\n', ')', '=', ']']);
    let quote = rest.chars().next().filter(|quote| "\"'".contains(*quote))?;
    let module = rest[1..].split(quote).next()?;
    is_module(module).then(|| module.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applications_are_found_at_the_first_column() {
        let check = |text: &str, expect: &str| {
            let found: Vec<String> = parse_applications(text)
                .into_iter()
                .map(|it| {
                    format!("{:?} {}{}", it.kind, it.object, if it.is_factory { "()" } else { "" })
                })
                .collect();
            assert_eq!(found.join(", "), expect, "{text}");
        };
        check("app = Flask(__name__)", "Flask app");
        check("app: Flask = flask.Flask(__name__)", "Flask app");
        check("api = FastAPI(title='x')", "Asgi api");
        check("    app = Flask(__name__)", "");
        check("# app = Flask(__name__)", "");
        check("def create_app():\n    app = Flask(__name__)\n    return app", "Flask create_app()");
        check("def create_app():\n    return 1", "");
        check("application = get_wsgi_application()", "DjangoWsgi application");
        check("import streamlit as st", "Streamlit ");
        check("queue = Celery('x')", "Celery queue");
        check("shop.app = Flask(__name__)", "");
        check("app == Flask(x)", "");
        check("äpp = Flask(x)", "");
    }

    #[test]
    fn manage_names_the_settings() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(parse_manage(text).as_deref(), expect, "{text}");
        };
        check(
            "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')",
            Some("config.settings"),
        );
        check(
            "os.environ.setdefault(\n  \"DJANGO_SETTINGS_MODULE\",\n  \"a.settings\")",
            Some("a.settings"),
        );
        check(
            "os.environ[\"DJANGO_SETTINGS_MODULE\"] = \"shop.settings.dev\"",
            Some("shop.settings.dev"),
        );
        check("os.environ.setdefault('DJANGO_SETTINGS_MODULE', NAME)", None);
        check("setdefault('DJANGO_SETTINGS_MODULE', 'a\"; rm')", None);
        check("DJANGO_SETTINGS_MODULE", None);
        check("DJANGO_SETTINGS_MODULE\u{e4}'x'", None);
    }

    #[test]
    fn a_file_gives_a_module() {
        let check = |file: &str, expect: Option<&str>| {
            assert_eq!(Module::parse(file, "").map(|it| it.name).as_deref(), expect, "{file}");
        };
        check("app.py", Some("app"));
        check("src/shop/main.py", Some("shop.main"));
        check("shop/__init__.py", Some("shop"));
        check("shop-1/main.py", None);
        check("shop/main.txt", None);
    }
}
