//! The selection of distributions and files: requirements, files of two owners, wheels for a base.

use std::fs;
use std::path::Path;
use std::process::Output;

use super::{FINDINGS, installed};
use crate::support::{Transcript, distribution, exit_code, python, shown, wheelbarrow, write};

#[test]
fn each_answer_says_which_environment_it_is_about() {
    let top = tempfile::tempdir().unwrap();
    let folder = installed(&top.path().join("t"), &[("web", &[])]);
    for command in [&["plan"][..], &["report"], &["why", "web"], &["why-not", "web"]] {
        let output = wheelbarrow(&[command, &[&folder, "--json"]].concat());
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let environment = &answer["environment"];
        assert_eq!(environment["paths"], serde_json::json!([folder]), "{command:?}: {environment}");
        assert_eq!(environment["distributions"], 1, "{command:?}: {environment}");
    }
}

#[test]
fn only_what_the_application_asks_for() {
    let top = tempfile::tempdir().unwrap();
    let web: &[&str] = &["base", "extra; extra == 'more'", "never; python_version < '3'"];
    let folder = installed(
        &top.path().join("t"),
        &[("web", web), ("base", &["web"]), ("extra", &[]), ("other", &[]), ("pip", &[])],
    );
    write(top.path().join("requirements.txt"), "-r more/base.txt # all of it\n");
    write(
        top.path().join("more/base.txt"),
        "web[more]==1.0 --hash=sha256:00\n-r ../requirements.txt\n",
    );
    write(
        top.path().join("pyproject.toml"),
        "[project]\ndependencies = ['other']\noptional-dependencies = {x = ['base']}\n",
    );
    write(
        top.path().join("own/pyproject.toml"),
        "[project]\nname = 'Extra'\ndependencies = ['other']\n",
    );
    write(
        top.path().join("copied/pyproject.toml"),
        "[project]\nname = 'not-installed'\ndependencies = ['other']\n",
    );
    write(
        top.path().join("places.txt"),
        format!("-e ./own\n{}/own\ngit+https://h/r#egg=base\n", top.path().display()),
    );
    let path = |name: &str| top.path().join(name).to_str().unwrap().to_owned();
    let bundled = |more: &[&str], status: i32| {
        let output = wheelbarrow(&[&["plan", "--json", "--from", "any", &folder], more].concat());
        assert_eq!(output.status.code(), Some(status), "{}", shown(&output));
        let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let all = plan["distributions"].as_array().cloned().unwrap_or_default();
        let names = all
            .iter()
            .filter(|one| one["travels"] == true)
            .map(|one| one["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(bundled(&[], 0), "base extra other web");
    assert_eq!(bundled(&["--require", "web"], 0), "base web");
    assert_eq!(bundled(&["--require", "base", "--require", "other"], 0), "base other web");
    assert_eq!(bundled(&["-r", &path("requirements.txt")], 0), "base extra web");
    assert_eq!(bundled(&["--project", &path("pyproject.toml")], 0), "other");
    assert_eq!(
        bundled(&["--project", &format!("{}[x]", path("pyproject.toml"))], 0),
        "base other web"
    );
    // The project itself counts, where it is installed.
    assert_eq!(bundled(&["--project", &path("own/pyproject.toml")], 0), "extra other");
    assert_eq!(bundled(&["--project", &path("copied/pyproject.toml")], 0), "other");
    assert_eq!(bundled(&["-r", &path("places.txt")], 0), "base extra web");
    assert_eq!(bundled(&["--require", "pip"], 0), "pip");
    assert_eq!(bundled(&["--require", "web>=2"], 1), "base web");
    assert_eq!(bundled(&["--require", "gone"], 1), "");
    // Files that are left out are counted, and their bytes are added.
    write(Path::new(&folder).join("other.py"), "#".repeat(5000));
    let mut said = Transcript::default();
    let report = wheelbarrow(&["report", "--from", "any", "--require", "web", &folder]);
    said.add_lines("report --require web", &report, &["belongs to"]);
    for wrong in ["--require=web ==", "-rgone.txt", "--project=/etc/passwd"] {
        let output = wheelbarrow(&["plan", &folder, wrong]);
        assert_eq!(exit_code(&output), 2, "{}", shown(&output));
        said.add(wrong, &output);
    }
    insta::assert_snapshot!(said.text());
}

#[test]
fn two_distributions_with_one_path() {
    let top = tempfile::tempdir().unwrap();
    let (one, two) = (
        "sha256=LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564",
        "sha256=PLwNF3W8drB2xhbn_MeQVbI54JHIFMK2TjLDICNWk1E",
    );
    let folder = |name: &str, hashes: [&str; 2]| {
        let site = top.path().join(name);
        installed(&site, &[("first", &[]), ("second", &[])]);
        write(site.join("shared/__init__.py"), "");
        for (name, hash) in ["first", "second"].iter().zip(hashes) {
            let record = [format!("{name}.py"), format!("shared/__init__.py,{hash},3")];
            distribution(&site, name, "1.0", "", &record.each_ref().map(String::as_str));
        }
        site.to_str().unwrap().to_owned()
    };
    let mut said = Transcript::default();
    let mut judged = |title: &str, folders: &[&str], code: Option<&str>| {
        let output: Output = wheelbarrow(&[&["plan", "--from", "any"], folders].concat());
        for each in ["recorded-twice", "collision"] {
            let there = shown(&output).contains(&format!("[{each}] "));
            assert_eq!(there, code == Some(each), "{title}: {}", shown(&output));
        }
        said.add_lines(title, &output, &FINDINGS);
    };
    judged("one folder, the same content", &[&folder("same", [one, one])], None);
    judged("one folder, two contents", &[&folder("other", [one, two])], Some("recorded-twice"));
    // In two folders each file belongs to its own distribution, and that of the first folder is
    // bundled.
    for (folder, name, hash) in
        [("left", "first", one), ("right", "second", one), ("far", "second", two)]
    {
        let site = top.path().join(folder);
        installed(&site, &[(name, &[])]);
        write(site.join("shared/__init__.py"), "");
        let record = [format!("{name}.py"), format!("shared/__init__.py,{hash},3")];
        distribution(&site, name, "1.0", "", &record.each_ref().map(String::as_str));
    }
    let path = |name: &str| top.path().join(name).to_str().unwrap().to_owned();
    let left = path("left");
    judged("two folders, the same content", &[&left, &path("right")], None);
    judged("two folders, two contents", &[&left, &path("far")], Some("collision"));
    insta::assert_snapshot!(said.text());
}

#[test]
fn wheels_are_chosen_for_the_final_root() {
    const WHEELS: &str = include_str!("../programs/make_wheels.py");
    let top = tempfile::tempdir().unwrap();
    let path = |name: &str| top.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(path("wheels")).unwrap();
    python(WHEELS, &[&path("wheels")]);
    let mut profile: serde_json::Value =
        serde_json::from_slice(&wheelbarrow(&["base", "--root", "/"]).stdout).unwrap();
    let mut said = Transcript::default();
    for (libc, passed_over) in [([2, 20], "manylinux_2_30"), ([2, 36], "manylinux_2_5")] {
        profile["libc_version"] = libc.into();
        write(top.path().join("base.json"), profile.to_string());
        let output = wheelbarrow(&["plan", &path("wheels"), "--base", &path("base.json")]);
        let wheel = format!("native-1.0-py3-none-{passed_over}_x86_64.whl");
        let note = format!("note[wheel-passed-over] {wheel}");
        assert!(shown(&output).contains(&note), "{libc:?}: {}", shown(&output));
        let title = format!("glibc {}.{}", libc[0], libc[1]);
        said.add_lines(&title, &output, &["note[wheel-passed-over]"]);
    }
    insta::assert_snapshot!(said.text());
}
