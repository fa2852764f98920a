//! Advice for a name that is not known: the one that was probably meant.
//!
//! Invariant: the only place that names strsim.

/// Names that are less similar were not meant (0 to 1).
const SIMILAR: f64 = 0.75;

/// `did you mean NAME?`, or where the names of this `kind` are.
pub(crate) fn suggest<'a>(typed: &str, names: impl Iterator<Item = &'a str>, kind: &str) -> String {
    let scored = names.map(|name| (strsim::jaro_winkler(typed, name), name));
    let nearest = scored.max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest.filter(|(score, _)| *score >= SIMILAR) {
        Some((_, name)) => format!("did you mean {name}?"),
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
