//! The cut into layers: what can be asked for, and bundles side by side. In images: `images`.

mod images;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::bad_input::shown;
use crate::readme_root::wheelbarrow;

#[test]
fn layers_are_planned_named_and_limited() {
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("bundle");
    let arguments = [
        "bundle",
        "--root",
        "py-fixtures/alpine-venv",
        "--out",
        path.to_str().unwrap(),
        "--layers",
        "--link",
        "--with-interpreter",
    ];
    let output = wheelbarrow(&[&arguments[..], &["--layer", "web=PyYAML"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    let copies: Vec<String> =
        shown(&output).lines().filter(|line| line.starts_with("COPY")).map(str::to_owned).collect();
    assert_eq!(
        copies,
        [
            "COPY --link layers/10-system/ /",
            "COPY --link layers/15-python3/ /",
            "COPY --link layers/20-environment/ /",
            "COPY --link layers/30-web/ /"
        ]
    );
    assert!(
        path.join("layers/30-web/opt/app/lib/python3.11/site-packages/yaml/__init__.py").is_file()
            && !path.join("rootfs").exists()
    );
    let plan = wheelbarrow(&["plan", "--root", "py-fixtures/alpine-venv", "--layers", "5"]);
    assert!(
        shown(&plan).contains(
            "20-environment  4 files, the same for every application of this Python and prefix"
        ),
        "{}",
        shown(&plan)
    );
}

#[test]
fn layers_that_cannot_be() {
    for (typed, status, says) in [
        ("--layers 0", 2, "'0' for '--layers [<N>]': give a number from 5 to 100, or none"),
        ("--layers 4", 2, "'4' for '--layers [<N>]': give a number from 5 to 100, or none"),
        ("--layers 101", 2, "'101' for '--layers [<N>]': give a number from 5 to 100, or none"),
        ("--layers 200", 2, "'200' for '--layers [<N>]': give a number from 5 to 100, or none"),
        ("--layers many", 2, "give a number from 5 to 100, or none"),
        ("--layers /opt/venv", 2, "name the environment first: wheelbarrow bundle ENV --layers"),
        ("/opt/venv --layers", 0, "50-pyyaml"),
        ("--layers --layer-cap 0", 2, "0 is not in 1.."),
        ("--layer ../x=y", 2, "\"../x=y\" is not a name and distributions"),
        ("--layer web", 2, "write it as web=flask,jinja2"),
        ("--layer web=,", 2, "is not a name and distributions"),
        ("--layer web=pyyaml,PyYAML", 2, "pyyaml is in web and in web"),
        ("--layer web=flask,pyyaml --layer api=PyYAML", 2, "--layer: pyyaml is in web and in api"),
        ("--layers 6 --layer a=b --layer c=d", 2, "--layers 6 has no room for 2 layers of --layer"),
        (
            "--layers 7 --layer a=pyyaml --layer c=flask",
            0,
            "warn[not-in-layer] flask: --layer c names it",
        ),
        ("--layer web=PyYAML", 0, "30-web  25 files, grouped by --layer (PyYAML)"),
        ("--layer-cap 1", 0, "50-pyyaml-part2"),
    ] {
        let arguments = ["plan", "--root", "py-fixtures/alpine-venv"]
            .into_iter()
            .chain(typed.split(' '))
            .collect::<Vec<_>>();
        let output = wheelbarrow(&arguments);
        assert!(
            output.status.code() == Some(status) && shown(&output).contains(says),
            "{typed}: {}",
            shown(&output)
        );
    }
}

#[test]
fn an_image_layout_says_what_its_base_has_to_have() {
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("bundle");
    for (typed, status, says) in [
        (
            "",
            0,
            "append the layers, in the order of the manifest, to alpine:3.20 with these packages installed: python3 yaml\nset PATH=/opt/app/bin:$PATH there\n",
        ),
        ("--native vendor", 0, "to alpine:3.20 with these packages installed: python3\n"),
        (
            "--with-interpreter",
            0,
            "the layout is an image by itself, for docker load (as a tar), buildah pull and skopeo copy\n",
        ),
        (
            "--base python:3.11-alpine --layers 6 --layer web=PyYAML",
            0,
            "to python:3.11-alpine with these packages installed: yaml\n",
        ),
        ("--layers 5 --layer web=PyYAML", 2, "has no room for 1 layers of --layer"),
        ("--link", 2, "--link and --verify are about Dockerfile.final"),
        ("--verify", 2, "wheelbarrow verify proves the final root"),
    ] {
        let _ = fs::remove_dir_all(&path);
        let more: Vec<&str> = typed.split_whitespace().collect();
        let arguments = [
            "bundle",
            "--root",
            "py-fixtures/alpine-venv",
            "--format",
            "oci-layout",
            "--out",
            path.to_str().unwrap(),
        ];
        let output = wheelbarrow(&[&arguments[..], &more].concat());
        assert!(
            output.status.code() == Some(status) && shown(&output).contains(says),
            "{typed}: {}",
            shown(&output)
        );
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
}

fn blob_path(descriptor: &serde_json::Value) -> String {
    format!("blobs/{}", descriptor["digest"].as_str().unwrap().replace(':', "/"))
}

fn blob(layout: &Path, descriptor: &serde_json::Value) -> serde_json::Value {
    serde_json::from_slice(&fs::read(layout.join(blob_path(descriptor))).unwrap()).unwrap()
}

/// Distributions of one module each, by name and kilobytes, cut into layers; the bundle.
fn cut(
    top: &Path,
    name: &str,
    distributions: &[(&str, usize)],
    more: &[&str],
    time: &str,
) -> String {
    let (site, out) = (top.join(name).join("site"), top.join(name).join("bundle"));
    for (name, size) in distributions {
        let info = site.join(format!("{name}-1.dist-info"));
        fs::create_dir_all(&info).unwrap();
        fs::write(site.join(format!("{name}.py")), "#".repeat(size << 10)).unwrap();
        fs::write(
            info.join("METADATA"),
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"),
        )
        .unwrap();
        fs::write(
            info.join("RECORD"),
            format!("{name}.py,,\n{name}-1.dist-info/METADATA,,\n{name}-1.dist-info/RECORD,,\n"),
        )
        .unwrap();
    }
    let arguments =
        ["bundle", "--from", "any", "--out", out.to_str().unwrap(), site.to_str().unwrap()];
    let mut bundle = Command::new(env!("CARGO_BIN_EXE_wheelbarrow"));
    let output = bundle.args(arguments).args(more).env("SOURCE_DATE_EPOCH", time).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    out.to_str().unwrap().to_owned()
}

#[test]
fn bundles_side_by_side() {
    let top = tempfile::tempdir().unwrap();
    let (all, two) = ([("big", 900), ("one", 5), ("two", 5)], [("big", 900), ("one", 5)]);
    let first = cut(top.path(), "a", &all, &["--layers"], "1000");
    let second = cut(top.path(), "b", &two, &["--layers"], "1000");
    let compared = |bundles: &[&str]| {
        let output = wheelbarrow(&[&["layers", "--compare"], bundles].concat());
        (output.status.code(), shown(&output).replace(top.path().to_str().unwrap(), ""))
    };
    let (status, text) = compared(&[&first, &second]);
    for says in [
        "  921.8 kB  50-big  in /a/bundle, /b/bundle\n",
        "  /a/bundle  3 layers, 932.6 kB to pull after those above\n",
        "  /b/bundle  3 layers, 5.3 kB to pull after those above\n",
        "  1.9 MB  each for itself\n",
        " kB  with shared layers\nsuggestion: 2 layers (",
        "suggestion: the same in /a/bundle and /b/bundle, but beside others: --layer common1=one in each of them\n",
    ] {
        assert!(status == Some(0) && text.contains(says), "{says}: {text}");
    }
    // What it suggests is what helps.
    let again = ["--layers", "--layer", "common1=one"];
    let (first, second) =
        (cut(top.path(), "a", &all, &again, "1000"), cut(top.path(), "b", &two, &again, "1000"));
    let (_, text) = compared(&[&first, &format!("{second}/wheelbarrow.json")]);
    assert!(
        text.contains("30-common1  in /a/bundle, /b/bundle") && !text.contains("beside others"),
        "{text}"
    );
    // Another time is another layer.
    let later = cut(top.path(), "later", &two, &again, "2000");
    assert!(compared(&[&second, &later]).1.starts_with("shared layers\napplications"));
    let whole = cut(top.path(), "whole", &two, &[], "1000");
    fs::write(top.path().join("empty.json"), "{}").unwrap();
    for (other, says) in [
        (whole.as_str(), "/whole/bundle has no layers to compare\n  hint: bundle it with --layers"),
        (
            &format!("{}/empty.json", top.path().display()),
            "/empty.json is no manifest: missing field `prefix`",
        ),
        (top.path().to_str().unwrap(), "cannot read /wheelbarrow.json"),
        ("/nowhere", "cannot read /nowhere"),
    ] {
        let (status, text) = compared(&[&first, other]);
        assert!(status == Some(2) && text.contains(says), "{text}");
    }
}
