//! Slots in images: a Dockerfile whose lines were written for another environment, built again with
//! one dependency more and one less.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::engine::{Buildah, Docker, Engine, docker};
use crate::support::lab::Lab;
use crate::support::{bundle_fixture, exit_code, shown};

const IMAGE: &str = "wheelbarrow-slots";

/// The COPY lines of any bundle: here those of an environment on Alpine with PyYAML.
fn copy_lines(options: &str) -> Vec<String> {
    let (output, out) = bundle_fixture(&["--layers"]);
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    let stage = fs::read_to_string(out.path().join("bundle/Dockerfile.final")).unwrap();
    let slots = stage.lines().filter_map(|line| line.strip_prefix("COPY layers/"));
    slots.map(|slot| format!("COPY --from=builder {options}/bundle/layers/{slot}")).collect()
}

fn dockerfile(lines: &[String]) -> String {
    format!(
        r#"FROM python:3.11-slim-bookworm AS base
COPY run-id /

FROM base AS builder
COPY wheelbarrow /usr/local/bin/
COPY requirements.txt .
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install -q -r requirements.txt
RUN --mount=type=bind,from=base,target=/mnt/base wheelbarrow bundle --layers --base-root /mnt/base

FROM base
{}
RUN --mount=type=bind,from=builder,source=/usr/local/bin/wheelbarrow,target=/wb ["/wb", "verify"]
ENV PATH=/opt/app/bin:$PATH
"#,
        lines.join("\n")
    )
}

/// Each change is built over the one before it. The lines after the first slot that changes are run
/// again; with `--link` an engine merges the layers that it has. Either way their bytes are the same.
/// Beside the slot of a distribution, the layers of `95-bundle` and of the verification may differ.
fn check(engine: &dyn Engine, link: bool) {
    let lab = Lab::new();
    // The base differs in every run, so an engine has no layer of an earlier run.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    lab.write("run-id", &now.as_nanos().to_string());
    let lines = copy_lines(if link { "--link " } else { "" });
    assert_eq!(lines.len(), 32);
    let mut before = BTreeSet::new();
    for (requirements, modules, most) in [
        ("flask==3.0.3\nnumpy==1.26.4", "flask, numpy", 32),
        // Nothing changes.
        ("flask==3.0.3\nnumpy==1.26.4", "flask, numpy", 0),
        // One distribution with a slot of its own.
        ("flask==3.0.3\nnumpy==1.26.4\npsycopg2-binary==2.9.9", "flask, numpy, psycopg2", 3),
        // A small one.
        ("flask==3.0.3\nnumpy==1.26.4\npsycopg2-binary==2.9.9\nsix==1.16.0", "flask, six", 3),
        // The largest leaves.
        ("flask==3.0.3\npsycopg2-binary==2.9.9\nsix==1.16.0", "flask, psycopg2, six", 3),
    ] {
        lab.write("requirements.txt", requirements);
        let log = engine.build(&lab, IMAGE, &dockerfile(&lines));
        engine.import(IMAGE, modules);
        let copied: Vec<&String> =
            lines.iter().filter(|line| !engine.was_cached(&log, line)).collect();
        let layers: BTreeSet<String> = engine.layers(IMAGE).into_iter().collect();
        let other = layers.difference(&before).count();
        println!("{requirements:?}: {} lines run again, {other} other layers", copied.len());
        if !before.is_empty() {
            assert!(other <= most, "{requirements}: {other} layers differ: {log}");
            assert_eq!(copied.is_empty(), most == 0, "{requirements}: {log}");
        }
        before = layers;
    }
}

#[test]
#[ignore = "needs buildah and the base images"]
fn a_dependency_more_or_less_changes_few_slots() {
    check(&Buildah, false);
}

#[test]
#[ignore = "needs a Docker engine and the base images"]
fn a_dependency_more_or_less_changes_few_slots_for_docker() {
    check(&Docker, true);
    check(&Docker, false);
    docker(&["rmi", IMAGE], Path::new("/"));
}
