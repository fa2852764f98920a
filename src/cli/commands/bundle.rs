//! `wheelbarrow bundle`: the one command that writes.
//!
//! Build tools show both streams as one, and repeat only the last lines of a step that failed. So the
//! summary comes first, and the findings last with the worst at the end.
//!
//! Invariant: Dockerfile.final is printed on a terminal or on request, between the two.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use wheelbarrow::bundle::{self, Format, Outcome, Papers};
use wheelbarrow::finding::Finding;
use wheelbarrow::report::{self, Detail, Summary};

use crate::cli::arguments::BundleArguments;
use crate::cli::output_settings::OutputSettings;
use crate::cli::review;
use crate::cli::settings::Settings;
use crate::cli::streams::{self, print_error};
use crate::cli::trouble::Trouble;

/// Writes the bundle, and prints what it is.
pub(crate) fn run(typed: &BundleArguments) -> Result<Vec<Finding>, Trouble> {
    let mut settings = Settings::bundle(typed)?;
    let output = OutputSettings::new(typed, &settings)?;
    let (inventory, plan) = settings.decide()?;
    output.refuse_inside(&inventory.environment)?;
    review::refuse_unfit(&plan, settings.detail)?;
    let stale = review::review(&plan, &output, &typed.review)?;
    let verifier = output.verifier.as_ref();
    let papers = Papers {
        dockerfile: report::dockerfile(
            &plan,
            &output.stage,
            &output.copy,
            verifier.map(|verifier| &verifier.path),
        ),
        runtime_packages: report::runtime_packages(&plan),
        installer: report::installer(&plan),
        installer_path: report::installer_path(&plan.prefix),
        program: verifier.and_then(|verifier| verifier.copied_from.clone()),
    };
    let is_quiet = settings.detail == Detail::Problems;
    let bar = if is_quiet { ProgressBar::hidden() } else { progress_bar(plan.size()) };
    let progress = |bytes| bar.inc(bytes);
    let written = bundle::write(
        &settings.root,
        &plan,
        &papers,
        &output.out,
        output.format,
        output.time,
        &progress,
    );
    bar.finish_and_clear();
    let Outcome { mut findings, slimmed } = written?;
    findings.extend(plan.findings.iter().cloned());
    findings.extend(stale);
    let findings = report::worst_last(settings.weights.apply(findings));
    if !is_quiet {
        let out = output.out.display().to_string();
        let summary = Summary { plan: &plan, out: Some(&out), findings: &findings };
        print_error(&report::summary_text(&summary));
        print_error(&report::receipts_text("slimmed", &slimmed));
    }
    match output.format {
        Format::Directory
            if output.print_dockerfile || !is_quiet && std::io::stdout().is_terminal() =>
        {
            streams::print_file(&papers.dockerfile)?;
        }
        Format::Directory => {}
        // Nothing installs packages here: the user's base has to have them.
        Format::OciLayout => streams::print(&report::append_text(&plan))?,
    }
    print_error(&report::findings_text(&findings, settings.detail));
    Ok(findings)
}

fn progress_bar(bytes: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:30} {decimal_bytes}/{decimal_total_bytes} {msg}");
    ProgressBar::new(bytes).with_style(style.expect("a constant template"))
}
