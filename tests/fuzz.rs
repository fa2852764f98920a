//! Runs every fuzz target over its seeds, complete and truncated.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../fuzz/src/lib.rs"]
mod targets;

use targets::TARGETS;

/// The number of places at which each seed is truncated.
const CUTS: usize = 24;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The seeds of a target. ELF targets also get files of the shipped root, which are too big to
/// copy.
fn seeds(name: &str) -> Vec<PathBuf> {
    let mut seeds: Vec<PathBuf> = fs::read_dir(fuzz().join("corpus").join(name))
        .unwrap_or_else(|why| panic!("fuzz/corpus/{name}: {why}"))
        .map(|entry| entry.unwrap().path())
        .collect();
    if name.starts_with("elf_") {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("py-fixtures/alpine-venv");
        let files = ["usr/bin/python3.11", "usr/lib/libyaml-0.so.2.0.9"];
        seeds.extend(files.map(|file| root.join(file)));
    }
    seeds.sort();
    seeds
}

#[test]
fn no_seed_makes_a_parser_panic() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "fuzz/corpus/{name} has no seed");
        for seed in seeds {
            let input = fs::read(&seed).unwrap();
            let cuts = (0..=CUTS).map(|cut| input.len() * cut / CUTS).collect::<BTreeSet<_>>();
            for end in cuts {
                let run = std::panic::catch_unwind(|| target(&input[..end]));
                assert!(
                    run.is_ok(),
                    "{name} panics on the first {end} bytes of {}",
                    seed.display()
                );
            }
        }
    }
}

#[test]
fn every_target_has_its_program() {
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(fuzz().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    let expect: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names("fuzz_targets"), expect);
    assert_eq!(names("corpus"), expect);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in expect {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} is not in Cargo.toml");
        let program = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("wheelbarrow_fuzz::{name}(input)")), "{name}.rs");
    }
}
