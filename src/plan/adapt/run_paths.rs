//! Vendored libraries that the final loader would not find where they are in the builder.
//!
//! A library that is found through `/etc/ld.so.cache` or musl's path file alone is lost in a root
//! without that configuration, and nothing can make it there when there is no ldconfig and no
//! shell. So it moves to a directory of its own below the prefix, and every file that needs it gets
//! a run path to that, relative to itself: the prefix may move. The directory is `lib/wheelbarrow`,
//! not `lib`, where wheels may have put files, and the name says who made it. A link stays where
//! the library was, for programs that open it by path.
//!
//! A library that the final loader finds without help keeps its place: that needs no patching and
//! is preferred.
//!
//! A run path or a needed name may also be an absolute path into the environment, which is elsewhere in the
//! final root ([`super::moved_paths`]). It is replaced in the same edit.
//!
//! Invariant: one directory never has one name for two libraries; no library is found that was not
//! found in the builder.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::moved_paths::{MovedPaths, find_moved_paths};
use crate::inventory::{Inventory, Need, NeedOutcome};
use crate::loader::Rule;
use crate::path::RealPath;
use crate::plan::entry::{Action, Edit, PlannedEntry};
use crate::plan::target::FinalRoot;

/// Below the prefix.
const DIRECTORY: &str = "lib/wheelbarrow";

/// Moves the libraries of `entries` that the final loader would not find. `bundled` are the files
/// of the environment.
pub(crate) fn relocate_lost_libraries(
    inventory: &Inventory,
    final_root: &FinalRoot,
    prefix: &RealPath,
    bundled: &BTreeSet<RealPath>,
    entries: &mut Vec<PlannedEntry>,
) {
    let copied = entries.iter().filter(|entry| entry.action == Action::Copy);
    let copied: HashSet<&RealPath> = copied.filter_map(|entry| entry.from.as_ref()).collect();
    let in_conda = |path: &RealPath| inventory.packages.in_prefix(path).is_some();
    // Needs of bundled files that lead to bundled files: the others are the base's own, or are
    // installed.
    let loadings = inventory.loadings().filter(|loading| bundled.contains(loading.file));
    let interpreter =
        inventory.interpreter_natives.iter().filter(|_| final_root.interpreter_is_bundled);
    // A source file that opens a library has no run path.
    let edges: Vec<Edge> = loadings
        .flat_map(|loading| loading.needs)
        .filter(|need| inventory.is_elf(&need.by))
        .chain(interpreter.flat_map(|native| &native.needs))
        .filter_map(|need| Edge::new(need, &copied, &in_conda))
        .collect();
    let lost = find_lost(&edges, final_root, bundled);
    let mut directories = choose_directories(&edges, &lost, prefix);
    move_libraries(entries, &directories);
    entries.extend(links(&edges, final_root, &directories));
    let moved = find_moved_paths(inventory, entries);
    directories.extend(find_in_environment(&edges, entries, bundled));
    add_run_paths(entries, &run_paths(&edges, &directories, &moved));
}

/// The final directories of the libraries of the environment that `LD_LIBRARY_PATH` leads to.
fn find_in_environment(
    edges: &[Edge],
    entries: &[PlannedEntry],
    bundled: &BTreeSet<RealPath>,
) -> BTreeMap<RealPath, RealPath> {
    let by_variable = edges.iter().filter(|edge| edge.rule() == Some(&Rule::LibraryPath));
    let inside: BTreeSet<&RealPath> =
        by_variable.map(|edge| edge.library).filter(|library| bundled.contains(library)).collect();
    let place = |entry: &PlannedEntry| {
        let library = entry.from.as_ref().filter(|from| inside.contains(from))?;
        Some((library.clone(), entry.to.parent()?))
    };
    entries.iter().filter_map(place).collect()
}

fn move_libraries(entries: &mut [PlannedEntry], directories: &BTreeMap<RealPath, RealPath>) {
    for entry in entries.iter_mut().filter(|entry| entry.action == Action::Copy) {
        if let Some(directory) = entry.from.as_ref().and_then(|from| directories.get(from)) {
            entry.to = directory.join(entry.to.name());
            entry.reason = format!(
                "{}; moved, since the final loader does not search its directory",
                entry.reason
            );
        }
    }
}

/// The directories that a file needs in its run path.
#[derive(Default)]
struct RunPath {
    targets: BTreeSet<RealPath>,
    moved: MovedPaths,
    /// Whether a library of it was found by the run path of the object that loads it.
    inherits: bool,
}

fn run_paths<'a>(
    edges: &'a [Edge],
    directories: &BTreeMap<RealPath, RealPath>,
    moved: &'a BTreeMap<RealPath, MovedPaths>,
) -> BTreeMap<&'a RealPath, RunPath> {
    let mut wanted: BTreeMap<&RealPath, RunPath> = BTreeMap::new();
    for edge in edges {
        let run_path = wanted.entry(&edge.need.by).or_default();
        run_path.targets.extend(directories.get(edge.library).cloned());
        run_path.inherits |= matches!(edge.rule(), Some(Rule::RunPath { .. }));
    }
    for (file, paths) in moved {
        let run_path = wanted.entry(file).or_default();
        run_path.targets.extend(paths.needed.values().filter_map(RealPath::parent));
        run_path.moved = paths.clone();
    }
    wanted
}

fn add_run_paths(entries: &mut [PlannedEntry], wanted: &BTreeMap<&RealPath, RunPath>) {
    for entry in entries.iter_mut().filter(|entry| entry.action == Action::Copy) {
        let Some(run_path) = entry.from.as_ref().and_then(|from| wanted.get(from)) else {
            continue;
        };
        let RunPath { targets, moved, inherits } = run_path;
        let Some(own) = entry.to.parent() else { continue };
        let directories: Vec<String> = list_from_origin(&own, targets);
        let replaced: BTreeMap<String, String> = moved
            .directories
            .iter()
            .map(|(old, new)| (old.clone(), list_from_origin(&own, new).join(":")))
            .collect();
        let needed: BTreeMap<String, String> =
            moved.needed.iter().map(|(old, new)| (old.clone(), new.name().to_owned())).collect();
        if !directories.is_empty() {
            let added = directories.join(":");
            entry.reason = format!("{}; {added} is added to its run path", entry.reason);
        }
        for (old, new) in replaced.iter().chain(&needed) {
            entry.reason = format!("{}; {new} replaces {old} in it", entry.reason);
        }
        if !(directories.is_empty() && replaced.is_empty() && needed.is_empty()) {
            entry.add_edit(Edit::RunPath { directories, replaced, needed, inherits: *inherits });
        }
    }
}

fn list_from_origin(own: &RealPath, targets: &BTreeSet<RealPath>) -> Vec<String> {
    targets.iter().map(|target| from_origin(own, target)).collect()
}

/// A need of a bundled file, for a bundled library.
struct Edge<'a> {
    need: &'a Need,
    library: &'a RealPath,
    /// Where the loader found it.
    directory: RealPath,
    /// Whether the library is of a conda package, which keeps its place in the prefix.
    in_conda: bool,
}

impl<'a> Edge<'a> {
    fn new(
        need: &'a Need,
        copied: &HashSet<&RealPath>,
        in_conda: &dyn Fn(&RealPath) -> bool,
    ) -> Option<Edge<'a>> {
        let (library, directory) = need.found()?;
        let in_conda = in_conda(library);
        let both = copied.contains(library) && copied.contains(&need.by);
        both.then_some(Edge { need, library, directory, in_conda })
    }

    fn rule(&self) -> Option<&Rule> {
        if let NeedOutcome::Library { rule, .. } = &self.need.outcome {
            rule.as_ref()
        } else {
            None
        }
    }
}

/// The libraries that the final loader does not find.
fn find_lost(
    edges: &[Edge],
    final_root: &FinalRoot,
    bundled: &BTreeSet<RealPath>,
) -> BTreeSet<RealPath> {
    let mut lost = BTreeSet::new();
    loop {
        let before = lost.len();
        for edge in edges.iter().filter(|edge| !edge.in_conda && !bundled.contains(edge.library)) {
            let found = match edge.rule() {
                Some(rule @ (Rule::Cache | Rule::PathFile | Rule::DefaultDirectory)) => {
                    final_root.finds(&edge.need.name, &edge.directory, rule)
                }
                // The run path may start at the place of the file itself.
                Some(Rule::RunPath { .. }) => !lost.contains(&edge.need.by),
                Some(Rule::LibraryPath) => false,
                Some(Rule::Path) | None => true,
            };
            if !found {
                lost.insert(edge.library.clone());
            }
        }
        if lost.len() == before {
            return lost;
        }
    }
}

/// The directory of each lost library. If two files have one
/// name, each gets a subdirectory named after its original directory.
fn choose_directories(
    edges: &[Edge],
    lost: &BTreeSet<RealPath>,
    prefix: &RealPath,
) -> BTreeMap<RealPath, RealPath> {
    let mut named: BTreeMap<&str, BTreeSet<&RealPath>> = BTreeMap::new();
    for edge in edges {
        for name in [edge.need.name.as_str(), edge.library.name()] {
            named.entry(name).or_default().insert(edge.library);
        }
    }
    let top = prefix.descend(DIRECTORY);
    let clashes =
        |library: &RealPath| named.values().any(|files| files.len() > 1 && files.contains(library));
    let directory = |library: &RealPath| match library.parent().filter(|_| clashes(library)) {
        Some(parent) => top.descend(parent.relative()),
        None => top.clone(),
    };
    lost.iter().map(|library| (library.clone(), directory(library))).collect()
}

/// The other names that a library is needed by, and the one link that stays where it was.
fn links(
    edges: &[Edge],
    final_root: &FinalRoot,
    directories: &BTreeMap<RealPath, RealPath>,
) -> Vec<PlannedEntry> {
    let mut links: BTreeMap<RealPath, PlannedEntry> = BTreeMap::new();
    let mut link = |at: RealPath, library: &RealPath, to: &RealPath, reason: String| {
        let target = to.relative_to(&at.parent().expect("a file is in a directory"));
        links.entry(at.clone()).or_insert_with(|| PlannedEntry {
            from: Some(library.clone()),
            ..PlannedEntry::link(at, target, reason)
        });
    };
    for (edge, directory) in
        edges.iter().filter_map(|edge| Some((edge, directories.get(edge.library)?)))
    {
        let to = directory.join(edge.library.name());
        link(
            final_root.place(edge.library),
            edge.library,
            &to,
            format!("the original path of {}", edge.library.name()),
        );
        if edge.need.name != edge.library.name() && !edge.need.name.contains('/') {
            let at = directory.join(&edge.need.name);
            link(
                at,
                edge.library,
                &to,
                format!("another name of {}, by which it is needed", edge.library.name()),
            );
        }
    }
    links.into_values().collect()
}

fn from_origin(own: &RealPath, target: &RealPath) -> String {
    if target == own {
        return "$ORIGIN".to_owned();
    }
    format!("$ORIGIN/{}", target.relative_to(own)).trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_paths_start_at_the_file() {
        for (own, target, expect) in [
            (
                "/opt/app/lib/python3.11/site-packages/a",
                "/opt/app/lib/wheelbarrow",
                "$ORIGIN/../../../wheelbarrow",
            ),
            ("/opt/app/lib/wheelbarrow", "/opt/app/lib/wheelbarrow", "$ORIGIN"),
            ("/opt/app/lib/wheelbarrow/opt/x/lib", "/opt/app/lib/wheelbarrow", "$ORIGIN/../../.."),
            ("/opt/app/lib/wheelbarrow", "/opt/app/lib/wheelbarrow/opt/x/lib", "$ORIGIN/opt/x/lib"),
            ("/usr/lib", "/opt/app/lib/wheelbarrow", "$ORIGIN/../../opt/app/lib/wheelbarrow"),
        ] {
            assert_eq!(from_origin(&RealPath::known(own), &RealPath::known(target)), expect);
        }
    }
}
