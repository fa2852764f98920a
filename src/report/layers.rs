//! The layers of one bundle and of several, for people.
//!
//! Invariant: a slot is shown with the distributions in it, because its name does not say them.

use std::fmt::Write as _;

use super::compare::Comparison;
use super::size;
use super::style::BOLD;
use super::table::{Align, Table};
use crate::escape::one_line;
use crate::finding::count;
use crate::plan::PlannedLayer;

/// The layers that applications share, and the bytes that this saves.
pub fn comparison_text(comparison: &Comparison) -> String {
    let mut text = String::new();
    if comparison.shared.is_empty() {
        let _ =
            writeln!(text, "{BOLD}nothing to share{BOLD:#}: no two bundles have the same layer");
    } else {
        let _ = write!(text, "{BOLD}shared layers{BOLD:#}\n{}", shared_text(comparison));
    }
    let _ = write!(text, "{BOLD}applications{BOLD:#}\n{}", applications_text(comparison));
    let mut stored = Table::new([Align::Right, Align::Left]);
    stored.add([size(comparison.separate), "without sharing".to_owned()]);
    stored.add([size(comparison.stored), "with shared layers".to_owned()]);
    let _ = write!(text, "{BOLD}stored{BOLD:#}\n{}", stored.text());
    for suggestion in &comparison.suggestions {
        let _ = writeln!(text, "{BOLD}suggestion{BOLD:#}: {suggestion}");
    }
    text
}

fn shared_text(comparison: &Comparison) -> String {
    let mut table = Table::new([Align::Right, Align::Left, Align::Left]);
    for layer in &comparison.shared {
        let applications = format!("in {}", layer.applications.join(", "));
        let contents = [layer.distributions.join(", "), applications];
        let contents = contents.iter().filter(|part| !part.is_empty());
        let contents = contents.map(one_line).collect::<Vec<_>>().join("; ");
        table.add([size(layer.size), one_line(&layer.name), contents]);
    }
    table.text()
}

fn applications_text(comparison: &Comparison) -> String {
    let mut table = Table::new([Align::Right, Align::Left, Align::Left]);
    for (at, application) in comparison.applications.iter().enumerate() {
        let layers = count(application.layers, "layer");
        let pulled = match at {
            0 => layers,
            _ => format!("{layers}, {} to pull after those above", size(application.pulled)),
        };
        table.add([size(application.size), one_line(&application.name), pulled]);
    }
    table.text()
}

/// The layers below their reasons; empty slots are counted.
pub(super) fn layers_text(layers: &[PlannedLayer]) -> String {
    if layers.is_empty() {
        return String::new();
    }
    let mut table = Table::new([Align::Right, Align::Left, Align::Right, Align::Left]);
    let filled: Vec<&PlannedLayer> = layers.iter().filter(|layer| layer.files > 0).collect();
    for layers in filled.chunk_by(|a, b| a.reason == b.reason) {
        table.add_heading(&one_line(&layers[0].reason));
        for PlannedLayer { name, distributions, files, size: bytes, .. } in layers {
            let contents = one_line(distributions.join(", "));
            table.add([size(*bytes), one_line(name), count(*files, "file"), contents]);
        }
    }
    if filled.len() < layers.len() {
        let empty = count(layers.len() - filled.len(), "empty slot");
        table.add([size(0), empty, String::new(), String::new()]);
    }
    format!("{BOLD}layers{BOLD:#}\n{}", table.text())
}
