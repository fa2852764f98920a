//! `wheelbarrow lock`: writes down the contents of the final image.

use std::path::Path;

use wheelbarrow::finding::Finding;
use wheelbarrow::lock::{Side, compare_sides, difference_text, lock_plan};
use wheelbarrow::report;

use crate::cli::arguments::{Choice, Input};
use crate::cli::settings::Settings;
use crate::cli::streams::{self, print_error};
use crate::cli::trouble::Trouble;
use crate::cli::{host, review};

/// Writes the lock, and prints the difference to an earlier one.
pub(crate) fn run(input: &Input, choice: &Choice, file: &Path) -> Result<Vec<Finding>, Trouble> {
    let earlier = review::read_lock(file)?;
    let mut settings = Settings::read_only(input, choice)?;
    let (_, plan) = settings.decide()?;
    review::refuse_unfit(&plan, settings.detail)?;
    let lock = lock_plan(&plan);
    print_error(&report::findings_text(&plan.findings, settings.detail));
    let shown = file.display();
    if earlier.as_ref() != Some(&lock) {
        host::write_file(file, &lock.to_toml()).map_err(|error| {
            Trouble::new(
                format!("cannot write {shown}: {error}"),
                "choose a file that can be written with --lock-file",
            )
        })?;
    }
    match earlier {
        Some(earlier) => {
            let difference = compare_sides(&Side::of_lock(earlier), &Side::of_lock(lock));
            streams::print(&difference_text(&difference))?;
        }
        None => print_error(&format!("{shown}: written\n")),
    }
    Ok(plan.findings)
}
