//! Bases that are like the builder but for one thing: each is refused, or what it lacks is brought.

use serde_json::{Value, json};

use crate::bad_input::shown;
use crate::final_root::bundle;
use crate::readme_root::wheelbarrow;
use crate::verify::{compiled, write};

/// A profile of a root like the fixture, with something in it changed.
fn profile(change: &dyn Fn(&mut Value)) -> tempfile::NamedTempFile {
    let output = wheelbarrow(&["base", "--root", "py-fixtures/alpine-venv", "--image", "other:1"]);
    let mut profile: Value = serde_json::from_slice(&output.stdout).unwrap();
    profile["installs_with"] = json!("apk");
    profile["tools"] = json!(["dirname", "realpath", "sh"]);
    change(&mut profile);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), profile.to_string()).unwrap();
    file
}

fn python(profile: &mut Value, fact: &str, value: &str) {
    profile["interpreters"][0]["facts"][fact] = json!(value);
}

/// Without libyaml.
fn without_library(profile: &mut Value) {
    profile["libraries"].as_object_mut().unwrap().retain(|name, _| !name.starts_with("libyaml"));
}

/// With another version of it.
fn other_library(profile: &mut Value) {
    without_library(profile);
    profile["packages"]["yaml"] = json!("0.1-r0");
    profile["libraries"]["libyaml-0.so.1"] = json!("/usr/lib/libyaml-0.so.1");
}

fn without_package(profile: &mut Value) {
    without_library(profile);
    profile["packages"].as_object_mut().unwrap().remove("yaml");
}

const FITS: &str = "this would fit: FROM alpine:3.20, or python:3.11-alpine";

#[test]
fn each_disagreement_is_refused() {
    type Change = fn(&mut Value);
    let cases: [(Change, &[&str], &str, &str); 14] = [
        (
            |base| base["architecture"] = json!("aarch64"),
            &[],
            "base-architecture] other:1: the environment is for x86_64, other:1 for aarch64",
            "FROM --platform of x86_64",
        ),
        (
            |base| base["libc"] = json!("glibc"),
            &[],
            "base-libc] other:1: the environment is built for musl, other:1 has glibc",
            FITS,
        ),
        (
            |base| {
                base["libc_symbols"].as_array_mut().unwrap().retain(|symbol| symbol != "strrchr")
            },
            &[],
            "site-packages/yaml/_yaml.cpython-311-x86_64-linux-musl.so: needs strrchr of musl, which musl 1.2.5-r0 of other:1 lacks",
            FITS,
        ),
        (
            |base| python(base, "version", "3.12.4"),
            &[],
            "base-interpreter] /usr/bin/python3.11: the environment is of Python 3.11 (cpython-311-x86_64-linux-musl); other:1 has Python 3.12",
            FITS,
        ),
        (
            |base| python(base, "abi", "cpython-311t-x86_64-linux-musl"),
            &[],
            "base-interpreter] /usr/bin/python3.11: the environment is of Python 3.11 (cpython-311-x86_64-linux-musl); other:1 has Python 3.11 (cpython-311t-",
            FITS,
        ),
        (
            |base| python(base, "abi", "cpython-311-x86_64-linux-gnu"),
            &[],
            "other:1 has Python 3.11 (cpython-311-x86_64-linux-gnu) at /usr/bin/python3.11",
            FITS,
        ),
        (
            |base| python(base, "implementation", "pypy"),
            &[],
            "other:1 has pypy 3.11",
            "or let it travel: --with-interpreter",
        ),
        (
            |_| (),
            &["--interpreter", "/usr/local/bin/python3"],
            "base-interpreter] /usr/bin/python3.11: other:1 has no Python at /usr/local/bin/python3",
            FITS,
        ),
        (
            |base| {
                (base["interpreters"], base["release"]["version"]) = (json!([]), json!("3.21.0"))
            },
            &[],
            "other:1 has no Python, and installs packages of Alpine Linux v3.20",
            FITS,
        ),
        (
            |base| (base["interpreters"], base["installs_with"]) = (json!([]), Value::Null),
            &[],
            "other:1 has no Python and no package brings this one",
            FITS,
        ),
        (
            other_library,
            &[],
            "base-library] yaml: needed for libyaml-0.so.2, and other:1 has 0.1-r0, where it is not; it has libyaml-0.so.1",
            "--native vendor",
        ),
        (
            |base| {
                without_package(base);
                base["release"]["version"] = json!("3.21.0");
            },
            &[],
            "base-release] yaml: needed for libyaml-0.so.2, and other:1 installs packages of",
            FITS,
        ),
        (
            |base| {
                without_package(base);
                base["installs_with"] = Value::Null;
            },
            &["--native", "packages"],
            "base-release] yaml: needed for libyaml-0.so.2, and other:1 has no package manager",
            "--native vendor",
        ),
        (
            |base| base["tools"] = json!(["sh"]),
            &["--shebang", "relocatable"],
            "base-shell] other:1: has no sh, dirname and realpath",
            "--shebang absolute",
        ),
    ];
    for (change, more, expect, nearest) in cases {
        let file = profile(&change);
        let (code, said, out) =
            bundle(&[&["--base", file.path().to_str().unwrap()], more].concat());
        assert_eq!(code, Some(2), "{expect}: {said}");
        assert!(said.contains(expect) && said.contains(nearest), "{expect}, {nearest}: {said}");
        assert_eq!(out.path().read_dir().unwrap().count(), 0, "{expect}");
    }
}

#[test]
fn a_profile_of_another_schema_is_not_guessed_at() {
    let file = profile(&|base| base["schema"] = json!(2));
    let (code, said, _out) = bundle(&["--base", file.path().to_str().unwrap()]);
    assert!(
        code == Some(2)
            && said.contains(
                "a profile of schema 2, and this wheelbarrow reads 1\n  hint: mount the image"
            ),
        "{said}"
    );
}

/// The machine's own Python and merged /usr: a module that any glibc will do for, with a library that needs
/// a newer one.
#[test]
fn an_older_glibc_and_another_layout() {
    let top = tempfile::tempdir().unwrap();
    let site = top.path().join("target");
    std::fs::create_dir(&site).unwrap();
    let (library, module) = (site.join("libdeep.so"), site.join("shallow.abi3.so"));
    write(
        &top.path().join("deep.c"),
        "int __libc_start_main(void); int deep(void) { return __libc_start_main(); }\n",
    );
    compiled(
        &top.path().join("deep.c"),
        &["-Wl,-soname,libdeep.so", "-o", library.to_str().unwrap()],
    );
    write(
        &top.path().join("shallow.c"),
        "int deep(void); int PyInit_shallow(void) { return deep(); }\n",
    );
    compiled(
        &top.path().join("shallow.c"),
        &[library.to_str().unwrap(), "-Wl,-rpath,$ORIGIN", "-o", module.to_str().unwrap()],
    );
    write(
        &site.join("shallow-1.dist-info/METADATA"),
        "Metadata-Version: 2.1\nName: shallow\nVersion: 1\n",
    );
    write(
        &site.join("shallow-1.dist-info/RECORD"),
        "libdeep.so,,\nshallow.abi3.so,,\nshallow-1.dist-info/METADATA,,\n",
    );
    let site = site.canonicalize().unwrap();
    assert!(
        shown(&wheelbarrow(&["report", site.to_str().unwrap()]))
            .contains("needs glibc 2.34 or newer")
    );
    let base: Value =
        serde_json::from_slice(&wheelbarrow(&["base", "--root", "/"]).stdout).unwrap();
    let file = top.path().join("base.json");
    type Change = fn(&mut Value);
    let cases: [(Change, &[&str], &str); 5] = [
        (|_| (), &[], ""),
        (
            |base| base["libc_version"] = json!([2, 31]),
            &[],
            "libdeep.so: needs glibc 2.34; Debian GNU/Linux 12 (bookworm) has 2.31",
        ),
        // It brings its own, to where the links of the base lead.
        (|base| base["libc_version"] = json!([2, 31]), &["--with-interpreter"], ""),
        (|base| base["links"] = json!({}), &[], ""),
        (
            |base| base["links"] = json!({}),
            &["--with-interpreter"],
            "deny[base-layout] /lib64: is a link in the builder and a directory in",
        ),
    ];
    for (change, more, expect) in cases {
        let mut base = base.clone();
        change(&mut base);
        std::fs::write(&file, base.to_string()).unwrap();
        let arguments = ["plan", "--base", file.to_str().unwrap(), site.to_str().unwrap()];
        let said = shown(&wheelbarrow(&[&arguments, more].concat()));
        assert_eq!(said.contains("deny[base-"), !expect.is_empty(), "{said}");
        assert!(said.contains(expect), "{said}");
        assert_eq!(said.contains("  link   /lib64"), expect.contains("/lib64"), "{said}");
    }
}

#[test]
fn what_the_base_lacks_in_its_own_places() {
    type Change = fn(&mut Value);
    let cases: [(Change, &[&str], &str); 4] = [
        (|_| (), &[], ""),
        (without_package, &[], "RUN apk add --no-cache yaml\n"),
        (other_library, &["--native", "vendor"], "usr/lib/libyaml-0.so.2"),
        // A merged /usr: what comes from elsewhere goes where the link leads.
        (
            |base| {
                without_package(base);
                base["links"] = json!({"/usr": "system/usr"});
            },
            &["--native", "vendor"],
            "system/usr/lib/libyaml-0.so.2",
        ),
    ];
    for (change, more, expect) in cases {
        let file = profile(&change);
        let (code, said, out) =
            bundle(&[&["--base", file.path().to_str().unwrap()], more].concat());
        assert_eq!(code, Some(0), "{expect}: {said}");
        if expect.starts_with("RUN") {
            assert!(said.contains(expect), "{said}");
        } else {
            assert!(
                !said.contains("apk add") && out.path().join("bundle/rootfs").join(expect).exists(),
                "{expect}: {said}"
            );
        }
    }
}
