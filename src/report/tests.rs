//! Reports as tables: what is in the root, what is asked about it, what is answered
//! ([`crate::scenario`]).

use super::{Detail, Step, for_terminal, report, report_text, similar_names, why};
use crate::scenario::{compare, plan};

const ROOT: &str = "alpine
    python /usr/local/bin/python3.11
    venv /opt/venv
    apk libssl3 3.3 depends musl owns /lib/libssl.so.3
    apk libpq 16.4 depends libssl3 owns /usr/lib/libpq.so.5 needs libssl.so.3
    /usr/lib/libmine.so elf
    wheel web from file:///src requires db has web.py
    wheel db 2.0 has db/_db.so needs libpq.so.5 libc.musl-x86_64.so.1
    wheel other has other.so needs libmine.so libgone.so
    wheel pip has pip.py";

/// Chains of steps, each `web > db > file _db.so > libpq.so.5 > package libpq`, and what is left
/// out.
#[track_caller]
fn check(name: &str, ask: &str, expect: &str) {
    check_in(ROOT, name, ask, expect);
}

#[track_caller]
fn check_in(root: &str, name: &str, ask: &str, expect: &str) {
    let scenario = plan(root, &format!("/opt/venv {ask}"));
    let answer = why(&scenario.inventory, &scenario.plan, name);
    // Text in brackets is prose.
    let bare = |name: &str| name.split(" (").next().unwrap_or_default().to_owned();
    let step = |step: &Step| match step {
        Step::Distribution(name) => bare(name),
        Step::File(name) => format!("file {}", bare(name).rsplit('/').next().unwrap_or_default()),
        Step::Library(name) => name.split(" -> ").next().unwrap_or_default().to_owned(),
        Step::Package(name) => format!("package {}", bare(name)),
    };
    let chains =
        answer.chains.iter().map(|chain| chain.iter().map(step).collect::<Vec<_>>().join(" > "));
    let left = answer.stays.iter().map(|stay| format!("left {}", stay.subject));
    compare(root, &chains.chain(left).collect::<Vec<_>>(), expect);
}

/// `module needs name: state package`.
#[track_caller]
fn check_modules(ask: &str, expect: &str) {
    let scenario = plan(ROOT, &format!("/opt/venv {ask}"));
    let report = report(&scenario.inventory, &scenario.plan);
    let mut lines = Vec::new();
    for module in &report.modules {
        let distribution = module.distribution.as_deref().unwrap_or("-");
        for need in &module.needs {
            let package = need.package.as_deref().unwrap_or("-");
            let by = need.by.name();
            lines
                .push(format!("{distribution} {by} needs {}: {} {package}", need.name, need.state));
        }
    }
    compare(ROOT, &lines, expect);
}

#[test]
fn why_a_distribution() {
    check("web", "", "web 1.0");
    check("db", "", "web > db 2.0");
    check("DB", "--require web", "web > db 2.0");
    check("pip", "", "left pip 1.0");
    check("other", "--require web", "left other 1.0");
    check("gone", "", "");
}

#[test]
fn why_a_library_or_a_package() {
    check("libpq.so.5", "", "web > db > file _db.so > libpq.so.5 > package libpq");
    check("libpq", "", "web > db > file _db.so > libpq.so.5 > package libpq");
    check(
        "libssl3",
        "",
        "web > db > file _db.so > libpq.so.5 > libssl.so.3 > package libssl3
            package libpq > package libssl3",
    );
    check("libssl.so.3", "", "web > db > file _db.so > libpq.so.5 > libssl.so.3 > package libssl3");
    check("libpq", "--native vendor", "web > db > file _db.so > libpq.so.5 > package libpq");
    check("libmine.so", "", "other > file other.so > libmine.so");
    check("musl", "", "left musl 1.2.5-r0");
    // The interpreter is not bundled, and what a run opened counts all the same.
    for name in ["libpq", "libpq.so.5"] {
        check(
            name,
            "--require other --observed /usr/lib/libpq.so.5",
            "file python3.11 > libpq.so.5 > package libpq",
        );
    }
    // Only of bundled distributions.
    check("libpq", "--require other", "left libpq 16.4");
}

#[test]
fn why_a_file() {
    check("_db.so", "", "web > db > file _db.so");
    check("/opt/app/lib/python3.11/site-packages/web.py", "", "web > file web.py");
    check("/opt/venv/lib/python3.11/site-packages/web.py", "", "web > file web.py");
    check("/usr/lib/libmine.so", "", "other > file other.so > libmine.so");
    check("/opt/app/pyvenv.cfg", "", "file pyvenv.cfg");
    check("pip.py", "", "left /opt/venv/lib/python3.11/site-packages/pip.py");
}

/// Distributions whose modules have other names, and an OS package with the name of a module.
const MODULES: &str = "alpine
    python /usr/local/bin/python3.11
    venv /opt/venv
    apk yaml 0.2.5 depends musl owns /usr/lib/libyaml-0.so.2
    /src/shop/tasks.py = X = 1\\n
    wheel shop 1.0 editable file:///src requires pillow has shop-1.pth
    VENV/shop-1.pth = /src\\n
    wheel pillow 10.2 has PIL/Image.py PIL/_imaging.so needs libyaml-0.so.2 pillow.libs/libz.so
    wheel opencv-python-headless 4.9 has cv2/cv2.abi3.so
    wheel python-dateutil 2.9 has dateutil/__init__.py
    wheel PyYAML 6.0 has yaml/__init__.py _yaml.cpython-311-x86_64-linux-musl.so
    wheel protobuf 5.0 has google/protobuf/message.py
    wheel google-auth 2.0 has google/auth/__init__.py
    wheel six 1.16 has six.py
    wheel pip has pip/__init__.py
    wheel setuptools has pkg_resources/__init__.py";

#[test]
fn why_a_module() {
    for (name, ask, expect) in [
        ("PIL", "", "shop > pillow 10.2"),
        ("PIL.Image", "", "shop > pillow 10.2"),
        ("cv2", "", "opencv-python-headless 4.9"),
        ("cv2", "--require shop", "left opencv-python-headless 4.9"),
        ("dateutil", "", "python-dateutil 2.9"),
        ("_yaml", "", "PyYAML 6.0"),
        ("six", "", "six 1.16"),
        // A namespace package of two.
        ("google", "", "google-auth 2.0\n protobuf 5.0"),
        ("google.protobuf", "", "protobuf 5.0"),
        ("google.cloud", "", ""),
        // The package has the name too, and bundled files need it.
        ("yaml", "", "shop > pillow > file _imaging.so > libyaml-0.so.2 > package yaml"),
        ("pkg_resources", "", "left setuptools 1.0"),
        // Source of an editable install.
        ("shop.tasks", "", "shop 1.0"),
        // No module: a path, an ending, the beginning of a name.
        ("google/protobuf", "", ""),
        ("PI", "", ""),
    ] {
        check_in(MODULES, name, ask, expect);
    }
}

#[test]
fn names_that_are_almost_right() {
    let scenario = plan(MODULES, "/opt/venv");
    for (typed, expect) in [
        ("pilow", "pillow"),
        ("pil", "PIL"),
        ("CV2", "cv2"),
        ("pyaml", "PyYAML _yaml yaml"),
        ("dateutils", "dateutil"),
        ("python_dateutils", "python-dateutil"),
        ("libyaml-0.so.1", "libyaml-0.so.2"),
        ("setup-tools", "setuptools"),
        ("nobody", ""),
        ("", ""),
    ] {
        let similar = similar_names(&scenario.inventory, &scenario.plan, typed).join(" ");
        assert_eq!(similar, expect, "{typed}");
    }
}

#[test]
fn modules_with_what_they_need() {
    check_modules(
        "",
        "db _db.so needs libpq.so.5: found libpq
            db _db.so needs libc.musl-x86_64.so.1: built-in -
            db libpq.so.5 needs libssl.so.3: found libssl3
            other other.so needs libmine.so: found -
            other other.so needs libgone.so: unresolved -",
    );
    check_modules(
        "--require web",
        "db _db.so needs libpq.so.5: found libpq
            db _db.so needs libc.musl-x86_64.so.1: built-in -
            db libpq.so.5 needs libssl.so.3: found libssl3",
    );
    check_modules("--require pip", "");
}

#[test]
fn the_tree_for_people() {
    let scenario = plan(ROOT, "/opt/venv --require web");
    let text = report_text(&report(&scenario.inventory, &scenario.plan), Detail::Examples);
    let plain = anstream::adapter::strip_str(&for_terminal(&text)).to_string();
    // The tree itself; the text around it is prose.
    let tree: Vec<String> = plain
        .lines()
        .filter(|line| line.contains("── ") || line.starts_with("db") || line.starts_with("web"))
        .map(|line| line.trim().split("  ").next().unwrap_or_default().to_owned())
        .collect();
    compare(
        ROOT,
        &tree,
        "db 2.0
            └── /opt/venv/lib/python3.11/site-packages/db/_db.so
            ├── libpq.so.5 → libpq 16.4
            └── libc.musl-x86_64.so.1 → built-in
            web 1.0",
    );
}
