//! The real loaders as oracles: for a program in a root, the simulation must give the same answer.
//!
//! [`cases`] are crafted roots, described by tables that [`craft`] turns into files; [`images`] are
//! whole base images. The loader runs in the root by chroot(2), so these tests need root, buildah
//! and the images: `cargo test -- --ignored oracle`.

mod cases;
mod craft;
mod images;
mod run_path;
mod symbols;

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::fs::{Mode, OFlags, ResolveFlags, fstat, open, openat2};
use wheelbarrow::loader::{Libc, Library, Load, Loader, Outcome, Start, load};
use wheelbarrow::path::RealPath;

const MUSL: &str = "/lib/ld-musl-x86_64.so.1";
const GLIBC: &str = "/lib64/ld-linux-x86-64.so.2";

/// The answer of a loader for one program.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    /// Each needed name that loaded a file, and the path by which it was opened, in load order,
    /// without the loader itself.
    loaded: Vec<(String, String)>,
    /// The names that are missing or unusable for an object.
    refused: BTreeSet<String>,
    /// The file at which glibc stopped: it then prints nothing else.
    stopped: Option<String>,
}

impl Answer {
    fn names(&self) -> usize {
        self.loaded.len() + self.refused.len() + usize::from(self.stopped.is_some())
    }
}

/// Asks the root's own loader, as `ldd` does.
fn real(root: &Path, interpreter: &str, program: &str) -> Answer {
    let mut command = Command::new(interpreter);
    command.env_clear();
    match Libc::of_interpreter(interpreter) {
        Some(Libc::Musl) => command.args(["--list", program]),
        // glibc's `--list` stops at the first missing name; with the variable it continues. Without
        // AVX2, `$PLATFORM` is the architecture on every machine; otherwise glibc 2.36 uses
        // `haswell`.
        _ => command
            .env("LD_TRACE_LOADED_OBJECTS", "1")
            .env("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2")
            .arg(program),
    };
    let inside = root.to_owned();
    // SAFETY: between fork and exec there are only two system calls. chroot(1) itself would be
    // traced.
    unsafe {
        command.pre_exec(move || {
            std::os::unix::fs::chroot(&inside).and_then(|()| std::env::set_current_dir("/"))
        });
    }
    let output = command.output().expect("the loader of the root starts; chroot needs root");
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(
        output.status.code().map(|code| code & !127),
        Some(0),
        "{program} ended by a signal:\n{out}{err}"
    );
    let mut answer = Answer::default();
    for line in out.lines().map(str::trim) {
        let line = line.rsplit_once(" (0x").map_or(line, |(line, _)| line);
        let (name, path) = line.split_once(" => ").unwrap_or((line, line));
        if path == "not found" {
            answer.refused.insert(name.to_owned());
        } else if path != interpreter && !path.starts_with("linux-vdso.") {
            answer.loaded.push((asked(name, path), tidy(path)));
        }
    }
    for line in err.lines() {
        if let Some((name, _)) = line
            .strip_prefix("Error loading shared library ")
            .and_then(|line| line.split_once(": "))
        {
            answer.refused.insert(name.to_owned());
        } else if let Some((_, rest)) = line.split_once(": error while loading shared libraries: ")
        {
            answer.stopped = rest.split_once(": ").map(|(path, _)| tidy(path));
        } else {
            // The loaders also bind symbols and check versions; that is not compared here.
            let other = ["Error relocating ", "version `"].iter().any(|known| line.contains(known));
            assert!(other, "{program}: nothing known about this line of the loader: {line}");
        }
    }
    answer
}

/// Asks the simulation.
fn ours(base: &Path, loader: &dyn Loader, library: &Library, program: &RealPath) -> Answer {
    let Load { objects, edges, .. } =
        load(loader, library, Start::Program(program)).expect("the program can be read");
    let mut answer = Answer::default();
    let mut known = 1;
    for edge in edges {
        match edge.outcome {
            Outcome::BuiltIn => {}
            Outcome::Loaded { object, .. } if object < known => {}
            Outcome::Loaded { object, .. } => {
                known += 1;
                let object = &objects[object];
                same_file(base, object.opened.as_str(), &object.real);
                answer.loaded.push((
                    asked(&edge.name, object.opened.as_str()),
                    tidy(object.opened.as_str()),
                ));
            }
            Outcome::Broken { path, .. } if loader.libc() == Libc::Glibc => {
                return Answer { stopped: Some(tidy(&path)), ..Answer::default() };
            }
            Outcome::Foreign { .. } | Outcome::Broken { .. } | Outcome::Missing { .. } => {
                answer.refused.insert(edge.name);
            }
        }
    }
    answer
}

/// The kernel resolves `opened` inside the root to the file `real`, too.
fn same_file(base: &Path, opened: &str, real: &RealPath) {
    let top = open(base, OFlags::PATH, Mode::empty()).unwrap();
    let file = openat2(top, opened, OFlags::PATH, Mode::empty(), ResolveFlags::IN_ROOT).unwrap();
    let (kernel, own) =
        (fstat(file).unwrap(), base.join(real.relative()).symlink_metadata().unwrap());
    assert_eq!((kernel.st_dev, kernel.st_ino), (own.dev(), own.ino()), "{opened} is not {real}");
}

/// The needed name; if it has a slash, the path, because glibc prints it with its tokens expanded.
fn asked(name: &str, path: &str) -> String {
    if name.contains('/') { tidy(path) } else { name.to_owned() }
}

/// An absolute path without empty and `.` components, because loaders may differ in these.
fn tidy(path: &str) -> String {
    path.split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .map(|part| format!("/{part}"))
        .collect()
}
