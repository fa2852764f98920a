//! Bases that differ from the builder in one thing: each is refused, or the bundle contains the
//! missing files.

use serde_json::{Value, json};

use crate::support::{
    Transcript, bundle_fixture, compile, distribution, exit_code, fixture, shown, wheelbarrow,
};

/// A profile of a root like the fixture, with one change.
fn profile(change: &dyn Fn(&mut Value)) -> tempfile::NamedTempFile {
    let output = wheelbarrow(&["base", "--root", &fixture(), "--image", "other:1"]);
    let mut profile: Value = serde_json::from_slice(&output.stdout).unwrap();
    profile["installs_with"] = json!("apk");
    profile["tools"] = json!(["sh"]);
    change(&mut profile);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), profile.to_string()).unwrap();
    file
}

fn python(profile: &mut Value, fact: &str, value: &str) {
    profile["interpreters"][0]["facts"][fact] = json!(value);
}

/// The profile without libyaml.
fn without_library(profile: &mut Value) {
    profile["libraries"].as_object_mut().unwrap().retain(|name, _| !name.starts_with("libyaml"));
}

/// The profile with another version of libyaml.
fn other_library(profile: &mut Value) {
    without_library(profile);
    profile["packages"]["yaml"] = json!("0.1-r0");
    profile["libraries"]["libyaml-0.so.1"] = json!("/usr/lib/libyaml-0.so.1");
}

fn without_package(profile: &mut Value) {
    without_library(profile);
    profile["packages"].as_object_mut().unwrap().remove("yaml");
}

#[test]
fn each_disagreement_is_refused() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change, &[&str], &str); 14] = [
        (
            "another architecture",
            |base| base["architecture"] = json!("aarch64"),
            &[],
            "base-architecture",
        ),
        ("another libc", |base| base["libc"] = json!("glibc"), &[], "base-libc"),
        (
            "an older musl",
            |base| {
                base["libc_symbols"].as_array_mut().unwrap().retain(|symbol| symbol != "strrchr")
            },
            &[],
            "base-musl",
        ),
        (
            "another minor version of Python",
            |base| python(base, "version", "3.12.4"),
            &[],
            "base-interpreter",
        ),
        (
            "a free-threaded Python",
            |base| python(base, "abi", "cpython-311t-x86_64-linux-musl"),
            &[],
            "base-interpreter",
        ),
        (
            "a Python of another libc",
            |base| python(base, "abi", "cpython-311-x86_64-linux-gnu"),
            &[],
            "base-interpreter",
        ),
        (
            "another implementation",
            |base| python(base, "implementation", "pypy"),
            &[],
            "base-interpreter",
        ),
        (
            "no Python at that place",
            |_| (),
            &["--interpreter", "/usr/local/bin/python3"],
            "base-interpreter",
        ),
        (
            "another release, without Python",
            |base| {
                (base["interpreters"], base["release"]["version"]) = (json!([]), json!("3.21.0"))
            },
            &[],
            "base-interpreter",
        ),
        (
            "no package manager, without Python",
            |base| (base["interpreters"], base["installs_with"]) = (json!([]), Value::Null),
            &[],
            "base-interpreter",
        ),
        ("another version of the library", other_library, &[], "base-library"),
        (
            "another release, without the package",
            |base| {
                without_package(base);
                base["release"]["version"] = json!("3.21.0");
            },
            &[],
            "base-release",
        ),
        (
            "no package manager, without the package",
            |base| {
                without_package(base);
                base["installs_with"] = Value::Null;
            },
            &["--native", "packages"],
            "base-release",
        ),
        (
            "no shell tools",
            |base| base["tools"] = json!([]),
            &["--shebang", "relocatable"],
            "base-shell",
        ),
    ];
    let mut said = Transcript::default();
    for (name, change, more, code) in cases {
        let file = profile(&change);
        let (output, out) =
            bundle_fixture(&[&["--base", file.path().to_str().unwrap()], more].concat());
        assert_eq!(exit_code(&output), 2, "{name}: {}", shown(&output));
        assert!(shown(&output).contains(&format!("deny[{code}] ")), "{name}: {}", shown(&output));
        assert_eq!(out.path().read_dir().unwrap().count(), 0, "{name}");
        said.add(name, &output);
    }
    insta::assert_snapshot!(said.text());
}

#[test]
fn a_profile_of_another_schema_is_not_guessed_at() {
    let file = profile(&|base| base["schema"] = json!(3));
    let (output, _out) = bundle_fixture(&["--base", file.path().to_str().unwrap()]);
    assert_eq!(exit_code(&output), 2);
    let mut said = Transcript::default();
    said.add("schema 3", &output);
    insta::assert_snapshot!(said.text());
}

/// The machine's own Python and merged /usr: a module that works with any glibc, and a library that
/// needs a newer one.
#[test]
fn an_older_glibc_and_another_layout() {
    let top = tempfile::tempdir().unwrap();
    let site = top.path().join("target");
    std::fs::create_dir(&site).unwrap();
    let (library, module) = (site.join("libdeep.so"), site.join("shallow.abi3.so"));
    let deep = "int __libc_start_main(void); int deep(void) { return __libc_start_main(); }\n";
    compile(deep, &library, &["-Wl,-soname,libdeep.so"]);
    let shallow = "int deep(void); int PyInit_shallow(void) { return deep(); }\n";
    compile(shallow, &module, &[library.to_str().unwrap(), "-Wl,-rpath,$ORIGIN"]);
    distribution(&site, "shallow", "1", "", &["libdeep.so", "shallow.abi3.so"]);
    let site = site.canonicalize().unwrap();
    let base: Value =
        serde_json::from_slice(&wheelbarrow(&["base", "--root", "/"]).stdout).unwrap();
    let release = base["release"]["pretty_name"].as_str().unwrap();
    let version = base["libc_version"].as_array().unwrap();
    let glibc = format!("the loader of glibc {}.{}", version[0], version[1]);
    let mut said = Transcript::default()
        .named(release, "[this machine]")
        .named(glibc, "the loader of [its glibc]");
    let report = wheelbarrow(&["report", site.to_str().unwrap()]);
    said.add_lines("report", &report, &["needs glibc"]);
    let file = top.path().join("base.json");
    type Change = fn(&mut Value);
    let cases: [(&str, Change, &[&str], &str); 6] = [
        ("as the builder", |_| (), &[], ""),
        ("an older glibc", |base| base["libc_version"] = json!([2, 31]), &[], "base-glibc"),
        // Its loader would be at the place of the base's, without the library that belongs to it.
        (
            "an older glibc, and the builder's Python",
            |base| base["libc_version"] = json!([2, 31]),
            &["--with-interpreter"],
            "base-glibc",
        ),
        ("the same glibc, and the builder's Python", |_| (), &["--with-interpreter"], ""),
        ("directories for links", |base| base["links"] = json!({}), &[], ""),
        (
            "directories for links, and the builder's Python",
            |base| base["links"] = json!({}),
            &["--with-interpreter"],
            "base-layout",
        ),
    ];
    for (name, change, more, code) in cases {
        let mut base = base.clone();
        change(&mut base);
        std::fs::write(&file, base.to_string()).unwrap();
        let arguments =
            ["plan", "--files", "--base", file.to_str().unwrap(), site.to_str().unwrap()];
        let output = wheelbarrow(&[&arguments, more].concat());
        let text = shown(&output);
        assert_eq!(text.contains("deny[base-"), !code.is_empty(), "{name}: {text}");
        assert!(text.contains(&format!("deny[{code}")) || code.is_empty(), "{name}: {text}");
        assert_eq!(text.contains("  link    /lib64"), code == "base-layout", "{name}: {text}");
        said.add_lines(name, &output, &["deny[base-", "  link    /lib64"]);
    }
    insta::assert_snapshot!(said.text());
}

#[test]
fn missing_files_go_to_the_places_of_the_base() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change, &[&str], &str); 4] = [
        ("everything is there", |_| (), &[], "rootfs"),
        ("no package", without_package, &[], "rootfs"),
        (
            "another library",
            other_library,
            &["--native", "vendor"],
            "rootfs/usr/lib/libyaml-0.so.2",
        ),
        // With a merged /usr, files from elsewhere go to the place where the link leads.
        (
            "no package, and a link",
            |base| {
                without_package(base);
                base["links"] = json!({"/usr": "system/usr"});
            },
            &["--native", "vendor"],
            "rootfs/system/usr/lib/libyaml-0.so.2",
        ),
    ];
    let mut said = Transcript::default();
    for (name, change, more, file) in cases {
        let profile = profile(&change);
        let (output, out) =
            bundle_fixture(&[&["--base", profile.path().to_str().unwrap()], more].concat());
        assert_eq!(exit_code(&output), 0, "{name}: {}", shown(&output));
        assert!(out.path().join("bundle").join(file).exists(), "{name}: {file}");
        said.add(name, &output);
    }
    insta::assert_snapshot!(said.text());
}
