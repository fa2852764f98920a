//! The difference between two sides.
//!
//! Invariant: only parts that both sides tell are compared, and those that were not are named; a size alone
//! is no difference.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::json::SideFinding;
use super::side::{Side, Source};
use super::{LockedDistribution, LockedPackage, PackageOrigin};
use crate::plan::{LibraryOrigin, PlannedLibrary};
use crate::python::normalised_name;

/// Version of the JSON of [`Difference`].
pub(crate) const SCHEMA: u32 = 1;

/// `wheelbarrow diff --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Difference {
    /// Version of this form: [`SCHEMA`].
    pub schema: u32,
    /// Base, prefix and Python: `name` is one of `base`, `prefix`, `python`, `abi`, `interpreter`.
    pub settings: Vec<Change>,
    /// OS packages, with their versions.
    pub packages: Vec<Change>,
    /// Bundled distributions, with their versions.
    pub distributions: Vec<Change>,
    /// Native libraries, with the package or place that they come from.
    pub libraries: Vec<Change>,
    /// Absent if a side has no findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<FindingChanges>,
    /// Of the bundle; absent if a side does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle_size: Option<SizeChange>,
    /// Of the packages that the final stage installs; absent if a side does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_size: Option<SizeChange>,
    /// The parts that one side alone tells, such as `base` or `findings`.
    pub not_compared: Vec<&'static str>,
}

/// One thing that was added (`old` is absent), removed (`new` is absent) or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Change {
    /// The name of the package, distribution, library or setting.
    pub name: String,
    /// The version or value before; absent if it was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// The version or value after; absent if it was removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
    /// Bytes more, or less; absent where nothing tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<i64>,
}

/// Findings of one side only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct FindingChanges {
    /// Findings of the new side only.
    pub added: Vec<SideFinding>,
    /// Findings of the old side only.
    pub removed: Vec<SideFinding>,
}

/// Bytes before compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct SizeChange {
    /// Bytes of the old side.
    pub old: u64,
    /// Bytes of the new side.
    pub new: u64,
}

impl Difference {
    /// Whether both sides are the same, whatever their sizes.
    pub fn is_empty(&self) -> bool {
        let Difference { settings, packages, distributions, libraries, findings, .. } = self;
        let no_findings = findings
            .as_ref()
            .is_none_or(|findings| findings.added.is_empty() && findings.removed.is_empty());
        no_findings
            && [settings, packages, distributions, libraries].iter().all(|list| list.is_empty())
    }
}

/// Compares two sides.
pub fn compare_sides(old: &Side, new: &Side) -> Difference {
    let both = |tells: fn(Source) -> bool| tells(old.source) && tells(new.source);
    let base = both(Source::tells_base);
    let details = both(Source::tells_details);
    let findings = both(Source::tells_findings);
    let size = both(Source::tells_size);
    let reduced = |side: &Side| {
        let lock = side.lock.clone();
        if details { lock } else { lock.without_details() }
    };
    let (before, after) = (reduced(old), reduced(new));
    Difference {
        schema: SCHEMA,
        settings: compare_settings(old, new, base),
        packages: compare_lists(&before.packages, &after.packages),
        distributions: compare_lists(&before.distributions, &after.distributions),
        libraries: compare_lists(&before.libraries, &after.libraries),
        findings: findings.then(|| compare_findings(&old.findings, &new.findings)),
        bundle_size: size.then_some(SizeChange { old: before.size.bundle, new: after.size.bundle }),
        package_size: details
            .then_some(SizeChange { old: before.size.packages, new: after.size.packages }),
        not_compared: list_one_sided(old.source, new.source),
    }
}

/// The parts that one side alone tells.
fn list_one_sided(old: Source, new: Source) -> Vec<&'static str> {
    let parts = [
        ("base", old.tells_base() != new.tells_base()),
        ("details of packages", old.tells_details() != new.tells_details()),
        ("findings", old.tells_findings() != new.tells_findings()),
        ("size of the bundle", old.tells_size() != new.tells_size()),
    ];
    parts.into_iter().filter(|(_, one_sided)| *one_sided).map(|(name, _)| name).collect()
}

fn compare_settings(old: &Side, new: &Side, base: bool) -> Vec<Change> {
    let of_base = |side: &Side| {
        base.then(|| [("base", side.lock.base.clone()), ("prefix", Some(side.lock.prefix.clone()))])
    };
    let settings = |side: &Side| {
        let python = &side.lock.python;
        let own = [
            ("python", Some(format!("{} {}", python.implementation, python.version))),
            ("abi", python.abi.clone()),
            ("interpreter", Some(python.path.clone())),
        ];
        of_base(side).into_iter().flatten().chain(own).collect::<Vec<_>>()
    };
    let pairs = settings(old).into_iter().zip(settings(new));
    pairs
        .filter(|((_, before), (_, after))| before != after)
        .map(|((name, old), (_, new))| Change { name: name.to_owned(), old, new, bytes: None })
        .collect()
}

/// An element of a list of a lock.
trait Listed {
    /// The key by which the other side is searched for it.
    fn key(&self) -> String;
    fn name(&self) -> &str;
    /// The compared value, as a reader sees it.
    fn value(&self) -> String;
    fn bytes(&self) -> Option<u64>;
}

impl Listed for LockedPackage {
    fn key(&self) -> String {
        self.name.clone()
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn value(&self) -> String {
        match self.origin {
            PackageOrigin::Installed => self.version.clone(),
            PackageOrigin::Dependency => format!("{} (as a dependency)", self.version),
            PackageOrigin::Bundled => format!("{} (bundled)", self.version),
        }
    }
    /// A manifest has no size of a package.
    fn bytes(&self) -> Option<u64> {
        (self.size > 0).then_some(self.size)
    }
}

impl Listed for LockedDistribution {
    fn key(&self) -> String {
        normalised_name(&self.name)
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn value(&self) -> String {
        self.version.clone()
    }
    fn bytes(&self) -> Option<u64> {
        Some(self.size)
    }
}

impl Listed for PlannedLibrary {
    fn key(&self) -> String {
        self.name.clone()
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn value(&self) -> String {
        match (self.origin, self.package.as_deref()) {
            (LibraryOrigin::Package, Some(package)) => format!("of {package}"),
            (LibraryOrigin::Package, None) => "of a package".to_owned(),
            (LibraryOrigin::Bundle, Some(package)) => format!("bundled, of {package}"),
            (LibraryOrigin::Bundle, None) => "bundled, of no package".to_owned(),
            (LibraryOrigin::Base, _) => "in the base".to_owned(),
        }
    }
    fn bytes(&self) -> Option<u64> {
        None
    }
}

/// The items of one side only, and the different ones. Equal items of one name are pairs.
fn compare_lists<T: Listed>(old: &[T], new: &[T]) -> Vec<Change> {
    let mut names: BTreeMap<String, (Vec<&T>, Vec<&T>)> = BTreeMap::new();
    old.iter().for_each(|one| names.entry(one.key()).or_default().0.push(one));
    new.iter().for_each(|one| names.entry(one.key()).or_default().1.push(one));
    names.into_values().flat_map(|(before, after)| compare_named(before, after)).collect()
}

fn compare_named<T: Listed>(mut before: Vec<&T>, mut after: Vec<&T>) -> Vec<Change> {
    before.retain(|one| match after.iter().position(|other| other.value() == one.value()) {
        Some(at) => {
            after.remove(at);
            false
        }
        None => true,
    });
    let signed = |one: &T| one.bytes().map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
    if let ([one], [other]) = (&before[..], &after[..]) {
        let bytes = signed(other).zip(signed(one)).map(|(new, old)| new.saturating_sub(old));
        let (old, new) = (Some(one.value()), Some(other.value()));
        return vec![Change { name: other.name().to_owned(), old, new, bytes }];
    }
    let removed = before.into_iter().map(|one| Change {
        name: one.name().to_owned(),
        old: Some(one.value()),
        new: None,
        bytes: signed(one).map(|bytes| -bytes),
    });
    let added = after.into_iter().map(|one| Change {
        name: one.name().to_owned(),
        old: None,
        new: Some(one.value()),
        bytes: signed(one),
    });
    removed.chain(added).collect()
}

fn compare_findings(old: &[SideFinding], new: &[SideFinding]) -> FindingChanges {
    let (before, after): (BTreeSet<_>, BTreeSet<_>) = (old.iter().collect(), new.iter().collect());
    FindingChanges {
        added: after.difference(&before).map(|finding| (*finding).clone()).collect(),
        removed: before.difference(&after).map(|finding| (*finding).clone()).collect(),
    }
}
