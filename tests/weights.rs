//! Weights of findings, explained codes, and options that `pyproject.toml` gives.

use std::path::Path;
use std::process::Output;

use crate::support::{distribution, exit_code, program, shown, write};

/// A plan of an environment whose one distribution lacks a requirement, made in a directory with this
/// `pyproject.toml`.
fn plan(configuration: &str, arguments: &[&str]) -> Output {
    let top = tempfile::tempdir().unwrap();
    let top: &Path = &top.path().canonicalize().unwrap();
    let site = top.join("target");
    write(site.join("pkg.py"), "");
    distribution(&site, "pkg", "1", "Requires-Dist: gone\n", &["pkg.py"]);
    write(top.join("pyproject.toml"), configuration);
    let mut command = program();
    command.current_dir(top).arg("plan").arg(&site).args(["--from", "any"]).args(arguments);
    command.output().unwrap()
}

/// The exit status and the severity of the finding.
#[track_caller]
fn check(configuration: &str, arguments: &[&str], status: i32, severity: &str) {
    let output = plan(configuration, arguments);
    let said = shown(&output);
    assert_eq!(exit_code(&output), status, "{configuration} {arguments:?}: {said}");
    assert!(said.contains(&format!("{severity}[missing-requirement] pkg")), "{said}");
}

#[test]
fn findings_have_the_weight_that_the_user_gives() {
    const TABLE: &str = "[tool.wheelbarrow]\n";
    check("", &[], 0, "warn");
    check("", &["--deny", "missing-requirement"], 1, "deny");
    check("", &["--allow", "missing-requirement"], 0, "note");
    check("", &["--deny", "missing-requirement", "--allow", "missing-requirement=pkg"], 0, "note");
    let denied = format!("{TABLE}deny = ['missing-requirement']");
    check(&denied, &[], 1, "deny");
    // The command line wins.
    check(&denied, &["--deny", "unowned-library"], 0, "warn");
    for (configuration, arguments, expect) in [
        ("", &["--deny", "missing-requirment"][..], "did you mean missing-requirement?"),
        ("[tool.wheelbarrow]\ndenny = 'x'", &[], "did you mean deny?"),
        (
            "[tool.wheelbarrow]\ndeny = 'missing-requirment'",
            &[],
            "did you mean missing-requirement?",
        ),
        ("[tool.wheelbarrow", &[], "pyproject.toml: "),
    ] {
        let output = plan(configuration, arguments);
        let said = shown(&output);
        assert_eq!(exit_code(&output), 2, "{configuration}: {said}");
        assert!(said.contains(expect), "{configuration}: {said}");
    }
}

#[test]
fn an_environment_can_be_too_large() {
    for (configuration, arguments, status, expect) in [
        ("", &["--max-size", "1 GB"][..], 0, "warn[missing-requirement]"),
        ("", &["--max-size", "0.01kB"], 1, "deny[too-large] /opt/app: "),
        ("[tool.wheelbarrow]\nmax-size = '0.01kB'", &[], 1, "the largest parts are "),
        ("", &["--max-size", "0.01kB", "--allow", "too-large"], 0, "note[too-large]"),
        ("", &["--max-size", "12"], 2, "give a size such as 500kB, 200MB or 1.5GB"),
        ("", &["--max-size", "-1MB"], 2, "error"),
        ("", &["--max-size", "nanMB"], 2, "give a size"),
    ] {
        let output = plan(configuration, arguments);
        let said = shown(&output);
        assert_eq!(exit_code(&output), status, "{configuration} {arguments:?}: {said}");
        assert!(said.contains(expect), "{configuration} {arguments:?}: {said}");
    }
}

#[test]
fn findings_in_the_forms_of_other_tools() {
    let of = |form| {
        let output = plan("", &["--output-format", form, "--deny", "missing-requirement"]);
        assert_eq!(exit_code(&output), 1, "{}", shown(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let annotations = of("github");
    let (first, _) = annotations.split_once('\n').unwrap();
    assert!(first.starts_with("::error title=wheelbarrow missing-requirement::pkg: "), "{first}");
    assert!(annotations.lines().all(|line| line.starts_with("::")), "{annotations}");
    for (form, pointer) in [("json", "/findings/0/code"), ("sarif", "/runs/0/results/0/ruleId")] {
        let document: serde_json::Value = serde_json::from_str(&of(form)).unwrap();
        assert_eq!(document.pointer(pointer).unwrap(), "missing-requirement", "{document}");
    }
    assert_eq!(exit_code(&plan("", &["--output-format", "json", "--json"])), 2);
}

#[test]
fn a_code_is_explained() {
    let output = program().args(["explain", "foreign-package"]).output().unwrap();
    assert_eq!(exit_code(&output), 0);
    insta::assert_snapshot!(shown(&output));
    let output = program().args(["explain", "foreign-packages"]).output().unwrap();
    assert_eq!(exit_code(&output), 2);
    assert!(shown(&output).contains("did you mean foreign-package?"));
}
