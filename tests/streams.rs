//! Standard output and standard error that cannot be written, and text that a terminal must not see.

use std::fs::File;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use crate::support::{distribution, exit_code, fixture, fixture_copy, program, shown, write};

const SITE: &str = "opt/venv/lib/python3.11/site-packages";

/// Runs a command line in a shell, for its redirections; returns the exit status and standard error.
fn shell(arguments: &str, redirections: &str) -> (i32, String) {
    let program = env!("CARGO_BIN_EXE_wheelbarrow");
    let line = format!("{program} {arguments} {redirections}");
    let output = Command::new("bash").args(["-o", "pipefail", "-c", &line]).output().unwrap();
    (exit_code(&output), String::from_utf8(output.stderr).unwrap())
}

/// Every way to print, by a command that succeeds.
fn commands() -> [String; 7] {
    let root = fixture();
    [
        format!("report --root {root}"),
        format!("report --root {root} --json"),
        "explain missing-requirement".to_owned(),
        "schema report".to_owned(),
        "completions bash".to_owned(),
        "--help".to_owned(),
        "--version".to_owned(),
    ]
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let message = "error: cannot write to standard output: No space left on device (os error 28)\n";
    for command in commands() {
        assert_eq!(shell(&command, ">/dev/full"), (2, message.to_owned()), "{command}");
        assert_eq!(shell(&command, ">/dev/full 2>/dev/full"), (2, String::new()), "{command}");
    }
}

#[test]
fn a_reader_that_goes_away_and_a_closed_stream_are_no_errors() {
    for command in commands() {
        for redirections in ["| true", "| head -c 1 > /dev/null", ">&-", "2>&-", ">&- 2>&-"] {
            let ended = shell(&command, redirections);
            assert_eq!(ended, (0, String::new()), "{command} {redirections}");
        }
    }
}

/// Nobody can be told about it, and the exit status says the same without the text.
#[test]
fn a_full_standard_error_changes_no_exit_status() {
    for (command, status) in [("report --root /nowhere", 2), ("frobnicate", 2), ("--help", 0)] {
        for redirections in ["2>/dev/full", "2>&-", "2>&1 >/dev/null | true"] {
            assert_eq!(shell(command, redirections).0, status, "{command} {redirections}");
        }
    }
    let out = tempfile::tempdir().unwrap();
    let bundle = out.path().join("bundle");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let written = program()
        .args(["bundle", "--root", &fixture(), "--out"])
        .arg(&bundle)
        .stderr(Stdio::from(full))
        .output()
        .unwrap();
    assert_eq!(exit_code(&written), 0);
    assert!(bundle.join("Dockerfile.final").is_file());
}

/// Characters that a terminal obeys: controls of both sets, DEL, and controls of the direction of text.
const EVIL: &str = "\u{1b}[31m\u{7}\r\u{9b}2J\u{7f}\u{202e}\u{2066}";

fn is_evil(letter: char) -> bool {
    letter != '\n' && (letter.is_control() || EVIL.contains(letter) && !letter.is_ascii())
}

#[test]
fn no_command_shows_control_characters_of_its_input() {
    let (top, root) = fixture_copy();
    let site = root.join(SITE);
    distribution(&site, "evil", "1", &format!("Requires-Dist: {EVIL}\n"), &["evil.py"]);
    write(site.join("evil.py"), "");
    write(site.join(format!("{EVIL}.so")), b"\x7fELF");
    write(site.join(format!("yaml/{EVIL}\nerror: no.txt")), "");
    write(site.join("evil.pth"), format!("import {}\n", EVIL.replace('\r', "")));
    symlink(EVIL, site.join("yaml/link")).unwrap();
    let metadata = format!("Name: evil{EVIL}\nVersion: 1{EVIL}\n");
    write(site.join("worse-1.dist-info/METADATA"), metadata);
    let release = format!("ID=alpine\nVERSION_ID=3.20\nPRETTY_NAME=\"Alpine{EVIL}\"\n");
    write(root.join("etc/os-release"), release);
    let out = top.path().join("bundle");
    let root = root.to_str().unwrap();
    let bundle = ["bundle", "--root", root, "--print-dockerfile", "--out", out.to_str().unwrap()];
    for arguments in [
        &["report", "--root", root][..],
        &["report", "--root", root, "--json"],
        &["report", "--root", root, "--tree"],
        &["report", "--root", root, "--files"],
        &["plan", "--root", root, "--files"],
        &["plan", "--root", root, "--json"],
        &["why", "--root", root, EVIL],
        &["why-not", "--root", root, "evil"],
        &["report", "--root", root, "--require", EVIL],
        &["report", "--root", EVIL],
        &["report", "--root", "/nowhere\nerror: no such root"],
        &[EVIL],
        &["report", EVIL, EVIL],
        &["explain", EVIL],
        &["base", "--root", root],
        &bundle,
        &["verify", "--bundle", out.to_str().unwrap(), "--root", root],
    ] {
        let output = program().args(arguments).output().unwrap();
        let text = shown(&output);
        assert!(!text.contains("panicked"), "{text}");
        assert!(!text.contains(is_evil), "{arguments:?}: {text:?}");
        assert!(!text.contains("\nerror: no"), "{arguments:?}: {text}");
    }
    let dockerfile = std::fs::read_to_string(out.join("Dockerfile.final")).unwrap();
    assert!(!dockerfile.contains(is_evil), "{dockerfile:?}");
}
