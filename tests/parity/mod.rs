//! Popular distributions, started in a builder stage and again in the final image of its bundle: the same modules can be
//! imported and map the same libraries, the same scripts start, and no finding is a deny-level one. The snapshots
//! list all that is added by evidence.
//!
//! With `WHEELBARROW_PARITY=all` the second part of each list is installed too: 2 GB more, and some minutes.

use std::env;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::lab::Container;

/// Starts everything, and prints a line each.
const START_ALL: &str = include_str!("../programs/parity.py");
/// Between the two parts of a list.
const SECOND_PART: &str = "# Only with WHEELBARROW_PARITY=all.";
/// The end of the lines of things that start.
const STARTS: [&str; 2] = ["\tok\t", "\t0"];

/// OS packages and pinned requirements.
struct List<'a> {
    packages: Vec<&'a str>,
    requirements: Vec<&'a str>,
}

impl List<'_> {
    fn parse(text: &str) -> List<'_> {
        let is_whole = env::var("WHEELBARROW_PARITY").is_ok_and(|value| value == "all");
        let first = text.split(SECOND_PART).next().unwrap();
        let lines = if is_whole { text } else { first }.lines();
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (packages, requirements): (Vec<&str>, Vec<&str>) =
            lines.partition(|line| line.starts_with("os "));
        let packages = packages.into_iter().flat_map(|line| line.split(' ').skip(1)).collect();
        List { packages, requirements }
    }
}

fn put(container: &Container, from: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(container.root()).status();
    assert!(copied.unwrap().success(), "{}", from.display());
}

/// The lines of things that start, and of those that do not.
fn start_all(container: &Container, python: &str) -> String {
    std::fs::write(container.root().join("start_all.py"), START_ALL).unwrap();
    container.says(&[python, "/start_all.py"])
}

/// Each package that is added by evidence, with the distributions and the evidence.
fn evidence(plan: &str) -> Vec<String> {
    let plan: Value = serde_json::from_str(plan.get(plan.find('{').unwrap()..).unwrap()).unwrap();
    let mut lines = Vec::new();
    for package in plan["packages"]["install"].as_array().unwrap() {
        for reason in package["reasons"].as_array().unwrap() {
            if let Some(text) = reason["evidence"]["text"].as_str() {
                let distribution = reason["distribution"].as_str().unwrap_or("the environment");
                let name = package["name"].as_str().unwrap();
                lines.push(format!("{name}: {distribution} ({text})"));
            }
        }
    }
    lines.sort();
    lines
}

/// Compares an image with the same image and the bundle; returns the packages that are added by evidence.
fn compare(image: &str, install: &str, list: &List, least: usize) -> Vec<String> {
    let builder = Container::of(image);
    let shell = |command: &str| builder.says(&["sh", "-ec", command]);
    shell(&format!("{install} {}", list.packages.join(" ")));
    let root = builder.root();
    std::fs::write(root.join("requirements.txt"), list.requirements.join("\n")).unwrap();
    shell(
        "python3 -m venv /opt/venv
        /opt/venv/bin/pip install -q --no-compile --no-deps --only-binary :all: -r /requirements.txt",
    );
    let before = start_all(&builder, "/opt/venv/bin/python");
    std::fs::copy(env!("CARGO_BIN_EXE_wheelbarrow"), root.join("usr/local/bin/wheelbarrow"))
        .unwrap();
    // Neither has a deny-level finding, or they would fail.
    shell("wheelbarrow bundle /opt/venv --out /bundle");
    let plan = shell("wheelbarrow plan /opt/venv --json 2>/dev/null");
    let last = Container::of(image);
    put(&last, &root.join("bundle/packages"));
    last.says(&["/opt/app/lib/wheelbarrow/install-packages"]);
    put(&last, &root.join("bundle/rootfs"));
    let after = start_all(&last, "/opt/app/bin/python");
    let differences: Vec<(&str, &str)> =
        before.lines().zip(after.lines()).filter(|(before, after)| before != after).collect();
    assert!(differences.is_empty(), "builder, final image: {differences:#?}");
    assert_eq!(before.lines().count(), after.lines().count());
    let started = before.lines().filter(|line| STARTS.iter().any(|end| line.contains(end))).count();
    println!("{image}: {} distributions, {started} things start", list.requirements.len());
    assert!(started >= least, "only {started} things start: {before}");
    evidence(&plan)
}

#[test]
#[ignore = "needs the lab: buildah and the base images"]
fn on_debian() {
    let list = List::parse(include_str!("slim.txt"));
    let install = "apt-get update -qq; apt-get install -y -qq --no-install-recommends";
    let added = compare("docker.io/library/python:3.11-slim-bookworm", install, &list, 100);
    insta::assert_snapshot!(added.join("\n"));
}

#[test]
#[ignore = "needs the lab: buildah and the base images"]
fn on_alpine() {
    let list = List::parse(include_str!("alpine.txt"));
    let added =
        compare("docker.io/library/python:3.11-alpine3.20", "apk add --no-cache", &list, 80);
    insta::assert_snapshot!(added.join("\n"));
}
