//! The documentation agrees with the code and with the disk.
//!
//! `UPDATE_DOCS=1 cargo test documents::` writes the generated files, and the version of this crate and its
//! owner into the pages that name them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use wheelbarrow::finding::Code;
use wheelbarrow::version::published_image;

use crate::support::{exit_code, shown, wheelbarrow};

const TOP: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(TOP).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `docs/findings.md`: the introduction, a table of all codes, and a section for each.
fn write_findings_page() -> String {
    let mut page = include_str!("documents/findings.md").to_owned();
    page.push_str("\n| code | usual severity | meaning |\n| --- | --- | --- |\n");
    for code in Code::ALL {
        let (name, severity) = (code.as_str(), code.usual_severity().as_str());
        let _ = writeln!(page, "| [`{name}`](#{name}) | {severity} | {} |", code.meaning());
    }
    for code in Code::ALL {
        let severity = code.usual_severity().as_str();
        let _ = writeln!(page, "\n## {}\n\nUsually {severity}. {}", code.as_str(), code.meaning());
        for (heading, texts) in [("Causes", code.causes()), ("Remedies", code.remedies())] {
            let _ = writeln!(page, "\n{heading}:\n");
            texts.iter().for_each(|text| page.push_str(&format!("- {text}\n")));
        }
    }
    page
}

#[test]
fn findings_page() {
    check_generated("docs/findings.md", &write_findings_page());
}

/// Checks a generated file of the documentation, or writes it with `UPDATE_DOCS`.
fn check_generated(path: &str, text: &str) {
    let file = Path::new(TOP).join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, text).unwrap();
    }
    let same = fs::read_to_string(&file).is_ok_and(|written| written == text);
    assert!(same, "{path} is out of date: UPDATE_DOCS=1 cargo test documents");
}

/// The words between two texts of an output, separated by commas.
fn words_between(text: &str, before: &str, after: &str) -> Vec<String> {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before}: {text}"));
    let (words, _) = rest.split_once(after).unwrap_or_else(|| panic!("{after}: {text}"));
    words.split(',').map(|word| word.trim().to_owned()).collect()
}

/// `docs/schemas` has the schema of every JSON output, and nothing else.
#[test]
fn schemas() {
    let help = shown(&wheelbarrow(&["schema", "--help"]));
    let kinds = words_between(&help, "[possible values: ", "]");
    for kind in &kinds {
        let schema = wheelbarrow(&["schema", kind]);
        assert_eq!(exit_code(&schema), 0);
        check_generated(&format!("docs/schemas/{kind}.json"), &shown(&schema));
    }
    let listed = fs::read_dir(Path::new(TOP).join("docs/schemas")).unwrap();
    let written: BTreeSet<String> =
        listed.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let expected = kinds.iter().map(|kind| format!("{kind}.json")).collect();
    assert_eq!(written, expected);
}

/// Each command has a manual page with all of its options that the help shows.
#[test]
fn manual_pages() {
    let page = |arguments: &[&str]| {
        let output = wheelbarrow(&[&["man"], arguments].concat());
        assert_eq!(exit_code(&output), 0, "{arguments:?}: {}", shown(&output));
        // A hyphen is escaped in roff, so that it can be copied.
        shown(&output).replace("\\-", "-")
    };
    let program = page(&[]);
    let help = shown(&wheelbarrow(&["--help"]));
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    let lines = commands.lines().filter_map(|line| line.strip_prefix("  "));
    let names =
        lines.filter(|line| !line.starts_with(' ')).filter_map(|line| line.split(' ').next());
    let mut number = 0;
    for name in names.filter(|name| *name != "help") {
        assert!(program.contains(&format!("wheelbarrow-{name}(1)")), "{name}: {program}");
        let own = page(&[name]);
        assert!(own.contains(&format!(".TH wheelbarrow-{name} 1")), "{own}");
        let help = shown(&wheelbarrow(&[name, "--help"]));
        let options = help.split_whitespace().filter(|word| word.starts_with("--"));
        for option in
            options.filter(|option| option[2..].chars().all(|one| one.is_ascii_lowercase()))
        {
            assert!(own.contains(option), "{name} {option}: {own}");
        }
        number += 1;
    }
    assert!(number > 10, "{help}");
    let unknown = wheelbarrow(&["man", "bundel"]);
    assert_eq!(exit_code(&unknown), 2);
    assert!(shown(&unknown).contains("help: did you mean bundle?"), "{}", shown(&unknown));
}

/// The paths in the tree of `docs/architecture.md`: each folder is indented by two spaces.
fn documented_paths(text: &str) -> BTreeSet<PathBuf> {
    let (_, after) = text.split_once("```text\nsrc/\n").expect("the tree starts with src/");
    let (tree, _) = after.split_once("```").expect("the tree ends");
    let mut folders = vec![PathBuf::from("src")];
    let mut paths = BTreeSet::new();
    for line in tree.lines() {
        let depth = (line.len() - line.trim_start().len()) / 2;
        let name = line.split_whitespace().next().expect("a line names a path");
        folders.truncate(depth);
        let path = folders.last().expect("src is above").join(name.trim_end_matches('/'));
        folders.push(path.clone());
        paths.insert(path);
    }
    paths
}

#[test]
fn the_tree_of_the_architecture_is_the_disk() {
    let documented = documented_paths(&read("docs/architecture.md"));
    let absent: Vec<&PathBuf> =
        documented.iter().filter(|path| !Path::new(TOP).join(path).exists()).collect();
    assert!(absent.is_empty(), "docs/architecture.md names paths that do not exist: {absent:?}");
    let entries = walkdir::WalkDir::new(Path::new(TOP).join("src")).min_depth(1);
    let undocumented: Vec<PathBuf> = entries
        .into_iter()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().is_dir() || entry.depth() == 1)
        .map(|entry| entry.path().strip_prefix(TOP).unwrap().to_owned())
        .filter(|path| !documented.contains(path))
        .collect();
    assert!(undocumented.is_empty(), "docs/architecture.md lacks {undocumented:?}");
}

/// The anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|one| one.is_alphanumeric() || matches!(one, '-' | '_' | ' '));
    kept.map(|one| if one == ' ' { '-' } else { one }).collect()
}

#[test]
fn links_lead_to_files_and_headings() {
    let folders = ["", "docs", "examples", "py-fixtures", "fuzz"];
    let listed = folders.iter().filter_map(|folder| fs::read_dir(Path::new(TOP).join(folder)).ok());
    let pages = listed.flatten().map(|entry| entry.unwrap().path());
    for page in pages.filter(|path| path.extension().is_some_and(|kind| kind == "md")) {
        let text = fs::read_to_string(&page).unwrap();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        for (target, _) in targets.filter(|(target, _)| !target.contains("://")) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            assert!(file.exists(), "{}: {target} does not exist", page.display());
            if !heading.is_empty() {
                let text = fs::read_to_string(&file).unwrap();
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                let found =
                    headings.any(|line| anchor(line.trim_start_matches(['#', ' '])) == heading);
                assert!(found, "{}: {target}: no such heading", page.display());
            }
        }
    }
}

/// Whether a character belongs to the name of an image, an action or a URL.
fn is_of_name(one: char) -> bool {
    one.is_ascii_alphanumeric() || "-._:/@".contains(one)
}

/// The published thing that a word stands for, with the owner and the version of Cargo.toml.
fn published_name(word: &str, before: &str) -> Option<String> {
    let repository = env!("CARGO_PKG_REPOSITORY").trim_start_matches("https://github.com/");
    let version = env!("CARGO_PKG_VERSION");
    if word.starts_with("ghcr.io/") && word.contains("/wheelbarrow:") {
        Some(published_image())
    } else if word.contains("/.github/actions/bundle@") {
        Some(format!("{repository}/.github/actions/bundle@v{version}"))
    } else if word.starts_with("https://raw.githubusercontent.com/") {
        let raw = "https://raw.githubusercontent.com";
        Some(format!("{raw}/{repository}/v{version}/.gitlab/wheelbarrow.yml"))
    } else {
        (before == "--repo").then(|| repository.to_owned())
    }
}

#[test]
fn pages_name_the_published_version_and_its_owner() {
    let folders = ["README.md", "docs", "examples", ".github/actions", ".gitlab"];
    let files =
        folders.iter().flat_map(|folder| walkdir::WalkDir::new(Path::new(TOP).join(folder)));
    let mut found = BTreeSet::new();
    for page in files.map(|entry| entry.unwrap()).filter(|entry| entry.file_type().is_file()) {
        let text = fs::read_to_string(page.path()).unwrap();
        let words: Vec<&str> = text.split(|one| !is_of_name(one)).collect();
        let mut right = text.clone();
        for pair in words.windows(2) {
            if let Some(name) = published_name(pair[1], pair[0]) {
                right = right.replace(pair[1], &name);
                found.insert(name);
            }
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(page.path(), &right).unwrap();
        }
        let written = fs::read_to_string(page.path()).unwrap();
        assert!(written == right, "{:?}: UPDATE_DOCS=1 cargo test documents::", page.path());
    }
    assert_eq!(found.len(), 4, "the pages name less than they did: {found:?}");
}

/// The tests of this repository, by name.
fn list_tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for top in ["src", "tests"] {
        let files = walkdir::WalkDir::new(Path::new(TOP).join(top)).into_iter().map(Result::unwrap);
        for file in files.filter(|file| file.path().extension().is_some_and(|kind| kind == "rs")) {
            let text = fs::read_to_string(file.path()).unwrap();
            let tests = text.split("#[test]\n").skip(1);
            let declared = tests.filter_map(|rest| rest.split_once("fn ")?.1.split_once('('));
            names.extend(declared.map(|(name, _)| name.to_owned()));
        }
    }
    names
}

#[test]
fn every_kind_of_environment_has_a_test() {
    let text = read("docs/inputs.md");
    let (_, table) = text.split_once("## Kinds of environments").unwrap();
    let rows: Vec<&str> =
        table.lines().skip_while(|line| !line.starts_with("| ---")).skip(1).collect();
    let rows = rows.iter().take_while(|line| line.starts_with('|'));
    let named: Vec<&str> =
        rows.map(|row| row.trim_end_matches([' ', '|', '`']).rsplit('`').next().unwrap()).collect();
    let tests = list_tests();
    assert!(!named.is_empty());
    for name in named {
        assert!(tests.contains(name), "docs/inputs.md: no test is called {name}");
    }
}
