//! The source of editable installs, and the path files that lead to it.

use std::fs;

use super::{FINDINGS, hello, installed, own_minor, says};
use crate::support::{Transcript, distribution, exit_code, shown, wheelbarrow, write};

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
        let gone = [name, "finder.pth"].iter().all(|name| !packages.join(name).exists());
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
    // This is the result of `setup.py develop`: only the source folder has metadata.
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
    for bundled in ["hello.py", "hello.egg-info/PKG-INFO", "extra/inner.py", "other.py"] {
        assert!(packages.join(bundled).is_file(), "{bundled}");
    }
    assert!(!packages.join("hello.egg-link").exists());
    let report = wheelbarrow(&["report", folder]);
    said.add_lines("report", &report, &["easy-install.pth", "import os, other"]);
    let one = wheelbarrow(&["plan", "--files", "--from", "any", "--require", "hello", folder]);
    said.add_lines("plan --require hello", &one, &["hello.egg-info", "missing-requirement"]);
    assert!(!shown(&one).contains("missing-requirement"), "{}", shown(&one));
    let minor = format!("python{}", own_minor(&top));
    insta::assert_snapshot!(said.named(minor, "python3.X").text());
}
