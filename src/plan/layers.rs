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
use crate::finding::{Code, Finding, Severity};
use crate::path::RealPath;
use crate::python::normalised_name;

/// How to cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerRequest {
    /// The most layers: at least those of every kind and of every group.
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

/// With this threshold no distribution is alone.
const LARGEST: u64 = 1 << 62;

/// Of a distribution below this size nobody notices that it is sent again with others.
const SMALLEST_ALONE: u64 = 64 << 10;

/// The layers that any bundle may have: of the system, the environment, the small ones, the others, the program.
pub const KINDS_OF_LAYERS: usize = 5;

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
/// `of_package` tells whether a file of the builder is of a package of the system or of conda, or of the interpreter.
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
        if count <= request.budget || threshold > LARGEST {
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
    let key = normalised_name(distribution);
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

/// Where the cut of one distribution is.
#[derive(Default)]
struct Part {
    number: usize,
    size: u64,
    folder: Option<String>,
}

/// The names of the layers: a distribution above the cap is cut between its folders.
fn parts(entries: &[PlannedEntry], groups: &[Group], sizes: &BTreeMap<String, u64>, cap: u64) -> Vec<String> {
    let mut folders: BTreeMap<(&Group, String), u64> = BTreeMap::new();
    for (entry, group) in entries.iter().zip(groups) {
        *folders.entry((group, folder(entry))).or_default() += weight(entry);
    }
    // Each distribution is cut by itself: what lies between its paths does not count.
    let mut parts: BTreeMap<&Group, Part> = BTreeMap::new();
    let named = entries.iter().zip(groups).map(|(entry, group)| {
        let huge = matches!(group, Group::Alone(_)) && entry.distribution.as_ref().is_some_and(|name| sizes[name] > cap);
        if !huge {
            return group.name();
        }
        let part = parts.entry(group).or_default();
        let at = (group, folder(entry));
        // A folder is looked at as a whole when it begins; one that is above the cap itself, file by file.
        let begins = part.folder.as_ref() != Some(&at.1);
        let ahead = if begins && folders[&at] <= cap { folders[&at] } else { weight(entry) };
        if part.size > 0 && part.size + ahead > cap {
            (part.number, part.size) = (part.number + 1, 0);
        }
        (part.size, part.folder) = (part.size + weight(entry), Some(at.1));
        format!("{}-part{}", group.name(), part.number + 1)
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

/// Members of groups that are no distribution of the bundle.
pub fn absent(entries: &[PlannedEntry], request: &LayerRequest) -> Vec<Finding> {
    let there: BTreeSet<String> = entries.iter().filter_map(|entry| entry.distribution.as_deref()).map(normalised_name).collect();
    let groups = request.groups.iter().flat_map(|(name, members)| members.iter().map(move |member| (name, member)));
    let absent = groups.filter(|(_, member)| !there.contains(*member));
    let finding = |(name, member): (&String, &String)| {
        Finding::new(Severity::Warn, Code::NotInLayer, member, format!("--layer {name} names it, and no such distribution travels"))
            .help("`wheelbarrow plan` lists what does")
    };
    absent.map(finding).collect()
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
    fn entry(line: &str) -> PlannedEntry {
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
    }

    fn layers(text: &str, request: &LayerRequest) -> Vec<String> {
        let mut entries: Vec<PlannedEntry> = text.lines().map(entry).collect();
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
        for (budget, expect, has) in [(7, 7, "50-web 1 100"), (6, 6, "70-small 3 107"), (5, 5, "70-small 4 1007")] {
            let cut = layers(APP, &request(budget, 2000));
            assert!(cut.len() == expect && cut.contains(&has.to_owned()), "{budget}: {cut:?}");
        }
        // Fifty more that count, and a cap that cuts each: still no more than there is room for.
        let more: String = (0..50)
            .map(|number| format!("\nd{number} /opt/app/s-packages/d{number}/a 300\nd{number} /opt/app/s-packages/d{number}/b 300"))
            .collect();
        for budget in [5, 32, 100] {
            let cut = layers(&format!("{APP}{more}"), &request(budget, 400));
            assert!(cut.len() <= budget && cut.last().unwrap().starts_with("90-app"), "{budget}: {cut:?}");
        }
    }

    #[test]
    fn huge_distributions_are_cut_between_folders() {
        let torch = "t /o-packages/t/a.so 10\nt /o-packages/t/lib/a.so 60\nt /o-packages/t/lib/b.so 30\nt /o-packages/t/op/a.py 50\nt /o-packages/t/z/a.so 300\nt /o-packages/t/z/b.so 20";
        let expect = ["50-t-part1 3 100", "50-t-part2 1 50", "50-t-part3 1 300", "50-t-part4 1 20"];
        assert_eq!(layers(torch, &request(32, 100)), expect);
        // Another huge one in the same folders changes nothing of it.
        let between: String = torch.lines().map(|line| format!("{line}\n{}\n", line.replacen('t', "u", 1).replace("so", "sp"))).collect();
        assert_eq!(layers(&between, &request(32, 100))[..4], expect);
    }

    #[test]
    fn one_more_dependency_changes_its_own_layer() {
        let before: BTreeSet<String> = layers(APP, &request(32, 2000)).into_iter().collect();
        for (added, expect) in [
            ("new /opt/app/s-packages/new/a.py 200", "50-new 1 200"),
            ("early /opt/app/a-packages/early/a.py 64", "50-early 1 64"),
            ("little /opt/app/s-packages/little.py 63", "70-small 3 70"),
            ("- /opt/app/share/more 5000", "80-other 2 5001"),
            ("App /opt/app/s-packages/more.py 5000", "90-app 2 5001"),
            ("- /usr/lib/libz.so.1 100", "10-system 2 400"),
        ] {
            let after: BTreeSet<String> = layers(&format!("{APP}\n{added}"), &request(32, 2000)).into_iter().collect();
            assert_eq!(after.difference(&before).collect::<Vec<_>>(), [expect]);
            assert!(before.difference(&after).count() <= 1, "{after:?}");
        }
    }

    #[test]
    fn what_every_builder_writes_anew_has_no_weight() {
        let mut entry = entry("web /opt/app/bin/web 500");
        for (action, expect) in [
            (Action::Copy, 500 << 10),
            (Action::Strip, 500 << 10),
            (Action::Record, 0),
            (Action::Script { cut: 1, header: String::new() }, 0),
            (Action::Write { content: String::new() }, 0),
        ] {
            entry.action = action;
            assert_eq!(weight(&entry), expect, "{:?}", entry.action);
        }
    }

    #[test]
    fn a_group_of_what_is_not_there() {
        let by_hand = |members: &[&str]| LayerRequest {
            groups: vec![("common".to_owned(), members.iter().map(|member| (*member).to_owned()).collect())],
            ..request(32, 2000)
        };
        let entries = [entry("Num_Py /opt/app/a.so 1")];
        let said = |members: &[&str]| absent(&entries, &by_hand(members)).into_iter().map(|finding| finding.subject).collect::<Vec<_>>();
        assert_eq!(said(&["num-py"]), [""; 0]);
        assert_eq!(said(&["numpy", "num-py", "flask"]), ["numpy", "flask"]);
    }
}
