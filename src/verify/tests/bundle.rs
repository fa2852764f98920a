//! A final root with a bundle in it that something is wrong with.

use crate::scenario::{compare, show, verify};

const ALPINE: &str = "alpine\npython /usr/local/bin/python3.11\nvenv /opt/app";
const DEBIAN: &str = "debian\npython /usr/local/bin/python3.11\nvenv /opt/app";

#[track_caller]
fn check(root: &str, expect: &str) {
    let found = verify(root, "/opt/app", &[]);
    compare(root, &show::findings(&found.findings), expect);
}

#[track_caller]
fn alpine(root: &str, expect: &str) {
    check(&format!("{ALPINE}\n{root}"), expect);
}

#[track_caller]
fn debian(root: &str, expect: &str) {
    check(&format!("{DEBIAN}\n{root}"), expect);
}

#[test]
fn what_is_whole() {
    alpine("wheel a script a=a:main has a.py", "");
    debian("wheel a has a/__init__.py a/x.so needs libc.so.6 glibc 2.34", "");
    alpine("APP/bin/a.sh -> a\nwheel a script a=a:main has a.py", "");
}

#[test]
fn how_much_was_looked_at() {
    let root = format!(
        "{ALPINE}
            wheel a script a=a:main has a.py a/x.so needs libc.musl-x86_64.so.1 calls malloc
            APP/b -> bin"
    );
    let checked = verify(&root, "/opt/app", &[]).checked;
    assert_eq!(
        [checked.distributions, checked.files, checked.natives, checked.symbols],
        [1, 7, 2, 1]
    );
    assert_eq!([checked.scripts, checked.entry_points, checked.links], [1, 1, 3]);
}

#[test]
fn files_that_are_not_what_record_says() {
    alpine("wheel a has a.py\nSITE/a.py = changed", "deny changed-file SITE/a.py");
    alpine("wheel a has a.py\nremove SITE/a.py", "deny missing-file SITE/a.py");
    alpine(
        "wheel a has a.py\nSITE/a-1.0.dist-info/METADATA = Name: a\\n",
        "deny changed-file SITE/a-1.0.dist-info/METADATA
            warn corrupt-metadata SITE/a-1.0.dist-info/METADATA",
    );
    alpine("wheel a has a.py\nremove SITE/a-1.0.dist-info", "");
    alpine("wheel a has a.py\nSITE/local.py = x", "");
}

#[test]
fn links() {
    alpine("wheel a has a.py\nSITE/b.py -> gone.py", "deny dangling-link SITE/b.py");
    alpine("wheel a has a.py\nSITE/b.py -> a.py", "");
    alpine("wheel a has a.py\nSITE/b.py -> b.py", "deny dangling-link SITE/b.py");
}

#[test]
fn interpreters() {
    check("alpine\nAPP/lib/a.py = x", "deny broken-interpreter /opt/app");
    alpine("remove /usr/local/bin/python3.11", "deny broken-interpreter /opt/app");
    alpine("remove /usr/local/lib/python3.11", "deny broken-interpreter /opt/app");
    alpine("remove /lib/ld-musl-x86_64.so.1", "deny broken-interpreter /usr/local/bin/python3.11");
    alpine(
        "wheel a has a.py\nAPP/bin/python -> /usr/bin/python3",
        "deny broken-interpreter APP/bin/python
            deny dangling-link APP/bin/python
            deny dangling-link APP/bin/python3",
    );
    // The minor version of the bundle is not that of the base.
    check(
        "alpine
            python /usr/local/bin/python3.11
            venv /opt/app
            wheel a has a.py
            remove /usr/local/bin/python3.11
            remove /usr/local/lib/python3.11
            python /usr/local/bin/python3.12
            APP/bin/python -> /usr/local/bin/python3.12",
        "deny broken-interpreter APP/lib/python3.11",
    );
    alpine(
        "wheel a has a.cpython-312-x86_64-linux-musl.so",
        "deny broken-interpreter SITE/a.cpython-312-x86_64-linux-musl.so",
    );
    alpine("wheel a has a.cpython-311-x86_64-linux-musl.so", "");
}

#[test]
fn scripts() {
    alpine("wheel a script a=a:main", "deny missing-entry-point a");
    alpine("wheel a script a=a.cli:main has a.py", "deny missing-entry-point a");
    alpine("wheel a script a=a.cli:main has a/cli.py", "");
    alpine("wheel a script a=json:main", "");
    alpine(
        "APP/bin/b = #!/usr/bin/env gone\\n\nwheel a has a.py ../../../bin/b",
        "deny broken-script APP/bin/b",
    );
    alpine(
        "APP/bin/b = #!/opt/venv/bin/python\\n\nwheel a has a.py ../../../bin/b",
        "deny broken-script APP/bin/b",
    );
}

#[test]
fn libraries() {
    alpine("wheel a has a.so needs libgone.so", "deny unresolved-library libgone.so");
    alpine("wheel a has a/libx.so.1 needs libgone.so", "deny unresolved-library libgone.so");
    alpine("apk libz owns /lib/libz.so.1\nwheel a has a.so needs libz.so.1", "");
    alpine("wheel a has a.so foreign", "deny foreign-architecture SITE/a.so");
    alpine("wheel a has a.so needs libc.so.6", "deny foreign-libc SITE/a.so");
    alpine("wheel a has a.so needs libz.so.1\n/lib/libz.so.1 = text", "deny bad-library SITE/a.so");
    alpine(
        "wheel a has a.cpython-311-x86_64-linux-musl.so foreign",
        "deny foreign-architecture SITE/a.cpython-311-x86_64-linux-musl.so",
    );
}

/// Whoever verifies an image has no GPU.
#[test]
fn libraries_that_the_host_supplies() {
    alpine("wheel a has a.so needs libcuda.so.1", "note host-library libcuda.so.1");
}

/// Another import loads the library first, whoever else needs it.
#[test]
fn libraries_of_another_distribution() {
    alpine(
        "wheel a has a/x.so needs libb.so
            wheel b requires a has b/y.so needs libb.so runpath $ORIGIN has b/libb.so",
        "warn relies-on-preload SITE/a/x.so",
    );
    alpine(
        "wheel a has a/x.so needs libb.so\nwheel b has b/libb.so",
        "deny unresolved-library libb.so",
    );
}

/// The bundle has a list of the files that the builder could not load.
#[test]
fn what_the_builder_could_not_load_either() {
    const LIST: &str = "APP/lib/wheelbarrow/not-loadable = lib/python3.11/site-packages/a.so\\n";
    let check = |root: &str, expect: &str| alpine(&format!("{LIST}\n{root}"), expect);
    check("wheel a has a.so needs libgone.so", "warn unresolved-library libgone.so");
    check("wheel a has a.so foreign", "warn foreign-architecture SITE/a.so");
    check("wheel a has a.so needs libc.so.6", "warn foreign-libc SITE/a.so");
    check("wheel a has a.so needs libz.so.1\n/lib/libz.so.1 = text", "warn bad-library SITE/a.so");
    check("wheel a has a.so calls gone", "warn missing-symbol SITE/a.so");
    check("wheel a has b.so needs libgone.so", "deny unresolved-library libgone.so");
    alpine(
        "APP/lib/wheelbarrow/not-loadable = ../x\\n\\n//\\n\nwheel a has a.so needs libgone.so",
        "deny unresolved-library libgone.so",
    );
    // Files for other machines that are no modules.
    alpine("wheel a has liba-arm64.so foreign", "note foreign-architecture a");
}

#[test]
fn one_cause_is_one_finding() {
    // The symbols of the library that does not exist follow from it.
    alpine(
        "wheel a has a.so needs libgone.so calls one two has b.so needs libgone.so calls one",
        "deny unresolved-library libgone.so",
    );
    // Of the files that need it, one could not be loaded in the builder either.
    alpine(
        "APP/lib/wheelbarrow/not-loadable = lib/python3.11/site-packages/a.so\\n
            wheel a has a.so needs libgone.so has b.so needs libgone.so",
        "deny unresolved-library libgone.so | warn unresolved-library libgone.so",
    );
    // Nor two that lack other libraries.
    alpine(
        "APP/lib/wheelbarrow/not-loadable = lib/python3.11/site-packages/a.so\\n
            wheel a has a.so needs libgone.so libother.so",
        "warn unresolved-library /opt/app",
    );
}

/// The builder could not bind them without another import, and neither can the final root.
#[test]
fn symbols_of_an_earlier_import() {
    const LIST: &str =
        "APP/lib/wheelbarrow/not-loadable = lib/python3.11/site-packages/a.so\tone\\n";
    let check = |root: &str, expect: &str| alpine(&format!("{LIST}\n{root}"), expect);
    check("wheel a has a.so calls one\nwheel b has b.so defines one", "warn missing-symbol a");
    check(
        "wheel a has a.so calls one two",
        "deny missing-symbol SITE/a.so | warn missing-symbol a",
    );
    check("wheel a has b.so calls one", "deny missing-symbol SITE/b.so");
    // A library has them of the module that loads it.
    alpine(
        "APP/lib/wheelbarrow/not-loadable = lib/python3.11/site-packages/liba.so.1\tone\\n
            wheel a has liba.so.1 calls one",
        "",
    );
}

#[test]
fn symbols_and_versions() {
    alpine("wheel a has a.so needs libc.musl-x86_64.so.1 calls malloc", "");
    alpine(
        "wheel a has a.so needs libc.musl-x86_64.so.1 calls newer",
        "deny missing-symbol SITE/a.so",
    );
    // musl exports this name without the 64 at the end.
    alpine(
        "/lib/ld-musl-x86_64.so.1 defines open\nwheel a has a.so calls open64 stat64",
        "deny missing-symbol SITE/a.so",
    );
    alpine(
        "/lib/libz.so.1 defines inflate\nwheel a has a.so needs libz.so.1 calls inflate deflate",
        "deny missing-symbol SITE/a.so",
    );
    debian("wheel a has a.so needs libc.so.6 glibc 2.36 calls malloc", "");
    debian(
        "wheel a has a.so needs libc.so.6 glibc 2.38 calls malloc",
        "deny missing-version SITE/a.so",
    );
    debian(
        "wheel a has a.so calls one two three four five six seven",
        "deny missing-symbol SITE/a.so",
    );
    // Of the program, as extension modules rely on.
    debian("wheel a has a.so calls PyInit", "deny missing-symbol SITE/a.so");
    check(
        "debian
            python /usr/local/bin/python3.11 defines PyInit
            venv /opt/app
            wheel a has a.so calls PyInit",
        "",
    );
}

#[test]
fn what_the_bundle_has_elsewhere() {
    let root = format!("{ALPINE}\nwheel a has a.py\n/usr/lib/libplugin.so calls gone");
    let found = |outside| show::findings(&verify(&root, "/opt/app", outside).findings);
    compare(&root, &found(&[]), "");
    compare(&root, &found(&["/usr/lib/libplugin.so"]), "warn missing-symbol /usr/lib/libplugin.so");
}

#[test]
fn what_the_bundle_has_elsewhere_needs_a_library() {
    let root = format!("{ALPINE}\nwheel a has a.py\n/usr/lib/libplugin.so needs libgone.so");
    let found = verify(&root, "/opt/app", &["/usr/lib/libplugin.so"]).findings;
    compare(&root, &show::findings(&found), "warn unresolved-library libgone.so");
}
