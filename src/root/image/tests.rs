#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests make images")]

use std::fs;
use std::io::Write as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};

use super::*;
use crate::digest::hex;
use crate::path::WrittenPath;
use crate::root::Root;

/// A layer from its lines: `path = content`, `path -> target`, `path => hard link`, `path +capable`, or
/// `directory`.
fn layer(lines: &str) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (path, kind, target, content) = if let Some((path, target)) = line.split_once(" -> ") {
            (path, EntryType::Symlink, target, "")
        } else if let Some((path, target)) = line.split_once(" => ") {
            (path, EntryType::Link, target, "")
        } else if let Some((path, content)) = line.split_once(" = ") {
            (path, EntryType::Regular, "", content)
        } else if let Some(path) = line.strip_suffix(" +capable") {
            let attribute = ("SCHILY.xattr.security.capability", [1, 0].as_slice());
            archive.append_pax_extensions([attribute]).unwrap();
            (path, EntryType::Regular, "", "")
        } else {
            (line, EntryType::Directory, "", "")
        };
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(if kind == EntryType::Directory { 0o750 } else { 0o640 });
        header.set_size(content.len() as u64);
        // The setter refuses `..`.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        if !target.is_empty() {
            header.set_link_name_literal(target).unwrap();
        }
        header.set_cksum();
        archive.append(&header, content.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Writes a blob and returns its descriptor.
fn blob(top: &Path, media_type: &str, bytes: &[u8]) -> serde_json::Value {
    let digest = sha256(bytes);
    let directory = top.join("blobs/sha256");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(&digest), bytes).unwrap();
    serde_json::json!({
        "mediaType": format!("application/vnd.oci.image.{media_type}"),
        "digest": format!("sha256:{digest}"),
        "size": bytes.len(),
    })
}

/// Writes an image with these layers, packed as they are, and returns the descriptor of its manifest.
fn image(top: &Path, layers: &[Vec<u8>], packed: &[Vec<u8>]) -> serde_json::Value {
    let diff_ids: Vec<String> =
        layers.iter().map(|layer| format!("sha256:{}", sha256(layer))).collect();
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "history": [],
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    let config = blob(top, "config.v1+json", config.to_string().as_bytes());
    let layers: Vec<_> = packed.iter().map(|bytes| blob(top, "layer.v1.tar", bytes)).collect();
    let manifest = serde_json::json!({"schemaVersion": 2, "config": config, "layers": layers});
    blob(top, "manifest.v1+json", manifest.to_string().as_bytes())
}

fn index(top: &Path, manifests: &[serde_json::Value]) {
    let index = serde_json::json!({"schemaVersion": 2, "manifests": manifests});
    fs::write(top.join("index.json"), index.to_string()).unwrap();
    fs::write(top.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).unwrap();
}

/// A layout with one image of these layers.
fn layout(layers: &[&str], pack: impl Fn(&[u8]) -> Vec<u8>) -> tempfile::TempDir {
    let top = tempfile::tempdir().unwrap();
    let layers: Vec<Vec<u8>> = layers.iter().map(|lines| layer(lines)).collect();
    let packed: Vec<Vec<u8>> = layers.iter().map(|bytes| pack(bytes)).collect();
    let manifest = image(top.path(), &layers, &packed);
    index(top.path(), &[manifest]);
    top
}

fn plain(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 1).unwrap()
}

/// The files and links of an image in one line.
fn listed(image: Image) -> String {
    let root = Root::new(image);
    let shown = root.walk(&RealPath::root(), |_| true).into_iter().map(|entry| match entry {
        Ok(Entry { path, meta: Meta { kind: Kind::Directory, .. } }) => format!("{path}/"),
        Ok(Entry { path, meta: Meta { kind: Kind::Link(target), .. } }) => {
            format!("{path}->{target}")
        }
        Ok(Entry { path, .. }) => {
            format!("{path}={}", String::from_utf8(root.read(&path, 99).unwrap()).unwrap())
        }
        Err(error) => error.to_string(),
    });
    let mut shown: Vec<String> = shown.collect();
    shown.sort();
    shown.join(" ")
}

fn check(layers: &[&str], expect: &str) {
    let top = layout(layers, plain);
    assert_eq!(listed(Image::open(top.path()).unwrap()), expect, "{layers:?}");
}

#[test]
fn a_layer_adds_replaces_and_removes() {
    check(&["a = 1\nb/c = 2"], "/a=1 /b/ /b/c=2");
    check(&["./a = 1\n./", "a = 2"], "/a=2");
    check(&["a/x = 1\na/y = 2", "a/.wh.x"], "/a/ /a/y=2");
    check(&["a/x = 1", ".wh.a\na/y = 2"], "/a/ /a/y=2");
    check(&["a/x = 1", "a/y = 2\na/.wh..wh..opq"], "/a/ /a/y=2");
    check(&["a/x = 1", "a = 2"], "/a=2");
    check(&["a = 2", "a/x = 1"], "/a/ /a/x=1");
    check(&["a/x = 1", ".wh..wh.plnk\n.wh.b/.wh.c"], "/a/ /a/x=1");
}

#[test]
fn directories_merge_and_links_are_replaced() {
    check(&["a\na/x = 1", "a\na/y = 2"], "/a/ /a/x=1 /a/y=2");
    check(
        &["usr/lib/x = 1\nlib -> usr/lib", "lib\nlib/y = 2"],
        "/lib/ /lib/y=2 /usr/ /usr/lib/ /usr/lib/x=1",
    );
    // A path that only crosses a link leads where the link does.
    check(
        &["usr/lib/x = 1\nlib -> usr/lib", "lib/y = 2"],
        "/lib->usr/lib /usr/ /usr/lib/ /usr/lib/x=1 /usr/lib/y=2",
    );
    check(&["lib -> /../usr", "lib/y = 2", "lib/.wh.y"], "/lib->/../usr /usr/");
}

#[test]
fn hard_links_have_the_content_of_their_target() {
    check(&["a = 1\nd/b => a", "d/c => ./a", ".wh.a"], "/d/ /d/b=1 /d/c=1");
}

#[test]
fn modes_and_capabilities_are_those_of_the_archive() {
    let top = layout(&["d\nd/ping +capable\nd/cat = x"], plain);
    let root = Root::new(Image::open(top.path()).unwrap());
    let mode = |path: &str| root.lookup(&RealPath::known(path)).unwrap().unwrap().mode;
    assert_eq!((mode("/d"), mode("/d/cat")), (0o750, 0o640));
    assert!(root.has_capabilities(&RealPath::known("/d/ping")).unwrap());
    assert!(!root.has_capabilities(&RealPath::known("/d/cat")).unwrap());
    assert!(root.resolve(&WrittenPath::new("/d/none")).unwrap().is_none());
    assert!(root.open(&RealPath::known("/d")).is_err());
}

#[test]
fn each_form_of_an_image_is_the_same_tree() {
    let layers = ["a = 1\nl -> a", "b = 2"];
    let expect = "/a=1 /b=2 /l->a";
    for pack in [plain, gzip, zstd] {
        let top = layout(&layers, pack);
        assert_eq!(listed(Image::open(top.path()).unwrap()), expect);
        // The layout as an archive, which may be compressed too.
        let mut archive = Builder::new(Vec::new());
        archive.append_dir_all(".", top.path()).unwrap();
        let file = top.path().join("image.tar");
        fs::write(&file, pack(&archive.into_inner().unwrap())).unwrap();
        assert!(Image::is_at(top.path()) && Image::is_at(&file));
        assert_eq!(listed(Image::open(&file).unwrap()), expect);
    }
}

#[test]
fn an_archive_of_docker_save_names_its_layers() {
    let layers = [layer("a = 1"), layer("b = 2"), layer("a = 1")];
    let diff_ids = layers.each_ref().map(|bytes| format!("sha256:{}", sha256(bytes)));
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    let manifest = serde_json::json!([
        {"Config": "c.json", "RepoTags": null, "Layers": ["1/layer.tar", "2/layer.tar", "3/layer.tar"]},
    ]);
    let mut archive = Builder::new(Vec::new());
    let mut add = |name: &str, bytes: &[u8]| {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, bytes).unwrap();
    };
    add("c.json", config.to_string().as_bytes());
    add("1/layer.tar", &layers[0]);
    add("2/layer.tar", &layers[1]);
    add("manifest.json", manifest.to_string().as_bytes());
    let mut link = Header::new_gnu();
    link.set_entry_type(EntryType::Symlink);
    link.set_size(0);
    link.set_mode(0o777);
    archive.append_link(&mut link, "3/layer.tar", "../1/layer.tar").unwrap();
    let top = tempfile::tempdir().unwrap();
    let file = top.path().join("saved.tar");
    fs::write(&file, archive.into_inner().unwrap()).unwrap();
    assert_eq!(listed(Image::open(&file).unwrap()), "/a=1 /b=2");
}

#[test]
fn the_image_of_an_index_is_the_only_one_that_is_there() {
    let top = tempfile::tempdir().unwrap();
    let layers = [layer("a = 1")];
    let mut wanted = image(top.path(), &layers, &layers);
    wanted["platform"] = serde_json::json!({"os": "linux", "architecture": "arm64"});
    let mut absent = wanted.clone();
    absent["digest"] = serde_json::json!(format!("sha256:{}", "0".repeat(64)));
    let others = [layer("b = 1")];
    let mut attestation = image(top.path(), &others, &others);
    attestation["annotations"] =
        serde_json::json!({"vnd.docker.reference.type": "attestation-manifest"});
    let all = serde_json::json!({"schemaVersion": 2, "manifests": [wanted, absent, attestation]});
    let nested = blob(top.path(), "index.v1+json", all.to_string().as_bytes());
    index(top.path(), &[nested]);
    assert_eq!(listed(Image::open(top.path()).unwrap()), "/a=1");
    // Two that are there cannot be told apart.
    let mut other = image(top.path(), &others, &others);
    other["annotations"] = serde_json::json!({"org.opencontainers.image.ref.name": "other"});
    index(top.path(), &[wanted, other]);
    let error = refusal(top.path());
    assert!(
        error.starts_with("it holds several images: ")
            && error.contains("linux/arm64")
            && error.contains("other"),
        "{error}"
    );
}

fn refusal(path: &Path) -> String {
    Image::open(path).err().expect("it is damaged").to_string()
}

#[test]
fn a_damaged_image_is_an_error() {
    for (lines, expect) in [
        ("../a = 1", "is no path of a layer"),
        ("a => b", "a hard link leads to \"b\", which is not there"),
        ("a -> b\nb -> a\na/c = 1", "too many links lead to \"a\""),
    ] {
        let top = layout(&[lines], plain);
        let error = refusal(top.path());
        assert!(error.contains(expect), "{lines}: {error}");
    }
    let expect = |top: &Path, expect: &str| {
        let error = refusal(top);
        assert!(error.contains(expect), "{error}");
    };
    let empty = tempfile::tempdir().unwrap();
    expect(empty.path(), "it holds no image");
    let top = layout(&["a = 1"], plain);
    let digest = sha256(&layer("a = 1"));
    let blob = top.path().join("blobs/sha256").join(&digest);
    let mut changed = layer("a = 2");
    fs::write(&blob, &changed).unwrap();
    expect(top.path(), "its digest is sha256:");
    changed.truncate(600);
    fs::write(&blob, &changed).unwrap();
    expect(top.path(), "its digest is sha256:");
    fs::write(&blob, &gzip(&layer("a = 1"))[..20]).unwrap();
    expect(top.path(), "cannot unpack blobs/sha256/");
    fs::remove_file(&blob).unwrap();
    expect(top.path(), "is missing in it");
}

#[test]
fn an_archive_that_ends_early_is_an_error() {
    let bytes = layer("a = 1");
    let packed = vec![bytes[..512].to_vec()];
    let top = tempfile::tempdir().unwrap();
    index(top.path(), &[image(top.path(), &packed, &packed)]);
    let error = refusal(top.path());
    assert!(error.contains("it ends within a"), "{error}");
}

#[test]
fn headers_are_bounded() {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::GNULongName);
    header.set_size(1 << 30);
    header.set_cksum();
    let bytes = vec![header.as_bytes().to_vec()];
    let top = tempfile::tempdir().unwrap();
    index(top.path(), &[image(top.path(), &bytes, &bytes)]);
    assert!(refusal(top.path()).contains("an extended header is too large"));
}
