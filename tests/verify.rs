//! One thing is broken at a time: `verify` fails with the right code, and passes an untouched root.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::lab::built;
use crate::support::{compile, copy, distribution, exit_code, fixture, shown, wheelbarrow, write};

/// Exit status and codes of deny-level findings.
fn verified(arguments: &[&str]) -> (Option<i32>, Vec<String>) {
    let output = wheelbarrow(&[&["verify", "--json"], arguments].concat());
    let json: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", shown(&output)));
    let findings =
        json["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] == "deny");
    let mut codes: Vec<String> =
        findings.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect();
    codes.dedup();
    (output.status.code(), codes)
}

/// A final root with musl, to which the bundle is copied.
fn final_root(top: &Path) -> PathBuf {
    let (bundle, root) = (top.join("bundle"), top.join("root"));
    let output = wheelbarrow(&["bundle", "--root", &fixture(), "--out", bundle.to_str().unwrap()]);
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    copy(Path::new(&fixture()), &root);
    let apart = [bundle.to_str().unwrap(), "--root", root.to_str().unwrap()];
    assert_eq!(verified(&apart), (Some(0), Vec::new()), "the bundle laid over the root");
    copy(&bundle.join("rootfs"), &root);
    root
}

type Mutation = fn(&Path);

#[test]
fn each_broken_thing_has_its_code() {
    const SITE: &str = "opt/app/lib/python3.11/site-packages";
    let top = tempfile::tempdir().unwrap();
    let whole = final_root(top.path());
    let mutations: [(&str, &str, Mutation); 14] = [
        ("unresolved-library", "one library", |root| {
            fs::remove_file(root.join("usr/lib/libyaml-0.so.2.0.9")).unwrap()
        }),
        ("unresolved-library", "a package", |root| {
            ["libyaml-0.so.2.0.9", "libyaml-0.so.2", "libyaml.so"]
                .iter()
                .for_each(|file| fs::remove_file(root.join("usr/lib").join(file)).unwrap())
        }),
        ("unresolved-library", "the interpreter's own", |root| {
            fs::remove_file(root.join("usr/lib/libpython3.11.so.1.0")).unwrap()
        }),
        ("missing-symbol", "one symbol", |root| {
            fs::copy(
                root.join("usr/lib/libpython3.11.so.1.0"),
                root.join("usr/lib/libyaml-0.so.2.0.9"),
            )
            .unwrap();
        }),
        ("broken-interpreter", "another minor version", |root| {
            fs::rename(root.join("usr/bin/python3.11"), root.join("usr/bin/python3.12")).unwrap();
            fs::rename(root.join("usr/lib/python3.11"), root.join("usr/lib/python3.12")).unwrap();
        }),
        ("broken-interpreter", "no interpreter", |root| {
            fs::remove_file(root.join("usr/bin/python3.11")).unwrap()
        }),
        ("broken-interpreter", "another home", |root| {
            write(
                root.join("opt/app/pyvenv.cfg"),
                "home = /usr/local/bin\ninclude-system-site-packages = false\n",
            );
        }),
        ("broken-interpreter", "bin/python leads elsewhere", |root| {
            fs::remove_file(root.join("opt/app/bin/python")).unwrap();
            std::os::unix::fs::symlink("/usr/lib/libyaml-0.so.2", root.join("opt/app/bin/python"))
                .unwrap();
        }),
        ("broken-interpreter", "no loader", |root| {
            fs::remove_file(root.join("lib/ld-musl-x86_64.so.1")).unwrap()
        }),
        ("broken-interpreter", "another libc", |root| {
            let program = fs::canonicalize("/usr/bin/python3").unwrap();
            fs::copy(program, root.join("usr/bin/python3.11")).unwrap();
        }),
        ("changed-file", "one byte", |root| {
            let file = root.join(SITE).join("yaml/__init__.py");
            let mut bytes = fs::read(&file).unwrap();
            bytes[3] ^= 1;
            fs::write(file, bytes).unwrap();
        }),
        ("missing-file", "one file", |root| {
            fs::remove_file(root.join(SITE).join("yaml/cyaml.py")).unwrap()
        }),
        ("changed-mode", "one file", |root| {
            let file = root.join(SITE).join("yaml/cyaml.py");
            fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
        }),
        ("dangling-link", "one link", |root| {
            std::os::unix::fs::symlink("nowhere", root.join(SITE).join("link")).unwrap()
        }),
    ];
    assert_eq!(verified(&["--root", whole.to_str().unwrap()]), (Some(0), Vec::new()), "untouched");
    for (code, what, mutate) in mutations {
        let root = top.path().join("broken");
        copy(&whole, &root);
        mutate(&root);
        let (status, codes) = verified(&["--root", root.to_str().unwrap()]);
        assert!(status == Some(1) && codes.contains(&code.to_owned()), "{what}: {codes:?}");
        fs::remove_dir_all(root).unwrap();
    }
}

/// The machine's own Python, with a script and a module that needs a version of a library next to
/// it.
#[test]
fn versions_scripts_and_entry_points() {
    let top = tempfile::tempdir().unwrap();
    let top = top.path().canonicalize().unwrap();
    let site = top.join("target");
    let library = |version: &str, to: &Path| {
        write(top.join("map"), format!("{version} {{ global: answer; local: *; }};\n"));
        let map = format!("-Wl,--version-script={}", top.join("map").display());
        compile("int answer(void) { return 42; }\n", to, &[&map, "-Wl,-soname,libanswer.so"]);
    };
    fs::create_dir_all(site.join("bin")).unwrap();
    library("ANSWER_1", &site.join("libanswer.so"));
    let module = "int answer(void);\nint PyInit_question(void) { return answer(); }\n";
    let at = format!("-L{}", site.display());
    let linked = [&at, "-lanswer", "-Wl,-rpath,$ORIGIN"];
    compile(module, &site.join("question.abi3.so"), &linked);
    write(
        site.join("question-1.dist-info/entry_points.txt"),
        "[console_scripts]\nask = ask:main\n",
    );
    write(site.join("ask.py"), "def main(): pass\n");
    write(site.join("bin/ask"), "#!/usr/bin/python3\nfrom ask import main\n");
    fs::set_permissions(site.join("bin/ask"), fs::Permissions::from_mode(0o755)).unwrap();
    let files = [
        "ask.py",
        "libanswer.so",
        "question.abi3.so",
        "../../bin/ask",
        "question-1.dist-info/entry_points.txt",
    ];
    distribution(&site, "question", "1", "", &files);
    let prefix = top.join("final");
    let output = wheelbarrow(&[
        "bundle",
        "--from",
        "any",
        "--prefix",
        prefix.to_str().unwrap(),
        "--out",
        top.join("out").to_str().unwrap(),
        site.to_str().unwrap(),
    ]);
    assert_eq!(exit_code(&output), 0, "{}", shown(&output));
    let written = top.join("out/rootfs").join(prefix.strip_prefix("/").unwrap());
    let mut inside =
        fs::read_dir(written.join("lib")).unwrap().map(|entry| entry.unwrap().file_name());
    let lib = inside.find(|name| name != "wheelbarrow").unwrap();
    let packages = prefix.join("lib").join(lib).join("site-packages");
    let check = |code: Option<&str>, mutate: &dyn Fn()| {
        let _ = fs::remove_dir_all(&prefix);
        copy(&written, &prefix);
        mutate();
        let (status, codes) = verified(&["--prefix", prefix.to_str().unwrap()]);
        match code {
            None => assert_eq!((status, codes), (Some(0), Vec::new())),
            Some(code) => {
                assert!(status == Some(1) && codes.contains(&code.to_owned()), "{code}: {codes:?}")
            }
        }
    };
    check(None, &|| {});
    check(Some("missing-version"), &|| library("ANSWER_2", &packages.join("libanswer.so")));
    check(Some("missing-file"), &|| fs::remove_file(packages.join("ask.py")).unwrap());
    check(Some("broken-script"), &|| write(prefix.join("bin/ask"), "#!/nowhere/python\n"));
    check(Some("changed-file"), &|| {
        fs::remove_file(prefix.join("bin/python")).unwrap();
        std::os::unix::fs::symlink("/bin/sh", prefix.join("bin/python")).unwrap();
    });
    check(Some("missing-file"), &|| fs::remove_file(prefix.join("pyvenv.cfg")).unwrap());
}

/// The verification in a final image with a shell, in one without, and in an empty one.
const SELF: &str = r#"FROM python:3.11-slim-bookworm AS builder
RUN python3 -m venv /opt/venv && /opt/venv/bin/pip install -q flask==3.0.3 numpy==1.26.4 psycopg2-binary==2.9.9
COPY wheelbarrow /usr/local/bin/
RUN wheelbarrow bundle --layers --out /bundle && grep -F 'RUN --mount=type=bind,from=builder,source=/usr/local/bin/wheelbarrow,target=/wb ["/wb", "verify"]' /bundle/Dockerfile.final
RUN wheelbarrow bundle --with-interpreter --out /scratch
FROM python:3.11-slim-bookworm AS slim
COPY --from=builder /bundle/layers/ /layers/
RUN cp -a /layers/*/. / && rm -rf /layers
RUN --mount=type=bind,from=builder,source=/usr/local/bin/wheelbarrow,target=/wb ["/wb", "verify", "--prefix", "/opt/app"]
RUN --mount=type=bind,from=builder,source=/usr/local/bin/wheelbarrow,target=/wb rm /opt/app/lib/python3.11/site-packages/numpy.libs/libgfortran* && ! /wb verify && touch /ok
FROM scratch
COPY --from=slim /ok /
COPY --from=builder /scratch/rootfs/ /
RUN --mount=type=bind,from=builder,source=/usr/local/bin/wheelbarrow,target=/wb ["/wb", "verify"]
"#;

#[test]
#[ignore = "needs buildah and the base images"]
fn inside_final_images() {
    let log = built("wheelbarrow-verify", SELF, &[]);
    assert!(log.matches("/opt/app: runs with /usr/local/bin/python3.11").count() >= 2, "{log}");
    assert!(log.contains("deny[missing-file]"), "{log}");
}
