//! The environment that is chosen when none is named.

use crate::scenario::{compare, plan, show};

/// The Python of the image, with nothing but its installer.
const IMAGE: &str = "debian 12\npython /usr/local/bin/python3.11\n\
                     site /usr/local/lib/python3.11/site-packages\nwheel pip has pip/__init__.py";
const OPT: &str = "venv /opt/venv\nwheel pip has pip/__init__.py\nwheel flask has flask.py";
const POETRY: &str = "wheel poetry requires cleo has poetry.py\nwheel cleo has cleo.py";

/// The environment with its number of distributions and the reason, then the findings.
#[track_caller]
fn check(root: &str, ask: &str, expect: &str) {
    let root = format!("{IMAGE}\n{root}");
    let plan = plan(&root, ask).plan;
    let chosen = plan.environment.describe();
    compare(&root, &[vec![chosen], show::findings(&plan.findings)].concat(), expect);
}

#[test]
fn variables_and_the_search_path_come_before_places() {
    let two = format!("{OPT}\nvenv /app/.venv\nwheel django has django.py");
    for (ask, path, reason, severity) in [
        ("VIRTUAL_ENV=/opt/venv PWD=/app", "/opt/venv", "$VIRTUAL_ENV names it", "note"),
        (
            "PATH=/opt/venv/bin:/usr/local/bin PWD=/app",
            "/opt/venv",
            "its python is the first of $PATH",
            "note",
        ),
        (
            "UV_PROJECT_ENVIRONMENT=/opt/venv PWD=/app",
            "/opt/venv",
            "$UV_PROJECT_ENVIRONMENT names it",
            "note",
        ),
        (
            "UV_PROJECT_ENVIRONMENT=../opt/venv PWD=/app",
            "/opt/venv",
            "$UV_PROJECT_ENVIRONMENT names it",
            "note",
        ),
        ("PWD=/app PATH=/usr/local/bin", "/app/.venv", "it is in the working directory", "warn"),
        ("", "/app/.venv", "it is in a usual place", "warn"),
    ] {
        let number = if path == "/opt/venv" { 2 } else { 1 };
        let noun = if number == 1 { "distribution" } else { "distributions" };
        check(
            &two,
            ask,
            &format!(
                "{path} with {number} {noun}, because {reason}\n{severity} other-environment {path}"
            ),
        );
    }
    // A later directory of the search path starts nothing.
    check(
        OPT,
        "PATH=/usr/local/bin:/opt/venv/bin",
        "/opt/venv with 2 distributions, because it is in a usual place",
    );
    check(&two, "/opt/venv", "/opt/venv with 2 distributions, because it was named");
}

#[test]
fn an_environment_of_installers_is_not_the_application() {
    check(
        OPT,
        "PATH=/usr/local/bin",
        "/opt/venv with 2 distributions, because it is in a usual place",
    );
    // Poetry in the image's Python, and the environment that it made for /app.
    let poetry = format!(
        "{POETRY}\nvenv /root/.cache/pypoetry/virtualenvs/a-xxxxxxxx-py3.11\nwheel other has other.py\n\
         venv /root/.cache/pypoetry/virtualenvs/shop-9TtSrW0h-py3.11\nwheel flask has flask.py"
    );
    let shop = "/root/.cache/pypoetry/virtualenvs/shop-9TtSrW0h-py3.11";
    check(
        &poetry,
        "PATH=/usr/local/bin PWD=/app HOME=/root",
        &format!(
            "{shop} with 1 distribution, because Poetry's folder of environments has it\nwarn other-environment {shop}"
        ),
    );
    // uv in an environment that PATH finds first.
    check(
        &format!("venv /opt/uv\nwheel uv has uv.py\n{OPT}"),
        "PATH=/opt/uv/bin:/usr/local/bin",
        "/opt/venv with 2 distributions, because it is in a usual place",
    );
    // An application that is installed beside Poetry.
    check(
        &format!("{POETRY}\nwheel flask has flask.py"),
        "PATH=/usr/local/bin",
        "/usr/local with 4 distributions, because it is the Python of the root",
    );
}

#[test]
fn an_environment_without_an_application_is_denied() {
    let empty = "venv /opt/venv\nwheel pip has pip/__init__.py";
    check(
        empty,
        "",
        "/opt/venv with 1 distribution, because it is in a usual place\ndeny nothing-to-bundle /opt/venv",
    );
    // A variable says what the stage uses, so no other is taken.
    check(
        &format!("{empty}\nvenv /app/.venv\nwheel flask has flask.py"),
        "VIRTUAL_ENV=/opt/venv",
        "/opt/venv with 1 distribution, because $VIRTUAL_ENV names it\ndeny nothing-to-bundle /opt/venv",
    );
}

#[test]
fn an_environment_of_another_machine_is_passed_over() {
    let foreign = "/app/.venv/pyvenv.cfg = home = /opt/homebrew/bin";
    check(
        &format!("{foreign}\n{OPT}"),
        "PWD=/app",
        "/opt/venv with 2 distributions, because it is in a usual place\nnote foreign-environment /app/.venv",
    );
    check(
        &format!("{foreign}\n{OPT}"),
        "VIRTUAL_ENV=/app/.venv",
        "/opt/venv with 2 distributions, because it is in a usual place\nwarn foreign-environment /app/.venv",
    );
}

#[test]
fn folders_of_tools() {
    for (path, reason) in [
        ("/root/.local/share/virtualenvs/shop-x", "Pipenv's folder of environments has it"),
        (
            "/root/.local/share/hatch/env/virtual/shop/abc/shop",
            "Hatch's folder of environments has it",
        ),
        ("/root/.local/share/pipx/venvs/shop", "pipx's folder of environments has it"),
        ("/opt/pipx/venvs/shop", "pipx's folder of environments has it"),
        ("/home/dev/.virtualenvs/shop", "virtualenvwrapper's folder of environments has it"),
        ("/venv", "it is in a usual place"),
        ("/code/.venv", "it is in a usual place"),
    ] {
        check(
            &format!("venv {path}\nwheel flask has flask.py"),
            "",
            &format!("{path} with 1 distribution, because {reason}"),
        );
    }
    check(
        "site /root/.local/lib/python3.11/site-packages\nwheel flask has flask.py",
        "HOME=/root",
        "/root/.local with 1 distribution, because `pip install --user` fills it",
    );
    check(
        "site /app/__pypackages__/3.11/lib\nwheel flask has flask.py",
        "PWD=/app",
        "/app/__pypackages__/3.11 with 1 distribution, because it is in the working directory",
    );
    // Of a Python that the root does not have.
    check(
        "site /app/__pypackages__/3.9/lib\nwheel flask has flask.py",
        "PWD=/app",
        "/usr/local with 1 distribution, because it is the Python of the root
            deny nothing-to-bundle /usr/local
            note foreign-environment /app/__pypackages__/3.9",
    );
}

#[test]
fn the_python_of_a_folder_that_has_none() {
    const TWO: &str = "debian 12\npython /usr/local/bin/python3.11\npython /usr/bin/python3.13\ntarget /out\n\
                       wheel yaml has yaml.py";
    const WHEEL: &str = "/out/yaml-1.0.dist-info/WHEEL = Tag: ";
    for (wheel, python, expect) in [
        // Nothing says which one.
        ("py3-none-any", "", "3.11"),
        ("cp313-abi3-manylinux_2_17_x86_64", "", "3.11"),
        ("py3-none-any", "--python 3.13", "3.13"),
        ("cp313-cp313-manylinux_2_17_x86_64", "", "3.13"),
        ("cp313-cp313t-manylinux_2_17_x86_64", "", "3.13"),
        ("cp313-cp313-manylinux_2_17_x86_64", "--python 3.11", "3.11"),
        // The root does not have it.
        ("cp39-cp39-manylinux_2_17_x86_64", "", "3.11"),
    ] {
        let root = format!("{TWO}\n{WHEEL}{wheel}\\n");
        let version = plan(&root, &format!("/out {python}")).plan.interpreter_facts.version;
        let minor = version.rsplit_once('.').expect("three numbers").0.to_owned();
        compare(&root, &[minor], expect);
    }
}
