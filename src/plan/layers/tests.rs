//! The cut by itself: tables of entries, and the layers that they get.

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
    cut.iter().map(|layer| format!("{} {} {}", layer.name, layer.files, layer.size >> 10)).collect()
}

const APP: &str = "- /usr/lib/libpq.so.5 300\nmade /opt/app/pyvenv.cfg 1\nApp /opt/app/s-packages/app.py 1\nNum_Py /opt/app/s-packages/n/a.so 900\n\
                   tiny /opt/app/s-packages/t.py 3\nmini /opt/app/s-packages/m.py 4\n- /opt/app/s-packages/x.pth 1\nweb /opt/app/s-packages/web/a.py 100";

fn request(budget: usize, cap: u64) -> LayerRequest {
    LayerRequest { budget, cap: cap << 10, groups: Vec::new(), form: LayerForm::Named }
}

fn slots(budget: usize, cap: u64) -> LayerRequest {
    LayerRequest { form: LayerForm::Slots, ..request(budget, cap) }
}

/// Layers that are not empty, by name, each with its content as `files kilobytes`.
fn filled(text: &str, request: &LayerRequest) -> BTreeMap<String, String> {
    let cut = layers(text, request);
    let parts = cut.iter().map(|layer| layer.split_once(' ').unwrap());
    parts
        .filter(|(_, content)| *content != "0 0")
        .map(|(name, content)| (name.to_owned(), content.to_owned()))
        .collect()
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
    let python = "- /usr/bin/python3 5000 /package/python3\n- /usr/lib/libz.so.1 100 /package/zlib";
    let (one, two) =
        ("- /usr/lib/libpq.so.5 1024 /package/libpq", "- /opt/app/lib/libmkl.so 1000 /package/mkl");
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

#[test]
fn slots_have_the_same_names_for_any_content() {
    let names = |text: &str, request: &LayerRequest| -> Vec<String> {
        layers(text, request)
            .iter()
            .map(|layer| layer.split_once(' ').unwrap().0.to_owned())
            .collect()
    };
    for (budget, groups) in
        [(6, vec![]), (7, vec!["web"]), (32, vec!["web", "app", "web"]), (100, vec![])]
    {
        let groups =
            groups.iter().map(|name| ((*name).to_owned(), vec![format!("{name}-1")])).collect();
        let request = LayerRequest { groups, ..slots(budget, 100) };
        let empty = names("made /opt/app/pyvenv.cfg 1", &request);
        assert_eq!(empty.len(), budget, "{empty:?}");
        assert_eq!(names(APP, &request), empty);
    }
    assert_eq!(
        names(APP, &slots(14, 2000)),
        [
            "10-system",
            "20-environment",
            "50-large-01",
            "50-large-02",
            "50-large-03",
            "50-large-04",
            "50-large-05",
            "50-large-06",
            "50-large-07",
            "50-large-08",
            "70-small-01",
            "80-other",
            "90-app",
            "95-bundle",
        ]
    );
}

#[test]
fn each_large_part_has_a_slot_of_its_own() {
    let with_package = format!(
        "{APP}\n- /usr/lib/libssl.so.3 1500 /package/openssl\nmade /opt/app/lib/wheelbarrow/not-loadable 1"
    );
    for (cap, expect) in [(2000, "1 1500 | 1 900 | 1 100"), (850, "1 1500 | 1 900 | 1 100")] {
        let filled = filled(&with_package, &slots(32, cap));
        let mut large: Vec<&str> = filled
            .iter()
            .filter(|(name, _)| name.starts_with("50-"))
            .map(|(_, content)| content.as_str())
            .collect();
        large.sort_by_key(|content| std::cmp::Reverse(content[2..].parse::<u64>().unwrap()));
        assert_eq!(large.join(" | "), expect);
        assert_eq!(filled["10-system"], "1 300");
        assert_eq!(filled["95-bundle"], "1 1");
        assert_eq!(filled["90-app"], "1 1");
    }
    // Each part of a huge one is a unit. If there are too few slots, the smallest share one.
    let torch =
        "t /o-packages/t/a.so 300\nt /o-packages/t/lib/a.so 200\nt /o-packages/t/op/a.py 100";
    let contents =
        |budget, cap| filled(torch, &slots(budget, cap)).into_values().collect::<BTreeSet<_>>();
    let each = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(contents(32, 300), each(&["1 300", "2 300"]));
    assert_eq!(contents(32, 250), each(&["1 300", "1 200", "1 100"]));
    assert_eq!(contents(7, 250), each(&["1 300", "2 300"]));
    assert_eq!(contents(6, 250), each(&["3 600"]));
}

/// A hundred distributions, `d0` the largest.
fn many(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("d{number} /opt/app/s-packages/d{number}/a {}", 3000 - 20 * number))
        .collect()
}

fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> usize {
    let all: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    all.into_iter().filter(|name| before.get(*name) != after.get(*name)).count()
}

#[test]
fn one_more_dependency_changes_few_slots() {
    for (count, most) in [(5, 1.3), (12, 2.0), (20, 3.5), (60, 5.0)] {
        let all = many(count);
        let full = filled(&all.join("\n"), &slots(32, 9000));
        let changes: Vec<usize> = (0..count)
            .map(|left_out| {
                let mut fewer = all.clone();
                fewer.remove(left_out);
                changed(&filled(&fewer.join("\n"), &slots(32, 9000)), &full)
            })
            .collect();
        let mean = changes.iter().sum::<usize>() as f64 / count as f64;
        assert!(mean <= most, "{count}: {mean} {changes:?}");
        // The largest stay: the smallest one changes nothing of them.
        assert!(*changes.last().unwrap() <= 2, "{changes:?}");
    }
    // A small one changes one slot, in any company.
    let (all, small) = (many(40).join("\n"), "little /opt/app/s-packages/little.py 3");
    let before = filled(&all, &slots(32, 9000));
    assert_eq!(changed(&before, &filled(&format!("{all}\n{small}"), &slots(32, 9000))), 1);
    // So does another version of one that is there, though its size is another one.
    let newer = all.replace("/d7/a 2860", "/d7/a 2861");
    assert_eq!(changed(&before, &filled(&newer, &slots(32, 9000))), 1);
}

#[test]
fn the_slots_of_a_release_are_those_of_the_next() {
    let filled = filled(
        "Num_Py /opt/app/s-packages/n/a.so 900\nflask /opt/app/s-packages/f.py 300\nclick /opt/app/s-packages/c.py 3",
        &slots(32, 9000),
    );
    let expect = [("50-large-13", "1 900"), ("50-large-14", "1 300"), ("70-small-02", "1 3")];
    assert_eq!(filled, expect.map(|(name, content)| (name.to_owned(), content.to_owned())).into());
}
