//! The Dockerfiles of `wheelbarrow init`, built as they are, and the programs of their images.
//!
//! Two images do not exist here and are made: distroless from Debian's packages, and that of micromamba
//! with a program that unpacks a prefix, because no channel of conda can be reached.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::project;
use crate::conda::packages::{channel, pip_installs};
use crate::support::engine::{Docker, Engine, docker};
use crate::support::lab::{Container, Lab, buildah};
use crate::support::{copy, program, python};

/// Starts the server of a CMD, and asks it.
const ASK_SERVER: &str = include_str!("../programs/ask_server.py");

/// The packages of `gcr.io/distroless/base-debian13`, unpacked without dpkg. Those of trixie have a merged
/// /usr.
const DISTROLESS_13: &str = "FROM debian:trixie-slim AS packages
RUN apt-get update && mkdir /debs && cd /debs && apt-get download base-files netbase tzdata media-types \
 libc6 libssl3t64 libzstd1 zlib1g
RUN mkdir -p /root-fs/var/lib/dpkg/status.d && for deb in /debs/*.deb; do dpkg -x $deb /root-fs && \
 dpkg --field $deb > /root-fs/var/lib/dpkg/status.d/$(dpkg --field $deb Package); done
FROM scratch
COPY --from=packages /root-fs/ /
";

/// A copy of the project with wheelbarrow beside it, and the Dockerfile that `init` prints.
fn initialized(name: &str, arguments: &[&str]) -> (Lab, String) {
    let lab = Lab::new();
    copy(&project(name), lab.directory());
    let run = program().arg("init").args(arguments).current_dir(lab.directory()).output().unwrap();
    assert!(run.status.success(), "{name}: {}", String::from_utf8_lossy(&run.stderr));
    (lab, String::from_utf8(run.stdout).unwrap())
}

/// The words of the image's CMD.
fn started_with(image: &str) -> Vec<String> {
    let text = buildah(&["inspect", "--type", "image", image]);
    let facts: serde_json::Value = serde_json::from_str(&text).unwrap();
    words_of(&facts["OCIv1"]["config"]["Cmd"])
}

fn words_of(command: &serde_json::Value) -> Vec<String> {
    let words = command.as_array().unwrap_or_else(|| panic!("no CMD: {command}"));
    words.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// The command that starts the server of a CMD and asks it.
fn asked(command: Vec<String>) -> Vec<String> {
    let ask = ["python", "-c", ASK_SERVER].map(str::to_owned);
    ask.into_iter().chain(command).collect()
}

/// Builds the image, runs its CMD as its user in its directory, and returns the output.
fn build_and_start(name: &str, lab: &Lab, dockerfile: &str, serves: bool) -> String {
    let image = format!("wheelbarrow-init-{name}");
    // Without its cache buildah removes the base with the stage `FROM base AS builder` that adds nothing to it.
    lab.build_cached(&image, dockerfile);
    let mut command = started_with(&image);
    if serves {
        command = asked(command);
    }
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    Container::of(&image).says(&words)
}

#[test]
#[ignore = "needs buildah and the base images"]
fn servers() {
    for (name, arguments, page) in [
        ("flask-requirements", &["--base", "alpine", "--python", "3.11"][..], "flask"),
        ("fastapi-uv", &["--python", "3.13"], "fastapi"),
        ("django-pip", &["--python", "3.13"], "django"),
    ] {
        let (lab, dockerfile) = initialized(name, arguments);
        let said = build_and_start(name, &lab, &dockerfile, true);
        assert!(said.contains("page: ") && said.contains(page), "{name}: {said}");
    }
}

/// The cache mounts, the user and the start are those of a real engine.
#[test]
#[ignore = "needs the Docker engine of the lab"]
fn servers_by_docker() {
    for (name, arguments, page) in [
        ("flask-requirements", &["--base", "alpine", "--python", "3.11"][..], "flask"),
        ("fastapi-uv", &["--python", "3.13"], "fastapi"),
    ] {
        let (lab, dockerfile) = initialized(name, arguments);
        let image = format!("wheelbarrow-init-{name}");
        Docker.build(&lab, &image, &dockerfile);
        let format = "{{json .Config.Cmd}}";
        let command = docker(&["image", "inspect", "--format", format, &image], lab.directory());
        let command = asked(words_of(&serde_json::from_str(&command).unwrap()));
        let run = ["run", "--rm", "--network", "host", &image].map(str::to_owned);
        let words: Vec<String> = run.into_iter().chain(command).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = docker(&words, lab.directory());
        assert!(said.contains("page: ") && said.contains(page), "{name}: {said}");
    }
}

#[test]
#[ignore = "needs buildah and the base images"]
fn poetry_on_distroless() {
    let (lab, dockerfile) = initialized("poetry", &["--base", "distroless", "--python", "3.13"]);
    lab.build("wheelbarrow-init-base", DISTROLESS_13);
    // Poetry knows no other certificates than those of certifi.
    lab.build(
        "wheelbarrow-init-builder",
        "FROM python:3.13-slim-trixie\nENV REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt\n",
    );
    let dockerfile = with_argument(&dockerfile, "BASE", "localhost/wheelbarrow-init-base");
    let dockerfile = with_argument(&dockerfile, "BUILDER", "localhost/wheelbarrow-init-builder");
    let said = build_and_start("poetry", &lab, &dockerfile, false);
    assert!(said.contains("hello: poetry"), "{said}");
}

#[test]
#[ignore = "needs buildah and the base images"]
fn pdm_from_scratch() {
    let (lab, dockerfile) = initialized("pdm", &["--base", "scratch", "--python", "3.11"]);
    let said = build_and_start("pdm", &lab, &dockerfile, false);
    assert!(said.contains("pdm 1970-01-01 markupsafe._speedups"), "{said}");
}

#[test]
#[ignore = "needs buildah and the base images"]
fn conda_with_a_stand_in_for_micromamba() {
    let (lab, dockerfile) = initialized("conda", &[]);
    let prefix = lab.directory().join("conda");
    channel().install(&prefix, Path::new("/opt/conda"));
    pip_installs(&prefix, "/opt/conda");
    let target = prefix.join("lib/python3.11/site-packages");
    python(
        "import runpy, sys; sys.argv[0] = 'pip'; runpy.run_module('pip', run_name='__main__')",
        &["install", "-q", "pyyaml==6.0.2", "--target", target.to_str().unwrap()],
    );
    lab.write(
        "micromamba",
        "#!/bin/sh\n# create --yes --prefix DIR --file FILE\nmkdir -p \"$4\" && sed '1,/^exit$/d' \"$0\" | tar -xz -C \"$4\"\nexit\n",
    );
    let packed = Command::new("sh")
        .args(["-c", "tar -cz -C conda . >> micromamba && chmod 755 micromamba && rm -r conda"])
        .current_dir(lab.directory())
        .status();
    assert!(packed.unwrap().success());
    lab.build(
        "docker.io/mambaorg/micromamba:2.0.5",
        "FROM scratch\nCOPY micromamba /bin/micromamba\n",
    );
    fs::remove_file(lab.directory().join("micromamba")).unwrap();
    // The prefix has this machine's Python, which Debian bookworm can run.
    let dockerfile = with_argument(&dockerfile, "BASE", "debian:bookworm-slim");
    let said = build_and_start("conda", &lab, &dockerfile, false);
    assert!(said.contains("conda [1, 2] True"), "{said}");
}

/// The Dockerfile with another value, as `--build-arg NAME=VALUE` has it.
fn with_argument(dockerfile: &str, name: &str, value: &str) -> String {
    let argument = format!("ARG {name}=");
    let lines = dockerfile.lines().map(|line| match line.starts_with(&argument) {
        true => format!("{argument}{value}\n"),
        false => format!("{line}\n"),
    });
    lines.collect()
}
