//! Images as files: `--root`, `--base-root` and `--base` read them without a mount, with the answers of the
//! mounted root.

use std::fs;
use std::path::Path;

use crate::support::engine::{Docker, Engine, docker};
use crate::support::lab::{Container, Lab, buildah};
use crate::support::{copy, exit_code, fixture, shown, wheelbarrow};

#[test]
fn a_bundle_in_an_image_layout_is_verified_on_its_base() {
    let top = tempfile::tempdir().unwrap();
    let out = top.path().join("bundle");
    let bundle = ["bundle", "--root", &fixture(), "--format", "oci-layout", "--out"];
    let output = wheelbarrow(&[&bundle[..], &[out.to_str().unwrap()]].concat());
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    let root = top.path().join("root");
    copy(Path::new(&fixture()), &root);
    let verify = ["verify", out.to_str().unwrap(), "--root", root.to_str().unwrap()];
    let output = wheelbarrow(&verify);
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    assert!(
        shown(&output).contains("/opt/app: runs with /usr/bin/python3.11"),
        "{}",
        shown(&output)
    );
}

#[test]
fn what_is_no_image_is_refused() {
    let top = tempfile::tempdir().unwrap();
    let path = |name: &str| top.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(path("layout")).unwrap();
    fs::write(path("layout/oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).unwrap();
    fs::write(path("layout/index.json"), r#"{"schemaVersion": 2, "manifests": []}"#).unwrap();
    fs::write(path("text"), "text").unwrap();
    for name in ["layout", "text", "none"] {
        for arguments in [
            &["base", "--root", &path(name)][..],
            &["verify", "--root", &path(name)],
            &["report", "--root", &path(name)],
            &["plan", "--root", &fixture(), "--base-root", &path(name)],
            &["plan", "--root", &fixture(), "--base", &path(name)],
        ] {
            let output = wheelbarrow(arguments);
            assert_eq!(exit_code(&output), 2, "{arguments:?}: {}", shown(&output));
            assert!(output.stdout.is_empty(), "{}", shown(&output));
            assert!(shown(&output).contains("help: "), "{}", shown(&output));
        }
    }
}

/// The last stage removes files of its base, and replaces one.
const APPLICATION: &str = "FROM python:3.11-alpine3.20 AS builder
RUN python -m venv /venv && /venv/bin/pip install -q markupsafe==2.1.5
COPY wheelbarrow /usr/local/bin/
RUN wheelbarrow bundle /venv
FROM python:3.11-alpine3.20
RUN rm -r /usr/local/lib/python3.11/wsgiref /usr/local/lib/python3.11/this.py && chmod 700 /srv
COPY --from=builder /bundle/rootfs/ /
";

/// The commands, and the words before and after the path of a root.
const QUESTIONS: [(&[&str], &[&str]); 5] = [
    (&["base", "--root"], &[]),
    (&["verify", "--json", "--root"], &[]),
    (&["report", "--json", "/opt/app", "--root"], &[]),
    (&["plan", "--json", "/opt/app", "--root"], &[]),
    (&["plan", "--json", "--root", "FIXTURE", "--base-root"], &[]),
];

/// The answers about a root.
fn answers(root: &Path) -> Vec<String> {
    let fixture = fixture();
    let asked = QUESTIONS.iter().map(|(before, after)| {
        let before = before.iter().map(|word| if *word == "FIXTURE" { &fixture } else { *word });
        let words: Vec<&str> =
            before.chain([root.to_str().unwrap()]).chain(after.iter().copied()).collect();
        let output = wheelbarrow(&words);
        assert!(!output.stdout.is_empty(), "{words:?}: {}", shown(&output));
        format!("{} {}", exit_code(&output), String::from_utf8(output.stdout).unwrap())
    });
    asked.collect()
}

#[test]
#[ignore = "needs buildah and the base images"]
fn an_image_answers_as_its_mounted_root() {
    let (lab, image) = (Lab::new(), "localhost/wheelbarrow-image-file");
    lab.build_cached(image, APPLICATION);
    let container = Container::of(image);
    let expect = answers(&container.root());
    assert!(expect[1].starts_with("0 ") && !expect[1].contains("\"natives\": 0"), "{}", expect[1]);
    let top = lab.directory();
    for (name, options) in [
        ("oci:layout", &["--compression-format", "gzip"][..]),
        ("oci:packed", &["--compression-format", "zstd"]),
        ("docker-archive:saved.tar", &[]),
        ("oci-archive:oci.tar", &[]),
    ] {
        let (transport, file) = name.split_once(':').unwrap();
        let to = format!("{transport}:{}", top.join(file).display());
        buildah(&[&["push", "-q"], options, &[image, &to]].concat());
        assert_eq!(answers(&top.join(file)), expect, "{name}");
    }
}

#[test]
#[ignore = "needs the Docker engine of the lab"]
fn what_docker_saves_answers_as_its_exported_root() {
    let (lab, image) = (Lab::new(), "wheelbarrow-image-file");
    Docker.build(&lab, image, APPLICATION);
    let top = lab.directory();
    docker(&["save", "-o", "saved.tar", image], top);
    let container = docker(&["create", image], top);
    docker(&["export", "-o", "exported.tar", container.trim()], top);
    docker(&["rm", container.trim()], top);
    let exported = top.join("exported");
    fs::create_dir(&exported).unwrap();
    tar::Archive::new(fs::File::open(top.join("exported.tar")).unwrap()).unpack(&exported).unwrap();
    assert_eq!(answers(&top.join("saved.tar")), answers(&exported));
}
