//! Libraries that the final root has only in another version: those of nobody, and those of packages from
//! elsewhere.

use crate::scenario::{compare, plan, plan_over, show};

const DEBIAN: &str = "debian\npython /usr/local/bin/python3.11\nvenv /opt/venv";
const ALPINE: &str = "alpine\npython /usr/local/bin/python3.11\nvenv /opt/venv";
/// The one library of a base whose name the builder has too, and the interpreter's module that loads it.
const SQLITE: &str = "deb libsqlite3-0 3.40.1 owns LIB/libsqlite3.so.0
    /usr/local/lib/python3.11/lib-dynload/_sqlite3.so needs libsqlite3.so.0";

fn root(system: &str, root: &str) -> String {
    format!("{system}\n{root}").replace("LIB/", "/usr/lib/x86_64-linux-gnu/")
}

#[track_caller]
fn check(system: &str, text: &str, ask: &str, expect: &str) {
    let text = root(system, text);
    let plan = plan(&text, &format!("/opt/venv {ask}")).plan;
    let lines = [show::packages(&plan), show::outside(&plan), show::findings(&plan.findings)];
    compare(&text, &lines.concat(), expect);
}

#[test]
fn a_library_of_nobody_that_python_loads_too() {
    let text = format!(
        "{SQLITE}
            /usr/local/lib/libsqlite3.so.0 elf
            ldconfig /usr/local/lib /usr/lib/x86_64-linux-gnu
            wheel a has a.so needs libsqlite3.so.0"
    );
    check(
        DEBIAN,
        &text,
        "",
        "SITE/a.so gets $ORIGIN/../../wheelbarrow
            APP/lib/wheelbarrow/libsqlite3.so.0
            /usr/local/lib/libsqlite3.so.0 -> ../../../opt/app/lib/wheelbarrow/libsqlite3.so.0
            warn interpreter-library /usr/local/lib/libsqlite3.so.0
            note unowned-library /usr/local/lib/libsqlite3.so.0",
    );
    check(
        DEBIAN,
        &text,
        "--explicit",
        "ldconfig
            /etc/ld.so.conf.d/more.conf
            /usr/local/lib/libsqlite3.so.0
            note unowned-library /usr/local/lib/libsqlite3.so.0",
    );
    // Python alone.
    check(
        DEBIAN,
        &text.replace("a.so needs libsqlite3.so.0", "a.py"),
        "",
        "/usr/local/lib/libsqlite3.so.0
            warn interpreter-library /usr/local/lib/libsqlite3.so.0
            note unowned-library /usr/local/lib/libsqlite3.so.0",
    );
    // The loader of musl searches there.
    check(
        ALPINE,
        "apk zlib owns /lib/libz.so.1
            /usr/local/lib/libsqlite3.so.0 elf
            /usr/local/lib/python3.11/lib-dynload/_sqlite3.so needs libsqlite3.so.0 libz.so.1
            wheel a has a.so needs libsqlite3.so.0",
        "",
        "/usr/local/lib/libsqlite3.so.0 | note unowned-library /usr/local/lib/libsqlite3.so.0",
    );
}

#[test]
fn a_library_of_nobody_and_its_namesake_in_the_base() {
    let base = root(DEBIAN, &format!("{SQLITE}\nldconfig /usr/lib/x86_64-linux-gnu"));
    let text = root(
        DEBIAN,
        &format!(
            "{SQLITE}
                /usr/local/lib/libsqlite3.so.0 elf
                ldconfig /usr/local/lib /usr/lib/x86_64-linux-gnu
                wheel a has a.so needs libsqlite3.so.0"
        ),
    );
    let made = plan_over(&text, &base, "/opt/venv").plan;
    compare(
        &text,
        &show::outside(&made),
        "SITE/a.so gets $ORIGIN/../../wheelbarrow
            APP/lib/wheelbarrow/libsqlite3.so.0
            /usr/local/lib/libsqlite3.so.0 -> ../../../opt/app/lib/wheelbarrow/libsqlite3.so.0",
    );
    // The base has the same file.
    let made = plan_over(&text, &text, "/opt/venv").plan;
    compare(&text, &show::outside(&made), "");
}

#[test]
fn data_and_plugins_of_a_library_of_nobody() {
    const GEO: &str =
        "/usr/local/lib/libgeo.so.1 opens /usr/local/share/geodata /usr/local/share/locale
            opens /usr/local/share/none /src/geo.c /usr/share/owned /etc/geo.conf
        /usr/local/share/geodata/geo.db = 42
        /usr/local/share/locale/de.mo = x
        /src/geo.c = x
        /etc/geo.conf = x
        apk owned owns /usr/share/owned/x
        apk libx owns /usr/lib/libx.so.1
        apk zlib owns /lib/libz.so.1
        /usr/local/lib/python3.11/lib-dynload/zlib.so needs libz.so.1
        /usr/local/lib/geo-2.1/a.so needs libx.so.1
        wheel a has a.so needs libgeo.so.1";
    check(
        ALPINE,
        GEO,
        "",
        "install libx
            /etc/geo.conf
            /usr/local/lib/geo-2.1/a.so
            /usr/local/lib/libgeo.so.1
            /usr/local/share/geodata/geo.db
            note unowned-library /usr/local/lib/libgeo.so.1",
    );
    // Nobody needs the library.
    check(ALPINE, &GEO.replace("a.so needs libgeo.so.1", "a.py"), "", "");
}

#[test]
fn packages_that_no_repository_of_the_release_has() {
    let with = |version: &str, more: &str| {
        format!(
            "deb libyaml {version} owns LIB/libyaml-0.so.2
                {more}
                wheel a has a.so needs libyaml-0.so.2"
        )
    };
    const VENDORED: &str = "vendored libyaml
        /usr/lib/x86_64-linux-gnu/libyaml-0.so.2
        /var/lib/dpkg/status.d/libyaml written
        note foreign-package libyaml
        note missing-licence libyaml";
    check(DEBIAN, &with("0.2.5-1", ""), "", "install libyaml");
    check(DEBIAN, &with("0.2.9-1~bpo12+1", ""), "", VENDORED);
    check(
        DEBIAN,
        &with("0.2.9-1~bpo12+1", ""),
        "--native packages",
        "install libyaml | warn foreign-package libyaml",
    );
    const LOG: &str = "/var/log/dpkg.log = d t startup archives install\\nd t install libyaml:amd64 <none> 0.2.9-1+mine.12";
    check(DEBIAN, &with("0.2.9-1+mine.12", LOG), "", VENDORED);
    check(DEBIAN, &with("0.3.0", LOG), "", "install libyaml");
    check(
        ALPINE,
        "apk libx 1.0 owns /usr/lib/libx.so.1 needs liby.so.1
            apk liby 1.0 owns /usr/lib/liby.so.1
            /etc/apk/world = busybox libx><Q1abc=
            wheel a has a.so needs libx.so.1",
        "",
        "install liby | vendored libx | /usr/lib/libx.so.1 | note foreign-package libx",
    );
    // Python loads it too.
    check(
        DEBIAN,
        "deb libsqlite3-0 3.47-1~bpo12+1 owns LIB/libsqlite3.so.0
            /usr/local/lib/python3.11/lib-dynload/_sqlite3.so needs libsqlite3.so.0
            wheel a has a.py",
        "",
        "vendored libsqlite3-0
            /usr/lib/x86_64-linux-gnu/libsqlite3.so.0
            /var/lib/dpkg/status.d/libsqlite3-0 written
            note foreign-package libsqlite3-0
            note missing-licence libsqlite3-0",
    );
    // A base that has it needs nothing.
    let text = root(DEBIAN, &with("0.2.9-1~bpo12+1", ""));
    let made = plan_over(&text, &text, "/opt/venv").plan;
    compare(&text, &show::findings(&made.findings), "");
}
