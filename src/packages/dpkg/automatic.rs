//! The packages that apt installed only because others need them: `extended_states`.
//!
//! Invariant: no I/O, and a stanza that is not understood costs that stanza only.

use std::collections::BTreeSet;

/// The names of the packages that are marked as automatically installed.
pub(super) fn parse_extended_states(text: &str) -> BTreeSet<String> {
    let mut automatic = BTreeSet::new();
    let mut name = None;
    for line in text.lines() {
        match line.split_once(':').map(|(field, value)| (field, value.trim())) {
            Some(("Package", value)) => name = Some(value),
            Some(("Auto-Installed", "1")) => automatic.extend(name.map(str::to_owned)),
            Some(_) => {}
            None => name = None,
        }
    }
    automatic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_marked_packages() {
        let text = "Package: a\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: b\nAuto-Installed: 0\n\n\
                    Auto-Installed: 1\nx\nPackage: c\nAuto-Installed: 1";
        assert_eq!(parse_extended_states(text), BTreeSet::from(["a".to_owned(), "c".to_owned()]));
        assert!(parse_extended_states("").is_empty());
    }
}
