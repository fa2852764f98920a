//! Reports and plans for people.
//!
//! Invariant: colours are written as styles; the stream decides whether they are seen.

use std::fmt::Write as _;

use termtree::Tree;

use super::json::{Report, ReportModule};
use super::layers::list_layers;
use super::size;
use super::sizes::ModeSize;
use super::style::{BOLD, CYAN, RED, YELLOW};
use super::why::{Answer, Stay, Step};
use crate::escape::one_line;
use crate::finding::{Finding, Severity, count};
use crate::path::RealPath;
use crate::plan::{Action, Edit, Plan, PlannedEntry, PlannedPackage, Receipt, StartLine};
use crate::verify::{Checked, Verification};

/// The dependency tree, the packages and the files that are left out.
pub fn report_text(report: &Report, detail: Detail) -> String {
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
    packages(&mut text, "installed with them", &report.packages.brought_along);
    packages(&mut text, "vendored in the bundle", &report.packages.vendored);
    packages(&mut text, "already in the base", &report.packages.in_base);
    if !report.sizes.is_empty() {
        let _ = writeln!(text, "{BOLD}size in a final image{BOLD:#}");
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
            let _ = writeln!(text, "  {}: {judgement}\n    {line}", one_line(file));
        }
    }
    let mut reasons: std::collections::BTreeMap<&str, (usize, u64)> =
        std::collections::BTreeMap::new();
    for left in &report.left_out {
        let sum = reasons.entry(&left.reason).or_default();
        *sum = (sum.0 + 1, sum.1 + left.size);
    }
    if !reasons.is_empty() {
        let _ = writeln!(text, "{BOLD}left out{BOLD:#}");
        for (reason, (files, bytes)) in reasons {
            let _ = writeln!(text, "  {:>9}  {}: {reason}", size(bytes), count(files, "file"));
        }
    }
    text.push_str(&receipts_text("removed by --slim", &report.slimmed));
    text.push_str(&receipts_text("can be removed with --slim", &report.could_be_dropped));
    if let Some(version) = &report.glibc {
        let _ = writeln!(text, "{BOLD}needs glibc {version} or newer{BOLD:#}");
    }
    text + &findings_text(&report.findings, detail)
}

fn module_tree(module: &ReportModule) -> Tree<String> {
    let mut tree = Tree::new(one_line(&module.path));
    for need in module.needs.iter().filter(|need| need.by == module.path) {
        let owner = match (&need.package, &need.package_version, &need.path) {
            (Some(package), Some(version), _) => format!("{package} {version}"),
            (_, _, Some(path)) => path.to_string(),
            _ => need.state.to_owned(),
        };
        let bytes = need.size.map(|bytes| format!("  {}", size(bytes))).unwrap_or_default();
        tree.push(Tree::new(one_line(format!("{} → {owner}{bytes}", need.name))));
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
            .map(|reason| {
                let whom = reason.distribution.clone().unwrap_or_else(|| reason.library.clone());
                match &reason.evidence {
                    Some(evidence) => format!("{whom} ({})", evidence.text),
                    None => whom,
                }
            })
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

/// The number of files and their bytes, a line for each kind.
pub fn receipts_text(title: &str, receipts: &[Receipt]) -> String {
    let mut text = String::new();
    if !receipts.is_empty() {
        let _ = writeln!(text, "{BOLD}{title}{BOLD:#}");
    }
    for Receipt { kind, files, size: bytes } in receipts {
        let _ = writeln!(text, "  {:>9}  {}: {}", size(*bytes), count(*files, "file"), kind.name());
    }
    text
}

/// The verdict, the number of checks, and the findings.
pub fn verification_text(verification: &Verification, detail: Detail) -> String {
    let Checked { distributions, files, natives, symbols, scripts, entry_points, links } =
        verification.checked;
    let python = verification
        .interpreter
        .as_ref()
        .map_or_else(|| "no interpreter".to_owned(), RealPath::to_string);
    let failed =
        verification.findings.iter().filter(|finding| finding.severity == Severity::Deny).count();
    let verdict = if failed == 0 { "runs".to_owned() } else { count(failed, "failure") };
    let checked = [
        count(distributions, "distribution"),
        count(files, "file"),
        count(links, "link"),
        count(natives, "native file"),
        count(symbols, "symbol"),
        count(scripts, "script"),
        count(entry_points, "entry point"),
    ];
    let text = format!(
        "{}: {BOLD}{verdict}{BOLD:#} with {python}\n  {}\n",
        verification.prefix,
        checked.join(", ")
    );
    text + &findings_text(&verification.findings, detail)
}

/// The image that the layers of an image layout are appended to, as an instruction.
pub fn append_text(plan: &Plan) -> String {
    if plan.base.as_deref() == Some("scratch") {
        return "the layout is a complete image: use docker load (as a tar), buildah pull \
                or skopeo copy\n"
            .to_owned();
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
        "append the layers, in the order of the manifest, to {base}{packages}\nset PATH={}/bin:$PATH in that image\n",
        plan.prefix
    )
}

/// Everything that `bundle` would do, a line for each path.
pub fn plan_text(plan: &Plan, detail: Detail) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{BOLD}{}, {}{BOLD:#} to {}",
        count(plan.entries.len(), "entry"),
        size(plan.size()),
        plan.prefix
    );
    for entry in &plan.entries {
        let _ = writeln!(
            text,
            "  {:6} {}  ({})",
            verb(entry),
            one_line(&entry.to),
            one_line(&entry.reason)
        );
    }
    if !plan.layers.is_empty() {
        list_layers(&mut text, &plan.layers);
    }
    for left in &plan.left_out {
        let _ = writeln!(text, "  leave  {}  ({})", one_line(&left.path), one_line(&left.reason));
    }
    packages(&mut text, "packages to install", &plan.packages.install);
    packages(&mut text, "installed with them", &plan.packages.brought_along);
    packages(&mut text, "vendored in the bundle", &plan.packages.vendored);
    packages(&mut text, "already in the base", &plan.packages.in_base);
    text + &findings_text(&plan.findings, detail)
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
        Action::Directory => "directory",
        Action::Record => "record",
        Action::Manifest => "list",
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
            let _ = writeln!(
                text,
                "{:indent$}{kind} {BOLD}{}{BOLD:#}",
                "",
                one_line(name),
                indent = depth * 2
            );
        }
    }
    text
}

/// Everything that is left out, each with its reason.
pub fn why_not_text(answer: &Answer) -> String {
    answer
        .stays
        .iter()
        .map(|Stay { subject, reason }| {
            format!("{BOLD}{}{BOLD:#} is left out: {}\n", one_line(subject), one_line(reason))
        })
        .collect()
}

/// How much of each finding is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The first files that it is about.
    Examples,
    /// All files that it is about.
    All,
}

/// Findings, worst first.
pub fn findings_text(findings: &[Finding], detail: Detail) -> String {
    let mut text = String::new();
    for finding in findings {
        let style = match finding.severity {
            Severity::Deny => RED,
            Severity::Warn => YELLOW,
            Severity::Note => CYAN,
        };
        let _ = writeln!(
            text,
            "{style}{}[{}]{style:#} {}: {}",
            finding.severity.as_str(),
            finding.code.as_str(),
            one_line(&finding.subject),
            one_line(&finding.message)
        );
        if detail == Detail::All {
            for file in &finding.files {
                let _ = writeln!(text, "  {}", one_line(file));
            }
        }
        if let Some(help) = &finding.help {
            let _ = writeln!(text, "  help: {}", one_line(help));
        }
    }
    text
}
