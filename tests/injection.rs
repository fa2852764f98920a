//! Text of the input and of the command line in the files that a shell or a builder of images reads.

use std::fs;
use std::path::Path;

use crate::support::{distribution, exit_code, fixture_copy, program, shown, write};

const SITE: &str = "opt/venv/lib/python3.11/site-packages";

/// A name that is a command to a shell, a source to COPY, and an instruction to a builder.
const EVIL: &str = "x* /root; touch /pwned #$(id)";

/// Bundles with these options; returns `Dockerfile.final` and the installer.
fn bundle(root: &Path, out: &Path, options: &[&str]) -> (String, String) {
    let output = program()
        .args(["bundle", "--root"])
        .arg(root)
        .arg("--out")
        .arg(out)
        .args(options)
        .output()
        .unwrap();
    assert!(exit_code(&output) < 2, "{}", shown(&output));
    let installer = out.join("packages/opt/app/lib/wheelbarrow/install-packages");
    let dockerfile = fs::read_to_string(out.join("Dockerfile.final")).unwrap();
    (dockerfile, fs::read_to_string(installer).unwrap_or_default())
}

#[test]
fn names_and_versions_of_the_builder() {
    let (top, root) = fixture_copy();
    distribution(&root.join(SITE), "evil", "1", "", &["evil.py"]);
    write(root.join(SITE).join("evil.py"), vec![b'#'; 100_000]);
    let metadata = format!("Metadata-Version: 2.1\nName: {EVIL}\nVersion: 1; {EVIL}\n");
    write(root.join(SITE).join("evil-1.dist-info/METADATA"), metadata);
    let release = format!("ID=alpine\nVERSION_ID=3.20 {EVIL}\nPRETTY_NAME=\"{EVIL}\"\n");
    write(root.join("etc/os-release"), release);
    let database = root.join("lib/apk/db/installed");
    let text = fs::read_to_string(&database).unwrap();
    let renamed = text.replace("P:yaml\n", &format!("P:yaml; {EVIL}\n"));
    let versioned = text.replace("P:yaml\nV:", &format!("P:yaml\nV:0; {EVIL} "));
    assert!(renamed != text && versioned != text);
    for (name, text) in [("name", renamed), ("version", versioned)] {
        write(&database, text);
        for stage in ["fixed", "explicit"] {
            let out = top.path().join(format!("{name}-{stage}"));
            let options = ["--layers", "20", "--pin", "--final-stage", stage];
            let (dockerfile, installer) = bundle(&root, &out, &options);
            let orders = |text: &str| {
                let lines = text.lines().filter(|line| !line.starts_with('#'));
                lines.collect::<Vec<_>>().join("\n")
            };
            let written = orders(&dockerfile) + &orders(&installer);
            assert!(!written.contains("pwned") && !written.contains("/root"), "{written}");
            assert!(!written.contains('*'), "{written}");
        }
    }
}

#[test]
fn prefixes_are_quoted() {
    let (top, root) = fixture_copy();
    for (number, (prefix, line)) in [
        ("/opt/my app", r#"ENV PATH="/opt/my app/bin:$PATH""#),
        ("/opt/$HOME", r#"ENV PATH="/opt/\$HOME/bin:$PATH""#),
        ("/opt/a\\\"b", r#"ENV PATH="/opt/a\\\"b/bin:$PATH""#),
    ]
    .into_iter()
    .enumerate()
    {
        let out = top.path().join(number.to_string());
        let (dockerfile, _) = bundle(&root, &out, &["--prefix", prefix]);
        assert_eq!(dockerfile.lines().last(), Some(line), "{dockerfile}");
    }
}

#[test]
fn options_that_no_line_can_have_are_refused() {
    let (top, root) = fixture_copy();
    let out = root.join("bundle");
    let strange = root.join("my bundle");
    let other = top.path().join("other");
    for (out, options, message) in [
        (&other, &["--prefix", "/opt/a:b"][..], "cannot be in PATH"),
        (&other, &["--prefix", "/opt/a\nRUN id"], "cannot be in PATH"),
        (&other, &["--from", "alpine\nRUN id"], "is not the name of an image"),
        (&other, &["--from", "alpine AS x"], "is not the name of an image"),
        (&out, &["--stage", "builder /etc /"], "is not the name of a stage"),
        (&strange, &[], "the final stage cannot copy from --out"),
    ] {
        let output = program()
            .args(["bundle", "--root"])
            .arg(&root)
            .arg("--out")
            .arg(out)
            .args(options)
            .output()
            .unwrap();
        assert_eq!(exit_code(&output), 2, "{options:?}: {}", shown(&output));
        assert!(shown(&output).contains(message), "{options:?}: {}", shown(&output));
        assert!(!out.exists(), "{options:?}");
    }
}
