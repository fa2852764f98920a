//! The answers of `why` and `why-not` for people.
//!
//! Invariant: chains with the same beginning are one tree, so each step is there once below the one before
//! it.

use std::fmt::Write as _;

use termtree::Tree;

use super::style::{BOLD, DIM, HANG, link};
use super::why::{Answer, Stay, Step};
use crate::escape::one_line;
use crate::finding::count;

/// The chains of an answer, joined where they begin with the same steps.
pub fn why_text(answer: &Answer) -> String {
    if answer.chains.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "{BOLD}{}{BOLD:#} is in the final root: {} to it\n",
        one_line(&answer.name),
        match answer.chains.len() {
            1 => "1 chain leads".to_owned(),
            chains => format!("{} lead", count(chains, "chain")),
        }
    );
    let chains: Vec<&[Step]> = answer.chains.iter().map(Vec::as_slice).collect();
    for tree in join(&chains) {
        let _ = write!(text, "{tree}");
    }
    text
}

/// Sorted chains, as trees.
fn join(chains: &[&[Step]]) -> Vec<Tree<String>> {
    let same_step = |a: &&[Step], b: &&[Step]| a.first() == b.first();
    let groups = chains.chunk_by(same_step).filter_map(|group| Some((group[0].first()?, group)));
    let tree = |(step, group): (&Step, &[&[Step]])| {
        let rest: Vec<&[Step]> = group.iter().map(|chain| &chain[1..]).collect();
        Tree::new(show(step)).with_leaves(join(&rest))
    };
    groups.map(tree).collect()
}

fn show(step: &Step) -> String {
    let (kind, name) = match step {
        Step::Distribution(name) => ("distribution", one_line(name)),
        Step::File(name) => ("file", link(path_of(name), one_line(name))),
        Step::Library(name) => ("library", one_line(name)),
        Step::Package(name) => ("package", one_line(name)),
    };
    format!("{DIM}{kind}{DIM:#} {HANG}{name}")
}

/// The path in the builder at the beginning of a step.
fn path_of(name: &str) -> &str {
    let path = name.split_once(" -> ").or_else(|| name.split_once(" ("));
    path.map_or(name, |(path, _)| path)
}

/// Everything that is left out, each with its reason.
pub fn why_not_text(answer: &Answer) -> String {
    let line = |Stay { subject, reason }: &Stay| {
        let subject = link(subject, one_line(subject));
        format!("{BOLD}{subject}{BOLD:#} is left out: {}\n", one_line(reason))
    };
    answer.stays.iter().map(line).collect()
}
