//! Runs that are interrupted, and outputs that already exist: there is an old or a new bundle, nothing
//! else is removed, and nothing is left behind.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::{Dump, NOBODY, dump, exit_code, fixture_copy, shown, write};

/// A builder whose bundle takes long enough for a signal, and an output beside it.
struct Builder {
    directory: tempfile::TempDir,
}

const SITE: &str = "opt/venv/lib/python3.11/site-packages";

impl Builder {
    fn new() -> Builder {
        let (directory, root) = fixture_copy();
        for number in 0..250 {
            write(root.join(SITE).join(format!("many/m{number}.py")), vec![b'#'; 4000]);
        }
        fs::create_dir(directory.path().join("place")).unwrap();
        Builder { directory }
    }

    fn place(&self) -> PathBuf {
        self.directory.path().join("place")
    }

    fn out(&self) -> PathBuf {
        self.place().join("bundle")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wheelbarrow"));
        command.args(["bundle", "--root"]).arg(self.directory.path().join("root"));
        command.arg("--out").arg(self.out());
        command
    }

    fn start(&self) -> Child {
        self.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Runs to the end, and returns the bundle.
    fn bundle(&self) -> Dump {
        let output = self.command().output().unwrap();
        assert_eq!(exit_code(&output), 0, "{}", shown(&output));
        assert_eq!(names(&self.place()), ["bundle"]);
        dump(&self.out())
    }

    fn change(&self, text: &str) {
        write(self.directory.path().join("root").join(SITE).join("many/changed.py"), text);
    }
}

fn names(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    let names: BTreeSet<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.into_iter().collect()
}

/// Everything below a directory; its own time changes with a temporary directory in it.
fn entries(directory: &Path) -> Dump {
    let mut all = dump(directory);
    all.remove(Path::new(""));
    all
}

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    Command::new("kill").args(["-s", name, &pid]).status().unwrap();
}

#[test]
fn a_killed_run_leaves_the_old_or_the_new_bundle_and_the_next_run_leaves_nothing_else() {
    let builder = Builder::new();
    builder.change("old");
    let old = builder.bundle();
    let started = Instant::now();
    builder.change("new");
    let new = builder.bundle();
    let whole = started.elapsed();
    let mut left_behind = 0;
    for moment in 0..12 {
        builder.change("old");
        assert_eq!(builder.bundle(), old);
        builder.change("new");
        let mut child = builder.start();
        sleep(whole * moment / 11);
        signal(&child, "KILL");
        child.wait().unwrap();
        let found = dump(&builder.out());
        assert!(found == old || found == new, "moment {moment}");
        left_behind += names(&builder.place()).len() - 1;
        assert_eq!(builder.bundle(), new, "moment {moment}");
    }
    assert!(left_behind > 0, "{left_behind} temporary directories");
}

#[test]
fn a_signal_leaves_nothing_and_is_the_exit_status() {
    let builder = Builder::new();
    let started = Instant::now();
    builder.bundle();
    let whole = started.elapsed();
    fs::remove_dir_all(builder.out()).unwrap();
    let mut stopped = 0;
    for moment in 0..10 {
        for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
            let mut child = builder.start();
            sleep(whole * moment / 10);
            signal(&child, name);
            let status = child.wait().unwrap();
            // The first moments are before the program has a handler.
            let stops = status.code() == Some(128 + number) || status.signal() == Some(number);
            assert!(stops || status.success(), "{name} {moment}: {status}");
            stopped += usize::from(status.code() == Some(128 + number));
            match status.success() {
                true => fs::remove_dir_all(builder.out()).unwrap(),
                false => assert_eq!(names(&builder.place()), [""; 0], "{name} {moment}"),
            }
        }
    }
    assert!(stopped > 3, "{stopped} runs were stopped");
}

#[test]
fn a_temporary_directory_of_a_living_run_is_left_alone() {
    let builder = Builder::new();
    let mut child = builder.start();
    let deadline = Instant::now() + Duration::from_secs(20);
    // A directory without its mark is not taken for one of a living run: that run makes another.
    let has_content = |name: &String| builder.place().join(name).join("content").exists();
    while !names(&builder.place()).iter().any(has_content) && Instant::now() < deadline {}
    signal(&child, "STOP");
    let own = names(&builder.place());
    assert_eq!(own.len(), 1, "{own:?}");
    // Neither another's directory nor a file of that name is one of ours.
    write(builder.place().join(".wheelbarrow-notes/todo"), "mine");
    write(builder.place().join(".wheelbarrow-file"), "mine");
    fs::create_dir(builder.place().join(".wheelbarrow-mine")).unwrap();
    let output = builder.command().output().unwrap();
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    let left = names(&builder.place());
    let expect =
        [".wheelbarrow-file", ".wheelbarrow-mine", ".wheelbarrow-notes", &own[0], "bundle"];
    assert_eq!(left.iter().collect::<BTreeSet<_>>(), expect.map(str::to_owned).iter().collect());
    signal(&child, "KILL");
    child.wait().unwrap();
    assert_eq!(fs::read(builder.place().join(".wheelbarrow-notes/todo")).unwrap(), b"mine");
}

/// A run can be killed between any two of its system calls.
#[test]
fn a_mark_without_its_text_is_removed_with_its_directory() {
    let builder = Builder::new();
    write(builder.place().join(".wheelbarrow-abcdef/unfinished"), "");
    write(builder.place().join(".wheelbarrow-others/unfinished"), "");
    write(builder.place().join(".wheelbarrow-others/todo"), "mine");
    let output = builder.command().output().unwrap();
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    assert_eq!(names(&builder.place()), [".wheelbarrow-others", "bundle"]);
    assert_eq!(names(&builder.place().join(".wheelbarrow-others")), ["todo", "unfinished"]);
}

/// `nohup` and shells start programs with signals that they must go on ignoring.
#[test]
fn an_ignored_signal_stays_ignored() {
    let builder = Builder::new();
    let mut child = started_by("trap '' HUP", &builder).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while names(&builder.place()).is_empty() && Instant::now() < deadline {}
    signal(&child, "HUP");
    assert!(child.wait().unwrap().success());
    assert_eq!(names(&builder.place()), ["bundle"]);
}

/// A run that a shell starts after it has done something.
fn started_by(first: &str, builder: &Builder) -> Command {
    let run = builder.command();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{first}; exec \"$@\""), "sh"]);
    shell.arg(run.get_program()).args(run.get_args());
    shell
}

/// A limit on the size of files stands for a full disk: a write fails in the middle of a file.
#[test]
fn a_write_that_fails_names_the_path_and_leaves_the_earlier_bundle() {
    let builder = Builder::new();
    let old = builder.bundle();
    let large = builder.directory.path().join("root").join(SITE).join("many/large.bin");
    fs::write(large, vec![0; 4 << 20]).unwrap();
    for left in [&["bundle"][..], &[]] {
        let output = started_by("trap '' XFSZ; ulimit -f 2048", &builder).output().unwrap();
        let said = shown(&output);
        assert_eq!(exit_code(&output), 2, "{said}");
        assert!(said.contains("cannot write /opt/app/"), "{said}");
        assert!(said.contains("many/large.bin: File too large"), "{said}");
        assert_eq!(names(&builder.place()), left);
        if !left.is_empty() {
            assert_eq!(dump(&builder.out()), old);
            fs::remove_dir_all(builder.out()).unwrap();
        }
    }
}

#[test]
fn unpacked_wheels_of_a_killed_run_are_removed() {
    let builder = Builder::new();
    let wheels = builder.directory.path().join("root/wheels/demo-1-py3-none-any.whl");
    write(wheels, "no archive");
    let abandoned = builder.place().join(".wheelbarrow-abcdef");
    write(abandoned.join("content/lib/half"), "");
    let mark =
        "wheelbarrow works in this directory. The next run removes it if this one is gone.\n";
    write(abandoned.join("unfinished"), mark);
    let output = builder.command().arg("/wheels").env("TMPDIR", builder.place()).output().unwrap();
    assert_eq!(exit_code(&output), 2, "the wheel is no archive: {}", shown(&output));
    assert_eq!(names(&builder.place()), [""; 0]);
}

/// In a directory with the sticky bit, only the owner of the earlier bundle may rename it.
#[test]
fn a_bundle_of_another_user_is_kept() {
    let builder = Builder::new();
    let old = builder.bundle();
    let change = |arguments: &[&str], path: &Path| {
        assert!(Command::new("chmod").args(arguments).arg(path).status().unwrap().success());
    };
    change(&["-R", "a+rwX"], builder.directory.path());
    change(&["+t"], &builder.place());
    let output = builder.command().uid(NOBODY).output().unwrap();
    assert_eq!(exit_code(&output), 2, "{}", shown(&output));
    assert_eq!(names(&builder.place()), ["bundle"]);
    let found = dump(&builder.out());
    assert_eq!(found.keys().collect::<Vec<_>>(), old.keys().collect::<Vec<_>>());
}

/// What an output has before a run, and what the run says.
type Case = (&'static str, fn(&Path), &'static str);

#[test]
fn nothing_is_removed_that_a_bundle_does_not_list() {
    const FOREIGN: &str = "exists and is not a bundle";
    const STRANGER: &str = "in it is not of that bundle";
    let cases: [Case; 11] = [
        ("an empty directory", |out| fs::create_dir(out).unwrap(), ""),
        ("a file", |out| write(out.join("thesis.txt"), "mine"), FOREIGN),
        (
            "somebody's wheelbarrow.json",
            |out| {
                write(out.join("wheelbarrow.json"), "{}");
                write(out.join("thesis.txt"), "mine");
            },
            FOREIGN,
        ),
        (
            "a manifest that lists no directory",
            |out| {
                let old = fs::read_to_string(out.with_file_name("other/wheelbarrow.json")).unwrap();
                let mut json: serde_json::Value = serde_json::from_str(&old).unwrap();
                json["papers"] = serde_json::json!([]);
                write(out.join("wheelbarrow.json"), json.to_string());
            },
            FOREIGN,
        ),
        (
            "a manifest that is a link",
            |out| {
                fs::create_dir(out).unwrap();
                symlink("../other/wheelbarrow.json", out.join("wheelbarrow.json")).unwrap();
            },
            FOREIGN,
        ),
        (
            "a manifest beside other files",
            |out| {
                write(out.join("thesis.txt"), "mine");
                let manifest = out.with_file_name("other/wheelbarrow.json");
                fs::copy(manifest, out.join("wheelbarrow.json")).unwrap();
            },
            STRANGER,
        ),
        (
            "a file deep in a bundle",
            |out| {
                fs::rename(out.with_file_name("other"), out).unwrap();
                write(out.join("rootfs/opt/app/notes/todo"), "mine");
            },
            STRANGER,
        ),
        (
            "an empty directory in a bundle",
            |out| {
                fs::rename(out.with_file_name("other"), out).unwrap();
                fs::create_dir(out.join("rootfs/opt/app/notes")).unwrap();
            },
            STRANGER,
        ),
        (
            "a directory in place of a file",
            |out| {
                fs::rename(out.with_file_name("other"), out).unwrap();
                fs::remove_file(out.join("Dockerfile.final")).unwrap();
                fs::create_dir(out.join("Dockerfile.final")).unwrap();
            },
            STRANGER,
        ),
        (
            "a link in place of a directory",
            |out| {
                fs::rename(out.with_file_name("other"), out).unwrap();
                fs::rename(out.join("rootfs"), out.with_file_name("elsewhere")).unwrap();
                symlink("../elsewhere", out.join("rootfs")).unwrap();
            },
            STRANGER,
        ),
        ("a bundle", |out| fs::rename(out.with_file_name("other"), out).unwrap(), ""),
    ];
    let builder = Builder::new();
    builder.bundle();
    let other = builder.place().join("other");
    fs::rename(builder.out(), &other).unwrap();
    let keep = builder.directory.path().join("keep");
    for (name, make, says) in cases {
        crate::support::copy(&other, &keep);
        make(&builder.out());
        let before = entries(&builder.place());
        let output = builder.command().output().unwrap();
        let text = shown(&output);
        assert_eq!(exit_code(&output), if says.is_empty() { 0 } else { 2 }, "{name}: {text}");
        assert!(text.contains(says), "{name}: {text}");
        if !says.is_empty() {
            assert_eq!(entries(&builder.place()), before, "{name}");
        }
        fs::remove_dir_all(builder.place()).unwrap();
        fs::create_dir(builder.place()).unwrap();
        fs::rename(&keep, &other).unwrap();
    }
}

/// Unmounts at the end of the test, even if it fails.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// On an overlay file system, a directory of a lower layer can neither be exchanged nor renamed. Only a
/// user who may mount can have one.
#[test]
fn a_bundle_of_a_lower_layer_is_replaced() {
    let builder = Builder::new();
    builder.change("old");
    let old = builder.bundle();
    let base = tempfile::tempdir_in("/tmp").unwrap();
    let [upper, work, lower] = ["upper", "work", "lower"].map(|name| base.path().join(name));
    let disk = base.path().join("disk");
    fs::create_dir(&disk).unwrap();
    // The upper layer of an overlay cannot be on another overlay.
    let memory = Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(base.path()).output();
    if !memory.is_ok_and(|output| output.status.success()) {
        eprintln!("nothing can be mounted here");
        return;
    }
    let _memory = Mounted(base.path().to_owned());
    for directory in [&upper, &work] {
        fs::create_dir(directory).unwrap();
    }
    crate::support::copy(&builder.place(), &lower);
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        lower.display(),
        upper.display(),
        work.display()
    );
    let place = builder.place();
    let mut mount = Command::new("mount");
    mount.args(["-t", "overlay", "overlay", "-o", &options]).arg(&place);
    if !mount.output().unwrap().status.success() {
        eprintln!("no overlay can be mounted here");
        return;
    }
    let mounted = Mounted(place);
    assert_eq!(dump(&builder.out()), old);
    builder.change("new");
    let started = Instant::now();
    let new = builder.bundle();
    let whole = started.elapsed();
    assert_ne!(new, old);
    drop(mounted);
    for moment in 0..12 {
        for directory in [&upper, &work] {
            fs::remove_dir_all(directory).unwrap();
            fs::create_dir(directory).unwrap();
        }
        assert!(mount.output().unwrap().status.success());
        let _mounted = Mounted(builder.place());
        let mut child = builder.start();
        sleep(whole * moment / 11);
        signal(&child, "KILL");
        child.wait().unwrap();
        if builder.out().join("wheelbarrow.json").exists() {
            let found = dump(&builder.out());
            assert!(found == old || found == new, "moment {moment}");
        }
        assert_eq!(builder.bundle(), new, "moment {moment}");
    }
}
