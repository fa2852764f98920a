//! `wheelbarrow observe`: what it records, and what the command notices of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value, from_str};

use crate::support::lab::Lab;
use crate::support::{ADVICE, exit_code, program, shown, write};

/// A directory in which commands are observed.
struct Observatory {
    top: tempfile::TempDir,
}

impl Observatory {
    fn new() -> Observatory {
        Observatory { top: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.top.path()
    }

    fn command(&self, options: &[&str], command: &[&str]) -> Command {
        let mut observe = program();
        observe.current_dir(self.path()).arg("observe").args(options).arg("--").args(command);
        observe
    }

    fn observe(&self, options: &[&str], command: &[&str]) -> Output {
        self.command(options, command).output().unwrap()
    }

    /// A script of sh that was observed.
    fn script(&self, script: &str) -> Output {
        self.observe(&[], &["sh", "-c", script])
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path().join("observed.json")).unwrap()
    }

    /// The files that were opened below the directory, each with the last program of its rows.
    fn opened(&self) -> BTreeMap<String, BTreeSet<String>> {
        let record: Value = from_str(&self.text()).unwrap();
        let program = |row: &Value| {
            let row = record["rows"][row.as_u64().unwrap() as usize].as_array().unwrap();
            row.last().unwrap().as_str().unwrap().rsplit('/').next().unwrap().to_owned()
        };
        let files = record["opened"].as_array().unwrap().iter().filter_map(|file| {
            let path = Path::new(file["path"].as_str().unwrap()).strip_prefix(self.path()).ok()?;
            let by = file["by"].as_array().unwrap().iter().map(program).collect();
            Some((path.to_str().unwrap().to_owned(), by))
        });
        files.collect()
    }

    fn names(&self) -> Vec<String> {
        self.opened().into_keys().collect()
    }
}

#[test]
fn the_exit_status_is_that_of_the_command() {
    for (script, expect) in [
        ("exit 0", 0),
        ("exit 7", 7),
        ("kill -9 $$", 137),
        // A process that stops itself goes on when another one continues it.
        ("(sleep 0.3; kill -CONT $$) & kill -STOP $$; exit 5", 5),
    ] {
        assert_eq!(exit_code(&Observatory::new().script(script)), expect, "{script}");
    }
}

#[test]
fn files_that_are_opened_and_no_others() {
    let place = Observatory::new();
    for file in ["data", "kept", "sub/deep", "other", "unread"] {
        write(place.path().join(file), file);
    }
    std::os::unix::fs::symlink("data", place.path().join("link")).unwrap();
    // Younger files are of the run.
    std::thread::sleep(Duration::from_millis(50));
    let output = place.script(
        "cat link missing 2>/dev/null
         echo new >new; cat new >/dev/null
         echo more >>kept
         (cd sub && cat ./deep ../other)
         test -e unread; ls . >/dev/null; (exec 3<data)",
    );
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    let opened = place.opened();
    let names: Vec<&str> = opened.keys().map(String::as_str).collect();
    assert_eq!(names, ["data", "link", "sub/../other", "sub/deep"]);
    assert_eq!(opened["link"], BTreeSet::from(["cat".to_owned()]));
    assert!(!opened["data"].contains("cat"), "{opened:?}");
}

#[test]
fn threads_and_processes_of_python() {
    let place = Observatory::new();
    for file in ["thread", "spawned", "forked", "descriptor"] {
        write(place.path().join(file), file);
    }
    std::thread::sleep(Duration::from_millis(50));
    let code = "
import os, signal, subprocess, threading
thread = threading.Thread(target=lambda: open('thread').read())
thread.start(); thread.join()
subprocess.run(['cat', 'spawned'], check=True)
child = os.fork()
if child == 0:
    open('forked').read(); os._exit(0)
os.waitpid(child, 0)
os.open('descriptor', os.O_RDONLY, dir_fd=os.open('.', os.O_RDONLY))
# A real-time signal, as libraries of threads send it.
signal.signal(signal.SIGRTMIN + 2, lambda number, frame: print('got', number - signal.SIGRTMIN))
signal.raise_signal(signal.SIGRTMIN + 2)
";
    let output = place.observe(&[], &["python3", "-c", code]);
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    assert!(shown(&output).contains("got 2"), "{}", shown(&output));
    assert_eq!(place.names(), ["descriptor", "forked", "spawned", "thread"]);
    assert_eq!(place.opened()["spawned"], BTreeSet::from(["cat".to_owned()]));
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let place = Observatory::new();
    write(place.path().join("data"), "x");
    std::thread::sleep(Duration::from_millis(50));
    let record = || {
        place.script("cat data & cat data & head data & wait");
        place.text()
    };
    let first = record();
    assert!(first.contains("data"));
    assert_eq!(first, record());
}

#[test]
fn a_time_limit_ends_every_process_and_is_a_success() {
    let place = Observatory::new();
    let start = Instant::now();
    let output =
        place.observe(&["--time-limit", "1"], &["sh", "-c", "sleep 300 & sleep 300; true"]);
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    assert!(start.elapsed() < Duration::from_secs(9), "{:?}", start.elapsed());
    // A command that ends before has its own status.
    let output = place.observe(&["--time-limit", "60"], &["sh", "-c", "exit 3"]);
    assert_eq!(exit_code(&output), 3);
}

#[test]
fn what_a_command_leaves_running_ends_with_it() {
    let place = Observatory::new();
    let output = place.script("sleep 300 >/dev/null 2>&1 & echo $!");
    let pid = String::from_utf8(output.stdout).unwrap();
    let status = Path::new("/proc").join(pid.trim()).join("status");
    // A zombie may wait for its new parent.
    let state = std::fs::read_to_string(status).unwrap_or_default();
    assert!(state.is_empty() || state.contains("State:\tZ"), "{state}");
}

#[test]
fn signals_are_passed_on() {
    let place = Observatory::new();
    let script = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done";
    let mut observe = place.command(&[], &["sh", "-c", script]);
    let mut child = observe.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(9));
}

#[test]
fn runs_that_cannot_be_observed() {
    let place = Observatory::new();
    for (options, command, expect) in [
        (&[][..], &["no-such-program"][..], "cannot start no-such-program: No such file"),
        (&["--out", "no/such/file"], &["true"], "cannot write no/such/file"),
        (
            &[],
            &[env!("CARGO_BIN_EXE_wheelbarrow"), "observe", "--", "true"],
            "may not trace another one",
        ),
    ] {
        let output = place.observe(options, command);
        assert_eq!(exit_code(&output), 2, "{}", shown(&output));
        let said = shown(&output);
        assert!(said.contains(expect) && said.contains(ADVICE), "{said}");
    }
}

#[test]
fn a_record_is_evidence() {
    let fixture = crate::support::fixture();
    let place = Observatory::new();
    let file = place.path().join("observed.json");
    let plan = |record: &str| {
        write(&file, record);
        let observed = file.to_str().unwrap();
        crate::support::wheelbarrow(&["plan", "--json", "--root", &fixture, "--observed", observed])
    };
    let record = |program: &str| {
        format!(
            r#"{{"schema": 1, "command": ["x"], "directory": "/", "rows": [["/bin/sh", "{program}"]],
                "opened": [{{"path": "/lib/libz.so.1", "by": [0]}}, {{"path": "/usr/lib/libyaml.so", "by": [0]}}],
                "started": [], "unseen": []}}"#
        )
    };
    let output = plan(&record("/usr/bin/python3.11"));
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    for (text, expect) in [
        ("", "--observed"),
        ("{\"schema\": 9}", "has schema 9"),
        (
            &record("/usr/bin/python3.11").replace("/lib/libz", "lib/libz"),
            "is not an absolute path",
        ),
        (&record("/usr/bin/python3.11").replace("\"by\": [0]", "\"by\": [4]"), "there is no row 4"),
        (&record("/usr/bin/git"), "started no program of this environment"),
    ] {
        let output = plan(text);
        assert_eq!(exit_code(&output), 2, "{text}");
        let said = shown(&output);
        assert!(said.contains(expect) && said.contains(ADVICE), "{said}");
    }
}

/// A program that puts the names of a library and of a program together at run time.
const APPLICATION: &str = "import ctypes, subprocess
library = 'mag' + 'ic'
print(ctypes.CDLL(f'lib{library}.so.1').magic_version())
print(subprocess.run(['g' + 'it', '--version'], check=True))
";

#[test]
#[ignore = "needs the lab"]
fn names_that_are_put_together_at_run_time_work_in_the_final_image() {
    let lab = Lab::new();
    lab.write("application.py", APPLICATION);
    let image = "wheelbarrow-observed";
    let log = lab.build(
        image,
        "FROM docker.io/library/python:3.11-slim-bookworm AS builder
RUN apt-get update && apt-get install -y --no-install-recommends libmagic1 git gcc
COPY wheelbarrow /usr/local/bin/
WORKDIR /srv
COPY application.py .
RUN python -m venv /opt/venv && /opt/venv/bin/pip install -q iniconfig
RUN wheelbarrow observe --out /application.json -- /opt/venv/bin/python application.py
RUN wheelbarrow observe --out /server.json --time-limit 2 -- sh -c 'exec /opt/venv/bin/python -m http.server 8123'
RUN wheelbarrow bundle /opt/venv --observed /application.json --observed /server.json
FROM docker.io/library/python:3.11-slim-bookworm
COPY --from=builder /bundle/packages/ /
RUN [\"/opt/app/lib/wheelbarrow/install-packages\"]
COPY --from=builder /bundle/rootfs/ /
COPY application.py .
RUN /opt/app/bin/python application.py
",
    );
    assert!(log.contains("2 to install"), "{log}");
    assert!(
        log.contains("git for the environment (started by python3.11 in the observed run)"),
        "{log}"
    );
    assert!(log.contains("note[observed-file]"), "{log}");
}
