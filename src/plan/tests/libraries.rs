//! Native libraries and how each gets into the final image.

use crate::plan::LibraryOrigin;
use crate::scenario::{compare, plan};

/// `name origin package needed-by`.
#[track_caller]
fn check(root: &str, ask: &str, expect: &str) {
    let plan = plan(root, &format!("/opt/venv {ask}")).plan;
    let lines = plan.libraries.iter().map(|library| {
        let origin = match library.origin {
            LibraryOrigin::Package => "package",
            LibraryOrigin::Bundle => "bundle",
            LibraryOrigin::Base => "base",
        };
        let package = library.package.as_deref().unwrap_or("-");
        format!("{} {origin} {package} {}", library.name, library.needed_by.join(","))
    });
    compare(root, &lines.collect::<Vec<_>>(), expect);
}

const ALPINE: &str = "alpine
    python /usr/local/bin/python3.11
    venv /opt/venv
    apk libssl3 3.3 depends musl owns /lib/libssl.so.3
    apk libpq 16.4 depends libssl3 owns /usr/lib/libpq.so.5 needs libssl.so.3
    /usr/lib/libmine.so elf
    wheel web has web.py
    wheel db has db/_db.so needs libpq.so.5 libc.musl-x86_64.so.1
    wheel own has own/libinner.so own/_own.so runpath $ORIGIN needs libmine.so libpq.so.5 libinner.so";

#[test]
fn each_library_has_an_origin() {
    check(
        ALPINE,
        "",
        "libmine.so bundle - own
         libpq.so.5 package libpq db,own",
    );
    // A vendored library brings its own needs.
    check(
        ALPINE,
        "--native vendor",
        "libmine.so bundle - own
         libpq.so.5 bundle libpq db,own
         libssl.so.3 bundle libssl3 db,own",
    );
    check(ALPINE, "--require db", "libpq.so.5 package libpq db");
    check(ALPINE, "--require web", "");
}

#[test]
fn the_c_library_is_not_listed() {
    check(
        "debian
            python /usr/local/bin/python3.11
            venv /opt/venv
            deb libz1 owns /usr/lib/x86_64-linux-gnu/libz.so.1 needs libc.so.6
            wheel a has a.so needs libz.so.1 libm.so.6 libc.so.6",
        "",
        "libz.so.1 package libz1 a",
    );
}
