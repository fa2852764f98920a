//! Where every file of an environment goes, and which files are left out.

use crate::scenario::{compare, plan, show};

const VENV: &str = "alpine\npython /usr/local/bin/python3.11\nvenv /opt/venv";

/// In a virtual environment.
#[track_caller]
fn check(root: &str, ask: &str, expect: &str) {
    check_root(&format!("{VENV}\n{root}"), &format!("/opt/venv {ask}"), expect);
}

#[track_caller]
fn check_root(root: &str, ask: &str, expect: &str) {
    let plan = plan(root, ask).plan;
    compare(
        root,
        &[show::tree(&plan), show::left(&plan), show::findings(&plan.findings)].concat(),
        expect,
    );
}

#[test]
fn a_virtual_environment() {
    check(
        "wheel web has web/__init__.py web/static/a.css",
        "",
        "SITE/web/__init__.py | SITE/web/static/a.css",
    );
    check(
        "wheel web has web.py ../../../share/web/a.txt ../../../etc/web.conf",
        "",
        "APP/etc/web.conf | SITE/web.py | APP/share/web/a.txt",
    );
    check(
        "wheel web has ../../../include/site/python3.11/web/web.h web.py",
        "",
        "APP/include/site/python3.11/web/web.h | SITE/web.py",
    );
    check(
        "wheel web has web.py\nVENV/local.py = x\n/opt/venv/notes.txt = x",
        "",
        "SITE/local.py | SITE/web.py | APP/notes.txt",
    );
    check("wheel web has web.py", "--prefix /srv/web", "SITE/web.py");
    // The same path as in the builder.
    check("wheel web has web.py", "--prefix /opt/venv", "SITE/web.py");
}

#[test]
fn what_every_bundle_has() {
    let root = format!("{VENV}\nwheel a has a.py");
    let plan = plan(&root, "/opt/venv").plan;
    compare(
        &root,
        &show::whole_tree(&plan),
        "APP/bin/python -> /usr/local/bin/python3.11
            APP/bin/python3 -> python
            APP/bin/python3.11 -> python
            SITE/a-1.0.dist-info/INSTALLER = wheelbarrow
            SITE/a-1.0.dist-info/METADATA
            SITE/a-1.0.dist-info/RECORD made
            SITE/a-1.0.dist-info/WHEEL
            SITE/a.py
            APP/lib/wheelbarrow/manifest made
            APP/pyvenv.cfg = home = /usr/local/bin\\ninclude-system-site-packages = false\\n\
             version = 3.11.9",
    );
}

#[test]
fn what_an_installer_made_for_the_builder_is_left_out() {
    check(
        "wheel a has a.py\n/opt/venv/bin/activate = x\n/opt/venv/.gitignore = *",
        "",
        "APP/bin/activate written | SITE/a.py | left /opt/venv/.gitignore | left /opt/venv/bin/activate",
    );
    check(
        "wheel a has a.py\nVENV/_virtualenv.py = x\nVENV/_virtualenv.pth = import _virtualenv",
        "",
        "SITE/a.py | left VENV/_virtualenv.pth | left VENV/_virtualenv.py",
    );
    check(
        "wheel a has a.py\n/opt/venv/pipx_metadata.json = x\n/opt/venv/uv-receipt.toml = x",
        "",
        "SITE/a.py | left /opt/venv/pipx_metadata.json | left /opt/venv/uv-receipt.toml",
    );
    check(
        "wheel a has a.py a.pyc __pycache__/a.cpython-311.pyc",
        "",
        "SITE/a.py | left VENV/a.pyc",
    );
    check(
        "wheel a has a.py\nwheel pip has pip/__init__.py ../../../bin/pip",
        "",
        "SITE/a.py | left /opt/venv/bin/pip | left VENV/pip/__init__.py",
    );
}

#[test]
fn links() {
    check("wheel a has a.py\nVENV/b.py -> a.py", "", "SITE/a.py | SITE/b.py -> a.py");
    check("wheel a has a.py\nVENV/x/b.py -> ../a.py", "", "SITE/a.py | SITE/x/b.py -> ../a.py");
    check("wheel a has a.py\nVENV/b.py -> VENV/a.py", "", "SITE/a.py | SITE/b.py -> a.py");
    check(
        "wheel a has a.py ../../../share/x.py\n/opt/venv/bin/a.py -> ../share/x.py",
        "",
        "APP/bin/a.py -> ../share/x.py | SITE/a.py | APP/share/x.py",
    );
    check("wheel a has a.py\n/opt/venv/lib64 -> lib", "", "SITE/a.py | left /opt/venv/lib64");
}

#[test]
fn links_with_dots() {
    // As the root goes, and the shortest way in the bundle; a plain way is kept as it is written.
    for target in [
        "/opt/venv/bin/../lib/python3.11/site-packages/a.py",
        "//opt/./venv//lib/python3.11/site-packages/a.py",
        "/opt/venv/lib64/python3.11/site-packages/a.py",
        "x/../a.py",
    ] {
        let root = format!(
            "wheel a has a.py\n/opt/venv/lib64 -> lib\nVENV/x/y = x\nVENV/b.py -> {target}"
        );
        check(&root, "", "SITE/a.py | SITE/b.py -> a.py | SITE/x/y | left /opt/venv/lib64");
    }
    check("wheel a has a.py\nVENV/b.py -> ./a.py", "", "SITE/a.py | SITE/b.py -> ./a.py");
    // Up again after a name.
    check(
        "wheel a has a.py\n/data/b.py = x\nVENV/x/y.py = x\nVENV/b.py -> x/../../../../../../data/b.py",
        "",
        "SITE/a.py | SITE/b.py | SITE/x/y.py",
    );
    // Where a directory is a link, `..` is beside that which it leads to.
    check(
        "wheel a has a.py\n/data/a.py = x\n/data/d/x.py = x\nVENV/d -> /data/d\nVENV/b.py -> d/../a.py",
        "",
        "SITE/a.py | SITE/b.py | SITE/d/x.py",
    );
}

#[test]
fn links_out_of_the_environment() {
    const A: &str = "wheel a has a.py";
    // As if the target had been copied there.
    check(&format!("{A}\n/data/b.py = x\nVENV/b.py -> /data/b.py"), "", "SITE/a.py | SITE/b.py");
    check(
        &format!("{A}\n/data/b.py = x\nVENV/b.py -> ../../../../../data/b.py"),
        "",
        "SITE/a.py | SITE/b.py",
    );
    check(
        &format!("{A}\n/data/x/y.txt = x\n/opt/venv/share -> /data"),
        "",
        "SITE/a.py | APP/share/x/y.txt",
    );
    // Over several links, the last one in the environment.
    check(
        &format!("{A}\n/data/b -> /data/c\n/data/c -> VENV/a.py\nVENV/b.py -> /data/b"),
        "",
        "SITE/a.py | SITE/b.py -> a.py",
    );
    // Links of a linked folder: inside of it, out of it, and up.
    check(
        &format!(
            "{A}
                /src/b/x.py = x\n/src/b/y.py -> x.py\n/src/b/z.py -> ../z.py\n/src/z.py = x
                /src/b/up -> .\n/src/b/far -> ../more\n/src/more/w.py = x\n/src/more/back -> ../b
                VENV/b -> /src/b"
        ),
        "",
        "SITE/a.py | SITE/b/far/back -> ../ | SITE/b/far/w.py | SITE/b/up -> . | SITE/b/x.py
            SITE/b/y.py -> x.py | SITE/b/z.py",
    );
    // A folder that has the link in it has no end.
    check(
        &format!("{A}\nVENV/b -> /opt"),
        "",
        "SITE/a.py | left VENV/b | deny outside-environment VENV/b",
    );
    // The system has these in every container.
    check(
        &format!(
            "{A}\n/dev/stdout = x\n/opt/venv/log -> /dev/stdout\n/etc/hosts = x\nVENV/h -> /etc/hosts"
        ),
        "",
        "SITE/a.py | SITE/h -> /etc/hosts | APP/log -> /dev/stdout",
    );
}

#[test]
fn files_that_are_links_into_a_cache() {
    // As `uv pip install --link-mode symlink` leaves them.
    check(
        "/cache/a.py = x\n/cache/b.so elf\n/cache/x.pth = VENV/vendor\\n\nVENV/vendor/v.py = x
            VENV/a/a.py -> /cache/a.py\nVENV/a/b.so -> /cache/b.so\nVENV/x.pth -> /cache/x.pth
            wheel a has a/a.py a/b.so x.pth",
        "",
        "SITE/a/a.py | SITE/a/b.so | SITE/vendor/v.py | SITE/x.pth = vendor",
    );
    // A linked package whose files are recorded.
    check(
        "/src/a/__init__.py = x\nVENV/a -> /src/a\nwheel a has a/__init__.py",
        "",
        "SITE/a/__init__.py",
    );
}

#[test]
fn links_to_files_of_packages() {
    check(
        "wheel a has a.py
            apk py3-gi depends so:libgi.so.1 owns /usr/lib/python3/gi/__init__.py /usr/lib/python3/gi/o.py
            VENV/gi -> /usr/lib/python3/gi
            apk ca owns /etc/ssl/cert.pem
            VENV/cert.pem -> /etc/ssl/cert.pem",
        "",
        "SITE/a.py | SITE/cert.pem -> /etc/ssl/cert.pem | SITE/gi -> /usr/lib/python3/gi",
    );
}

#[test]
fn path_files_that_lead_to_packages() {
    let root = "alpine\npython /usr/local/bin/python3.11\nvenv /opt/venv\nwheel a has a.py
        apk py3-gi owns /usr/lib/dist/gi/__init__.py
        apk py3-pip owns /usr/lib/dist/pip/__init__.py
        /usr/lib/dist/own.py = x
        VENV/x.pth = /usr/lib/dist\\n";
    let plan = plan(root, "/opt/venv").plan;
    let lines = [show::tree(&plan), show::packages(&plan)];
    compare(
        root,
        &lines.concat(),
        "SITE/a.py | SITE/own.py | SITE/x.pth = /usr/lib/dist | install py3-gi",
    );
}

#[test]
fn data_beside_a_system_interpreter() {
    let root = "alpine\npython /usr/local/bin/python3.11
        site /usr/local/lib/python3.11/site-packages\nwheel a has a.py
        /usr/local/etc/jupyter/x.json = x\n/usr/local/share/app/y = x\n/usr/local/share/empty/
        /usr/local/share/man/man1/python3.1 = x\n/usr/local/go/bin/go = x";
    check_root(
        root,
        "/usr/local/bin/python3.11",
        "APP/etc/jupyter/x.json | SITE/a.py | APP/share/app/y | note unrecorded-data /usr/local",
    );
}

#[test]
fn programs_with_capabilities() {
    check(
        "wheel a has a.py\n/opt/venv/bin/serve elf\nsetcap /opt/venv/bin/serve",
        "",
        "APP/bin/serve | SITE/a.py | warn file-capabilities /opt/venv",
    );
    check(
        "wheel a has a.py\nsetcap /usr/local/bin/python3.11",
        "",
        "SITE/a.py | warn file-capabilities /opt/venv",
    );
}

#[test]
fn empty_directories() {
    check(
        "wheel a has a.py\n/opt/venv/var/log/\nVENV/a_data/\n/opt/venv/include/python3.11/",
        "",
        "SITE/a.py | SITE/a_data/ | APP/var/log/ | left /opt/venv/include/python3.11",
    );
    // Bytecode makes no directory.
    check("wheel a has a.py\nVENV/old/__pycache__/x.pyc = x", "", "SITE/a.py");
}

#[test]
fn bytecode_without_its_source() {
    check(
        "wheel a has a/__init__.pyc a/b.pyc a/c.py a/c.pyc",
        "",
        "SITE/a/__init__.pyc | SITE/a/b.pyc | SITE/a/c.py | left VENV/a/c.pyc",
    );
    // compileall -b, then the source is deleted.
    check("wheel a has a/b.py\nremove VENV/a/b.py\nVENV/a/b.pyc = x", "", "SITE/a/b.pyc");
    check("wheel a has a.py b.pyc\nremove VENV/b.pyc", "", "SITE/a.py | warn missing-file a");
}

#[test]
fn links_that_lead_nowhere() {
    // In the builder.
    for target in ["gone.py", "/opt/venv/gone.py", "b.py", "a.py/x", "x/../a.py"] {
        let root = format!("wheel a has a.py\nVENV/b.py -> {target}");
        check(&root, "", "SITE/a.py | left VENV/b.py | warn dangling-link VENV/b.py");
    }
    // In the bundle.
    check(
        "wheel a has a.py\nwheel pip has pip/x.py\nVENV/b.py -> pip/x.py",
        "",
        "SITE/a.py | left VENV/b.py | left VENV/pip/x.py | warn outside-environment VENV/b.py",
    );
    check(
        "wheel a has a.py\nwheel pip has pip/x.py\nVENV/b -> pip\nVENV/c -> b\nVENV/d -> a.py",
        "",
        "SITE/a.py
            SITE/d -> a.py
            left VENV/b
            left VENV/c
            left VENV/pip/x.py
            warn outside-environment VENV/b
            warn outside-environment VENV/c",
    );
    // A name before `..` may be a link in the final root: such a target is replaced.
    check(
        "wheel a has a/x.py b.py\nVENV/c.py -> a/../b.py\nVENV/d -> a/../../../../../../srv\n/srv/x = x",
        "",
        "SITE/a/x.py | SITE/b.py | SITE/c.py -> b.py | SITE/d/x",
    );
    // A directory is bundled when something in it is.
    check(
        "wheel a has a/x.py\nwheel pip has a/pip.py\nVENV/b -> a",
        "",
        "SITE/a/x.py | SITE/b -> a | left VENV/a/pip.py",
    );
}

#[test]
fn what_is_recorded_outside_of_the_environment() {
    check(
        "wheel a has a.py /etc/a.conf",
        "",
        "SITE/a.py | left /etc/a.conf | deny outside-environment a",
    );
    check(
        "wheel a has a.py /opt/venv-data/x",
        "",
        "SITE/a.py | left /opt/venv-data/x | deny outside-environment a",
    );
}

#[test]
fn path_files() {
    check(
        "wheel a has a.py\nVENV/x.pth = vendor\\n\nVENV/vendor/b.py = x",
        "",
        "SITE/a.py | SITE/vendor/b.py | SITE/x.pth",
    );
    check(
        "wheel a has a.py\nVENV/x.pth = VENV/vendor\\n\nVENV/vendor/b.py = x",
        "",
        "SITE/a.py | SITE/vendor/b.py | SITE/x.pth = vendor",
    );
    check(
        "wheel a has a.py\nVENV/x.pth = /data\\n\n/data/mod.py = x",
        "",
        "SITE/a.py | SITE/mod.py | left VENV/x.pth",
    );
    check("wheel a has a.py x.pth\nVENV/x.pth = import os\\n", "", "SITE/a.py | SITE/x.pth");
    for line in ["import s\0x", "import /x", "import os, s\0x"] {
        check(
            &format!("wheel a has a.py\nVENV/x.pth = {line}\\n"),
            "",
            "SITE/a.py | SITE/x.pth | warn runs-at-start VENV/x.pth",
        );
    }
    check(
        "wheel a has a.py\nVENV/x.pth = import gone\\n",
        "",
        "SITE/a.py | SITE/x.pth | warn runs-at-start VENV/x.pth",
    );
    check(
        "wheel a has a.py\nVENV/x.pth = import a; a.start('/opt/venv')\\n",
        "",
        "SITE/a.py | SITE/x.pth | warn runs-at-start VENV/x.pth",
    );
    check(
        "wheel a has a.py
            wheel setuptools has _distutils_hack/__init__.py
            VENV/x.pth = import _distutils_hack\\n",
        "",
        "SITE/a.py
            SITE/x.pth
            left VENV/_distutils_hack/__init__.py
            warn runs-at-start VENV/x.pth",
    );
}

#[test]
fn editable_installs() {
    const SOURCE: &str = "/src/web/__init__.py = x\n/src/tests/test.py = x\n/src/setup.py = x";
    let editable = |lead: &str| {
        format!("{SOURCE}\nwheel web editable file:///src has web.pth\nVENV/web.pth = {lead}\\n")
    };
    check(
        &editable("/src"),
        "",
        "SITE/web/__init__.py | left VENV/web.pth | note editable-install /src",
    );
    check(&editable("/gone"), "", "left VENV/web.pth | deny editable-install VENV/web.pth");
    check(
        "wheel web editable file:///src has web.py",
        "",
        "SITE/web.py | deny editable-install web",
    );
    let finder =
        "VENV/__editable___web_finder.py = MAPPING: dict[str, str] = {'web': '/src/web'}\\n";
    check(
        &format!(
            "{SOURCE}
                {finder}
                wheel web editable file:///src
                    has __editable__.web.pth __editable___web_finder.py
                VENV/__editable__.web.pth = import __editable___web_finder\\n"
        ),
        "",
        "SITE/web/__init__.py
            left VENV/__editable__.web.pth
            left VENV/__editable___web_finder.py",
    );
    let link = "VENV/web.egg-link = /src\\n.\\n\nVENV/easy-install.pth = /src\\n";
    check(
        &format!("{SOURCE}\n{link}\n/src/web.egg-info/PKG-INFO = Name: web\\nVersion: 1\\n"),
        "",
        "SITE/web.egg-info/PKG-INFO
            SITE/web/__init__.py
            left VENV/easy-install.pth
            left VENV/web.egg-link
            note editable-install /src",
    );
}

#[test]
fn editable_source_of_any_layout() {
    let editable = |source: &str| {
        format!("{source}\nwheel web editable file:///src has web.pth\nVENV/web.pth = /src\\n")
    };
    check(
        &editable("/src/acme/data/in/__init__.py = x\n/src/acme/api/x.py = x\n/src/tasks.py = x"),
        "",
        "SITE/acme/api/x.py | SITE/acme/data/in/__init__.py | SITE/tasks.py | left VENV/web.pth",
    );
    // Links of the source: a package, a file of a package, a module.
    check(
        &editable(
            "/shared/__init__.py = x\n/schema.json = x\n/one.py = x\n/src/web/__init__.py = x
                /src/shared -> ../shared\n/src/web/schema.json -> ../../schema.json\n/src/m.py -> /one.py",
        ),
        "",
        "SITE/m.py | SITE/shared/__init__.py | SITE/web/__init__.py | SITE/web/schema.json
            left VENV/web.pth",
    );
    // A finder names the link.
    check(
        "/common/__init__.py = x\n/src/shared -> ../common
            VENV/__editable___web_finder.py = MAPPING = {'shared': '/src/shared'}\\n
            VENV/__editable__.web.pth = import __editable___web_finder\\n
            wheel web editable file:///src has __editable__.web.pth __editable___web_finder.py",
        "",
        "SITE/shared/__init__.py
            left VENV/__editable__.web.pth
            left VENV/__editable___web_finder.py",
    );
    // Source that was linked by hand.
    check("/src/web/__init__.py = x\nVENV/web -> /src/web\nwheel a", "", "SITE/web/__init__.py");
    // Nothing to import.
    check(
        &editable("/src/README = x"),
        "",
        "left VENV/web.pth | deny editable-install VENV/web.pth",
    );
    check(
        "VENV/__editable___web_finder.py = MAPPING: dict[str, str] = {}\\n
            VENV/__editable__.web.pth = import __editable___web_finder\\n
            wheel web editable file:///src has __editable__.web.pth __editable___web_finder.py",
        "",
        "left VENV/__editable__.web.pth | left VENV/__editable___web_finder.py",
    );
}

#[test]
fn every_recorded_file_is_accounted_for() {
    let check = |root: &str, ask: &str, expect: &str| {
        let plan = plan(&format!("{VENV}\n{root}"), &format!("/opt/venv {ask}")).plan;
        assert_eq!(plan.recorded.text(), expect, "{root}");
        assert!(!show::findings(&plan.findings).iter().any(|one| one.contains("lost-file")));
    };
    // INSTALLER, METADATA, RECORD and WHEEL are recorded, too.
    check("wheel a has a.py\nwheel pip has pip.py", "", "5 of 5 recorded files");
    check(
        "wheel a script a=a:main has a.py a.pyc __pycache__/a.cpython-311.pyc gone.py
            remove VENV/gone.py",
        "",
        "7 of 9 recorded files; left out: bytecode (2)",
    );
    check(
        "wheel a has a/b.py a/tests/x.py a/tests/y.py a/b.pyi asked",
        "--slim tests --slim stubs",
        "5 of 9 recorded files; left out: removed by --slim (3), receipts (1)",
    );
    check("/src/b/x.py = x\nVENV/b -> /src/b\nwheel a has b/x.py", "", "5 of 5 recorded files");
    check(
        "apk gi owns /usr/lib/gi/x.py\nVENV/gi -> /usr/lib/gi\nwheel a has gi/x.py",
        "",
        "5 of 5 recorded files",
    );
}

#[test]
fn bytecode_is_compiled_when_asked() {
    check(
        "wheel web has web/__init__.py web/data.txt",
        "--compile",
        "SITE/web/__init__.py
            SITE/web/__pycache__/__init__.cpython-311.pyc compiled
            SITE/web/data.txt",
    );
    check(
        "wheel web script web=web:main has web.py ../../../share/x.py",
        "--compile",
        "APP/bin/web starts python beside it
            SITE/__pycache__/web.cpython-311.pyc compiled
            SITE/web.py
            APP/share/x.py",
    );
}
