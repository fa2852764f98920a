//! Reports as tables: what is in the root, what is asked about it, what is answered
//! ([`crate::scenario`]).

use super::{
    Detail, Step, Terminal, View, for_terminal, plan_text, report, report_text, similar_names, why,
    why_not_text, why_text,
};
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

/// An environment with long names, a cycle of requirements, and many packages.
const SHOP: &str = "debian 12 bookworm
    python /usr/bin/python3.11
    venv /opt/venv
    deb libpq5 15.8-0+deb12u1 depends libssl3 owns /usr/lib/x86_64-linux-gnu/libpq.so.5 needs libssl.so.3
    deb libssl3 3.0.14 owns /usr/lib/x86_64-linux-gnu/libssl.so.3
    deb libxml2 2.9.14+dfsg-1.3 owns /usr/lib/x86_64-linux-gnu/libxml2.so.2
    deb libmagic1 5.44-3 owns /usr/lib/x86_64-linux-gnu/libmagic.so.1
    deb libjpeg62-turbo 2.1.5-2 owns /usr/lib/x86_64-linux-gnu/libjpeg.so.62
    wheel shop from file:///src requires db pillow lxml-with-a-very-long-name-indeed has shop.py
    wheel db 2.0 requires pool has db/_db.so needs libpq.so.5 libc.so.6 libgone.so.1
    wheel pool requires db pillow has pool.py
    wheel pillow 10.4.0 requires lxml-with-a-very-long-name-indeed has PIL/_imaging.so needs libjpeg.so.62 libc.so.6
    wheel lxml-with-a-very-long-name-indeed 5.3.0.post20240901 has lxml/etree.so needs libxml2.so.2 libmagic.so.1 libjpeg.so.62 libpq.so.5 libc.so.6
    wheel tests requires pillow lxml-with-a-very-long-name-indeed has tests.py
    wheel pip has pip.py";

/// Every text at the width of a terminal.
#[track_caller]
fn show_texts(width: usize) -> String {
    let scenario = plan(SHOP, "/opt/venv --layers 8");
    let report = report(&scenario.inventory, &scenario.plan);
    let answer = |name| why_text(&why(&scenario.inventory, &scenario.plan, name));
    let of = |view| report_text(&report, &scenario.plan, view, Detail::Examples);
    let texts = [
        ("report", of(View::Lines)),
        ("report --tree", of(View::Tree)),
        ("report --files", of(View::Files)),
        ("report --verbose", report_text(&report, &scenario.plan, View::Lines, Detail::All)),
        ("plan", plan_text(&scenario.plan, false, Detail::Examples)),
        ("plan --files", plan_text(&scenario.plan, true, Detail::Examples)),
        ("why libpq5", answer("libpq5")),
        ("why pillow", answer("pillow")),
        ("why-not pip", why_not_text(&why(&scenario.inventory, &scenario.plan, "pip"))),
    ];
    let terminal = Terminal { width: Some(width), ..Terminal::default() };
    let mut shown = String::new();
    for (title, text) in texts {
        let plain = anstream::adapter::strip_str(&for_terminal(&text, terminal)).to_string();
        let is_fit = |line: &str| textwrap::core::display_width(line) <= width;
        // The terminal breaks a long path.
        let is_word = |line: &str| line.split_whitespace().any(|word| word.len() > width / 2);
        let long: Vec<&str> = plain.lines().filter(|one| !is_fit(one) && !is_word(one)).collect();
        assert!(long.is_empty(), "{title}: {long:#?}");
        shown += &format!("=== {title}\n{plain}\n");
    }
    shown
}

#[test]
fn texts_in_80_columns() {
    insta::assert_snapshot!(show_texts(80));
}

#[test]
fn texts_in_120_columns() {
    insta::assert_snapshot!(show_texts(120));
}
