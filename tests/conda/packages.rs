//! The packages that the tests install: a library, modules that need it, one without architecture,
//! and Python.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::channel::{About, Channel, PLACEHOLDER, add_python};
use crate::support::{compile, distribution, python, write};

const GREET: &str = include_str!("../programs/greet.c");
const MODULE: &str = include_str!("../programs/greet_module.c");
const SAY: &str = include_str!("../programs/greet_say.py");

/// Makes the packages: a library, a module that needs it, one without architecture, and Python.
pub fn channel() -> Channel {
    let mut channel = Channel::new();
    add_python(&mut channel);
    let minor = python("import sys; print('%d.%d' % sys.version_info[:2])", &[]);
    let site = format!("lib/python{minor}/site-packages");
    let about = |name, depends, entry_point| About {
        name,
        version: "1.0",
        depends,
        placeholder: PLACEHOLDER,
        entry_point,
    };
    channel.package(&about("libgreet", &[], None), |build| {
        let place = format!("-DPLACE=\"{PLACEHOLDER}\"");
        let library = build.join("lib/libgreet.so.1.0");
        compile(GREET, &library, &[&place, "-Wl,-soname,libgreet.so.1"]);
        std::os::unix::fs::symlink("libgreet.so.1.0", build.join("lib/libgreet.so.1")).unwrap();
        write(build.join("etc/greet.conf"), format!("home = {PLACEHOLDER}/share/greet\n"));
        write(build.join("etc/conda/activate.d/greet.sh"), b"export GREET=1\n");
        write(build.join("bin/greet-config"), b"#!/bin/sh\n");
        write(build.join("include/greet.h"), b"\n");
    });
    channel.package(&about("greet", &["libgreet", "python"], None), |build| {
        let library = tempfile::tempdir().unwrap();
        compile_greet(library.path());
        module(
            "greet._greet",
            "PyInit__greet",
            library.path(),
            "$ORIGIN/../../..",
            &build.join(&site).join("greet"),
            "_greet",
        );
        write(build.join(&site).join("greet/__init__.py"), b"from ._greet import home\n");
        distribution(&build.join(&site), "greet", "1.0", "", &["greet/__init__.py"]);
        // These belong to conda and not to the wheel: RECORD does not list them.
        write(build.join("bin/greet-say"), format!("#!{PLACEHOLDER}/bin/python\n{SAY}"));
        fs::set_permissions(build.join("bin/greet-say"), fs::Permissions::from_mode(0o755))
            .unwrap();
        write(build.join("share/greet/words.txt"), b"hello\n");
    });
    channel.package(&about("pure", &["python"], Some("pure-say = pure:main")), |build| {
        write(build.join("site-packages/pure.py"), b"def main():\n    print('pure')\n");
        distribution(&build.join("site-packages"), "pure", "1.0", "", &["pure.py"]);
    });
    channel
}

/// The library, which is found only through run paths.
fn compile_greet(directory: &Path) {
    let options = ["-DPLACE=\"\"", "-Wl,-soname,libgreet.so.1"];
    compile(GREET, &directory.join("libgreet.so"), &options);
}

fn module(name: &str, init: &str, library: &Path, run_path: &str, directory: &Path, stem: &str) {
    let suffix = python("import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))", &[]);
    let include =
        format!("-I{}", python("import sysconfig; print(sysconfig.get_path('include'))", &[]));
    let (name, init) = (format!("-DNAME=\"{name}\""), format!("-DINIT={init}"));
    let (search, rpath) = (format!("-L{}", library.display()), format!("-Wl,-rpath,{run_path}"));
    let arguments =
        [include.as_str(), &name, &init, &search, "-Wl,--no-as-needed", "-l:libgreet.so.1", &rpath];
    let _ = fs::copy(library.join("libgreet.so"), library.join("libgreet.so.1"));
    compile(MODULE, &directory.join(format!("{stem}{suffix}")), &arguments);
}

/// Adds a module as pip builds it in such an environment: conda's flags write the prefix into the
/// run path.
pub fn pip_installs(directory: &Path, prefix: &str) {
    let minor = python("import sys; print('%d.%d' % sys.version_info[:2])", &[]);
    let site = directory.join(format!("lib/python{minor}/site-packages"));
    let library = tempfile::tempdir().unwrap();
    compile_greet(library.path());
    module("piped", "PyInit_piped", library.path(), &format!("{prefix}/lib"), &site, "piped");
    write(site.join("piped-2.0.dist-info/INSTALLER"), "pip\n");
    let suffix = python("import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))", &[]);
    let record = [&format!("piped{suffix}"), "piped-2.0.dist-info/INSTALLER"];
    distribution(&site, "piped", "2.0", "Requires-Dist: greet\n", &record);
}
