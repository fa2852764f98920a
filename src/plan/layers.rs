//! The cut into image layers: what many applications have in common is the same layer in each.
//!
//! Where a distribution goes depends on itself and its size alone, never on what else is installed, as
//! long as the budget allows: so the same distribution is the same layer in every application, and one
//! more dependency is one more layer.
//!
//! Invariant: pure; every entry is in exactly one layer; never more layers than asked for.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Action, PlannedEntry};
use crate::path::RealPath;

/// How to cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerRequest {
    /// The most layers; an image can have 127, those of its base included.
    pub budget: usize,
    /// Bytes above which one distribution becomes several layers.
    pub cap: u64,
    /// Groups set by hand: a name and its distributions, by their normalised names.
    pub groups: Vec<(String, Vec<String>)>,
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PlannedLayer {
    /// The directory below `layers/`: what changes least first.
    pub name: String,
    pub reason: String,
    /// Sorted.
    pub distributions: Vec<String>,
    pub files: usize,
    /// Bytes.
    pub size: u64,
}

/// Of a distribution below this size nobody notices that it is sent again with others.
const SMALLEST_ALONE: u64 = 64 << 10;

/// The order of the kinds of layers, by how often they change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    System,
    Environment,
    ByHand(String),
    Alone(String),
    Small,
    Other,
    Application,
}

impl Group {
    fn name(&self) -> String {
        match self {
            Group::System => "10-system".to_owned(),
            Group::Environment => "20-environment".to_owned(),
            Group::ByHand(name) => format!("30-{name}"),
            Group::Alone(name) => format!("50-{name}"),
            Group::Small => "70-small".to_owned(),
            Group::Other => "80-other".to_owned(),
            Group::Application => "90-app".to_owned(),
        }
    }
}

/// Gives every entry its layer. `applications` are the names of distributions that are the user's own.
///
/// `of_package` tells whether a file of the builder is of a package of the system or of conda.
pub fn cut(
    entries: &mut [PlannedEntry],
    prefix: &RealPath,
    applications: &BTreeSet<String>,
    of_package: &dyn Fn(&RealPath) -> bool,
    request: &LayerRequest,
) -> Vec<PlannedLayer> {
    let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
    for entry in entries.iter() {
        if let Some(name) = &entry.distribution {
            *sizes.entry(name.clone()).or_default() += weight(entry);
        }
    }
    let mut threshold = SMALLEST_ALONE;
    loop {
        let grouped: Vec<Group> =
            entries.iter().map(|entry| group(entry, prefix, applications, of_package, request, &sizes, threshold)).collect();
        let names = parts(entries, &grouped, &sizes, request.cap);
        let count = names.iter().collect::<BTreeSet<_>>().len();
        if count <= request.budget || threshold > 1 << 50 {
            for (entry, name) in entries.iter_mut().zip(names) {
                entry.layer = Some(name);
            }
            return describe(entries, &grouped, threshold);
        }
        threshold *= 2;
    }
}

/// Bytes that count for the cut: what is rewritten on the way has another size in every builder, RECORD by the
/// bytecode it names, a script by the path of its interpreter.
fn weight(entry: &PlannedEntry) -> u64 {
    let same = matches!(entry.action, Action::Copy | Action::Strip | Action::RunPath { .. } | Action::Compile { .. });
    if same { entry.size } else { 0 }
}

fn group(
    entry: &PlannedEntry,
    prefix: &RealPath,
    applications: &BTreeSet<String>,
    of_package: &dyn Fn(&RealPath) -> bool,
    request: &LayerRequest,
    sizes: &BTreeMap<String, u64>,
    threshold: u64,
) -> Group {
    let Some(distribution) = &entry.distribution else {
        return match (entry.to.below(prefix), &entry.from) {
            (None, _) => Group::System,
            (Some(_), None) => Group::Environment,
            (Some(_), Some(from)) if of_package(from) => Group::System,
            (Some(_), Some(_)) => Group::Other,
        };
    };
    let key = crate::python::normalised_name(distribution);
    if let Some((name, _)) = request.groups.iter().find(|(_, members)| members.contains(&key)) {
        Group::ByHand(name.clone())
    } else if applications.contains(distribution) {
        Group::Application
    } else if sizes[distribution] >= threshold {
        Group::Alone(key)
    } else {
        Group::Small
    }
}

/// The names of the layers: a distribution above the cap is cut between its folders.
fn parts(entries: &[PlannedEntry], groups: &[Group], sizes: &BTreeMap<String, u64>, cap: u64) -> Vec<String> {
    let mut filled: BTreeMap<&Group, (usize, u64)> = BTreeMap::new();
    let mut folders: BTreeMap<(&Group, String), u64> = BTreeMap::new();
    for (entry, group) in entries.iter().zip(groups) {
        *folders.entry((group, folder(entry))).or_default() += weight(entry);
    }
    let mut last: Option<(&Group, String)> = None;
    let named = entries.iter().zip(groups).map(|(entry, group)| {
        let huge = matches!(group, Group::Alone(_)) && entry.distribution.as_ref().is_some_and(|name| sizes[name] > cap);
        if !huge {
            return group.name();
        }
        let at = (group, folder(entry));
        let (part, size) = filled.entry(group).or_default();
        // A folder is looked at as a whole when it begins; one that is above the cap itself, file by file.
        let begins = last.as_ref() != Some(&at);
        let ahead = if begins && folders[&at] <= cap { folders[&at] } else { weight(entry) };
        if *size > 0 && *size + ahead > cap {
            (*part, *size) = (*part + 1, 0);
        }
        *size += weight(entry);
        last = Some(at);
        format!("{}-part{}", group.name(), *part + 1)
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

fn describe(entries: &[PlannedEntry], groups: &[Group], threshold: u64) -> Vec<PlannedLayer> {
    let mut layers: BTreeMap<&str, PlannedLayer> = BTreeMap::new();
    for (entry, group) in entries.iter().zip(groups) {
        let name = entry.layer.as_deref().expect("cut gave every entry one");
        let layer = layers.entry(name).or_insert_with(|| PlannedLayer {
            name: name.to_owned(),
            reason: match group {
                Group::System => "carried from the builder's operating system".to_owned(),
                Group::Environment => "the same for every application of this Python and prefix".to_owned(),
                Group::ByHand(_) => "grouped by --layer".to_owned(),
                Group::Alone(_) if name != group.name() => "one distribution, above --layer-cap".to_owned(),
                Group::Alone(_) => "one distribution: the same layer in every application that has it".to_owned(),
                Group::Small => format!("distributions below {} kB, together", threshold >> 10),
                Group::Other => "recorded by no distribution".to_owned(),
                Group::Application => "installed from a local folder: what changes most".to_owned(),
            },
            distributions: Vec::new(),
            files: 0,
            size: 0,
        });
        (layer.files, layer.size) = (layer.files + 1, layer.size + entry.size);
        if let Some(distribution) = entry.distribution.as_ref().filter(|name| !layer.distributions.contains(name)) {
            layer.distributions.push(distribution.clone());
        }
    }
    let mut layers: Vec<PlannedLayer> = layers.into_values().collect();
    layers.iter_mut().for_each(|layer| layer.distributions.sort());
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `distribution path kilobytes`; `-` is none.
    fn layers(text: &str, request: &LayerRequest) -> Vec<String> {
        let mut entries: Vec<PlannedEntry> = text
            .lines()
            .map(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                let made = words[0] == "made";
                PlannedEntry {
                    to: RealPath::known(words[1]),
                    from: (!made).then(|| RealPath::known("/x")),
                    action: Action::Copy,
                    mode: 0o644,
                    size: words[2].parse::<u64>().unwrap() << 10,
                    distribution: (!matches!(words[0], "-" | "made")).then(|| words[0].to_owned()),
                    reason: String::new(),
                    layer: None,
                }
            })
            .collect();
        let cut = cut(&mut entries, &RealPath::known("/opt/app"), &BTreeSet::from(["App".to_owned()]), &|_| false, request);
        cut.iter().map(|layer| format!("{} {} {}", layer.name, layer.files, layer.size >> 10)).collect()
    }

    const APP: &str = "- /usr/lib/libpq.so.5 300\nmade /opt/app/pyvenv.cfg 1\nApp /opt/app/s-packages/app.py 1\nNum_Py /opt/app/s-packages/n/a.so 900\n\
                       tiny /opt/app/s-packages/t.py 3\nmini /opt/app/s-packages/m.py 4\n- /opt/app/s-packages/x.pth 1\nweb /opt/app/s-packages/web/a.py 100";

    fn request(budget: usize, cap: u64) -> LayerRequest {
        LayerRequest { budget, cap: cap << 10, groups: Vec::new() }
    }

    #[test]
    fn each_kind_has_its_place() {
        assert_eq!(
            layers(APP, &request(32, 2000)),
            ["10-system 1 300", "20-environment 1 1", "50-num-py 1 900", "50-web 1 100", "70-small 2 7", "80-other 1 1", "90-app 1 1"]
        );
        let by_hand = LayerRequest { groups: vec![("common".to_owned(), vec!["web".to_owned(), "tiny".to_owned()])], ..request(32, 2000) };
        assert!(layers(APP, &by_hand).contains(&"30-common 2 103".to_owned()));
    }

    #[test]
    fn the_budget_is_kept_by_putting_the_smallest_together() {
        let cut = layers(APP, &request(6, 2000));
        assert_eq!(cut.len(), 6);
        assert!(cut.contains(&"70-small 3 107".to_owned()) && cut.contains(&"50-num-py 1 900".to_owned()), "{cut:?}");
    }

    #[test]
    fn huge_distributions_are_cut_between_folders() {
        let torch = "t /o-packages/t/a.so 10\nt /o-packages/t/lib/a.so 60\nt /o-packages/t/lib/b.so 30\nt /o-packages/t/op/a.py 50\nt /o-packages/t/z/a.so 300\nt /o-packages/t/z/b.so 20";
        assert_eq!(layers(torch, &request(32, 100)), ["50-t-part1 3 100", "50-t-part2 1 50", "50-t-part3 1 300", "50-t-part4 1 20"]);
    }

    #[test]
    fn one_more_dependency_is_one_more_layer() {
        let before: BTreeSet<String> = layers(APP, &request(32, 2000)).into_iter().collect();
        let after: BTreeSet<String> =
            layers(&format!("{APP}\nnew /opt/app/s-packages/new/a.py 200"), &request(32, 2000)).into_iter().collect();
        assert_eq!(after.difference(&before).collect::<Vec<_>>(), ["50-new 1 200"]);
        assert!(before.is_subset(&after));
    }
}
