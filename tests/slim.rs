//! Files that `--slim` removes, files that it never touches, and stripped libraries, which still
//! load.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use wheelbarrow::elf::{self, Edited, Elf, PathChanges, WhenNone};
use wheelbarrow::root::Content as _;

use crate::support::{
    Transcript, compile, distribution, exit_code, python, shown, wheelbarrow, write,
};

/// A `--target` folder with one package of every kind of file, and the path of its library with
/// debug sections.
fn environment(top: &Path) -> (PathBuf, PathBuf) {
    let site = top.join("builder/target");
    let files = [
        "pkg/__init__.py",
        "pkg/a.py",
        "pkg/tests/test_a.py",
        "pkg/tests/LICENSE",
        "pkg/a.pyi",
        "pkg/inc/a.h",
        "pkg/lib.a",
        "pkg-1.dist-info/tests.c",
    ];
    files.iter().for_each(|file| write(site.join(file), "x = 1\n"));
    let library = site.join("pkg/libanswer.so");
    let source =
        "static int hidden(int x) { return x * 2; }\nint answer(void) { return hidden(21); }\n";
    compile(source, &library, &["-g"]);
    distribution(&site, "pkg", "1", "", &[&files[..], &["pkg/libanswer.so"]].concat());
    (site, library)
}

/// The only directory of a Python version in a bundle, beside that of wheelbarrow's own files.
fn library_directory(out: &Path) -> PathBuf {
    let mut folders = fs::read_dir(out.join("rootfs/opt/app/lib")).unwrap();
    let other = |folder: PathBuf| (!folder.ends_with("wheelbarrow")).then_some(folder);
    folders.find_map(|folder| other(folder.unwrap().path())).unwrap()
}

/// The site directory of a bundle.
fn bundled(top: &Path, site: &Path, slim: &str) -> (PathBuf, Output) {
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
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    (library_directory(&out).join("site-packages"), output)
}

#[test]
fn rarely_needed_files_are_removed_with_a_receipt() {
    let top = tempfile::tempdir().unwrap();
    let top = top.path().canonicalize().unwrap();
    let (site, library) = environment(&top);
    let (packages, output) = bundled(&top, &site, "all");
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
    // The last one is debug sections, whose size depends on the compiler.
    let receipts = shown(&output);
    let debug = receipts.lines().rfind(|line| line.contains("  1 file")).expect("a receipt");
    let size = debug.trim().split("  ").next().unwrap();
    let mut said = Transcript::default().named(size, "[size]");
    said.add_lines("bundle --slim all", &output, &["  1 file"]);
    insta::assert_snapshot!(said.text());
    let record = fs::read_to_string(packages.join("pkg-1.dist-info/RECORD")).unwrap();
    assert!(record.contains("pkg/tests/LICENSE,sha256=") && !record.contains("test_a"), "{record}");
    let stripped = packages.join("pkg/libanswer.so");
    assert!(fs::metadata(&stripped).unwrap().len() < fs::metadata(&library).unwrap().len());
    let program = format!("import ctypes; print(ctypes.CDLL('{}').answer())", stripped.display());
    assert_eq!(python(&program, &[]).trim(), "42");
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
    let said = shown(&output);
    let notes = |file: &str| {
        said.lines().any(|line| line.starts_with("note[not-stripped] ") && line.contains(file))
    };
    assert!(notes("/pkg/many/lib") && !notes("libanswer.so"), "{said}");
    let lib = library_directory(&top.join("out"));
    assert_eq!(
        fs::read_dir(lib.join("site-packages/pkg/many")).unwrap().count(),
        fs::read_dir(folder).unwrap().count()
    );
}

/// In the order of a bundle: a new run path is a segment after all that is stripped.
#[test]
fn a_stripped_library_gets_a_run_path_and_loads_its_needs() {
    let top = tempfile::tempdir().unwrap();
    let top = top.path().canonicalize().unwrap();
    let far = top.join("far");
    fs::create_dir(&far).unwrap();
    compile("int far(void) { return 41; }\n", &far.join("libfar.so"), &["-g"]);
    let code = "int far(void);\nint answer(void) { return far() + 1; }\n";
    let near = top.join("libnear.so");
    compile(code, &near, &["-g", "-L", far.to_str().unwrap(), "-lfar"]);
    let original = fs::read(&near).unwrap();
    let Ok(stripped) = elf::strip(Box::new(original.clone())) else { panic!("not stripped") };
    let changes = PathChanges { added: vec!["$ORIGIN/far".to_owned()], ..PathChanges::default() };
    let edits = elf::change_paths(&stripped, &changes, WhenNone::RunPath).unwrap();
    let edited = Edited { content: stripped, edits };
    let mut bytes = vec![0; usize::try_from(edited.size()).unwrap()];
    assert_eq!(edited.read_at(&mut bytes, 0).unwrap(), bytes.len());
    let facts = elf::read(&bytes).unwrap().unwrap();
    let before = elf::read(&original).unwrap().unwrap();
    assert_eq!(facts, Elf { runpath: Some("$ORIGIN/far".to_owned()), ..before });
    fs::write(&near, &bytes).unwrap();
    let sections = Command::new("readelf").arg("-SW").arg(&near).output().unwrap();
    assert!(!shown(&sections).contains(".debug_info"), "{}", shown(&sections));
    let program = format!("import ctypes; print(ctypes.CDLL('{}').answer())", near.display());
    assert_eq!(python(&program, &[]).trim(), "42");
}
