//! A layer that is too large for one, cut between folders.
//!
//! Invariant: where it is cut depends on its own entries alone.

use std::collections::BTreeMap;

use crate::plan::entry::{Action, Edit, PlannedEntry};

/// Bytes that count for the cut. A file that is rewritten has another size in every builder, RECORD
/// by the bytecode it names, a script by the path of its interpreter: these count for nothing.
pub(crate) fn weight(entry: &PlannedEntry) -> u64 {
    let keeps_size = |edit: &Edit| match edit {
        Edit::Strip | Edit::RunPath { .. } => true,
        Edit::Prefix { embedded, .. } => embedded.binary,
        Edit::Script { .. } => false,
    };
    let same = match &entry.action {
        Action::Copy => entry.edits.iter().all(keeps_size),
        Action::Compile { .. } => true,
        Action::Directory
        | Action::Link { .. }
        | Action::Write { .. }
        | Action::Record
        | Action::Manifest => false,
    };
    if same { entry.size } else { 0 }
}

/// Where the cut of one layer is.
#[derive(Default)]
struct Part {
    number: usize,
    size: u64,
    folder: Option<String>,
}

/// The names of the layers of all entries, when `layers` are those of a cut without a cap; only
/// those that are `divisible` have parts.
pub(crate) fn parts(
    entries: &[PlannedEntry],
    layers: &[String],
    divisible: &dyn Fn(usize) -> bool,
    cap: u64,
) -> Vec<String> {
    let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut folders: BTreeMap<(&str, String), u64> = BTreeMap::new();
    for (entry, layer) in entries.iter().zip(layers) {
        *sizes.entry(layer).or_default() += weight(entry);
        *folders.entry((layer, folder(entry))).or_default() += weight(entry);
    }
    let mut parts: BTreeMap<&str, Part> = BTreeMap::new();
    let named = entries.iter().zip(layers).enumerate().map(|(index, (entry, layer))| {
        if !divisible(index) || sizes[layer.as_str()] <= cap {
            return layer.clone();
        }
        let part = parts.entry(layer).or_default();
        let at = (layer.as_str(), folder(entry));
        // A folder is looked at as a whole when it begins; one that is above the cap itself, file
        // by file.
        let begins = part.folder.as_ref() != Some(&at.1);
        let ahead = if begins && folders[&at] <= cap { folders[&at] } else { weight(entry) };
        if part.size > 0 && part.size + ahead > cap {
            (part.number, part.size) = (part.number + 1, 0);
        }
        (part.size, part.folder) = (part.size + weight(entry), Some(at.1));
        format!("{layer}-part{}", part.number + 1)
    });
    named.collect()
}

/// The folder of a package and its first sub-folder: `numpy/core`.
fn folder(entry: &PlannedEntry) -> String {
    let path = entry.to.as_str();
    let below = path.split_once("-packages/").map_or(path, |(_, below)| below);
    let mut parts: Vec<&str> = below.split('/').collect();
    parts.pop();
    parts.truncate(2);
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::Embedding;
    use crate::path::RealPath;

    #[test]
    fn files_that_every_builder_writes_again_have_no_weight() {
        let embedded = |binary| Embedding { prefix: "/old".to_owned(), room: 9, binary };
        let prefix =
            |binary| Edit::Prefix { embedded: embedded(binary), prefix: RealPath::known("/new") };
        let script = || Edit::Script { cut: 1, header: String::new() };
        for (action, edits, expect) in [
            (Action::Copy, vec![], 500),
            (Action::Copy, vec![Edit::Strip], 500),
            (Action::Copy, vec![prefix(true), Edit::Strip], 500),
            (Action::Copy, vec![prefix(false)], 0),
            (Action::Copy, vec![script()], 0),
            (Action::Record, vec![], 0),
            (Action::Write { content: String::new() }, vec![], 0),
        ] {
            let path = RealPath::known("/opt/app/bin/web");
            let entry = PlannedEntry {
                action,
                edits,
                ..PlannedEntry::copy(path, 500, 0o755, String::new())
            };
            assert_eq!(weight(&entry), expect, "{:?} {:?}", entry.action, entry.edits);
        }
    }
}
