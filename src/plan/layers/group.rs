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

/// Bytes. Smaller packages share a layer, since bundles have many of them and distributions need
/// the budget more.
pub(crate) const SMALLEST_PACKAGE: u64 = 1 << 20;

/// The group by hand that is the program's own: it comes last.
const APPLICATION: &str = "app";

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
        }
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
