//! The layers of one bundle and of several, for people.
//!
//! Invariant: a slot is shown with the distributions in it, because its name does not say them.

use std::fmt::Write as _;

use super::compare::Comparison;
use super::size;
use super::style::BOLD;
use crate::finding::count;
use crate::plan::PlannedLayer;

/// The layers that applications share, and the bytes that this saves.
pub fn comparison_text(comparison: &Comparison) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{BOLD}shared layers{BOLD:#}");
    for layer in &comparison.shared {
        let _ = writeln!(
            text,
            "  {:>9}  {}{}  in {}",
            size(layer.size),
            layer.name,
            in_brackets(&layer.distributions),
            layer.applications.join(", ")
        );
    }
    let _ = writeln!(text, "{BOLD}applications{BOLD:#}");
    for application in &comparison.applications {
        let _ = writeln!(
            text,
            "  {:>9}  {}  {}, {} to pull after the applications above",
            size(application.size),
            application.name,
            count(application.layers, "layer"),
            size(application.pulled)
        );
    }
    let _ = writeln!(
        text,
        "{BOLD}stored{BOLD:#}\n  {:>9}  without sharing\n  {:>9}  with shared layers",
        size(comparison.separate),
        size(comparison.stored)
    );
    for suggestion in &comparison.suggestions {
        let _ = writeln!(text, "{BOLD}suggestion{BOLD:#}: {suggestion}");
    }
    text
}

/// The layers with their reasons; empty slots are counted.
pub(super) fn list_layers(text: &mut String, layers: &[PlannedLayer]) {
    let _ = writeln!(text, "{BOLD}layers{BOLD:#}");
    let filled: Vec<&PlannedLayer> = layers.iter().filter(|layer| layer.files > 0).collect();
    for PlannedLayer { name, reason, distributions, files, size: bytes } in &filled {
        let _ = writeln!(
            text,
            "  {:>9}  {name}  {}, {reason}{}",
            size(*bytes),
            count(*files, "file"),
            in_brackets(distributions)
        );
    }
    if filled.len() < layers.len() {
        let empty = count(layers.len() - filled.len(), "empty slot");
        let _ = writeln!(text, "  {:>9}  {empty}", size(0));
    }
}

/// The distributions of a layer behind its name.
fn in_brackets(distributions: &[String]) -> String {
    match distributions {
        [] => String::new(),
        some => format!(" ({})", some.join(", ")),
    }
}
