//! Reports and plans for people.
//!
//! Invariant: colours are written as styles; the stream decides whether they are seen.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use termtree::Tree;

use super::compare::Comparison;
use super::json::{Report, ReportModule};
use super::size;
use super::sizes::ModeSize;
use super::why::{Answer, Stay, Step};
use crate::finding::{Finding, Severity};
use crate::path::RealPath;
use crate::plan::{
    Action, Edit, Plan, PlannedEntry, PlannedLayer, PlannedPackage, Receipt, StartLine,
};
use crate::verify::{Checked, Verification};

const BOLD: Style = Style::new().bold();

/// The dependency tree, the packages, what stays behind.
pub fn report_text(report: &Report) -> String {
    let mut text = String::new();
    let facts = &report.interpreter_facts;
    let _ = writeln!(
        text,
        "{BOLD}{} {}{BOLD:#} at {} on {}",
        facts.implementation, facts.version, report.interpreter, report.builder
    );
    for distribution in report.distributions.iter().filter(|distribution| distribution.is_bundled) {
        let mut tree = Tree::new(format!(
            "{BOLD}{} {}{BOLD:#}  {}",
            distribution.name,
            distribution.version,
            size(distribution.size)
        ));
        for module in report
            .modules
            .iter()
            .filter(|module| module.distribution.as_ref() == Some(&distribution.name))
        {
            tree.push(module_tree(module));
        }
        let _ = write!(text, "{tree}");
    }
    let unowned: Vec<&ReportModule> =
        report.modules.iter().filter(|module| module.distribution.is_none()).collect();
    if !unowned.is_empty() {
        let mut tree = Tree::new("(recorded by no distribution)".to_owned());
        for module in unowned {
            tree.push(module_tree(module));
        }
        let _ = write!(text, "{tree}");
    }
    packages(&mut text, "packages to install", &report.packages.install);
    packages(&mut text, "brought along", &report.packages.brought_along);
    packages(&mut text, "carried in the bundle", &report.packages.vendored);
    packages(&mut text, "in the base already", &report.packages.in_base);
    if !report.sizes.is_empty() {
        let _ = writeln!(text, "{BOLD}what it adds to a final image{BOLD:#}");
        for ModeSize { option, from, bundle, packages } in &report.sizes {
            let from = from.as_deref().unwrap_or("IMAGE");
            let _ = writeln!(
                text,
                "  {option:20} bundle {:>9}, packages {:>9}, FROM {from}",
                size(*bundle),
                size(*packages)
            );
        }
    }
    if !report.runs_at_start.is_empty() {
        let _ = writeln!(text, "{BOLD}runs at every start of Python{BOLD:#}");
        for StartLine { file, line, judgement } in &report.runs_at_start {
            let _ = writeln!(text, "  {file}: {judgement}\n    {line}");
        }
    }
    let mut reasons: std::collections::BTreeMap<&str, (usize, u64)> =
        std::collections::BTreeMap::new();
    for left in &report.left_out {
        let sum = reasons.entry(&left.reason).or_default();
        *sum = (sum.0 + 1, sum.1 + left.size);
    }
    if !reasons.is_empty() {
        let _ = writeln!(text, "{BOLD}left behind{BOLD:#}");
        for (reason, (files, bytes)) in reasons {
            let _ = writeln!(text, "  {:>9}  {files} files: {reason}", size(bytes));
        }
    }
    text.push_str(&receipts_text("slimmed", &report.slimmed));
    text.push_str(&receipts_text("could be dropped with --slim", &report.could_be_dropped));
    if let Some(version) = &report.glibc {
        let _ = writeln!(text, "{BOLD}needs glibc {version} or newer{BOLD:#}");
    }
    text + &findings_text(&report.findings)
}

fn module_tree(module: &ReportModule) -> Tree<String> {
    let mut tree = Tree::new(module.path.to_string());
    for need in module.needs.iter().filter(|need| need.by == module.path) {
        let owner = match (&need.package, &need.package_version, &need.path) {
            (Some(package), Some(version), _) => format!("{package} {version}"),
            (_, _, Some(path)) => path.to_string(),
            _ => need.state.to_owned(),
        };
        let bytes = need.size.map(|bytes| format!("  {}", size(bytes))).unwrap_or_default();
        tree.push(Tree::new(format!("{} → {owner}{bytes}", need.name)));
    }
    tree
}

fn packages(text: &mut String, title: &str, packages: &[PlannedPackage]) {
    if packages.is_empty() {
        return;
    }
    let _ = writeln!(text, "{BOLD}{title}{BOLD:#}");
    for package in packages {
        let mut why: Vec<String> = package
            .reasons
            .iter()
            .map(|reason| reason.distribution.clone().unwrap_or_else(|| reason.library.clone()))
            .collect();
        why.sort();
        why.dedup();
        let why = if why.is_empty() { String::new() } else { format!("  for {}", why.join(", ")) };
        let _ = writeln!(
            text,
            "  {} {}  {}{why}",
            package.install_as,
            package.version,
            size(package.installed_size)
        );
    }
}

/// What applications share.
pub fn comparison_text(comparison: &Comparison) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{BOLD}shared layers{BOLD:#}");
    for layer in &comparison.shared {
        let _ = writeln!(
            text,
            "  {:>9}  {}  in {}",
            size(layer.size),
            layer.name,
            layer.applications.join(", ")
        );
    }
    let _ = writeln!(text, "{BOLD}applications{BOLD:#}");
    for application in &comparison.applications {
        let _ = writeln!(
            text,
            "  {:>9}  {}  {} layers, {} to pull after those above",
            size(application.size),
            application.name,
            application.layers,
            size(application.pulled)
        );
    }
    let _ = writeln!(
        text,
        "{BOLD}stored{BOLD:#}\n  {:>9}  each for itself\n  {:>9}  with shared layers",
        size(comparison.separate),
        size(comparison.stored)
    );
    for suggestion in &comparison.suggestions {
        let _ = writeln!(text, "{BOLD}suggestion{BOLD:#}: {suggestion}");
    }
    text
}

/// Sums by kind.
pub fn receipts_text(title: &str, receipts: &[Receipt]) -> String {
    let mut text = String::new();
    if !receipts.is_empty() {
        let _ = writeln!(text, "{BOLD}{title}{BOLD:#}");
    }
    for Receipt { kind, files, size: bytes } in receipts {
        let _ = writeln!(text, "  {:>9}  {files} files: {}", size(*bytes), kind.name());
    }
    text
}

/// What was looked at, and what is wrong.
pub fn verification_text(verification: &Verification) -> String {
    let Checked { distributions, files, natives, symbols, scripts, entry_points, links } =
        verification.checked;
    let python = verification
        .interpreter
        .as_ref()
        .map_or_else(|| "no interpreter".to_owned(), RealPath::to_string);
    let failed =
        verification.findings.iter().filter(|finding| finding.severity == Severity::Deny).count();
    let verdict = if failed == 0 { "runs".to_owned() } else { format!("{failed} failures") };
    let text = format!(
        "{}: {BOLD}{verdict}{BOLD:#} with {python}\n  {distributions} distributions, {files} files, {links} links, {natives} native files, \
         {symbols} symbols, {scripts} scripts, {entry_points} entry points\n",
        verification.prefix
    );
    text + &findings_text(&verification.findings)
}

/// What the layers of an image layout are appended to.
pub fn append_text(plan: &Plan) -> String {
    if plan.base.as_deref() == Some("scratch") {
        return "the layout is an image by itself, for docker load (as a tar), buildah pull and skopeo copy\n".to_owned();
    }
    let base = plan.base.as_deref().unwrap_or("an image with this interpreter");
    let packages: Vec<&str> =
        plan.packages.install.iter().map(|package| package.install_as.as_str()).collect();
    let packages = if packages.is_empty() {
        String::new()
    } else {
        format!(" with these packages installed: {}", packages.join(" "))
    };
    format!(
        "append the layers, in the order of the manifest, to {base}{packages}\nset PATH={}/bin:$PATH there\n",
        plan.prefix
    )
}

/// What bundle would do, a line each.
pub fn plan_text(plan: &Plan) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{BOLD}{} files and links, {}{BOLD:#} to {}",
        plan.entries.len(),
        size(plan.size()),
        plan.prefix
    );
    for entry in &plan.entries {
        let _ = writeln!(text, "  {:6} {}  ({})", verb(entry), entry.to, entry.reason);
    }
    if !plan.layers.is_empty() {
        let _ = writeln!(text, "{BOLD}layers{BOLD:#}");
        for PlannedLayer { name, reason, distributions, files, size: bytes } in &plan.layers {
            let of = if distributions.is_empty() {
                String::new()
            } else {
                format!(" ({})", distributions.join(", "))
            };
            let _ = writeln!(text, "  {:>9}  {name}  {files} files, {reason}{of}", size(*bytes));
        }
    }
    for left in &plan.left_out {
        let _ = writeln!(text, "  leave  {}  ({})", left.path, left.reason);
    }
    packages(&mut text, "packages to install", &plan.packages.install);
    packages(&mut text, "brought along", &plan.packages.brought_along);
    packages(&mut text, "carried in the bundle", &plan.packages.vendored);
    packages(&mut text, "in the base already", &plan.packages.in_base);
    text + &findings_text(&plan.findings)
}

/// How an entry comes to be, in a word.
fn verb(entry: &PlannedEntry) -> &'static str {
    let patched = |edit: &Edit| matches!(edit, Edit::RunPath { .. } | Edit::Prefix { .. });
    match &entry.action {
        Action::Copy if entry.edits.iter().any(patched) => "patch",
        Action::Copy if entry.edits.contains(&Edit::Strip) => "strip",
        Action::Copy if !entry.edits.is_empty() => "script",
        Action::Copy => "copy",
        Action::Link { .. } => "link",
        Action::Write { .. } => "write",
        Action::Record => "record",
        Action::Compile { .. } => "compile",
    }
}

/// The chains of an answer, one after the other.
pub fn why_text(answer: &Answer) -> String {
    let mut text = String::new();
    for chain in &answer.chains {
        for (depth, step) in chain.iter().enumerate() {
            let (kind, name) = match step {
                Step::Distribution(name) => ("distribution", name),
                Step::File(name) => ("file", name),
                Step::Library(name) => ("library", name),
                Step::Package(name) => ("package", name),
            };
            let _ = writeln!(text, "{:indent$}{kind} {BOLD}{name}{BOLD:#}", "", indent = depth * 2);
        }
    }
    text
}

/// What stays behind, each with its reason.
pub fn why_not_text(answer: &Answer) -> String {
    answer
        .stays
        .iter()
        .map(|Stay { subject, reason }| format!("{BOLD}{subject}{BOLD:#} stays behind: {reason}\n"))
        .collect()
}

/// Findings, worst first.
pub fn findings_text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let colour = match finding.severity {
            Severity::Deny => AnsiColor::Red,
            Severity::Warn => AnsiColor::Yellow,
            Severity::Note => AnsiColor::Cyan,
        };
        let style = colour.on_default().bold();
        let _ = writeln!(
            text,
            "{style}{}[{}]{style:#} {}: {}",
            finding.severity.as_str(),
            finding.code.as_str(),
            finding.subject,
            finding.message
        );
        if let Some(help) = &finding.help {
            let _ = writeln!(text, "  help: {help}");
        }
    }
    text
}
