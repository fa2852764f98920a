//! `wheelbarrow diff`: two bundles, locks, plans or reports side by side.

use std::path::Path;
use std::process::ExitCode;

use wheelbarrow::lock::{Side, compare_sides, difference_text, read_side};

use crate::cli::answer::print_answer;
use crate::cli::bundle_directory::manifest_file;
use crate::cli::host;
use crate::cli::trouble::Trouble;

/// Prints the difference. With `exit_code` a difference is exit status 1, as `git diff` has it.
pub(crate) fn run(
    old: &Path,
    new: &Path,
    exit_code: bool,
    json: bool,
) -> Result<ExitCode, Trouble> {
    let difference = compare_sides(&open_side(old)?, &open_side(new)?);
    print_answer(json, &difference, || difference_text(&difference))?;
    let differs = exit_code && !difference.is_empty();
    Ok(if differs { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// A bundle by its directory; anything else by its file.
fn open_side(path: &Path) -> Result<Side, Trouble> {
    let file = manifest_file(path);
    let text = host::read_file(&file).map_err(|error| {
        Trouble::new(
            format!("cannot read {}: {error}", file.display()),
            "give a bundle, a lock, or a file with the output of `plan --json` or `report --json`",
        )
    })?;
    read_side(&text).map_err(|error| Trouble::at(&file.display().to_string(), &error))
}
