//! Builds every Dockerfile of `examples/` in the lab, runs its final image, compares its size with what
//! people do by hand, and checks that what the user pasted is what `Dockerfile.final` says. Ignored by
//! default, since it needs buildah and the base images: `cargo test -- --ignored`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

pub fn run(program: &str, arguments: &[&str], directory: &Path) -> (bool, String) {
    let output =
        Command::new(program).args(arguments).current_dir(directory).env("BUILDAH_ISOLATION", "chroot").output().expect("it starts");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), text)
}

/// Builds one Dockerfile in a folder that has our program, and nothing else; the log.
pub fn built(name: &str, dockerfile: &str) -> String {
    built_with(name, dockerfile, &[])
}

/// The same with more files in the folder.
pub fn built_with(name: &str, dockerfile: &str, files: &[(&str, &str)]) -> String {
    let context = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = context.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::write(context.path().join("Dockerfile"), dockerfile).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_wheelbarrow"), context.path().join("wheelbarrow")).unwrap();
    let (ok, log) = run("buildah", &["bud", "--isolation", "chroot", "-t", name, "."], context.path());
    assert!(ok, "{name}: {log}");
    log
}

/// Asked in the builder stage: the final stage's lines, the report, and what the root's own loader says.
const ASK: &str = r#"cat /bundle/Dockerfile.final && echo REPORT-BEGIN && wheelbarrow report --json && echo REPORT-END
echo ORACLE-BEGIN && find / -xdev -path '*-packages/*' -name '*.so' | while read module; do ldd $module 2>/dev/null \
 | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p' | while read library; do echo "$module => $(readlink -f $library)"; done; done && echo ORACLE-END
"#;

const PASTED: &str = "# What /bundle/Dockerfile.final says:\n";

/// A folder with everything the Dockerfiles of an example copy.
struct Context {
    directory: tempfile::TempDir,
    example: &'static str,
}

impl Context {
    fn new(example: &'static str) -> Context {
        let directory = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example);
        for name in ["Dockerfile", "mega-run.Dockerfile", "my.py"] {
            fs::copy(source.join(name), directory.path().join(name)).unwrap();
        }
        fs::copy(env!("CARGO_BIN_EXE_wheelbarrow"), directory.path().join("wheelbarrow")).unwrap();
        Context { directory, example }
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).unwrap()
    }

    /// Builds one text as a Dockerfile, tagged `wheelbarrow-EXAMPLE-NAME`.
    fn build(&self, name: &str, dockerfile: &str) {
        fs::write(self.directory.path().join("Dockerfile"), dockerfile).unwrap();
        let arguments = ["bud", "--isolation", "chroot", "--layers", "-t", &self.image(name), "."];
        let (ok, log) = run("buildah", &arguments, self.directory.path());
        assert!(ok, "{} {name}: {log}", self.example);
    }

    fn image(&self, name: &str) -> String {
        format!("wheelbarrow-{}-{name}", self.example)
    }

    /// What a command prints in a container of an image.
    fn in_container(&self, name: &str, command: &[&str]) -> (bool, String) {
        let (ok, container) = run("buildah", &["from", &self.image(name)], self.directory.path());
        assert!(ok, "{container}");
        let arguments = [&["run", "--isolation", "chroot", container.trim(), "--"], command].concat();
        let said = run("buildah", &arguments, self.directory.path());
        run("buildah", &["rm", container.trim()], self.directory.path());
        said
    }

    /// `--root` on the mounted image gives what running inside it gives.
    fn same_from_outside(&self, name: &str) {
        let (ok, inside) = self.in_container(name, &["wheelbarrow", "plan", "--json"]);
        let (_, container) = run("buildah", &["from", &self.image(name)], self.directory.path());
        let (_, root) = run("buildah", &["mount", container.trim()], self.directory.path());
        let (_, outside) = run(env!("CARGO_BIN_EXE_wheelbarrow"), &["plan", "--json", "--root", root.trim()], self.directory.path());
        run("buildah", &["rm", container.trim()], self.directory.path());
        let same = inside.lines().eq(outside.lines());
        let differs = inside.lines().zip(outside.lines()).find(|(inside, outside)| inside != outside);
        assert!(ok && same && inside.lines().count() > 100, "{}: {differs:?}", self.example);
    }

    /// Megabytes of an image, as buildah prints them.
    fn size(&self, name: &str) -> f64 {
        let (_, text) = run("buildah", &["images", "--format", "{{.Size}}", &self.image(name)], self.directory.path());
        let (number, unit) = text.trim().split_once(' ').unwrap_or_else(|| panic!("no size in {text}"));
        number.parse::<f64>().unwrap() * if unit == "GB" { 1000.0 } else { 1.0 }
    }
}

/// The example as a user would build it, then what people do by hand, then what the builder stage says.
fn build(example: &'static str) {
    let context = Context::new(example);
    let dockerfile = context.read("Dockerfile");
    context.build("final", &dockerfile);
    for (command, why) in [
        ("python /my.py", "imports"),
        ("mv /opt/app /opt/moved && /opt/moved/bin/python /my.py && ! grep -r /opt/venv /opt/moved", "moved, and no builder path"),
    ] {
        let (ok, said) = context.in_container("final", &["sh", "-c", command]);
        assert!(ok && said.contains("yaml 6.0.2 ok"), "{example}: {why}: {said}");
    }
    let (builder, end) = dockerfile.split_once(PASTED).unwrap();
    let (pasted, program) = end.split_once("\nCOPY my.py").unwrap();
    sizes(&context, builder, pasted, program);
    context.build("builder", builder);
    let (ok, log) = context.in_container("builder", &["sh", "-c", ASK]);
    assert!(ok && log.contains(pasted.trim_end()), "pasted:\n{pasted}\nprinted:\n{log}");
    agree_with_the_loader(&log);
    context.same_from_outside("builder");
}

/// The same program in the images people build by hand; ours must not be larger than the smallest of them.
fn sizes(context: &Context, builder: &str, pasted: &str, program: &str) {
    let installed = builder.split_once("COPY wheelbarrow").unwrap().0;
    let environment = if installed.contains("/opt/venv") { "/opt/venv" } else { "/usr/local" };
    let bundle = "COPY --from=builder /bundle/rootfs/ /";
    let copied = pasted.replace(bundle, &format!("COPY --from=builder {environment}/ {environment}/")).replace("/opt/app", environment);
    context.build("single-stage", &format!("{installed}COPY my.py{program}"));
    context.build("copied", &format!("{installed}{copied}COPY my.py{program}"));
    context.build("mega-run", &context.read("mega-run.Dockerfile"));
    for name in ["copied", "mega-run"] {
        let (ok, said) = context.in_container(name, &["python", "/my.py"]);
        assert!(ok, "{name} is no fair comparison: {said}");
    }
    let [ours, mega, copied, single] = ["final", "mega-run", "copied", "single-stage"].map(|name| context.size(name));
    println!("{:14} | ours {ours:6.1} MB | mega-RUN {mega:6.1} | copied {copied:6.1} | single stage {single:6.1}", context.example);
    assert!(ours <= mega, "{}: {ours} MB, the mega-RUN has {mega}", context.example);
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
