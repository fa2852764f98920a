//! Huge files, unreadable files, unwritable places, and a full disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Builder, DATABASE, INFO, MODULE, has, relink};
use crate::support::{NOBODY, Transcript, copy, exit_code, shown, write};

#[test]
fn huge_files_cost_neither_memory_nor_time() {
    let mut said = Transcript::default();
    for (name, path, status, code) in [
        ("METADATA", format!("{INFO}/METADATA"), 1, "unreadable-file"),
        ("RECORD", format!("{INFO}/RECORD"), 1, "unreadable-file"),
        ("pyvenv.cfg", "opt/venv/pyvenv.cfg".to_owned(), 2, ""),
        ("database", DATABASE.to_owned(), 1, "unreadable-file"),
        ("module", MODULE.to_owned(), 0, ""),
        ("library", "usr/lib/libyaml-0.so.2.0.9".to_owned(), 0, ""),
        ("script", "opt/venv/bin/huge".to_owned(), 0, ""),
    ] {
        let builder = Builder::new();
        fs::File::options()
            .append(true)
            .create(true)
            .open(builder.path(&path))
            .unwrap()
            .set_len(1 << 30)
            .unwrap();
        let plan = builder.command("plan");
        let mut limited = Command::new("prlimit");
        limited.arg("--as=805306368").arg(plan.get_program()).args(plan.get_args());
        let output = builder.check(name, limited, status);
        assert!(has(&output, code), "{name}: no {code} in\n{}", shown(&output));
        said.add(name, &output);
    }
    insta::assert_snapshot!(said.text());
}

#[test]
fn files_that_may_not_be_read() {
    let nobody = rustix::process::geteuid().is_root();
    let mut said = Transcript::default();
    for (name, path, mode, status, code) in [
        ("a module", MODULE, 0, 1, "unreadable-file"),
        ("a directory", "opt/venv/lib/python3.11/site-packages/yaml", 0, 1, "unreadable-file"),
        (
            "METADATA",
            "opt/venv/lib/python3.11/site-packages/pyyaml-6.0.2.dist-info/METADATA",
            0,
            1,
            "unreadable-file",
        ),
        ("the database", DATABASE, 0, 1, "unreadable-file"),
        ("the environment", "opt/venv", 0, 2, ""),
        ("the output's place", "../out", 0o555, 2, ""),
    ] {
        let builder = Builder::new();
        let out = builder.path("../out");
        fs::create_dir(&out).unwrap();
        for (open, mode) in [(builder.directory.path(), 0o755), (&out, 0o777)] {
            fs::set_permissions(open, fs::Permissions::from_mode(mode)).unwrap();
        }
        // The target directory may be below a home that only its owner may enter.
        let program = builder.path("../wheelbarrow");
        copy(Path::new(env!("CARGO_BIN_EXE_wheelbarrow")), &program);
        fs::set_permissions(builder.path(path), fs::Permissions::from_mode(mode)).unwrap();
        let mut command = Command::new(program);
        command
            .args(["bundle", "--root"])
            .arg(builder.path(""))
            .arg("--out")
            .arg(out.join("bundle"));
        if nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.output().unwrap();
        let text = shown(&output);
        assert_eq!(exit_code(&output), status, "{name}: {text}");
        assert!(has(&output, code) && !text.contains("panicked"), "{name}: {text}");
        said.add(name, &output);
        assert_eq!(fs::read_dir(&out).unwrap().count(), usize::from(status != 2), "{name}");
        fs::set_permissions(builder.path(path), fs::Permissions::from_mode(0o755)).unwrap();
    }
    insta::assert_snapshot!(said.text());
}

#[test]
fn outputs_that_are_refused() {
    type Refused = (&'static str, &'static str, fn(&Builder));
    let cases: [Refused; 9] = [
        ("inside site-packages", "root/opt/venv/lib/python3.11/site-packages/bundle", |_| {}),
        ("the environment", "root/opt/venv", |_| {}),
        ("inside by dots", "root/opt/../opt/venv/new/bundle", |_| {}),
        ("inside through a link", "way/bundle", |builder| {
            relink(builder.path("../way"), "root/opt/venv")
        }),
        ("deep inside through a link", "way/new/bundle", |builder| {
            relink(builder.path("../way"), "root/opt/venv")
        }),
        ("a file", "bundle", |builder| write(builder.path("../bundle"), "x")),
        ("below a file", "file/bundle", |builder| write(builder.path("../file"), "x")),
        ("a link", "bundle", |builder| relink(builder.path("../bundle"), "root")),
        ("a dangling link", "bundle", |builder| relink(builder.path("../bundle"), "nowhere")),
    ];
    let mut said = Transcript::default();
    for (name, out, damage) in cases {
        let builder = Builder::new();
        damage(&builder);
        let bundle = builder.bundle(&builder.directory.path().join(out));
        said.add(name, &builder.check(name, bundle, 2));
    }
    insta::assert_snapshot!(said.text());
}

/// Unmounts the disk at the end of the test, even if it fails.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// Only a user who may mount can have a full disk.
#[test]
fn a_full_disk() {
    let builder = Builder::new();
    let disk = builder.path("../disk");
    fs::create_dir(&disk).unwrap();
    let mount =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(&disk).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        eprintln!("nothing can be mounted here");
        return;
    }
    let _mounted = Mounted(disk.clone());
    let mut said = Transcript::default();
    said.add("a full disk", &builder.check("a full disk", builder.bundle(&disk.join("bundle")), 2));
    // Whichever thread fails first says so.
    insta::with_settings!({ filters => [(r"cannot write \S+:", "cannot write [file]:")] }, {
        insta::assert_snapshot!(said.text());
    });
    assert_eq!(fs::read_dir(&disk).unwrap().count(), 0);
}

#[test]
fn a_file_that_is_larger_than_the_limit() {
    let builder = Builder::new();
    let place = builder.path("../disk");
    fs::create_dir(&place).unwrap();
    let bundle = builder.bundle(&place.join("bundle"));
    // Otherwise the signal would end the program first.
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 100; exec \"$@\"", "sh"])
        .arg(bundle.get_program())
        .args(bundle.get_args());
    let mut said = Transcript::default();
    said.add("ulimit -f 100", &builder.check("ulimit", limited, 2));
    // Whichever thread fails first says so.
    insta::with_settings!({ filters => [(r"cannot write \S+:", "cannot write [file]:")] }, {
        insta::assert_snapshot!(said.text());
    });
    assert_eq!(fs::read_dir(&place).unwrap().count(), 0);
}
