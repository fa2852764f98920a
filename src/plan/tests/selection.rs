//! Which distributions are bundled: everything except installers, or the requested ones with their
//! requirements.

use crate::scenario::{compare, plan, show};

/// In a virtual environment of Alpine's Python.
#[track_caller]
fn check(root: &str, ask: &str, expect: &str) {
    let root = format!("alpine\npython /usr/bin/python3.11 of python3\nvenv /opt/venv\n{root}");
    let plan = plan(&root, &format!("/opt/venv {ask}")).plan;
    let lines = [show::distributions(&plan), show::findings(&plan.findings)].concat();
    compare(&root, &lines, expect);
}

#[test]
fn everything_but_installers() {
    check("wheel flask\nwheel pip", "", "+ flask | - pip");
    check(
        "wheel pip\nwheel setuptools\nwheel wheel\nwheel a",
        "",
        "+ a | - pip | - setuptools | - wheel",
    );
    // A distribution that requires an installer has it.
    check(
        "wheel a requires setuptools\nwheel setuptools\nwheel pip",
        "",
        "+ a | - pip | + setuptools",
    );
    check(
        "wheel pip\nwheel setuptools",
        "",
        "- pip | - setuptools | deny nothing-to-bundle /opt/venv",
    );
    check("", "", "deny nothing-to-bundle /opt/venv");
    // Modules that no distribution records.
    check("VENV/a.py = x", "", "warn nothing-to-bundle /opt/venv");
    check("VENV/a.so needs libc.musl-x86_64.so.1", "", "warn nothing-to-bundle /opt/venv");
    check("VENV/_virtualenv.py = x", "", "deny nothing-to-bundle /opt/venv");
    check("/opt/venv/bin/activate_this.py = x", "", "deny nothing-to-bundle /opt/venv");
}

#[test]
fn setuptools_for_code_that_imports_it() {
    let imports = |file: &str, text: &str| {
        format!("VENV/{file} = {text}\\n\nwheel a has {file}\nwheel setuptools\nwheel pip")
    };
    const KEPT: &str = "+ a | - pip | + setuptools";
    const LEFT: &str = "+ a | - pip | - setuptools";
    check(&imports("a/b.py", "import pkg_resources"), "", KEPT);
    check(&imports("a/b.py", "__import__('pkg_resources').declare_namespace(__name__)"), "", KEPT);
    check(&imports("a/b.py", "import setuptools"), "--require a", KEPT);
    check(&imports("a/b.py", "try:\\n  import pkg_resources\\nexcept ImportError: pass"), "", LEFT);
    check(&imports("a/b.py", "# import pkg_resources"), "", LEFT);
    check(&imports("a/distutils/core.py", "import setuptools"), "", LEFT);
    check(&imports("a/tests/b.py", "import setuptools"), "", LEFT);
    // Code of a distribution that is left out does not count.
    let other = imports("a/b.py", "import setuptools").replace("wheel pip", "wheel c");
    check(&other, "--require c", "- a | + c | - setuptools");
    // Code of no distribution does.
    check(
        "wheel a\nwheel setuptools\nVENV/b.py = import pkg_resources\\n",
        "",
        "+ a | + setuptools",
    );
    // The standard library has distutils before Python 3.12.
    let distutils = imports("a/b.py", "import distutils");
    check(&distutils, "", KEPT);
    check(&format!("/usr/lib/python3.11/distutils/__init__.py = x\n{distutils}"), "", LEFT);
}

#[test]
fn the_reason_for_setuptools_is_the_line_that_imports_it() {
    let root = "alpine\npython /usr/bin/python3.11 of python3\nvenv /opt/venv
        VENV/a.py = \\nimport pkg_resources\\n\nwheel a has a.py\nwheel setuptools";
    let plan = plan(root, "/opt/venv").plan;
    let reason = plan.distributions.iter().find(|one| one.name == "setuptools").unwrap();
    assert_eq!(
        reason.reason,
        "a imports pkg_resources without requiring it: \
         /opt/venv/lib/python3.11/site-packages/a.py, line 2"
    );
}

#[test]
fn what_is_asked_for_with_all_it_requires() {
    const ROOT: &str = "wheel flask requires click\nwheel click\nwheel other";
    check(ROOT, "--require flask", "+ click | + flask | - other");
    check(ROOT, "--require click", "+ click | - flask | - other");
    check(ROOT, "--require Click --require OTHER", "+ click | - flask | + other");
    // An installer that is asked for is bundled as any other.
    check("wheel a\nwheel pip", "--require pip", "- a | + pip");
    // Circles end.
    check("wheel a requires b\nwheel b requires a\nwheel c", "--require a", "+ a | + b | - c");
}

#[test]
fn extras_and_markers() {
    const EXTRA: &str = "wheel flask requires click async-timeout;extra==\"async\"
        wheel click
        wheel async-timeout";
    check(EXTRA, "--require flask", "- async-timeout | + click | + flask");
    check(EXTRA, "--require flask[async]", "+ async-timeout | + click | + flask");
    check(
        "wheel a requires b[x]\nwheel b requires c;extra==\"x\"\nwheel c",
        "--require a",
        "+ a | + b | + c",
    );
    const MARKER: &str = "wheel a requires tomli;python_version<\"3.11\" b;sys_platform==\"linux\"
        wheel tomli
        wheel b";
    check(MARKER, "--require a", "+ a | + b | - tomli");
}

#[test]
fn what_is_not_installed() {
    check("wheel a requires gone", "", "+ a | warn missing-requirement a");
    check("wheel a requires b>=2\nwheel b 1.0", "", "+ a | + b | warn missing-requirement a");
    check(
        "wheel a",
        "--require gone",
        "- a | deny missing-requirement gone | deny nothing-to-bundle /opt/venv",
    );
    // A requirement of a distribution that is left out is nobody's problem.
    check("wheel a\nwheel other requires gone", "--require a", "+ a | - other");
    check("wheel a requires gone;sys_platform==\"win32\"", "", "+ a");
}

#[test]
fn projects_are_wanted_where_they_are_installed() {
    check("wheel web requires a\nwheel a\nwheel other", "--project web", "+ a | - other | + web");
    check("wheel a\nwheel other", "--project web --require a", "+ a | - other");
    check(
        "wheel a\nwheel other",
        "--project web",
        "- a | - other | deny nothing-to-bundle /opt/venv",
    );
}

#[test]
fn one_distribution_twice() {
    let twice = "wheel a 1.0 has a.py\nsite /opt/more/lib/python3.11/site-packages\n";
    check(&format!("{twice}wheel a 2.0 has a.py"), "/opt/more", "+ a | - a | warn collision a");
    check(
        &format!("{twice}wheel a 1.0 has a.py\nwheel b has b.py"),
        "/opt/more",
        "+ a | - a | + b",
    );
}

#[test]
fn what_an_os_package_owns_is_installed_with_it() {
    let system = "site /usr/lib/python3.11/site-packages\n";
    let owned = "apk py3-yaml depends python3
            owns /usr/lib/python3.11/site-packages/PyYAML-6.0.dist-info/METADATA";
    let root = format!("wheel web requires PyYAML\n{system}wheel PyYAML 6.0\n{owned}");
    check(&root, "", "+ web | warn missing-requirement web");
    let with_system = format!("venv /opt/venv system\n{root}");
    check(&with_system, "", "- PyYAML | + web");
    check(&with_system, "--require PyYAML", "- PyYAML | - web | warn nothing-to-bundle /opt/venv");
}

#[test]
fn damaged_metadata_costs_a_finding() {
    check(
        "wheel a\nremove VENV/a-1.0.dist-info/METADATA",
        "",
        "+ a
            warn corrupt-metadata VENV/a-1.0.dist-info/METADATA
            warn missing-file a",
    );
    check("wheel a has a.py b.py\nremove VENV/b.py", "", "+ a | warn missing-file a");
    check("wheel a has x.py\nwheel b has x.py", "", "+ a | + b");
    const OVERWRITTEN: &str = "wheel a has x.py\nVENV/x.py = b\nwheel b has x.py";
    check(OVERWRITTEN, "", "+ a | + b | warn recorded-twice VENV/x.py");
    check("wheel a has a.py norecord", "", "+ a");
}
