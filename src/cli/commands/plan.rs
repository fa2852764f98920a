//! `wheelbarrow plan`: the decision, without writing anything.

use wheelbarrow::finding::Finding;
use wheelbarrow::report;

use crate::cli::answer::print_answer;
use crate::cli::arguments::{Choice, Input};
use crate::cli::settings::Settings;
use crate::cli::trouble::Trouble;

/// Prints the plan.
pub(crate) fn run(input: &Input, choice: &Choice, json: bool) -> Result<Vec<Finding>, Trouble> {
    let mut settings = Settings::read_only(input, choice)?;
    let (_, plan) = settings.decide()?;
    print_answer(json, &plan, || report::plan_text(&plan, settings.detail))?;
    Ok(plan.findings)
}
