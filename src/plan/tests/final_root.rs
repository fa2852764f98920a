//! The final root: derived from the builder, or known by its profile, with its refusals.

use crate::scenario::{compare, plan, plan_over, show};

const ALPINE: &str =
    "alpine 3.20.3\npython /usr/bin/python3.11 of python3\nvenv /opt/venv\nwheel a has a.py";
const DEBIAN: &str =
    "debian\npython /usr/bin/python3.11 of python3\nvenv /opt/venv\nwheel a has a.py";
/// docker-library: nobody owns the interpreter.
const SLIM: &str = "debian\npython /usr/local/bin/python3.11\nvenv /opt/venv\nwheel a has a.py";
const PYTHON_ALPINE: &str =
    "alpine 3.20.3\npython /usr/local/bin/python3.11\nvenv /opt/venv\nwheel a has a.py";
/// uv's own interpreter.
const ALONE: &str = "debian\npython /opt/python/bin/python3.11\nvenv /opt/venv\nwheel a has a.py";

fn lines(plan: &crate::plan::Plan) -> Vec<String> {
    let refused = plan.findings.iter().any(|finding| finding.code.refuses());
    let end = refused.then(|| "refused".to_owned());
    [show::final_root(plan), show::packages(plan), show::findings(&plan.findings)]
        .concat()
        .into_iter()
        .chain(end)
        .collect()
}

#[track_caller]
fn check(root: &str, ask: &str, expect: &str) {
    compare(root, &lines(&plan(root, &format!("/opt/venv {ask}")).plan), expect);
}

/// Over a final root that is read.
#[track_caller]
fn check_over(root: &str, base: &str, ask: &str, expect: &str) {
    compare(root, &lines(&plan_over(root, base, &format!("/opt/venv {ask}")).plan), expect);
}

/// How scripts find their interpreter.
#[track_caller]
fn check_scripts(ask: &str, expect: &str) {
    let plan =
        plan(&format!("{SLIM}\nwheel web script web=web:main"), &format!("/opt/venv {ask}")).plan;
    let scripts = show::tree(&plan).into_iter().filter(|line| line.starts_with("APP/bin/web"));
    compare(ask, &scripts.chain(show::findings(&plan.findings)).collect::<Vec<_>>(), expect);
}

#[test]
fn images_are_derived_from_the_builder() {
    check(ALPINE, "", "FROM alpine:3.20 with /usr/bin/python3.11 | install python3");
    check(DEBIAN, "", "FROM debian:bookworm-slim with /usr/bin/python3.11 | install python3");
    check(PYTHON_ALPINE, "", "FROM python:3.11-alpine3.20 with /usr/local/bin/python3.11");
    check(SLIM, "", "FROM python:3.11-slim-bookworm with /usr/local/bin/python3.11");
    check(
        &SLIM.replace("debian\n", "debian 13 trixie\n"),
        "",
        "FROM python:3.11-slim-trixie with /usr/local/bin/python3.11",
    );
    check(
        SLIM,
        "--from registry.example/python:3.11",
        "FROM registry.example/python:3.11 with /usr/local/bin/python3.11",
    );
}

#[test]
fn an_image_that_nobody_knows_is_a_finding() {
    check(
        &DEBIAN.replace("debian\n", "debian\n/etc/os-release = ID=other\\n\n"),
        "",
        "FROM ? with /usr/bin/python3.11 | install python3 | deny unknown-base /usr/bin/python3.11",
    );
    check(
        &SLIM.replace("debian\n", "debian\n/etc/os-release = ID=other\\n\n"),
        "",
        "FROM ? with /usr/local/bin/python3.11
            deny interpreter-not-in-base /usr/local/bin/python3.11",
    );
    check(
        &SLIM.replace("debian\n", "debian\nremove /etc/os-release\n"),
        "",
        "FROM ? with /usr/local/bin/python3.11
            deny interpreter-not-in-base /usr/local/bin/python3.11",
    );
}

#[test]
fn an_interpreter_that_no_image_has_is_bundled() {
    check(
        ALONE,
        "",
        "FROM debian:bookworm-slim with /opt/app/bin/python3.11
            base libc6
            note interpreter-travels /opt/python/bin/python3.11",
    );
    check(
        ALONE,
        "--interpreter /usr/local/bin/python3.11 --from python:3.11-slim-bookworm",
        "FROM python:3.11-slim-bookworm with /usr/local/bin/python3.11",
    );
    check(
        ALONE,
        "--base python:3.11-slim-bookworm",
        "FROM python:3.11-slim-bookworm with /usr/local/bin/python3.11
            note interpreter-moved /opt/python/bin/python3.11",
    );
    check(
        ALONE,
        "--base debian:bookworm-slim",
        "FROM debian:bookworm-slim with /opt/app/bin/python3.11
            base libc6
            note interpreter-travels /opt/python/bin/python3.11",
    );
    check(
        &ALONE.replace("/opt/python", "/root/python"),
        "",
        "FROM debian:bookworm-slim with /opt/app/bin/python3.11
            base libc6
            note interpreter-travels /root/python/bin/python3.11",
    );
}

#[test]
fn names_tell_another_python() {
    check(
        SLIM,
        "--from python:3.12-slim-bookworm",
        "FROM python:3.12-slim-bookworm with /usr/local/bin/python3.11
            deny base-interpreter /usr/local/bin/python3.11
            refused",
    );
    check(
        SLIM,
        "--interpreter /usr/bin/python3.12",
        "FROM ? with /usr/bin/python3.12
            deny interpreter-not-in-base /usr/bin/python3.12
            deny base-interpreter /usr/local/bin/python3.11
            refused",
    );
    check(
        SLIM,
        "--from python:3.11-alpine",
        "FROM python:3.11-alpine with /usr/local/bin/python3.11
            deny base-libc python:3.11-alpine
            refused",
    );
    check(
        PYTHON_ALPINE,
        "--from python:3.11-slim",
        "FROM python:3.11-slim with /usr/local/bin/python3.11
            deny base-libc python:3.11-slim
            refused",
    );
}

#[test]
fn a_base_that_fits() {
    check(
        SLIM,
        "--base python:3.11-slim-bookworm",
        "FROM python:3.11-slim-bookworm with /usr/local/bin/python3.11",
    );
    check(
        PYTHON_ALPINE,
        "--base python:3.11-alpine3.20",
        "FROM python:3.11-alpine3.20 with /usr/local/bin/python3.11",
    );
    check(
        ALPINE,
        "--base alpine:3.20",
        "FROM alpine:3.20 with /usr/bin/python3.11 | install python3",
    );
    check(
        DEBIAN,
        "--base debian:bookworm-slim",
        "FROM debian:bookworm-slim with /usr/bin/python3.11 | install python3",
    );
    // Distroless has no shell: scripts start by absolute path.
    check(
        DEBIAN,
        "--base gcr.io/distroless/python3-debian12",
        "FROM gcr.io/distroless/python3-debian12 with /usr/bin/python3.11",
    );
    // The interpreter is at another path there.
    check(
        DEBIAN,
        "--base python:3.11-slim-bookworm",
        "FROM python:3.11-slim-bookworm with /usr/local/bin/python3.11
            note interpreter-moved /usr/bin/python3.11",
    );
}

#[test]
fn a_base_that_does_not() {
    check(
        SLIM,
        "--base python:3.11-alpine3.20",
        "FROM python:3.11-alpine3.20 with /usr/local/bin/python3.11
            deny base-libc python:3.11-alpine3.20
            deny base-interpreter /usr/local/bin/python3.11
            refused",
    );
    check(
        ALPINE,
        "--base debian:bookworm-slim",
        "FROM debian:bookworm-slim with /usr/bin/python3.11
            deny base-libc debian:bookworm-slim
            deny base-interpreter /usr/bin/python3.11
            refused",
    );
    check(
        &SLIM.replace("3.11", "3.12"),
        "--base python:3.11-slim-bookworm",
        "FROM python:3.11-slim-bookworm with /usr/local/bin/python3.12
            deny base-interpreter /usr/local/bin/python3.12
            refused",
    );
    // Another release installs other packages.
    check(
        ALPINE,
        "--base alpine:3.18",
        "FROM alpine:3.18 with /usr/bin/python3.11
            deny base-interpreter /usr/bin/python3.11
            refused",
    );
    check(
        SLIM,
        "--base debian:bookworm-slim",
        "FROM debian:bookworm-slim with /usr/local/bin/python3.11
            deny base-interpreter /usr/local/bin/python3.11
            refused",
    );
    check(
        SLIM,
        "--base scratch",
        "FROM scratch with /usr/local/bin/python3.11
            deny base-interpreter /usr/local/bin/python3.11
            refused",
    );
    check(
        SLIM,
        "--base python:3.11-slim-bookworm --interpreter /opt/python3.11",
        "FROM python:3.11-slim-bookworm with /usr/local/bin/python3.11
            deny base-interpreter /usr/local/bin/python3.11
            refused",
    );
}

#[test]
fn an_older_c_library() {
    let needs =
        |versions: &str| format!("{SLIM}\nwheel b has b.so needs libc.so.6 glibc {versions}");
    check(
        &needs("2.36"),
        "--base python:3.11-slim-bookworm",
        "FROM python:3.11-slim-bookworm with /usr/local/bin/python3.11 | base libc6",
    );
    check(
        &needs("2.38 2.34"),
        "--base python:3.11-slim-bookworm",
        "FROM python:3.11-slim-bookworm with /usr/local/bin/python3.11
            base libc6
            deny base-glibc VENV/b.so
            refused",
    );
    check(
        &needs("2.38"),
        "--base python:3.11-slim-bookworm --with-interpreter",
        "FROM python:3.11-slim-bookworm with /usr/local/bin/python3.11 | base libc6",
    );
    let calls = |symbol: &str| {
        format!("{PYTHON_ALPINE}\nwheel b has b.so needs libc.musl-x86_64.so.1 calls {symbol}")
    };
    let old = "alpine 3.20.1
        python /usr/local/bin/python3.11
        /lib/ld-musl-x86_64.so.1 soname x defines malloc";
    check_over(
        &calls("malloc"),
        old,
        "",
        "FROM python:3.11-alpine3.20 with /usr/local/bin/python3.11",
    );
    check_over(
        &calls("statx"),
        old,
        "",
        "FROM python:3.11-alpine3.20 with /usr/local/bin/python3.11
            deny base-musl VENV/b.so
            refused",
    );
}

#[test]
fn a_base_that_is_read() {
    check_over(
        SLIM,
        "debian\npython /usr/local/bin/python3.11",
        "",
        "FROM python:3.11-slim-bookworm with /usr/local/bin/python3.11",
    );
    check_over(
        SLIM,
        "debian\npython /usr/local/bin/python3.12",
        "",
        "FROM python:3.11-slim-bookworm with /usr/local/bin/python3.11
            deny base-interpreter /usr/local/bin/python3.11
            refused",
    );
    check_over(
        SLIM,
        "debian\npython /usr/bin/python3.11",
        "",
        "FROM ? with /usr/bin/python3.11 | note interpreter-moved /usr/local/bin/python3.11",
    );
    check_over(
        SLIM,
        "/etc/",
        "",
        "FROM ? with /usr/local/bin/python3.11
            deny base-interpreter /usr/local/bin/python3.11
            refused",
    );
    check_over(
        ALPINE,
        "alpine 3.20.9",
        "",
        "FROM alpine:3.20 with /usr/bin/python3.11 | install python3",
    );
    check_over(
        ALPINE,
        "alpine 3.21.0",
        "",
        "FROM ? with /usr/bin/python3.11 | deny base-interpreter /usr/bin/python3.11 | refused",
    );
    check_over(
        ALPINE,
        "alpine\nremove /sbin/apk",
        "",
        "FROM ? with /usr/bin/python3.11 | deny base-interpreter /usr/bin/python3.11 | refused",
    );
}

#[test]
fn scripts_start_as_the_base_allows() {
    check_scripts("", "APP/bin/web starts python beside it");
    check_scripts("--shebang absolute", "APP/bin/web starts /opt/app/bin/python");
    check_scripts("--base python:3.11-slim-bookworm", "APP/bin/web starts python beside it");
    check_scripts(
        "--base gcr.io/distroless/python3-debian12",
        "APP/bin/web starts /opt/app/bin/python | note interpreter-moved /usr/local/bin/python3.11",
    );
    check_scripts(
        "--base gcr.io/distroless/python3-debian12 --shebang relocatable",
        "APP/bin/web starts python beside it
            deny base-shell gcr.io/distroless/python3-debian12
            note interpreter-moved /usr/local/bin/python3.11",
    );
    check_scripts(
        "--with-interpreter",
        "APP/bin/web starts /opt/app/bin/python | note missing-licence libc6",
    );
}
