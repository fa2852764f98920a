//! `wheelbarrow schema`: the JSON schema of each output.

use wheelbarrow::finding::Finding;
use wheelbarrow::{base, bundle, evidence, lock, plan, report, verify};

use crate::cli::answer::print_json;
use crate::cli::arguments::Schema;
use crate::cli::trouble::Trouble;

/// Prints the schema of an output.
pub(crate) fn run(of: Schema) -> Result<Vec<Finding>, Trouble> {
    print_json(&match of {
        Schema::Plan => schemars::schema_for!(plan::Plan),
        Schema::Report => schemars::schema_for!(report::Report),
        Schema::Why => schemars::schema_for!(report::Answer),
        Schema::Verify => schemars::schema_for!(verify::Verification),
        Schema::Layers => schemars::schema_for!(report::Comparison),
        Schema::Diff => schemars::schema_for!(lock::Difference),
        Schema::Base => schemars::schema_for!(base::Profile),
        Schema::Observed => schemars::schema_for!(evidence::Record),
        Schema::Findings => schemars::schema_for!(report::FindingList<'static>),
        Schema::Manifest => schemars::schema_for!(bundle::Manifest),
    })?;
    Ok(Vec::new())
}
