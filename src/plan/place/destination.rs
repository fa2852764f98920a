//! Where a path of the environment is in the final root.
//!
//! Invariant: a path of the builder has one destination, whatever is at it.

use super::SITE_PACKAGES;
use crate::inventory::Inventory;
use crate::path::RealPath;
use crate::python::PartKind;

/// Folders of a `--target` installation that belong to the prefix.
const TARGET_DATA: [&str; 4] = ["bin", "share", "etc", "include"];

/// Destinations below the prefix of a bundle.
pub(crate) struct Destinations<'a> {
    pub inventory: &'a Inventory,
    pub prefix: &'a RealPath,
}

impl Destinations<'_> {
    /// The site directory of the bundle.
    pub(crate) fn site(&self) -> RealPath {
        let library = self.inventory.environment.interpreter.library_name();
        self.prefix.descend(&format!("lib/{library}/{SITE_PACKAGES}"))
    }

    fn minor(&self) -> &str {
        self.inventory.environment.interpreter.minor()
    }

    /// The destination of a path below a site or the prefix; `None` for any other.
    pub(crate) fn find(&self, path: &RealPath) -> Option<RealPath> {
        let part = self.inventory.environment.part_of(path)?;
        if let Some(rest) = part.sites.iter().find_map(|site| path.below(site)) {
            // `--target` puts data folders, which belong beside site-packages, among the packages.
            let data = part.kind == PartKind::Target
                && rest.split_once('/').is_some_and(|(top, _)| TARGET_DATA.contains(&top));
            if !data {
                return Some(self.site().descend(rest));
            }
        }
        let rest = path.below(&part.prefix)?;
        let in_environment = part.kind == PartKind::VirtualEnvironment;
        let header = if in_environment { None } else { header_place(rest, self.minor()) };
        Some(self.prefix.descend(header.as_deref().unwrap_or(rest)))
    }
}

/// Where a virtual environment has the headers of a distribution; other schemes have them beside
/// Python's own.
fn header_place(path: &str, minor: &str) -> Option<String> {
    let others = [format!("include/python{minor}/"), "include/python/".to_owned()];
    let rest = others.iter().find_map(|other| path.strip_prefix(other.as_str()))?;
    Some(format!("include/site/python{minor}/{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_a_distribution() {
        for (path, expect) in [
            (
                "include/python3.13/greenlet/greenlet.h",
                Some("include/site/python3.13/greenlet/greenlet.h"),
            ),
            ("include/python/a.h", Some("include/site/python3.13/a.h")),
            ("include/python3.12/a.h", None),
            ("include/a.h", None),
        ] {
            assert_eq!(header_place(path, "3.13").as_deref(), expect, "{path}");
        }
    }
}
