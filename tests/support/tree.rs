//! Trees of files: the shipped root, files that tests write, and everything below a directory as
//! one value.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of an Alpine builder stage that the repository ships.
pub fn fixture() -> String {
    format!("{}/py-fixtures/alpine-venv", env!("CARGO_MANIFEST_DIR"))
}

/// A copy of the shipped root for changes: `root` in a new directory.
pub fn fixture_copy() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("root");
    copy(Path::new(&fixture()), &root);
    (directory, root)
}

/// Writes a file, and creates the directories above it.
pub fn write(path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.as_ref().parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Copies a file or a tree with everything that `cp -a` preserves; a tree is merged into an
/// existing one.
///
/// Another process does it: a file that is open for writing in a fork of this process cannot be
/// started.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let copied = Command::new("cp").args(["-a", "-T"]).args([from, to]).status().unwrap();
    assert!(copied.success(), "{} to {}", from.display(), to.display());
}

/// Writes METADATA and RECORD of a distribution in `site`. `headers` are further lines of METADATA;
/// `record` has a line for each file: its path, or all three fields.
pub fn distribution(site: &Path, name: &str, version: &str, headers: &str, record: &[&str]) {
    let info = format!("{name}-{version}.dist-info");
    let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{headers}");
    write(site.join(&info).join("METADATA"), metadata);
    let own = ["METADATA", "RECORD"].map(|file| format!("{info}/{file}"));
    let all = record.iter().copied().chain(own.iter().map(String::as_str));
    let lines = all
        .map(|line| if line.contains(',') { format!("{line}\n") } else { format!("{line},,\n") });
    write(site.join(&info).join("RECORD"), lines.collect::<String>());
}

/// The mode, the time, and the contents or the target of every path.
pub type Dump = BTreeMap<PathBuf, (u32, i64, Vec<u8>)>;

/// Every path below `top`; for a file that is too large for memory, only the size.
pub fn dump(top: &Path) -> Dump {
    let mut all = BTreeMap::new();
    for entry in walkdir::WalkDir::new(top) {
        let entry = entry.unwrap();
        let meta = entry.path().symlink_metadata().unwrap();
        let content = if meta.len() > 1 << 26 {
            meta.len().to_string().into_bytes()
        } else if meta.is_file() {
            fs::read(entry.path()).unwrap()
        } else if meta.is_symlink() {
            fs::read_link(entry.path()).unwrap().into_os_string().into_encoded_bytes()
        } else {
            Vec::new()
        };
        all.insert(
            entry.path().strip_prefix(top).unwrap().to_owned(),
            (meta.mode(), meta.mtime(), content),
        );
    }
    all
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
