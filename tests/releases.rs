//! The ways to get the program: `--version`, and the wheel and the image of `.ci/release`, made from the
//! program that the tests have built already.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use wheelbarrow::version::VERSION;

use crate::support::engine::{Buildah, Docker, Engine, docker};
use crate::support::lab::Lab;
use crate::support::{shown, wheelbarrow};

/// Runs steps of `.ci/release` with the target and the profile of the program under test. The files.
fn release(steps: &[&str], environment: &[(&str, &str)]) -> TempDir {
    let made = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_wheelbarrow"));
    let mut folders = program.ancestors().map(|path| path.file_name().unwrap().to_str().unwrap());
    let (profile, target) = (folders.nth(1).unwrap(), folders.next().unwrap());
    let run = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/release"))
        .args(steps)
        .env("OUT", made.path())
        .env("PROFILE", if profile == "debug" { "dev" } else { profile })
        .env("TARGET", target)
        .env("CARGO_TARGET_DIR", program.ancestors().nth(3).unwrap())
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", shown(&run));
    made
}

#[test]
fn the_version_has_the_commit_of_the_source() {
    let git = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let head = git.ok().filter(|output| output.status.success());
    // An archive of the source has no commit.
    let commit = head.map_or_else(String::new, |output| {
        format!(" ({})", String::from_utf8(output.stdout).unwrap().trim_end())
    });
    assert_eq!(VERSION, format!("{}{commit}", env!("CARGO_PKG_VERSION")));
    let said = String::from_utf8(wheelbarrow(&["--version"]).stdout).unwrap();
    assert_eq!(said, format!("wheelbarrow {VERSION}\n"));
}

/// A small environment of the given base, bundled and verified by the program that `install` brings. The
/// build fails if the program does not start.
fn bundle(base: &str, install: &str, program: &str) -> String {
    format!(
        "FROM {base} AS base
FROM base AS builder
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install -q six==1.16.0
{install}
RUN --mount=type=bind,from=base,target=/mnt/base wheelbarrow bundle --base-root /mnt/base
FROM base
COPY --from=builder /bundle/rootfs/ /
RUN --mount=type=bind,from=builder,source={program},target=/wb [\"/wb\", \"verify\"]
RUN [\"/opt/app/bin/python\", \"-c\", \"import six\"]
"
    )
}

#[test]
#[ignore = "needs buildah, the base images and a package index"]
fn the_wheel_by_pip_on_alpine_and_by_uv_on_debian() {
    let made = release(&["wheel"], &[]);
    let wheel = std::fs::read_dir(made.path()).unwrap().next().unwrap().unwrap().path();
    let lab = Lab::new();
    std::fs::copy(&wheel, lab.directory().join(wheel.file_name().unwrap())).unwrap();
    let options = "--no-index --find-links /wheels";
    for (base, install, program) in [
        (
            "python:3.11-alpine3.20",
            format!("RUN pip install -q {options} wheelbarrow"),
            "/usr/local/bin/wheelbarrow",
        ),
        (
            "python:3.11-slim-bookworm",
            format!(
                "RUN pip install -q uv && uvx {options} wheelbarrow --version && \
                 uv tool install {options} wheelbarrow\nENV PATH=/root/.local/bin:$PATH"
            ),
            "/root/.local/share/uv/tools/wheelbarrow/bin/wheelbarrow",
        ),
    ] {
        let install = format!("COPY *.whl /wheels/\n{install}\nRUN wheelbarrow --version");
        let log = lab.build_cached("wheelbarrow-wheel", &bundle(base, &install, program));
        assert!(log.contains(&format!("wheelbarrow {VERSION}")), "{base}: {log}");
    }
}

/// The two forms in which a Dockerfile uses an image that holds one program.
fn check_image(engine: &dyn Engine, image: &str) {
    let lab = Lab::new();
    let copied = format!("COPY --from={image} /wheelbarrow /usr/local/bin/");
    let copied = bundle("python:3.11-alpine3.20", &copied, "/usr/local/bin/wheelbarrow");
    // A mounted program is not in the stage later: the bundle keeps a copy for the final stage.
    let mount = format!(
        "RUN --mount=type=bind,from={image},source=/wheelbarrow,target=/usr/local/bin/wheelbarrow "
    );
    let mounted = bundle("python:3.11-alpine3.20", "", "/bundle/wheelbarrow")
        .replace("RUN --mount=type=bind,from=base", &format!("{mount}--mount=type=bind,from=base"));
    for dockerfile in [copied, mounted] {
        engine.build(&lab, "wheelbarrow-by-image", &dockerfile);
    }
}

#[test]
#[ignore = "needs buildah and the base images"]
fn the_image_by_copy_and_by_mount() {
    let image = "localhost/wheelbarrow-image";
    let lab = Lab::new();
    release(
        &["program", "image"],
        &[("BUILD", "buildah bud --isolation chroot"), ("IMAGE", image)],
    );
    lab.keep(image);
    check_image(&Buildah, image);
}

#[test]
#[ignore = "needs a Docker engine and the base images"]
fn the_image_by_copy_and_by_mount_for_docker() {
    let image = "wheelbarrow-image";
    release(&["program", "image"], &[("IMAGE", image)]);
    check_image(&Docker, image);
    docker(&["rmi", "wheelbarrow-by-image", image], Path::new("/"));
}
