//! Every kind of environment a builder stage can hold: bundled, moved, and run on this machine or in a final image.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::lab::built;
use crate::support::{
    Transcript, distribution, exit_code, fixture, python, shown, wheelbarrow, write,
};

/// The beginnings of findings and their advice.
const FINDINGS: [&str; 4] = ["deny[", "warn[", "note[", "  help: "];

/// `3.11`, of this machine's own python3 as wheelbarrow finds it.
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

/// The distribution `hello` in `site`, its script in `bin`; RECORD says where from `site` the script is.
fn hello(site: &Path, bin: &Path, record: &str, version: &str) {
    distribution(site, "hello", version, "", &[record, "hello.py"]);
    write(site.join("hello.py"), format!("def main():\n    print('hello', '{version}')\n"));
    write(bin.join("hello"), "#!/elsewhere/bin/python3\nfrom hello import main\nmain()\n");
    fs::set_permissions(bin.join("hello"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Bundles `environments`, moves what came out, and starts its script.
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

#[test]
fn what_pip_was_told_to_put_elsewhere() {
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
    // The first one named is the first one Python would look into.
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
fn editable_source_is_bundled_as_if_it_were_installed() {
    let top = tempfile::tempdir().unwrap();
    let top = top.path().canonicalize().unwrap();
    let site = top.join("builder/target");
    hello(&site, &site.join("bin"), "../../bin/hello", "3.0");
    fs::remove_file(site.join("hello.py")).unwrap();
    let lead = |name: &str, text: &str| {
        write(site.join(name), text);
        distribution(&site, "hello", "3.0", "", &["../../bin/hello", name]);
        write(
            site.join("hello-3.0.dist-info/direct_url.json"),
            "{\"url\": \"file:///x\", \"dir_info\": {\"editable\": true}}",
        );
    };
    let source = top.join("builder/project/src");
    write(
        source.join("hello/__init__.py"),
        "from importlib.resources import files\ndef main():\n    print(files('hello').joinpath('data.txt').read_text())\n",
    );
    write(source.join("hello/data.txt"), "from source");
    write(source.join("tests/test_hello.py"), "");
    let path = source.to_str().unwrap();
    for (name, text) in [
        ("__editable__.hello-3.0.pth", path.to_owned()),
        ("_editable_impl_hello.pth", format!("{path}\n")),
        (
            "__editable___hello_3_0_finder.py",
            format!(
                "MAPPING: dict[str, str] = {{'hello': '{path}/hello'}}\nNAMESPACES: dict = {{}}\n"
            ),
        ),
    ] {
        lead(name, &text);
        if let Some(finder) = name.strip_suffix(".py") {
            write(site.join("finder.pth"), format!("import {finder}; {finder}.install()"));
        }
        assert_eq!(says(&top, &[&site]), "from source", "{name}");
        let packages = top
            .join("moved here/lib")
            .join(format!("python{}", own_minor(&top)))
            .join("site-packages");
        let gone = [name, "finder.pth", "tests"].iter().all(|name| !packages.join(name).exists());
        assert!(gone && packages.join("hello/data.txt").exists(), "{name}");
        fs::remove_file(site.join(name)).unwrap();
    }
    fs::remove_file(site.join("finder.pth")).unwrap();
    let mut said = Transcript::default();
    let mut judged = |name: &str, text: &str| {
        lead(name, text);
        let output = wheelbarrow(&["plan", "--from", "any", site.to_str().unwrap()]);
        assert_eq!(exit_code(&output), 1, "{}", shown(&output));
        assert!(shown(&output).contains("deny[editable-install] "), "{}", shown(&output));
        said.add_lines(text.trim(), &output, &FINDINGS);
        fs::remove_file(site.join(name)).unwrap();
    };
    judged("gone.pth", "/nowhere/src\n");
    judged("code.pth", "import hello_finder; hello_finder.install()\n");
    insta::assert_snapshot!(said.text());
}

#[test]
fn path_files_are_rewritten_and_judged() {
    let top = tempfile::tempdir().unwrap();
    let top = top.path().canonicalize().unwrap();
    let site = top.join("builder/target");
    installed(&site, &[("other", &[])]);
    write(site.join("other.py"), "");
    // What `setup.py develop` leaves: the metadata is in the source folder alone.
    let source = top.join("builder/project");
    write(source.join("hello.py"), "");
    write(
        source.join("hello.egg-info/PKG-INFO"),
        "Metadata-Version: 2.1\nName: hello\nVersion: 4.0\n",
    );
    write(site.join("hello.egg-link"), format!("{}\n.", source.display()));
    let inside = site.join("extra");
    write(inside.join("inner.py"), "");
    write(
        site.join("easy-install.pth"),
        format!("import os, other\n{}\n{}\n", source.display(), inside.display()),
    );
    write(site.join("broken.pth"), "import absent; absent.start()\n");
    let out = top.join("out");
    let (folder, bundle) = (site.to_str().unwrap(), out.to_str().unwrap());
    let output = wheelbarrow(&["bundle", "--from", "any", "--out", bundle, folder]);
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    let mut said = Transcript::default();
    said.add_lines("bundle", &output, &FINDINGS);
    let packages = out
        .join("rootfs/opt/app/lib")
        .join(format!("python{}", own_minor(&top)))
        .join("site-packages");
    assert_eq!(
        fs::read_to_string(packages.join("easy-install.pth")).unwrap(),
        "import os, other\nextra\n"
    );
    for travels in ["hello.py", "hello.egg-info/PKG-INFO", "extra/inner.py", "other.py"] {
        assert!(packages.join(travels).is_file(), "{travels}");
    }
    assert!(!packages.join("hello.egg-link").exists());
    let report = wheelbarrow(&["report", folder]);
    said.add_lines("report", &report, &["easy-install.pth", "import os, other"]);
    let one = wheelbarrow(&["plan", "--from", "any", "--require", "hello", folder]);
    said.add_lines("plan --require hello", &one, &["hello.egg-info", "missing-requirement"]);
    assert!(!shown(&one).contains("missing-requirement"), "{}", shown(&one));
    let minor = format!("python{}", own_minor(&top));
    insta::assert_snapshot!(said.named(minor, "python3.X").text());
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
    // Unchecked: the source is not looked at any more.
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

/// `name requires` for each distribution, pure Python, in one `--target` folder.
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
fn only_what_the_application_asks_for() {
    let top = tempfile::tempdir().unwrap();
    let web: &[&str] = &["base", "extra; extra == 'more'", "never; python_version < '3'"];
    let folder = installed(
        &top.path().join("t"),
        &[("web", web), ("base", &["web"]), ("extra", &[]), ("other", &[]), ("pip", &[])],
    );
    write(top.path().join("requirements.txt"), "-r more/base.txt # all of it\n");
    write(
        top.path().join("more/base.txt"),
        "web[more]==1.0 --hash=sha256:00\n-r ../requirements.txt\n",
    );
    write(
        top.path().join("pyproject.toml"),
        "[project]\ndependencies = ['other']\noptional-dependencies = {x = ['base']}\n",
    );
    write(
        top.path().join("own/pyproject.toml"),
        "[project]\nname = 'Extra'\ndependencies = ['other']\n",
    );
    write(
        top.path().join("copied/pyproject.toml"),
        "[project]\nname = 'not-installed'\ndependencies = ['other']\n",
    );
    write(
        top.path().join("places.txt"),
        format!("-e ./own\n{}/own\ngit+https://h/r#egg=base\n", top.path().display()),
    );
    let path = |name: &str| top.path().join(name).to_str().unwrap().to_owned();
    let travels = |more: &[&str], status: i32| {
        let output = wheelbarrow(&[&["plan", "--json", "--from", "any", &folder], more].concat());
        assert_eq!(output.status.code(), Some(status), "{}", shown(&output));
        let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let all = plan["distributions"].as_array().cloned().unwrap_or_default();
        let travelling = all
            .iter()
            .filter(|one| one["travels"] == true)
            .map(|one| one["name"].as_str().unwrap().to_owned());
        travelling.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(travels(&[], 0), "base extra other web");
    assert_eq!(travels(&["--require", "web"], 0), "base web");
    assert_eq!(travels(&["--require", "base", "--require", "other"], 0), "base other web");
    assert_eq!(travels(&["-r", &path("requirements.txt")], 0), "base extra web");
    assert_eq!(travels(&["--project", &path("pyproject.toml")], 0), "other");
    assert_eq!(
        travels(&["--project", &format!("{}[x]", path("pyproject.toml"))], 0),
        "base other web"
    );
    // The project itself, where it is installed.
    assert_eq!(travels(&["--project", &path("own/pyproject.toml")], 0), "extra other");
    assert_eq!(travels(&["--project", &path("copied/pyproject.toml")], 0), "other");
    assert_eq!(travels(&["-r", &path("places.txt")], 0), "base extra web");
    assert_eq!(travels(&["--require", "pip"], 0), "pip");
    assert_eq!(travels(&["--require", "web>=2"], 1), "base web");
    assert_eq!(travels(&["--require", "gone"], 1), "");
    // What is left out is counted, with the bytes that it has.
    write(Path::new(&folder).join("other.py"), "#".repeat(5000));
    let mut said = Transcript::default();
    let report = wheelbarrow(&["report", "--from", "any", "--require", "web", &folder]);
    said.add_lines("report --require web", &report, &["belongs to"]);
    for wrong in ["--require=web ==", "-rgone.txt", "--project=/etc/passwd"] {
        let output = wheelbarrow(&["plan", &folder, wrong]);
        assert_eq!(exit_code(&output), 2, "{}", shown(&output));
        said.add(wrong, &output);
    }
    insta::assert_snapshot!(said.text());
}

#[test]
fn two_distributions_with_one_path() {
    let top = tempfile::tempdir().unwrap();
    let (one, two) = (
        "sha256=LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564",
        "sha256=PLwNF3W8drB2xhbn_MeQVbI54JHIFMK2TjLDICNWk1E",
    );
    let folder = |name: &str, hashes: [&str; 2]| {
        let site = top.path().join(name);
        installed(&site, &[("first", &[]), ("second", &[])]);
        write(site.join("shared/__init__.py"), "");
        for (name, hash) in ["first", "second"].iter().zip(hashes) {
            let record = [format!("{name}.py"), format!("shared/__init__.py,{hash},3")];
            distribution(&site, name, "1.0", "", &record.each_ref().map(String::as_str));
        }
        site.to_str().unwrap().to_owned()
    };
    let mut said = Transcript::default();
    let mut judged = |title: &str, folders: &[&str], code: Option<&str>| {
        let output: Output = wheelbarrow(&[&["plan", "--from", "any"], folders].concat());
        for each in ["recorded-twice", "collision"] {
            let there = shown(&output).contains(&format!("[{each}] "));
            assert_eq!(there, code == Some(each), "{title}: {}", shown(&output));
        }
        said.add_lines(title, &output, &FINDINGS);
    };
    judged("one folder, the same content", &[&folder("same", [one, one])], None);
    judged("one folder, two contents", &[&folder("other", [one, two])], Some("recorded-twice"));
    // In two folders: each file is its own distribution's, and the first folder's travels.
    for (folder, name, hash) in
        [("left", "first", one), ("right", "second", one), ("far", "second", two)]
    {
        let site = top.path().join(folder);
        installed(&site, &[(name, &[])]);
        write(site.join("shared/__init__.py"), "");
        let record = [format!("{name}.py"), format!("shared/__init__.py,{hash},3")];
        distribution(&site, name, "1.0", "", &record.each_ref().map(String::as_str));
    }
    let path = |name: &str| top.path().join(name).to_str().unwrap().to_owned();
    let left = path("left");
    judged("two folders, the same content", &[&left, &path("right")], None);
    judged("two folders, two contents", &[&left, &path("far")], Some("collision"));
    insta::assert_snapshot!(said.text());
}

#[test]
fn wheels_are_chosen_for_the_final_root() {
    const WHEELS: &str = include_str!("programs/make_wheels.py");
    let top = tempfile::tempdir().unwrap();
    let path = |name: &str| top.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(path("wheels")).unwrap();
    python(WHEELS, &[&path("wheels")]);
    let mut profile: serde_json::Value =
        serde_json::from_slice(&wheelbarrow(&["base", "--root", "/"]).stdout).unwrap();
    let mut said = Transcript::default();
    for (libc, passed_over) in [([2, 20], "manylinux_2_30"), ([2, 36], "manylinux_2_5")] {
        profile["libc_version"] = libc.into();
        write(top.path().join("base.json"), profile.to_string());
        let output = wheelbarrow(&["plan", &path("wheels"), "--base", &path("base.json")]);
        let wheel = format!("native-1.0-py3-none-{passed_over}_x86_64.whl");
        let note = format!("note[wheel-passed-over] {wheel}");
        assert!(shown(&output).contains(&note), "{libc:?}: {}", shown(&output));
        let title = format!("glibc {}.{}", libc[0], libc[1]);
        said.add_lines(&title, &output, &["note[wheel-passed-over]"]);
    }
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
    for base in ["python:3.11-alpine", "python:3.11-slim"] {
        built("wheelbarrow-real", &REAL.replace("BASE", base), &[]);
    }
}
