//! Final roots that are read, missing, strange or wrong: the files that are bundled for them, and
//! the refusals.

use serde_json::Value;

use crate::support::lab::{DISTROLESS, built};
use crate::support::{Transcript, bundle_fixture, exit_code, fixture, shown, wheelbarrow};

#[test]
fn a_base_that_does_not_fit_is_refused_with_what_would() {
    let mut said = Transcript::default();
    for typed in [
        "--base debian:bookworm-slim",
        "--base alpine:3.18",
        "--base scratch",
        "--base alpine:3.20 --interpreter /usr/local/bin/python3",
        "--interpreter /usr/bin/python3.12 --from x",
        "--from python:3.12-alpine3.20",
        "--with-interpreter --shebang relocatable",
        "--base nobody/knows",
        "--base python:3.11-slim",
        "--base README.md",
    ] {
        let (output, out) = bundle_fixture(&typed.split(' ').collect::<Vec<_>>());
        assert_eq!(exit_code(&output), 2, "{typed}: {}", shown(&output));
        assert_eq!(out.path().read_dir().unwrap().count(), 0, "{typed}");
        said.add(typed, &output);
    }
    insta::assert_snapshot!(said.text());
}

#[test]
fn a_base_that_is_known_is_subtracted() {
    let mut said = Transcript::default();
    let (output, _out) =
        bundle_fixture(&["--base", "python:3.11-alpine3.20", "--print-dockerfile"]);
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    said.add("--base python:3.11-alpine3.20", &output);
    // A profile gives the same result as the root from which it was made.
    let profile = wheelbarrow(&["base", "--root", &fixture()]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &profile.stdout).unwrap();
    let (by_file, _out) = bundle_fixture(&["--base", file.path().to_str().unwrap()]);
    let (by_root, _out) = bundle_fixture(&["--base-root", &fixture()]);
    said.add("--base PROFILE: everything is there", &by_file);
    said.add("--base-root ROOT: everything is there", &by_root);
    let from = |output: &std::process::Output| shown(output).lines().nth(3).map(str::to_owned);
    assert_eq!((exit_code(&by_file), from(&by_file)), (exit_code(&by_root), from(&by_root)));
    insta::assert_snapshot!(said.text());
}

#[test]
fn files_that_the_final_root_lacks_are_bundled() {
    let mut said = Transcript::default();
    let (output, out) = bundle_fixture(&["--native", "vendor"]);
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    said.add("--native vendor", &output);
    assert!(
        out.path().join("bundle/rootfs/usr/lib/libyaml-0.so.2").is_symlink()
            && !out.path().join("bundle/rootfs/lib").exists()
    );
    let (output, out) = bundle_fixture(&["--with-interpreter"]);
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    said.add("--with-interpreter", &output);
    for path in [
        "usr/bin/python3.11",
        "usr/lib/python3.11/os.py",
        "usr/lib/libpython3.11.so.1.0",
        "lib/ld-musl-x86_64.so.1",
        "etc/os-release",
    ] {
        assert!(out.path().join("bundle/rootfs").join(path).exists(), "{path}");
    }
    insta::assert_snapshot!(said.text());
    // This is the record that scanners read.
    let database = out.path().join("bundle/rootfs/lib/apk/db/installed");
    let database = std::fs::read_to_string(database).unwrap();
    let yaml = database.split("\n\n").find(|record| record.contains("\nP:yaml\n"));
    insta::assert_snapshot!("the_record_of_yaml", yaml.unwrap());
}

#[test]
fn every_name_has_a_reason() {
    let mut said = Transcript::default();
    for (typed, status) in [
        ("why libyaml-0.so.2", 0),
        ("why /usr/lib/libyaml-0.so.2.0.9", 0),
        ("why yaml", 0),
        ("why pyyaml", 0),
        ("why musl", 0),
        ("why musl --with-interpreter", 0),
        ("why yaml --with-interpreter", 0),
        ("why os.py --with-interpreter", 0),
        ("why cyaml.py", 0),
        ("why bin/python", 0),
        ("why _yaml", 0),
        ("why pyaml", 2),
        ("why nobody", 2),
        ("why-not yaml-dev", 0),
        ("why-not libyaml-0.so.2", 0),
        ("why-not setuptools", 0),
        ("why-not yaml", 0),
        ("why-not bin/activate", 0),
        ("why-not nobody", 2),
    ] {
        let mut arguments: Vec<&str> = typed.split(' ').collect();
        let fixture = fixture();
        arguments.extend(["--root", &fixture]);
        let output = wheelbarrow(&arguments);
        assert_eq!(exit_code(&output), status, "{typed}: {}", shown(&output));
        said.add(typed, &output);
    }
    insta::assert_snapshot!(said.text());
    // Three names of one library have a single reason.
    let why = |name: &str| {
        let said = shown(&wheelbarrow(&["why", name, "--root", &fixture()]));
        let (_, chains) = said.split_once('\n').expect("the first line has the name");
        chains.to_owned()
    };
    assert_eq!(why("libyaml-0.so.2"), why("/usr/lib/libyaml-0.so.2.0.9"));
    assert_eq!(why("libyaml-0.so.2"), why("yaml"));
}

#[test]
fn each_way_has_its_size() {
    let output = wheelbarrow(&["report", "--sizes", "--json", "--root", &fixture()]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let sizes = report["sizes"].as_array().unwrap();
    let of =
        |field: &str| sizes.iter().map(|mode| mode[field].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(
        sizes.iter().map(|mode| mode["option"].as_str().unwrap()).collect::<Vec<_>>(),
        ["--native packages", "--native vendor", "--with-interpreter"]
    );
    assert!(
        of("bundle").is_sorted_by(|a, b| a < b) && of("packages").is_sorted_by(|a, b| a > b),
        "{sizes:?}"
    );
    let plan = wheelbarrow(&["plan", "--with-interpreter", "--json", "--root", &fixture()]);
    let plan: Value = serde_json::from_slice(&plan.stdout).unwrap();
    assert_eq!(
        plan["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["size"].as_u64().unwrap())
            .sum::<u64>(),
        of("bundle")[2]
    );
}

/// Musl: into an empty root, into a root that only installs Python, and not into an older release.
const ALPINE: &str = r#"FROM alpine:3.20 AS builder
RUN apk add --no-cache python3 py3-pip build-base python3-dev postgresql-dev yaml-dev
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install -q psycopg2==2.9.9 flask==3.0.3 && /opt/venv/bin/pip install -q --no-binary pyyaml pyyaml==6.0.2
COPY wheelbarrow /usr/local/bin/
RUN wheelbarrow bundle --with-interpreter --compile --out /scratch && wheelbarrow bundle --native vendor --out /vendor
RUN mkdir -p /db/etc/apk /db/lib/apk/db && touch /db/etc/apk/world && cp /scratch/rootfs/lib/apk/db/installed /db/lib/apk/db && apk --root /db --no-network info --who-owns /usr/lib/libpq.so.5 \
 && test $(apk --root /db --no-network info | wc -l) = $(grep -c ^P: /db/lib/apk/db/installed)
RUN --mount=type=bind,from=alpine:3.18,target=/mnt/base wheelbarrow bundle --base-root /mnt/base --out /refused; test $? = 2 && test ! -e /refused
RUN --mount=type=bind,from=alpine:3.20,target=/mnt/base wheelbarrow bundle --base-root /mnt/base --final-stage explicit --out /exact && cat /exact/Dockerfile.final

FROM alpine:3.20 AS vendored
RUN apk add --no-cache python3
COPY --from=builder /vendor/rootfs/ /
RUN /opt/app/bin/python -c 'import psycopg2, yaml; assert yaml.__with_libyaml__' && ! apk info -e libpq && /opt/app/bin/flask --version && touch /ok

FROM scratch
COPY --from=builder /scratch/rootfs/ /
COPY --from=vendored /ok /
RUN ["/opt/app/bin/python", "-c", "import psycopg2, yaml, ssl, sqlite3, ctypes; assert yaml.__with_libyaml__; ssl.create_default_context()"]
RUN ["/opt/app/bin/flask", "--version"]
"#;

const DEBIAN: &str = r#"FROM python:3.11-slim-bookworm AS builder
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev libpq-dev libyaml-dev
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install -q psycopg2==2.9.9 flask==3.0.3 && /opt/venv/bin/pip install -q --no-binary pyyaml pyyaml==6.0.2
COPY wheelbarrow /usr/local/bin/
RUN wheelbarrow bundle --with-interpreter --compile --out /scratch
RUN mkdir /db && for file in /scratch/rootfs/var/lib/dpkg/status.d/*; do cat $file && echo; done > /db/status && dpkg-query --admindir=/db -W -f '${source:Package} ${source:Version} of ${Package}\n' > /db/seen \
 && test $(wc -l < /db/seen) = $(ls /scratch/rootfs/var/lib/dpkg/status.d | wc -l) && grep 'bzip2 1.0.8-5 of libbz2-1.0' /db/seen
RUN test -s /scratch/rootfs/usr/share/doc/libpq5/copyright && test -s /scratch/rootfs/usr/share/common-licenses/GPL-1 && test -s /scratch/rootfs/usr/local/lib/python3.11/LICENSE.txt
RUN wheelbarrow bundle --with-interpreter --base debian:bookworm-slim --out /merged
RUN --mount=type=bind,from=distroless,target=/mnt/base wheelbarrow bundle --base-root /mnt/base --out /distroless && wheelbarrow base --root /mnt/base

FROM distroless AS distroless-final
COPY --from=builder /distroless/rootfs/ /
RUN ["/opt/app/bin/python", "-c", "import psycopg2, yaml, ssl; assert yaml.__with_libyaml__; open('/ok', 'w')"]
RUN ["/opt/app/bin/flask", "--version"]

FROM debian:bookworm-slim AS merged-final
COPY --from=builder /merged/rootfs/ /
RUN /opt/app/bin/flask --version

FROM scratch
COPY --from=builder /scratch/rootfs/ /
COPY --from=distroless-final /ok /
COPY --from=merged-final /etc/os-release /ok-too
RUN ["/opt/app/bin/python", "-c", "import psycopg2, yaml, ssl, sqlite3, ctypes; assert yaml.__with_libyaml__; ssl.create_default_context()"]
RUN ["/opt/app/bin/flask", "--version"]
"#;

#[test]
#[ignore = "needs buildah and the base images"]
fn scratch_vendored_and_refused_on_alpine() {
    let log = built("wheelbarrow-final-alpine", ALPINE, &[]);
    assert!(
        log.contains("installs packages of Alpine Linux v3.18, not of Alpine Linux v3.20"),
        "{log}"
    );
    assert!(log.contains("FROM alpine:3.20\nRUN apk add --no-cache libpq python3 yaml\n"), "{log}");
}

#[test]
#[ignore = "needs buildah and the base images"]
fn scratch_and_distroless_on_debian() {
    let log = built("wheelbarrow-final-debian", &format!("{DISTROLESS}{DEBIAN}"), &[]);
    assert!(log.contains("note[interpreter-moved] /usr/local/bin/python3.11: the base has this Python at /usr/bin/python3.11"), "{log}");
}
