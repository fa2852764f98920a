//! Packages that somebody installed in the builder on purpose, and that nothing shows to be needed.
//!
//! Invariant: one finding; packages for building and those that the final root has are not in it.

use std::collections::BTreeSet;

use crate::evidence::is_build_tool;
use crate::finding::{Code, Finding, Severity, count};
use crate::inventory::Inventory;
use crate::plan::request::Request;

/// The names that the message shows.
const MOST_NAMES: usize = 8;

/// The finding for packages that are asked for and not `there`.
pub(crate) fn judge_on_purpose(
    inventory: &Inventory,
    request: &Request,
    there: &BTreeSet<usize>,
) -> Option<Finding> {
    let names: Vec<&str> = inventory
        .packages
        .iter()
        .filter(|(index, package)| package.asked && !there.contains(index))
        .map(|(_, package)| package.name.as_str())
        .filter(|name| !is_build_tool(name) && !request.excluded.contains(*name))
        .collect();
    let first = names.first()?;
    let shown = names.iter().take(MOST_NAMES).copied().collect::<Vec<_>>().join(", ");
    let more = match names.len().saturating_sub(MOST_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (are, need) = if names.len() == 1 { ("is", "needs it") } else { ("are", "needs them") };
    let message = format!(
        "{} {are} installed in the builder on purpose, and nothing shows that the bundle {need}: {shown}{more}",
        count(names.len(), "package")
    );
    let options: Vec<String> =
        names.iter().take(MOST_NAMES).map(|name| format!("--package {name}")).collect();
    let help = format!(
        "add those that the program needs: {}; say --exclude NAME of the others",
        options.join(" ")
    );
    Some(Finding::new(Severity::Warn, Code::InstalledOnPurpose, *first, message).help(help))
}
