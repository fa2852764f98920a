//! The group of an entry: the layer it is in when that is large enough.
//!
//! Invariant: the group of an entry depends on nothing but the entry itself and the owner of its
//! file.

use std::collections::BTreeSet;

use crate::packages::is_about_packages;
use crate::path::RealPath;
use crate::plan::entry::PlannedEntry;
use crate::plan::request::LayerRequest;
use crate::python::normalised_name;

/// Bytes. A smaller distribution shares a layer with others: to transfer it again costs little.
pub(crate) const SMALLEST_ALONE: u64 = 64 << 10;

/// Bytes. Smaller packages share a layer, since bundles have many of them and distributions need
/// the budget more.
pub(crate) const SMALLEST_PACKAGE: u64 = 1 << 20;

/// The group by hand that is the program's own: it comes last.
pub(crate) const APPLICATION: &str = "app";

/// The directory below the prefix of files that describe the whole bundle.
const ABOUT_BUNDLE: &str = "lib/wheelbarrow/";

/// The order of the kinds of layers, by how often they change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    System,
    Package(String),
    Environment,
    ByHand(String),
    Alone(String),
    Small,
    Other,
    Application,
    /// Files that describe the whole bundle: they change with every part of it.
    Bundle,
}

impl Group {
    pub(crate) fn name(&self) -> String {
        match self {
            Group::System => "10-system".to_owned(),
            Group::Package(name) => format!("15-{name}"),
            Group::Environment => "20-environment".to_owned(),
            Group::ByHand(name) => format!("30-{name}"),
            Group::Alone(name) => format!("50-{name}"),
            Group::Small => "70-small".to_owned(),
            Group::Other => "80-other".to_owned(),
            Group::Application => format!("90-{APPLICATION}"),
            Group::Bundle => "95-bundle".to_owned(),
        }
    }

    /// Why its files are one layer; `is_whole` if it is not cut into parts.
    pub(crate) fn reason(&self, is_whole: bool) -> String {
        let reason = match self {
            Group::System => "packages of the builder without a layer of their own",
            Group::Package(_) if !is_whole => "one package, larger than --layer-cap",
            Group::Package(_) => "one package: the same layer in every application that has it",
            Group::Environment => "the same for every application of this Python and prefix",
            Group::ByHand(_) => "grouped by --layer",
            Group::Alone(_) if !is_whole => "one distribution, larger than --layer-cap",
            Group::Alone(_) => "one distribution: the same layer in every application that has it",
            Group::Small => "distributions without a layer of their own",
            Group::Other => "recorded by no distribution",
            Group::Application => {
                "the application: installed from a local folder, or named by --layer app"
            }
            Group::Bundle => "about the bundle: changes with every part of it",
        };
        reason.to_owned()
    }

    /// The group that it joins when it is too small to be alone.
    pub(crate) fn join_small(&self) -> Group {
        match self {
            Group::Package(_) => Group::System,
            Group::Alone(_) => Group::Small,
            other => other.clone(),
        }
    }

    /// The bytes from which on it is alone.
    pub(crate) fn smallest(&self, threshold: u64) -> u64 {
        if matches!(self, Group::Package(_)) { threshold.max(SMALLEST_PACKAGE) } else { threshold }
    }

    /// Whether it is one thing by itself.
    pub(crate) fn is_single(&self) -> bool {
        self.join_small() != *self
    }
}

/// The facts that a group depends on, beside the entry.
pub(crate) struct Grouping<'a> {
    pub prefix: &'a RealPath,
    pub request: &'a LayerRequest,
    /// Names of distributions that are the user's own.
    pub applications: &'a BTreeSet<String>,
    /// The package of a file of the builder, of the system or of conda; the interpreter is one too.
    pub find_package: &'a dyn Fn(&RealPath) -> Option<String>,
}

impl Grouping<'_> {
    /// The group of an entry.
    pub(crate) fn find(&self, entry: &PlannedEntry) -> Group {
        if let Some(distribution) = &entry.distribution {
            return self.find_for_distribution(distribution);
        }
        match (entry.from.as_ref().map(self.find_package), entry.to.below(self.prefix)) {
            (Some(Some(package)), _) => Group::Package(package),
            (_, None) => Group::System,
            (_, Some(below)) if is_about_packages(below) => Group::System,
            (None, Some(below)) if below.starts_with(ABOUT_BUNDLE) => Group::Bundle,
            (None, Some(_)) => Group::Environment,
            (Some(None), Some(_)) => Group::Other,
        }
    }

    fn find_for_distribution(&self, distribution: &str) -> Group {
        let key = normalised_name(distribution);
        match self.request.groups.iter().find(|(_, members)| members.contains(&key)) {
            Some((name, _)) if name == APPLICATION => Group::Application,
            Some((name, _)) => Group::ByHand(name.clone()),
            None if self.applications.contains(distribution) => Group::Application,
            None => Group::Alone(key),
        }
    }
}
