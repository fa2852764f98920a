//! Builds every Dockerfile of `examples/` in the lab, runs its final image, compares its size with
//! images that people write by hand, and checks that the pasted lines are those of
//! `Dockerfile.final`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use wheelbarrow::version::published_image;

use crate::support::lab::{Container, Lab, buildah};
use crate::support::wheelbarrow;

/// Commands for the builder stage: the lines of the final stage, the report, and the answers of the
/// root's own loader.
const ASK: &str = include_str!("programs/ask_builder.sh");

/// Where the lines begin that `Dockerfile.final` has, but for the name of the image.
const PASTED: &str = "# From here on /bundle/Dockerfile.final: it stays the same when dependencies change.\nFROM base\n";

/// The images of an example, named `wheelbarrow-EXAMPLE-NAME`, in a folder with all files that its
/// Dockerfiles copy.
struct Example {
    name: &'static str,
    lab: Lab,
}

impl Example {
    fn new(name: &'static str) -> Example {
        let example = Example { name, lab: Lab::new() };
        example.lab.write("my.py", &example.read("my.py"));
        example
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(self.name).join(file),
        )
        .unwrap()
    }

    fn build(&self, name: &str, dockerfile: &str) {
        self.lab.build_cached(&self.image(name), dockerfile);
    }

    fn image(&self, name: &str) -> String {
        format!("wheelbarrow-{}-{name}", self.name)
    }

    fn says(&self, name: &str, command: &[&str]) -> String {
        Container::of(&self.image(name)).says(command)
    }

    /// `--root` with the mounted image gives the same plan as a run inside the image.
    fn same_from_outside(&self, name: &str) {
        let container = Container::of(&self.image(name));
        let inside = container.says(&["sh", "-c", "wheelbarrow plan --json 2>/dev/null"]);
        let output = wheelbarrow(&["plan", "--json", "--root", container.root().to_str().unwrap()]);
        let outside = String::from_utf8(output.stdout).unwrap();
        let same = inside.lines().eq(outside.lines());
        let differs =
            inside.lines().zip(outside.lines()).find(|(inside, outside)| inside != outside);
        assert!(same && inside.lines().count() > 100, "{}: {differs:?}", self.name);
    }

    /// The megabytes of an image, as buildah prints them.
    fn size(&self, name: &str) -> f64 {
        let text = buildah(&["images", "--format", "{{.Size}}", &self.image(name)]);
        let (number, unit) = text.split_once(' ').unwrap_or_else(|| panic!("no size in {text}"));
        number.parse::<f64>().unwrap() * if unit == "GB" { 1000.0 } else { 1.0 }
    }
}

/// Builds the example as a user would, and the images by hand; returns the answers of the builder
/// stage.
fn build(name: &'static str) {
    let example = Example::new(name);
    let dockerfile = example.read("Dockerfile");
    example.build("final", &dockerfile);
    for (command, why) in [
        ("python /my.py", "imports"),
        (
            "mv /opt/app /opt/moved && /opt/moved/bin/python /my.py && ! grep -r /opt/venv /opt/moved",
            "moved, and no builder path",
        ),
    ] {
        let said = example.says("final", &["sh", "-c", command]);
        assert!(said.contains("yaml 6.0.2 ok"), "{name}: {why}: {said}");
    }
    let (builder, end) = dockerfile.split_once(PASTED).unwrap();
    let (pasted, program) = end.split_once("\nCOPY my.py").unwrap();
    sizes(&example, builder, pasted, program);
    example.build("builder", builder);
    let log = example.says("builder", &["sh", "-c", ASK]);
    assert!(log.contains(pasted.trim_end()), "pasted:\n{pasted}\nprinted:\n{log}");
    agree_with_the_loader(&log);
    example.same_from_outside("builder");
}

/// The same program in the images that people build by hand; ours must not be larger than the
/// smallest.
fn sizes(example: &Example, builder: &str, pasted: &str, program: &str) {
    let copy_program = format!("COPY --from={} /wheelbarrow", published_image());
    let (installed, bundled) = builder.split_once(&copy_program).unwrap();
    let environment = if installed.contains("/opt/venv") { "/opt/venv" } else { "/usr/local" };
    let bundle = "COPY --from=builder /bundle/rootfs/ /";
    let (installer, _) = pasted.split_once(bundle).unwrap();
    // Outside of the environment that is copied.
    let bundled = bundled.replace("/usr/local/bin/", "/usr/bin/");
    let copied = format!(
        "{copy_program}{bundled}FROM base\n{installer}COPY --from=builder {environment}/ {environment}/\nENV PATH={environment}/bin:$PATH\n"
    );
    example.build("single-stage", &format!("{installed}COPY my.py{program}"));
    example.build("copied", &format!("{installed}{copied}COPY my.py{program}"));
    example.build("mega-run", &example.read("mega-run.Dockerfile"));
    for name in ["copied", "mega-run"] {
        // The comparison is fair: both print the same.
        example.says(name, &["python", "/my.py"]);
    }
    let [ours, mega, copied, single] =
        ["final", "mega-run", "copied", "single-stage"].map(|name| example.size(name));
    println!(
        "{:14} | ours {ours:6.1} MB | mega-RUN {mega:6.1} | copied {copied:6.1} | single stage {single:6.1}",
        example.name
    );
    assert!(ours <= mega, "{}: {ours} MB, the mega-RUN has {mega}", example.name);
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

/// The libraries that the real loader and wheelbarrow name for every module, from the log of the
/// builder stage.
fn agree_with_the_loader(log: &str) {
    let between = |from: &str, to: &str| {
        log.rsplit_once(from).unwrap().1.split_once(to).unwrap().0.to_owned()
    };
    let report: serde_json::Value =
        serde_json::from_str(&between("REPORT-BEGIN", "REPORT-END")).unwrap();
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
        // The loader lists itself under names that do not matter.
        let is_loader = |library: &String| library.rsplit('/').next().unwrap().starts_with("ld-");
        let ours: BTreeSet<String> = needs
            .filter_map(|need| need["path"].as_str())
            .map(str::to_owned)
            .filter(|path| !is_loader(path))
            .collect();
        let theirs: BTreeSet<String> = oracle
            .get(path)
            .into_iter()
            .flatten()
            .filter(|path| !is_loader(path))
            .cloned()
            .collect();
        assert_eq!(ours, theirs, "{path}");
    }
}
