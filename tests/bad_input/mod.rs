//! The root of py-fixtures, damaged in one way at a time. The run ends with the promised status,
//! reports the damage, leaves the builder's files unchanged and, if it fails, leaves nothing next
//! to its output.

mod limits;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{
    ADVICE, Dump, Transcript, dump, exit_code, fixture_copy, program, shown, write,
};

const SITE: &str = "opt/venv/lib/python3.11/site-packages";
const INFO: &str = "opt/venv/lib/python3.11/site-packages/pyyaml-6.0.2.dist-info";
const MODULE: &str =
    "opt/venv/lib/python3.11/site-packages/yaml/_yaml.cpython-311-x86_64-linux-musl.so";
const DATABASE: &str = "lib/apk/db/installed";
const GARBAGE: &[u8] = b"\xff\xfe\x00\x01garbage\n:::\n\x80\x81,,,\"\n\0=\0";

/// A copy of the shipped root that a test damages.
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

    /// Runs the command and checks the rules of every run; `out` may be anything.
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
        // A bundle makes one other change: the time of the directory that contains it.
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

/// Whether a finding with this code was printed; true for no code.
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

/// A damage, the exit status of `bundle`, and the code of the finding that reports it.
type Case = (&'static str, fn(&Builder), i32, &'static str);

/// Bundles after each damage; returns everything that is printed.
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
            0,
            "bad-library",
        ),
        (
            "no library",
            |builder| fs::remove_file(builder.path("usr/lib/libyaml-0.so.2")).unwrap(),
            0,
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
            1,
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
fn strange_entries_of_a_tree() {
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
            |builder| relink(builder.site("up"), "../../../../../../../../../etc"),
            0,
            "",
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
            1,
            "nothing-to-bundle",
        ),
    ]);
    insta::assert_snapshot!(said);
}
