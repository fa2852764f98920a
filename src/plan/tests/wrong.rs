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
#[ignore = "a library that is called lib*.so counts as an extension module"]
fn a_plugin_that_the_builder_cannot_load_either() {
    const PLUGIN: &str = "wheel a has a/a.py a/libplugin_cuda.so needs libcublas.so.12";
    check(
        PLUGIN,
        "",
        "SITE/a/a.py | SITE/a/libplugin_cuda.so | warn unresolved-library VENV/a/libplugin_cuda.so",
    );
}
