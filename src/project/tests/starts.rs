//! The command that starts the program: what is in the project, what CMD says.

use super::super::start::{Start, decide};
use super::project;

/// The files, then the command with its reasons, or what is said instead.
fn check(files: &[(&str, &str)], expect: &str) {
    let said = match decide(&project(files)) {
        Start::Found(command) => {
            let source = if command.needs_source { " +source" } else { "" };
            format!("{}{source} # {}", command.words.join(" "), command.because.join("; "))
        }
        Start::Unknown { found, example } => {
            format!("TODO {} # {}", example.join(" "), found.join("; "))
        }
    };
    assert_eq!(said, expect, "{files:#?}");
}

#[test]
fn a_script_of_the_metadata_starts_the_program() {
    let toml = "[project]\nname = 'My.Shop'\n[project.scripts]\n";
    let check = |scripts: &str, expect: &str| {
        check(&[("pyproject.toml", &format!("{toml}{scripts}"))], expect);
    };
    check("serve = 'shop:main'", "serve # the only script of [project.scripts]");
    check(
        "admin = 'a:b'\nmy-shop = 'shop:main'",
        "my-shop # the script of [project.scripts] called like the project",
    );
    check(
        "admin = 'a:b'\nworker = 'c:d'",
        "TODO admin # [project.scripts] has several scripts: admin, worker",
    );
    check("'a; rm -rf /' = 'a:b'", "TODO python -m my_shop # ");
    check("", "TODO python -m my_shop # ");
}

#[test]
fn scripts_of_poetry_and_setup_cfg_count() {
    check(
        &[("pyproject.toml", "[tool.poetry]\nname = 'x'\n[tool.poetry.scripts]\nrun = 'x:y'\n")],
        "run # the only script of [tool.poetry.scripts]",
    );
    check(
        &[
            ("setup.py", "from setuptools import setup\nsetup()"),
            (
                "setup.cfg",
                "[metadata]\nname = x\n[options.entry_points]\nconsole_scripts =\n  run = x:y\n",
            ),
        ],
        "run # the only script of console_scripts of setup.cfg",
    );
}

#[test]
fn a_server_of_the_requirements_takes_the_application() {
    let check = |requirements: &str, file: &str, text: &str, expect: &str| {
        check(&[("requirements.txt", requirements), (file, text)], expect);
    };
    let flask = "from flask import Flask\napp = Flask(__name__)";
    check(
        "flask\ngunicorn",
        "app.py",
        flask,
        "gunicorn --bind 0.0.0.0:8000 app:app +source # app.py defines the application app; gunicorn is in \
         the requirements",
    );
    check(
        "flask",
        "app.py",
        flask,
        "flask --app app run --host 0.0.0.0 --port 8000 +source # app.py defines the application; This is \
         Flask's development server; with gunicorn in the requirements, init takes that",
    );
    check(
        "flask\nwaitress",
        "shop/__init__.py",
        "def create_app():\n    return Flask(__name__)",
        "waitress-serve --listen 0.0.0.0:8000 --call shop:create_app # shop/__init__.py makes the application \
         create_app; waitress is in the requirements",
    );
    check(
        "fastapi\nuvicorn",
        "src/shop/main.py",
        "api = FastAPI()",
        "uvicorn --host 0.0.0.0 --port 8000 shop.main:api # src/shop/main.py defines the application api; \
         uvicorn is in the requirements",
    );
    check(
        "fastapi[standard]",
        "main.py",
        "app = FastAPI()",
        "uvicorn --host 0.0.0.0 --port 8000 main:app +source # main.py defines the application app; uvicorn \
         is in the requirements",
    );
    check(
        "fastapi",
        "main.py",
        "app = FastAPI()",
        "TODO python -m your_package # main.py defines an application, but no server (uvicorn, hypercorn) is in \
         the requirements",
    );
    check(
        "streamlit",
        "dashboard.py",
        "import streamlit as st",
        "streamlit run dashboard.py --server.address 0.0.0.0 --server.port 8000 --server.headless true \
         +source # dashboard.py imports Streamlit",
    );
    check(
        "celery",
        "tasks.py",
        "queue = Celery('x')",
        "celery --app tasks worker +source # tasks.py defines an application of Celery",
    );
    check("flask", "tests/app.py", flask, "TODO python -m your_package # ");
}

#[test]
fn the_first_of_several_applications_is_named_with_the_others() {
    check(
        &[
            ("requirements.txt", "flask\ngunicorn"),
            ("shop/web.py", "app = Flask(__name__)"),
            ("app.py", "app = Flask(__name__)"),
        ],
        "gunicorn --bind 0.0.0.0:8000 app:app +source # app.py defines the application app; gunicorn is in \
         the requirements; Other applications: shop/web.py",
    );
}

#[test]
fn django_is_found_by_manage_and_wsgi() {
    let manage =
        ("manage.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')");
    let wsgi = ("config/wsgi.py", "application = get_wsgi_application()");
    let asgi = ("config/asgi.py", "application = get_asgi_application()");
    let other = ("a/wsgi.py", "application = get_wsgi_application()");
    check(
        &[("requirements.txt", "Django\ngunicorn"), manage, wsgi, asgi, other],
        "gunicorn --bind 0.0.0.0:8000 config.wsgi:application # config/wsgi.py defines the application \
         application; gunicorn is in the requirements",
    );
    check(
        &[("requirements.txt", "Django\nuvicorn"), manage, wsgi, asgi],
        "uvicorn --host 0.0.0.0 --port 8000 config.asgi:application # config/asgi.py defines the application \
         application; uvicorn is in the requirements",
    );
    check(
        &[("requirements.txt", "Django"), manage, wsgi],
        "python -m django runserver --noreload --settings config.settings 0.0.0.0:8000 # manage.py names the \
         settings; This is Django's development server; with gunicorn in the requirements, init takes that",
    );
    check(
        &[("requirements.txt", "Django")],
        "TODO python -m your_package # Django is required, but no manage.py names its settings",
    );
}

#[test]
fn packages_and_files_that_run_as_main() {
    let guard = "if __name__ == '__main__':\n    main()";
    check(
        &[("requirements.txt", ""), ("shop/__main__.py", "")],
        "python -m shop # the package shop has a __main__.py",
    );
    check(
        &[
            ("pyproject.toml", "[project]\nname = 'my-shop'"),
            ("src/my_shop/__main__.py", ""),
            ("src/other/__main__.py", ""),
        ],
        "python -m my_shop # the package my_shop has a __main__.py",
    );
    check(
        &[("requirements.txt", ""), ("a/__main__.py", ""), ("b/__main__.py", "")],
        "TODO python -m your_package # several packages have a __main__.py: a, b",
    );
    check(
        &[("requirements.txt", ""), ("bot.py", guard)],
        "python bot.py +source # bot.py is the only file here that runs as __main__",
    );
    check(
        &[("requirements.txt", ""), ("bot.py", guard), ("cat.py", guard)],
        "TODO python -m your_package # several files run as __main__: bot.py, cat.py",
    );
    check(&[("requirements.txt", "")], "TODO python -m your_package # ");
}
