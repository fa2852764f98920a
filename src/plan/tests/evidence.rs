//! What files open by name: found in the builder, it is needed.

use crate::scenario::{compare, plan, show};

const ALPINE: &str = "alpine
    python /usr/local/bin/python3.11
    venv /opt/venv
    apk libmagic 5.45 depends musl owns /usr/lib/libmagic.so.1";
const DEBIAN: &str = "debian
    python /usr/local/bin/python3.11
    venv /opt/venv
    /usr/sbin/ldconfig
    deb libmagic1 5.44 depends libc6 owns LIB/libmagic.so.1
    deb libmagic-dev 5.44 owns LIB/libmagic.so elf
    ldconfig LIB";
const LIBRARIES: &str = "/usr/lib/x86_64-linux-gnu";

/// The packages, files outside of the environment and findings; then each reason that is evidence.
#[track_caller]
fn check(system: &str, root: &str, ask: &str, expect: &str) {
    let root = format!("{system}\n{root}").replace("LIB", LIBRARIES);
    let plan = plan(&root, &format!("/opt/venv {ask}")).plan;
    let packages = plan.packages.install.iter().chain(&plan.packages.vendored);
    let evidence = packages.flat_map(|package| &package.reasons).filter_map(|reason| {
        let evidence = reason.evidence.as_ref()?;
        let whom = reason.distribution.as_deref().unwrap_or("?");
        Some(format!("{whom} {}: {}", reason.library, evidence.text))
    });
    let lines = [
        show::packages(&plan),
        show::outside(&plan),
        show::findings(&plan.findings),
        evidence.collect(),
    ];
    compare(&root, &lines.concat(), expect);
}

#[test]
fn names_in_source() {
    const OPENED: &str = "install libmagic | m libmagic.so.1: opened by name in m/load.py";
    check(ALPINE, "wheel m has m/load.py\nVENV/m/load.py = CDLL('libmagic.so.1')", "", OPENED);
    // In a part that is no name of a library, and of one that the builder lacks.
    for source in ["print('libmagic.so.1')", "CDLL('libno.so')", "CDLL('lib/libmagic.so.1')"] {
        check(ALPINE, &format!("wheel m has m/load.py\nVENV/m/load.py = {source}"), "", "");
    }
    // CPython finds nothing with musl; that of Alpine's package does.
    let find = "wheel m has m/load.py\nVENV/m/load.py = find_library('magic')";
    check(ALPINE, find, "", "");
    let util = "/usr/local/lib/python3.11/ctypes/util.py = # Patched for Alpine Linux / musl";
    check(ALPINE, &format!("{util}\n{find}"), "", OPENED);
    // The newest name in the cache.
    let debian = OPENED.replace("libmagic |", "libmagic1 |");
    check(DEBIAN, find, "", &debian);
    check(&DEBIAN.replace("/usr/sbin/ldconfig", ""), find, "", "");
    // Of a distribution that is left out.
    check(DEBIAN, &format!("wheel web has web.py\n{find}"), "--require web", "");
}

#[test]
fn names_in_objects() {
    check(
        ALPINE,
        "wheel m has m/_m.so opens libmagic.so.1 libno.so",
        "",
        "install libmagic | m libmagic.so.1: opened by name in m/_m.so",
    );
    // Without dlopen they are only strings.
    check(ALPINE, "wheel m has m/_m.so versions libmagic.so.1", "", "");
    check(
        ALPINE,
        "wheel m has m/_m.so declares libno.so libmagic.so.1",
        "",
        "install libmagic | m libmagic.so.1: recommended by m/_m.so",
    );
    // A library of a package declares it.
    check(
        ALPINE,
        "apk libs owns /usr/lib/libs.so declares libmagic.so.1\nwheel m has m/_m.so needs libs.so",
        "",
        "install libmagic libs | m libmagic.so.1: recommended by /usr/lib/libs.so",
    );
}

#[test]
fn libraries_that_are_there_in_any_case() {
    let open = |name: &str| format!("wheel m has m.py\nVENV/m.py = CDLL('{name}')");
    check(DEBIAN, &open("libc.so.6"), "", "");
    check(ALPINE, &open("libc.musl-x86_64.so.1"), "", "");
    // In the same environment.
    check(ALPINE, "wheel m has m.py liba.so\nVENV/m.py = CDLL('VENV/liba.so')", "", "");
    // In the base.
    let in_base = "apk libz depends musl owns /lib/libz.so.1";
    check(
        ALPINE,
        &format!("{in_base}\n{}", open("libz.so.1")),
        "--base python:3.11-alpine3.20",
        "base libz",
    );
}

#[test]
fn libraries_that_the_builder_cannot_load() {
    let open = "wheel m has m.py\nVENV/m.py = CDLL('libx.so')";
    check(ALPINE, &format!("apk x owns /usr/lib/libx.so needs libno.so\n{open}"), "", "");
    check(ALPINE, &format!("apk x owns /usr/lib/libx.so foreign\n{open}"), "", "");
}

#[test]
fn without_a_package_manager_they_are_bundled() {
    check(
        ALPINE,
        "apk libz owns /lib/libz.so.1
            apk libx depends libz owns /usr/lib/libx.so needs libz.so.1
            wheel m has m.py\nVENV/m.py = CDLL('libx.so')",
        "--native vendor",
        "vendored libx libz | /lib/libz.so.1 | /usr/lib/libx.so
            m libx.so: opened by name in m.py
            m libz.so.1: opened by name in m.py",
    );
}
