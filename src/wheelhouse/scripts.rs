//! The scripts of a wheel: their first line, and those that an entry point replaces.
//!
//! Invariant: only names and first lines count.

use crate::python::EntryPoint;

/// A script of `.data/scripts` that begins with these bytes is for Python. The whole line is
/// replaced, with `#!pythonw` and arguments (PEP 427, "Recommended installer features").
pub(super) const PLACEHOLDER: &[u8] = b"#!python";

/// The ends of the names of launchers that old versions of setuptools put into wheels.
const WRAPPER_ENDS: [&str; 4] = ["", ".exe", "-script.py", ".pya"];

/// Whether the script `name` of a wheel is a launcher that an entry point replaces.
pub(super) fn is_wrapper(name: &str, entry_points: &[EntryPoint]) -> bool {
    WRAPPER_ENDS
        .iter()
        .filter_map(|end| name.strip_suffix(end))
        .any(|stem| entry_points.iter().any(|entry_point| entry_point.name == stem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_of_old_builds() {
        let entry_points = [EntryPoint { name: "a".to_owned(), object: "m:f".to_owned() }];
        for (name, expect) in [
            ("a", true),
            ("a.exe", true),
            ("a-script.py", true),
            ("a.pya", true),
            ("a.py", false),
            ("b", false),
        ] {
            assert_eq!(is_wrapper(name, &entry_points), expect, "{name}");
        }
    }
}
