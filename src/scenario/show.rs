//! A plan in the short lines that tables compare.
//!
//! `APP` is the prefix of the bundle, `SITE` its directory of packages. What every bundle has
//! (`pyvenv.cfg`, `bin/python`, the `.dist-info` of a distribution) is shown by [`whole_tree`]
//! alone.
//!
//! Invariant: codes, severities, subjects and paths; no sentence that a reader of the product sees.

use super::shorten;
use crate::finding::{Finding, Severity};
use crate::packages::Manager;
use crate::path::RealPath;
use crate::plan::{Action, Edit, Plan, PlannedEntry, PlannedPackage, Shebang};

/// A text that is written is shown whole up to this length, in bytes.
const LONGEST: usize = 100;

/// `+ flask` is bundled, `- pip` is left out.
pub(crate) fn distributions(plan: &Plan) -> Vec<String> {
    let line = |name: &str, bundled: bool| format!("{} {name}", if bundled { '+' } else { '-' });
    plan.distributions.iter().map(|one| line(&one.name, one.is_bundled)).collect()
}

/// The image, the interpreter, how scripts find it.
pub(crate) fn final_root(plan: &Plan) -> Vec<String> {
    let image = plan.base.as_deref().unwrap_or("?");
    vec![format!("FROM {image} with {}", plan.interpreter)]
}

/// Every entry but those that every bundle has.
pub(crate) fn tree(plan: &Plan) -> Vec<String> {
    let entries = plan.entries.iter().filter(|entry| !usual(plan, entry));
    entries.map(|entry| line(plan, entry)).collect()
}

/// Every entry.
pub(crate) fn whole_tree(plan: &Plan) -> Vec<String> {
    plan.entries.iter().map(|entry| line(plan, entry)).collect()
}

/// The entries outside of the packages and scripts of the environment.
pub(crate) fn outside(plan: &Plan) -> Vec<String> {
    let of_environment = |entry: &PlannedEntry| {
        let short = short(plan, &entry.to);
        let plain = match entry.action {
            Action::Copy => entry.edits.iter().all(|edit| matches!(edit, Edit::Script { .. })),
            Action::Write { .. } => true,
            _ => false,
        };
        plain && (short.starts_with("SITE/") || short.starts_with("APP/bin/"))
    };
    let entries = plan.entries.iter().filter(|entry| !usual(plan, entry) && !of_environment(entry));
    entries.map(|entry| line(plan, entry)).collect()
}

/// The files that are left out.
pub(crate) fn left(plan: &Plan) -> Vec<String> {
    let usual = |path: &RealPath| {
        let path = path.as_str();
        path.ends_with("/pyvenv.cfg")
            || path.contains("/bin/python")
            || path.contains(".dist-info/")
    };
    let left = plan.left_out.iter().filter(|left| !usual(&left.path));
    left.map(|left| format!("left {}", shorten(left.path.as_str()))).collect()
}

/// `install`, `along`, `vendored` and `base`, each with its names.
pub(crate) fn packages(plan: &Plan) -> Vec<String> {
    let names = |word: &str, packages: &[PlannedPackage]| {
        let names: Vec<&str> = packages.iter().map(|one| one.install_as.as_str()).collect();
        (!names.is_empty()).then(|| format!("{word} {}", names.join(" ")))
    };
    let set = &plan.packages;
    let ldconfig = plan.run_ldconfig.then(|| "ldconfig".to_owned());
    [
        names("install", &set.install),
        names("along", &set.brought_along),
        names("vendored", &set.vendored),
        names("base", &set.in_base),
        ldconfig,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The package manager of the final stage.
pub(crate) fn manager(plan: &Plan) -> Option<&'static str> {
    plan.manager().map(|manager| match manager {
        Manager::Apk => "apk",
        Manager::Dpkg => "dpkg",
        Manager::Pacman => "pacman",
        Manager::Conda => "conda",
    })
}

/// The layers with their contents, without one that has nothing but the manifest.
pub(crate) fn layers(plan: &Plan) -> Vec<String> {
    let line = |name: &str| {
        let inside = plan.entries.iter().filter(|entry| entry.layer.as_deref() == Some(name));
        let mut all: Vec<String> = inside
            .clone()
            .filter(|entry| !usual(plan, entry))
            .map(|entry| short(plan, &entry.to))
            .collect();
        all.sort();
        let has_more = inside.clone().any(|entry| entry.action != Action::Manifest);
        has_more.then(|| format!("{name}: {}", all.join(" ")).trim_end().to_owned())
    };
    plan.layers.iter().filter_map(|layer| line(&layer.name)).collect()
}

/// `deny unresolved-library /path`.
pub(crate) fn findings(findings: &[Finding]) -> Vec<String> {
    let weight = |severity| match severity {
        Severity::Deny => "deny",
        Severity::Warn => "warn",
        Severity::Note => "note",
    };
    let line = |one: &Finding| {
        format!("{} {} {}", weight(one.severity), one.code.as_str(), shorten(&one.subject))
    };
    findings.iter().map(line).collect()
}

/// Whether every bundle has it, or every distribution.
fn usual(plan: &Plan, entry: &PlannedEntry) -> bool {
    // Of every bundle for an empty root.
    if ["/tmp", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf"].contains(&entry.to.as_str()) {
        return true;
    }
    let short = short(plan, &entry.to);
    let for_verify = entry.action == Action::Manifest;
    let made = for_verify
        || entry.from.is_none()
            && (short == "APP/pyvenv.cfg" || short.starts_with("APP/bin/python"));
    made || (short.contains(".dist-info/") && short.starts_with("SITE/"))
}

/// With `APP` and `SITE`.
fn short(plan: &Plan, path: &RealPath) -> String {
    let version = &plan.interpreter_facts.version;
    let minor = version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    let site = plan.prefix.descend(&format!("lib/python{minor}/site-packages"));
    if let Some(below) = path.below(&site) {
        return format!("SITE/{below}");
    }
    path.below(&plan.prefix).map_or_else(|| path.to_string(), |below| format!("APP/{below}"))
}

fn line(plan: &Plan, entry: &PlannedEntry) -> String {
    let path = short(plan, &entry.to);
    match &entry.action {
        Action::Copy => {
            let edits = entry.edits.iter().map(edit);
            std::iter::once(path).chain(edits).collect::<Vec<_>>().join(" ")
        }
        Action::Link { target } => format!("{path} -> {target}"),
        Action::Write { content } if content.starts_with("#!") => {
            format!("{path} {}", starts(content))
        }
        Action::Write { content } if content.len() > LONGEST => format!("{path} written"),
        Action::Write { content } => {
            format!("{path} = {}", content.trim_end().replace('\n', "\\n"))
        }
        Action::Directory => format!("{path}/"),
        Action::Record => format!("{path} made"),
        Action::Manifest => format!("{path} made"),
        Action::Compile { .. } => format!("{path} compiled"),
    }
}

fn edit(edit: &Edit) -> String {
    match edit {
        Edit::Strip => "stripped".to_owned(),
        Edit::Script { header, .. } => starts(header),
        Edit::RunPath { directories, replaced, needed, .. } => {
            let replaced =
                replaced.iter().chain(needed).map(|(old, new)| format!("{old} is {new}"));
            let added =
                (!directories.is_empty()).then(|| format!("gets {}", directories.join(":")));
            replaced.chain(added).collect::<Vec<_>>().join(" ")
        }
        Edit::Prefix { prefix, .. } => format!("with {prefix}"),
    }
}

/// How a script finds its interpreter.
fn starts(header: &str) -> String {
    let first = header.lines().next().unwrap_or_default();
    let kind = if first == "#!/bin/sh" { Shebang::Relocatable } else { Shebang::Absolute };
    match kind {
        Shebang::Relocatable => "starts python beside it".to_owned(),
        Shebang::Absolute => format!("starts {}", first.trim_start_matches("#!")),
    }
}
