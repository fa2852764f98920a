//! Which packages are installed, brought along, bundled, or there already.

use crate::scenario::{compare, plan, plan_over, show};

const ALPINE: &str = "alpine 3.20.3\npython /usr/local/bin/python3.11\nvenv /opt/venv";
const DEBIAN: &str = "debian\npython /usr/local/bin/python3.11\nvenv /opt/venv";

fn lines(plan: &crate::plan::Plan) -> Vec<String> {
    [show::packages(plan), show::findings(&plan.findings)].concat()
}

#[track_caller]
fn check(root: &str, ask: &str, expect: &str) {
    compare(root, &lines(&plan(root, &format!("/opt/venv {ask}")).plan), expect);
}

#[track_caller]
fn alpine(packages: &str, ask: &str, expect: &str) {
    check(&format!("{ALPINE}\n{packages}"), ask, expect);
}

#[track_caller]
fn debian(packages: &str, ask: &str, expect: &str) {
    check(&format!("{DEBIAN}\n{packages}"), ask, expect);
}

#[test]
fn what_others_bring_along_is_not_named() {
    const TWO: &str = "apk libssl provides so:libssl.so.3=3 depends musl owns /lib/libssl.so.3
        apk libpq depends so:libssl.so.3 owns /usr/lib/libpq.so.5 needs libssl.so.3";
    alpine(
        &format!("{TWO}\nwheel a has a.so needs libpq.so.5"),
        "",
        "install libpq | along libssl",
    );
    alpine(
        &format!("{TWO}\nwheel a has a.so needs libssl.so.3 libpq.so.5"),
        "",
        "install libpq | along libssl",
    );
    alpine(&format!("{TWO}\nwheel a has a.so needs libssl.so.3"), "", "install libssl");
    // Two that bring each other: one is named.
    alpine(
        "apk a depends b owns /lib/liba.so
            apk b depends a owns /lib/libb.so
            wheel x has x.so needs liba.so libb.so",
        "",
        "install a | along b",
    );
    debian(
        "deb libssl3 owns /usr/lib/x86_64-linux-gnu/libssl.so.3
            deb libpq5 depends libc6 libssl3|libssl1 owns /usr/lib/x86_64-linux-gnu/libpq.so.5
                needs libssl.so.3
            wheel a has a.so needs libpq.so.5",
        "",
        "install libpq5 | along libssl3",
    );
}

#[test]
fn names_as_they_are_typed() {
    const LIBPQ: &str = "apk libpq 16.4-r0 provides so:libpq.so.5=5.16 owns /usr/lib/libpq.so.5
        wheel a has a.so needs libpq.so.5";
    alpine(LIBPQ, "", "install libpq");
    alpine(LIBPQ, "--pin", "install libpq=16.4-r0");
    alpine(LIBPQ, "--so-names", "install so:libpq.so.5");
    alpine(&LIBPQ.replace(" provides so:libpq.so.5=5.16", ""), "--so-names", "install libpq");
    debian(
        "deb libpq5 15.8-0+deb12u1 owns /usr/lib/x86_64-linux-gnu/libpq.so.5
            wheel a has a.so needs libpq.so.5",
        "--pin",
        "install libpq5=15.8-0+deb12u1",
    );
}

#[test]
fn what_every_root_of_the_distribution_has() {
    debian(
        "deb zlib1g essential owns /usr/lib/x86_64-linux-gnu/libz.so.1
            wheel a has a.so needs libz.so.1",
        "",
        "base zlib1g",
    );
    debian(
        "deb zlib1g owns /usr/lib/x86_64-linux-gnu/libz.so.1\nwheel a has a.so needs libz.so.1",
        "",
        "install zlib1g",
    );
    // A dependency of an essential package.
    debian(
        "deb tar essential depends libacl1 owns /usr/bin/tar
            deb libacl1 owns /usr/lib/x86_64-linux-gnu/libacl.so.1
            wheel a has a.so needs libacl.so.1",
        "",
        "base libacl1",
    );
}

#[test]
fn the_package_of_the_interpreter() {
    const SPLIT: &str = "debian
        python /usr/bin/python3.11 of python3.11-minimal
        deb libpython3.11-stdlib owns /usr/lib/python3.11/sqlite3/__init__.py
        deb python3.11 depends python3.11-minimal libpython3.11-stdlib
            owns /usr/share/doc/python3.11/copyright
        deb python3 depends python3.11 owns /usr/bin/python3
        venv /opt/venv
        wheel a has a.py";
    check(SPLIT, "", "install python3.11 | along libpython3.11-stdlib python3.11-minimal");
    check(
        &SPLIT
            .replace("venv /opt/venv", "venv /opt/venv\n/opt/venv/bin/python -> /usr/bin/python3"),
        "",
        "install python3 | along libpython3.11-stdlib python3.11 python3.11-minimal",
    );
    // Dependencies of the interpreter's package come with it.
    check(
        "alpine
            apk libffi owns /usr/lib/libffi.so.8
            apk libssl owns /lib/libssl.so.3
            python /usr/bin/python3.11 of python3 needs libffi.so.8
            apk py3-all depends python3 libffi owns /usr/share/all
            venv /opt/venv
            wheel a has a.so needs libssl.so.3",
        "",
        "install libssl python3",
    );
}

#[test]
fn distributions_of_packages() {
    const YAML: &str = "alpine
        python /usr/bin/python3.11 of python3
        site /usr/lib/python3.11/site-packages
        wheel PyYAML has yaml.py
        apk py3-yaml depends python3
            owns /usr/lib/python3.11/site-packages/PyYAML-1.0.dist-info/METADATA
            owns /usr/lib/python3.11/site-packages/yaml.py
        venv /opt/venv system";
    check(&format!("{YAML}\nwheel web requires PyYAML"), "", "install py3-yaml | along python3");
    check(&format!("{YAML}\nwheel web"), "", "install python3");
    check(
        &format!("{YAML}\nwheel web"),
        "--require PyYAML",
        "install py3-yaml | along python3 | warn nothing-to-bundle /opt/venv",
    );
    check(
        &format!("{YAML}\nwheel web requires PyYAML"),
        "--with-interpreter",
        "vendored musl py3-yaml python3",
    );
}

#[test]
fn names_that_no_package_has() {
    for name in ["-y", "a;reboot", "$(reboot)"] {
        alpine(
            &format!("apk {name} 1.0 owns /usr/lib/libodd.so\nwheel a has a.so needs libodd.so"),
            "",
            "warn corrupt-database /lib/apk/db/installed | note unowned-library /usr/lib/libodd.so",
        );
    }
    // apk calls a package so that `apk add --virtual` made: it is in no repository.
    alpine(
        "apk .odd 1.0 owns /usr/lib/libodd.so\nwheel a has a.so needs libodd.so",
        "",
        "deny corrupt-database \".odd\"",
    );
}

#[test]
fn a_base_that_cannot_install() {
    const LIBPQ: &str = "apk libpq 16.4-r0 depends musl owns /usr/lib/libpq.so.5
        wheel a has a.so needs libpq.so.5";
    alpine(LIBPQ, "--base python:3.11-alpine3.20", "install libpq");
    let old = ALPINE.replace("3.20.3", "3.19.1");
    check(
        &format!("{old}\n{LIBPQ}"),
        "--base python:3.11-alpine3.20",
        "install libpq | deny base-release libpq",
    );
    check(
        &format!("{old}\n{LIBPQ}"),
        "--base python:3.11-alpine3.20 --native vendor",
        "vendored libpq",
    );
    // No package manager: the files of the package are bundled, or refused if packages are asked
    // for.
    let root = format!("{ALPINE}\n{LIBPQ}");
    let base = "alpine 3.20.3\npython /usr/local/bin/python3.11\nremove /sbin/apk";
    let over = |ask: &str| lines(&plan_over(&root, base, &format!("/opt/venv {ask}")).plan);
    compare(base, &over(""), "vendored libpq");
    compare(base, &over("--native packages"), "install libpq | deny base-release libpq");
}

#[test]
fn packages_whose_files_are_bundled() {
    const PACKAGES: &str = "apk zlib 1.3.1-r0 depends musl owns /lib/libz.so.1
        apk libdata owns /usr/share/data/x
        apk tools owns /usr/bin/tool
        apk libpq depends zlib libdata tools owns /usr/lib/libpq.so.5 needs libz.so.1
            owns /usr/share/man/man1/pq.1 /usr/include/pq.h /usr/share/licenses/libpq/COPYRIGHT
        wheel a has a.so needs libpq.so.5";
    let root = format!("{ALPINE}\n{PACKAGES}");
    let shown = |ask: &str| {
        let plan = plan(&root, &format!("/opt/venv {ask}")).plan;
        [show::packages(&plan), show::outside(&plan), show::findings(&plan.findings)].concat()
    };
    compare(
        &root,
        &shown("--native vendor"),
        "vendored libdata libpq zlib
            /lib/libz.so.1
            /usr/lib/libpq.so.5
            /usr/share/data/x
            /usr/share/licenses/libpq/COPYRIGHT",
    );
    compare(
        &root,
        &shown("--native vendor --base python:3.11-alpine3.20"),
        "vendored libdata libpq
            base zlib
            /usr/lib/libpq.so.5
            /usr/share/data/x
            /usr/share/licenses/libpq/COPYRIGHT",
    );
    compare(
        &root,
        &shown("--with-interpreter"),
        "vendored libdata libpq musl zlib
            /etc/os-release = ID=alpine\\nVERSION_ID=3.20.3\\nPRETTY_NAME=\"Alpine 3.20.3\"
            /lib/apk/db/installed written
            /lib/ld-musl-x86_64.so.1
            /lib/libc.musl-x86_64.so.1 -> ld-musl-x86_64.so.1
            /lib/libz.so.1
            /usr/lib/libpq.so.5
            /usr/local/bin/python -> python3.11
            /usr/local/bin/python3 -> python3.11
            /usr/local/bin/python3.11
            /usr/local/lib/python3.11/json/__init__.py
            /usr/local/lib/python3.11/os.py
            /usr/local/lib/python3.11/sqlite3/__init__.py
            /usr/share/data/x
            /usr/share/licenses/libpq/COPYRIGHT",
    );
}

#[test]
fn the_manager_is_that_of_the_database() {
    for (root, expect) in [(ALPINE, Some("apk")), (DEBIAN, Some("dpkg"))] {
        assert_eq!(show::manager(&plan(root, "/opt/venv").plan), expect, "{root}");
    }
}
