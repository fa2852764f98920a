//! The choice of an environment when the user names none.
//!
//! Invariant: a place that cannot be used is noted and passed over; it never hides one that can.

use std::collections::BTreeSet;

use super::candidates::{Candidate, Weight, list_candidates};
use super::contents::count_application;
use super::surroundings::Surroundings;
use super::{Environment, EnvironmentError, OtherEnvironment, combine, open};
use crate::finding::{Code, Finding, Severity, count};
use crate::loader::Library;
use crate::path::RealPath;
use crate::root::{Root, RootError};

/// The findings name this many other environments.
const MOST_NAMED: usize = 5;

/// A candidate that is an environment.
struct Usable {
    candidate: Candidate,
    environment: Environment,
    /// Its distributions, installers and their requirements aside.
    distributions: usize,
    findings: Vec<Finding>,
}

/// Chooses among the places where the builder stage itself, or its tools, have an environment.
pub(super) fn choose(
    root: &Root,
    library: &Library,
    surroundings: &Surroundings,
    findings: &mut Vec<Finding>,
) -> Result<Environment, EnvironmentError> {
    let mut usable: Vec<Usable> = Vec::new();
    let mut passed_over: BTreeSet<Finding> = BTreeSet::new();
    let mut unusable: Option<EnvironmentError> = None;
    for candidate in list_candidates(root, surroundings) {
        let mut own = Vec::new();
        let opened = open::open(root, library, &candidate.path, &mut own).and_then(|opened| {
            combine(
                root,
                library,
                vec![(&candidate.path, opened)],
                surroundings.python.as_deref(),
                &mut own,
            )
        });
        match opened {
            Ok(environment) if usable.iter().any(|other| other.is_same(&environment)) => {}
            Ok(environment) => usable.push(Usable {
                distributions: count_application(root, &environment),
                candidate,
                environment,
                findings: own,
            }),
            // A place that has something else, such as a `venv` with no Python in it.
            Err(EnvironmentError::NotPython { .. }) if candidate.weight != Weight::Named => {}
            Err(EnvironmentError::Root(error)) if candidate.weight == Weight::Named => {
                return Err(error.into());
            }
            Err(error) => {
                passed_over.insert(pass_over(&candidate, &error));
                unusable.get_or_insert(error);
            }
        }
    }
    let Some(position) = prefer(&usable) else {
        return Err(unusable.unwrap_or(EnvironmentError::NoneFound));
    };
    let chosen = usable.remove(position);
    // The places that were passed over have their own findings.
    let Environment { interpreter, parts, .. } = &chosen.environment;
    let own = [&interpreter.prefix, &parts[0].prefix];
    let is_own = |path: RealPath| own.iter().any(|prefix| path.below(prefix).is_some());
    root.forget_failures(|error| {
        matches!(error, RootError::Forbidden { .. })
            && !RealPath::try_from(error.path().to_owned()).is_ok_and(is_own)
    });
    let others =
        usable.iter().filter(|other| other.distributions > 0).map(|other| OtherEnvironment {
            path: other.environment.parts[0].prefix.clone(),
            distributions: other.distributions,
        });
    let environment = Environment {
        reason: chosen.candidate.reason.clone(),
        others: others.collect(),
        ..chosen.environment
    };
    findings.extend(chosen.findings);
    findings.extend(passed_over);
    // An empty one has a finding of its own, which names the others too.
    if chosen.distributions > 0 {
        findings.extend(name_others(&environment, chosen.candidate.weight));
    }
    Ok(environment)
}

impl Usable {
    fn is_same(&self, environment: &Environment) -> bool {
        self.environment.parts[0].prefix == environment.parts[0].prefix
    }
}

/// The position of the environment that the builder stage itself would use: one that a variable names, or
/// else the first with an application in it. Where there is none, the first of all.
fn prefer(usable: &[Usable]) -> Option<usize> {
    let holds = |one: &Usable| one.distributions > 0 || one.candidate.weight == Weight::Named;
    usable.iter().position(holds).or_else(|| (!usable.is_empty()).then_some(0))
}

fn pass_over(candidate: &Candidate, error: &EnvironmentError) -> Finding {
    let message = format!("{}, but it cannot be used here: {error}", candidate.reason);
    let unread = matches!(error, EnvironmentError::Root(_));
    let severity = match candidate.weight {
        Weight::Started | Weight::Usual if !unread => Severity::Note,
        _ => Severity::Warn,
    };
    let help = match unread {
        true => "run wheelbarrow as a user that may read it, or name the environment",
        false => "exclude it from the build context: add it to .dockerignore",
    };
    Finding::new(severity, Code::ForeignEnvironment, &candidate.path, message).help(help)
}

/// The finding for other environments that hold distributions.
fn name_others(environment: &Environment, weight: Weight) -> Option<Finding> {
    let first = environment.others.first()?;
    let chosen: &RealPath = &environment.parts[0].prefix;
    let severity = if weight == Weight::Usual { Severity::Warn } else { Severity::Note };
    let message = format!(
        "was chosen because {}; distributions are installed in {} too",
        environment.reason,
        list_others(&environment.others)
    );
    let help = format!(
        "name the environment to be sure: `wheelbarrow bundle {chosen}`, or {}",
        first.path
    );
    Some(Finding::new(severity, Code::OtherEnvironment, chosen, message).help(help))
}

/// `/opt/venv (12 distributions), /srv/.venv (3 distributions)`.
pub fn list_others(others: &[OtherEnvironment]) -> String {
    let shown = others
        .iter()
        .take(MOST_NAMED)
        .map(|other| format!("{} ({})", other.path, count(other.distributions, "distribution")));
    let mut shown = shown.collect::<Vec<_>>().join(", ");
    if others.len() > MOST_NAMED {
        shown += &format!(", and {} more", others.len() - MOST_NAMED);
    }
    shown
}
