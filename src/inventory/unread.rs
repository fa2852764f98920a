//! The findings for reads that failed: each root knows its own, so that none is lost.
//!
//! Invariant: the files of one directory that cannot be read for one reason are one finding.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Code, Finding, Severity};
use crate::path::RealPath;
use crate::root::{Root, RootError};

/// The finding for an error of a root.
fn problem(error: &RootError) -> Finding {
    match error {
        RootError::NotUtf8 { .. } => Finding::new(
            Severity::Warn,
            Code::NonUtf8Name,
            error.path(),
            "the name is not UTF-8; the file is left out",
        ),
        _ => Finding::new(Severity::Deny, Code::UnreadableFile, error.path(), error.reason()),
    }
}

/// Takes the failures of a root, and makes a finding of those in each directory.
pub fn report_failures(root: &Root) -> Vec<Finding> {
    let failures = root.take_failures();
    let paths: BTreeSet<&str> = failures.iter().map(RootError::path).collect();
    let is_below_another =
        |path: &str| path.match_indices('/').any(|(end, _)| paths.contains(&path[..end]));
    let mut groups: BTreeMap<(&str, String), Vec<&RootError>> = BTreeMap::new();
    for error in failures.iter().filter(|error| !is_below_another(error.path())) {
        let directory = error.path().rsplit_once('/').map_or("", |(directory, _)| directory);
        groups.entry((directory, error.reason())).or_default().push(error);
    }
    groups.into_values().map(|group| of_group(&group)).collect()
}

fn of_group(group: &[&RootError]) -> Finding {
    let first = problem(group[0]);
    let paths: Option<Vec<RealPath>> =
        group.iter().map(|error| RealPath::try_from(error.path().to_owned()).ok()).collect();
    match paths {
        Some(paths) if paths.len() > 1 => {
            let directory = paths[0].parent().unwrap_or_else(RealPath::root);
            let reason = first.message;
            Finding::of_files(
                first.severity,
                first.code,
                directory,
                paths.iter(),
                |number, examples| format!("{number} cannot be read, {reason}: {examples}"),
            )
        }
        _ => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::WrittenPath;
    use crate::root::memory::Memory;

    fn shown(root: &Root) -> Vec<String> {
        let line = |one: Finding| format!("{} {}", one.subject, one.message);
        report_failures(root).into_iter().map(line).collect()
    }

    #[test]
    fn one_cause_is_one_finding() {
        let root = Root::new(Memory::parse(
            "/a/1 !denied\n/a/2 !denied\n/b/c/x = x\n/b/c/y = y\n/b/c !denied\n/d !denied\n/l -> l",
        ));
        for path in ["/a/1", "/a/2", "/d"] {
            assert!(root.open(&RealPath::known(path)).is_err());
        }
        assert!(root.list(&RealPath::known("/b/c")).iter().all(Result::is_err));
        assert!(root.lookup(&RealPath::known("/b/c/x")).is_err());
        // None of these is a failure: nothing is there, or nothing that a loader would take.
        assert_eq!(root.lookup(&RealPath::known("/none")).unwrap(), None);
        assert!(root.resolve(&WrittenPath::new("/l")).is_err());
        assert!(root.search(&WrittenPath::new("/b/c/y")).is_err());
        let expect = [
            "/d permission denied",
            "/a 2 files cannot be read, permission denied: /a/1, /a/2",
            "/b/c permission denied",
        ];
        assert_eq!(shown(&root), expect);
        assert!(shown(&root).is_empty(), "taken once");
    }
}
