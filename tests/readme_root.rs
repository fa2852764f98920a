//! The main job on the root shipped in py-fixtures, which a newcomer runs first.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::{Transcript, dump, exit_code, fixture, run, wheelbarrow};

fn bundle(out: &Path, more: &[&str]) -> Output {
    wheelbarrow(&[&["bundle", "--root", &fixture(), "--out", out.to_str().unwrap()], more].concat())
}

#[test]
fn the_final_stage() {
    let out = tempfile::tempdir().unwrap();
    let mut said = Transcript::default();
    said.add("bundle", &bundle(&out.path().join("bundle"), &["--print-dockerfile"]));
    let installer = "bundle/packages/opt/app/lib/wheelbarrow/install-packages";
    let installer = fs::read_to_string(out.path().join(installer)).unwrap();
    insta::assert_snapshot!("the_installer", installer);
    said.add(
        "bundle --final-stage explicit",
        &bundle(&out.path().join("bundle"), &["--final-stage", "explicit", "--print-dockerfile"]),
    );
    insta::assert_snapshot!(said.text());
    assert_eq!(
        fs::read_to_string(out.path().join("bundle/runtime-packages.txt")).unwrap(),
        "python3\nyaml\n"
    );
}

#[test]
fn two_runs_are_identical_and_hold_no_builder_path() {
    let out = tempfile::tempdir().unwrap();
    let (first, second) = (out.path().join("a"), out.path().join("b"));
    assert!(bundle(&first, &[]).status.success());
    assert!(bundle(&second, &[]).status.success());
    assert!(bundle(&second, &[]).status.success(), "a bundle replaces an earlier bundle");
    let (a, b) = (dump(&first), dump(&second));
    assert_eq!(a, b);
    assert!(a.values().all(|(_, time, _)| *time == 315_532_800));
    for (path, (_, _, content)) in &a {
        assert!(
            memchr::memmem::find(content, b"/opt/venv").is_none(),
            "{} holds the builder's path",
            path.display()
        );
    }
}

#[test]
fn a_foreign_directory_is_refused() {
    let out = tempfile::tempdir().unwrap();
    fs::write(out.path().join("precious"), "x").unwrap();
    let output = bundle(out.path(), &[]);
    assert_eq!(exit_code(&output), 2);
    let mut said = Transcript::default();
    said.add("--out is a directory with a file of somebody else", &output);
    insta::assert_snapshot!(said.text());
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
}

#[test]
fn pinned_and_by_so_name() {
    let check = |more: &[&str], expect: &str| {
        let out = tempfile::tempdir().unwrap();
        assert!(bundle(&out.path().join("bundle"), more).status.success());
        assert_eq!(
            fs::read_to_string(out.path().join("bundle/runtime-packages.txt")).unwrap(),
            expect
        );
    };
    check(&["--pin"], "python3=3.11.2-r0\nyaml=0.2.5-r2\n");
    check(&["--so-names"], "python3\nso:libyaml-0.so.2\n");
}

#[test]
fn the_environment_may_be_named_in_three_ways() {
    let plan = |env: &str| {
        let output = wheelbarrow(&["plan", "--json", "--root", &fixture(), env]);
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let venv = plan("/opt/venv");
    assert_eq!(venv["prefix"], "/opt/app");
    assert_eq!(plan("/opt/venv/bin/python"), venv);
    assert_eq!(plan("/opt/venv/lib/python3.11/site-packages"), venv);
}

#[test]
fn a_missing_environment_is_an_error_with_advice() {
    insta::assert_snapshot!(run(&["report", "--root", &fixture(), "/nowhere"]));
}

/// The texts that a newcomer reads first.
#[test]
fn the_report_and_the_plan() {
    let mut said = Transcript::default();
    for command in ["report", "report --tree", "plan", "plan --files"] {
        let words: Vec<&str> = command.split(' ').collect();
        said.add(command, &wheelbarrow(&[&words[..], &["--root", &fixture()]].concat()));
    }
    insta::assert_snapshot!(said.text());
}

/// The output of a command on a terminal of its own.
fn on_a_terminal(command: &str, no_color: Option<&str>) -> String {
    let mut script = Command::new("script");
    script.args(["-qec", command, "/dev/null"]).env("TERM", "xterm").env_remove("NO_COLOR");
    if let Some(value) = no_color {
        script.env("NO_COLOR", value);
    }
    String::from_utf8_lossy(&script.output().expect("script of util-linux starts").stdout)
        .into_owned()
}

#[test]
fn colours_and_the_progress_bar_are_for_terminals() {
    let report = format!("{} report --root {}", env!("CARGO_BIN_EXE_wheelbarrow"), fixture());
    assert!(on_a_terminal(&report, None).contains("\x1b[1m"));
    assert!(!on_a_terminal(&report, Some("1")).contains("\x1b["));
    assert!(!on_a_terminal(&format!("{report} --json"), None).contains("\x1b["));
    let columns = |command: &str| format!("stty cols 60; {command}");
    let narrow = on_a_terminal(&columns(&report), Some("1"));
    assert!(narrow.lines().all(|line| line.trim_end().chars().count() <= 60), "{narrow}");
    let linked = on_a_terminal(&format!("FORCE_HYPERLINK=1 {report} --tree"), None);
    let module = format!("{}/opt/venv/lib/python3.11/site-packages/yaml/_yaml.", fixture());
    assert!(linked.contains("\x1b]8;;file://") && linked.contains(&module), "{linked}");
    assert!(!on_a_terminal(&format!("{report} --tree"), None).contains("\x1b]8"));
    let piped = wheelbarrow(&["report", "--root", &fixture()]);
    assert!(!piped.stdout.contains(&0x1b));
    let out = tempfile::tempdir().unwrap();
    let written = bundle(&out.path().join("bundle"), &[]);
    assert!(!written.stderr.contains(&0x1b) && !written.stderr.contains(&b'\r'));
    let bundle = format!(
        "{} bundle --root {} --out {}/again",
        env!("CARGO_BIN_EXE_wheelbarrow"),
        fixture(),
        out.path().display()
    );
    // The final state of the bar depends on the speed.
    assert!(on_a_terminal(&bundle, None).contains(['░', '█']), "a bar is drawn");
}
