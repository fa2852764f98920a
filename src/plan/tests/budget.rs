//! A plan that is larger than the user allows.

use crate::scenario::plan;

const ROOT: &str = "alpine
    python /usr/bin/python3.11 of python3
    venv /opt/venv
    apk libpq 16.4 owns /usr/lib/libpq.so.5
    wheel web requires db has web.py
    wheel db has db/_db.so needs libpq.so.5 bytes 70000";

/// The sentence about the size, or nothing.
#[track_caller]
fn check(ask: &str, expect: Option<&str>) {
    let scenario = plan(ROOT, &format!("/opt/venv {ask}"));
    let found = scenario.plan.findings.iter().find(|one| one.code.as_str() == "too-large");
    let message = found.map(|one| one.message.as_str());
    match expect {
        Some(expect) => assert!(message.is_some_and(|text| text.contains(expect)), "{message:?}"),
        None => assert_eq!(message, None),
    }
}

#[test]
fn the_largest_parts_are_named() {
    check("--max-size 20000000", None);
    check("", None);
    check(
        "--max-size 71000",
        Some("more than the 71.0 kB of --max-size; the largest parts are db ("),
    );
    // What evidence does not lead to costs nothing.
    check("--max-size 71000 --native vendor", Some("db ("));
}
