//! Names that are almost a typed one. The only file that names strsim.
//!
//! Invariant: only the nearest names count, and none that is a third of the letters away.

use std::collections::BTreeSet;

/// One answer has this many names.
const MOST: usize = 3;

/// The names that are most like `typed`, sorted.
pub fn find_similar<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = fold(typed);
    let most = (typed.chars().count() / 3).max(1);
    let similar: BTreeSet<(usize, &str)> = names
        .filter(|name| name.len().abs_diff(typed.len()) <= most)
        .map(|name| (strsim::osa_distance(&typed, &fold(name)), name))
        .filter(|(distance, _)| *distance <= most)
        .collect();
    let nearest = similar.first().map(|(distance, _)| *distance);
    let nearest = similar.iter().filter(|(distance, _)| Some(*distance) == nearest);
    nearest.take(MOST).map(|(_, name)| *name).collect()
}

/// Upper case and the separators of PEP 503 make no difference.
fn fold(name: &str) -> String {
    name.to_lowercase().replace(['-', '.'], "_")
}
