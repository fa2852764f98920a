//! Builds every Dockerfile of `examples/` in the lab, runs its final image, and checks that what the
//! user pasted is what `Dockerfile.final` says. Ignored by default, since it needs buildah and the base
//! images: `cargo test -- --ignored`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

fn run(program: &str, arguments: &[&str], directory: &Path) -> (bool, String) {
    let output =
        Command::new(program).args(arguments).current_dir(directory).env("BUILDAH_ISOLATION", "chroot").output().expect("it starts");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

/// Printed by the builder stage: the final stage's lines, the report, and what the root's own loader says.
const ASK: &str = r#"RUN cat /bundle/Dockerfile.final && echo REPORT-BEGIN && wheelbarrow report --json && echo REPORT-END
RUN echo ORACLE-BEGIN && find / -xdev -path '*-packages/*' -name '*.so' | while read module; do ldd $module 2>/dev/null \
 | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p' | while read library; do echo "$module => $(readlink -f $library)"; done; done && echo ORACLE-END
"#;

/// The stage of the builder and the final one, each under its own name.
fn build(example: &str) {
    let context = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example);
    for name in ["Dockerfile", "my.py"] {
        fs::copy(source.join(name), context.path().join(name)).unwrap();
    }
    fs::copy(env!("CARGO_BIN_EXE_wheelbarrow"), context.path().join("wheelbarrow")).unwrap();
    let image = format!("wheelbarrow-{example}");
    let (ok, log) = run("buildah", &["bud", "--isolation", "chroot", "--layers", "-t", &image, "."], context.path());
    assert!(ok, "{log}");
    let (ok, container) = run("buildah", &["from", &image], context.path());
    assert!(ok, "{container}");
    let container = container.trim();
    let (ok, said) = run("buildah", &["run", "--isolation", "chroot", container, "--", "python", "/my.py"], context.path());
    let (script_ok, script) = run(
        "buildah",
        &[
            "run",
            "--isolation",
            "chroot",
            container,
            "--",
            "sh",
            "-c",
            "mv /opt/app /opt/moved && /opt/moved/bin/python /my.py && ! grep -r /opt/venv /opt/moved",
        ],
        context.path(),
    );
    run("buildah", &["rm", container], context.path());
    assert!(ok && said.contains("yaml 6.0.2 ok"), "{said}");
    assert!(script_ok, "{script}");
    let (_, inspected) = run("buildah", &["images", "--format", "{{.Size}}", &image], context.path());
    println!("{example}: {}", inspected.trim());
    // The builder stage printed Dockerfile.final; what the example pastes must be the same lines.
    let dockerfile = fs::read_to_string(source.join("Dockerfile")).unwrap();
    let (builder, pasted) = dockerfile.split_once("# What /bundle/Dockerfile.final says:\n").unwrap();
    let pasted = pasted.split_once("\nCOPY my.py").unwrap().0;
    fs::write(context.path().join("Dockerfile"), format!("{builder}{ASK}")).unwrap();
    let (ok, log) = run("buildah", &["bud", "--isolation", "chroot", "--layers", "."], context.path());
    assert!(ok && log.contains(pasted.trim_end()), "pasted:\n{pasted}\nprinted:\n{log}");
    agree_with_the_loader(&log);
}

#[test]
#[ignore = "needs buildah and the base images"]
fn alpine_venv() {
    build("alpine-venv");
}

#[test]
#[ignore = "needs buildah and the base images"]
fn python_alpine() {
    build("python-alpine");
}

#[test]
#[ignore = "needs buildah and the base images"]
fn debian_slim() {
    build("debian-slim");
}

#[test]
#[ignore = "needs buildah and the base images"]
fn python_slim() {
    build("python-slim");
}

/// The libraries that the real loader and wheelbarrow name for every module, from the builder stage's log.
fn agree_with_the_loader(log: &str) {
    let between = |from: &str, to: &str| log.rsplit_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
    let report: serde_json::Value = serde_json::from_str(&between("REPORT-BEGIN", "REPORT-END")).unwrap();
    let mut oracle: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in between("ORACLE-BEGIN", "ORACLE-END").lines() {
        if let Some((module, library)) = line.split_once(" => ") {
            oracle.entry(module.to_owned()).or_default().insert(library.to_owned());
        }
    }
    let modules = report["modules"].as_array().unwrap();
    assert!(modules.len() > 10 && !oracle.is_empty());
    for module in modules {
        let path = module["path"].as_str().unwrap();
        let needs = module["needs"].as_array().unwrap().iter();
        // The loader lists itself; how it is named there is of no use to anybody.
        let is_loader = |library: &String| library.rsplit('/').next().unwrap().starts_with("ld-");
        let ours: BTreeSet<String> =
            needs.filter_map(|need| need["path"].as_str()).map(str::to_owned).filter(|path| !is_loader(path)).collect();
        let theirs: BTreeSet<String> = oracle.get(path).into_iter().flatten().filter(|path| !is_loader(path)).cloned().collect();
        assert_eq!(ours, theirs, "{path}");
    }
}
