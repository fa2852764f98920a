//! The cut into layers, through the whole plan.

use crate::scenario::{compare, plan, show};

const PYTHON: &str = "/usr/local/bin/python /usr/local/bin/python3 /usr/local/bin/python3.11 \
    /usr/local/lib/python3.11/json/__init__.py /usr/local/lib/python3.11/os.py \
    /usr/local/lib/python3.11/sqlite3/__init__.py";

#[track_caller]
fn check(root: &str, ask: &str, expect: &str) {
    let root = format!("alpine\npython /usr/local/bin/python3.11\nvenv /opt/venv\n{root}");
    let plan = plan(&root, &format!("/opt/venv {ask}")).plan;
    let expect = expect.replace("PYTHON", PYTHON).replace("LIBPQ", "/usr/lib/libpq.so.5");
    compare(&root, &[show::layers(&plan), show::findings(&plan.findings)].concat(), &expect);
}

const APP: &str = "wheel web from file:///src requires flask has web.py script web=web:main
    wheel flask has flask/__init__.py
    wheel click has click.py";

#[test]
fn one_tree_unless_layers_are_asked_for() {
    check(APP, "", "");
    check(
        APP,
        "--layers 20",
        "20-environment:
            70-small: SITE/click.py SITE/flask/__init__.py
            90-app: APP/bin/web SITE/web.py",
    );
    check(
        APP,
        "--layers 4",
        "20-environment:
            70-small: SITE/click.py SITE/flask/__init__.py
            90-app: APP/bin/web SITE/web.py",
    );
}

#[test]
fn groups_set_by_hand() {
    check(
        APP,
        "--layer libraries=flask,click",
        "20-environment:
            30-libraries: SITE/click.py SITE/flask/__init__.py
            90-app: APP/bin/web SITE/web.py",
    );
    check(
        APP,
        "--layer libraries=flask,gone",
        "20-environment:
            30-libraries: SITE/flask/__init__.py
            70-small: SITE/click.py
            90-app: APP/bin/web SITE/web.py
            warn not-in-layer gone",
    );
    check(
        APP,
        "--layer mine=web",
        "20-environment:
            30-mine: APP/bin/web SITE/web.py
            70-small: SITE/click.py SITE/flask/__init__.py",
    );
    check(
        APP,
        "--layer libraries=flask --require web",
        "20-environment: | 30-libraries: SITE/flask/__init__.py | 90-app: APP/bin/web SITE/web.py",
    );
}

#[test]
fn a_distribution_above_the_cap_has_parts() {
    const BIG: &str =
        "wheel big has big/a/x.so bytes 70000 has big/b/y.so bytes 80000 has big/b/z.so
            bytes 20000
        wheel small has small.py";
    check(
        BIG,
        "--layers 20",
        "20-environment:
            50-big: SITE/big/a/x.so SITE/big/b/y.so SITE/big/b/z.so
            70-small: SITE/small.py",
    );
    check(
        BIG,
        "--layers 20 --layer-cap 100000",
        "20-environment:
            50-big-part1: SITE/big/a/x.so
            50-big-part2: SITE/big/b/y.so SITE/big/b/z.so
            70-small: SITE/small.py",
    );
    check(
        BIG,
        "--layers 20 --layer-cap 90000",
        "20-environment:
            50-big-part1: SITE/big/a/x.so
            50-big-part2: SITE/big/b/y.so
            50-big-part3: SITE/big/b/z.so
            70-small: SITE/small.py",
    );
}

#[test]
fn libraries_and_the_interpreter_have_layers() {
    let root = "apk libpq owns /usr/lib/libpq.so.5\nwheel a has a.so needs libpq.so.5";
    check(
        root,
        "--layers 20 --native vendor",
        "10-system: /usr/lib/libpq.so.5 | 20-environment: | 70-small: SITE/a.so",
    );
    check(
        root,
        "--layers 20 --with-interpreter",
        "10-system: /etc/os-release /lib/apk/db/installed /lib/ld-musl-x86_64.so.1 LIBPQ PYTHON
            20-environment:
            70-small: SITE/a.so",
    );
}
