//! `wheelbarrow report`: explains the dependencies.

use wheelbarrow::finding::Finding;
use wheelbarrow::inventory::Scope;
use wheelbarrow::report;

use crate::cli::answer::print_answer;
use crate::cli::arguments::{Choice, Input};
use crate::cli::settings::Settings;
use crate::cli::trouble::Trouble;

/// Prints the report; `sizes` compares the sizes with libraries and interpreter installed or
/// bundled.
pub(crate) fn run(
    input: &Input,
    choice: &Choice,
    sizes: bool,
    json: bool,
) -> Result<Vec<Finding>, Trouble> {
    let mut settings = Settings::read_only(input, choice)?;
    let scope = if sizes {
        Scope { packages: true, interpreter: true, ..settings.scope() }
    } else {
        settings.scope()
    };
    let inventory = settings.take_inventory(scope)?;
    let mut report = report::report(&inventory, &settings.make_plan(&inventory));
    if sizes {
        report.sizes = report::sizes(&inventory, &settings.request);
    }
    print_answer(json, &report, || report::report_text(&report, settings.detail))?;
    Ok(report.findings)
}
