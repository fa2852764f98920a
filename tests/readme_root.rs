//! The main job on the root shipped in py-fixtures: the first thing a newcomer runs.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub fn wheelbarrow(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wheelbarrow"))
        .args(arguments)
        .env_remove("SOURCE_DATE_EPOCH")
        .output()
        .expect("it starts")
}

pub fn fixture() -> String {
    format!("{}/py-fixtures/alpine-venv", env!("CARGO_MANIFEST_DIR"))
}

fn bundle(out: &Path, more: &[&str]) -> Output {
    wheelbarrow(&[&["bundle", "--root", &fixture(), "--out", out.to_str().unwrap()], more].concat())
}

/// Mode, time and content or target of every path.
pub type Dump = BTreeMap<PathBuf, (u32, i64, Vec<u8>)>;

/// Every path below `top`; of what is too large to hold, the size alone.
pub fn dump(top: &Path) -> Dump {
    let mut all = BTreeMap::new();
    for entry in walkdir::WalkDir::new(top) {
        let entry = entry.unwrap();
        let meta = entry.path().symlink_metadata().unwrap();
        let content = if meta.len() > 1 << 26 {
            meta.len().to_string().into_bytes()
        } else if meta.is_file() {
            fs::read(entry.path()).unwrap()
        } else if meta.is_symlink() {
            fs::read_link(entry.path()).unwrap().into_os_string().into_encoded_bytes()
        } else {
            Vec::new()
        };
        all.insert(
            entry.path().strip_prefix(top).unwrap().to_owned(),
            (meta.mode(), meta.mtime(), content),
        );
    }
    all
}

#[test]
fn the_final_stage() {
    let out = tempfile::tempdir().unwrap();
    let output = bundle(&out.path().join("bundle"), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap(), @r#"
    # The final stage, written by wheelbarrow. Builder: Alpine Linux v3.20, Python 3.11.2.
    # Build with the bundle as context: docker build -f Dockerfile.final BUNDLE
    FROM alpine:3.20
    RUN apk add --no-cache python3 yaml
    COPY rootfs/ /
    ENV PATH=/opt/app/bin:$PATH
    "#);
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
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not a bundle"));
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
        String::from_utf8(wheelbarrow(&["plan", "--json", "--root", &fixture(), env]).stdout)
            .unwrap()
    };
    let venv = plan("/opt/venv");
    assert!(venv.contains("\"prefix\": \"/opt/app\""), "{venv}");
    assert_eq!(plan("/opt/venv/bin/python"), venv);
    assert_eq!(plan("/opt/venv/lib/python3.11/site-packages"), venv);
}

#[test]
fn what_is_not_there_is_an_error_with_a_hint() {
    let output = wheelbarrow(&["report", "--root", &fixture(), "/nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @r"
    error: /nowhere: there is nothing of that name in the root
      hint: name the environment: `wheelbarrow bundle /path/to/venv`
    ");
}

/// What a command prints on a terminal of its own.
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
    // How far it gets is a matter of speed.
    assert!(on_a_terminal(&bundle, None).contains(['░', '█']), "a bar is drawn");
}
