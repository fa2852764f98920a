//! Roots that nobody makes by chance: the plan has a finding or nothing, and never ends the run.

use crate::scenario::{compare, plan, plan_over, show};

const VENV: &str = "alpine\npython /usr/local/bin/python3.11\nvenv /opt/venv\nwheel web has web.py";

#[track_caller]
fn check(root: &str, expect: &str) {
    let plan = plan(&format!("{VENV}\n{root}"), "/opt/venv").plan;
    let links = show::tree(&plan).into_iter().filter(|line| line.contains(" -> "));
    let lines: Vec<String> = links.chain(show::findings(&plan.findings)).collect();
    compare(root, &lines, expect);
}

/// A distribution with this METADATA.
#[track_caller]
fn check_metadata(metadata: &str, expect: &str) {
    let root = format!("{VENV}\nVENV/one-1.dist-info/METADATA = {metadata}\\n");
    let plan = plan(&root, "/opt/venv --layers 4").plan;
    let lines = [show::distributions(&plan), show::findings(&plan.findings)].concat();
    compare(metadata, &lines, expect);
}

#[test]
fn modules_of_the_interpreter_that_are_no_objects() {
    for content in ["hello", "", "\\x7fELF"] {
        check(&format!("/usr/local/lib/python3.11/lib-dynload/_ssl.so = {content}"), "");
    }
    check("/usr/local/lib/python3.11/lib-dynload/_ssl.so -> /nowhere", "");
}

#[test]
fn targets_of_links_that_are_not_normal() {
    let link = |target: &str| format!("VENV/web/a.txt = x\nVENV/web/link -> {target}");
    check(&link("a.txt"), "SITE/web/link -> a.txt");
    check(&link("//opt/venv/lib/python3.11/site-packages/web/a.txt"), "SITE/web/link -> a.txt");
    check(&link("/opt/./venv/lib/python3.11/site-packages//web/a.txt"), "SITE/web/link -> a.txt");
    check(
        &link("/opt/venv/../venv/lib/python3.11/site-packages/web.py"),
        "SITE/web/link -> ../web.py",
    );
    check(&link("/opt/venv/lib/../lib/python3.11/site-packages/web"), "SITE/web/link -> .");
    check(&link("../../../../../../../../.."), "deny outside-environment VENV/web/link");
}

#[test]
fn lines_of_path_files_that_are_no_python() {
    for line in
        ["import a\\0b", "import ..", "import /etc/passwd", "import ../a", "import .", "\\0"]
    {
        let plan = plan(&format!("{VENV}\nVENV/x.pth = {line}\\n"), "/opt/venv").plan;
        assert!(plan.entries.iter().any(|entry| entry.to.name() == "x.pth"), "{line}");
    }
}

#[test]
fn names_of_distributions_that_are_none() {
    for name in ["x* /root", "$(id)", "..", "a b", "\\u{e9}", "-"] {
        check_metadata(
            &format!("Name: {name}\\nVersion: 1"),
            "+ one | + web | warn corrupt-metadata VENV/one-1.dist-info/METADATA",
        );
    }
    let of_directory = "warn corrupt-metadata VENV/x*-1.dist-info/METADATA";
    check("VENV/x*-1.dist-info/RECORD =\\n", of_directory);
}

#[test]
fn requirements_that_are_none() {
    let nested = format!("a; {}", "(".repeat(100_000));
    for line in ["a->=1", "a- ;x", "a.>1", "a_@x", "a; python_version<'3' \u{e9}", &nested] {
        check_metadata(
            &format!("Name: one\\nVersion: 1\\nRequires-Dist: {line}"),
            "+ one | + web | note corrupt-metadata one",
        );
    }
}

/// Where dpkg has one file for each package, as in distroless, the name is no part of a path.
#[test]
fn names_and_versions_of_packages_that_are_none() {
    let packages = [
        ("..", "1"),
        ("a/../../b", "1"),
        ("zlib1g;touch", "1"),
        ("$(id)", "1"),
        ("-y", "1"),
        ("zlib1g", "1 $(id)"),
        ("zlib1g", "1'"),
    ];
    for (name, version) in packages {
        let root = format!(
            "debian\npython /usr/local/bin/python3.11\nvenv /opt/venv\n\
             /var/lib/dpkg/status.d/z = Package: {name}\\nVersion: {version}\\n\n\
             /var/lib/dpkg/status.d/z.md5sums = 0  usr/lib/x86_64-linux-gnu/libz.so.1\\n\n\
             /usr/lib/x86_64-linux-gnu/libz.so.1 soname libz.so.1\n\
             wheel web has web.so needs libz.so.1"
        );
        let plan = plan(&root, "/opt/venv --pin").plan;
        assert!(plan.packages.install.is_empty(), "{name}: {:?}", plan.packages.install);
        let found = show::findings(&plan.findings);
        let corrupt = "warn corrupt-database /var/lib/dpkg/status.d/z";
        assert!(found.contains(&corrupt.to_owned()), "{name}: {found:?}");
    }
}

/// They would be parts of paths.
#[test]
fn names_of_packages_that_are_paths() {
    for name in ["..", ".", "/", "a/../../b", ""] {
        let root = format!(
            "{VENV}\n/var/lib/dpkg/status = Package: {name}\\nStatus: install ok installed\\n\
             Version: 1\\nArchitecture: amd64\\n"
        );
        let findings = plan(&root, "/opt/venv").plan.findings;
        compare(&root, &show::findings(&findings), "warn corrupt-database /var/lib/dpkg/status");
    }
}

#[test]
fn links_of_a_final_root_that_are_not_normal() {
    for target in ["usr/lib", "/usr/lib", "../usr/lib", "./usr//lib", "../../usr/./lib/", "..", "/"]
    {
        let base = format!("alpine\nremove /lib/ld-musl-x86_64.so.1\n/lib -> {target}");
        let _ = plan_over(VENV, &base, "/opt/venv");
    }
}
