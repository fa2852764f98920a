//! Differences between the files in the final root and those of the bundle, gathered into findings.
//!
//! Invariant: one finding for all files with the same kind of fault. It names the distributions that most of them
//! belong to, and lists all of them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::finding::{Code, Finding, Severity, count};
use crate::path::RealPath;

/// The most distributions that a message names.
const MOST_OWNERS: usize = 3;

/// One file that is not as it was bundled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    pub(super) path: RealPath,
    /// The distribution that owns it.
    pub(super) distribution: Option<String>,
}

/// The difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FaultKind {
    /// Nothing is at the path.
    Missing,
    /// Something else is there: the end of a sentence about the path.
    Changed(String),
    /// The permission bits are others: the end of a sentence about the path.
    Mode(String),
}

impl FaultKind {
    fn code(&self) -> Code {
        match self {
            FaultKind::Missing => Code::MissingFile,
            FaultKind::Changed(_) => Code::ChangedFile,
            FaultKind::Mode(_) => Code::ChangedMode,
        }
    }
}

/// The findings for these faults, of a bundle at `prefix`.
pub(super) fn judge(prefix: &RealPath, faults: &[Fault]) -> Vec<Finding> {
    let mut kinds: BTreeMap<Code, Vec<&Fault>> = BTreeMap::new();
    for fault in faults {
        kinds.entry(fault.kind.code()).or_default().push(fault);
    }
    let findings = kinds.into_iter().map(|(code, faults)| match faults[..] {
        [fault] => judge_one(code, fault),
        _ => judge_many(prefix, code, &faults),
    });
    findings
        .map(|finding| finding.help("copy the bundle again, and change no file of it afterwards"))
        .collect()
}

fn judge_one(code: Code, fault: &Fault) -> Finding {
    let message = match (&fault.kind, &fault.distribution) {
        (FaultKind::Missing, Some(owner)) => {
            format!("does not exist, but belongs to {owner} in the bundle")
        }
        (FaultKind::Missing, None) => "does not exist, but is in the bundle".to_owned(),
        (FaultKind::Changed(why) | FaultKind::Mode(why), _) => why.clone(),
    };
    Finding::new(Severity::Deny, code, &fault.path, message)
}

fn judge_many(prefix: &RealPath, code: Code, faults: &[&Fault]) -> Finding {
    let verb = match faults[0].kind {
        FaultKind::Missing => "do not exist",
        FaultKind::Changed(_) => "are not those of the bundle",
        FaultKind::Mode(_) => "have other permission bits than in the bundle",
    };
    let owners = list_owners(faults);
    let paths = faults.iter().map(|fault| &fault.path);
    Finding::of_files(Severity::Deny, code, prefix, paths, |number, first| {
        format!("{number} of the bundle {verb}{owners}: {first}")
    })
}

/// `, 28 of numpy and 3 of scipy`.
fn list_owners(faults: &[&Fault]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in faults.iter().filter_map(|fault| fault.distribution.as_deref()) {
        *counts.entry(name).or_default() += 1;
    }
    let mut counts: Vec<(Reverse<usize>, &str)> =
        counts.into_iter().map(|(name, number)| (Reverse(number), name)).collect();
    counts.sort_unstable();
    let named = counts.iter().take(MOST_OWNERS);
    let mut parts: Vec<String> =
        named.map(|(Reverse(number), name)| format!("{number} of {name}")).collect();
    let more = counts.len().saturating_sub(MOST_OWNERS);
    if more > 0 {
        parts.push(format!("others of {}", count(more, "distribution")));
    }
    parts.iter().map(|part| format!(", {part}")).collect()
}
