//! Every program and library of whole base images.

use wheelbarrow::loader::{Library, choose_loader};
use wheelbarrow::path::RealPath;
use wheelbarrow::root::{Directory, Kind, Root};

use super::{GLIBC, MUSL, ours, real};
use crate::support::lab::Container;

fn check(name: &str, interpreter: &str, least: usize) {
    let image = Container::of(name);
    let top = image.root();
    let root = Root::new(Directory::open(&top, &[]).unwrap());
    let library = Library::new(&root);
    let mut loader = None;
    let (mut compared, mut files, mut without_needs) = (0, 0, 0);
    let mut disagreements = Vec::new();
    for entry in root
        .walk(&RealPath::root(), |_| true)
        .into_iter()
        .flatten()
        .filter(|entry| entry.meta.kind == Kind::File)
    {
        let facts = library.read(&entry.path).unwrap();
        let Ok(Some(elf)) = facts.as_ref() else { continue };
        if !elf.loadable || elf.needed.is_empty() {
            without_needs += 1;
            continue;
        }
        let loader =
            loader.get_or_insert_with(|| choose_loader(&root, interpreter, elf.machine).unwrap());
        let theirs = real(&top, interpreter, entry.path.as_str());
        let ours = ours(&top, loader.as_ref(), &library, &entry.path);
        (files, compared) = (files + 1, compared + theirs.names());
        if ours != theirs {
            disagreements.push(format!("{}\nreal {theirs:#?}\nours {ours:#?}", entry.path));
        }
    }
    println!(
        "{name}: {files} files, {compared} names compared; {without_needs} ELF files need nothing"
    );
    assert!(
        disagreements.is_empty(),
        "{} disagreements in {name}:\n{}",
        disagreements.len(),
        disagreements.join("\n\n")
    );
    assert!(compared >= least, "only {compared} names compared");
}

#[test]
#[ignore = "needs the lab: buildah and the base images"]
fn alpine() {
    check("docker.io/library/alpine:3.20", MUSL, 10);
}

#[test]
#[ignore = "needs the lab: buildah and the base images"]
fn python_alpine() {
    check("docker.io/library/python:3.11-alpine3.20", MUSL, 20);
}

#[test]
#[ignore = "needs the lab: buildah and the base images"]
fn debian() {
    check("docker.io/library/debian:bookworm-slim", GLIBC, 500);
}

#[test]
#[ignore = "needs the lab: buildah and the base images"]
fn python_slim() {
    check("docker.io/library/python:3.11-slim-bookworm", GLIBC, 500);
}
