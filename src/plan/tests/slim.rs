//! The files that `--slim` removes, and those that other code needs.

use crate::plan::Receipt;
use crate::scenario::{compare, plan, show};

#[track_caller]
fn check(root: &str, ask: &str, expect: &str) {
    let plan = plan(root, &format!("/opt/venv {ask}")).plan;
    let lines = [show::tree(&plan), show::findings(&plan.findings)].concat();
    compare(root, &lines, expect);
}

/// What is left of the tests and stubs of `a`, and of nothing else, in an environment with these files.
#[track_caller]
fn left(files: &str, slim: &str, expect: &str) {
    let root = format!("alpine\npython /usr/local/bin/python3.11\nvenv /opt/venv\n{files}");
    let plan = plan(&root, &format!("/opt/venv --slim {slim}")).plan;
    let rare = |line: &String| line.contains("/test") || line.ends_with(".pyi");
    compare(&root, &show::tree(&plan).into_iter().filter(rare).collect::<Vec<_>>(), expect);
}

#[test]
fn slim_removes_what_it_is_told() {
    const ROOT: &str = "alpine
        python /usr/local/bin/python3.11
        venv /opt/venv
        wheel a has a/__init__.py a/tests/test_a.py a/testing.py a/x.pyi a/a.c a/liba.a a/x.so
            debug has tests/b.py a/LICENSE.c";
    check(
        ROOT,
        "--slim tests",
        "SITE/a/LICENSE.c
            SITE/a/__init__.py
            SITE/a/a.c
            SITE/a/liba.a
            SITE/a/testing.py
            SITE/a/x.pyi
            SITE/a/x.so
            SITE/tests/b.py",
    );
    check(
        ROOT,
        "--slim stubs --slim headers --slim static",
        "SITE/a/LICENSE.c
            SITE/a/__init__.py
            SITE/a/testing.py
            SITE/a/tests/test_a.py
            SITE/a/x.so
            SITE/tests/b.py",
    );
    check(
        ROOT,
        "--slim strip",
        "SITE/a/LICENSE.c
            SITE/a/__init__.py
            SITE/a/a.c
            SITE/a/liba.a
            SITE/a/testing.py
            SITE/a/tests/test_a.py
            SITE/a/x.pyi
            SITE/a/x.so stripped
            SITE/tests/b.py",
    );
    check(
        ROOT,
        "--slim tests --compile",
        "SITE/a/LICENSE.c
            SITE/a/__init__.py
            SITE/a/__pycache__/__init__.cpython-311.pyc compiled
            SITE/a/__pycache__/testing.cpython-311.pyc compiled
            SITE/a/a.c
            SITE/a/liba.a
            SITE/a/testing.py
            SITE/a/x.pyi
            SITE/a/x.so
            SITE/tests/__pycache__/b.cpython-311.pyc compiled
            SITE/tests/b.py",
    );
}

#[test]
fn removed_files_have_receipts() {
    const ROOT: &str = "alpine
        python /usr/local/bin/python3.11
        venv /opt/venv
        wheel a has a/__init__.py a/b.py a/b.pyi a/c.py a/c.pyi a/d.h a/tests/e.py
        VENV/a/__init__.py = from . import tests";
    let show = |receipts: &[Receipt]| {
        let lines = receipts.iter().map(|one| format!("{} {}", one.files, one.kind.name()));
        lines.collect::<Vec<_>>().join(", ")
    };
    for (slim, removed, removable) in [
        ("", "", "2 type stubs, 1 C sources and headers"),
        ("--slim stubs", "2 type stubs", "1 C sources and headers"),
        ("--slim tests --slim headers", "1 C sources and headers", "2 type stubs"),
    ] {
        let plan = plan(ROOT, &format!("/opt/venv {slim}")).plan;
        assert_eq!(
            (show(&plan.slimmed), show(&plan.removable)),
            (removed.into(), removable.into())
        );
    }
}

#[test]
fn tests_that_other_code_imports() {
    const FILES: &str = "wheel a has a/__init__.py a/tests/__init__.py a/tests/data/x.csv
            has a/b/tests/y.py a/b/c.py\n";
    const ALL: &str = "SITE/a/tests/__init__.py | SITE/a/tests/data/x.csv";
    let with = |more: &str| format!("{FILES}{more}");
    left(FILES, "tests", "");
    for code in [
        "VENV/a/__init__.py = from .tests import runner",
        "VENV/a/__init__.py = def run():\\n  from a import tests",
        "VENV/a/b/c.py = from ..tests.runner import run",
        "VENV/a/b/c.py = RUNNER = 'a.tests.runner.Runner'",
        "VENV/a/__init__.py = open(join(here, 'tests', 'data'))",
        "wheel other has other.py\nVENV/other.py = import a.tests.x as x",
        "/opt/venv/bin/run = #!/opt/venv/bin/python\\nimport a.tests",
    ] {
        left(&with(code), "tests", ALL);
    }
    for code in [
        "VENV/a/__init__.py = # from .tests import runner",
        "VENV/a/tests/__init__.py = from a.b.tests import y",
        "VENV/a/__init__.py = import unittest, tests, a.testing",
    ] {
        left(&with(code), "tests", "");
    }
    // What is needed needs more.
    left(
        &with(
            "VENV/a/__init__.py = import a.b.tests\nVENV/a/b/tests/y.py = from ...tests import x",
        ),
        "tests",
        &format!("SITE/a/b/tests/y.py | {ALL}"),
    );
}

#[test]
fn stubs_that_other_code_reads() {
    left("wheel a has a/__init__.py a/__init__.pyi a/b.so a/b.pyi", "stubs", "");
    left(
        "wheel a has a/__init__.py a/__init__.pyi a/b.py a/b.pyi
            VENV/a/__init__.py = import lazy_loader\\nlazy_loader.attach_stub(__name__, __file__)",
        "stubs",
        "SITE/a/__init__.pyi",
    );
    left(
        "wheel a has a/__init__.py a/b.py a/b.pyi\nwheel c has c/__init__.py c/__init__.pyi
            VENV/a/b.py = path.with_suffix('.pyi')",
        "stubs",
        "SITE/a/b.pyi",
    );
    // Data, and stubs that only a type checker reads.
    left("wheel a has a/dist/x.pyi", "stubs", "SITE/a/dist/x.pyi");
    const STUBS: &str = "wheel types-a has a-stubs/__init__.pyi\nwheel checker has c/c.py";
    left(STUBS, "stubs", "");
    left(
        &format!("{STUBS} c/typeshed/os.pyi"),
        "stubs",
        "SITE/a-stubs/__init__.pyi | SITE/c/typeshed/os.pyi",
    );
}
