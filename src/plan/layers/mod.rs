//! The cut into image layers: the parts that many applications have in common are the same layer in
//! each.
//!
//! The layer of a distribution or of a vendored package depends on itself and its size alone, never
//! on what else is installed, as long as the budget allows: so the same one is the same layer in
//! every application, and one more dependency is one more layer.
//!
//! Invariant: pure; every entry is in exactly one layer; never more layers than asked for.

mod group;
mod parts;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::entry::PlannedEntry;
use super::request::{LayerRequest, Request};
use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::path::RealPath;
use crate::python::{Distribution, PartKind, normalised_name};
use group::{Group, Grouping, SMALLEST_PACKAGE};
use parts::{parts, weight};

/// The entries of a plan, cut into layers when that is asked for.
pub(crate) struct Layers {
    pub layers: Vec<PlannedLayer>,
    pub entries: Vec<PlannedEntry>,
    pub findings: Vec<Finding>,
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PlannedLayer {
    /// The directory below `layers/`. Sorted names put the layers that change least first.
    pub name: String,
    /// Why these files are one layer.
    pub reason: String,
    /// The names of the distributions in it, sorted.
    pub distributions: Vec<String>,
    /// The number of files and links.
    pub files: usize,
    /// Bytes.
    pub size: u64,
}

/// With this threshold no distribution is alone.
const LARGEST: u64 = 1 << 62;

/// Bytes. A smaller distribution shares a layer with others: to transfer it again costs little.
const SMALLEST_ALONE: u64 = 64 << 10;

/// The number of kinds of layers that any bundle may have: the system, the environment, small
/// distributions, other files and the application.
pub const KINDS_OF_LAYERS: usize = 5;

/// Cuts the entries into the layers that are asked for; without a request they stay in one tree.
pub(crate) fn cut(
    inventory: &Inventory,
    request: &Request,
    mut entries: Vec<PlannedEntry>,
) -> Layers {
    let Some(wanted) = &request.layers else {
        return Layers { layers: Vec::new(), entries, findings: Vec::new() };
    };
    let applications = find_applications(inventory);
    let grouping = Grouping {
        prefix: &request.prefix,
        request: wanted,
        applications: &applications,
        find_package: &|from| find_package(inventory, from),
    };
    let layers = assign(&mut entries, &grouping);
    let findings = absent_members(&entries, wanted);
    Layers { layers, entries, findings }
}

/// Names of distributions that were installed from a local folder: the user's own.
fn find_applications(inventory: &Inventory) -> BTreeSet<String> {
    let source = |one: &Distribution| {
        let part = inventory.environment.part_of(&one.info);
        part.is_some_and(|part| matches!(part.kind, PartKind::Source(_)))
    };
    let own = inventory.distributions.iter().filter(|one| one.from_folder || source(one));
    own.map(|one| one.name.clone()).collect()
}

/// The package of a file of the builder; files of an interpreter that no package owns are `python`.
fn find_package(inventory: &Inventory, from: &RealPath) -> Option<String> {
    let owner = inventory.packages.owner(from).map(|index| inventory.packages[index].name.clone());
    let interpreter = &inventory.carriable.interpreter;
    let of_interpreter = || interpreter.binary_search_by(|file| file.path.cmp(from)).is_ok();
    owner.or_else(|| of_interpreter().then(|| "python".to_owned()))
}

/// Gives every entry its layer.
fn assign(entries: &mut [PlannedEntry], grouping: &Grouping) -> Vec<PlannedLayer> {
    let LayerRequest { budget, cap, .. } = grouping.request;
    let groups: Vec<Group> = entries.iter().map(|entry| grouping.find(entry)).collect();
    let mut sizes: BTreeMap<&Group, u64> = BTreeMap::new();
    for (entry, group) in entries.iter().zip(&groups) {
        *sizes.entry(group).or_default() += weight(entry);
    }
    let mut threshold = SMALLEST_ALONE;
    loop {
        let small = |group: &Group| sizes[group] < group.smallest(threshold);
        let cut: Vec<Group> = groups
            .iter()
            .map(|group| if small(group) { group.join_small() } else { group.clone() })
            .collect();
        let names: Vec<String> = cut.iter().map(Group::name).collect();
        let names = parts(entries, &names, &|index| cut[index].is_single(), *cap);
        let count = names.iter().collect::<BTreeSet<_>>().len();
        if count <= *budget || threshold > LARGEST {
            for (entry, name) in entries.iter_mut().zip(names) {
                entry.layer = Some(name);
            }
            return describe(entries, &cut, threshold);
        }
        threshold *= 2;
    }
}

/// Members of groups that are no distribution of the bundle.
fn absent_members(entries: &[PlannedEntry], request: &LayerRequest) -> Vec<Finding> {
    let there: BTreeSet<String> = entries
        .iter()
        .filter_map(|entry| entry.distribution.as_deref())
        .map(normalised_name)
        .collect();
    let groups = request
        .groups
        .iter()
        .flat_map(|(name, members)| members.iter().map(move |member| (name, member)));
    let absent = groups.filter(|(_, member)| !there.contains(*member));
    let finding = |(name, member): (&String, &String)| {
        Finding::new(
            Severity::Warn,
            Code::NotInLayer,
            member,
            format!("is named by --layer {name}, but no such distribution is bundled"),
        )
        .help("`wheelbarrow plan` lists the bundled distributions")
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
                Group::System => {
                    format!(
                        "packages of the builder below {} kB, together",
                        threshold.max(SMALLEST_PACKAGE) / 1000
                    )
                }
                Group::Package(_) if name != group.name() => {
                    "one package, larger than --layer-cap".to_owned()
                }
                Group::Package(_) => {
                    "one package: the same layer in every application that has it".to_owned()
                }
                Group::Environment => {
                    "the same for every application of this Python and prefix".to_owned()
                }
                Group::ByHand(_) => "grouped by --layer".to_owned(),
                Group::Alone(_) if name != group.name() => {
                    "one distribution, larger than --layer-cap".to_owned()
                }
                Group::Alone(_) => {
                    "one distribution: the same layer in every application that has it".to_owned()
                }
                Group::Small => format!("distributions below {} kB, together", threshold / 1000),
                Group::Other => "recorded by no distribution".to_owned(),
                Group::Application => {
                    "the application: installed from a local folder, or named by --layer app"
                        .to_owned()
                }
            },
            distributions: Vec::new(),
            files: 0,
            size: 0,
        });
        (layer.files, layer.size) = (layer.files + 1, layer.size + entry.size);
        if let Some(distribution) =
            entry.distribution.as_ref().filter(|name| !layer.distributions.contains(name))
        {
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

    /// `distribution path kilobytes [/package/NAME]`; `-` is no distribution.
    fn entry(line: &str) -> PlannedEntry {
        let words: Vec<&str> = line.split_whitespace().collect();
        let made = words[0] == "made";
        let from = words.get(3).map_or("/x", |package| package);
        let size = words[2].parse::<u64>().unwrap() << 10;
        PlannedEntry {
            to: RealPath::known(words[1]),
            from: (!made).then(|| RealPath::known(from)),
            distribution: (!matches!(words[0], "-" | "made")).then(|| words[0].to_owned()),
            ..PlannedEntry::copy(RealPath::known(from), size, 0o644, String::new())
        }
    }

    fn layers(text: &str, request: &LayerRequest) -> Vec<String> {
        let mut entries: Vec<PlannedEntry> = text.lines().map(entry).collect();
        let package = |from: &RealPath| from.as_str().strip_prefix("/package/").map(str::to_owned);
        let grouping = Grouping {
            prefix: &RealPath::known("/opt/app"),
            request,
            applications: &BTreeSet::from(["App".to_owned()]),
            find_package: &package,
        };
        let cut = assign(&mut entries, &grouping);
        cut.iter()
            .map(|layer| format!("{} {} {}", layer.name, layer.files, layer.size >> 10))
            .collect()
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
            [
                "10-system 1 300",
                "20-environment 1 1",
                "50-num-py 1 900",
                "50-web 1 100",
                "70-small 2 7",
                "80-other 1 1",
                "90-app 1 1"
            ]
        );
        let by_hand = LayerRequest {
            groups: vec![("common".to_owned(), vec!["web".to_owned(), "tiny".to_owned()])],
            ..request(32, 2000)
        };
        assert!(layers(APP, &by_hand).contains(&"30-common 2 103".to_owned()));
        // A program that was installed from a wheel looks like any other distribution.
        let program = LayerRequest {
            groups: vec![("app".to_owned(), vec!["web".to_owned()])],
            ..request(32, 2000)
        };
        assert_eq!(layers(APP, &program).last().unwrap(), "90-app 2 101");
    }

    #[test]
    fn a_carried_package_is_the_same_layer_beside_any_other() {
        let python =
            "- /usr/bin/python3 5000 /package/python3\n- /usr/lib/libz.so.1 100 /package/zlib";
        let (one, two) = (
            "- /usr/lib/libpq.so.5 1024 /package/libpq",
            "- /opt/app/lib/libmkl.so 1000 /package/mkl",
        );
        let system = "10-system 2 400";
        assert_eq!(
            layers(&format!("{APP}\n{python}"), &request(32, 9000))[..3],
            [system, "15-python3 1 5000", "20-environment 1 1"]
        );
        let more = layers(
            &format!("{APP}\n{python}\n{one}\n{two}\nmade /opt/app/conda-meta/mkl.json 1"),
            &request(32, 9000),
        );
        assert_eq!(
            more[..4],
            ["10-system 4 1401", "15-libpq 1 1024", "15-python3 1 5000", "20-environment 1 1"]
        );
        // A smaller budget joins packages as it joins distributions.
        assert_eq!(layers(&format!("{APP}\n{python}"), &request(5, 9000))[0], "10-system 3 5400");
    }

    #[test]
    fn the_budget_is_kept_by_putting_the_smallest_together() {
        for (budget, expect, has) in
            [(7, 7, "50-web 1 100"), (6, 6, "70-small 3 107"), (5, 5, "70-small 4 1007")]
        {
            let cut = layers(APP, &request(budget, 2000));
            assert!(cut.len() == expect && cut.contains(&has.to_owned()), "{budget}: {cut:?}");
        }
        // Fifty more that count, and a cap that cuts each: still no more than there is room for.
        let more: String = (0..50)
            .map(|number| format!("\nd{number} /opt/app/s-packages/d{number}/a 300\nd{number} /opt/app/s-packages/d{number}/b 300"))
            .collect();
        for budget in [5, 32, 100] {
            let cut = layers(&format!("{APP}{more}"), &request(budget, 400));
            assert!(
                cut.len() <= budget && cut.last().unwrap().starts_with("90-app"),
                "{budget}: {cut:?}"
            );
        }
    }

    #[test]
    fn huge_distributions_are_cut_between_folders() {
        let torch = "t /o-packages/t/a.so 10\nt /o-packages/t/lib/a.so 60\nt /o-packages/t/lib/b.so 30\nt /o-packages/t/op/a.py 50\nt /o-packages/t/z/a.so 300\nt /o-packages/t/z/b.so 20";
        let expect = ["50-t-part1 3 100", "50-t-part2 1 50", "50-t-part3 1 300", "50-t-part4 1 20"];
        assert_eq!(layers(torch, &request(32, 100)), expect);
        // Another huge one in the same folders changes nothing of it.
        let between: String = torch
            .lines()
            .map(|line| format!("{line}\n{}\n", line.replacen('t', "u", 1).replace("so", "sp")))
            .collect();
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
            let after: BTreeSet<String> =
                layers(&format!("{APP}\n{added}"), &request(32, 2000)).into_iter().collect();
            assert_eq!(after.difference(&before).collect::<Vec<_>>(), [expect]);
            assert!(before.difference(&after).count() <= 1, "{after:?}");
        }
    }

    #[test]
    fn a_group_of_what_is_not_there() {
        let by_hand = |members: &[&str]| LayerRequest {
            groups: vec![(
                "common".to_owned(),
                members.iter().map(|member| (*member).to_owned()).collect(),
            )],
            ..request(32, 2000)
        };
        let entries = [entry("Num_Py /opt/app/a.so 1")];
        let said = |members: &[&str]| {
            absent_members(&entries, &by_hand(members))
                .into_iter()
                .map(|finding| finding.subject)
                .collect::<Vec<_>>()
        };
        assert_eq!(said(&["num-py"]), [""; 0]);
        assert_eq!(said(&["numpy", "num-py", "flask"]), ["numpy", "flask"]);
    }
}
