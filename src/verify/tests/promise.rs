//! The promise: a bundle of a plan that refuses nothing runs in its final root.
//!
//! Each bundle is made in memory, put on top of the base, and verified without the plan.

use crate::scenario::{compare, plan, plan_over, show};

/// The deny-level findings of the plan, then those of the verification.
#[track_caller]
fn check(root: &str, base: &str, ask: &str, expect: &str) {
    let named = if ask.starts_with('/') { ask.to_owned() } else { format!("/opt/venv {ask}") };
    let scenario = match base {
        "" => plan(root, &named),
        base => plan_over(root, base, &named),
    };
    let denied =
        |findings: Vec<String>| findings.into_iter().filter(|line| line.starts_with("deny"));
    let planned =
        denied(show::findings(&scenario.plan.findings)).map(|line| format!("plan: {line}"));
    let verified = scenario.verify_over(base);
    let found = denied(show::findings(&verified.findings)).map(|line| format!("verify: {line}"));
    compare(root, &planned.chain(found).collect::<Vec<_>>(), expect);
}

const ALPINE: &str = "alpine\npython /usr/local/bin/python3.11\nvenv /opt/venv";
const DEBIAN: &str = "debian\npython /usr/local/bin/python3.11\nvenv /opt/venv";
const ALPINE_BASE: &str = "alpine\npython /usr/local/bin/python3.11";
const DEBIAN_BASE: &str = "debian\npython /usr/local/bin/python3.11";
const SCRATCH: &str = "/tmp/";

#[test]
fn pure_python() {
    for (root, base) in [(ALPINE, ALPINE_BASE), (DEBIAN, DEBIAN_BASE)] {
        let root = format!(
            "{root}
                wheel web script web=web:main has web.py ../../../share/x requires flask
                wheel flask has flask/__init__.py"
        );
        check(&root, base, "", "");
        check(&root, base, "--shebang absolute --prefix /srv/web", "");
        check(&root, base, "--with-interpreter", "");
        check(&root, SCRATCH, "--with-interpreter", "");
        check(
            &root,
            SCRATCH,
            "",
            "plan: deny base-interpreter /usr/local/bin/python3.11
                verify: deny broken-interpreter /opt/app",
        );
    }
}

#[test]
fn libraries() {
    let musl = format!(
        "{ALPINE}
            apk libz owns /lib/libz.so.1 defines inflate
            apk libpq depends libz owns /usr/lib/libpq.so.5 needs libz.so.1
            wheel a has a.so needs libpq.so.5 libz.so.1 libc.musl-x86_64.so.1
                calls inflate malloc"
    );
    check(&musl, ALPINE_BASE, "--native vendor", "");
    check(&musl, SCRATCH, "--with-interpreter", "");
    // The base has one of them, as the package manager would bring the other.
    let base = format!(
        "{ALPINE_BASE}
            apk libz owns /lib/libz.so.1 defines inflate
            apk libpq owns /usr/lib/libpq.so.5 needs libz.so.1"
    );
    check(&musl, &base, "", "");
    let glibc = format!(
        "{DEBIAN}
            /opt/lib/libone.so.1 needs libtwo.so.1
            /opt/lib/libtwo.so.1 defines two
            ldconfig /opt/lib
            wheel a has a/x.so needs libone.so.1 libc.so.6 glibc 2.34 calls two"
    );
    check(&glibc, DEBIAN_BASE, "--native vendor", "");
    check(&glibc, SCRATCH, "--with-interpreter", "");
    let path_file = format!(
        "{ALPINE}
            /etc/ld-musl-x86_64.path = /lib:/opt/lib\\n
            /opt/lib/libone.so defines one
            wheel a has x.so needs libone.so calls one"
    );
    check(&path_file, ALPINE_BASE, "", "");
    check(&path_file, ALPINE_BASE, "--native vendor", "");
    check(&path_file, SCRATCH, "--with-interpreter", "");
}

#[test]
fn interpreters() {
    let alone = "debian
        /opt/python/lib/libpython3.11.so.1.0 elf
        python /opt/python/bin/python3.11 needs libpython3.11.so.1.0 runpath $ORIGIN/../lib
        venv /opt/venv
        wheel a script a=a:main has a.py";
    check(alone, "debian", "", "");
    check(alone, DEBIAN_BASE, "", "");
    check(&alone.replace("$ORIGIN/../lib", "/opt/python/lib"), "debian", "", "");
    // The C library of the builder is not that of the base.
    let newer = format!("{DEBIAN}\nwheel a has a.so needs libc.so.6 glibc 2.36 calls malloc");
    check(
        &newer,
        "debian 11 bullseye\npython /usr/local/bin/python3.11",
        "",
        "plan: deny base-glibc VENV/a.so | verify: deny missing-version SITE/a.so",
    );
    check(&newer, SCRATCH, "--with-interpreter", "");
    // Libraries of the interpreter that only configuration leads to.
    let cached = "debian
        /opt/lib/libpython3.11.so.1.0 elf
        ldconfig /opt/lib
        python /usr/local/bin/python3.11 needs libpython3.11.so.1.0
        venv /opt/venv
        wheel a has a.py";
    check(cached, SCRATCH, "--with-interpreter", "");
    check(cached, DEBIAN_BASE, "--with-interpreter", "");
}

#[test]
fn other_layouts() {
    let target =
        format!("{ALPINE}\ntarget /out\nwheel web script web=web:main has web/__init__.py share/x");
    check(&target, ALPINE_BASE, "/out", "");
    let debian = "debian
        /usr/lib/python3/dist-packages/
        python /usr/bin/python3.11 of python3
        site /usr/local/lib/python3.11/dist-packages scripts /usr/local/bin
        wheel web script web=web:main has web.py";
    check(debian, "debian\npython /usr/bin/python3.11", "/usr/bin/python3", "");
    check(debian, SCRATCH, "/usr/bin/python3 --with-interpreter", "");
    let editable = format!(
        "{ALPINE}
            /src/web/__init__.py = x
            wheel web editable file:///src script web=web:main has web.pth
            VENV/web.pth = /src\\n"
    );
    check(&editable, ALPINE_BASE, "", "");
}

#[test]
fn what_the_builder_cannot_load_either() {
    for unloadable in [
        "wheel a has a.so needs libgone.so calls gone",
        "wheel a has a/liba.so needs libgone.so",
        "wheel a has a.so foreign",
        "wheel a has a.so needs libc.so.6 libc.musl-x86_64.so.1",
        "/usr/lib/libz.so.1 = text\nwheel a has a.so needs libz.so.1",
        "wheel a has a.so calls one\nwheel b has b.so defines one",
        "wheel a has a.so needs libc.musl-x86_64.so.1 calls gone",
    ] {
        check(&format!("{ALPINE}\n{unloadable}"), ALPINE_BASE, "", "");
    }
    // What it can load and the final root cannot.
    check(
        &format!("{ALPINE}\napk libz owns /lib/libz.so.1\nwheel a has a/liba.so needs libz.so.1"),
        ALPINE_BASE,
        "",
        "verify: deny unresolved-library libz.so.1",
    );
}

#[test]
fn a_loader_without_its_library() {
    let root = format!("{DEBIAN}\nwheel a has a.so needs libc.so.6 glibc 2.36 calls malloc");
    let base = "debian 11 bullseye\npython /usr/local/bin/python3.11";
    let refused = "plan: deny base-glibc Debian 11 | verify: deny missing-version SITE/a.so";
    check(&root, base, "--with-interpreter", refused);
    // Nor does an older loader work with a newer library.
    let root =
        "debian 11 bullseye\npython /usr/local/bin/python3.11\nvenv /opt/venv\nwheel a has a.py";
    check(root, DEBIAN_BASE, "--with-interpreter", "plan: deny base-glibc Debian 12");
}

#[test]
fn a_distribution_of_a_package_where_nothing_installs() {
    let yaml = "debian
        python /usr/bin/python3.11 of python3
        site /usr/lib/python3/dist-packages
        wheel PyYAML has yaml.py
        deb python3-yaml depends python3
            owns /usr/lib/python3/dist-packages/PyYAML-1.0.dist-info/METADATA
            owns /usr/lib/python3/dist-packages/yaml.py
        venv /opt/venv system
        wheel web script web=yaml:main requires PyYAML";
    check(yaml, "debian\npython /usr/bin/python3.11", "--native vendor", "");
    check(yaml, SCRATCH, "--with-interpreter", "");
    // Alpine has them below the standard library.
    let yaml = "alpine
        python /usr/bin/python3.11 of python3
        site /usr/lib/python3.11/site-packages
        wheel PyYAML has yaml.py
        apk py3-yaml depends python3
            owns /usr/lib/python3.11/site-packages/PyYAML-1.0.dist-info/METADATA
            owns /usr/lib/python3.11/site-packages/yaml.py
        venv /opt/venv system
        wheel web script web=yaml:main requires PyYAML";
    check(yaml, "alpine\npython /usr/bin/python3.11", "--native vendor", "");
    check(yaml, SCRATCH, "--with-interpreter", "");
}

#[test]
fn a_library_of_the_interpreter() {
    let path_file = "alpine
        /etc/ld-musl-x86_64.path = /lib:/opt/lib\\n
        /opt/lib/libpython3.11.so.1.0 elf
        python /usr/local/bin/python3.11 needs libpython3.11.so.1.0
        venv /opt/venv
        wheel a has a.py";
    check(path_file, SCRATCH, "--with-interpreter", "");
    check(path_file, ALPINE_BASE, "--with-interpreter", "");
}
