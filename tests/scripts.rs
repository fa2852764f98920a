//! Console scripts of a bundle, started in every way in which people start them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::support::lab::built;
use crate::support::{distribution, program, shown};

/// A virtual environment of this machine with one distribution whose script prints its arguments.
fn environment(top: &Path) -> String {
    let venv = top.join("builder/venv");
    assert!(
        Command::new("python3")
            .args(["-m", "venv", "--without-pip"])
            .arg(&venv)
            .status()
            .unwrap()
            .success()
    );
    let lib = fs::read_dir(venv.join("lib")).unwrap().next().unwrap().unwrap().path();
    let record = ["../../../bin/hello", "hello.py"];
    distribution(&lib.join("site-packages"), "hello", "1.0", "", &record);
    fs::write(
        lib.join("site-packages/hello.py"),
        "import sys\ndef main():\n    print(sys.prefix, *sys.argv[1:], sep='|')\n",
    )
    .unwrap();
    let script = venv.join("bin/hello");
    fs::write(
        &script,
        format!("#!{}/bin/python\nfrom hello import main\nmain()\n", venv.display()),
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    venv.to_str().unwrap().to_owned()
}

/// The output of `command`, which `sh` runs in `directory`.
fn said(directory: &Path, command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).current_dir(directory).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
        + &String::from_utf8_lossy(&output.stderr)
}

fn bundled(top: &Path, prefix: &str, shebang: &str) {
    let venv = environment(top);
    let mut command = program();
    command
        .args(["bundle", &venv, "--prefix", prefix, "--shebang", shebang, "--from", "any", "--out"])
        .arg(top.join("out"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", shown(&output));
    fs::remove_dir_all(venv).unwrap();
}

#[test]
fn relocatable() {
    for (prefix, moved) in [("/opt/app", "/srv/elsewhere"), ("/opt/my app", "/srv/it's here")] {
        let top = tempfile::tempdir().unwrap();
        let top = top.path().canonicalize().unwrap();
        bundled(&top, prefix, "relocatable");
        let check = |place: &Path| {
            let bin = place.join("bin");
            let expect = format!("{}|a b|'c'", place.display());
            let quoted = format!("\"{}/hello\"", bin.display());
            for (directory, command) in [
                (top.as_path(), quoted),
                (bin.as_path(), "./hello".to_owned()),
                (place, "bin/../bin/hello".to_owned()),
                (bin.as_path(), "PATH=\"$PWD:$PATH\"; cd /; hello".to_owned()),
                (top.as_path(), "./linked".to_owned()),
                (bin.as_path(), "python hello".replace("python", "./python")),
                (
                    bin.as_path(),
                    "./python3 -m hello_is_not_a_program 2>/dev/null; ./python3 ./hello".to_owned(),
                ),
            ] {
                let link = top.join("linked");
                let _ = fs::remove_file(&link);
                symlink(bin.join("hello"), &link).unwrap();
                assert_eq!(
                    said(directory, &format!("{command} 'a b' \"'c'\"")),
                    expect,
                    "{command}"
                );
            }
        };
        let place = top.join("out/rootfs").join(prefix.trim_start_matches('/'));
        check(&place);
        let other = top.join(moved.trim_start_matches('/'));
        fs::create_dir_all(other.parent().unwrap()).unwrap();
        fs::rename(place, &other).unwrap();
        check(&other);
    }
}

/// The shells of images, as far as this machine has them.
fn shells() -> impl Iterator<Item = Vec<&'static str>> {
    let all = ["/bin/dash", "/bin/bash", "/bin/bash --posix", "/bin/busybox ash"];
    let words = all.into_iter().map(|shell| shell.split(' ').collect::<Vec<_>>());
    words.filter(|words| Path::new(words[0]).exists())
}

#[test]
fn the_directory_of_a_script_is_found_with_any_path_and_any_shell() {
    let top = tempfile::tempdir().unwrap();
    let top = top.path().canonicalize().unwrap();
    bundled(&top, "/opt/my app", "relocatable");
    let place = top.join("out/rootfs/opt/my app");
    let bin = place.join("bin");
    for (link, target) in [
        ("whole", place.clone()),
        ("one", bin.join("hello")),
        ("-two", Path::new("one").to_owned()),
        ("out/three", Path::new("../-two").to_owned()),
        ("out/four", Path::new("rootfs/opt/my app/bin/hello").to_owned()),
    ] {
        symlink(target, top.join(link)).unwrap();
    }
    for shell in shells() {
        for (directory, script) in [
            (Path::new("/"), bin.join("hello").to_str().unwrap()),
            (&top, "out/rootfs/opt/my app/bin/hello"),
            (&bin, "hello"),
            (&bin, "./hello"),
            (&place, "bin//../bin/hello"),
            (&top, "whole/bin/hello"),
            (&top.join("whole/bin"), "../bin/hello"),
            (&top, "one"),
            (&top, "./-two"),
            (&top.join("out"), "three"),
            (&top, "out/four"),
        ] {
            let mut command = Command::new(shell[0]);
            command.args(&shell[1..]).arg(script).args(["a b", "c"]).current_dir(directory);
            // `readlink` is not on this PATH.
            let output = command.env("PATH", &bin).env("CDPATH", "/usr:/").output().unwrap();
            let expect = format!("{}|a b|c\n", place.display());
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                expect,
                "{shell:?} {script}: {output:?}"
            );
        }
    }
}

#[test]
fn shells_activate_the_environment() {
    for name in ["app", "it's my app"] {
        let top = tempfile::tempdir().unwrap();
        let top = top.path().canonicalize().unwrap();
        let prefix = top.join("final").join(name);
        bundled(&top, prefix.to_str().unwrap(), "relocatable");
        fs::create_dir_all(prefix.parent().unwrap()).unwrap();
        fs::rename(top.join("out/rootfs").join(prefix.strip_prefix("/").unwrap()), &prefix)
            .unwrap();
        // As an entry point does it, where an unset variable or a failing command ends the script.
        const ENTRY: &str = r#"set -eu; . "$0"; hello a; deactivate; echo "$PATH ${VIRTUAL_ENV-}""#;
        for shell in shells() {
            let mut command = Command::new(shell[0]);
            command.args(&shell[1..]).args(["-c", ENTRY]).arg(prefix.join("bin/activate"));
            let output = command.env_clear().env("PATH", "/usr/bin:/bin").output().unwrap();
            let expect = format!("{}|a\n/usr/bin:/bin \n", prefix.display());
            assert_eq!(String::from_utf8_lossy(&output.stdout), expect, "{shell:?} {output:?}");
        }
    }
}

#[test]
fn absolute() {
    for prefix in ["opt/app", "opt/my app", ("long/".repeat(30) + "prefix").as_str()] {
        let top = tempfile::tempdir().unwrap();
        let top = top.path().canonicalize().unwrap();
        // The prefix is the place where the bundle is unpacked: nothing else makes an absolute path
        // valid.
        let prefix = top.join("final").join(prefix);
        bundled(&top, prefix.to_str().unwrap(), "absolute");
        fs::create_dir_all(prefix.parent().unwrap()).unwrap();
        fs::rename(top.join("out/rootfs").join(prefix.strip_prefix("/").unwrap()), &prefix)
            .unwrap();
        let command = format!("'{}/bin/hello' x", prefix.display());
        assert_eq!(said(&top, &command), format!("{}|x", prefix.display()));
    }
}

#[test]
fn every_form_of_the_first_line() {
    let top = tempfile::tempdir().unwrap();
    let top = top.path().canonicalize().unwrap();
    let venv = environment(&top);
    let forms = [
        ("plain", format!("#!{venv}/bin/python3")),
        ("arguments", format!("#!{venv}/bin/python -B")),
        ("placeholder", "#!python".to_owned()),
        ("windowed", "#!pythonw -x".to_owned()),
        ("env", "#!/usr/bin/env python3".to_owned()),
        ("split", "#!/usr/bin/env -S python -B -s".to_owned()),
        ("wrapper", format!("#!/bin/sh\n'''exec' \"{venv}/bin/python\" -B \"$0\" \"$@\"\n' '''")),
        ("relocatable", "#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python3' \"$0\" \"$@\"\n' '''".to_owned()),
        ("shell", "#!/bin/sh\necho shell; exit".to_owned()),
    ];
    // It has a docstring, a statement that only a docstring may precede, and a byte of the named
    // encoding.
    const BODY: &[u8] = b"# -*- coding: latin-1 -*-\n'''Doc.'''\nfrom __future__ import annotations\nimport sys\n\
        print(sys.prefix, int(sys.flags.dont_write_bytecode), sys.flags.no_user_site, __doc__, '\xe9' == chr(233))\n";
    for (name, lines) in &forms {
        let script = Path::new(&venv).join("bin").join(name);
        fs::write(&script, [lines.as_bytes(), b"\n", BODY].concat()).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let prefix = top.join("final/app");
    for shebang in ["absolute", "relocatable"] {
        let mut command = program();
        command
            .args(["bundle", &venv, "--shebang", shebang, "--from", "any", "--prefix"])
            .arg(&prefix)
            .arg("--out")
            .arg(top.join(shebang));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", shown(&output));
        let _ = fs::remove_dir_all(&prefix);
        fs::create_dir_all(prefix.parent().unwrap()).unwrap();
        fs::rename(
            top.join(shebang).join("rootfs").join(prefix.strip_prefix("/").unwrap()),
            &prefix,
        )
        .unwrap();
        for (name, _) in &forms {
            let said =
                said(&top, &format!("PYTHONDONTWRITEBYTECODE= '{}/bin/{name}'", prefix.display()));
            let expect = match *name {
                "shell" => "shell".to_owned(),
                "arguments" | "wrapper" => format!("{} 1 0 Doc. True", prefix.display()),
                "split" => format!("{} 1 1 Doc. True", prefix.display()),
                _ => format!("{} 0 0 Doc. True", prefix.display()),
            };
            assert_eq!(said, expect, "{shebang} {name}");
        }
    }
}

const DOCKERFILE: &str = r#"FROM alpine:3.20 AS builder
RUN apk add --no-cache python3 py3-pip
RUN python3 -m venv /opt/venv && /opt/venv/bin/python -m pip install pygments==2.18.0
COPY wheelbarrow /usr/local/bin/
RUN wheelbarrow bundle && wheelbarrow bundle --prefix /opt/absolute --shebang absolute --out /absolute

FROM alpine:3.20
RUN apk add --no-cache python3
COPY --from=builder /bundle/rootfs/ /
COPY --from=builder /absolute/rootfs/ /
RUN PATH=/opt/app/bin:$PATH pygmentize -V 2>&1 >/dev/null | grep . && exit 1; PATH=/opt/app/bin:$PATH pygmentize -V && cd /opt/app/bin && ./pygmentize -V && cd / && opt/app/bin/pygmentize -V \
 && ln -s /opt/app/bin/pygmentize /usr/local/bin/p && p -V && mv /opt/app "/opt/with blank" && "/opt/with blank/bin/pygmentize" -V
RUN ["/bin/busybox", "rm", "/bin/sh"]
RUN ["/opt/absolute/bin/pygmentize", "-V"]
"#;

#[test]
#[ignore = "needs buildah and the base images"]
fn in_a_final_image_with_and_without_a_shell() {
    let log = built("wheelbarrow-scripts", DOCKERFILE, &[]);
    assert!(log.matches("Pygments version 2.18.0").count() == 6, "{log}");
}
