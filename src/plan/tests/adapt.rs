//! Changes inside of files: run paths and prefixes.

use crate::scenario::{compare, plan, show};

#[track_caller]
fn check(root: &str, ask: &str, expect: &str) {
    let plan = plan(root, &format!("/opt/venv {ask}")).plan;
    let lines = [show::tree(&plan), show::findings(&plan.findings)].concat();
    compare(root, &lines, expect);
}

/// Without notes: every library here is owned by nobody.
#[track_caller]
fn vendored(libraries: &str, wheel: &str, expect: &str) {
    const SYSTEM: &str = "debian\npython /usr/local/bin/python3.11\nvenv /opt/venv";
    let root = format!("{SYSTEM}\n{libraries}\nwheel a has {wheel}");
    let plan = plan(&root, "/opt/venv --native vendor").plan;
    let findings =
        show::findings(&plan.findings).into_iter().filter(|line| !line.starts_with("note"));
    compare(&root, &show::tree(&plan).into_iter().chain(findings).collect::<Vec<_>>(), expect);
}

#[test]
fn libraries_that_only_the_cache_leads_to() {
    const ONE: &str = "/opt/lib/libone.so.1 elf\nldconfig /opt/lib";
    vendored(
        ONE,
        "a/x.so needs libone.so.1",
        "SITE/a/x.so gets $ORIGIN/../../../wheelbarrow
            APP/lib/wheelbarrow/libone.so.1
            /opt/lib/libone.so.1 -> ../app/lib/wheelbarrow/libone.so.1",
    );
    // A run path that is there stays, and stays in front.
    vendored(
        ONE,
        "a/x.so needs libone.so.1 runpath $ORIGIN",
        "SITE/a/x.so gets $ORIGIN/../../../wheelbarrow
            APP/lib/wheelbarrow/libone.so.1
            /opt/lib/libone.so.1 -> ../app/lib/wheelbarrow/libone.so.1",
    );
    vendored(
        ONE,
        "a/x.so needs libone.so.1 rpath $ORIGIN",
        "SITE/a/x.so gets $ORIGIN/../../../wheelbarrow
            APP/lib/wheelbarrow/libone.so.1
            /opt/lib/libone.so.1 -> ../app/lib/wheelbarrow/libone.so.1",
    );
    // A file that finds it by its own run path needs nothing.
    vendored(
        ONE,
        "a/x.so needs libone.so.1 runpath /opt/lib",
        "SITE/a/x.so | /opt/lib/libone.so.1",
    );
    vendored(
        "/opt/lib/libone.so.1.2 elf\n/opt/lib/libone.so.1 -> libone.so.1.2\nldconfig /opt/lib",
        "a/x.so needs libone.so.1",
        "SITE/a/x.so gets $ORIGIN/../../../wheelbarrow
            APP/lib/wheelbarrow/libone.so.1 -> libone.so.1.2
            APP/lib/wheelbarrow/libone.so.1.2
            /opt/lib/libone.so.1 -> libone.so.1.2
            /opt/lib/libone.so.1.2 -> ../app/lib/wheelbarrow/libone.so.1.2",
    );
    vendored(
        "/opt/lib/libone.so needs libtwo.so\n/opt/lib/libtwo.so elf\nldconfig /opt/lib",
        "a/x.so needs libone.so",
        "SITE/a/x.so gets $ORIGIN/../../../wheelbarrow
            APP/lib/wheelbarrow/libone.so gets $ORIGIN
            APP/lib/wheelbarrow/libtwo.so
            /opt/lib/libone.so -> ../app/lib/wheelbarrow/libone.so
            /opt/lib/libtwo.so -> ../app/lib/wheelbarrow/libtwo.so",
    );
    // One name, two files: each has a directory of its own.
    vendored(
        "/opt/a/libone.so.1 elf\n/opt/b/libone.so.1 elf\nldconfig /opt/a",
        "a/x.so needs libone.so.1 has b/y.so needs libone.so.1 runpath /opt/b",
        "/opt/a/libone.so.1 -> ../app/lib/wheelbarrow/opt/a/libone.so.1
            SITE/a/x.so gets $ORIGIN/../../../wheelbarrow/opt/a
            SITE/b/y.so
            APP/lib/wheelbarrow/opt/a/libone.so.1
            /opt/b/libone.so.1",
    );
}

#[test]
fn the_path_file_of_musl() {
    let root = "alpine
        python /usr/local/bin/python3.11
        venv /opt/venv
        /etc/ld-musl-x86_64.path = /lib:/opt/lib\\n
        /opt/lib/libone.so elf
        wheel a has x.so needs libone.so";
    check(
        root,
        "--explicit",
        "/etc/ld-musl-x86_64.path
            SITE/x.so
            /opt/lib/libone.so
            note unowned-library /opt/lib/libone.so",
    );
    check(
        root,
        "--native vendor",
        "SITE/x.so gets $ORIGIN/../../wheelbarrow
            APP/lib/wheelbarrow/libone.so
            /opt/lib/libone.so -> ../app/lib/wheelbarrow/libone.so
            note unowned-library /opt/lib/libone.so",
    );
    check(
        root,
        "--explicit --base python:3.11-alpine3.20",
        "/etc/ld-musl-x86_64.path
            SITE/x.so
            /opt/lib/libone.so
            note unowned-library /opt/lib/libone.so",
    );
    check(
        root,
        "--with-interpreter",
        "/etc/os-release = ID=alpine\\nVERSION_ID=3.20.3\\nPRETTY_NAME=\"Alpine 3.20.3\"
            /lib/ld-musl-x86_64.so.1
            SITE/x.so gets $ORIGIN/../../wheelbarrow
            APP/lib/wheelbarrow/libone.so
            /opt/lib/libone.so -> ../app/lib/wheelbarrow/libone.so
            /usr/local/bin/python -> python3.11
            /usr/local/bin/python3 -> python3.11
            /usr/local/bin/python3.11
            /usr/local/lib/python3.11/json/__init__.py
            /usr/local/lib/python3.11/os.py
            /usr/local/lib/python3.11/sqlite3/__init__.py
            note unowned-library /opt/lib/libone.so",
    );
}

#[test]
fn a_file_has_several_edits() {
    check(
        "debian
            python /usr/local/bin/python3.11
            venv /opt/venv
            /opt/lib/libone.so.1 elf
            ldconfig /opt/lib
            wheel a has a/x.so needs libone.so.1",
        "--native vendor --slim strip",
        "SITE/a/x.so stripped gets $ORIGIN/../../../wheelbarrow
            APP/lib/wheelbarrow/libone.so.1 stripped
            /opt/lib/libone.so.1 -> ../app/lib/wheelbarrow/libone.so.1
            note unowned-library /opt/lib/libone.so.1",
    );
}

#[test]
fn absolute_paths_into_the_environment() {
    let check_both = |root: &str, ask: &str, expect: &str| {
        for system in ["alpine", "debian"] {
            let system = format!("{system}\npython /usr/local/bin/python3.11\nvenv /opt/venv");
            check(&format!("{system}\n{root}"), ask, expect);
        }
    };
    // The library is data of the distribution; two files share it.
    const DATA: &str = "wheel a has a.so needs libin.so.1 runpath /opt/venv/lib
        has b.so needs libin.so.1 rpath $ORIGIN:/opt/venv/lib:/usr/lib has ../../libin.so.1";
    check_both(
        DATA,
        "",
        "APP/lib/libin.so.1
            SITE/a.so /opt/venv/lib is $ORIGIN/../..
            SITE/b.so /opt/venv/lib is $ORIGIN/../..",
    );
    check_both(DATA, "--prefix /opt/venv", "APP/lib/libin.so.1 | SITE/a.so | SITE/b.so");
    // Opened by name.
    check_both(
        "wheel a has a/x.so runpath VENV/a.libs:/opt/none has a.libs/libopened.so",
        "",
        "SITE/a.libs/libopened.so
            SITE/a/x.so /opt/venv/lib/python3.11/site-packages/a.libs is $ORIGIN/../a.libs",
    );
    // A library without a soname is needed by the path that the linker got.
    check_both(
        "wheel a has a.so needs VENV/a.libs/libin.so has a.libs/libin.so",
        "",
        "SITE/a.libs/libin.so
            SITE/a.so /opt/venv/lib/python3.11/site-packages/a.libs/libin.so is libin.so gets $ORIGIN/a.libs",
    );
    // A library of nobody that leads back.
    check_both(
        "/usr/lib/libmine.so needs libin.so runpath /opt/venv/lib
            wheel a has a.so needs libmine.so has ../../libin.so",
        "",
        "APP/lib/libin.so
            SITE/a.so
            /usr/lib/libmine.so /opt/venv/lib is $ORIGIN/../../opt/app/lib
            note unowned-library /usr/lib/libmine.so",
    );
}

#[test]
fn an_interpreter_moves_into_the_prefix() {
    const ALONE: &str = "debian
        /opt/python/lib/libpython3.11.so.1.0 elf
        python /opt/python/bin/python3.11 needs libpython3.11.so.1.0 runpath $ORIGIN/../lib
        /opt/python/lib/python3.11/_sysconfigdata_x.py = prefix='/opt/python'
        /opt/python/lib/python3.11/test/x.py = x
        venv /opt/venv
        wheel a has a.py";
    check(
        ALONE,
        "",
        "APP/bin/python3.11
            APP/lib/libpython3.11.so.1.0
            APP/lib/python3.11/_sysconfigdata_x.py = prefix='/opt/app'
            APP/lib/python3.11/json/__init__.py
            APP/lib/python3.11/os.py
            SITE/a.py
            APP/lib/python3.11/sqlite3/__init__.py
            note interpreter-travels /opt/python/bin/python3.11",
    );
    check(
        ALONE,
        "--prefix /opt/python",
        "APP/bin/python3.11
            APP/lib/libpython3.11.so.1.0
            APP/lib/python3.11/_sysconfigdata_x.py
            APP/lib/python3.11/json/__init__.py
            APP/lib/python3.11/os.py
            SITE/a.py
            APP/lib/python3.11/sqlite3/__init__.py
            note interpreter-travels /opt/python/bin/python3.11",
    );
    // One that looks for its library by an absolute path stays where it is.
    check(
        &ALONE.replace("$ORIGIN/../lib", "/opt/python/lib"),
        "",
        "SITE/a.py
            /opt/python/bin/python -> python3.11
            /opt/python/bin/python3 -> python3.11
            /opt/python/bin/python3.11
            /opt/python/lib/libpython3.11.so.1.0
            /opt/python/lib/python3.11/_sysconfigdata_x.py
            /opt/python/lib/python3.11/json/__init__.py
            /opt/python/lib/python3.11/os.py
            /opt/python/lib/python3.11/sqlite3/__init__.py
            note interpreter-travels /opt/python/bin/python3.11",
    );
    check(
        &ALONE.replace("$ORIGIN/../lib", "/root/python/lib").replace("/opt/python", "/root/python"),
        "",
        "SITE/a.py
            /root/python/bin/python -> python3.11
            /root/python/bin/python3 -> python3.11
            /root/python/bin/python3.11
            /root/python/lib/libpython3.11.so.1.0
            /root/python/lib/python3.11/_sysconfigdata_x.py
            /root/python/lib/python3.11/json/__init__.py
            /root/python/lib/python3.11/os.py
            /root/python/lib/python3.11/sqlite3/__init__.py
            warn interpreter-travels /root/python/bin/python3.11",
    );
}

#[cfg(feature = "conda")]
mod conda {
    use super::*;

    const CONDA: &str = "debian
        python /opt/conda/bin/python3.11
        conda python 3.11.9 in /opt/conda
            owns /opt/conda/bin/python3.11 /opt/conda/bin/python3 /opt/conda/bin/python
            owns /opt/conda/lib/python3.11/os.py
            owns /opt/conda/lib/python3.11/json/__init__.py
            owns /opt/conda/lib/python3.11/sqlite3/__init__.py
        site /opt/conda/lib/python3.11/site-packages";

    #[track_caller]
    fn check_conda(root: &str, ask: &str, expect: &str) {
        let root = format!("{CONDA}\n{root}");
        let plan = plan(&root, &format!("/opt/conda {ask}")).plan;
        let tree = show::tree(&plan)
            .into_iter()
            .filter(|line| !line.contains("conda-meta") && !line.contains("/python"));
        compare(
            &root,
            &tree
                .chain(show::packages(&plan))
                .chain(show::findings(&plan.findings))
                .collect::<Vec<_>>(),
            expect,
        );
    }

    #[test]
    fn a_prefix_moves() {
        check_conda("wheel a has a.py", "", "SITE/a.py | vendored python | base libc6");
        check_conda(
            "wheel a has a.py",
            "--prefix /opt/conda",
            "SITE/a.py | vendored python | base libc6",
        );
        check_conda(
            "/opt/conda/etc/a.conf = root=/opt/conda
                wheel a has a.py
                conda a 1.0 in /opt/conda
                    owns /opt/conda/lib/python3.11/site-packages/a-1.0.dist-info/METADATA
                    owns /opt/conda/etc/a.conf",
            "",
            "APP/etc/a.conf with /opt/app | SITE/a.py | vendored python | base libc6",
        );
        check_conda(
            "conda libz 1.3 in /opt/conda owns /opt/conda/lib/libz.so.1
                wheel a has a.so needs libz.so.1 runpath $ORIGIN/../..",
            "",
            "APP/lib/libz.so.1 | SITE/a.so | vendored libz python | base libc6",
        );
        check_conda(
            "conda libz 1.3 in /opt/conda owns /opt/conda/lib/libz.so.1
                wheel a has a.so needs libz.so.1 runpath /opt/conda/lib",
            "",
            "APP/lib/libz.so.1
                SITE/a.so /opt/conda/lib is $ORIGIN/../..
                vendored libz python
                base libc6",
        );
    }

    #[test]
    fn scripts_of_activation_are_told() {
        let root = "wheel a has a.so needs libproj.so
            conda proj 9 in /opt/conda
                owns /opt/conda/lib/libproj.so /opt/conda/etc/conda/activate.d/proj.sh";
        check_conda(
            &root.replace("libproj.so\n", "libproj.so runpath $ORIGIN/../..\n"),
            "",
            "APP/lib/libproj.so
                SITE/a.so
                vendored proj python
                base libc6
                warn activation-script /opt/conda/etc/conda/activate.d/proj.sh",
        );
    }
}
