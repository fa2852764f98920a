//! Answers that are not right yet, each with the right one: a table becomes part of its subject
//! when it holds.

use crate::scenario::{compare, plan, show};

const VENV: &str = "alpine\npython /usr/local/bin/python3.11\nvenv /opt/venv";

#[track_caller]
fn check(root: &str, ask: &str, expect: &str) {
    let root = format!("{VENV}\n{}", root);
    let plan = plan(&root, &format!("/opt/venv {ask}")).plan;
    compare(&root, &[show::tree(&plan), show::findings(&plan.findings)].concat(), expect);
}

#[test]
#[ignore = "panics: `..` in the target of an absolute link"]
fn an_absolute_link_with_dots() {
    check(
        "wheel a has a.py\nVENV/b.py -> /opt/venv/bin/../lib/python3.11/site-packages/a.py",
        "",
        "SITE/a.py | SITE/b.py -> a.py",
    );
}

#[test]
#[ignore = "only the first `..` of a relative target are counted"]
fn a_link_that_leads_out_later() {
    const ESCAPES: &str = "wheel a has a.py\nVENV/b.py -> x/../../../../../../etc/passwd";
    check(ESCAPES, "", "SITE/a.py | warn outside-environment VENV/b.py");
}

#[test]
#[ignore = "the link is bundled, what it leads to is not, and verification denies it"]
fn a_link_to_what_is_left_out() {
    const DANGLES: &str = "wheel a has a.py\nwheel pip has pip/x.py\nVENV/b.py -> pip/x.py";
    check(DANGLES, "", "SITE/a.py | warn outside-environment VENV/b.py");
}

#[test]
#[ignore = "a library that is called lib*.so counts as an extension module"]
fn a_plugin_that_the_builder_cannot_load_either() {
    const PLUGIN: &str = "wheel a has a/a.py a/libplugin_cuda.so needs libcublas.so.12";
    check(
        PLUGIN,
        "",
        "SITE/a/a.py | SITE/a/libplugin_cuda.so | warn unresolved-library VENV/a/libplugin_cuda.so",
    );
}
