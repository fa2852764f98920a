//! Bytecode of bundled modules, where the import system looks for it (PEP 3147).
//!
//! Invariant: only unchanged sources of the site directory are compiled.

use super::destination::Destinations;
use crate::inventory::Inventory;
use crate::path::RealPath;
use crate::plan::entry::{Action, PlannedEntry};

/// An entry for the `.pyc` of each module among `sources`.
pub(crate) fn compile(
    inventory: &Inventory,
    destinations: &Destinations,
    sources: &[PlannedEntry],
) -> Vec<PlannedEntry> {
    let site = destinations.site();
    let tag = inventory.environment.interpreter.cache_tag();
    sources.iter().filter_map(|source| bytecode(source, &site, &tag)).collect()
}

fn bytecode(source: &PlannedEntry, site: &RealPath, tag: &str) -> Option<PlannedEntry> {
    let in_site = source.to.below(site).is_some();
    let stem =
        source.to.name().strip_suffix(".py").filter(|_| in_site && source.is_plain_copy())?;
    Some(PlannedEntry {
        to: source.to.parent()?.descend(&format!("__pycache__/{stem}.{tag}.pyc")),
        action: Action::Compile { source: source.to.clone() },
        mode: 0o644,
        reason: format!("bytecode of {}", source.to.name()),
        ..source.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_the_site_directory() {
        let site = RealPath::known("/opt/app/lib/python3.13/site-packages");
        for (path, expect) in [
            (
                "/opt/app/lib/python3.13/site-packages/a/b.py",
                Some("a/__pycache__/b.cpython-313.pyc"),
            ),
            ("/opt/app/lib/python3.13/site-packages/a/b.pyi", None),
            ("/opt/app/bin/b.py", None),
        ] {
            let source = PlannedEntry::copy(RealPath::known(path), 1, 0o755, String::new());
            let made = bytecode(&source, &site, "cpython-313");
            let below = made.as_ref().and_then(|entry| entry.to.below(&site));
            assert_eq!(below, expect, "{path}");
        }
    }
}
