//! Every kind of environment that a builder stage can have: bundled, moved, and run on this machine
//! or in a final image.

mod editable;
mod selection;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::lab::built;
use crate::support::{Transcript, distribution, exit_code, fixture, shown, wheelbarrow, write};

/// The beginnings of lines with findings and their advice.
const FINDINGS: [&str; 4] = ["deny[", "warn[", "note[", "  help: "];

/// `3.11`: the version of this machine's own python3 as wheelbarrow finds it.
fn own_minor(top: &Path) -> String {
    distribution(&top.join("probe"), "x", "1", "", &[]);
    let report = wheelbarrow(&["report", "--json", top.join("probe").to_str().unwrap()]);
    let report: serde_json::Value =
        serde_json::from_slice(&report.stdout).unwrap_or_else(|_| panic!("{}", shown(&report)));
    report["interpreter_facts"]["version"]
        .as_str()
        .unwrap()
        .splitn(3, '.')
        .take(2)
        .collect::<Vec<_>>()
        .join(".")
}

/// Writes the distribution `hello` to `site` and its script to `bin`; `RECORD` has the script's
/// path from `site`.
fn hello(site: &Path, bin: &Path, record: &str, version: &str) {
    distribution(site, "hello", version, "", &[record, "hello.py"]);
    write(site.join("hello.py"), format!("def main():\n    print('hello', '{version}')\n"));
    write(bin.join("hello"), "#!/elsewhere/bin/python3\nfrom hello import main\nmain()\n");
    fs::set_permissions(bin.join("hello"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Bundles `environments`, moves the result, and starts its script.
fn says(top: &Path, environments: &[&Path]) -> String {
    let out = top.join("out");
    let _ = fs::remove_dir_all(&out);
    let mut arguments = vec!["bundle", "--from", "any", "--out", out.to_str().unwrap()];
    arguments.extend(environments.iter().map(|path| path.to_str().unwrap()));
    let output = wheelbarrow(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    let moved = top.join("moved here");
    let _ = fs::remove_dir_all(&moved);
    fs::rename(out.join("rootfs/opt/app"), &moved).unwrap();
    let mut found: Vec<PathBuf> =
        fs::read_dir(moved.join("bin")).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| !path.file_name().unwrap().to_str().unwrap().starts_with("python"));
    assert_eq!(found, [moved.join("bin/hello")]);
    let said = Command::new(moved.join("bin/hello")).output().unwrap();
    shown(&said).trim().to_owned()
}

/// Writes one pure Python distribution for each `name requires`, in one `--target` folder.
fn installed(top: &Path, distributions: &[(&str, &[&str])]) -> String {
    for (name, requires) in distributions {
        let requires: String =
            requires.iter().map(|requirement| format!("Requires-Dist: {requirement}\n")).collect();
        let module = format!("{name}.py");
        distribution(top, name, "1.0", &requires, &[&module]);
        write(top.join(module), "");
    }
    top.to_str().unwrap().to_owned()
}

#[test]
fn folders_given_to_pip() {
    let top = tempfile::tempdir().unwrap();
    let top = top.path().canonicalize().unwrap();
    let python = format!("python{}", own_minor(&top));
    let prefix = top.join("prefix");
    hello(
        &prefix.join(format!("lib/{python}/site-packages")),
        &prefix.join("bin"),
        "../../../bin/hello",
        "1.0",
    );
    let debian = top.join("debian");
    hello(
        &debian.join(format!("local/lib/{python}/dist-packages")),
        &debian.join("local/bin"),
        "../../../bin/hello",
        "1.1",
    );
    let target = top.join("deep/target");
    hello(&target, &target.join("bin"), "../../bin/hello", "2.0");
    assert_eq!(says(&top, &[&prefix]), "hello 1.0");
    assert_eq!(says(&top, &[&prefix.join(format!("lib/{python}/site-packages"))]), "hello 1.0");
    assert_eq!(says(&top, &[&debian]), "hello 1.1");
    for (below, version) in [("usr/local", "1.2"), ("usr", "1.3")] {
        let root = top.join("root of").join(version);
        hello(
            &root.join(format!("{below}/lib/{python}/site-packages")),
            &root.join(below).join("bin"),
            "../../../bin/hello",
            version,
        );
        assert_eq!(says(&top, &[&root]), format!("hello {version}"));
    }
    assert_eq!(says(&top, &[&target]), "hello 2.0");
    // Python would search the folder that is named first.
    assert_eq!(says(&top, &[&target, &prefix]), "hello 2.0");
    assert_eq!(says(&top, &[&prefix, &target]), "hello 1.0");
    let both = wheelbarrow(&["plan", prefix.to_str().unwrap(), target.to_str().unwrap()]);
    let mut said = Transcript::default().named(python, "python3.X");
    said.add_lines("two environments", &both, &["warn[collision]"]);
    insta::assert_snapshot!(said.text());
}

#[test]
fn environments_of_another_python_are_refused() {
    let top = tempfile::tempdir().unwrap();
    let prefix = top.path().join("prefix");
    hello(
        &prefix.join("lib/python2.9/site-packages"),
        &prefix.join("bin"),
        "../../../bin/hello",
        "1.0",
    );
    let output = wheelbarrow(&["plan", prefix.to_str().unwrap()]);
    assert_eq!(exit_code(&output), 2);
    let mut said = Transcript::default();
    said.add("an environment of Python 2.9", &output);
    insta::assert_snapshot!(said.text());
}

#[test]
fn bytecode_is_the_same_in_every_run_and_has_final_paths() {
    let top = tempfile::tempdir().unwrap();
    let top = top.path().canonicalize().unwrap();
    let site = top.join("builder/target");
    installed(&site, &[("one", &[]), ("two", &[])]);
    write(
        site.join("one.py"),
        "NAMES = {'a', 'b', 'c', 'd'}\ndef where(x):\n    return x in {'e', 'f', 'g', 'h'}, where.__code__.co_filename\n",
    );
    write(site.join("two.py"), "this is no Python\n");
    let prefix = top.join("final");
    let bundle = |out: &str| {
        let (prefix, out) = (prefix.to_str().unwrap(), top.join(out));
        let output = wheelbarrow(&[
            "bundle",
            "--compile",
            "--from",
            "any",
            "--prefix",
            prefix,
            "--out",
            out.to_str().unwrap(),
            site.to_str().unwrap(),
        ]);
        assert_eq!(exit_code(&output), 0, "{}", shown(&output));
        assert!(shown(&output).contains("note[not-compiled] "), "{}", shown(&output));
        (
            fs::read_to_string(out.join("wheelbarrow.json")).unwrap(),
            out.join("rootfs").join(prefix.trim_start_matches('/')),
        )
    };
    let (first, written) = bundle("first");
    assert_eq!(first, bundle("second").0);
    fs::rename(written, &prefix).unwrap();
    let packages =
        prefix.join("lib").join(format!("python{}", own_minor(&top))).join("site-packages");
    assert!(
        fs::read_to_string(packages.join("one-1.0.dist-info/RECORD"))
            .unwrap()
            .contains("__pycache__/one.")
    );
    // This is not checked: the source is no longer needed.
    write(packages.join("one.py"), "changed\n");
    let said = Command::new(prefix.join("bin/python"))
        .args(["-c", "import one; print(one.where('e'))"])
        .output()
        .unwrap();
    assert_eq!(shown(&said).trim(), format!("(True, '{}')", packages.join("one.py").display()));
    let mounted = wheelbarrow(&["bundle", "--compile", "--root", &fixture()]);
    assert_eq!(exit_code(&mounted), 2);
    let mut said = Transcript::default();
    said.add("--compile for another root", &mounted);
    insta::assert_snapshot!(said.text());
}

/// Packages with much native code, from a virtual environment and from a folder of wheels.
const REAL: &str = r#"FROM BASE AS builder
RUN pip download -q -d /wheels --only-binary :all: flask==3.0.3 requests==2.32.2 pydantic==2.7.1 cryptography==42.0.7 lxml==5.2.2 pillow==10.3.0 numpy==1.26.4
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install -q --no-index --find-links /wheels flask requests pydantic cryptography lxml pillow numpy
COPY wheelbarrow /usr/local/bin/
RUN wheelbarrow bundle --prefix /opt/venvapp --out /b1 && wheelbarrow bundle /wheels --prefix /opt/wheelapp --out /b2 && cp -a /b2/rootfs/. /b1/rootfs/
FROM BASE
COPY --from=builder /b1/rootfs/ /
RUN for app in venvapp wheelapp; do /opt/$app/bin/python -c 'import flask, requests, pydantic, lxml.etree, PIL.Image, numpy; \
from cryptography.fernet import Fernet; Fernet.generate_key(); assert numpy.linalg.inv(numpy.eye(2)).sum() == 2' || exit 1; done
"#;

#[test]
#[ignore = "needs buildah and the base images"]
fn real_packages_of_both_libcs() {
    for base in ["python:3.11-alpine3.20", "python:3.11-slim-bookworm"] {
        built("wheelbarrow-real", &REAL.replace("BASE", base), &[]);
    }
}
