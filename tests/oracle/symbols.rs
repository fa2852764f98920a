//! Every symbol of whole images and of ten real packages: our tables and the loader miss the same
//! ones.

use std::collections::BTreeSet;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use wheelbarrow::loader::{Libc, Library, Missing, Start, SymbolTables, choose_loader, load};
use wheelbarrow::path::{RealPath, WrittenPath};
use wheelbarrow::root::{Directory, Kind, Root};

use super::{GLIBC, MUSL};
use crate::support::lab::{Container, Lab};

const TEN: &str = "RUN pip install -q --target /ten --only-binary :all: numpy==1.26.4 cryptography==42.0.7 lxml==5.2.2 pillow==10.3.0 \
                   pydantic==2.7.1 pyyaml==6.0.2 psycopg2-binary==2.9.9 markupsafe==2.1.5 cffi==1.16.0 orjson==3.10.3\n";

/// Lets the loader of the root bind everything, and returns each missing name: the object and the
/// symbol, or the version.
fn real(root: &Path, interpreter: &str, file: &str) -> BTreeSet<(String, String)> {
    let mut command = Command::new(interpreter);
    command.env_clear();
    match Libc::of_interpreter(interpreter) {
        Some(Libc::Musl) => command.args(["--list", file]),
        _ => command
            .envs([("LD_TRACE_LOADED_OBJECTS", "1"), ("LD_WARN", "1"), ("LD_BIND_NOW", "1")])
            .arg(file),
    };
    let inside = root.to_owned();
    // SAFETY: between fork and exec there are only two system calls.
    unsafe {
        command.pre_exec(move || {
            std::os::unix::fs::chroot(&inside).and_then(|()| std::env::set_current_dir("/"))
        });
    }
    let output = command.output().expect("the loader of the root starts; chroot needs root");
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    text.lines().filter_map(missing).collect()
}

/// The missing names by our tables, and the number of references.
fn ours(
    library: &Library,
    tables: &SymbolTables,
    interpreter: &str,
    path: &RealPath,
) -> (BTreeSet<(String, String)>, usize) {
    let root = library.root();
    let own = root.resolve(&WrittenPath::new(interpreter)).unwrap().unwrap().path;
    let machine = library.read(path).unwrap().as_ref().as_ref().unwrap().as_ref().unwrap().machine;
    let loader = choose_loader(root, interpreter, machine).unwrap();
    let load = load(loader.as_ref(), library, Start::Program(path)).unwrap();
    let (missing, count) = tables.missing(&load, loader.libc(), Some(&own));
    let named = missing.into_iter().map(|missing| match missing {
        Missing::Version { by, version, .. } => (by.name().to_owned(), version),
        Missing::Symbol { by, symbol, .. } => (by.name().to_owned(), symbol),
    });
    (named.collect(), count)
}

/// One line in which a loader reports a missing name.
fn missing(line: &str) -> Option<(String, String)> {
    let name = |path: &str| {
        path.trim_matches(['(', ')', ' ']).rsplit('/').next().unwrap_or_default().to_owned()
    };
    if let Some((path, symbol)) =
        line.strip_prefix("Error relocating ").and_then(|rest| rest.split_once(": "))
    {
        return Some((name(path), symbol.strip_suffix(": symbol not found")?.to_owned()));
    }
    if let Some((version, by)) = line
        .split_once(": version `")
        .and_then(|(_, rest)| rest.split_once("' not found (required by "))
    {
        return Some((name(by), version.to_owned()));
    }
    let (symbol, path) = line.trim().split_once('\t')?;
    let symbol =
        symbol.strip_prefix("undefined symbol: ").or_else(|| symbol.strip_prefix("symbol "))?;
    Some((name(path), symbol.split(',').next()?.to_owned()))
}

fn check(image: &str, interpreter: &str, least: usize) {
    let image = Container::of(image);
    let top = image.root();
    let root = Root::new(Directory::open(&top, &[]).unwrap());
    let library = Library::new(&root);
    let tables = SymbolTables::new(&root);
    let (mut files, mut symbols, mut theirs_in_all, mut disagreements) = (0, 0, 0, Vec::new());
    for entry in root
        .walk(&RealPath::root(), |_| true)
        .into_iter()
        .flatten()
        .filter(|entry| entry.meta.kind == Kind::File)
    {
        let facts = library.read(&entry.path).unwrap();
        let Ok(Some(elf)) = facts.as_ref() else { continue };
        if !elf.loadable || elf.needed.is_empty() {
            continue;
        }
        let theirs = real(&top, interpreter, entry.path.as_str());
        let (ours, count) = ours(&library, &tables, interpreter, &entry.path);
        (files, symbols, theirs_in_all) =
            (files + 1, symbols + count, theirs_in_all + theirs.len());
        if ours != theirs {
            let only = |a: &BTreeSet<(String, String)>, b: &BTreeSet<(String, String)>| {
                a.difference(b).take(5).cloned().collect::<Vec<_>>()
            };
            disagreements.push(format!(
                "{}: only real {:?}, only ours {:?}",
                entry.path,
                only(&theirs, &ours),
                only(&ours, &theirs)
            ));
        }
    }
    println!(
        "{interpreter}: {files} files, {symbols} references, {theirs_in_all} of them missing by the loader"
    );
    assert!(
        disagreements.is_empty(),
        "{} disagreements:\n{}",
        disagreements.len(),
        disagreements.join("\n")
    );
    assert!(symbols >= least, "only {symbols} references compared");
}

#[test]
#[ignore = "needs the lab: buildah and the base images"]
fn glibc() {
    check("docker.io/library/debian:bookworm-slim", GLIBC, 10_000);
    let lab = Lab::new();
    lab.build("wheelbarrow-symbols-slim", &format!("FROM python:3.11-slim-bookworm\n{TEN}"));
    check("localhost/wheelbarrow-symbols-slim", GLIBC, 50_000);
}

#[test]
#[ignore = "needs the lab: buildah and the base images"]
fn musl() {
    check("docker.io/library/alpine:3.20", MUSL, 500);
    let lab = Lab::new();
    lab.build("wheelbarrow-symbols-alpine", &format!("FROM python:3.11-alpine3.20\n{TEN}"));
    check("localhost/wheelbarrow-symbols-alpine", MUSL, 5_000);
}

/// Functions that libraries built with an older musl call, and that a newer musl no longer exports.
#[test]
#[ignore = "needs the lab: buildah and the base images"]
fn large_files_of_musl() {
    let directory = tempfile::tempdir().unwrap();
    let compile = |name: &str, source: &str, more: &[&str]| {
        std::fs::write(directory.path().join("source.c"), source).unwrap();
        let arguments = [
            "-shared",
            "-fPIC",
            "-nostdlib",
            "-Wl,--no-as-needed",
            &format!("-Wl,-soname,{name}"),
            "-o",
            name,
            "source.c",
        ];
        let status =
            Command::new("gcc").args(arguments).args(more).current_dir(directory.path()).status();
        assert!(status.expect("gcc is there").success());
    };
    let names = [
        "open64",
        "stat64",
        "aio_suspend64",
        "__fxstatat64",
        "versionsort64",
        "readdir64_r",
        "nosuch64",
        "fcntl64",
        "readdir_r64",
    ];
    let calls: String = names
        .iter()
        .map(|name| format!("void {name}(void); void call_{name}(void) {{ {name}(); }}\n"))
        .collect();
    compile("libc.musl-x86_64.so.1", "", &[]);
    compile("libcalls.so", &calls, &["libc.musl-x86_64.so.1"]);
    for (release, expect) in [("3.20", 3), ("3.18", 3), ("3.8", 3)] {
        let image = Container::of(&format!("docker.io/library/alpine:{release}"));
        let top = image.root();
        std::fs::copy(directory.path().join("libcalls.so"), top.join("libcalls.so")).unwrap();
        let root = Root::new(Directory::open(&top, &[]).unwrap());
        let theirs = real(&top, MUSL, "/libcalls.so");
        assert_eq!(
            ours(
                &Library::new(&root),
                &SymbolTables::new(&root),
                MUSL,
                &RealPath::known("/libcalls.so")
            )
            .0,
            theirs,
            "{release}"
        );
        assert_eq!(theirs.len(), expect, "{release}: {theirs:?}");
    }
}
