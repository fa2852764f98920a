//! The checks of a plan before anything is written: against the final root, a lock and a Dockerfile.
//!
//! Invariant: nothing is written here.

use std::io::ErrorKind;
use std::path::Path;

use wheelbarrow::bundle::Format;
use wheelbarrow::finding::{Finding, Severity};
use wheelbarrow::lock::{
    Lock, Side, check_dockerfile, compare_sides, difference_text, expect_stage, lock_plan,
    parse_lock,
};
use wheelbarrow::plan::Plan;
use wheelbarrow::report::{self, Detail};

use super::arguments::ReviewOptions;
use super::host;
use super::output_settings::OutputSettings;
use super::streams::print_error;
use super::trouble::Trouble;

/// Refuses a plan that the final root cannot run.
pub(crate) fn refuse_unfit(plan: &Plan, detail: Detail) -> Result<(), Trouble> {
    let refuses = |finding: &Finding| finding.severity == Severity::Deny && finding.code.refuses();
    if plan.findings.iter().any(refuses) {
        let findings = report::worst_last(plan.findings.clone());
        print_error(&report::findings_text(&findings, detail));
        return Err(Trouble::without_hint(
            "the final root cannot run this environment; nothing was written",
        ));
    }
    Ok(())
}

/// Refuses a plan that differs from `--locked`, and finds stale lines of `--check-dockerfile`.
pub(crate) fn review(
    plan: &Plan,
    output: &OutputSettings,
    typed: &ReviewOptions,
) -> Result<Vec<Finding>, Trouble> {
    if let Some(file) = &typed.locked {
        compare_with_lock(plan, file)?;
    }
    let Some(file) = &typed.check_dockerfile else { return Ok(Vec::new()) };
    if output.format == Format::OciLayout {
        return Err(Trouble::new(
            "--check-dockerfile is about COPY lines, and no Dockerfile copies an OCI image layout",
            "remove one of --check-dockerfile and --format oci-layout",
        ));
    }
    let name = file.display().to_string();
    let text = host::read_file(file).map_err(|error| {
        Trouble::new(format!("cannot read {name}: {error}"), "give --check-dockerfile a Dockerfile")
    })?;
    Ok(check_dockerfile(&name, &text, &expect_stage(plan, &output.stage)))
}

fn compare_with_lock(plan: &Plan, file: &Path) -> Result<(), Trouble> {
    let shown = file.display();
    let Some(lock) = read_lock(file)? else {
        return Err(Trouble::new(
            format!("--locked {shown}: there is no such file"),
            "run `wheelbarrow lock` and commit the file",
        ));
    };
    let difference = compare_sides(&Side::of_lock(lock), &Side::of_lock(lock_plan(plan)));
    if difference.is_empty() {
        return Ok(());
    }
    print_error(&difference_text(&difference));
    Err(Trouble::new(
        format!("the result is not the one in {shown}; nothing was written"),
        "if the difference is intended, run `wheelbarrow lock` and commit the file",
    ))
}

/// Reads a lock; `None` if there is no such file.
pub(crate) fn read_lock(file: &Path) -> Result<Option<Lock>, Trouble> {
    match host::read_file(file) {
        Ok(text) => parse_lock(&text)
            .map(Some)
            .map_err(|error| Trouble::at(&file.display().to_string(), &error)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Trouble::new(
            format!("cannot read {}: {error}", file.display()),
            "give the path of a file that `wheelbarrow lock` wrote",
        )),
    }
}
