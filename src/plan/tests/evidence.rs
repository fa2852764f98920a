//! What files open by name: found in the builder, it is needed.

use crate::finding::Code;
use crate::plan::Plan;
use crate::scenario::{compare, plan, show};

pub(super) const ALPINE: &str = "alpine
    python /usr/local/bin/python3.11
    venv /opt/venv
    apk libmagic 5.45 depends musl owns /usr/lib/libmagic.so.1";
pub(super) const DEBIAN: &str = "debian
    python /usr/local/bin/python3.11
    venv /opt/venv
    /usr/sbin/ldconfig
    deb libmagic1 5.44 depends libc6 owns LIB/libmagic.so.1
    deb libmagic-dev 5.44 owns LIB/libmagic.so elf
    ldconfig LIB";
const LIBRARIES: &str = "/usr/lib/x86_64-linux-gnu";

/// The packages, files outside of the environment and findings; then each reason that is evidence.
#[track_caller]
pub(super) fn check(system: &str, root: &str, ask: &str, expect: &str) {
    let root = format!("{system}\n{root}").replace("LIB", LIBRARIES);
    let plan = plan(&root, &format!("/opt/venv {ask}")).plan;
    let lines = [
        show::packages(&plan),
        show::outside(&plan),
        show::findings(&plan.findings),
        evidence(&plan),
    ];
    compare(&root, &lines.concat(), expect);
}

/// Each reason for a package that is evidence, with the distribution that needs it.
pub(super) fn evidence(plan: &Plan) -> Vec<String> {
    let packages = plan.packages.install.iter().chain(&plan.packages.vendored);
    let evidence = packages.flat_map(|package| &package.reasons).filter_map(|reason| {
        let evidence = reason.evidence.as_ref()?;
        let whom = reason.distribution.as_deref().unwrap_or("?");
        Some(format!("{whom} {}: {}", reason.library, evidence.text))
    });
    evidence.collect()
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
    // No ldconfig answers there.
    for (source, expect) in [
        ("find_library('magic')", vec!["warn find-library ctypes.util.find_library"]),
        ("CDLL(find_library('magic') or 'libmagic.so.1')", vec![]),
    ] {
        let root = format!("{DEBIAN}\nwheel m has m/load.py\nVENV/m/load.py = {source}");
        let root = root.replace("LIB", LIBRARIES);
        let findings = plan(&root, "/opt/venv --with-interpreter").plan.findings;
        let found = findings.into_iter().filter(|finding| finding.code == Code::FindLibrary);
        assert_eq!(show::findings(&found.collect::<Vec<_>>()), expect, "{source}");
    }
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

#[test]
fn packages_that_are_installed_on_purpose() {
    const ASKED: &str = "apk ffmpeg asked depends libav owns /usr/bin/ffmpeg
        apk libav owns /usr/lib/libav.so
        apk gcc asked owns /usr/bin/gcc
        apk libpq asked owns /usr/lib/libpq.so.5
        wheel m has m.so needs libpq.so.5";
    check(ALPINE, ASKED, "", "install libpq | warn installed-on-purpose ffmpeg");
    check(ALPINE, ASKED, "--exclude ffmpeg", "install libpq");
    check(
        ALPINE,
        ASKED,
        "--package ffmpeg",
        "install ffmpeg libpq | along libav | ? ffmpeg: asked for with --package",
    );
    // A part of the standard library.
    check(
        "debian\npython /usr/bin/python3.11 of python3\nvenv /opt/venv",
        "deb python3-gdbm asked depends python3 owns /usr/lib/python3.11/lib-dynload/_gdbm.cpython-311-x86_64-linux-gnu.so
            deb python3-venv asked owns /usr/lib/python3.11/ensurepip/__init__.py
            deb python3-lib2to3 owns /usr/lib/python3.11/distutils/core.py
            wheel m has m.py",
        "",
        "install python3-gdbm | along python3
            ? _gdbm.cpython-311-x86_64-linux-gnu.so: a part of the standard library, installed on purpose",
    );
}

/// A plan of an observed run of the environment's Python, below a shell.
#[track_caller]
fn observed(root: &str, ask: &str, expect: &str) {
    check(ALPINE, &format!("/src/\nwheel m has m/load.py\n{root}"), ask, expect);
}

#[test]
fn libraries_and_data_that_a_run_opened() {
    // Of a package.
    observed(
        "",
        "--observed /usr/lib/libmagic.so.1",
        "install libmagic
            note only-observed the observed run
            ? libmagic.so.1: opened by python3.11 in the observed run",
    );
    // Data of a package that a dependency brings along anyway.
    const DATA: &str = "apk magic depends libmagic owns /usr/share/magic.mgc
        VENV/m/load.py = CDLL('libmagic.so.1')";
    const FOUND: &str = "m libmagic.so.1: opened by name in m/load.py";
    observed(
        &DATA.replace("depends libmagic ", ""),
        "--observed /usr/share/magic.mgc",
        &format!(
            "install libmagic magic
                note only-observed the observed run
                note not-observed the observed run
                {FOUND}
                ? magic.mgc: opened by python3.11 in the observed run"
        ),
    );
    // What other evidence found is confirmed, and of nothing else is anything said.
    observed(
        DATA,
        "--observed /usr/lib/libmagic.so.1",
        &format!("install libmagic | {FOUND}, which was observed"),
    );
    // Nobody owns it, and it is no part of the project.
    observed(
        "/opt/vendor/lib/libx.so needs libmagic.so.1\n/opt/vendor/x.dat = x",
        "--observed /opt/vendor/lib/libx.so --observed /opt/vendor/x.dat",
        "install libmagic
            /opt/vendor/lib/libx.so
            /opt/vendor/x.dat
            note only-observed the observed run
            note unowned-library /opt/vendor/lib/libx.so
            ? libmagic.so.1: opened by python3.11 in the observed run",
    );
}

#[test]
fn programs_that_a_run_started() {
    const GIT: &str = "apk git owns /usr/bin/git /usr/libexec/git-log";
    observed(
        GIT,
        "--observed /usr/libexec/git-log=/usr/local/bin/python3.11,/usr/bin/git",
        "install git
            note only-observed the observed run
            ? git-log: opened by git in the observed run",
    );
    // By the shell or the test runner, not by Python.
    observed(GIT, "--observed /usr/libexec/git-log=/bin/busybox,/usr/bin/git", "");
    // As ctypes.util.find_library does.
    observed(
        "apk gcc owns /usr/bin/gcc",
        "--observed /usr/bin/gcc",
        "warn observed-file the observed run",
    );
}

#[test]
fn files_that_a_run_opened_and_that_are_no_needs() {
    for path in [
        "VENV/m/load.py",
        "VENV/m/__pycache__/load.cpython-311.pyc",
        "/usr/local/lib/python3.11/os.py",
        "/lib/libc.musl-x86_64.so.1",
        "/etc/passwd",
        "/tmp/x",
        "/proc/self/maps",
        "/usr/share/fonts/__pycache__/x",
        "/usr/lib/gone",
        "/usr/lib",
    ] {
        observed(
            "/etc/passwd = x\n/tmp/x = x\n/usr/share/fonts/__pycache__/x = x\n
                VENV/m/__pycache__/load.cpython-311.pyc = x",
            &format!("--observed {path}")
                .replace("VENV/", "/opt/venv/lib/python3.11/site-packages/"),
            "",
        );
    }
}

#[test]
fn files_that_may_belong_to_the_builder_alone() {
    for (path, expect) in [
        ("/etc/app.conf", "warn observed-file the observed run"),
        ("/data/model.bin", "warn observed-file the observed run"),
        ("/src/tests/a.json", "note observed-file the observed run"),
        ("/src/app/_ext.so", "note observed-file the observed run"),
    ] {
        observed(&format!("{path} = x"), &format!("--observed {path}"), expect);
    }
    // The user has decided.
    observed(
        "/data/model.bin = x",
        "--observed /data/model.bin --include /data/model.bin",
        "/data/model.bin",
    );
    observed("", "--observed /usr/lib/libmagic.so.1 --exclude libmagic.so.1", "");
}

#[test]
fn by_hand() {
    const OPENED: &str = "wheel m has m/load.py\nVENV/m/load.py = CDLL('libmagic.so.1')";
    for name in ["libmagic.so.1", "libmagic", "m", "/usr/lib/libmagic.so.1"] {
        check(ALPINE, OPENED, &format!("--exclude {name}"), "");
    }
    check(
        ALPINE,
        "/opt/data/a.txt = x\n/opt/data/deep/b = y\n/opt/lib/libx.so needs libmagic.so.1\nwheel m has m.py",
        "--include /opt/data --include /opt/lib/libx.so",
        "install libmagic | /opt/data/a.txt | /opt/data/deep/b | /opt/lib/libx.so
            ? libmagic.so.1: asked for with --include",
    );
}

#[test]
fn an_empty_root_gets_a_place_for_temporary_files_and_users() {
    for (system, expect) in [
        (ALPINE, "/etc/group /etc/passwd /tmp 1777"),
        (DEBIAN, "/etc/group /etc/nsswitch.conf /etc/passwd /tmp 1777"),
    ] {
        let root = format!("{system}\nwheel m has m.py").replace("LIB", LIBRARIES);
        let plan = plan(&root, "/opt/venv --with-interpreter").plan;
        let made = ["/etc/group", "/etc/nsswitch.conf", "/etc/passwd", "/tmp"];
        let made = plan.entries.iter().filter(|entry| made.contains(&entry.to.as_str()));
        let shown: Vec<String> = made
            .map(|entry| match entry.mode {
                0o644 => entry.to.to_string(),
                mode => format!("{} {mode:o}", entry.to),
            })
            .collect();
        assert_eq!(shown.join(" "), expect);
    }
}
