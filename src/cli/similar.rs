//! Advice for a name that is not known: the one that was probably meant.
//!
//! Invariant: there is always advice.

use wheelbarrow::similar::find_similar;

/// `did you mean NAME?`, or where the names of this `kind` are.
pub(crate) fn suggest<'a>(typed: &str, names: impl Iterator<Item = &'a str>, kind: &str) -> String {
    match find_similar(typed, names).first() {
        Some(name) => format!("did you mean {name}?"),
        None if kind == "code" => "docs/findings.md lists the codes".to_owned(),
        None => "wheelbarrow bundle --help lists the options".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name() {
        let names = ["unowned-library", "unresolved-library", "base-glibc"];
        for (typed, expect) in [
            ("unowned-libary", "did you mean unowned-library?"),
            ("glibc-base", "docs/findings.md lists the codes"),
            ("base_glibc", "did you mean base-glibc?"),
        ] {
            assert_eq!(suggest(typed, names.into_iter(), "code"), expect, "{typed}");
        }
    }
}
