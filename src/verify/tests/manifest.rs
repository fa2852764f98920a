//! A bundle over its final root, of which something is lost or changed afterwards.

use crate::scenario::{Scenario, compare, plan, show};

const ALPINE: &str = "alpine\npython /usr/local/bin/python3.11\nvenv /opt/venv
    wheel a script a=a:main requires b has a.py a/data has b/x.so needs libb.so runpath $ORIGIN
        has b/libb.so
    wheel b has b.py
    apk libpq owns /usr/lib/libpq.so.5
    wheel c has c.so needs libpq.so.5";
const BASE: &str = "alpine\npython /usr/local/bin/python3.11";
const INSTALLED: &str = "apk libpq owns /usr/lib/libpq.so.5";

fn scenario(ask: &str) -> Scenario {
    plan(ALPINE, &format!("/opt/venv {ask}"))
}

/// The findings when `change` comes after the bundle.
#[track_caller]
fn check(ask: &str, change: &str, expect: &str) {
    let found = scenario(ask).verify_changed(&format!("{BASE}\n{INSTALLED}"), change);
    compare(change, &show::findings(&found.findings), expect);
}

#[test]
fn what_is_complete() {
    check("", "", "");
    check("--layers 20", "", "");
    // Files that appear at run time, or that the user adds.
    check("", "SITE/__pycache__/a.cpython-311.pyc = x\nSITE/local.py = x", "");
}

#[test]
fn files_and_links_that_are_lost() {
    check("", "remove SITE/b.py", "deny missing-file SITE/b.py");
    check("", "remove APP/bin/python3", "deny missing-file APP/bin/python3");
    check(
        "",
        "remove SITE/a-1.0.dist-info/RECORD",
        "deny missing-file SITE/a-1.0.dist-info/RECORD",
    );
    check("", "remove SITE/b-1.0.dist-info", "deny missing-file /opt/app");
    check("", "remove /opt/app/lib/python3.11", "deny missing-file /opt/app");
    check("", "remove APP/pyvenv.cfg", "deny missing-file APP/pyvenv.cfg");
    check("", "remove /opt/app", "deny broken-interpreter /opt/app");
}

/// What follows from a lost file is no finding of its own.
#[test]
fn causes_alone() {
    check("", "remove SITE/a.py", "deny missing-file SITE/a.py");
    check("", "remove SITE/b/libb.so", "deny missing-file SITE/b/libb.so");
    check("", "remove APP/bin/python", "deny missing-file APP/bin/python");
    check("", "remove /usr/lib/libpq.so.5", "deny unresolved-library libpq.so.5");
}

#[test]
fn files_and_links_that_are_changed() {
    check("", "SITE/a.py = other", "deny changed-file SITE/a.py");
    check("", "SITE/a.py -> b.py", "deny changed-file SITE/a.py");
    check("", "APP/bin/python3 -> ../lib", "deny changed-file APP/bin/python3");
    check("", "APP/bin/python3 = text", "deny changed-file APP/bin/python3");
    check("", "remove SITE/a.py\nSITE/a.py/", "deny changed-file SITE/a.py");
    check("", "SITE/a.py = other\nSITE/b.py = other", "deny changed-file /opt/app");
}

#[test]
fn the_manifest_itself() {
    check(
        "",
        "remove APP/lib/wheelbarrow/manifest",
        "deny missing-file APP/lib/wheelbarrow/manifest",
    );
    check(
        "",
        "APP/lib/wheelbarrow/manifest = {}",
        "deny changed-file APP/lib/wheelbarrow/manifest",
    );
}

#[test]
fn layers_that_are_lost() {
    for (layer, expect) in [
        ("20-environment", "deny missing-layer 20-environment"),
        ("70-small", "deny missing-layer 70-small"),
        ("95-bundle", "deny missing-file APP/lib/wheelbarrow/manifest"),
    ] {
        let scenario = scenario("--layers 20");
        let found = scenario.verify_without_layer(&format!("{BASE}\n{INSTALLED}"), layer);
        let found: Vec<String> = show::findings(&found.findings);
        assert_eq!(found, [expect], "without {layer}");
    }
}

#[test]
fn messages_count_and_name() {
    let told = |change: &str| {
        let found = scenario("").verify_changed(BASE, change).findings;
        found
            .into_iter()
            .map(|one| format!("{} {}: {}", one.code.as_str(), one.subject, one.message))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told("remove SITE/a.py\nremove SITE/a/data\nremove SITE/b.py"),
        [
            "unresolved-library libpq.so.5: needed by 1 file \
             (/opt/app/lib/python3.11/site-packages/c.so), and does not exist: tried \
             /lib/libpq.so.5, /usr/local/lib/libpq.so.5, /usr/lib/libpq.so.5",
            "missing-file /opt/app: 3 files of the bundle do not exist, 2 of a, 1 of b: \
             /opt/app/lib/python3.11/site-packages/a.py, /opt/app/lib/python3.11/site-packages/a/data, \
             /opt/app/lib/python3.11/site-packages/b.py",
        ]
    );
    let advice = scenario("").verify_changed(BASE, "").findings.remove(0).help;
    assert_eq!(
        advice.as_deref(),
        Some("install libpq in the final stage: apk add --no-cache libpq")
    );
}

#[test]
fn requirements() {
    let yaml = "debian
        python /usr/bin/python3.11 of python3
        site /usr/lib/python3/dist-packages
        wheel PyYAML has yaml.py
        deb python3-yaml depends python3
            owns /usr/lib/python3/dist-packages/PyYAML-1.0.dist-info/METADATA
            owns /usr/lib/python3/dist-packages/yaml.py
        venv /opt/venv system
        wheel web requires PyYAML gone";
    let base = "debian\npython /usr/bin/python3.11";
    let found = plan(yaml, "/opt/venv").verify_changed(base, "");
    // The builder does not have the other one either.
    compare(
        yaml,
        &show::findings(&found.findings),
        "deny missing-requirement web | warn missing-requirement web",
    );
}
