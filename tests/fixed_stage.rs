//! A Dockerfile that is written once: dependencies change, no line of it does, and only the layers that
//! differ are built again. With buildah, and with the BuildKit of a Docker engine.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::engine::{Buildah, Docker, Engine, docker};
use crate::support::lab::Lab;

/// The base differs in every run ([`write_run_id`]), so an engine has no layer of an earlier run.
const DOCKERFILE: &str = r#"FROM python:3.11-slim-bookworm AS base
COPY run-id /

FROM base AS builder
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev libpq-dev
COPY wheelbarrow /usr/local/bin/
COPY requirements.txt .
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install -q -r requirements.txt
RUN --mount=type=bind,from=base,target=/mnt/base wheelbarrow bundle --base-root /mnt/base

FROM base
COPY --from=builder /bundle/packages/ /
RUN ["/opt/app/lib/wheelbarrow/install-packages"]
COPY --from=builder /bundle/rootfs/ /
RUN --mount=type=bind,from=builder,source=/usr/local/bin/wheelbarrow,target=/wb ["/wb", "verify"]
ENV PATH=/opt/app/bin:$PATH
CMD ["python", "-c", "import six"]
"#;

const PACKAGES: &str = "COPY --from=builder /bundle/packages/ /";
const INSTALLER: &str = r#"RUN ["/opt/app/lib/wheelbarrow/install-packages"]"#;
const ROOTFS: &str = "COPY --from=builder /bundle/rootfs/ /";

const IMAGE: &str = "wheelbarrow-fixed-stage";

fn write_run_id(lab: &Lab) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    lab.write("run-id", &now.as_nanos().to_string());
}

/// The builder stage has the program only while it runs; the lines of the final stage still verify.
fn check_mounted_program(engine: &dyn Engine) {
    let lab = Lab::new();
    write_run_id(&lab);
    let builder = "FROM python:3.11-slim-bookworm AS base
COPY run-id /
FROM base AS builder
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install -q six==1.16.0
RUN --mount=type=bind,source=wheelbarrow,target=/usr/local/bin/wheelbarrow \\
 --mount=type=bind,from=base,target=/mnt/base wheelbarrow bundle --base-root /mnt/base
";
    let log = engine.build(&lab, IMAGE, &format!("{builder}RUN cat /bundle/Dockerfile.final\n"));
    let verify = "RUN --mount=type=bind,from=builder,source=/bundle/wheelbarrow,target=/wb [\"/wb\", \"verify\"]";
    assert!(log.contains(verify), "{log}");
    let last = "FROM base\nCOPY --from=builder /bundle/rootfs/ /\n";
    let log = engine.build(&lab, IMAGE, &format!("{builder}{last}{verify}\n"));
    assert!(log.contains(": runs"), "{log}");
}

/// Each change is built over the one before it.
fn check(engine: &dyn Engine) {
    let lab = Lab::new();
    write_run_id(&lab);
    for (requirements, modules, cached) in [
        ("six==1.16.0", "six", None),
        // Nothing changes.
        ("six==1.16.0", "six", Some([true, true, true])),
        // A package of pure Python.
        ("six==1.16.0\nidna==3.7", "six, idna", Some([true, true, false])),
        // One with a native library: its package is installed, though no line was changed.
        ("six==1.16.0\npsycopg2==2.9.9", "six, psycopg2", Some([false, false, false])),
        // The same packages for other requirements.
        ("psycopg2==2.9.9", "psycopg2", Some([true, true, false])),
    ] {
        lab.write("requirements.txt", requirements);
        let log = engine.build(&lab, IMAGE, DOCKERFILE);
        engine.import(IMAGE, modules);
        if let Some(expect) = cached {
            let found = [PACKAGES, INSTALLER, ROOTFS].map(|line| engine.was_cached(&log, line));
            assert_eq!(found, expect, "{requirements}: {log}");
        }
    }
}

#[test]
#[ignore = "needs buildah and the base images"]
fn only_layers_that_differ_are_built_again() {
    check(&Buildah);
    check_mounted_program(&Buildah);
}

#[test]
#[ignore = "needs a Docker engine and the base images"]
fn only_layers_that_differ_are_built_again_by_docker() {
    check(&Docker);
    check_mounted_program(&Docker);
    docker(&["rmi", IMAGE], Path::new("/"));
}
