//! Reports and plans for people.
//!
//! Invariant: a summary of one screen comes first, and findings last.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::distributions::{distributions_text, files_text};
use super::findings::{Detail, findings_text};
use super::json::Report;
use super::layers::layers_text;
use super::packages::packages_text;
use super::size;
use super::sizes::ModeSize;
use super::style::{BOLD, link};
use super::summary::{Summary, summary_text};
use super::table::{Align, Table};
use super::tree::tree_text;
use crate::escape::one_line;
use crate::finding::count;
use crate::plan::{Action, Edit, LeftOut, Plan, PlannedEntry, Receipt, StartLine};

/// The form in which a report shows the distributions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// A line each.
    Lines,
    /// With those that they require, their native files and the libraries of these.
    Tree,
    /// With their files.
    Files,
}

/// The summary, the distributions, the packages and the files that are left out.
pub fn report_text(report: &Report, plan: &Plan, view: View, detail: Detail) -> String {
    let mut text = summary_text(&Summary { plan, out: None, findings: &report.findings });
    text += &match view {
        View::Lines => distributions_text(report, detail),
        View::Tree => tree_text(report, plan),
        View::Files => files_text(plan),
    };
    text += &packages_text(&report.packages, detail);
    text += &sizes_text(&report.sizes);
    text += &start_text(&report.runs_at_start);
    text += &left_out_text(&report.left_out);
    text += &receipts_text("removed by --slim", &report.slimmed);
    text += &receipts_text("can be removed with --slim", &report.could_be_dropped);
    if let Some(version) = &report.glibc {
        let _ = writeln!(text, "{BOLD}needs glibc {version} or newer{BOLD:#}");
    }
    text + &findings_text(&report.findings, detail)
}

/// What `bundle` would do; `with_files` has a line for each path.
pub fn plan_text(plan: &Plan, with_files: bool, detail: Detail) -> String {
    let mut text = summary_text(&Summary { plan, out: None, findings: &plan.findings });
    text += &packages_text(&plan.packages, detail);
    text += &layers_text(&plan.layers);
    text += &receipts_text("removed by --slim", &plan.slimmed);
    text += &left_out_text(&plan.left_out);
    if with_files {
        text += &paths_text(plan);
    }
    text + &findings_text(&plan.findings, detail)
}

fn sizes_text(sizes: &[ModeSize]) -> String {
    if sizes.is_empty() {
        return String::new();
    }
    let mut table = Table::new([Align::Left, Align::Right, Align::Right, Align::Left]);
    table.add(["option", "bundle", "packages", "FROM"].map(str::to_owned));
    for ModeSize { option, from, bundle, packages } in sizes {
        let from = from.as_deref().unwrap_or("IMAGE").to_owned();
        table.add([(*option).to_owned(), size(*bundle), size(*packages), from]);
    }
    format!("{BOLD}size in a final image{BOLD:#}\n{}", table.text())
}

fn start_text(lines: &[StartLine]) -> String {
    let mut text = String::new();
    if !lines.is_empty() {
        let _ = writeln!(text, "{BOLD}runs at every start of Python{BOLD:#}");
    }
    for StartLine { file, line, judgement } in lines {
        let _ = writeln!(text, "  {}: {judgement}\n    {}", one_line(file), one_line(line));
    }
    text
}

/// The bytes and the number of files for each reason, the most bytes first.
fn left_out_text(left_out: &[LeftOut]) -> String {
    let mut reasons: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for left in left_out {
        let (files, bytes) = reasons.entry(&left.reason).or_default();
        (*files, *bytes) = (*files + 1, *bytes + left.size);
    }
    let mut reasons: Vec<(&str, (usize, u64))> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, (_, bytes))| Reverse(*bytes));
    count_text(
        "left out",
        reasons.into_iter().map(|(reason, (files, bytes))| (bytes, files, reason)),
    )
}

/// The number of files and their bytes, a line for each kind.
pub fn receipts_text(title: &str, receipts: &[Receipt]) -> String {
    count_text(title, receipts.iter().map(|one| (one.size, one.files, one.kind.name())))
}

/// Bytes, a number of files and the reason in each row.
fn count_text<'a>(title: &str, rows: impl Iterator<Item = (u64, usize, &'a str)>) -> String {
    let mut table = Table::new([Align::Right, Align::Right, Align::Left]);
    for (bytes, files, reason) in rows {
        table.add([size(bytes), count(files, "file"), one_line(reason)]);
    }
    match table.text() {
        none if none.is_empty() => none,
        rows => format!("{BOLD}{title}{BOLD:#}\n{rows}"),
    }
}

/// A line for each path of the bundle, and for each that is left out.
fn paths_text(plan: &Plan) -> String {
    let mut table = Table::new([Align::Left, Align::Left]);
    for entry in &plan.entries {
        let to = one_line(&entry.to);
        let to = entry.from.as_ref().map_or(to.clone(), |from| link(from, to));
        table.add([verb(entry).to_owned(), format!("{to}  ({})", one_line(&entry.reason))]);
    }
    for left in &plan.left_out {
        let path = link(&left.path, one_line(&left.path));
        table.add(["leave".to_owned(), format!("{path}  ({})", one_line(&left.reason))]);
    }
    format!("{BOLD}files{BOLD:#}\n{}", table.text())
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
