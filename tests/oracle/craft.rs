//! Makes a root from the table of a case: real loaders, tiny objects, links, texts.
//!
//! Each line is one step; the steps run in order:
//!
//! ```text
//! /lib/libb.so.1 soname libb.so.1 needs libc1.so /x/libd.so runpath $ORIGIN/x:/y rpath /z
//! /lib/libb.so.1 nodefaultlib | narrow (32-bit) | foreign (another machine)
//! /usr/lib/ld-musl-x86_64.so.1 image    (the file of that name from the image; the loader is there
//! without a line) /lib -> usr/lib /etc/ld.so.conf = text\n /a/directory/ ldconfig remove
//! /lib/libb.so.1
//! ```

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::lab::Container;

/// DT_AUXILIARY and DT_RPATH in the bytes of a dynamic section.
const AUXILIARY: [u8; 8] = 0x7fff_fffd_u64.to_le_bytes();
const RPATH: [u8; 8] = 15_u64.to_le_bytes();
/// A run path that is replaced by the empty string, which ld does not write.
const EMPTY: &str = "@empty@";

/// The material for the roots of one loader.
pub struct Workshop {
    directory: TempDir,
    interpreter: &'static str,
}

impl Workshop {
    /// Copies `files` from the image, once.
    pub fn new(image: &str, interpreter: &'static str, files: &[&str]) -> Workshop {
        let directory = tempfile::tempdir().unwrap();
        let image = Container::of(image);
        let top = image.root();
        for file in files {
            let name = file.rsplit('/').next().unwrap();
            fs::copy(top.join(file), directory.path().join(name)).unwrap();
        }
        let workshop = Workshop { directory, interpreter };
        fs::write(workshop.file("object.c"), "void _start(void) {}\n").unwrap();
        workshop
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Makes the root that a table describes.
    pub fn root(&self, table: &str) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        if !table.contains(" image") {
            self.line(root.path(), &format!("{} image", self.interpreter));
        }
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            self.line(root.path(), line);
        }
        root
    }

    fn line(&self, root: &Path, line: &str) {
        if line == "ldconfig" {
            fs::create_dir_all(root.join("etc")).unwrap();
            run(Command::new(self.file("ldconfig")).arg("-r").arg(root));
        } else if let Some(path) = line.strip_prefix("remove ") {
            fs::remove_file(place(root, path)).unwrap();
        } else if let Some((path, target)) = line.split_once(" -> ") {
            symlink(target, place(root, path)).unwrap();
        } else if let Some((path, text)) = line.split_once(" =") {
            fs::write(place(root, path), text.trim_start().replace("\\n", "\n")).unwrap();
        } else if let Some(path) = line.strip_suffix(" image") {
            let to = place(root, path);
            fs::copy(self.file(to.file_name().unwrap().to_str().unwrap()), to).unwrap();
        } else if let Some(path) = line.strip_suffix('/').filter(|path| !path.contains(' ')) {
            fs::create_dir(place(root, path)).unwrap();
        } else {
            let (path, words) = line.split_once(' ').unwrap_or((line, ""));
            self.object(&place(root, path), words);
        }
    }

    fn object(&self, to: &Path, words: &str) {
        // A loader in list mode accepts any object; only with `-shared` does ld write every tag.
        let mut gcc = Command::new("gcc");
        gcc.args(["-shared", "-nostdlib", "-fPIC", "-Wl,--no-as-needed,--enable-new-dtags"])
            .arg(self.file("object.c"))
            .arg("-o")
            .arg(to);
        gcc.arg(format!("-Wl,--dynamic-linker={}", self.interpreter));
        let (mut key, mut machine) = ("", None);
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            let value = if word == "\"\"" { EMPTY } else { word };
            match (key, word) {
                (_, "needs" | "soname" | "rpath" | "runpath") => key = word,
                (_, "nodefaultlib") => _ = gcc.arg("-Wl,-z,nodefaultlib"),
                (_, "narrow") => _ = gcc.arg("-m32"),
                (_, "foreign") => machine = Some(183),
                ("needs", name) => _ = gcc.arg(self.stub(name)),
                ("soname", name) => _ = gcc.arg(format!("-Wl,-soname,{name}")),
                ("runpath", _) => _ = gcc.arg(format!("-Wl,-rpath,{value}")),
                // ld writes RUNPATH or RPATH, never both; so RPATH is first written under another
                // tag.
                ("rpath", _) => _ = gcc.arg(format!("-Wl,-f,{value}")),
                _ => panic!("{words}: what is {word}?"),
            }
        }
        run(&mut gcc);
        let mut bytes = fs::read(to).unwrap();
        if let Some(at) = memchr::memmem::find(&bytes, &AUXILIARY) {
            bytes[at..at + 8].copy_from_slice(&RPATH);
        }
        if let Some(at) = memchr::memmem::find(&bytes, EMPTY.as_bytes()) {
            bytes[at] = 0;
        }
        if let Some(machine) = machine {
            bytes[18] = machine;
        }
        fs::write(to, bytes).unwrap();
    }

    /// A library to link with, so that its name becomes a DT_NEEDED.
    fn stub(&self, name: &str) -> PathBuf {
        let stub = self.file(&format!("stub-{}", name.replace('/', "%")));
        if !stub.exists() {
            run(Command::new("gcc")
                .args(["-shared", "-nostdlib", "-xc", "/dev/null", "-o"])
                .arg(&stub)
                .arg(format!("-Wl,-soname,{name}")));
        }
        stub
    }
}

/// The host's path of `path`, with its parents created. No parent may be a link, which could lead
/// out of the root.
fn place(root: &Path, path: &str) -> PathBuf {
    let (parents, name) = path
        .strip_prefix('/')
        .expect("paths of a table are absolute")
        .rsplit_once('/')
        .unwrap_or(("", &path[1..]));
    let mut at = root.to_owned();
    for part in parents.split('/').filter(|part| !part.is_empty()) {
        at.push(part);
        assert!(!at.is_symlink(), "{path}: a parent is a link; name the real directory");
        if !at.is_dir() {
            fs::create_dir(&at).unwrap();
        }
    }
    at.join(name)
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
