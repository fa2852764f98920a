//! The root of py-fixtures, damaged in one way at a time: the run ends with the status it promises, says what
//! is wrong, leaves the builder's files as they are and, when it fails, nothing beside its output.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{
    ADVICE, Dump, NOBODY, Transcript, copy, dump, exit_code, fixture_copy, program, shown, write,
};

const SITE: &str = "opt/venv/lib/python3.11/site-packages";
const INFO: &str = "opt/venv/lib/python3.11/site-packages/pyyaml-6.0.2.dist-info";
const MODULE: &str =
    "opt/venv/lib/python3.11/site-packages/yaml/_yaml.cpython-311-x86_64-linux-musl.so";
const DATABASE: &str = "lib/apk/db/installed";
const GARBAGE: &[u8] = b"\xff\xfe\x00\x01garbage\n:::\n\x80\x81,,,\"\n\0=\0";

/// A copy of the shipped root, to be damaged.
struct Builder {
    directory: tempfile::TempDir,
}

impl Builder {
    fn new() -> Builder {
        Builder { directory: fixture_copy().0 }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join("root").join(below)
    }

    fn info(&self, name: &str) -> PathBuf {
        self.path(INFO).join(name)
    }

    fn site(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path(SITE).join(name)
    }

    fn command(&self, command: &str) -> Command {
        let mut run = program();
        run.args([command, "--root"]).arg(self.path(""));
        run
    }

    fn bundle(&self, out: &Path) -> Command {
        let mut command = self.command("bundle");
        command.arg("--out").arg(out);
        command
    }

    /// Runs, and checks what holds for every run; `out` may be anything at all.
    fn check(&self, name: &str, mut command: Command, status: i32) -> Output {
        let before = dump(self.directory.path());
        let output = command.output().unwrap();
        let text = shown(&output);
        assert_eq!(exit_code(&output), status, "{name}: {text}");
        assert!(!text.contains("panicked"), "{name}: {text}");
        assert!(status != 2 || text.contains(ADVICE), "{name}: {text}");
        let mut after = dump(self.directory.path());
        if status != 2 {
            after.retain(|path, _| !path.starts_with("bundle"));
        }
        // The one change a bundle makes beside itself: the time of the directory it is in.
        let without_place = |mut all: Dump| {
            all.retain(|path, _| !["", "disk"].map(Path::new).contains(&path.as_path()));
            all
        };
        assert!(
            without_place(before) == without_place(after),
            "{name}: other files than the bundle changed"
        );
        output
    }
}

/// Whether a finding of this code is among what was printed; no code is always there.
fn has(output: &Output, code: &str) -> bool {
    code.is_empty() || shown(output).contains(&format!("[{code}] "))
}

fn cut(path: PathBuf, size: u64) {
    fs::File::options().write(true).open(path).unwrap().set_len(size).unwrap();
}

fn relink(path: PathBuf, target: &str) {
    let _ = fs::remove_file(&path);
    symlink(target, path).unwrap();
}

fn pipe(path: PathBuf) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// One damage, the exit status of `bundle`, and the code of the finding that says it.
type Case = (&'static str, fn(&Builder), i32, &'static str);

/// Bundles after each damage; everything that is printed.
fn all(cases: &[Case]) -> String {
    let mut said = Transcript::default();
    for (name, damage, status, code) in cases {
        let builder = Builder::new();
        damage(&builder);
        let bundle = builder.bundle(&builder.directory.path().join("bundle"));
        let output = builder.check(name, bundle, *status);
        assert!(has(&output, code), "{name}: no {code} in\n{}", shown(&output));
        said.add(name, &output);
    }
    said.text()
}

#[test]
fn modules() {
    let said = all(&[
        ("undamaged", |_| {}, 0, ""),
        ("cut in its data", |builder| cut(builder.path(MODULE), 195_000), 0, "corrupt-elf"),
        ("cut in its header", |builder| cut(builder.path(MODULE), 40), 0, "corrupt-elf"),
        ("magic only", |builder| write(builder.path(MODULE), b"\x7fELF"), 0, "corrupt-elf"),
        ("empty", |builder| write(builder.path(MODULE), b""), 0, ""),
        (
            "a broken library",
            |builder| cut(builder.path("usr/lib/libyaml-0.so.2.0.9"), 300),
            1,
            "bad-library",
        ),
        (
            "no library",
            |builder| fs::remove_file(builder.path("usr/lib/libyaml-0.so.2")).unwrap(),
            1,
            "unresolved-library",
        ),
        ("no interpreter", |builder| write(builder.path("usr/bin/python3.11"), GARBAGE), 2, ""),
        (
            "an interpreter loop",
            |builder| relink(builder.path("usr/bin/python3.11"), "python3"),
            2,
            "",
        ),
        ("no loader", |builder| write(builder.path("lib/ld-musl-x86_64.so.1"), GARBAGE), 0, ""),
    ]);
    insta::assert_snapshot!(said);
}

#[test]
fn metadata() {
    let said = all(&[
        (
            "METADATA garbage",
            |builder| write(builder.info("METADATA"), GARBAGE),
            0,
            "corrupt-metadata",
        ),
        ("METADATA empty", |builder| write(builder.info("METADATA"), ""), 0, "corrupt-metadata"),
        (
            "METADATA nameless",
            |builder| write(builder.info("METADATA"), "Version: 1\n"),
            0,
            "corrupt-metadata",
        ),
        (
            "METADATA missing",
            |builder| fs::remove_file(builder.info("METADATA")).unwrap(),
            0,
            "corrupt-metadata",
        ),
        (
            "METADATA a directory",
            |builder| {
                fs::remove_file(builder.info("METADATA")).unwrap();
                fs::create_dir(builder.info("METADATA")).unwrap();
            },
            0,
            "corrupt-metadata",
        ),
        ("RECORD missing", |builder| fs::remove_file(builder.info("RECORD")).unwrap(), 0, ""),
        ("RECORD garbage", |builder| write(builder.info("RECORD"), GARBAGE), 0, "corrupt-metadata"),
        (
            "RECORD leads out",
            |builder| {
                write(
                    builder.info("RECORD"),
                    "../../../../../../../../etc/os-release,,\n/etc/os-release,,\n",
                )
            },
            0,
            "outside-environment",
        ),
        (
            "RECORD of nothing",
            |builder| write(builder.info("RECORD"), "gone.py,,\n"),
            0,
            "missing-file",
        ),
        ("WHEEL garbage", |builder| write(builder.info("WHEEL"), GARBAGE), 0, "corrupt-metadata"),
        (
            "entry_points.txt garbage",
            |builder| write(builder.info("entry_points.txt"), GARBAGE),
            0,
            "corrupt-metadata",
        ),
        (
            "direct_url.json garbage",
            |builder| write(builder.info("direct_url.json"), GARBAGE),
            0,
            "corrupt-metadata",
        ),
    ]);
    insta::assert_snapshot!(said);
}

#[test]
fn databases() {
    let said = all(&[
        (
            "a garbage line",
            |builder| {
                let text = fs::read_to_string(builder.path(DATABASE)).unwrap();
                write(builder.path(DATABASE), format!("what is this\n{text}"));
            },
            0,
            "corrupt-database",
        ),
        ("truncated", |builder| cut(builder.path(DATABASE), 700), 1, "interpreter-not-in-base"),
        ("binary", |builder| write(builder.path(DATABASE), GARBAGE), 1, "corrupt-database"),
        (
            "missing",
            |builder| fs::remove_file(builder.path(DATABASE)).unwrap(),
            1,
            "interpreter-not-in-base",
        ),
        (
            "os-release garbage",
            |builder| write(builder.path("etc/os-release"), GARBAGE),
            1,
            "unknown-base",
        ),
        (
            "pyvenv.cfg garbage",
            |builder| write(builder.path("opt/venv/pyvenv.cfg"), GARBAGE),
            2,
            "",
        ),
        ("pyvenv.cfg empty", |builder| write(builder.path("opt/venv/pyvenv.cfg"), ""), 2, ""),
        (
            "home is nowhere",
            |builder| write(builder.path("opt/venv/pyvenv.cfg"), "home = /nowhere\n"),
            2,
            "",
        ),
    ]);
    insta::assert_snapshot!(said);
}

#[test]
fn what_a_tree_may_hold() {
    let said = all(&[
        (
            "a loop of links",
            |builder| {
                relink(builder.site("a"), "b");
                relink(builder.site("b"), "a");
            },
            0,
            "",
        ),
        ("a link upwards", |builder| relink(builder.site("up"), ".."), 0, ""),
        (
            "a link far upwards",
            |builder| relink(builder.site("up"), "../../../../../../../etc"),
            0,
            "outside-environment",
        ),
        (
            "a name that is no text",
            |builder| write(builder.site(OsStr::from_bytes(b"\xff.py")), ""),
            0,
            "non-utf8-name",
        ),
        ("a pipe", |builder| pipe(builder.site("pipe.py")), 0, "special-file"),
        (
            "a pipe for METADATA",
            |builder| {
                fs::remove_file(builder.info("METADATA")).unwrap();
                pipe(builder.info("METADATA"));
            },
            0,
            "special-file",
        ),
        (
            "site-packages is a loop",
            |builder| {
                fs::remove_dir_all(builder.path(SITE)).unwrap();
                relink(builder.path(SITE), "site-packages");
            },
            0,
            "nothing-to-bundle",
        ),
    ]);
    insta::assert_snapshot!(said);
}

#[test]
fn huge_files_cost_neither_memory_nor_time() {
    let mut said = Transcript::default();
    for (name, path, status, code) in [
        ("METADATA", format!("{INFO}/METADATA"), 0, "unreadable-file"),
        ("RECORD", format!("{INFO}/RECORD"), 0, "unreadable-file"),
        ("pyvenv.cfg", "opt/venv/pyvenv.cfg".to_owned(), 2, ""),
        ("database", DATABASE.to_owned(), 1, "corrupt-database"),
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
fn what_may_not_be_read() {
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
        ("the database", DATABASE, 0, 1, "corrupt-database"),
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

/// Unmounts, whatever the test does.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk() {
    let builder = Builder::new();
    let disk = builder.path("../disk");
    fs::create_dir(&disk).unwrap();
    let mount =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(&disk).output();
    let (command, name) = if mount.is_ok_and(|output| output.status.success()) {
        (builder.bundle(&disk.join("bundle")), "a_full_disk")
    } else {
        // Who may not mount may limit the size of a file; the signal would end the program first.
        let bundle = builder.bundle(&disk.join("bundle"));
        let mut limited = Command::new("sh");
        limited
            .args(["-c", "trap '' XFSZ; ulimit -f 100; exec \"$@\"", "sh"])
            .arg(bundle.get_program())
            .args(bundle.get_args());
        (limited, "a_file_that_is_too_large")
    };
    let _mounted = Mounted(disk.clone());
    let mut said = Transcript::default();
    said.add(name, &builder.check(name, command, 2));
    insta::assert_snapshot!(name, said.text());
    assert_eq!(fs::read_dir(&disk).unwrap().count(), 0);
}
