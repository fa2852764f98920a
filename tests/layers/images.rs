//! Ten applications with overlapping dependencies, built in the lab: shared layers are stored once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::support::lab::{Container, Lab, buildah};
use crate::support::{shown, wheelbarrow};

const WHEELS: &str = r#"FROM python:3.11-slim-bookworm
RUN pip download -q -d /wheels --only-binary :all: flask==3.0.3 requests==2.32.2 pydantic==2.7.1 cryptography==42.0.7 lxml==5.2.2 \
 pillow==10.3.0 numpy==1.26.4 psycopg2-binary==2.9.9 setuptools==69.5.1 wheel==0.43.0
RUN useradd -m other
COPY wheelbarrow /usr/local/bin/
"#;

/// A library of the system that a module built by pip needs.
const NATIVE: &str = r#"FROM alpine:3.20
RUN apk add --no-cache python3 py3-pip build-base python3-dev postgresql-dev
RUN pip wheel -q -w /wheels psycopg2==2.9.9 setuptools==69.5.1 wheel==0.43.0
COPY wheelbarrow /usr/local/bin/
"#;

/// A name, the distributions that pip installs, and the modules that the program imports.
const APPLICATIONS: [(&str, &str, &str); 10] = [
    ("one", "flask", "flask"),
    ("two", "flask requests", "flask, requests"),
    ("three", "requests pydantic", "requests, pydantic"),
    ("four", "cryptography requests", "cryptography.fernet, requests"),
    ("five", "numpy", "numpy"),
    ("six", "numpy flask", "numpy, flask"),
    ("seven", "psycopg2-binary flask", "psycopg2, flask"),
    ("eight", "pydantic flask cryptography", "pydantic, flask, cryptography.fernet"),
    ("nine", "requests lxml", "requests, lxml.etree"),
    (
        "ten",
        "numpy pillow flask requests psycopg2-binary",
        "numpy, PIL.Image, flask, requests, psycopg2",
    ),
];

/// Makes the program, and installs it with its requirements.
fn builder(name: &str, installs: &str, imports: &str, venv: &str) -> String {
    format!(
        r#"mkdir -p {venv}/src && cd {venv}/src && echo '"""A line."""' > {name}.py && echo 'import {imports}' >> {name}.py \
 && printf '[project]\nname="{name}"\nversion="1.0"\n[build-system]\nrequires=["setuptools"]\nbuild-backend="setuptools.build_meta"\n' > pyproject.toml \
 && python3 -m venv {venv}/venv && {venv}/venv/bin/pip install -q --no-index --find-links /wheels {installs} setuptools wheel \
 && {venv}/venv/bin/pip install -q --no-build-isolation --no-index ."#
    )
}

/// Images named `wheelbarrow-ten-NAME`.
struct Ten {
    lab: Lab,
    /// The bytes of every layer in buildah's storage, by digest.
    storage: PathBuf,
}

fn image(name: &str) -> String {
    format!("localhost/wheelbarrow-ten-{name}")
}

impl Ten {
    fn new() -> Ten {
        let storage = buildah(&["info", "--format", "{{.store.GraphRoot}}"]);
        Ten { storage: Path::new(&storage).join("overlay-layers/layers.json"), lab: Lab::new() }
    }

    /// Builds with buildah's cache and returns the log.
    fn build(&self, name: &str, dockerfile: &str) -> String {
        self.lab.build_cached(&image(name), dockerfile)
    }

    fn says(&self, name: &str, command: &[&str]) -> String {
        Container::of(&image(name)).says(command)
    }

    fn inspect(&self, image: &str, format: &str) -> Vec<String> {
        buildah(&["inspect", "--type", "image", "--format", format, image])
            .lines()
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The digests of the layers that an image adds to python:3.11-slim.
    fn layers(&self, name: &str) -> Vec<String> {
        self.adds(
            "python:3.11-slim-bookworm",
            name,
            "{{range .OCIv1.RootFS.DiffIDs}}{{println .}}{{end}}",
        )
    }

    /// The steps of an image after those of its base, with the empty ones.
    fn history(&self, base: &str, name: &str) -> Vec<String> {
        self.adds(base, name, "{{range .OCIv1.History}}{{println .CreatedBy}}{{end}}")
    }

    /// The lines of an image after those of its base.
    fn adds(&self, base: &str, name: &str, format: &str) -> Vec<String> {
        let base = self.inspect(base, format);
        let all = self.inspect(&image(name), format);
        assert_eq!(all[..base.len()], base[..]);
        all[base.len()..].to_vec()
    }

    /// The bytes of each layer that an image adds to its base, by digest.
    fn stored(&self, name: &str) -> BTreeMap<String, u64> {
        let text = fs::read_to_string(&self.storage).unwrap();
        let all: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        let sizes: BTreeMap<&str, u64> = all
            .iter()
            .filter_map(|layer| {
                Some((layer["diff-digest"].as_str()?, layer["diff-size"].as_u64()?))
            })
            .collect();
        self.layers(name)
            .into_iter()
            .map(|digest| (digest.clone(), sizes[digest.as_str()]))
            .collect()
    }

    /// Builds the application from its Dockerfile with the lines that wheelbarrow wrote; returns
    /// the manifest.
    fn application(&self, name: &str, install: &str, bundle: &str) -> serde_json::Value {
        self.finished(
            name,
            &format!("FROM localhost/wheelbarrow-ten-wheels AS builder\n{install}\nRUN {bundle}\n"),
        );
        let manifest = self.says(&format!("{name}-builder"), &["cat", "/bundle/wheelbarrow.json"]);
        serde_json::from_str(&manifest).unwrap()
    }

    /// Builds the image of a builder stage and returns the lines that wheelbarrow wrote in it, with
    /// the log.
    fn finished(&self, name: &str, start: &str) -> String {
        self.build(&format!("{name}-builder"), start);
        let lines = self.says(&format!("{name}-builder"), &["cat", "/bundle/Dockerfile.final"]);
        self.build(name, &format!("{start}{lines}"))
    }
}

#[test]
#[ignore = "needs buildah and the base images"]
fn ten_applications_store_what_they_share_once() {
    let ten = Ten::new();
    ten.build("wheels", WHEELS);
    let bundle = "wheelbarrow bundle /b/venv --out /bundle --final-stage explicit --no-verify";
    let mut union: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut stored: [BTreeMap<String, u64>; 4] = Default::default();
    let mut manifests = Vec::new();
    for (name, installs, imports) in APPLICATIONS {
        let install = format!("RUN {}", builder(name, installs, imports, "/b"));
        let manifest = ten.application(name, &install, &format!("{bundle} --layers"));
        ten.says(name, &["python", "-m", name]);
        for entry in manifest["entries"].as_array().unwrap() {
            // An empty directory has neither.
            let content = entry["sha256"].as_str().or(entry["link"].as_str());
            let content = content.unwrap_or_default().to_owned();
            union.insert(
                (entry["path"].as_str().unwrap().to_owned(), content),
                entry["size"].as_u64().unwrap(),
            );
        }
        manifests.push(manifest);
        // The manual ways: everything in one RUN, or the environment copied, or a single layer of
        // ours.
        let start = format!("FROM localhost/wheelbarrow-ten-wheels AS builder\n{install}\n");
        let mega = builder(name, installs, imports, "/b");
        ten.build(&format!("{name}-mega"), &format!("FROM localhost/wheelbarrow-ten-wheels AS wheels\nFROM python:3.11-slim-bookworm\nRUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels {mega}\n"));
        ten.build(
            &format!("{name}-copied"),
            &format!(
                "{start}FROM python:3.11-slim-bookworm\nCOPY --from=builder /b/venv /b/venv\n"
            ),
        );
        ten.application(&format!("{name}-one-layer"), &install, bundle);
        for (way, stored) in ["", "-one-layer", "-copied", "-mega"].iter().zip(&mut stored) {
            stored.extend(ten.stored(&format!("{name}{way}")));
        }
        // The checks below need two of the builders.
        let builder: &[&str] = if ["one", "two"].contains(&name) { &[] } else { &["-builder"] };
        for way in ["-mega", "-copied", "-one-layer", "-one-layer-builder"].iter().chain(builder) {
            ten.lab.remove(&image(&format!("{name}{way}")));
        }
    }
    let [ours, squashed, copied, mega] = stored.map(|layers| layers.values().sum::<u64>());
    let union: u64 = union.values().sum();
    let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1e6);
    println!(
        "ten applications, MB beside python:3.11-slim-bookworm: layers {} | one layer each {} | copied venv {} | mega-RUN {} | union of files {}",
        megabytes(ours),
        megabytes(squashed),
        megabytes(copied),
        megabytes(mega),
        megabytes(union)
    );
    assert!(ours as f64 <= 1.15 * union as f64, "{ours} bytes are stored, the union has {union}");
    one_digest_a_layer(&ten, &manifests);
    a_changed_line_is_two_layers(&ten);
    another_builder_gives_the_same(&ten);
    an_image_layout_is_loaded(&ten);
    the_layers_are_added_to_a_base(&ten);
    let history = ten.history("python:3.11-slim-bookworm", "two");
    assert!(
        history.iter().all(|step| step.contains("COPY dir:") || step.contains("ENV PATH")),
        "{history:?}"
    );
}

#[test]
#[ignore = "needs buildah and the base images"]
fn packages_are_not_installed_again_for_a_changed_line() {
    let ten = Ten::new();
    ten.build("native", NATIVE);
    let install = builder("shop", "psycopg2", "psycopg2", "/b");
    let start = format!(
        "FROM localhost/wheelbarrow-ten-native AS builder\nRUN {install}\nRUN wheelbarrow bundle /b/venv --layers --final-stage explicit --no-verify\n"
    );
    let apk = "RUN apk add --no-cache libpq python3";
    ten.finished("shop", &start);
    // A line that no earlier run has built.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    let log = ten.finished("shop-changed", &start.replace("A line", &format!("Line {now}")));
    let after = log.rsplit_once(apk).unwrap_or_else(|| panic!("no packages: {log}")).1;
    // Every step up to the program comes from the cache, that of the packages first.
    let (before, program) = after.split_once("layers/90-app/ /\n").unwrap();
    let (cached, steps) =
        (before.matches("--> Using cache").count(), before.matches(" STEP ").count());
    assert!(cached == steps && steps >= 3 && !program.starts_with("--> Using cache"), "{after}");
    for name in ["shop", "shop-changed"] {
        ten.says(name, &["python", "-m", "shop"]);
        let history = ten.history("alpine:3.20", name);
        assert!(
            history[0].contains(&apk[4..])
                && history.last().unwrap().contains("ENV PATH=/opt/app/bin"),
            "{history:?}"
        );
        assert!(
            history[1..history.len() - 1].iter().all(|step| step.contains("COPY dir:")),
            "{history:?}"
        );
    }
    let digests = |name: &str| {
        ten.adds("alpine:3.20", name, "{{range .OCIv1.RootFS.DiffIDs}}{{println .}}{{end}}")
    };
    let (before, after) = (digests("shop"), digests("shop-changed"));
    assert_eq!(changed_layers(&before, &after), [before.len() - 2, before.len() - 1]);
}

/// Layers with the same content id in the manifests have the same digest in the images, and vice
/// versa.
fn one_digest_a_layer(ten: &Ten, manifests: &[serde_json::Value]) {
    let mut digests: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (manifest, (name, ..)) in manifests.iter().zip(APPLICATIONS) {
        let ids = manifest["layers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|layer| layer["content"].as_str().unwrap().to_owned());
        let in_image = ten.layers(name);
        assert_eq!(ids.len(), in_image.len());
        for (id, digest) in ids.zip(in_image) {
            digests.entry(id).or_default().insert(digest);
        }
    }
    let several: Vec<_> = digests.iter().filter(|(_, digests)| digests.len() > 1).collect();
    assert!(several.is_empty() && digests.len() > 20, "{several:?}");
    // A distribution is the same layer in all images that have it.
    let all = manifests.iter().flat_map(|manifest| manifest["layers"].as_array().unwrap());
    let flask: Vec<&str> = all
        .filter(|layer| layer["name"] == "50-flask")
        .map(|layer| layer["content"].as_str().unwrap())
        .collect();
    assert!(flask.len() == 6 && flask.iter().all(|content| *content == flask[0]), "{flask:?}");
}

fn a_changed_line_is_two_layers(ten: &Ten) {
    let install =
        builder("two", "flask requests", "flask, requests", "/b").replace("A line", "Another line");
    ten.application(
        "two-changed",
        &format!("RUN {install}"),
        "wheelbarrow bundle /b/venv --out /bundle --layers --final-stage explicit --no-verify",
    );
    let (before, after) = (ten.layers("two"), ten.layers("two-changed"));
    assert_eq!(changed_layers(&before, &after), [before.len() - 2, before.len() - 1]);
}

/// The positions of the layers that differ. Of a changed program they are the last two: its own layer, and
/// the one that describes the bundle.
fn changed_layers(before: &[String], after: &[String]) -> Vec<usize> {
    assert_eq!(before.len(), after.len());
    let pairs = before.iter().zip(after).enumerate();
    pairs.filter(|(_, (before, after))| before != after).map(|(position, _)| position).collect()
}

/// Another path, user, umask, time zone and order of installation.
fn another_builder_gives_the_same(ten: &Ten) {
    let install = builder("two", "requests flask", "flask, requests", "/home/other/elsewhere/deep");
    let script = format!("umask 077\nexport TZ=Asia/Tokyo LC_ALL=C\n{install}\n");
    ten.lab.write("install.sh", &script);
    let steps = "COPY install.sh /install.sh\nRUN su other -c 'sh -e /install.sh' && mkdir /bundles && chown other /bundles && ln -s /bundles/bundle /bundle";
    let bundle = "su other -c 'umask 077 && wheelbarrow bundle /home/other/elsewhere/deep/venv --layers --final-stage explicit --no-verify --out /bundles/bundle'";
    let start =
        format!("FROM localhost/wheelbarrow-ten-wheels AS builder\n{steps}\nRUN {bundle}\n");
    ten.build("two-other-builder", &start);
    let lines = ten.says("two-other-builder", &["cat", "/bundles/bundle/Dockerfile.final"]);
    ten.build("two-other", &format!("{start}{lines}"));
    assert_eq!(ten.layers("two"), ten.layers("two-other"));
}

/// Puts the blobs of a layout on a base in the order of the manifest: no unpacking, no daemon.
fn the_layers_are_added_to_a_base(ten: &Ten) {
    let builder = Container::of(&image("two-builder"));
    let (root, out) = (builder.root(), ten.lab.directory().join("layout"));
    let arguments = [
        "bundle",
        "/b/venv",
        "--root",
        root.to_str().unwrap(),
        "--format",
        "oci-layout",
        "--out",
        out.to_str().unwrap(),
    ];
    let output = wheelbarrow(&arguments);
    assert!(
        shown(&output).contains("to python:3.11-slim-bookworm\nset PATH="),
        "{}",
        shown(&output)
    );
    let read = |descriptor: &serde_json::Value| -> serde_json::Value {
        serde_json::from_slice(
            &fs::read(
                out.join("blobs").join(descriptor["digest"].as_str().unwrap().replace(':', "/")),
            )
            .unwrap(),
        )
        .unwrap()
    };
    let index: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("index.json")).unwrap()).unwrap();
    let manifest = read(&index["manifests"][0]);
    let container = Container::of("python:3.11-slim-bookworm");
    for layer in manifest["layers"].as_array().unwrap() {
        let blob = out.join("blobs").join(layer["digest"].as_str().unwrap().replace(':', "/"));
        buildah(&["add", &container.name, blob.to_str().unwrap(), "/"]);
    }
    container.says(&["/opt/app/bin/python", "-m", "two"]);
}

/// The layers as blobs: the same in two applications, and a running image together with the
/// interpreter.
fn an_image_layout_is_loaded(ten: &Ten) {
    let digests = ["one", "two"].map(|name| {
        let builder = Container::of(&image(&format!("{name}-builder")));
        let root = builder.root();
        // buildah makes a name from the path and requires lower case.
        let out = std::env::temp_dir().join(format!("wheelbarrow-layout-{name}"));
        let _ = fs::remove_dir_all(&out);
        let out = out.to_str().unwrap();
        let root = root.to_str().unwrap();
        let arguments = [
            "bundle",
            "/b/venv",
            "--root",
            root,
            "--with-interpreter",
            "--format",
            "oci-layout",
            "--out",
            out,
        ];
        let output = wheelbarrow(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
        let pulled = buildah(&["pull", "-q", &format!("oci:{out}")]);
        ten.lab.keep(&pulled);
        // The same image as docker load reads it.
        let archive = ten.lab.directory().join("layout.tar");
        assert!(
            Command::new("tar")
                .args(["-C", out, "-cf"])
                .arg(&archive)
                .arg(".")
                .status()
                .unwrap()
                .success()
        );
        let loaded = buildah(&["pull", "-q", &format!("docker-archive:{}", archive.display())]);
        assert_eq!(loaded, pulled);
        fs::remove_dir_all(out).unwrap();
        Container::of(&pulled).says(&["python", "-m", name]);
        ten.inspect(&pulled, "{{range .OCIv1.RootFS.DiffIDs}}{{println .}}{{end}}")
            .into_iter()
            .collect::<BTreeSet<_>>()
    });
    // All layers except the small ones, the program and the description of the bundle.
    assert!(digests[0].difference(&digests[1]).count() <= 3, "{digests:?}");
}
