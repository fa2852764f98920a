//! `wheelbarrow init` in small complete projects: what it prints, what it says, how it ends.

mod images;

use std::path::Path;

use insta::assert_snapshot;

use crate::support::program;

/// The exit status, what is said on standard error, and the Dockerfile.
fn init(directory: &Path, arguments: &[&str]) -> String {
    let run = program().arg("init").args(arguments).current_dir(directory).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    format!("exit {}\n{}\n{}", run.status.code().unwrap(), text(&run.stderr), text(&run.stdout))
}

fn project(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects").join(name)
}

#[test]
fn six_kinds_of_project() {
    for (name, arguments) in [
        ("flask-requirements", &["--base", "alpine", "--python", "3.12"][..]),
        ("fastapi-uv", &[]),
        ("django-pip", &[]),
        ("poetry", &["--base=distroless"]),
        ("pdm", &["--base=scratch"]),
        ("conda", &[]),
    ] {
        assert_snapshot!(name, init(&project(name), arguments));
    }
}

#[test]
fn a_directory_without_a_project_is_an_error() {
    let empty = tempfile::tempdir().unwrap();
    assert_snapshot!("nothing", init(empty.path(), &[]));
    std::fs::write(empty.path().join("pyproject.toml"), "[project\n").unwrap();
    assert_snapshot!("no_toml", init(empty.path(), &[]));
}

#[test]
fn a_python_that_the_project_excludes_is_an_error() {
    assert_snapshot!("other_python", init(&project("django-pip"), &["--python", "3.11"]));
}
