//! The grammars that text of a project must pass before it is written into a Dockerfile.
//!
//! Invariant: whatever passes holds no blank, quote, `$`, backslash or line end, so neither Docker
//! nor a
//! shell reads more into it.

/// A name of a distribution or a script: letters, digits, `.`, `_` and `-`, the first one no `-` or
/// `.`.
pub(super) fn is_name(text: &str) -> bool {
    let inner = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    text.len() <= 100
        && text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && text.chars().all(inner)
}

/// An ASCII identifier of Python.
pub(super) fn is_identifier(text: &str) -> bool {
    text.len() <= 100
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// Identifiers joined by dots, as `import` takes them.
pub(super) fn is_module(text: &str) -> bool {
    text.split('.').all(is_identifier)
}

/// A path below the project without `..`, each part a name.
pub(super) fn is_plain_path(text: &str) -> bool {
    text.split('/').all(is_name)
}

/// `./requirements/base.txt` as `requirements/base.txt`.
pub(super) fn without_dot(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}
