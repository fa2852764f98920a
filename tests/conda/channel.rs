//! Conda packages as conda-build makes them, from this machine's own Python and a few lines of C.
//! rattler installs them from a channel that is a folder.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rattler::install::Installer;
use rattler::package_cache::PackageCache;
use rattler_conda_types::compression_level::CompressionLevel;
use rattler_conda_types::{RepoDataRecord, Subdir};
use rattler_package_streaming::write::write_conda_package;
use serde_json::{Value, json};
use wheelbarrow::elf::{Edited, PathChanges, WhenNone, change_paths};
use wheelbarrow::path::RealPath;
use wheelbarrow::root::{Content, Directory, Tree};

use crate::support::{python, sha256, write};

/// The prefix that conda-build compiles into binaries: long, so that every other prefix fits.
pub const PLACEHOLDER: &str =
    "/placehold_placehold_placehold_placehold_placehold_placehold_placehold_placehold_placehold";

/// A folder of packages.
pub struct Channel {
    top: tempfile::TempDir,
    records: Vec<RepoDataRecord>,
}

/// The facts of a package in the index of the folder.
pub struct About<'a> {
    pub name: &'a str,
    pub version: &'a str,
    pub depends: &'a [&'a str],
    /// The prefix that its files were built for.
    pub placeholder: &'a str,
    /// `console = module:function` of a `noarch: python` package.
    pub entry_point: Option<&'a str>,
}

impl Channel {
    pub fn new() -> Channel {
        Channel { top: tempfile::tempdir().unwrap(), records: Vec::new() }
    }

    /// Packs the files that `fill` writes into a folder.
    pub fn package(&mut self, about: &About, fill: impl FnOnce(&Path)) {
        let build = tempfile::tempdir().unwrap();
        fill(build.path());
        write(
            build.path().join("info/licenses/LICENSE"),
            format!("licence of {}\n", about.name).as_bytes(),
        );
        let paths = paths(build.path(), about.placeholder);
        write(
            build.path().join("info/paths.json"),
            json_bytes(&json!({"paths_version": 1, "paths": paths})),
        );
        let (subdir, mut noarch) =
            (if about.entry_point.is_some() { "noarch" } else { "linux-64" }, json!({}));
        if let Some(entry_point) = about.entry_point {
            noarch = json!({"noarch": "python"});
            let link = json!({"noarch": {"type": "python", "entry_points": [entry_point]}, "package_metadata_version": 1});
            write(build.path().join("info/link.json"), json_bytes(&link));
        }
        let mut index = json!({"name": about.name, "version": about.version, "build": "h1_0", "build_number": 0, "depends": about.depends,
            "license": "MIT", "subdir": subdir, "timestamp": 1_700_000_000_000_i64, "arch": null, "platform": null});
        index.as_object_mut().unwrap().extend(noarch.as_object().unwrap().clone());
        write(build.path().join("info/index.json"), json_bytes(&index));
        let stem = format!("{}-{}-h1_0", about.name, about.version);
        let archive = self.top.path().join(subdir).join(format!("{stem}.conda"));
        fs::create_dir_all(archive.parent().unwrap()).unwrap();
        let files: Vec<PathBuf> =
            walked(build.path()).iter().map(|path| build.path().join(path)).collect();
        let level = CompressionLevel::Numeric(1);
        write_conda_package(
            fs::File::create(&archive).unwrap(),
            build.path(),
            &files,
            level,
            None,
            &stem,
            None,
            None,
        )
        .unwrap();
        let record = index.as_object_mut().unwrap();
        record.insert("fn".to_owned(), json!(format!("{stem}.conda")));
        record.insert("url".to_owned(), json!(format!("file://{}", archive.display())));
        record.insert("channel".to_owned(), json!("https://conda.example/main"));
        record.insert("sha256".to_owned(), json!(sha256(&fs::read(&archive).unwrap())));
        record.retain(|_, value| !value.is_null());
        self.records.push(serde_json::from_value(index).unwrap());
    }

    /// Lets rattler install everything to `directory`, as if that were `prefix`.
    pub fn install(&self, directory: &Path, prefix: &Path) {
        let installer = Installer::new()
            .with_package_cache(PackageCache::new(self.top.path().join("pkgs")))
            .with_target_platform(Subdir::Linux64)
            .with_alternative_target_prefix(prefix);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(installer.install(directory, self.records.clone())).unwrap();
    }
}

/// paths.json: every file, and those that contain the prefix for which they were built.
fn paths(build: &Path, placeholder: &str) -> Vec<Value> {
    let mut paths = Vec::new();
    for path in walked(build) {
        let name = path.to_str().unwrap();
        if name.starts_with("info/") {
            continue;
        }
        let mut entry = json!({"_path": name, "path_type": "hardlink"});
        if build.join(&path).is_symlink() {
            entry["path_type"] = json!("softlink");
        } else {
            let bytes = fs::read(build.join(&path)).unwrap();
            entry["sha256"] = json!(sha256(&bytes));
            entry["size_in_bytes"] = json!(bytes.len());
            if memchr::memmem::find(&bytes, placeholder.as_bytes()).is_some() {
                entry["prefix_placeholder"] = json!(placeholder);
                entry["file_mode"] = json!(if bytes.contains(&0) { "binary" } else { "text" });
            }
        }
        paths.push(entry);
    }
    paths
}

fn walked(top: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(top).sort_by_file_name().into_iter().map(Result::unwrap);
    entries
        .filter(|entry| !entry.file_type().is_dir())
        .map(|entry| entry.path().strip_prefix(top).unwrap().to_owned())
        .collect()
}

fn json_bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

/// This machine's Python and the libraries of its standard modules, in one prefix as with conda.
pub fn add_python(channel: &mut Channel) {
    let base = PathBuf::from(python("import sys; print(sys.base_prefix)", &[]));
    let version = python("import platform; print(platform.python_version())", &[]);
    let minor = python("import sys; print('%d.%d' % sys.version_info[:2])", &[]);
    // The library is found through the run path of this Python, which leads into its prefix.
    let libraries = include_str!("../programs/stdlib_libraries.py");
    let found = python(libraries, &[]);
    let own = base.to_str().unwrap().to_owned();
    let mut shared: Vec<(&str, &str)> = found
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(_, path)| !path.starts_with(&own))
        .collect();
    shared.sort_unstable();
    shared.dedup();
    channel.package(
        &About {
            name: "python-libraries",
            version: "1.0",
            depends: &[],
            placeholder: PLACEHOLDER,
            entry_point: None,
        },
        |build| {
            for (name, path) in &shared {
                write(build.join("lib").join(name), with_run_path(Path::new(path), "$ORIGIN"));
            }
        },
    );
    let about = About {
        name: "python",
        version: &version,
        depends: &["python-libraries"],
        placeholder: &own,
        entry_point: None,
    };
    channel.package(&about, |build| {
        let program = format!("python{minor}");
        write(
            build.join("bin").join(&program),
            with_run_path(&base.join("bin").join(&program), "$ORIGIN/../lib"),
        );
        fs::set_permissions(build.join("bin").join(&program), fs::Permissions::from_mode(0o755))
            .unwrap();
        for name in ["python", "python3"] {
            symlink(&program, build.join("bin").join(name)).unwrap();
        }
        for entry in fs::read_dir(base.join("lib")).unwrap().map(Result::unwrap) {
            if entry.file_name().to_str().unwrap().starts_with("libpython")
                && entry.file_type().unwrap().is_file()
            {
                copy_file(&entry.path(), &build.join("lib").join(entry.file_name()));
            }
        }
        let unwanted = [
            "test",
            "idlelib",
            "site-packages",
            "__pycache__",
            "lib2to3",
            "tkinter",
            "turtledemo",
            "ensurepip",
        ];
        let stdlib = base.join("lib").join(&program);
        let wanted = |entry: &walkdir::DirEntry| {
            let name = entry.file_name().to_str().unwrap();
            !unwanted.contains(&name)
                && !name.starts_with("config-")
                && !name.starts_with("_tkinter")
        };
        for entry in
            walkdir::WalkDir::new(&stdlib).into_iter().filter_entry(wanted).map(Result::unwrap)
        {
            let to =
                build.join("lib").join(&program).join(entry.path().strip_prefix(&stdlib).unwrap());
            if entry.path().parent().unwrap().ends_with("lib-dynload") {
                write(&to, with_run_path(entry.path(), "$ORIGIN/../.."));
            } else if entry.file_type().is_file() {
                copy_file(entry.path(), &to);
            }
        }
        write(
            build.join("lib").join(&program).join("site-packages/README.txt"),
            b"where packages go\n",
        );
    });
}

/// An ELF file that finds its libraries relative to itself, as those of conda do.
fn with_run_path(path: &Path, directory: &str) -> Vec<u8> {
    let path = RealPath::known(fs::canonicalize(path).unwrap().to_str().unwrap());
    let content = Directory::open(Path::new("/"), &[]).unwrap().open(&path).unwrap();
    let changes = PathChanges { added: vec![directory.to_owned()], ..PathChanges::default() };
    let edits = change_paths(content.as_ref(), &changes, WhenNone::RPath).unwrap();
    let edited = Edited { content: content.as_ref(), edits };
    let mut bytes = vec![0; usize::try_from(edited.size()).unwrap()];
    edited.read_at(&mut bytes, 0).unwrap();
    bytes
}

/// Copies a single file, with links followed: the library of Python is too large for a process
/// each.
fn copy_file(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::copy(from, to).unwrap();
}
