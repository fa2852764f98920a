//! Wheels from build tools, and the files that exist after their installation.

use std::path::PathBuf;
use std::process::Command;

use super::*;

#[test]
fn every_part_has_its_place() {
    let draft = Draft::new()
        .entry("a/", "", 0o040_755)
        .entry("a/tool.so", "\x7fELF", 0o100_755)
        .entry("a/setuid", "", 0o104_711)
        .entry("a/no type", "", 0o755)
        .with("a-1.data/purelib/pure.py", "")
        .with("a-1.data/platlib/plat.py", "")
        .with("a-1.data/scripts/run", "#!pythonw -x\nimport a\n")
        .with("a-1.data/scripts/shell", "#!/bin/sh\n#!python\n")
        .with("A-1.0.data/headers/sub/a.h", "")
        .with("a-1.data/data/share/man/a.1", "")
        .with("a-1.data/scripts/tool-script.py", "old wrapper")
        .with(&format!("{INFO}/INSTALLER"), "pip")
        .with(&format!("{INFO}/RECORD.jws"), "{}")
        .with(
            &format!("{INFO}/entry_points.txt"),
            "[console_scripts]\ntool = a.b:C.main [x]\n[gui_scripts]\ntool = a.b:C.main\njunk\n",
        );
    let top = tempfile::tempdir().unwrap();
    let result = installed(&draft.bytes(), top.path()).unwrap();
    let tree = tree(top.path());
    let listed: Vec<String> = tree
        .iter()
        .map(|(name, (mode, content))| format!("{name} {mode:o} {}", content.len()))
        .collect();
    insta::assert_snapshot!(listed.join("\n"), @r"
    bin/run 755 25
    bin/shell 755 19
    bin/tool 755 172
    include/site/python3.11/A/sub/a.h 644 0
    lib/python3.11/site-packages/a-1.dist-info/INSTALLER 644 12
    lib/python3.11/site-packages/a-1.dist-info/METADATA 644 49
    lib/python3.11/site-packages/a-1.dist-info/RECORD 644 1094
    lib/python3.11/site-packages/a-1.dist-info/WHEEL 644 59
    lib/python3.11/site-packages/a-1.dist-info/entry_points.txt 644 77
    lib/python3.11/site-packages/a.py 644 9
    lib/python3.11/site-packages/a/no type 644 0
    lib/python3.11/site-packages/a/setuid 755 0
    lib/python3.11/site-packages/a/tool.so 755 4
    lib/python3.11/site-packages/plat.py 644 0
    lib/python3.11/site-packages/pure.py 644 0
    share/man/a.1 644 0
    ");
    assert_eq!(tree["bin/run"].1, format!("{HEADER}import a\n").into_bytes());
    assert_eq!(tree["bin/shell"].1, b"#!/bin/sh\n#!python\n");
    assert!(
        tree["bin/tool"]
            .1
            .starts_with(format!("{HEADER}import sys\nfrom a.b import C\n").as_bytes())
    );
    let mut files: Vec<String> =
        result.files.iter().map(|path| path.relative().to_owned()).collect();
    files.sort();
    assert_eq!(files, tree.keys().cloned().collect::<Vec<_>>());
    assert_eq!(
        result.warnings,
        ["entry_points.txt has a line that cannot be understood: \"junk\""]
    );
    assert_eq!(result.dist_info.relative(), format!("{SITE}/{INFO}"));
    assert_record(&tree);
}

/// RECORD lists every file with its hash and size, sorted.
fn assert_record(tree: &BTreeMap<String, (u32, Vec<u8>)>) {
    let own = format!("{INFO}/RECORD");
    let mut expect: Vec<String> = tree
        .iter()
        .map(|(name, (_, content))| match name.strip_prefix(&format!("{SITE}/")) {
            Some(name) if name == own => format!("{own},,"),
            Some(name) => format!(
                "{name},sha256={},{}",
                URL_SAFE_NO_PAD.encode(Sha256::digest(content)),
                content.len()
            ),
            None => format!(
                "../../../{name},sha256={},{}",
                URL_SAFE_NO_PAD.encode(Sha256::digest(content)),
                content.len()
            ),
        })
        .collect();
    expect.sort();
    let record = String::from_utf8(tree[&format!("{SITE}/{own}")].1.clone()).unwrap();
    assert_eq!(record.lines().collect::<Vec<_>>(), expect);
}

#[test]
fn long_first_lines_are_replaced_whole() {
    let script = format!("#!python {}\nbody\n", "x".repeat(200_000));
    let top = tempfile::tempdir().unwrap();
    installed(
        &Draft::new()
            .with("a-1.data/scripts/x", &script)
            .with("a-1.data/scripts/y", "#!python")
            .bytes(),
        top.path(),
    )
    .unwrap();
    assert_eq!(fs::read_to_string(top.path().join("bin/x")).unwrap(), format!("{HEADER}body\n"));
    assert_eq!(fs::read_to_string(top.path().join("bin/y")).unwrap(), HEADER);
}

#[test]
fn a_second_wheel_in_the_same_place() {
    let top = tempfile::tempdir().unwrap();
    installed(&Draft::new().bytes(), top.path()).unwrap();
    let again = installed(&Draft::new().with("a.py", "print(2)\n").bytes(), top.path()).unwrap();
    assert!(again.replaced.iter().any(|path| path.name() == "a.py"));
    assert_eq!(fs::read_to_string(top.path().join(SITE).join("a.py")).unwrap(), "print(2)\n");
}

/// Compares real wheels, unpacked by pip into a virtual environment and by this module.
#[test]
#[ignore = "needs PyPI"]
fn the_tree_is_that_of_pip() {
    // The last four have scripts, headers and data of every kind.
    const WHEELS: [&str; 9] = [
        "flask",
        "markupsafe",
        "pyyaml",
        "requests",
        "numpy==1.26.4",
        "greenlet",
        "jmespath",
        "boto==2.49.0",
        "notebook==7.0.0",
    ];
    let directory = tempfile::tempdir().unwrap();
    let (wheels, theirs, ours) = (
        directory.path().join("wheels"),
        directory.path().join("theirs"),
        directory.path().join("ours"),
    );
    let python = |arguments: &[&str]| {
        let output = Command::new("python3").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let version = python(&["-c", "import sys; print('python%d.%d' % sys.version_info[:2])"]);
    let (wheels_shown, theirs_shown) = (wheels.to_str().unwrap(), theirs.to_str().unwrap());
    python(
        &[
            &[
                "-m",
                "pip",
                "download",
                "-q",
                "--only-binary",
                ":all:",
                "--no-deps",
                "-d",
                wheels_shown,
            ],
            &WHEELS[..],
        ]
        .concat(),
    );
    python(&["-m", "venv", "--without-pip", theirs_shown]);
    let ignored: Vec<String> = tree(&theirs).into_keys().collect();
    let files: Vec<PathBuf> =
        fs::read_dir(&wheels).unwrap().map(|entry| entry.unwrap().path()).collect();
    let executable = theirs.join("bin/python");
    let mut command = vec![
        "-m",
        "pip",
        "--python",
        executable.to_str().unwrap(),
        "install",
        "-q",
        "--no-compile",
        "--no-deps",
        "--no-index",
    ];
    command.extend(files.iter().map(|path| path.to_str().unwrap()));
    python(&command);
    fs::create_dir(&ours).unwrap();
    let header = crate::python::absolute_header(executable.to_str().unwrap(), &[], "");
    let mut launchers = Vec::new();
    for path in &files {
        let name = WheelName::parse(path.file_name().unwrap().to_str().unwrap()).unwrap();
        let mut archive = Archive::read(fs::File::open(path).unwrap(), name).unwrap();
        launchers.extend(
            archive.entry_points.iter().map(|entry_point| format!("bin/{}", entry_point.name)),
        );
        let done = install(
            &mut archive,
            &Prefix { directory: &ours, python: &version, header: &header },
            true,
        )
        .unwrap();
        assert_eq!((done.replaced, done.warnings), (Vec::new(), Vec::new()), "{}", path.display());
    }
    let differs = |name: &str| {
        ["RECORD", "INSTALLER"].contains(&name.rsplit('/').next().unwrap())
            || launchers.iter().any(|other| other == name)
    };
    let compared = |top: &Path| -> BTreeMap<String, (u32, Vec<u8>)> {
        let kept = tree(top)
            .into_iter()
            .filter(|(name, _)| !ignored.contains(name) && !name.ends_with("/direct_url.json"));
        // pip makes a script executable only if the archive says so.
        let mode = |name: &str, mode| if name.starts_with("bin/") { 0o755 } else { mode };
        kept.map(|(name, (bits, content))| {
            (name.clone(), (mode(&name, bits), if differs(&name) { Vec::new() } else { content }))
        })
        .collect()
    };
    let (theirs, ours) = (compared(&theirs), compared(&ours));
    assert!(theirs.len() > 1000, "numpy alone has more than {}", theirs.len());
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    for (name, file) in &theirs {
        assert!(
            ours[name] == *file,
            "{name}: mode {:o} and {:o}, or other content",
            ours[name].0,
            file.0
        );
    }
}
