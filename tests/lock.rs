//! The review gate: `lock`, `bundle --locked`, `diff` and `bundle --check-dockerfile`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::{exit_code, fixture_copy, shown, wheelbarrow};

/// A copy of the shipped root that may be changed, and room beside it.
struct Project {
    top: tempfile::TempDir,
}

impl Project {
    fn new() -> Project {
        Project { top: fixture_copy().0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.top.path().join(name)
    }

    /// Runs a command over the root; `@NAME` is a file beside it.
    fn run(&self, arguments: &[&str]) -> Output {
        let full = |argument: &&str| match argument.strip_prefix('@') {
            Some(name) => self.path(name).display().to_string(),
            None => (*argument).to_owned(),
        };
        let arguments: Vec<String> = arguments.iter().map(full).collect();
        wheelbarrow(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The exit code, and what a user sees, with `[top]` for the room.
    fn seen(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = shown(&output).replace(self.top.path().to_str().unwrap(), "[top]");
        format!("exit status {}\n{text}", exit_code(&output))
    }

    fn lock(&self) -> String {
        self.seen(&["lock", "--root", "@root", "--lock-file", "@wheelbarrow.lock"])
    }

    /// A new version of PyYAML, and one of the package of its library.
    fn change(&self) {
        let site = self.path("root/opt/venv/lib/python3.11/site-packages");
        replace(&site.join("pyyaml-6.0.2.dist-info/METADATA"), "Version: 6.0.2", "Version: 6.0.3");
        replace(&self.path("root/lib/apk/db/installed"), "V:0.2.5-r2", "V:0.2.5-r3");
    }
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{}", path.display());
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn a_bundle_that_is_not_locked_is_not_written() {
    let project = Project::new();
    let bundle = ["bundle", "--root", "@root", "--out", "@out", "--locked", "@wheelbarrow.lock"];
    insta::assert_snapshot!(project.seen(&bundle), @r"
    exit status 2
    error: --locked [top]/wheelbarrow.lock: there is no such file
      help: run `wheelbarrow lock` and commit the file
    ");
    insta::assert_snapshot!(project.lock(), @r"
    exit status 0
    [top]/wheelbarrow.lock: written
    ");
    let lock = fs::read_to_string(project.path("wheelbarrow.lock")).unwrap();
    assert!(!lock.contains(project.top.path().to_str().unwrap()), "{lock}");
    insta::assert_snapshot!(project.lock(), @r"
    exit status 0
    no difference
    ");
    assert_eq!(fs::read_to_string(project.path("wheelbarrow.lock")).unwrap(), lock);
    assert_eq!(exit_code(&project.run(&bundle)), 0);

    fs::remove_dir_all(project.path("out")).unwrap();
    project.change();
    insta::assert_snapshot!(project.seen(&bundle), @r"
    exit status 2
    packages
      ~ yaml 0.2.5-r2 -> 0.2.5-r3
    distributions
      ~ PyYAML 6.0.2 -> 6.0.3
    error: the result is not the one in [top]/wheelbarrow.lock; nothing was written
      help: if the difference is intended, run `wheelbarrow lock` and commit the file
    ");
    assert!(!project.path("out").exists());
    insta::assert_snapshot!(project.lock(), @r"
    exit status 0
    packages
      ~ yaml 0.2.5-r2 -> 0.2.5-r3
    distributions
      ~ PyYAML 6.0.2 -> 6.0.3
    ");
    assert_eq!(exit_code(&project.run(&bundle)), 0);
}

#[test]
fn a_file_that_is_no_lock_is_not_overwritten() {
    let project = Project::new();
    let file = project.path("wheelbarrow.lock");
    for text in ["FROM alpine\n", "version = 2\n", ""] {
        fs::write(&file, text).unwrap();
        assert!(project.lock().starts_with("exit status 2\nerror: [top]/wheelbarrow.lock: line 1"));
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
}

#[test]
fn two_states_are_compared() {
    let project = Project::new();
    let write = |name: &str| {
        let out = format!("@{name}");
        assert_eq!(exit_code(&project.run(&["bundle", "--root", "@root", "--out", &out])), 0);
        let plan = project.run(&["plan", "--root", "@root", "--json"]);
        fs::write(project.path(&format!("{name}.plan")), plan.stdout).unwrap();
        let report = project.run(&["report", "--root", "@root", "--json"]);
        fs::write(project.path(&format!("{name}.report")), report.stdout).unwrap();
        let lock = format!("@{name}.lock");
        project.run(&["lock", "--root", "@root", "--lock-file", &lock]);
    };
    write("old");
    project.change();
    write("new");
    insta::assert_snapshot!(project.seen(&["diff", "@old", "@new"]), @r"
    exit status 0
    packages
      ~ yaml 0.2.5-r2 -> 0.2.5-r3
    distributions
      ~ PyYAML 6.0.2 -> 6.0.3
    ");
    insta::assert_snapshot!(project.seen(&["diff", "@old.report", "@new.plan"]), @r"
    exit status 0
    packages
      ~ yaml 0.2.5-r2 -> 0.2.5-r3
    distributions
      ~ PyYAML 6.0.2 -> 6.0.3
    not compared, since one side does not have it: base, size of the bundle
    ");
    // Whatever two documents of one state are compared, they are the same; of two states they are not.
    let kinds = ["", "/wheelbarrow.json", ".plan", ".report", ".lock"];
    for (before, after) in kinds.iter().flat_map(|one| kinds.map(|other| (*one, other))) {
        for (old, new, status) in [("old", "old", 0), ("old", "new", 1), ("new", "old", 1)] {
            let (old, new) = (format!("@{old}{before}"), format!("@{new}{after}"));
            let output = project.run(&["diff", "--exit-code", &old, &new]);
            assert_eq!(exit_code(&output), status, "{old} {new}: {}", shown(&output));
        }
    }
    assert!(project.seen(&["diff", "@old", "@none"]).starts_with("exit status 2\n"));
    assert!(project.seen(&["diff", "@old", "@root"]).starts_with("exit status 2\n"));
    let json = project.run(&["diff", "--json", "@old", "@new"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["distributions"][0]["new"], "6.0.3");
}

#[test]
fn stale_lines_of_a_dockerfile_are_found() {
    let project = Project::new();
    let check = |more: &[&str]| {
        let bundle = ["bundle", "--root", "@root", "--out", "@root/bundle"];
        let options = ["--check-dockerfile", "@Dockerfile"];
        let output = project.run(&[&bundle[..], &options, more].concat());
        let findings = String::from_utf8_lossy(&output.stderr).into_owned();
        let findings = findings.replace(project.top.path().to_str().unwrap(), "[top]");
        // The summary is no part of the answer.
        let said = |line: &str| line.contains('[') && !line.starts_with("bundle ");
        let findings: String = findings
            .lines()
            .filter(|line| said(line) || line.starts_with("  ") || line.starts_with("error"))
            .map(|line| format!("{line}\n"))
            .collect();
        format!("exit status {}\n{findings}", exit_code(&output))
    };
    let bundle = ["bundle", "--root", "@root", "--out", "@root/bundle"];
    project.run(&[&bundle[..], &["--final-stage", "explicit"]].concat());
    let stage = fs::read_to_string(project.path("root/bundle/Dockerfile.final")).unwrap();
    let dockerfile = format!("FROM alpine:3.20 AS builder\nRUN apk add --no-cache gcc\n{stage}");
    fs::write(project.path("Dockerfile"), &dockerfile).unwrap();
    assert_eq!(check(&["--final-stage=explicit"]), "exit status 0\n");
    insta::assert_snapshot!(check(&["--final-stage=explicit", "--layers"]), @r"
    exit status 1
    deny[stale-dockerfile] [top]/Dockerfile:7: the COPY lines of the final stage are stale: missing layers/20-environment, layers/50-pyyaml, layers/95-bundle; not needed rootfs
      help: write COPY --from=builder /bundle/layers/20-environment/ /, COPY --from=builder /bundle/layers/50-pyyaml/ /, COPY --from=builder /bundle/layers/95-bundle/ /
    ");
    fs::write(project.path("Dockerfile"), dockerfile.replace(" yaml", " \\\n  zlib")).unwrap();
    insta::assert_snapshot!(check(&["--final-stage=explicit"]), @r"
    exit status 1
    deny[stale-dockerfile] [top]/Dockerfile:6: the packages of the final stage are stale: missing yaml; not needed zlib
      help: write RUN apk add --no-cache python3 yaml
    ");
    insta::assert_snapshot!(check(&["--format", "oci-layout"]), @r"
    exit status 2
    error: --check-dockerfile is about COPY lines, and no Dockerfile copies an OCI image layout
      help: remove one of --check-dockerfile and --format oci-layout
    ");
    // The fixed lines name no package, so none of them can be stale.
    project.run(&bundle);
    let stage = fs::read_to_string(project.path("root/bundle/Dockerfile.final")).unwrap();
    fs::write(project.path("Dockerfile"), stage).unwrap();
    assert_eq!(check(&["--final-stage=fixed"]), "exit status 0\n");
    fs::remove_file(project.path("Dockerfile")).unwrap();
    assert!(
        check(&["--final-stage=explicit"])
            .starts_with("exit status 2\nerror: cannot read [top]/Dockerfile")
    );
}
