//! Builds every Dockerfile of `examples/` in the lab, runs its final image, and checks that what the
//! user pasted is what `Dockerfile.final` says. Skipped with a word where there is no image builder,
//! a failure where `WHEELBARROW_LAB=required` says that there must be one.

use std::fs;
use std::path::Path;
use std::process::Command;

fn run(program: &str, arguments: &[&str], directory: &Path) -> (bool, String) {
    let output =
        Command::new(program).args(arguments).current_dir(directory).env("BUILDAH_ISOLATION", "chroot").output().expect("it starts");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

fn lab_is_there() -> bool {
    let there = Command::new("buildah").arg("--version").output().is_ok();
    assert!(there || std::env::var_os("WHEELBARROW_LAB").is_none(), "WHEELBARROW_LAB is set, but there is no buildah");
    if !there {
        eprintln!("skipped: no image builder on this machine");
    }
    there && std::env::var_os("WHEELBARROW_LAB").is_some()
}

/// The stage of the builder and the final one, each under its own name.
fn build(example: &str) {
    if !lab_is_there() {
        return;
    }
    let context = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example);
    for name in ["Dockerfile", "my.py"] {
        fs::copy(source.join(name), context.path().join(name)).unwrap();
    }
    fs::copy(env!("CARGO_BIN_EXE_wheelbarrow"), context.path().join("wheelbarrow")).unwrap();
    let image = format!("wheelbarrow-{example}");
    let (ok, log) = run("buildah", &["bud", "--isolation", "chroot", "--layers", "-t", &image, "."], context.path());
    assert!(ok, "{log}");
    let (ok, container) = run("buildah", &["from", &image], context.path());
    assert!(ok, "{container}");
    let container = container.trim();
    let (ok, said) = run("buildah", &["run", "--isolation", "chroot", container, "--", "python", "/my.py"], context.path());
    let (script_ok, script) = run(
        "buildah",
        &[
            "run",
            "--isolation",
            "chroot",
            container,
            "--",
            "sh",
            "-c",
            "mv /opt/app /opt/moved && /opt/moved/bin/python /my.py && ! grep -r /opt/venv /opt/moved",
        ],
        context.path(),
    );
    run("buildah", &["rm", container], context.path());
    assert!(ok && said.contains("yaml 6.0.2 ok"), "{said}");
    assert!(script_ok, "{script}");
    let (_, inspected) = run("buildah", &["images", "--format", "{{.Size}}", &image], context.path());
    println!("{example}: {}", inspected.trim());
    // The builder stage printed Dockerfile.final; what the example pastes must be the same lines.
    let dockerfile = fs::read_to_string(source.join("Dockerfile")).unwrap();
    let (builder, pasted) = dockerfile.split_once("# What /bundle/Dockerfile.final says:\n").unwrap();
    let pasted = pasted.split_once("\nCOPY my.py").unwrap().0;
    fs::write(context.path().join("Dockerfile"), format!("{builder}RUN cat /bundle/Dockerfile.final\n")).unwrap();
    let (ok, log) = run("buildah", &["bud", "--isolation", "chroot", "--layers", "."], context.path());
    assert!(ok && log.contains(pasted.trim_end()), "pasted:\n{pasted}\nprinted:\n{log}");
}

#[test]
fn alpine_venv() {
    build("alpine-venv");
}

#[test]
fn python_alpine() {
    build("python-alpine");
}

#[test]
fn debian_slim() {
    build("debian-slim");
}

#[test]
fn python_slim() {
    build("python-slim");
}
