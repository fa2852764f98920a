//! Real loaders load patched files. Every ELF file of an image with ten wheels, with those of the
//! system and of the interpreter, gets a run path, and libraries move to its directory.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use wheelbarrow::elf::{Edited, Elf, PathChanges, WhenNone, change_paths, read};
use wheelbarrow::path::RealPath;
use wheelbarrow::root::{Content, Directory, Kind, Root};

use crate::support::lab::{Container, Lab};

const WHEELS: &str = "numpy==1.26.4 pillow==10.3.0 lxml==5.2.2 cryptography==42.0.7 pydantic==2.7.1 markupsafe psycopg2-binary==2.9.9 cffi greenlet pyyaml==6.0.2";
const IMPORTS: &str = include_str!("../programs/import_ten.py");

/// Opens every library in a separate process, and prints the result of each.
const OPEN_ALL: &str = include_str!("../programs/open_all.py");

/// Adds the directory to the run path of one file, as a bundle does: the new file replaces the old
/// one.
fn patch(root: &Root, top: &Path, path: &RealPath, directory: &str) -> bool {
    let content = root.open(path).unwrap();
    let Ok(Some(facts)) = read(content.as_ref()) else { return false };
    if !facts.loadable || facts.needed.is_empty() {
        return false;
    }
    // numpy's openblas has no run path and finds libgfortran by that of the module; this must not
    // change.
    let changes = PathChanges { added: vec![directory.to_owned()], ..PathChanges::default() };
    let edits = change_paths(content.as_ref(), &changes, WhenNone::RPath)
        .unwrap_or_else(|why| panic!("{path}: {why}"));
    let edited = Edited { content: content.as_ref(), edits };
    let mut bytes = vec![0; usize::try_from(edited.size()).unwrap()];
    edited.read_at(&mut bytes, 0).unwrap();
    let host = top.join(path.relative());
    let mode = fs::symlink_metadata(&host).unwrap().permissions();
    let before = problems(&host);
    fs::remove_file(&host).unwrap();
    fs::write(&host, &bytes).unwrap();
    fs::set_permissions(&host, mode).unwrap();
    assert_eq!(problems(&host), before, "{path}: readelf");
    let after = read(&edited).unwrap().unwrap();
    assert_eq!(
        Elf { rpath: None, runpath: None, ..after },
        Elf { rpath: None, runpath: None, ..facts }
    );
    true
}

/// The number of warnings of readelf about a file; their texts have addresses, which differ.
fn problems(file: &Path) -> usize {
    let output = Command::new("readelf")
        .args(["-W", "-d", "-l", "-S", "-V"])
        .arg(file)
        .output()
        .expect("binutils are there");
    String::from_utf8_lossy(&output.stderr).lines().count()
}

fn check(name: &str, dockerfile: &str, moved: &[&str]) {
    let lab = Lab::new();
    lab.build(name, dockerfile);
    let image = Container::of(name);
    let top = image.root();
    let run = |what: &str| image.says(&["python3", "-c", what]).trim().to_owned();
    assert_eq!(run(IMPORTS), "all of it runs: a");
    let opened = run(OPEN_ALL);
    let root = Root::new(Directory::open(&top, &[]).unwrap());
    let all = |root: &Root| -> Vec<RealPath> {
        let found = root.walk(&RealPath::root(), |_| true).into_iter().flatten();
        found
            .filter(|entry| entry.meta.kind == Kind::File && !entry.path.name().starts_with("ld-"))
            .map(|entry| entry.path)
            .collect()
    };
    let files = all(&root);
    let patched =
        files.iter().filter(|path| patch(&root, &top, path, "/moved/for/the/test")).count();
    assert!(patched > 150, "{patched} files");
    // The same again, with files that are patched already.
    let root = Root::new(Directory::open(&top, &[]).unwrap());
    assert_eq!(
        files.iter().filter(|path| patch(&root, &top, path, "/moved/elsewhere")).count(),
        patched
    );
    let (before, after): (Vec<&str>, String) = (opened.lines().collect(), run(OPEN_ALL));
    let differ: Vec<(&&str, &str)> =
        before.iter().zip(after.lines()).filter(|(before, after)| **before != *after).collect();
    assert!(before.len() == after.lines().count() && differ.is_empty(), "{differ:?}");
    let loads = before.iter().filter(|line| line.starts_with("0 ")).count();
    assert!(loads > 100, "{loads}: {opened}");
    let target = top.join("moved/elsewhere");
    fs::create_dir_all(&target).unwrap();
    for library in moved {
        let from = top.join(library);
        let name = Path::new(library).file_name().unwrap();
        assert!(fs::metadata(&from).unwrap().size() > 0, "{library}");
        fs::copy(&from, target.join(name)).unwrap();
        fs::remove_file(&from).unwrap();
    }
    println!(
        "{name}: {patched} files patched twice, {loads} of {} open as before, {} libraries moved",
        before.len(),
        moved.len()
    );
    assert_eq!(run(IMPORTS), "all of it runs: a");
}

#[test]
#[ignore = "needs the lab: buildah and the base images"]
fn glibc() {
    let dockerfile = format!(
        "FROM python:3.11-slim-bookworm\nRUN pip install -q {WHEELS} && rm -rf /root/.cache\n"
    );
    let directory = "usr/lib/x86_64-linux-gnu";
    let names = ["libz.so.1", "libssl.so.3", "libcrypto.so.3", "libsqlite3.so.0", "libffi.so.8"];
    let moved = names.map(|name| format!("{directory}/{name}"));
    check("wheelbarrow-run-path-glibc", &dockerfile, &moved.each_ref().map(String::as_str));
}

#[test]
#[ignore = "needs the lab: buildah and the base images"]
fn musl() {
    let dockerfile = format!(
        "FROM python:3.11-alpine3.20\nRUN pip install -q {WHEELS} && rm -rf /root/.cache\n"
    );
    check(
        "wheelbarrow-run-path-musl",
        &dockerfile,
        &["lib/libz.so.1", "lib/libssl.so.3", "lib/libcrypto.so.3", "usr/lib/libffi.so.8"],
    );
}

/// Programs and libraries as linkers write them: fixed addresses, no free slot, much that is
/// zeroed, thread local data, large pages. The kernel starts them, and the loader finds the
/// libraries to which only the new run path leads.
#[test]
#[ignore = "needs gcc"]
fn forms_that_linkers_write() {
    let directory = tempfile::tempdir().unwrap();
    let top = directory.path();
    let gcc = |arguments: &[&str]| {
        let output =
            Command::new("gcc").args(arguments).current_dir(top).output().expect("gcc is there");
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    fs::create_dir(top.join("far")).unwrap();
    fs::write(top.join("deep.c"), "int deep(void) { return 40; }").unwrap();
    fs::write(
        top.join("near.c"),
        "int deep(void); __thread int local = 1; static char zeroed[1 << 20]; __attribute__((constructor)) static void begin(void) \
         { local++; zeroed[1 << 19] = 1; } int near(void) { return deep() + local + zeroed[1 << 19] - 1; }",
    )
    .unwrap();
    fs::write(
        top.join("main.c"),
        "#include <stdio.h>\nint near(void); static char zeroed[1 << 24]; int main(void) { printf(\"%d %d\\n\", near(), zeroed[9]); return 0; }",
    )
    .unwrap();
    gcc(&["-shared", "-fPIC", "-Wl,-soname,libdeep.so", "-o", "far/libdeep.so", "deep.c"]);
    for more in [
        &["-pie"][..],
        &["-no-pie"],
        &["-no-pie", "-Wl,-z,spare-dynamic-tags=0"],
        &["-pie", "-Wl,-z,spare-dynamic-tags=0,-z,now,-z,relro"],
        &["-pie", "-Wl,-z,max-page-size=0x200000,--hash-style=sysv"],
        &["-no-pie", "-Wl,-z,noseparate-code,-z,norelro", "-s"],
        &["-pie", "-Wl,--disable-new-dtags,-rpath,/nowhere", "-g"],
    ] {
        let linked: Vec<&str> =
            more.iter().copied().filter(|option| !option.ends_with("pie")).collect();
        gcc(&[
            &[
                "-shared",
                "-fPIC",
                "-Wl,-soname,libnear.so",
                "-o",
                "far/libnear.so",
                "near.c",
                "far/libdeep.so",
            ],
            &linked[..],
        ]
        .concat());
        gcc(&[&["-o", "program", "main.c", "far/libnear.so", "-Wl,--allow-shlib-undefined"], more]
            .concat());
        let start =
            || Command::new(top.join("program")).env_remove("LD_LIBRARY_PATH").output().unwrap();
        assert!(!start().status.success(), "{more:?}: nothing leads to libnear.so");
        for (file, run_path) in [("/program", "$ORIGIN/far"), ("/far/libnear.so", "$ORIGIN")] {
            let root = Root::new(Directory::open(top, &[]).unwrap());
            assert!(patch(&root, top, &RealPath::known(file), run_path));
        }
        let output = start();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "42 0\n",
            "{more:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// Modules of the other machines for which wheels are built, including big-endian and 32-bit ones.
/// They are read again, and readelf accepts them. The unit tests compare the mapped bytes.
#[test]
#[ignore = "needs pip, a package index and binutils"]
fn other_machines() {
    let directory = tempfile::tempdir().unwrap();
    let top = directory.path();
    let python = |arguments: &[&str]| {
        let output = Command::new("python3")
            .args(arguments)
            .current_dir(top)
            .output()
            .expect("python3 is there");
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let mut names = Vec::new();
    for platform in ["2_17_aarch64", "2_17_armv7l", "2_17_ppc64le", "2_17_s390x", "2_5_i686"] {
        let tag = format!("manylinux_{platform}");
        let fixed = [
            "--no-deps",
            "--only-binary",
            ":all:",
            "--python-version",
            "311",
            "-d",
            platform,
            "pydantic_core==2.18.2",
        ];
        python(&[&["-m", "pip", "download", "-q", "--platform", &tag], &fixed[..]].concat());
        let wheel = fs::read_dir(top.join(platform)).unwrap().next().unwrap().unwrap().path();
        python(&["-m", "zipfile", "-e", wheel.to_str().unwrap(), platform]);
        for run_path in ["$ORIGIN/../../../wheelbarrow", "$ORIGIN"] {
            let root = Root::new(Directory::open(top, &[]).unwrap());
            let folder = RealPath::known(&format!("/{platform}/pydantic_core"));
            let modules = root
                .list(&folder)
                .into_iter()
                .flatten()
                .filter(|entry| entry.path.name().ends_with(".so"));
            names.extend(
                modules
                    .filter(|entry| patch(&root, top, &entry.path, run_path))
                    .map(|entry| entry.path),
            );
        }
    }
    assert_eq!(names.len(), 10, "{names:?}");
}
