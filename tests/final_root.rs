//! Final roots that are read, missing, strange or wrong: what is carried there, and what is refused.

use serde_json::Value;

use crate::bad_input::shown;
use crate::lab::built;
use crate::readme_root::wheelbarrow;

pub fn bundle(more: &[&str]) -> (Option<i32>, String, tempfile::TempDir) {
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("bundle");
    let arguments =
        [&["bundle", "--root", "py-fixtures/alpine-venv", "--out", path.to_str().unwrap()], more]
            .concat();
    let output = wheelbarrow(&arguments);
    (output.status.code(), shown(&output), out)
}

#[test]
fn a_base_that_does_not_fit_is_refused_with_what_would() {
    for (more, expect) in [
        (
            &["--base", "debian:bookworm-slim"][..],
            "deny[base-libc] debian:bookworm-slim: the environment is built for musl",
        ),
        (
            &["--base", "alpine:3.18"],
            "deny[base-interpreter] /usr/bin/python3.11: the environment is of Python 3.11",
        ),
        (
            &["--base", "alpine:3.18"],
            "alpine:3.18 installs packages of Alpine Linux v3.18, the builder is Alpine Linux v3.20",
        ),
        (
            &["--base", "alpine:3.18"],
            "help: this would fit: FROM alpine:3.20, or python:3.11-alpine",
        ),
        (&["--base", "scratch"], "or let it travel: --with-interpreter"),
        (
            &["--base", "alpine:3.20", "--interpreter", "/usr/local/bin/python3"],
            "alpine:3.20 has no Python at /usr/local/bin/python3",
        ),
        (
            &["--interpreter", "/usr/bin/python3.12", "--from", "x"],
            "the environment is of Python 3.11, the final stage has 3.12",
        ),
        (
            &["--from", "python:3.12-alpine"],
            "the environment is of Python 3.11, the final stage has 3.12",
        ),
        (
            &["--with-interpreter", "--shebang", "relocatable"],
            "deny[base-shell] scratch: has no sh, dirname and realpath",
        ),
        (
            &["--base", "nobody/knows"],
            "no profile of exactly this image ships with wheelbarrow (alpine:3.18, alpine:3.20, cgr.dev",
        ),
        (&["--base", "README.md"], "not a profile"),
    ] {
        let (code, said, out) = bundle(more);
        assert_eq!(code, Some(2), "{more:?}: {said}");
        assert!(said.contains(expect), "{more:?}: {said}");
        assert_eq!(out.path().read_dir().unwrap().count(), 0, "{more:?}");
    }
}

#[test]
fn a_base_that_is_known_is_subtracted() {
    let (code, said, _out) = bundle(&["--base", "python:3.11-alpine"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("FROM python:3.11-alpine\nRUN apk add --no-cache yaml\n"), "{said}");
    assert!(said.contains("note[interpreter-moved] /usr/bin/python3.11: the base has this Python at /usr/local/bin/python3.11"), "{said}");
    // A profile is the same when it is read from the root itself.
    let profile = wheelbarrow(&["base", "--root", "py-fixtures/alpine-venv"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &profile.stdout).unwrap();
    let by_file = bundle(&["--base", file.path().to_str().unwrap()]);
    let by_root = bundle(&["--base-root", "py-fixtures/alpine-venv"]);
    assert_eq!((by_file.0, &by_file.1.lines().nth(3)), (by_root.0, &by_root.1.lines().nth(3)));
    assert!(by_root.1.contains("FROM ${BASE}\nCOPY"), "everything is there: {}", by_root.1);
}

#[test]
fn what_the_final_root_lacks_is_carried() {
    let (code, said, out) = bundle(&["--native", "vendor"]);
    assert!(code == Some(0) && said.contains("RUN apk add --no-cache python3\n"), "{said}");
    assert!(
        out.path().join("bundle/rootfs/usr/lib/libyaml-0.so.2").is_symlink()
            && !out.path().join("bundle/rootfs/lib").exists()
    );
    let (code, said, out) = bundle(&["--with-interpreter"]);
    assert!(code == Some(0) && said.contains("FROM scratch\nCOPY"), "{said}");
    for path in [
        "usr/bin/python3.11",
        "usr/lib/python3.11/os.py",
        "usr/lib/libpython3.11.so.1.0",
        "lib/ld-musl-x86_64.so.1",
        "etc/os-release",
    ] {
        assert!(out.path().join("bundle/rootfs").join(path).exists(), "{path}");
    }
    let database =
        std::fs::read_to_string(out.path().join("bundle/rootfs/lib/apk/db/installed")).unwrap();
    assert!(
        database.contains("=\nP:yaml\nV:0.2.5-r2\n")
            && database.contains("F:usr/lib\nR:libyaml-0.so.2\n"),
        "{database}"
    );
}

#[test]
fn every_name_has_a_reason() {
    let ask = |command: &str, name: &str| {
        let (name, more) =
            name.split_once(' ').map_or((name, None), |(name, more)| (name, Some(more)));
        let arguments =
            [command, name, "--root", "py-fixtures/alpine-venv"].into_iter().chain(more);
        let output = wheelbarrow(&arguments.collect::<Vec<_>>());
        (output.status.code(), shown(&output))
    };
    let chain = "distribution PyYAML\n  file /opt/venv/lib/python3.11/site-packages/yaml/_yaml.cpython-311-x86_64-linux-musl.so\n    \
                 library libyaml-0.so.2 -> /usr/lib/libyaml-0.so.2.0.9\n      package yaml (installed)\n";
    for name in ["libyaml-0.so.2", "/usr/lib/libyaml-0.so.2.0.9", "yaml"] {
        assert_eq!(ask("why", name), (Some(0), chain.to_owned()), "{name}");
    }
    for (command, name, code, expect) in [
        ("why", "pyyaml", 0, "distribution PyYAML 6.0.2 (installed by request)\n"),
        ("why", "musl", 0, "package yaml (installed)\n  package musl (brought along)\n"),
        (
            "why",
            "musl --with-interpreter",
            0,
            "package python3 (carried in the bundle)\n  package musl (carried in the bundle)\n",
        ),
        ("why", "yaml --with-interpreter", 0, "package yaml (carried in the bundle)\n"),
        (
            "why",
            "os.py --with-interpreter",
            0,
            "file /usr/lib/python3.11/os.py -> /usr/lib/python3.11/os.py (the interpreter, which travels)\n",
        ),
        ("why", "cyaml.py", 0, "/site-packages/yaml/cyaml.py (recorded by PyYAML)\n"),
        (
            "why-not",
            "yaml-dev",
            0,
            "yaml-dev 0.2.5-r2 stays behind: installed in the builder, and nothing that travels needs it\n",
        ),
        (
            "why-not",
            "libyaml-0.so.2",
            0,
            "libyaml-0.so.2 is in the final root: see wheelbarrow why\n",
        ),
        ("why-not", "setuptools", 0, "setuptools 65.5.0 stays behind: "),
        (
            "why-not",
            "nobody",
            2,
            "nothing in the environment, and nothing it leads to, is called nobody",
        ),
        ("why", "bin/python", 0, "file made -> /opt/app/bin/python (the final interpreter)\n"),
        ("why-not", "yaml", 0, "yaml is in the final root: see wheelbarrow why\n"),
        (
            "why-not",
            "bin/activate",
            0,
            "stays behind: made by venv for the builder; the bundle has its own\n",
        ),
        (
            "why",
            "nobody",
            2,
            "nothing in the environment, and nothing it leads to, is called nobody",
        ),
    ] {
        let (status, said) = ask(command, name);
        assert_eq!(status, Some(code), "{command} {name}: {said}");
        assert!(said.contains(expect), "{command} {name}: {said}");
    }
}

#[test]
fn each_way_has_its_size() {
    let output = wheelbarrow(&["report", "--sizes", "--json", "--root", "py-fixtures/alpine-venv"]);
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
    let plan =
        wheelbarrow(&["plan", "--with-interpreter", "--json", "--root", "py-fixtures/alpine-venv"]);
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

/// Musl: into nothing, into a root that installs Python only, and not into an older release.
const ALPINE: &str = r#"FROM alpine:3.20 AS builder
RUN apk add --no-cache python3 py3-pip build-base python3-dev postgresql-dev yaml-dev
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install -q psycopg2==2.9.9 flask==3.0.3 && /opt/venv/bin/pip install -q --no-binary pyyaml pyyaml==6.0.2
COPY wheelbarrow /usr/local/bin/
RUN wheelbarrow bundle --with-interpreter --compile --out /scratch && wheelbarrow bundle --native vendor --out /vendor
RUN mkdir -p /db/etc/apk /db/lib/apk/db && touch /db/etc/apk/world && cp /scratch/rootfs/lib/apk/db/installed /db/lib/apk/db && apk --root /db --no-network info --who-owns /usr/lib/libpq.so.5 \
 && test $(apk --root /db --no-network info | wc -l) = $(grep -c ^P: /db/lib/apk/db/installed)
RUN --mount=type=bind,from=alpine:3.18,target=/mnt/base wheelbarrow bundle --base-root /mnt/base --out /refused; test $? = 2 && test ! -e /refused
RUN --mount=type=bind,from=alpine:3.20,target=/mnt/base wheelbarrow bundle --base-root /mnt/base --out /exact && cat /exact/Dockerfile.final

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

/// What `gcr.io/distroless/python3-debian12` is made of: Debian's packages, unpacked without dpkg.
pub const DISTROLESS: &str = r#"FROM debian:bookworm-slim AS packages
RUN apt-get update && mkdir /debs && cd /debs && apt-get download base-files netbase tzdata media-types libc6 libssl3 libgcc-s1 gcc-12-base libgomp1 \
 libstdc++6 libbz2-1.0 libcom-err2 libcrypt1 libdb5.3 libexpat1 libffi8 liblzma5 libncursesw6 libnsl2 libpython3.11-minimal libpython3.11-stdlib \
 python3-distutils libreadline8 libsqlite3-0 libtinfo6 libtirpc3 libuuid1 python3.11-minimal zlib1g libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libkeyutils1
RUN mkdir -p /root-fs/var/lib/dpkg/status.d && for deb in /debs/*.deb; do dpkg -x $deb /unpacked && \
 dpkg --field $deb > /root-fs/var/lib/dpkg/status.d/$(dpkg --field $deb Package) && cp -a /unpacked/. /root-fs/ && rm -rf /unpacked; done \
 && ln -s python3.11 /root-fs/usr/bin/python3 && ln -s python3.11 /root-fs/usr/bin/python && rm -rf /root-fs/usr/share/doc /root-fs/usr/share/man
FROM scratch AS distroless
COPY --from=packages /root-fs/ /

"#;

const DEBIAN: &str = r#"FROM python:3.11-slim AS builder
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
