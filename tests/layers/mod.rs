//! The cut into layers: the options, and a comparison of bundles. Images are in `images`
//! and `slots`.

mod images;
mod slots;

use std::fs;
use std::path::Path;

use crate::support::{
    Transcript, bundle_fixture, distribution, exit_code, fixture, program, shown, wheelbarrow,
};

#[test]
fn layers_are_planned_named_and_limited() {
    let mut said = Transcript::default();
    let options = ["--layers", "--link", "--with-interpreter", "--layer", "web=PyYAML"];
    let (output, out) = bundle_fixture(&options);
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    said.add(&format!("bundle {}", options.join(" ")), &output);
    let path = out.path().join("bundle");
    assert!(
        path.join("layers/30-web/opt/app/lib/python3.11/site-packages/yaml/__init__.py").is_file()
            && !path.join("rootfs").exists()
    );
    for typed in ["--layers 10", "--layers 6 --final-stage explicit"] {
        let fixture = fixture();
        let arguments: Vec<&str> =
            ["plan", "--root", &fixture].into_iter().chain(typed.split(' ')).collect();
        let shown = wheelbarrow(&arguments);
        said.add_lines(typed, &shown, &["20-env", "50-", "empty slot"]);
    }
    insta::assert_snapshot!(said.text());
}

/// Every line of the final stage has its directory, and the lines are those of any other bundle.
#[test]
fn slots_are_written_when_they_are_empty() {
    let trees = [&["--layers"][..], &["--layers", "--with-interpreter"]].map(|options| {
        let (output, out) = bundle_fixture(options);
        assert_eq!(exit_code(&output), 0, "{}", shown(&output));
        let path = out.path().join("bundle");
        let stage = fs::read_to_string(path.join("Dockerfile.final")).unwrap();
        let trees: Vec<String> = stage
            .lines()
            .filter_map(|line| {
                Some(line.strip_prefix("COPY layers/")?.trim_end_matches("/ /").to_owned())
            })
            .collect();
        let mut written: Vec<String> = fs::read_dir(path.join("layers"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        written.sort();
        assert_eq!(trees, written);
        let empty =
            |tree: &&String| fs::read_dir(path.join("layers").join(tree)).unwrap().next().is_none();
        assert!(trees.iter().filter(empty).count() > 10, "{trees:?}");
        let manifest = fs::read_to_string(path.join("wheelbarrow.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        let named: Vec<&str> = manifest["layers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|layer| layer["name"].as_str().unwrap())
            .collect();
        assert_eq!(named, trees);
        trees
    });
    assert!(trees[0].len() == 32 && trees[0] == trees[1], "{trees:?}");
}

#[test]
fn layers_that_cannot_be() {
    let mut said = Transcript::default();
    for (typed, status) in [
        ("--layers 0", 2),
        ("--layers 5", 2),
        ("--layers 101", 2),
        ("--layers 200", 2),
        ("--layers many", 2),
        ("--layers /opt/venv", 2),
        ("/opt/venv --layers", 0),
        ("--layers --layer-cap 0", 2),
        ("--layer ../x=y", 2),
        ("--layer web", 2),
        ("--layer web=,", 2),
        ("--layer web=pyyaml,PyYAML", 2),
        ("--layer web=flask,pyyaml --layer api=PyYAML", 2),
        ("--layers 7 --layer a=b --layer c=d", 2),
        ("--layers 8 --layer a=pyyaml --layer c=flask", 0),
        ("--layer web=PyYAML", 0),
        ("--layer-cap 1", 0),
    ] {
        let fixture = fixture();
        let mut arguments = vec!["plan", "--root", &fixture];
        arguments.extend(typed.split(' '));
        let output = wheelbarrow(&arguments);
        assert_eq!(exit_code(&output), status, "{typed}: {}", shown(&output));
        // Of a plan, only the layers and the findings are shown; the files are those of every plan.
        if status == 0 {
            said.add_lines(
                typed,
                &output,
                &["warn[", "20-environment", "30-", "50-", "empty slots"],
            );
        } else {
            said.add(typed, &output);
        }
    }
    insta::assert_snapshot!(said.text());
}

#[test]
fn an_image_layout_says_what_its_base_has_to_have() {
    let mut said = Transcript::default();
    for (typed, status) in [
        ("", 0),
        ("--native vendor", 0),
        ("--with-interpreter", 0),
        ("--base python:3.11-alpine3.20 --layers 7 --layer web=PyYAML", 0),
        ("--layers 6 --layer web=PyYAML", 2),
        ("--link", 2),
        ("--no-verify", 2),
    ] {
        let more: Vec<&str> = typed.split_whitespace().collect();
        let (output, out) = bundle_fixture(&[&["--format", "oci-layout"], &more[..]].concat());
        let path = out.path().join("bundle");
        assert_eq!(exit_code(&output), status, "{typed}: {}", shown(&output));
        said.add(&format!("--format oci-layout {typed}"), &output);
        if status == 0 {
            let index: serde_json::Value =
                serde_json::from_slice(&fs::read(path.join("index.json")).unwrap()).unwrap();
            let manifest = blob(&path, &index["manifests"][0]);
            let config = blob(&path, &manifest["config"]);
            let layers = manifest["layers"].as_array().unwrap();
            let all = layers.iter().all(|layer| {
                path.join(blob_path(layer)).metadata().unwrap().len()
                    == layer["size"].as_u64().unwrap()
            });
            let counts = [&config["rootfs"]["diff_ids"], &config["history"]]
                .map(|list| list.as_array().unwrap().len());
            let docker: serde_json::Value =
                serde_json::from_slice(&fs::read(path.join("manifest.json")).unwrap()).unwrap();
            let expect = serde_json::json!([{
                "Config": blob_path(&manifest["config"]),
                "RepoTags": [],
                "Layers": layers.iter().map(blob_path).collect::<Vec<_>>(),
            }]);
            assert_eq!(docker, expect, "{typed}");
            assert!(
                all && counts == [layers.len(); 2] && !path.join("layers").exists(),
                "{typed}: {config}"
            );
        }
    }
    insta::assert_snapshot!(said.text());
}

fn blob_path(descriptor: &serde_json::Value) -> String {
    format!("blobs/{}", descriptor["digest"].as_str().unwrap().replace(':', "/"))
}

fn blob(layout: &Path, descriptor: &serde_json::Value) -> serde_json::Value {
    serde_json::from_slice(&fs::read(layout.join(blob_path(descriptor))).unwrap()).unwrap()
}

/// Bundles distributions of one module each, given by name and kilobytes, with a cut into layers.
fn cut(
    top: &Path,
    name: &str,
    distributions: &[(&str, usize)],
    more: &[&str],
    time: &str,
) -> String {
    let (site, out) = (top.join(name).join("site"), top.join(name).join("bundle"));
    for (name, size) in distributions {
        fs::create_dir_all(&site).unwrap();
        let module = format!("{name}.py");
        fs::write(site.join(&module), "#".repeat(size << 10)).unwrap();
        distribution(&site, name, "1", "", &[&module]);
    }
    let arguments =
        ["bundle", "--from", "any", "--out", out.to_str().unwrap(), site.to_str().unwrap()];
    let mut bundle = program();
    let output = bundle.args(arguments).args(more).env("SOURCE_DATE_EPOCH", time).output().unwrap();
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    out.to_str().unwrap().to_owned()
}

#[test]
fn bundles_side_by_side() {
    let top = tempfile::tempdir().unwrap();
    let (all, two) = ([("big", 900), ("one", 5), ("two", 5)], [("big", 900), ("one", 5)]);
    let first = cut(top.path(), "a", &all, &["--layers"], "1000");
    let second = cut(top.path(), "b", &two, &["--layers"], "1000");
    let compared = |bundles: &[&str]| wheelbarrow(&[&["layers"], bundles].concat());
    let mut said = Transcript::default();
    said.add("three distributions and two of them", &compared(&[&first, &second]));
    // The suggestion helps.
    let again = ["--layers", "--layer", "common1=one"];
    let (first, second) =
        (cut(top.path(), "a", &all, &again, "1000"), cut(top.path(), "b", &two, &again, "1000"));
    let manifest = format!("{second}/wheelbarrow.json");
    said.add("with --layer common1=one in each of them", &compared(&[&first, &manifest]));
    let later = cut(top.path(), "later", &two, &again, "2000");
    said.add("another time is another layer", &compared(&[&second, &later]));
    let whole = cut(top.path(), "whole", &two, &[], "1000");
    fs::write(top.path().join("empty.json"), "{}").unwrap();
    let empty = format!("{}/empty.json", top.path().display());
    for (name, other) in [
        ("a bundle without layers", whole.as_str()),
        ("an empty document", &empty),
        ("a directory that is no bundle", top.path().to_str().unwrap()),
        ("nothing", "/nowhere"),
    ] {
        let output = compared(&[&first, other]);
        assert_eq!(exit_code(&output), 2, "{name}: {}", shown(&output));
        said.add(name, &output);
    }
    insta::assert_snapshot!(said.text());
}
