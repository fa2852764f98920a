//! One environment, built by two people with different habits: the layers are identical.

use std::fs;
use std::os::unix::fs::{PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::support::{Dump, NOBODY, copy, dump, fixture, shown};

/// The habits of a builder. No layer may show any of them.
struct Way {
    prefix: &'static str,
    /// The folder into which the program was cloned.
    clone: &'static str,
    umask: u32,
    /// Whether root runs everything; only root can change this.
    root: bool,
    reversed: bool,
    /// Whether pip compiles bytecode and records it.
    bytecode: bool,
    /// The script that the installer writes for an entry point.
    launcher: &'static str,
    /// Seconds since the epoch.
    changed: u64,
    variables: [(&'static str, &'static str); 4],
}

const MINE: Way = Way {
    prefix: "/opt/venv",
    clone: "/src",
    umask: 0o022,
    root: true,
    reversed: false,
    bytecode: false,
    launcher: "#!PREFIX/bin/python\n# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom web import main\nif __name__ == '__main__':\n    \
               sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n    sys.exit(main())\n",
    changed: 1_700_000_000,
    variables: [("TZ", "UTC"), ("LANG", "C"), ("HOME", "/root"), ("USER", "root")],
};

const YOURS: Way = Way {
    prefix: "/home/somebody/a/much/longer/way/to/venv",
    clone: "/home/somebody/clone-2",
    umask: 0o077,
    root: false,
    reversed: true,
    bytecode: true,
    launcher: "#!/bin/sh\n'''exec' 'PREFIX/bin/python' \"$0\" \"$@\"\n' '''\nimport sys\nfrom web import main\nif __name__ == \"__main__\":\n    sys.exit(main())\n",
    changed: 1_234_567_890,
    variables: [
        ("TZ", "Asia/Tokyo"),
        ("LANG", "de_DE.UTF-8"),
        ("HOME", "/home/somebody"),
        ("USER", "somebody"),
    ],
};

/// Next to PyYAML of the fixture: a program from a local folder and the modules it uses, below
/// site-packages. `PREFIX` and `CLONE` are the builder's. `edge` is smaller than 64 kB, and larger
/// with the lines that only its RECORD has.
fn texts() -> Vec<(String, String)> {
    let metadata = |name: &str| format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n");
    let edge = "#".repeat(65_000);
    let fixed = [
        ("../../../bin/web", "LAUNCHER".to_owned()),
        ("../../../bin/own", "#!PREFIX/bin/python\nprint('not of an entry point')\n".to_owned()),
        ("web-1.0.dist-info/entry_points.txt", "[console_scripts]\nweb = web:main\n".to_owned()),
        ("web/__init__.py", "def main():\n    print('web')\n".to_owned()),
        ("web/one.py", String::new()),
        ("web/two.py", String::new()),
        ("web-1.0.dist-info/INSTALLER", "pip\n".to_owned()),
        ("web-1.0.dist-info/REQUESTED", String::new()),
        ("web-1.0.dist-info/METADATA", metadata("web")),
        ("edge.py", edge),
        ("edge-1.0.dist-info/METADATA", metadata("edge")),
        ("app.py", "import web\n".to_owned()),
        ("app-1.0.dist-info/METADATA", metadata("app")),
        (
            "app-1.0.dist-info/direct_url.json",
            "{\"dir_info\": {}, \"url\": \"file://CLONE\"}".to_owned(),
        ),
        ("local.pth", "PREFIX/lib/python3.11/site-packages/web\n".to_owned()),
    ];
    fixed.into_iter().map(|(path, text)| (path.to_owned(), text)).collect()
}

const MODULES: [(&str, &[&str]); 3] =
    [("web", &["web/__init__", "web/one", "web/two"]), ("edge", &["edge"]), ("app", &["app"])];

impl Way {
    /// The files of site-packages, in the order of their creation.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let shipped = dump(&Path::new(&fixture()).join("opt/venv/lib/python3.11/site-packages"));
        let shipped = shipped.into_iter().filter(|(_, (mode, ..))| mode & 0o170_000 == 0o100_000);
        let mut files: Vec<(String, Vec<u8>)> = shipped
            .map(|(path, (_, _, content))| (path.to_str().unwrap().to_owned(), content))
            .collect();
        let texts = texts();
        for (name, modules) in MODULES {
            let own =
                |path: &str| path.starts_with(name) || (name == "web" && path.contains("/bin/"));
            let mut record: Vec<String> = texts
                .iter()
                .filter(|(path, _)| own(path))
                .map(|(path, _)| format!("{path},,\n"))
                .collect();
            if self.bytecode {
                let compiled = modules.iter().map(|module| {
                    let (folder, stem) = module
                        .rsplit_once('/')
                        .map_or((String::new(), *module), |(folder, stem)| {
                            (format!("{folder}/"), stem)
                        });
                    format!("{folder}__pycache__/{stem}.cpython-311.pyc")
                });
                for path in compiled {
                    record.push(format!("{path},,\n"));
                    files.push((path, format!("{}/{}", self.prefix, self.changed).into_bytes()));
                }
                // pip writes such lines for packages that were requested.
                record.extend((0..20).map(|number| {
                    format!("{name}/__pycache__/gone{number}.cpython-311.opt-2.pyc,,\n")
                }));
                record.reverse();
            }
            files.push((format!("{name}-1.0.dist-info/RECORD"), record.concat().into_bytes()));
        }
        let here = |text: &str| {
            text.replace("LAUNCHER", self.launcher)
                .replace("PREFIX", self.prefix)
                .replace("CLONE", self.clone)
                .into_bytes()
        };
        files.extend(texts.iter().map(|(path, text)| (path.clone(), here(text))));
        if self.reversed {
            files.reverse();
        }
        files
    }

    /// The root of the fixture with this environment instead of its own.
    fn build(&self, top: &Path) -> PathBuf {
        let root = top.join("root");
        copy(Path::new(&fixture()), &root);
        let venv = root.join(&self.prefix[1..]);
        let (site, bin) = (venv.join("lib/python3.11/site-packages"), venv.join("bin"));
        let kept = top.join("bin");
        fs::rename(root.join("opt/venv/bin"), &kept).unwrap();
        fs::remove_dir_all(root.join("opt/venv")).unwrap();
        fs::create_dir_all(&site).unwrap();
        fs::rename(kept, &bin).unwrap();
        fs::write(
            venv.join("pyvenv.cfg"),
            format!(
                "home = /usr/bin\nversion = 3.11.2\ncommand = python3 -m venv {}\n",
                self.prefix
            ),
        )
        .unwrap();
        for (path, content) in self.files() {
            let path = site.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        for script in ["web", "own"] {
            fs::set_permissions(bin.join(script), fs::Permissions::from_mode(0o777)).unwrap();
        }
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(self.changed);
        for entry in walkdir::WalkDir::new(&venv).contents_first(true) {
            let entry = entry.unwrap();
            if !entry.path_is_symlink() {
                let mode = fs::metadata(entry.path()).unwrap().permissions().mode();
                fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode & !self.umask))
                    .unwrap();
                fs::File::open(entry.path()).unwrap().set_modified(time).unwrap();
            }
        }
        root
    }

    /// Bundles as this person would, with `options`; returns the files of the image and the text of
    /// the final stage.
    fn bundle(&self, options: &[&str]) -> (Dump, String) {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path();
        let root = self.build(top);
        let program = top.join("wheelbarrow");
        copy(Path::new(env!("CARGO_BIN_EXE_wheelbarrow")), &program);
        let out = top.join("bundle");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("umask {:03o}; exec \"$@\"", self.umask), "sh"]).arg(program);
        command
            .args(["bundle", self.prefix, "--root"])
            .arg(&root)
            .arg("--out")
            .arg(&out)
            .args(options);
        command.env_remove("SOURCE_DATE_EPOCH").envs(self.variables);
        if !self.root && rustix::process::geteuid().is_root() {
            walkdir::WalkDir::new(top).into_iter().for_each(|entry| {
                lchown(entry.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap()
            });
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
        let mut image = dump(&out);
        // The build report names the builder's paths.
        assert!(image.remove(Path::new("wheelbarrow.json")).is_some());
        image.remove(Path::new("Dockerfile.final"));
        (image, String::from_utf8(output.stdout).unwrap())
    }
}

#[test]
fn every_layer_is_the_same_whoever_builds_it() {
    for options in [
        &["--layers", "--print-dockerfile"][..],
        &["--layers", "--slim", "all", "--link", "--print-dockerfile"],
        &["--format", "oci-layout"],
        &[
            "--format",
            "oci-layout",
            "--native",
            "vendor",
            "--base",
            "scratch",
            "--with-interpreter",
        ],
    ] {
        let (mine, my_stage) = MINE.bundle(options);
        let (yours, your_stage) = YOURS.bundle(options);
        let differs: Vec<&PathBuf> = mine
            .keys()
            .chain(yours.keys())
            .filter(|path| mine.get(*path) != yours.get(*path))
            .collect();
        assert!(differs.is_empty() && mine.len() > 10, "{options:?}: {differs:?}");
        let scripts = mine
            .keys()
            .filter(|path| path.ends_with("opt/app/bin/web") || path.ends_with("opt/app/bin/own"))
            .count();
        assert_eq!(scripts, if options[0] == "--layers" { 2 } else { 0 });
        assert_eq!(my_stage, your_stage.replace("--chown=0:0 ", ""), "{options:?}");
        for (path, (mode, time, content)) in &mine {
            // Parents also count: with COPY --link they are part of the layer.
            let expect: &[u32] =
                if mode & 0o170_000 == 0o040_000 { &[0o755] } else { &[0o644, 0o755, 0o777] };
            assert!(
                *time == 315_532_800 && expect.contains(&(mode & 0o7777)),
                "{options:?}: {} {mode:o} {time}",
                path.display()
            );
            for builder in [MINE.prefix, MINE.clone] {
                assert!(
                    memchr::memmem::find(content, builder.as_bytes()).is_none(),
                    "{options:?}: {} holds {builder}",
                    path.display()
                );
            }
        }
    }
}
