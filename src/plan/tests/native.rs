//! Native libraries: to a package, into the bundle, or a finding.

use crate::scenario::{compare, plan, show};

const ALPINE: &str = "alpine\npython /usr/local/bin/python3.11\nvenv /opt/venv";
const DEBIAN: &str = "debian\npython /usr/local/bin/python3.11\nvenv /opt/venv";
const LIBRARIES: &str = "/usr/lib/x86_64-linux-gnu";

#[track_caller]
fn check(system: &str, root: &str, ask: &str, expect: &str) {
    let root = format!("{system}\n{}", root.replace("LIB/", &format!("{LIBRARIES}/")));
    let plan = plan(&root, &format!("/opt/venv {ask}")).plan;
    let lines = [show::packages(&plan), show::outside(&plan), show::findings(&plan.findings)];
    compare(&root, &lines.concat(), expect);
}

#[track_caller]
fn alpine(root: &str, ask: &str, expect: &str) {
    check(ALPINE, root, ask, expect);
}

#[track_caller]
fn debian(root: &str, ask: &str, expect: &str) {
    check(DEBIAN, root, ask, expect);
}

#[test]
fn a_library_that_a_package_owns() {
    const LIBPQ: &str =
        "apk libpq 16.4 depends musl owns /usr/lib/libpq.so.5\nwheel db has db.so needs libpq.so.5";
    alpine(LIBPQ, "", "install libpq");
    alpine(LIBPQ, "--native packages", "install libpq");
    alpine(LIBPQ, "--native vendor", "vendored libpq | /usr/lib/libpq.so.5");
    alpine(LIBPQ, "--pin", "install libpq=16.4");
    alpine("wheel db has db.so needs libc.musl-x86_64.so.1", "", "");
    debian("wheel db has db.so needs libc.so.6", "", "base libc6");
    // By a link of the same package.
    alpine(
        "/usr/lib/libpq.so.5 -> libpq.so.5.16
            apk libpq owns /usr/lib/libpq.so.5.16 /usr/lib/libpq.so.5
            wheel db has db.so needs libpq.so.5",
        "",
        "install libpq",
    );
    // By a link of the -dev package, which nobody installs.
    alpine(
        "/usr/lib/libpq.so -> libpq.so.5
            apk libpq owns /usr/lib/libpq.so.5
            apk libpq-dev owns /usr/lib/libpq.so
            wheel db has db.so needs libpq.so",
        "",
        "install libpq | /usr/lib/libpq.so -> libpq.so.5",
    );
}

#[test]
fn a_library_that_nobody_owns() {
    alpine(
        "/usr/lib/libmine.so.1 elf\nwheel db has db.so needs libmine.so.1",
        "",
        "/usr/lib/libmine.so.1 | note unowned-library /usr/lib/libmine.so.1",
    );
    alpine(
        "/usr/lib/libmine.so.1.2 elf
            /usr/lib/libmine.so.1 -> libmine.so.1.2
            wheel db has db.so needs libmine.so.1",
        "",
        "/usr/lib/libmine.so.1 -> libmine.so.1.2
            /usr/lib/libmine.so.1.2
            note unowned-library /usr/lib/libmine.so.1.2",
    );
    // Its needs are followed.
    alpine(
        "apk libz owns /lib/libz.so.1
            /usr/lib/libmine.so needs libz.so.1
            wheel db has db.so needs libmine.so",
        "",
        "install libz | /usr/lib/libmine.so | note unowned-library /usr/lib/libmine.so",
    );
    alpine(
        "/usr/lib/liba.so needs libb.so\n/usr/lib/libb.so elf\nwheel db has db.so needs liba.so",
        "",
        "/usr/lib/liba.so
            /usr/lib/libb.so
            note unowned-library /usr/lib/liba.so
            note unowned-library /usr/lib/libb.so",
    );
    // By a run path outside of the environment.
    alpine(
        "/opt/lib/libmine.so elf\nwheel db has db.so needs libmine.so runpath /opt/lib",
        "",
        "/opt/lib/libmine.so | note unowned-library /opt/lib/libmine.so",
    );
    // Where musl's path file leads.
    alpine(
        "/etc/ld-musl-x86_64.path = /lib:/opt/lib\\n
            /opt/lib/libmine.so elf
            wheel db has db.so needs libmine.so",
        "--explicit",
        "/etc/ld-musl-x86_64.path | /opt/lib/libmine.so | note unowned-library /opt/lib/libmine.so",
    );
}

#[test]
fn the_cache_of_glibc() {
    const CACHED: &str = "/opt/lib/libmine.so.1 elf
        ldconfig /opt/lib LIBRARIES
        wheel db has db.so needs libmine.so.1";
    debian(
        &CACHED.replace("LIBRARIES", LIBRARIES),
        "--explicit",
        "ldconfig
            /etc/ld.so.conf.d/more.conf
            /opt/lib/libmine.so.1
            note unowned-library /opt/lib/libmine.so.1",
    );
    // No line of a fixed final stage depends on the content, so `ldconfig` is in none.
    for asked in ["", "--native vendor"] {
        debian(
            &CACHED.replace("LIBRARIES", LIBRARIES),
            asked,
            "SITE/db.so gets $ORIGIN/../../wheelbarrow
            APP/lib/wheelbarrow/libmine.so.1
            /opt/lib/libmine.so.1 -> ../app/lib/wheelbarrow/libmine.so.1
            note unowned-library /opt/lib/libmine.so.1",
        );
    }
    debian(
        "LIB/libmine.so.1 elf\nwheel db has db.so needs libmine.so.1",
        "",
        "/usr/lib/x86_64-linux-gnu/libmine.so.1
            note unowned-library /usr/lib/x86_64-linux-gnu/libmine.so.1",
    );
    // Without a cache nothing looks there.
    debian(
        "/opt/lib/libmine.so.1 elf\nwheel db has db.so needs libmine.so.1",
        "",
        "APP/lib/wheelbarrow/not-loadable = lib/python3.11/site-packages/db.so
            warn unresolved-library libmine.so.1",
    );
}

#[test]
fn libraries_of_wheels() {
    alpine(
        "wheel a has a/x.so needs liba-123.so runpath $ORIGIN/../a.libs has a.libs/liba-123.so",
        "",
        "",
    );
    // Judged by the module that loads it, whose run path it inherits in musl.
    alpine(
        "wheel a has a/x.so needs liba.so runpath $ORIGIN/lib has a/lib/liba.so needs libb.so
                has a/lib/libb.so",
        "",
        "",
    );
    debian(
        "wheel a has a/x.so needs liba.so runpath $ORIGIN/lib has a/lib/liba.so needs libb.so
                has a/lib/libb.so",
        "",
        "warn relies-on-preload VENV/a/x.so",
    );
    debian(
        "wheel a has a/x.so needs liba.so rpath $ORIGIN/lib has a/lib/liba.so needs libb.so
                has a/lib/libb.so",
        "",
        "",
    );
    // The soname of glibc, the file name of musl.
    const SONAME: &str =
        "wheel a has a/x.so needs liba.so runpath $ORIGIN has a/liba.so soname libz.so.1
            wheel b requires a has b.so needs libz.so.1";
    debian(SONAME, "", "warn relies-on-preload VENV/b.so");
    alpine(
        SONAME,
        "",
        "APP/lib/wheelbarrow/not-loadable = lib/python3.11/site-packages/b.so
            warn unresolved-library libz.so.1",
    );
}

/// Another import loads a library first only if some code has to do with both distributions.
#[test]
fn libraries_of_other_wheels() {
    const RELIES: &str = "warn relies-on-preload VENV/a/x.so";
    for (a, b, more, expect) in [
        ("requires b", "", "", RELIES),
        ("requires b>=1;extra=='gpu'", "", "", RELIES),
        ("requires c", "", "wheel c requires b", RELIES),
        ("", "requires a", "", RELIES),
        ("has a/__init__.py", "", "VENV/a/__init__.py = def f():\\n    import b.lib\\n", RELIES),
        ("", "has b/__init__.py", "VENV/b/__init__.py = from a import x\\n", RELIES),
        ("", "", "", UNRELATED),
        // What requires both loads neither for the other, and a relative import is one of its own module.
        ("", "", "wheel c requires a b", UNRELATED),
        ("has a/__init__.py", "", "VENV/a/__init__.py = from . import b\\n", UNRELATED),
    ] {
        let root =
            format!("wheel a {a} has a/x.so needs libb.so\nwheel b {b} has b/lib/libb.so\n{more}");
        alpine(&root, "", expect);
    }
    const UNRELATED: &str = "APP/lib/wheelbarrow/not-loadable = lib/python3.11/site-packages/a/x.so
        warn unresolved-library libb.so";
}

#[test]
fn libraries_that_the_host_supplies() {
    const LISTED: &str = "APP/lib/wheelbarrow/not-loadable = lib/python3.11/site-packages/a.so
        note host-library libcuda.so.1";
    debian("wheel a has a.so needs libcuda.so.1", "", LISTED);
    // That of the host on which the builder ran.
    debian(
        "LIB/libcuda.so.1 elf\nwheel a has a.so needs libcuda.so.1",
        "",
        "note host-library libcuda.so.1",
    );
    debian(
        "deb libcuda1 owns LIB/libcuda.so.1\nwheel a has a.so needs libcuda.so.1",
        "",
        "install libcuda1",
    );
    debian("wheel a has a.so needs libcuda.so.1 runpath $ORIGIN has libcuda.so.1", "", "");
    debian(
        "wheel a has a.so needs libcudnn.so.9",
        "",
        "APP/lib/wheelbarrow/not-loadable = lib/python3.11/site-packages/a.so
        warn unresolved-library libcudnn.so.9",
    );
}

#[test]
fn the_interpreter_has_its_own() {
    const SYSTEM: &str = "alpine
        apk libffi owns /usr/lib/libffi.so.8
        apk sqlite-libs owns /usr/lib/libsqlite3.so.0
        /usr/local/lib/libpython3.11.so.1.0 elf
        python /usr/local/bin/python3.11 needs libpython3.11.so.1.0
        /usr/local/lib/python3.11/lib-dynload/_ctypes.so needs libffi.so.8
        venv /opt/venv";
    // Packages that docker-library's image has for its interpreter are not installed.
    check(SYSTEM, "wheel a has a.so needs libffi.so.8 libpython3.11.so.1.0", "", "base libffi");
    check(SYSTEM, "wheel a has a.so needs libsqlite3.so.0", "", "install sqlite-libs");
    let owned = SYSTEM.replace("needs libpython", "of python3 needs libpython");
    check(&owned, "wheel a has a.so needs libffi.so.8", "", "install libffi python3");
    check(SYSTEM, "wheel a has a.so needs libffi.so.8", "--native vendor", "base libffi");
}

#[test]
fn what_only_the_library_path_leads_to() {
    const VARIABLE: &str = "LD_LIBRARY_PATH=/opt:/opt/x";
    const MOVED: &str = "SITE/a.so gets $ORIGIN/../../wheelbarrow
            APP/lib/wheelbarrow/libx.so.1
            /opt/x/libx.so.1 -> ../app/lib/wheelbarrow/libx.so.1";
    for system in [ALPINE, DEBIAN] {
        let expect = |root: &str, expect: &str| check(system, root, VARIABLE, expect);
        let moved = format!("{MOVED} | note library-path /opt/x/libx.so.1");
        expect("/opt/x/libx.so.1 elf\nwheel a has a.so needs libx.so.1", &moved);
        // A library of another package would be installed where nothing looks.
        expect("apk x owns /opt/x/libx.so.1\nwheel a has a.so needs libx.so.1", &moved);
        // The loader looks there anyway.
        check(
            system,
            "/usr/lib/libx.so.1 elf\nwheel a has a.so needs libx.so.1",
            "LD_LIBRARY_PATH=/usr/lib",
            "/usr/lib/libx.so.1 | note unowned-library /usr/lib/libx.so.1",
        );
        // The final image finds it without the variable.
        expect(
            "/usr/lib/libx.so.1 elf\n/opt/x/libx.so.1 elf\nwheel a has a.so needs libx.so.1",
            "/usr/lib/libx.so.1 | note unowned-library /usr/lib/libx.so.1",
        );
        // Code has no run path.
        expect(
            "/opt/x/libx.so.1 elf\nwheel a has a.py\nVENV/a.py = CDLL('libx.so.1')",
            "/opt/x/libx.so.1 | deny library-path /opt/x/libx.so.1",
        );
    }
}

/// A file that the builder cannot load either is no failure of the bundle.
#[test]
fn what_cannot_be_loaded() {
    const SITE: &str = "APP/lib/wheelbarrow/not-loadable = lib/python3.11/site-packages";
    let fails = |file: &str, findings: &str| format!("{SITE}/{file} | {findings}");
    alpine(
        "wheel a has a.so needs libgone.so.1",
        "",
        &fails("a.so", "warn unresolved-library libgone.so.1"),
    );
    alpine(
        "wheel a has a/libplugin.so.1 needs libgone.so.1",
        "",
        &fails("a/libplugin.so.1", "warn unresolved-library libgone.so.1"),
    );
    alpine(
        "wheel a has a/a.py a/libplugin_cuda.so needs libcublas.so.12",
        "",
        &fails("a/libplugin_cuda.so", "warn unresolved-library libcublas.so.12"),
    );
    // It can, after another import; a file that is left out provides nothing.
    alpine(
        "wheel a has a.so calls one two\nwheel b has b.so defines one two",
        "",
        &fails("a.so\tone\ttwo", ""),
    );
    // One finding for a library.
    alpine(
        "wheel a has a.so needs libgone.so.1\nwheel b has b.so needs libgone.so.1 liblost.so",
        "",
        &fails(
            "a.so\\nlib/python3.11/site-packages/b.so",
            "warn unresolved-library libgone.so.1 | warn unresolved-library liblost.so",
        ),
    );
    alpine(
        "/usr/lib/libz.so.1 foreign\nwheel a has a.so needs libz.so.1",
        "",
        &fails("a.so", "warn foreign-architecture VENV/a.so"),
    );
    debian(
        "LIB/libz.so.1 foreign\nwheel a has a.so needs libz.so.1",
        "",
        &fails("a.so", "warn foreign-architecture VENV/a.so"),
    );
    alpine(
        "/usr/lib/libz.so.1 = text\nwheel a has a.so needs libz.so.1",
        "",
        &fails("a.so", "warn bad-library VENV/a.so"),
    );
    // Not of files that are left out.
    alpine("wheel a has a.so needs libgone.so.1\nwheel b has b.py", "--require b", "");
    alpine(
        "/usr/lib/libmine.so needs libgone.so\nwheel a has a.so needs libmine.so",
        "",
        "APP/lib/wheelbarrow/not-loadable = lib/python3.11/site-packages/a.so
            /usr/lib/libmine.so
            warn unresolved-library libgone.so
            note unowned-library /usr/lib/libmine.so",
    );
}

#[test]
fn files_of_another_platform() {
    const SITE: &str = "APP/lib/wheelbarrow/not-loadable = lib/python3.11/site-packages";
    // A module is one that Python would import by its name.
    alpine(
        "wheel a has a.so foreign",
        "",
        &format!("{SITE}/a.so | warn foreign-architecture VENV/a.so"),
    );
    alpine(
        "wheel a has a.so needs libc.so.6",
        "",
        &format!("{SITE}/a.so | warn foreign-libc VENV/a.so"),
    );
    debian(
        "wheel a has a.so needs libc.musl-x86_64.so.1",
        "",
        &format!("{SITE}/a.so | warn foreign-libc VENV/a.so"),
    );
    // The variants of a library in one wheel.
    alpine(
        "wheel a has a/liba-arm64.so foreign has a/liba-arm.so foreign
                has a/liba.so needs libc.so.6
            wheel b has libb.so.1 foreign",
        "",
        "note foreign-architecture a | note foreign-architecture b | note foreign-libc a",
    );
}

#[test]
fn a_library_names_the_files_that_need_it() {
    let files = ["a", "b", "c", "d"].map(|name| format!(" has {name}.so needs libgone.so"));
    let root = format!("{ALPINE}\nwheel w{}", files.concat());
    let finding = plan(&root, "/opt/venv").plan.findings.remove(0);
    assert_eq!(
        (finding.message.as_str(), finding.files.len()),
        (
            "needed by 4 files (/opt/venv/lib/python3.11/site-packages/a.so, \
             /opt/venv/lib/python3.11/site-packages/b.so, \
             /opt/venv/lib/python3.11/site-packages/c.so, and 1 more), and not in the builder: \
             tried /lib/libgone.so, /usr/local/lib/libgone.so, /usr/lib/libgone.so",
            4
        )
    );
}

#[test]
fn what_the_base_has() {
    const LIBSSL: &str = "alpine 3.20.3
        python /usr/local/bin/python3.11
        venv /opt/venv
        apk libssl3 3.3.2-r9 depends musl owns /lib/libssl.so.3
        apk libpq 16.4 depends libssl3 owns /usr/lib/libpq.so.5 needs libssl.so.3";
    const WHEEL: &str = "wheel a has a.so needs libpq.so.5 libssl.so.3";
    check(LIBSSL, WHEEL, "", "install libpq | along libssl3");
    check(LIBSSL, WHEEL, "--base python:3.11-alpine3.20", "install libpq | base libssl3");
    check(
        LIBSSL,
        WHEEL,
        "--base python:3.11-alpine3.20 --native vendor",
        "vendored libpq | base libssl3 | /usr/lib/libpq.so.5",
    );
    check(
        LIBSSL,
        WHEEL,
        "--with-interpreter",
        "vendored libpq libssl3 musl
            /etc/os-release = ID=alpine\\nVERSION_ID=3.20.3\\nPRETTY_NAME=\"Alpine 3.20.3\"
            /lib/apk/db/installed written
            /lib/ld-musl-x86_64.so.1
            /lib/libc.musl-x86_64.so.1 -> ld-musl-x86_64.so.1
            /lib/libssl.so.3
            /usr/lib/libpq.so.5
            /usr/local/bin/python -> python3.11
            /usr/local/bin/python3 -> python3.11
            /usr/local/bin/python3.11
            /usr/local/lib/python3.11/json/__init__.py
            /usr/local/lib/python3.11/os.py
            /usr/local/lib/python3.11/sqlite3/__init__.py",
    );
    // A file of nobody that the base has under the same name is not bundled.
    check(
        LIBSSL,
        "/usr/lib/libz.so.1 elf\nwheel a has a.so needs libz.so.1",
        "--base python:3.11-alpine3.20",
        "",
    );
    // Another version of the same release.
    check(
        &LIBSSL.replace("3.3.2", "3.4.0"),
        WHEEL,
        "--base python:3.11-alpine3.20",
        "install libpq | base libssl3 | note base-version python:3.11-alpine3.20",
    );
    // Another release has another soname.
    let other = LIBSSL.replace("3.20.3", "3.19.0").replace("libssl.so.3", "libssl.so.1.1");
    check(
        &other,
        "wheel a has a.so needs libssl.so.1.1",
        "--base python:3.11-alpine3.20",
        "install libssl3 | deny base-library libssl3",
    );
    check(
        &other,
        "wheel a has a.so needs libpq.so.5",
        "--base python:3.11-alpine3.20",
        "install libpq | deny base-release libpq",
    );
    check(
        &other,
        "wheel a has a.so needs libpq.so.5",
        "--base python:3.11-alpine3.20 --native vendor",
        "vendored libpq libssl3 | /lib/libssl.so.1.1 | /usr/lib/libpq.so.5",
    );
}
