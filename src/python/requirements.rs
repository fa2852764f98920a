//! The dependencies between installed distributions, by their PEP 508 requirements.
//!
//! Markers are evaluated for the interpreter of the root, always for Linux. No file says which
//! extras were given on a command line, so an extra counts only if another distribution or a
//! requirement of the user asks for it.
//!
//! Invariant: a requirement that cannot be understood is a note and gives no edge; cycles end.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::Version;
use pep508_rs::{
    ExtraName, MarkerEnvironment, MarkerEnvironmentBuilder, Requirement, VersionOrUrl,
};
use url::Url;

use super::distribution::Distribution;
use super::interpreter::InterpreterFacts;
use super::marker::Marker;
use super::name::normalised_name;
use super::problems::excerpt;
use super::requirement::read_with_marker;
use crate::finding::{Code, Finding, Severity};
use crate::release::major_minor;

/// Distributions that install others and are not needed at run time.
const INSTALLERS: [&str; 7] =
    ["pip", "setuptools", "wheel", "conda", "conda-libmamba-solver", "libmambapy", "menuinst"];

/// Whether the distribution of this normalised name installs others.
pub fn is_installer(key: &str) -> bool {
    INSTALLERS.contains(&key)
}

/// The facts of an interpreter that markers use.
#[derive(Clone, Copy, Debug)]
pub struct MarkerFacts<'a> {
    /// The full version: `3.11.7`.
    pub full_version: &'a str,
    /// `cpython` or `pypy`, the value of `sys.implementation.name`.
    pub implementation: &'a str,
    /// `x86_64`, as `uname -m` prints it.
    pub machine: &'a str,
}

impl<'a> From<&'a InterpreterFacts> for MarkerFacts<'a> {
    fn from(facts: &'a InterpreterFacts) -> MarkerFacts<'a> {
        MarkerFacts {
            full_version: &facts.version,
            implementation: &facts.implementation,
            machine: &facts.architecture,
        }
    }
}

/// The dependencies between distributions, by index.
#[derive(Debug, Default)]
pub struct Edges {
    /// For each distribution, the installed distributions that it requires.
    pub edges: Vec<BTreeSet<usize>>,
    /// The installed distributions that the user's requirements name.
    pub asked: BTreeSet<usize>,
    /// The requirements that are not met, as `pip check` finds them.
    pub findings: Vec<Finding>,
}

/// A requirement of a distribution, with the marker that decides whether it counts.
type Marked = (Requirement<Url>, Marker);

/// Evaluates requirements for one interpreter.
#[derive(Clone, Debug)]
pub struct Requirements {
    environment: MarkerEnvironment,
}

impl Requirements {
    /// Prepares the evaluation for the interpreter of `facts`.
    ///
    /// # Errors
    /// A version that is not a version of PEP 440.
    pub fn new(facts: &MarkerFacts) -> Result<Self, String> {
        // A build from a checkout calls itself `3.13.0+`; PEP 440 has no such version.
        let full_version = facts.full_version.trim().trim_end_matches('+');
        let short_version = major_minor(full_version);
        let implementation = match facts.implementation {
            "cpython" => "CPython",
            "pypy" => "PyPy",
            other => other,
        };
        let builder = MarkerEnvironmentBuilder {
            implementation_name: facts.implementation,
            implementation_version: full_version,
            os_name: "posix",
            platform_machine: facts.machine,
            platform_python_implementation: implementation,
            // The kernel is that of the host and not known; no requirement in use asks for it.
            platform_release: "",
            platform_system: "Linux",
            platform_version: "",
            python_full_version: full_version,
            python_version: short_version,
            sys_platform: "linux",
        };
        let environment = MarkerEnvironment::try_from(builder)
            .map_err(|error| format!("{full_version:?} is not a Python version: {error}"))?;
        Ok(Requirements { environment })
    }

    /// The dependencies between the distributions, and the requirements that are not met.
    /// `requested` are the requirements of the user; without any, every distribution counts as
    /// requested. The subject of a finding is the name of the distribution that has the
    /// requirement, or the user's requirement itself.
    pub fn edges(&self, all: &[Distribution], requested: &[Requirement<Url>]) -> Edges {
        let mut findings = Vec::new();
        let requirements: Vec<_> =
            all.iter().map(|distribution| parse_all(distribution, &mut findings)).collect();
        // A key has two indices if an upgrade left the older directory.
        let mut installed: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, distribution) in all.iter().enumerate() {
            installed.entry(&distribution.key).or_default().push(index);
        }
        let mut asked = BTreeSet::new();
        let mut extras: Vec<BTreeSet<ExtraName>> = vec![BTreeSet::new(); all.len()];
        for request in
            requested.iter().filter(|request| request.evaluate_markers(&self.environment, &[]))
        {
            let targets = targets(request, &installed);
            findings.extend(unmet(request, targets, all).map(|problem| {
                Finding::new(
                    Severity::Deny,
                    Code::MissingRequirement,
                    request,
                    format!("requested, but {problem}"),
                )
                .help("install it in the builder stage, before wheelbarrow runs")
            }));
            asked.extend(targets);
            targets
                .iter()
                .for_each(|target| extras[*target].extend(request.extras.iter().cloned()));
        }
        let from = if requested.is_empty() { (0..all.len()).collect() } else { asked.clone() };
        let extras = self.wanted_extras(extras, from, &requirements, &installed);
        let mut edges = vec![BTreeSet::new(); all.len()];
        for (index, distribution) in all.iter().enumerate() {
            let extras: Vec<ExtraName> = extras[index].iter().cloned().collect();
            for requirement in self.holding(&requirements[index], &extras) {
                let targets = targets(requirement, &installed);
                findings.extend(missing(distribution, requirement, targets, all));
                edges[index].extend(targets.iter().copied().filter(|target| *target != index));
            }
        }
        findings.sort();
        findings.dedup();
        Edges { edges, asked, findings }
    }

    /// The requirements whose markers hold.
    fn holding<'a>(
        &self,
        requirements: &'a [Marked],
        extras: &[ExtraName],
    ) -> impl Iterator<Item = &'a Requirement<Url>> {
        let holds = |(_, marker): &&Marked| marker.holds(&self.environment, extras);
        requirements.iter().filter(holds).map(|(requirement, _)| requirement)
    }

    /// The extras of each distribution that are wanted by `from` and its dependencies. An extra can
    /// ask for further extras, so this repeats until nothing is new. Sets only grow, so every cycle
    /// ends.
    fn wanted_extras(
        &self,
        mut wanted: Vec<BTreeSet<ExtraName>>,
        from: BTreeSet<usize>,
        requirements: &[Vec<Marked>],
        installed: &BTreeMap<&str, Vec<usize>>,
    ) -> Vec<BTreeSet<ExtraName>> {
        let mut met = from.clone();
        let mut pending = from;
        while let Some(index) = pending.pop_first() {
            let extras: Vec<ExtraName> = wanted[index].iter().cloned().collect();
            for requirement in self.holding(&requirements[index], &extras) {
                for target in targets(requirement, installed) {
                    let before = wanted[*target].len();
                    wanted[*target].extend(requirement.extras.iter().cloned());
                    if met.insert(*target) || wanted[*target].len() > before {
                        pending.insert(*target);
                    }
                }
            }
        }
        wanted
    }
}

fn targets<'a>(
    requirement: &Requirement<Url>,
    installed: &'a BTreeMap<&str, Vec<usize>>,
) -> &'a [usize] {
    let key = normalised_name(requirement.name.as_ref());
    installed.get(key.as_str()).map_or(&[], Vec::as_slice)
}

fn parse_all(distribution: &Distribution, findings: &mut Vec<Finding>) -> Vec<Marked> {
    let mut requirements = Vec::new();
    for text in &distribution.requires {
        match read_with_marker(text) {
            Ok(requirement) => requirements.push(requirement),
            Err(why) => findings.push(Finding::new(
                Severity::Note,
                Code::CorruptMetadata,
                &distribution.name,
                format!("the requirement {} is not checked: {why} (PEP 508)", excerpt(text)),
            )),
        }
    }
    requirements
}

fn missing(
    distribution: &Distribution,
    requirement: &Requirement<Url>,
    targets: &[usize],
    all: &[Distribution],
) -> Option<Finding> {
    let problem = unmet(requirement, targets, all)?;
    let join = if targets.is_empty() { "which" } else { "but" };
    let message = format!("requires {}, {join} {problem}", without_marker(requirement));
    Some(Finding::new(Severity::Warn, Code::MissingRequirement, &distribution.name, message))
}

/// The problem with the installed `targets` of a requirement: `is not installed`, `1.5 is
/// installed`.
fn unmet(
    requirement: &Requirement<Url>,
    targets: &[usize],
    all: &[Distribution],
) -> Option<String> {
    let Some(first) = targets.first() else { return Some("is not installed".to_owned()) };
    let Some(VersionOrUrl::VersionSpecifier(specifiers)) = &requirement.version_or_url else {
        return None;
    };
    // A version that PEP 440 does not allow cannot be compared and counts as met.
    let fits = |target: &usize| {
        all[*target]
            .version
            .parse::<Version>()
            .map_or(true, |version| specifiers.contains(&version))
    };
    (!targets.iter().any(fits)).then(|| format!("{} is installed", all[*first].version))
}

/// The requirement for a message: without the marker, which holds, and without the URL, which may
/// contain credentials.
fn without_marker(requirement: &Requirement<Url>) -> String {
    match &requirement.version_or_url {
        Some(VersionOrUrl::VersionSpecifier(specifiers)) => {
            format!("{}{specifiers}", requirement.name)
        }
        _ => requirement.name.to_string(),
    }
}

/// The indices of the distributions to bundle by default: all except the installers. An installer
/// is bundled if another distribution needs it, as old packages need `pkg_resources` of setuptools.
pub fn kept(all: &[Distribution], edges: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    reached(&(0..all.len()).filter(|index| !is_installer(&all[*index].key)).collect(), edges)
}

/// The distributions of `from`, and all that they require.
pub fn reached(from: &BTreeSet<usize>, edges: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    let mut pending: Vec<usize> = from.iter().copied().collect();
    let mut reached = BTreeSet::new();
    while let Some(index) = pending.pop() {
        if reached.insert(index) {
            pending.extend(edges.get(index).into_iter().flatten().copied());
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::RealPath;

    /// Each line is `name version: requirement | requirement`.
    fn installed(text: &str) -> Vec<Distribution> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines
            .map(|line| {
                let (head, requires) = line.split_once(": ").unwrap_or((line, ""));
                let (name, version) = head.split_once(' ').unwrap();
                let mut distribution = Distribution::empty(
                    &RealPath::known("/s"),
                    &RealPath::known("/s/d"),
                    name,
                    version,
                    RealPath::known("/s/d/METADATA"),
                );
                distribution.name = name.to_owned();
                distribution.key = normalised_name(name);
                distribution.version = version.to_owned();
                distribution.requires = requires
                    .split(" | ")
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned)
                    .collect();
                distribution
            })
            .collect()
    }

    fn check(text: &str, expect_edges: &str, expect_findings: &[&str]) {
        let all = installed(text);
        let facts =
            MarkerFacts { full_version: "3.11.7", implementation: "cpython", machine: "x86_64" };
        let Edges { edges, findings, .. } = Requirements::new(&facts).unwrap().edges(&all, &[]);
        let edges = edges
            .iter()
            .enumerate()
            .flat_map(|(from, set)| set.iter().map(move |to| format!("{from}-{to}")));
        assert_eq!(edges.collect::<Vec<_>>().join(" "), expect_edges, "{text}");
        let findings: Vec<String> = findings
            .iter()
            .map(|found| format!("{} {} {}", found.code.as_str(), found.subject, found.message))
            .collect();
        assert_eq!(findings, expect_findings, "{text}");
    }

    #[test]
    fn markers_and_versions() {
        check("a 1: B_c>=1\nb.c 1.5", "0-1", &[]);
        check(
            "a 1: b (>=2)\nb 1.5",
            "0-1",
            &["missing-requirement a requires b>=2, but 1.5 is installed"],
        );
        check("a 1: b", "", &["missing-requirement a requires b, which is not installed"]);
        check(
            "a 1: b @ https://u:p@h/b.whl",
            "",
            &["missing-requirement a requires b, which is not installed"],
        );
        check("a 1: b @ https://h/b.whl\nb 1", "0-1", &[]);
        check(
            "a 1: b ; sys_platform == 'win32' | b; python_version < '3.8' | b; extra == 'x'\nb 1",
            "",
            &[],
        );
        check(
            "a 1: b; python_version >= '3.10' and platform_machine == 'x86_64' and platform_python_implementation == 'CPython'\nb 1",
            "0-1",
            &[],
        );
        check("a 1: b>=1\nb 2.0rc1", "0-1", &[]);
        check("a 1: b==1.0\nb 1.0+cpu", "0-1", &[]);
        check("a 1: b>=1\nb weird-version", "0-1", &[]);
    }

    #[test]
    fn invalid_requirements_are_notes() {
        check(
            "a 1: b >>> 1 | c\nc 1",
            "0-1",
            &["corrupt-metadata a the requirement \"b >>> 1\" is not checked: no such comparison \
                 operator \">>>\", must be one of ~= == != <= >= < > === (PEP 508)"],
        );
    }

    #[test]
    fn extras_propagate_through_cycles() {
        check(
            "a 1: b[x]\nb 1: c; extra == 'x' | b[y]; extra == 'x' | d; extra == 'y' | a\nc 1\nd 1",
            "0-1 1-0 1-2 1-3",
            &[],
        );
        check("a 1: b\nb 1: c; extra == 'x'", "0-1", &[]);
        check(
            "a 1: b[X_y]\nb 1: c; extra == 'x-y'",
            "0-1",
            &["missing-requirement b requires c, which is not installed"],
        );
    }

    #[test]
    fn installers_stay_behind_unless_needed() {
        for (text, expect) in [
            ("a 1\npip 1\nsetuptools 1: wheel\nwheel 1", vec![0]),
            ("a 1: setuptools\npip 1\nsetuptools 1: wheel\nwheel 1", vec![0, 2, 3]),
            ("pip 1", vec![]),
        ] {
            let all = installed(text);
            let facts = MarkerFacts {
                full_version: "3.13.0+",
                implementation: "cpython",
                machine: "x86_64",
            };
            let Edges { edges, .. } = Requirements::new(&facts).unwrap().edges(&all, &[]);
            assert_eq!(kept(&all, &edges).into_iter().collect::<Vec<_>>(), expect, "{text}");
        }
    }

    #[test]
    fn versions_of_interpreters() {
        let new = |version| {
            Requirements::new(&MarkerFacts {
                full_version: version,
                implementation: "cpython",
                machine: "x86_64",
            })
        };
        assert!(new("3.13.0rc1").is_ok());
        assert!(new("three").is_err());
    }

    #[test]
    fn roots_reach_what_they_require() {
        let all = installed(
            "a 1: b[x]\nb 2: c; extra == 'x' | d; extra == 'y'\nc 1: a\nd 1\ne 1\nsetuptools 1",
        );
        let facts =
            MarkerFacts { full_version: "3.11.7", implementation: "cpython", machine: "x86_64" };
        for (roots, expect, finding) in [
            ("a", vec![0, 1, 2], ""),
            ("b", vec![1], ""),
            ("B[Y]>=2", vec![1, 3], ""),
            ("e|setuptools", vec![4, 5], ""),
            ("e; python_version < '3'", vec![], ""),
            ("b>=3", vec![1], "requested, but 2 is installed"),
            ("f", vec![], "requested, but is not installed"),
        ] {
            let parsed: Vec<Requirement<Url>> =
                roots.split('|').map(|root| root.parse().unwrap()).collect();
            let Edges { edges, asked, findings } =
                Requirements::new(&facts).unwrap().edges(&all, &parsed);
            assert_eq!(reached(&asked, &edges).into_iter().collect::<Vec<_>>(), expect, "{roots}");
            assert_eq!(findings.first().map_or("", |finding| &finding.message), finding, "{roots}");
        }
    }
}
