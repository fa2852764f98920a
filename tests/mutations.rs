//! Random changes of a bundle after it was copied: `verify` notices each of them and names the path.
//!
//! The changes come from a fixed seed, so a failure can be repeated.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::support::lab::{Container, Lab};
use crate::support::{copy, exit_code, fixture, shown, wheelbarrow};

/// Numbers that look random (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutation {
    Delete,
    Truncate,
    Flip,
    Mode,
    Replace,
    Link,
}

impl Mutation {
    const ALL: [Mutation; 6] = [
        Mutation::Delete,
        Mutation::Truncate,
        Mutation::Flip,
        Mutation::Mode,
        Mutation::Replace,
        Mutation::Link,
    ];

    /// Changes the path; false if such a change does nothing to it.
    fn apply(self, path: &Path, random: &mut Random) -> bool {
        let meta = path.symlink_metadata().unwrap();
        let content = || fs::read(path).unwrap();
        match self {
            Mutation::Delete => remove(path),
            Mutation::Truncate | Mutation::Flip | Mutation::Mode if !meta.is_file() => {
                return false;
            }
            Mutation::Truncate | Mutation::Flip if meta.len() == 0 => return false,
            Mutation::Truncate => {
                let length = random.below(content().len());
                fs::write(path, &content()[..length]).unwrap();
            }
            Mutation::Flip => {
                let mut bytes = content();
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
                fs::write(path, bytes).unwrap();
            }
            Mutation::Mode => {
                let modes = [0o600, 0o444, 0o777, 0o4755, 0o000];
                let mode = modes[random.below(modes.len())];
                if meta.mode() & 0o7777 == mode {
                    return false;
                }
                fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
            }
            Mutation::Replace => {
                remove(path);
                fs::write(path, "another file\n").unwrap();
            }
            Mutation::Link => {
                remove(path);
                symlink("/etc/os-release", path).unwrap();
            }
        }
        true
    }
}

fn remove(path: &Path) {
    match path.symlink_metadata().unwrap().is_dir() {
        true => fs::remove_dir_all(path).unwrap(),
        false => fs::remove_file(path).unwrap(),
    }
}

/// The files and links of a bundle, and the directories that only it has, as paths in the final root.
fn paths(trees: &[PathBuf], prefix: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for tree in trees {
        for entry in walkdir::WalkDir::new(tree) {
            let entry = entry.unwrap();
            let path = Path::new("/").join(entry.path().strip_prefix(tree).unwrap());
            if !entry.file_type().is_dir() || path.starts_with(prefix) {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.dedup();
    paths
}

/// Exit status, and the deny-level findings as JSON.
fn verified(arguments: &[&str]) -> (i32, Vec<serde_json::Value>) {
    let output = wheelbarrow(&[&["verify", "--json"], arguments].concat());
    let json: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", shown(&output)));
    let findings = json["findings"].as_array().unwrap().iter();
    let denied = findings.filter(|finding| finding["severity"] == "deny").cloned();
    (exit_code(&output), denied.collect())
}

/// Whether a finding is about the path, or about something below or above it.
fn names(finding: &serde_json::Value, path: &Path) -> bool {
    let files = finding["files"].as_array().into_iter().flatten();
    let mut named = files.chain([&finding["subject"]]).filter_map(serde_json::Value::as_str);
    named.any(|named| Path::new(named).starts_with(path))
}

/// Makes `number` changes in `tree`, one at a time, and undoes each from `whole`.
fn mutate(number: usize, seed: u64, tree: &Path, whole: &Path, paths: &[PathBuf], verify: &[&str]) {
    assert_eq!(verified(verify), (0, Vec::new()), "untouched");
    let (mut random, mut made) = (Random(seed), 0);
    while made < number {
        let path = &paths[random.below(paths.len())];
        let mutation = Mutation::ALL[random.below(Mutation::ALL.len())];
        let below = path.strip_prefix("/").unwrap();
        if !mutation.apply(&tree.join(below), &mut random) {
            continue;
        }
        made += 1;
        let (status, findings) = verified(verify);
        assert!(
            status == 1 && findings.iter().any(|finding| names(finding, path)),
            "{made}: {mutation:?} of {}: exit code {status}, {findings:#?}",
            path.display()
        );
        if tree.join(below).symlink_metadata().is_ok() {
            remove(&tree.join(below));
        }
        copy(&whole.join(below), &tree.join(below));
    }
    assert_eq!(verified(verify), (0, Vec::new()), "everything undone");
}

fn bundle(out: &Path, arguments: &[&str]) {
    let fixed = ["bundle", "--root", &fixture(), "--out", out.to_str().unwrap()];
    let output = wheelbarrow(&[&fixed, arguments].concat());
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
}

#[test]
fn changes_in_a_final_root() {
    let top = tempfile::tempdir().unwrap();
    let (out, root, whole) =
        (top.path().join("bundle"), top.path().join("root"), top.path().join("whole"));
    bundle(&out, &[]);
    for tree in [&root, &whole] {
        copy(Path::new(&fixture()), tree);
        copy(&out.join("rootfs"), tree);
    }
    let paths = paths(&[out.join("rootfs")], Path::new("/opt/app/bin"));
    mutate(150, 20, &root, &whole, &paths, &["--root", root.to_str().unwrap()]);
}

#[test]
fn changes_in_a_bundle() {
    let top = tempfile::tempdir().unwrap();
    let (out, whole) = (top.path().join("bundle"), top.path().join("whole"));
    bundle(&out, &[]);
    copy(&out, &whole);
    let paths = paths(&[out.join("rootfs")], Path::new("/opt/app/lib"));
    let root = fixture();
    let verify = [out.to_str().unwrap(), "--root", &root];
    mutate(75, 21, &out.join("rootfs"), &whole.join("rootfs"), &paths, &verify);
}

/// Each layer, left out of the bundle and left out of the image.
#[test]
fn layers_that_are_not_copied() {
    let top = tempfile::tempdir().unwrap();
    let out = top.path().join("bundle");
    bundle(&out, &["--layers"]);
    let layers: Vec<PathBuf> =
        fs::read_dir(out.join("layers")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let filled = layers.iter().filter(|layer| fs::read_dir(layer).unwrap().next().is_some());
    for lost in filled {
        let name = lost.file_name().unwrap().to_str().unwrap();
        let root = top.path().join("root");
        copy(Path::new(&fixture()), &root);
        layers.iter().filter(|layer| *layer != lost).for_each(|layer| copy(layer, &root));
        let (status, findings) = verified(&["--root", root.to_str().unwrap()]);
        assert_eq!(status, 1, "{name}");
        // The manifest is in a layer itself: without it no layer can be named.
        let named = findings.iter().any(|finding| {
            finding["subject"] == name || finding["subject"] == "/opt/app/lib/wheelbarrow/manifest"
        });
        assert!(named, "{name}: {findings:#?}");
        fs::rename(lost, top.path().join("kept")).unwrap();
        let (status, findings) = verified(&[out.to_str().unwrap(), "--root", &fixture()]);
        assert!(status == 1 && findings.iter().any(|one| one["subject"] == name), "{findings:#?}");
        fs::rename(top.path().join("kept"), lost).unwrap();
        fs::remove_dir_all(&root).unwrap();
    }
}

const IMAGE: &str = r#"FROM docker.io/library/python:3.11-slim-bookworm AS builder
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install -q flask==3.0.3 numpy==1.26.4 psycopg2-binary==2.9.9
COPY wheelbarrow /usr/local/bin/
RUN wheelbarrow bundle --out /bundle
FROM docker.io/library/python:3.11-slim-bookworm
COPY --from=builder /bundle/rootfs/ /
COPY --from=builder /bundle/rootfs/ /whole/
"#;

#[test]
#[ignore = "needs buildah and the base images"]
fn changes_in_a_real_image() {
    let lab = Lab::new();
    lab.build("wheelbarrow-mutations", IMAGE);
    let container = Container::of("wheelbarrow-mutations");
    let root = container.root();
    let whole = root.join("whole");
    let paths = paths(std::slice::from_ref(&whole), Path::new("/opt/app/bin"));
    mutate(200, 22, &root, &whole, &paths, &["--root", root.to_str().unwrap()]);
}
