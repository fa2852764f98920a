//! `wheelbarrow bundle`: the one command that writes.

use anstream::{eprint, eprintln, print};
use indicatif::{ProgressBar, ProgressStyle};
use wheelbarrow::bundle::{self, Format, Outcome, Papers};
use wheelbarrow::finding::Finding;
use wheelbarrow::report;

use crate::cli::arguments::BundleArguments;
use crate::cli::output_settings::OutputSettings;
use crate::cli::review;
use crate::cli::settings::Settings;
use crate::cli::trouble::Trouble;

/// Writes the bundle, and prints the final stage.
pub(crate) fn run(typed: &BundleArguments) -> Result<Vec<Finding>, Trouble> {
    let mut settings = Settings::bundle(typed)?;
    let output = OutputSettings::new(&typed.output, &settings)?;
    let (inventory, plan) = settings.decide()?;
    output.refuse_inside(&inventory.environment)?;
    review::refuse_unfit(&plan)?;
    let stale = review::review(&plan, &output, &typed.review)?;
    let papers = Papers {
        dockerfile: report::dockerfile(
            &plan,
            &output.stage,
            &output.copy,
            output.verify.as_deref(),
        ),
        runtime_packages: report::runtime_packages(&plan),
    };
    let bar = progress_bar(plan.size());
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
    findings.sort();
    eprint!("{}", report::findings_text(&findings));
    eprint!("{}", report::receipts_text("slimmed", &slimmed));
    eprintln!(
        "{}: {} files and links, {}",
        output.out.display(),
        plan.entries.len(),
        report::size(plan.size())
    );
    match output.format {
        Format::Directory => print!("{}", papers.dockerfile),
        // Nothing installs packages here: the user's base has to have them.
        Format::OciLayout => print!("{}", report::append_text(&plan)),
    }
    Ok(findings)
}

fn progress_bar(bytes: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:30} {decimal_bytes}/{decimal_total_bytes} {msg}");
    ProgressBar::new(bytes).with_style(style.expect("a constant template"))
}
