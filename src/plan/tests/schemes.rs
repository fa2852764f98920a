//! Where files go that are in no virtual environment: what pip was sent elsewhere, Debian's
//! directories, several environments at once.

use crate::scenario::{compare, plan, show};

#[track_caller]
fn check(root: &str, ask: &str, expect: &str) {
    let plan = plan(root, ask).plan;
    let lines = [show::tree(&plan), show::left(&plan), show::findings(&plan.findings)];
    compare(root, &lines.concat(), expect);
}

#[test]
fn other_schemes_of_pip() {
    const PYTHON: &str = "alpine\npython /usr/local/bin/python3.11";
    check(
        &format!(
            "{PYTHON}
                site /out/lib/python3.11/site-packages
                wheel web script web=web:main has web.py ../../../share/x"
        ),
        "/out",
        "APP/bin/web starts python beside it | SITE/web.py | APP/share/x",
    );
    check(
        &format!(
            "{PYTHON}
                site /root/.local/lib/python3.11/site-packages
                wheel web has web.py ../../../include/python3.11/web/web.h"
        ),
        "/root/.local",
        "APP/include/site/python3.11/web/web.h | SITE/web.py",
    );
    check(
        &format!("{PYTHON}\ntarget /out\nwheel web script web=web:main has web/__init__.py"),
        "/out",
        "APP/bin/web starts python beside it | SITE/web/__init__.py",
    );
    check(
        &format!("{PYTHON}\ntarget /out\nwheel web has web/__init__.py share/web.txt"),
        "/out",
        "SITE/web/__init__.py | APP/share/web.txt",
    );
    check(
        &format!(
            "{PYTHON}
                site /usr/local/lib/python3.11/site-packages
                wheel web script web=web:main has web.py
                wheel pip has pip.py"
        ),
        "/usr/local/bin/python3",
        "APP/bin/web starts python beside it
            SITE/web.py
            left /usr/local/lib/python3.11/site-packages/pip.py",
    );
    check(
        &format!(
            "{PYTHON}
                site /out/usr/local/lib/python3.11/site-packages
                wheel web script web=web:main has web.py"
        ),
        "/out",
        "APP/bin/web starts python beside it | SITE/web.py",
    );
}

#[test]
fn debian_has_dist_packages() {
    const DEBIAN: &str = "debian\npython /usr/bin/python3.11 of python3";
    let system = "site /usr/lib/python3/dist-packages
        wheel apt has apt.py
        deb python3-apt owns /usr/lib/python3/dist-packages/apt-1.0.dist-info/METADATA
            owns /usr/lib/python3/dist-packages/apt.py";
    let local = "site /usr/local/lib/python3.11/dist-packages scripts /usr/local/bin
        wheel web script web=web:main has web.py";
    check(
        &format!("{DEBIAN}\n{system}\n{local}"),
        "/usr/bin/python3",
        "APP/bin/web starts python beside it
            SITE/web.py
            left /usr/lib/python3/dist-packages/apt.py",
    );
    check(
        &format!("{DEBIAN}\n{system}\n{local}\nvenv /opt/venv system\nwheel a has a.py"),
        "/opt/venv",
        "APP/bin/web starts python beside it
            SITE/a.py
            SITE/web.py
            left /usr/lib/python3/dist-packages/apt.py",
    );
    check(
        &format!(
            "{DEBIAN}
                site /out/local/lib/python3.11/dist-packages scripts /out/local/bin
                wheel web has web.py"
        ),
        "/out",
        "SITE/web.py",
    );
}

#[test]
fn two_environments() {
    const PYTHON: &str = "alpine\npython /usr/local/bin/python3.11";
    let two = |first: &str, second: &str| {
        format!("{PYTHON}\nvenv /one\nwheel a has {first}\nvenv /two\nwheel b has {second}")
    };
    check(&two("a.py", "b.py"), "/one /two", "SITE/a.py | SITE/b.py");
    check(
        &two("a.py both.py", "b.py both.py"),
        "/one /two",
        "SITE/a.py
            SITE/b.py
            SITE/both.py
            left /two/lib/python3.11/site-packages/both.py
            warn collision /two/lib/python3.11/site-packages/both.py",
    );
    check(
        &two("a.py both.py", "b.py both.py"),
        "/two /one",
        "SITE/a.py
            SITE/b.py
            SITE/both.py
            left /one/lib/python3.11/site-packages/both.py
            warn collision /one/lib/python3.11/site-packages/both.py",
    );
    // Equal files are no collision.
    let same = "/one/lib/python3.11/site-packages/both.py = x
        /two/lib/python3.11/site-packages/both.py = x";
    let root = two("a.py both.py", "b.py both.py");
    check(
        &root.replace("alpine\n", &format!("alpine\n{same}\n")),
        "/one /two",
        "SITE/a.py | SITE/b.py | SITE/both.py | left /two/lib/python3.11/site-packages/both.py",
    );
}

#[test]
fn a_free_threaded_python_beside_another_of_its_version() {
    let root = "debian\npython /usr/local/bin/python3.13\npython /usr/local/bin/python3.13t
        venv /opt/venv\nwheel a has a.py a/_a.cpython-313t-x86_64-linux-gnu.so";
    let plan = plan(root, "/opt/venv").plan;
    let mut tree = show::tree(&plan);
    tree.retain(|line| !line.contains(".dist-info/"));
    compare(
        root,
        &[show::final_root(&plan), tree, show::findings(&plan.findings)].concat(),
        "FROM ? with /usr/local/bin/python3.13t
            APP/lib/python3.13t/site-packages/a.py
            APP/lib/python3.13t/site-packages/a/_a.cpython-313t-x86_64-linux-gnu.so
            deny interpreter-not-in-base /usr/local/bin/python3.13t",
    );
}
