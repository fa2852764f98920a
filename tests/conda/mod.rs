//! Prefixes of conda, installed by rattler from packages that the tests make.

mod channel;
pub mod packages;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use channel::{Channel, PLACEHOLDER};
use packages::{channel, pip_installs};

use crate::support::lab::Lab;
use crate::support::{Transcript, dump, exit_code, python, shown, wheelbarrow};

struct Builder {
    top: tempfile::TempDir,
    /// Its package cache has the licences.
    channel: Channel,
}

impl Builder {
    fn new() -> Builder {
        // The prefixes must be short: this machine's Python replaces that of conda, and has no
        // placeholder.
        let top = tempfile::Builder::new().prefix("wb").rand_bytes(4).tempdir_in("/tmp").unwrap();
        let (channel, prefix) = (channel(), top.path().join("e"));
        channel.install(&prefix, &prefix);
        pip_installs(&prefix, prefix.to_str().unwrap());
        Builder { top, channel }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.top.path().join(name)
    }

    fn run(&self, command: &str, more: &[&str]) -> Output {
        let prefix = self.path("e");
        let fixed = [command, prefix.to_str().unwrap(), "--from", "debian:bookworm-slim"];
        wheelbarrow(&[&fixed, more].concat())
    }

    fn ask(&self, command: &str, more: &[&str]) -> (Option<i32>, String) {
        let output = self.run(command, more);
        (output.status.code(), shown(&output))
    }

    /// A transcript with names for this builder's directory and this machine's Python.
    fn transcript(&self) -> Transcript {
        let minor = python("import sys; print('%d.%d' % sys.version_info[:2])", &[]);
        let suffix = python("import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))", &[]);
        Transcript::default()
            .named(self.top.path().to_str().unwrap(), "[top]")
            .named(suffix, "[suffix]")
            .named(format!("python{minor}"), "python3.X")
    }
}

#[test]
fn conda_moves_with_its_python_and_its_libraries() {
    let builder = Builder::new();
    let before = dump(&builder.path("e"));
    for prefix in ["e2", "longer/one"] {
        let (out, last) = (builder.path("out"), builder.path(prefix));
        let last = last.to_str().unwrap();
        let (code, said) =
            builder.ask("bundle", &["--out", out.to_str().unwrap(), "--prefix", last]);
        assert_eq!(code, Some(0), "{said}");
        assert!(!said.contains("apt-get") && said.contains("warn[activation-script]"), "{said}");
        fs::create_dir_all(Path::new(last).parent().unwrap()).unwrap();
        fs::rename(out.join("rootfs").join(&last[1..]), last).unwrap();
        fs::rename(builder.path("e"), builder.path("gone")).unwrap();
        let say = Command::new(Path::new(last).join("bin/greet-say")).output().unwrap();
        assert_eq!(
            shown(&say).trim(),
            format!("home {last}/share/greet {last}/share/greet in {last}")
        );
        let pure = Command::new(Path::new(last).join("bin/pure-say")).output().unwrap();
        assert_eq!(shown(&pure).trim(), "pure");
        let verified = wheelbarrow(&["verify", "--prefix", last]);
        assert_eq!(verified.status.code(), Some(0), "{}", shown(&verified));
        fs::rename(builder.path("gone"), builder.path("e")).unwrap();
        let all = dump(Path::new(last));
        let has = |name: &str| all.contains_key(Path::new(name));
        let configuration = String::from_utf8_lossy(&all[Path::new("etc/greet.conf")].2);
        assert_eq!(configuration, format!("home = {last}/share/greet\n"));
        assert!(
            has("share/greet/words.txt")
                && has("share/licenses/libgreet/LICENSE")
                && has("conda-meta/libgreet-1.0-h1_0.json")
        );
        assert!(
            !has("bin/greet-config")
                && !has("include/greet.h")
                && !has("etc/conda/activate.d/greet.sh")
                && !has("pyvenv.cfg")
        );
        // Neither the files that conda recorded contain the old prefix, nor those that pip built.
        let old = builder.path("e").to_str().unwrap().to_owned() + "/";
        let holding = all
            .iter()
            .filter(|(_, (_, _, content))| memchr::memmem::find(content, old.as_bytes()).is_some());
        let names: Vec<&str> =
            holding.map(|(path, _)| path.file_name().unwrap().to_str().unwrap()).collect();
        assert!(names.is_empty(), "{names:?}");
    }
    assert_eq!(dump(&builder.path("e")), before, "the builder's files are as they were");
}

#[test]
fn a_second_prefix_has_an_interpreter_of_its_own() {
    let builder = Builder::new();
    let other = builder.path("f");
    builder.channel.install(&other, &other);
    let output = builder.run("plan", &[other.to_str().unwrap()]);
    assert_eq!(exit_code(&output), 2);
    let mut said = builder.transcript();
    said.add("two prefixes", &output);
    insta::assert_snapshot!(said.text());
}

#[test]
fn conda_is_explained_down_to_its_packages() {
    let builder = Builder::new();
    let report = builder.run("report", &["--tree"]);
    assert_eq!(exit_code(&report), 0, "{}", shown(&report));
    for part in ["libgreet.so.1", "libgreet 1.0", "pure", "piped"] {
        assert!(shown(&report).contains(part), "{part}: {}", shown(&report));
    }
    let mut said = builder.transcript();
    let prefix = builder.path("e");
    let prefix = prefix.to_str().unwrap();
    let why = wheelbarrow(&["why", "libgreet.so.1", prefix, "--from", "debian:bookworm-slim"]);
    said.add("why libgreet.so.1", &why);
    insta::assert_snapshot!(said.text());
    // The same prefix needs no change. One that does not fit into a file is refused before anything
    // is written.
    let (_, same) = builder.ask("plan", &["--prefix", prefix]);
    assert!(!same.contains("  patch "), "{same}");
    let out = builder.path("never");
    let long = format!("/{}", "x".repeat(PLACEHOLDER.len() + 1));
    let (code, said) = builder.ask("bundle", &["--prefix", &long, "--out", out.to_str().unwrap()]);
    assert!(
        said.contains("deny[prefix-too-long]") && code != Some(0) && !out.exists(),
        "{code:?} {said}"
    );
}

#[test]
fn an_interpreter_of_the_base_takes_the_place_of_condas() {
    let builder = Builder::new();
    let plan = |more: &[&str]| {
        let output =
            wheelbarrow(&[&["plan", "--json", builder.path("e").to_str().unwrap()], more].concat());
        let plan: serde_json::Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", shown(&output)));
        let entries: Vec<String> = plan["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["to"].as_str().unwrap().to_owned())
            .collect();
        (plan["interpreter"].as_str().unwrap().to_owned(), entries)
    };
    if python("import sys; print('%d.%d' % sys.version_info[:2])", &[]) == "3.11" {
        let (interpreter, entries) = plan(&["--base", "python:3.11-slim-bookworm"]);
        assert_eq!(interpreter, "/usr/local/bin/python3.11");
        let has = |name: &str| entries.iter().any(|entry| entry == &format!("/opt/app/{name}"));
        assert!(
            has("lib/libgreet.so.1") && has("pyvenv.cfg") && has("bin/greet-say"),
            "{entries:?}"
        );
        assert!(!has("lib/python3.11/os.py") && !has("conda-meta/python-1.0-h1_0.json"));
    }
    let (interpreter, entries) = plan(&["--base", "debian:bookworm-slim"]);
    assert!(interpreter.starts_with("/opt/app/bin/python3."), "{interpreter}");
    assert!(
        entries.iter().any(|entry| entry.ends_with("/os.py"))
            && !entries.iter().any(|entry| entry.contains("ld-linux"))
    );
}

#[test]
fn conda_is_cut_between_its_packages() {
    let top = tempfile::Builder::new().prefix("wb").rand_bytes(4).tempdir_in("/tmp").unwrap();
    let channel = channel();
    let [one, two] = ["one", "two/is/deeper"].map(|name| {
        let prefix = top.path().join(name);
        channel.install(&prefix, &prefix);
        pip_installs(&prefix, prefix.to_str().unwrap());
        let out = top.path().join("out");
        let options =
            ["--final-stage=explicit", "--layer=pip=piped", "--from=debian:bookworm-slim", "--out"];
        let output = wheelbarrow(
            &[&["bundle", prefix.to_str().unwrap()], &options[..], &[out.to_str().unwrap()]]
                .concat(),
        );
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
        let manifest: serde_json::Value =
            serde_json::from_slice(&fs::read(out.join("wheelbarrow.json")).unwrap()).unwrap();
        let layers = manifest["layers"].as_array().unwrap().iter();
        let layers: Vec<(String, String)> = layers
            .map(|layer| {
                ["name", "content"].map(|key| layer[key].as_str().unwrap().to_owned()).into()
            })
            .collect();
        for (path, layer) in [
            ("bin/python3", "20-environment"),
            ("bin/greet-say", "70-small"),
            ("lib/libgreet.so.1.0", "10-system"),
            ("etc/greet.conf", "10-system"),
            ("conda-meta/libgreet-1.0-h1_0.json", "10-system"),
            ("share/licenses/libgreet/LICENSE", "10-system"),
        ] {
            let path = format!("layers/{layer}/opt/app/{path}");
            assert!(out.join(&path).symlink_metadata().is_ok(), "{path}: {layers:?}");
        }
        layers
    });
    // Files that pip built contain the old prefix; everything else is independent of conda's place.
    let names: Vec<&str> = one.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "10-system",
            "15-python",
            "15-python-libraries",
            "20-environment",
            "30-pip",
            "70-small",
            "95-bundle"
        ]
    );
    let differs: Vec<&str> = one
        .iter()
        .zip(&two)
        .filter(|(one, two)| one != two)
        .map(|((name, _), _)| name.as_str())
        .collect();
    assert_eq!(differs, ["30-pip", "95-bundle"]);
}

#[test]
fn damaged_records_cost_no_more_than_their_package() {
    let builder = Builder::new();
    let record = builder.path("e/conda-meta/libgreet-1.0-h1_0.json");
    let whole = fs::read(&record).unwrap();
    fs::write(&record, &whole[..whole.len() / 2]).unwrap();
    let (code, said) = builder.ask("report", &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("warn[corrupt-database]") && said.contains("libgreet-1.0-h1_0.json"),
        "{said}"
    );
    assert!(said.contains("note[unowned-library]"), "{said}");
}

const DOCKERFILE: &str = r#"FROM debian:bookworm-slim AS builder
COPY e /opt/env
COPY wheelbarrow /usr/local/bin/
ENV CONDA_PREFIX=/opt/env
RUN wheelbarrow bundle --final-stage explicit && cp /bundle/Dockerfile.final /final && wheelbarrow bundle --out /alone --with-interpreter && wheelbarrow report --sizes

FROM debian:bookworm-slim AS plain
COPY --from=builder /bundle/rootfs/ /
COPY wheelbarrow /wb
RUN mkdir /tmp/x && cd /tmp/x && /opt/app/bin/greet-say && /opt/app/bin/pure-say && /wb verify && mv /opt/app /opt/moved && /opt/moved/bin/pure-say

FROM scratch AS alone
COPY --from=builder /alone/rootfs/ /
RUN ["/opt/app/bin/python", "/opt/app/bin/greet-say"]
RUN ["/opt/app/bin/greet-say"]

FROM plain
COPY --from=builder /final /final
COPY --from=alone /opt/app/lib /checked
RUN cat /final
"#;

#[test]
#[ignore = "needs buildah and the base images"]
fn conda_in_final_images() {
    let lab = Lab::new();
    channel().install(&lab.directory().join("e"), Path::new("/opt/env"));
    pip_installs(&lab.directory().join("e"), "/opt/env");
    let log = lab.build("wheelbarrow-conda", DOCKERFILE);
    assert_eq!(
        log.matches("home /opt/app/share/greet /opt/app/share/greet in /opt/app").count(),
        3,
        "{log}"
    );
    assert!(
        log.contains("FROM debian:bookworm-slim\nCOPY --from=builder /bundle/rootfs/ /"),
        "{log}"
    );
}
