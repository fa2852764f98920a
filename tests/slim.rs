//! What `--slim` removes, what it never touches, and that what it strips still loads.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bad_input::shown;
use crate::readme_root::wheelbarrow;

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A `--target` folder with one package that has everything; the path of its library with debug sections.
fn environment(top: &Path) -> (PathBuf, PathBuf) {
    let site = top.join("builder/target");
    let files = [
        "pkg/__init__.py",
        "pkg/tests/test_a.py",
        "pkg/tests/LICENSE",
        "pkg/a.pyi",
        "pkg/inc/a.h",
        "pkg/lib.a",
        "pkg-1.dist-info/tests.c",
    ];
    files.iter().for_each(|file| write(&site.join(file), "x = 1\n"));
    let source = top.join("answer.c");
    write(
        &source,
        "static int hidden(int x) { return x * 2; }\nint answer(void) { return hidden(21); }\n",
    );
    let library = site.join("pkg/libanswer.so");
    let made = Command::new("gcc")
        .args(["-g", "-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(&source)
        .status()
        .unwrap();
    assert!(made.success());
    let record: String = files
        .iter()
        .chain(["pkg/libanswer.so", "pkg-1.dist-info/METADATA", "pkg-1.dist-info/RECORD"].iter())
        .map(|file| format!("{file},,\n"))
        .collect();
    write(&site.join("pkg-1.dist-info/METADATA"), "Metadata-Version: 2.1\nName: pkg\nVersion: 1\n");
    write(&site.join("pkg-1.dist-info/RECORD"), &record);
    (site, library)
}

/// The site directory of a bundle.
fn bundled(top: &Path, site: &Path, slim: &str) -> (PathBuf, String) {
    let out = top.join("out");
    let output = wheelbarrow(&[
        "bundle",
        "--from",
        "any",
        "--out",
        out.to_str().unwrap(),
        "--slim",
        slim,
        site.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    let lib = fs::read_dir(out.join("rootfs/opt/app/lib")).unwrap().next().unwrap().unwrap().path();
    (lib.join("site-packages"), shown(&output))
}

#[test]
fn what_is_rarely_needed_is_removed_with_a_receipt() {
    let top = tempfile::tempdir().unwrap();
    let top = top.path().canonicalize().unwrap();
    let (site, library) = environment(&top);
    let (packages, said) = bundled(&top, &site, "all");
    for (file, stays) in [
        ("pkg/__init__.py", true),
        ("pkg/tests/LICENSE", true),
        ("pkg-1.dist-info/tests.c", true),
        ("pkg/tests/test_a.py", false),
        ("pkg/a.pyi", false),
        ("pkg/inc/a.h", false),
        ("pkg/lib.a", false),
    ] {
        assert_eq!(packages.join(file).exists(), stays, "{file}");
    }
    for receipt in [
        "6 B  1 files: tests",
        "6 B  1 files: type stubs",
        "6 B  1 files: C sources and headers",
        "6 B  1 files: static libraries",
        "1 files: debug sections",
    ] {
        assert!(said.contains(receipt), "{receipt}: {said}");
    }
    let record = fs::read_to_string(packages.join("pkg-1.dist-info/RECORD")).unwrap();
    assert!(record.contains("pkg/tests/LICENSE,sha256=") && !record.contains("test_a"), "{record}");
    let stripped = packages.join("pkg/libanswer.so");
    assert!(fs::metadata(&stripped).unwrap().len() < fs::metadata(&library).unwrap().len());
    let program = format!("import ctypes; print(ctypes.CDLL('{}').answer())", stripped.display());
    let answer = Command::new("python3").args(["-c", &program]).output().unwrap();
    assert_eq!(shown(&answer).trim(), "42");
}

#[test]
fn each_kind_takes_its_own_files_and_verifies() {
    let top = tempfile::tempdir().unwrap();
    let top = top.path().canonicalize().unwrap();
    let (site, library) = environment(&top);
    let kinds = [
        ("tests", "pkg/tests/test_a.py"),
        ("stubs", "pkg/a.pyi"),
        ("headers", "pkg/inc/a.h"),
        ("static", "pkg/lib.a"),
    ];
    for slim in ["tests", "stubs", "headers", "static", "strip", "tests,static", "all"] {
        let (packages, _) = bundled(&top, &site, slim);
        let record = fs::read_to_string(packages.join("pkg-1.dist-info/RECORD")).unwrap();
        for (kind, file) in kinds {
            let stays = slim != "all" && !slim.split(',').any(|one| one == kind);
            assert_eq!(
                (packages.join(file).exists(), record.contains(&format!("{file},"))),
                (stays, stays),
                "{slim}: {file}"
            );
        }
        let same =
            fs::read(packages.join("pkg/libanswer.so")).unwrap() == fs::read(&library).unwrap();
        assert_eq!(same, !matches!(slim, "strip" | "all"), "{slim}");
        let verified = wheelbarrow(&["verify", top.join("out").to_str().unwrap()]);
        assert_eq!(verified.status.code(), Some(0), "{slim}: {}", shown(&verified));
    }
}

#[test]
fn a_damaged_library_is_copied_as_it_is_or_still_the_same_to_the_loader() {
    let top = tempfile::tempdir().unwrap();
    let top = top.path().canonicalize().unwrap();
    let (site, library) = environment(&top);
    let whole = fs::read(&library).unwrap();
    let sections = usize::try_from(u64::from_le_bytes(whole[40..48].try_into().unwrap())).unwrap();
    let folder = site.join("pkg/many");
    fs::create_dir(&folder).unwrap();
    for (number, at) in (16..64).chain((sections..whole.len()).step_by(5)).enumerate() {
        let mut broken = whole.clone();
        broken[at] ^= 0xff;
        fs::write(folder.join(format!("lib{number}.so")), broken).unwrap();
    }
    let output = wheelbarrow(&[
        "bundle",
        "--from",
        "any",
        "--out",
        top.join("out").to_str().unwrap(),
        "--slim",
        "strip",
        site.to_str().unwrap(),
    ]);
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", shown(&output));
    let notes = shown(&output)
        .lines()
        .filter(|line| line.starts_with("note[not-stripped]") && line.contains("/pkg/many/lib"))
        .count();
    assert!(
        notes > 0 && !shown(&output).contains("libanswer.so: not stripped"),
        "{}",
        shown(&output)
    );
    let lib =
        fs::read_dir(top.join("out/rootfs/opt/app/lib")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(
        fs::read_dir(lib.join("site-packages/pkg/many")).unwrap().count(),
        fs::read_dir(folder).unwrap().count()
    );
}
