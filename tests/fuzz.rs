//! Runs every fuzz target over its seeds: complete, truncated and mutated.

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

/// The mutated inputs of each target in an ordinary run: some seconds for all of them.
const MUTATIONS: u64 = 200;
/// The same for a longer run.
const LONG_RUN: u64 = 1_000;
/// Pieces that are put into inputs: what the grammars of the parsers are made of, and what they exclude.
const PIECES: [&[u8]; 40] = [
    b"\n",
    b"\r\n",
    b"\0",
    b" ",
    b"\t",
    b"/",
    b"..",
    b"/../",
    b"//",
    b"/./",
    b"-",
    b"_",
    b".",
    b"*",
    b"[",
    b"]",
    b"(",
    b")",
    b"((((((((",
    b"{",
    b"}",
    b"'",
    b"\"",
    b"\\",
    b";",
    b":",
    b"=",
    b">=",
    b"@",
    b"#",
    b"$(id)",
    b"%",
    b",",
    b"\x1b[31m",
    b"\xc3\xa9",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x90\x8d",
    b"\xff",
    b"9999999999999999999999",
    b"\x7fELF",
];

/// Numbers that look random and are the same in every run (xorshift64, Marsaglia 2003).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (end.max(1) as u64)).unwrap()
    }

    fn range(&mut self, input: &[u8]) -> std::ops::Range<usize> {
        let start = self.below(input.len() + 1);
        start..(start + self.below(24)).min(input.len())
    }
}

/// Changes an input in one to four places, with pieces of itself, of another one and of [`PIECES`].
fn mutate(numbers: &mut Numbers, input: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..=numbers.below(4) {
        let place = numbers.range(input);
        match numbers.below(7) {
            0 => drop(input.splice(place, [])),
            1 => drop(input.splice(place, PIECES[numbers.below(PIECES.len())].to_vec())),
            2 => {
                let start = place.start;
                drop(input.splice(start..start, PIECES[numbers.below(PIECES.len())].to_vec()));
            }
            3 => {
                let own = input[place].to_vec();
                let at = numbers.below(input.len() + 1);
                drop(input.splice(at..at, own));
            }
            4 => {
                let piece = other[numbers.range(other)].to_vec();
                drop(input.splice(place, piece));
            }
            5 => input
                .iter_mut()
                .skip(place.start)
                .take(1)
                .for_each(|byte| *byte ^= 1 << (place.end % 8)),
            _ => input.truncate(place.start.max(input.len() / 2)),
        }
    }
}

/// Calls a target with this many mutated seeds. An input that is mutated once is a seed of the next ones, as
/// long as it is short.
fn run_mutated(name: &str, target: fn(&[u8]), runs: u64) {
    const KEPT: usize = 64;
    const LONGEST: usize = 16 << 10;
    let mut inputs: Vec<Vec<u8>> = seeds(name).iter().map(|seed| fs::read(seed).unwrap()).collect();
    let count = inputs.len();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for run in 0..runs {
        let mut input = inputs[numbers.below(inputs.len())].clone();
        let other = numbers.below(inputs.len());
        mutate(&mut numbers, &mut input, &inputs[other]);
        let ran = std::panic::catch_unwind(|| target(&input));
        assert!(ran.is_ok(), "{name} panics in run {run} on {:?}", String::from_utf8_lossy(&input));
        if input.len() <= LONGEST {
            match inputs.len() - count {
                KEPT => inputs[count + numbers.below(KEPT)] = input,
                _ => inputs.push(input),
            }
        }
    }
}

#[test]
fn no_mutated_seed_makes_a_parser_panic() {
    TARGETS.iter().for_each(|(name, target)| run_mutated(name, *target, MUTATIONS));
}

/// A longer run, of one target and as long as one wants on request:
/// `FUZZ=requirement RUNS=10000000 cargo test --test integration many_mutated_seeds -- --ignored`.
#[test]
#[ignore = "takes longer"]
fn many_mutated_seeds() {
    let only = std::env::var("FUZZ").ok();
    let runs = std::env::var("RUNS").map_or(LONG_RUN, |runs| runs.parse().expect("a number"));
    let asked = |name: &str| only.as_ref().is_none_or(|only| only == name);
    let targets: Vec<_> = TARGETS.iter().filter(|(name, _)| asked(name)).collect();
    assert!(!targets.is_empty(), "no target is called {only:?}");
    for (name, target) in targets {
        run_mutated(name, *target, runs);
        println!("{name}: {runs} runs");
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
