//! The names of distributions and extras: their grammar, and the form in which they are compared.
//!
//! Invariant: a name that [`is_name`] accepts has no character with a meaning for a shell, a
//! Dockerfile, a pattern of paths or a terminal.

/// The longest name that is accepted, in bytes. PyPI accepts fewer.
const LONGEST: usize = 256;

/// Whether `name` is the name of a distribution or an extra (PEP 508, "Names"): ASCII letters,
/// digits, `-`, `_` and `.`; the first and the last one are letters or digits.
pub fn is_name(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let outer = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    name.len() <= LONGEST
        && name.bytes().all(inner)
        && outer(name.bytes().next())
        && outer(name.bytes().last())
}

/// `text` if it is a name, otherwise a name with `-` in place of the characters that do not fit.
pub(super) fn closest_name(text: &str) -> String {
    if is_name(text) {
        return text.to_owned();
    }
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let name: String =
        text.chars().take(LONGEST).map(|letter| if fits(letter) { letter } else { '-' }).collect();
    let name = name.trim_matches(['-', '_', '.']);
    if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
}

/// A name normalised by PEP 503: lower case, with one `-` for each run of `-`, `_` and `.`.
pub fn normalised_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for letter in name.trim().chars() {
        match letter {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            _ => normal.extend(letter.to_lowercase()),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        for (name, key) in [
            ("PySocks", "pysocks"),
            ("Leg.Pkg_X", "leg-pkg-x"),
            ("a-_.b", "a-b"),
            ("zope.interface", "zope-interface"),
        ] {
            assert_eq!(normalised_name(name), key);
            assert!(is_name(name), "{name}");
        }
    }

    #[test]
    fn other_text_is_no_name() {
        let others =
            ["", "-", "a-", "_a", ".a", "a.", "x* /root", "a b", "a\n", "é", "a/b", "..", "$a"];
        for name in others {
            assert!(!is_name(name), "{name:?}");
            assert!(is_name(&closest_name(name)), "{name:?}");
        }
        assert_eq!(["x* /root", "..", "Ok.1"].map(closest_name), ["x---root", "unnamed", "Ok.1"]);
        assert!(is_name(&"a".repeat(LONGEST)) && !is_name(&"a".repeat(LONGEST + 1)));
    }
}
