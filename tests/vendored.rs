//! Libraries that the final loader would not find at their place in the builder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Output;

use wheelbarrow::elf::Machine;
use wheelbarrow::loader::{Library, Outcome, Start, choose_loader, load};
use wheelbarrow::path::{RealPath, WrittenPath};
use wheelbarrow::root::{Directory, Root};

use crate::support::lab::{DISTROLESS, built};
use crate::support::{Transcript, exit_code, fixture_copy, sha256, shown, wheelbarrow};

const MODULE: &str =
    "/opt/app/lib/python3.11/site-packages/yaml/_yaml.cpython-311-x86_64-linux-musl.so";
const X86_64: Machine = Machine { machine: 62, wide: true, little_endian: true };

/// The fixture with libyaml in a directory that the loader knows only from the path file.
fn builder() -> (tempfile::TempDir, PathBuf) {
    let (directory, root) = fixture_copy();
    let (from, to) = (root.join("usr/lib"), root.join("opt/x/lib"));
    fs::create_dir_all(&to).unwrap();
    for name in ["libyaml-0.so.2", "libyaml-0.so.2.0.9"] {
        fs::rename(from.join(name), to.join(name)).unwrap();
    }
    let path_file = "/lib:/usr/local/lib:/usr/lib:/opt/x/lib\n";
    fs::write(root.join("etc/ld-musl-x86_64.path"), path_file).unwrap();
    (directory, root)
}

/// The fixture without libyaml and without a shell.
fn final_root() -> (tempfile::TempDir, PathBuf) {
    let (directory, root) = fixture_copy();
    for name in ["libyaml-0.so.2", "libyaml-0.so.2.0.9"] {
        fs::remove_file(root.join("usr/lib").join(name)).unwrap();
    }
    (directory, root)
}

/// Copies a tree over another one, as COPY does.
fn lay_over(target: &Path, source: &Path) {
    fs::create_dir_all(target).unwrap();
    for entry in fs::read_dir(source).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), target.join(entry.file_name()));
        if entry.file_type().unwrap().is_dir() {
            lay_over(&to, &from);
            continue;
        }
        let _ = fs::remove_file(&to);
        match fs::read_link(&from) {
            Ok(link) => symlink(link, &to).unwrap(),
            Err(_) => drop(fs::copy(&from, &to).unwrap()),
        }
    }
}

/// The file in a root to which each needed name of the module leads.
fn needs(root: &Path, module: &str) -> Vec<(String, Option<String>)> {
    let root = Root::new(Directory::open(root, &[]).unwrap());
    let library = Library::new(&root);
    let loader = choose_loader(&root, "/lib/ld-musl-x86_64.so.1", X86_64).unwrap();
    let program = root.resolve(&WrittenPath::new("/usr/bin/python3.11")).unwrap().unwrap().path;
    let module = RealPath::known(module);
    let load =
        load(loader.as_ref(), &library, Start::Module { program: &program, module: &module })
            .unwrap();
    let found = load.edges.iter().filter_map(|edge| match &edge.outcome {
        Outcome::BuiltIn => None,
        Outcome::Loaded { object, .. } => {
            Some((edge.name.clone(), Some(load.objects[*object].real.to_string())))
        }
        _ => Some((edge.name.clone(), None)),
    });
    found.filter(|(name, _)| !name.starts_with("libpython")).collect()
}

fn bundle(builder: &Path, out: &Path, more: &[&str]) -> Output {
    let arguments = ["bundle", "--root", builder.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let output = wheelbarrow(&[&arguments, more].concat());
    assert_eq!(exit_code(&output), 0, "{more:?}: {}", shown(&output));
    output
}

#[test]
fn a_library_of_the_path_file_gets_a_run_path() {
    let ((_one, builder), (_two, final_root)) = (builder(), final_root());
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("bundle");
    let base = ["--native", "vendor", "--base-root", final_root.to_str().unwrap()];
    let mut said = Transcript::default();
    let output = bundle(&builder, &out, &base);
    said.add("--native vendor --base-root FINAL", &output);
    assert!(
        !shown(&output).contains("ldconfig")
            && !out.join("rootfs/etc/ld-musl-x86_64.path").exists(),
        "{}",
        shown(&output)
    );
    lay_over(&final_root, &out.join("rootfs"));
    let library = "/opt/app/lib/wheelbarrow/libyaml-0.so.2.0.9".to_owned();
    assert_eq!(needs(&final_root, MODULE), [("libyaml-0.so.2".to_owned(), Some(library.clone()))]);
    // Its old path still leads to it.
    assert_eq!(
        fs::canonicalize(final_root.join("opt/x/lib/libyaml-0.so.2")).unwrap(),
        final_root.join(&library[1..])
    );
    let manifest = fs::read_to_string(out.join("wheelbarrow.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let entry = manifest["entries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["path"] == MODULE)
        .unwrap();
    let hash = |path: &Path| serde_json::json!(sha256(&fs::read(path).unwrap()));
    assert_eq!(entry["sha256"], hash(&out.join("rootfs").join(&MODULE[1..])));
    let original = builder.join("opt/venv").join(MODULE.strip_prefix("/opt/app/").unwrap());
    assert_eq!(entry["builder_sha256"], hash(&original));
    assert_eq!(
        needs(&builder, &MODULE.replace("/opt/app", "/opt/venv")).len(),
        1,
        "the builder is as it was"
    );
    // From another depth, the relative path is another one.
    let output = bundle(&builder, &out, &[&base[..], &["--prefix", "/srv/a/b/c"]].concat());
    said.add("the same with --prefix /srv/a/b/c", &output);
    insta::assert_snapshot!(said.text());
    lay_over(&final_root, &out.join("rootfs"));
    let library = library.replace("/opt/app", "/srv/a/b/c");
    assert_eq!(
        needs(&final_root, &MODULE.replace("/opt/app", "/srv/a/b/c")),
        [("libyaml-0.so.2".to_owned(), Some(library))]
    );
}

/// The run path is added to the stripped file: a segment after debug sections would keep them in
/// place.
#[test]
fn a_file_whose_run_path_changes_is_stripped_too() {
    let ((_one, builder), (_two, final_root)) = (builder(), final_root());
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("bundle");
    let base = final_root.to_str().unwrap();
    let output =
        bundle(&builder, &out, &["--native", "vendor", "--base-root", base, "--slim", "strip"]);
    let said = shown(&output);
    assert_eq!(exit_code(&output), 0, "{said}");
    assert!(said.contains("1 file  debug sections") && !said.contains("not-stripped"), "{said}");
    let written = fs::read(out.join("rootfs").join(&MODULE[1..])).unwrap();
    let original = builder.join(MODULE.replace("/opt/app", "opt/venv"));
    let original = fs::metadata(original).unwrap().len();
    assert!((written.len() as u64) < original / 4, "the wheel has debug sections");
    let facts = wheelbarrow::elf::read(&written).unwrap().unwrap();
    assert_eq!(facts.runpath.as_deref(), Some("$ORIGIN/../../../wheelbarrow"));
    lay_over(&final_root, &out.join("rootfs"));
    let library = "/opt/app/lib/wheelbarrow/libyaml-0.so.2.0.9".to_owned();
    assert_eq!(needs(&final_root, MODULE), [("libyaml-0.so.2".to_owned(), Some(library))]);
    let verified = wheelbarrow(&["verify", "--root", base, out.to_str().unwrap()]);
    assert_eq!(exit_code(&verified), 0, "{}", shown(&verified));
}

/// Configuration is bundled only if it is certain to be in force: it replaces that of the base.
#[test]
fn the_path_file_is_bundled_in_the_explicit_form_alone() {
    let ((_one, builder), (_two, final_root)) = (builder(), final_root());
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("bundle");
    let mut said = Transcript::default();
    for (more, moved) in [
        (&["--native", "packages", "--base", "python:3.11-alpine3.20"][..], true),
        (&["--final-stage", "explicit", "--base", "python:3.11-alpine3.20"], false),
        (&["--native", "packages", "--base-root", final_root.to_str().unwrap()], true),
        (&["--native", "vendor", "--base", "python:3.11-alpine3.20"], true),
        (&["--native", "vendor"], true),
        (&["--with-interpreter"], true),
    ] {
        let output = bundle(&builder, &out, more);
        let file = |path: &str| out.join("rootfs").join(path).exists();
        let library = file("opt/app/lib/wheelbarrow/libyaml-0.so.2");
        assert_eq!(library, moved, "{more:?}: {}", shown(&output));
        assert_eq!(file("etc/ld-musl-x86_64.path"), !moved, "{more:?}: {}", shown(&output));
        said.add(&more.join(" "), &output);
    }
    insta::assert_snapshot!(said.text());
}

/// The sources of the libraries and modules that the builders make, and the program that imports
/// them.
const NATIVE: [(&str, &str); 5] = [
    ("native/build.sh", include_str!("programs/native/build.sh")),
    ("native/module.c", include_str!("programs/native/module.c")),
    ("native/number.c", include_str!("programs/native/number.c")),
    ("native/sum.c", include_str!("programs/native/sum.c")),
    ("import_values.py", include_str!("programs/native/import_values.py")),
];

const BUILD: &str = "COPY native /src\nRUN sh /src/build.sh\n";
const IMPORT: &str = r#"["/opt/app/bin/python", "/import_values.py""#;

/// Only Debian's cache has `/usr/local/lib`, and a root without ldconfig has no cache. The library
/// there needs another one, to which update-alternatives would have to lead.
#[test]
#[ignore = "needs buildah and the base images"]
fn distroless_finds_what_the_cache_led_to() {
    let log = built(
        "wheelbarrow-vendored-debian",
        &format!(
            r#"{DISTROLESS}FROM python:3.11-slim-bookworm AS builder
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev libblas3 && python3 -m venv /opt/venv
ENV LIB=/usr/local/lib MORE=/usr/lib/x86_64-linux-gnu/libblas.so.3
{BUILD}RUN printf '/opt/x/lib\n/opt/y/lib\n' > /etc/ld.so.conf.d/xy.conf && ldconfig && cd / && for name in tiny one two; do /opt/venv/bin/python -c "import $name"; done
COPY wheelbarrow /usr/local/bin/
RUN --mount=type=bind,from=distroless,target=/mnt/base wheelbarrow bundle --base-root /mnt/base --out /bundle \
 && wheelbarrow verify /bundle --root /mnt/base && find /bundle/rootfs -path '*wheelbarrow*' | sort
RUN wheelbarrow bundle --with-interpreter --out /scratch && ! grep ldconfig /scratch/Dockerfile.final
FROM distroless AS vendored
COPY --from=builder /bundle/rootfs/ /
COPY import_values.py /
RUN {IMPORT}, "tiny"]
RUN {IMPORT}, "one"]
RUN {IMPORT}, "two"]
FROM scratch
COPY --from=builder /scratch/rootfs/ /
COPY --from=vendored /opt/app/pyvenv.cfg /ok
COPY import_values.py /
RUN {IMPORT}, "tiny", "one"]
"#
        ),
        &NATIVE,
    );
    for said in [
        "imported [42]",
        "imported [102]",
        "imported [202]",
        "imported [42, 102]",
        "/lib/wheelbarrow/opt/y/lib/libshared.so.1\n",
    ] {
        assert!(log.contains(said), "{said}: {log}");
    }
}

/// A separate path file, in a root with Python from its packages.
#[test]
#[ignore = "needs buildah and the base images"]
fn alpine_finds_what_the_path_file_led_to() {
    let log = built(
        "wheelbarrow-vendored-alpine",
        &format!(
            r#"FROM alpine:3.20 AS builder
RUN apk add --no-cache python3 py3-pip build-base python3-dev && python3 -m venv /opt/venv
ENV LIB=/opt/x/lib
{BUILD}RUN printf '/lib:/usr/local/lib:/usr/lib:/opt/x/lib:/opt/y/lib\n' > /etc/ld-musl-x86_64.path && for name in tiny one two; do /opt/venv/bin/python -c "import $name"; done
COPY wheelbarrow /usr/local/bin/
RUN wheelbarrow bundle --native vendor --out /bundle && test ! -e /bundle/rootfs/etc && wheelbarrow bundle --with-interpreter --out /scratch
FROM alpine:3.20 AS vendored
RUN apk add --no-cache python3
COPY --from=builder /bundle/rootfs/ /
RUN --mount=type=bind,from=builder,source=/usr/local/bin/wheelbarrow,target=/wb /wb verify
COPY import_values.py /
RUN {IMPORT}, "tiny", "one"]
RUN {IMPORT}, "two"]
RUN touch /ok
FROM scratch
COPY --from=builder /scratch/rootfs/ /
COPY --from=vendored /ok /
COPY import_values.py /
RUN {IMPORT}, "tiny", "one"]
"#
        ),
        &NATIVE,
    );
    assert_eq!(log.matches("imported [42, 102]").count(), 2, "{log}");
    assert!(log.contains("imported [202]"), "{log}");
}
