//! `wheelbarrow plan`: the decision, without writing anything.

use wheelbarrow::finding::Finding;
use wheelbarrow::report;

use crate::cli::answer::{print_answer_about, print_findings};
use crate::cli::arguments::PlanArguments;
use crate::cli::settings::Settings;
use crate::cli::trouble::Trouble;

/// Prints the plan.
pub(crate) fn run(typed: &PlanArguments) -> Result<Vec<Finding>, Trouble> {
    let mut settings = Settings::read_only(&typed.input, &typed.choice)?;
    let (_, plan) = settings.decide()?;
    match typed.form.output_format {
        Some(form) => print_findings(form, &plan.findings)?,
        None => print_answer_about(settings.directory(), typed.json, &plan, || {
            report::plan_text(&plan, typed.files, settings.detail)
        })?,
    }
    Ok(plan.findings)
}
