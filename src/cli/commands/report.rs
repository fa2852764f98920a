//! `wheelbarrow report`: explains the dependencies.

use wheelbarrow::finding::Finding;
use wheelbarrow::inventory::Scope;
use wheelbarrow::report::{self, View};

use crate::cli::answer::{print_answer_about, print_findings};
use crate::cli::arguments::ReportArguments;
use crate::cli::settings::Settings;
use crate::cli::trouble::Trouble;

/// Prints the report.
pub(crate) fn run(typed: &ReportArguments) -> Result<Vec<Finding>, Trouble> {
    let mut settings = Settings::read_only(&typed.input, &typed.choice)?;
    let scope = if typed.sizes {
        Scope { packages: true, interpreter: true, ..settings.scope() }
    } else {
        settings.scope()
    };
    let inventory = settings.take_inventory(scope)?;
    let plan = settings.make_plan(&inventory);
    let mut report = report::report(&inventory, &plan);
    if typed.sizes {
        report.sizes = report::sizes(&inventory, &settings.request);
    }
    match typed.form.output_format {
        Some(form) => print_findings(form, &report.findings)?,
        None => print_answer_about(settings.directory(), typed.json, &report, || {
            report::report_text(&report, &plan, view(typed), settings.detail)
        })?,
    }
    Ok(report.findings)
}

fn view(typed: &ReportArguments) -> View {
    if typed.tree {
        View::Tree
    } else if typed.files {
        View::Files
    } else {
        View::Lines
    }
}
