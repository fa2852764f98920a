//! The scripts that a shell sources to enter the environment: `activate` and those of fish and csh.
//!
//! People source them in the entry point of an image. Those of venv, virtualenv and uv have the
//! path of the builder in them; these have the prefix of the bundle.
//!
//! Invariant: there is one only where the builder has one.

use crate::inventory::Inventory;
use crate::path::RealPath;
use crate::plan::entry::PlannedEntry;
use crate::python::PartKind;

/// The name of a script, its text, and how its shell quotes characters inside of single quotes.
type Activation = (&'static str, &'static str, &'static [(char, &'static str)]);

const SCRIPTS: [Activation; 3] = [
    ("activate", include_str!("activation/activate"), &[('\'', "'\\''")]),
    ("activate.fish", include_str!("activation/activate.fish"), &[('\\', "\\\\"), ('\'', "\\'")]),
    ("activate.csh", include_str!("activation/activate.csh"), &[('\'', "'\\''"), ('!', "\\!")]),
];

/// The scripts of the builder's virtual environments, written for `prefix`.
pub(super) fn make(inventory: &Inventory, prefix: &RealPath) -> Vec<PlannedEntry> {
    let there = |name: &str| {
        let parts = inventory.environment.parts.iter();
        let mut scripts = parts
            .filter(|part| part.kind == PartKind::VirtualEnvironment)
            .map(|part| part.scripts.join(name));
        scripts.any(|path| inventory.has_file(&path))
    };
    let scripts = SCRIPTS.iter().filter(|(name, ..)| there(name));
    let made = scripts.map(|(name, text, quotes)| {
        PlannedEntry::text(
            prefix.join("bin").join(name),
            write(text, quotes, prefix),
            "lets a shell activate the environment".to_owned(),
        )
    });
    made.collect()
}

fn write(text: &str, quotes: &[(char, &str)], prefix: &RealPath) -> String {
    let quote = |word: &str| {
        let quoted = word.chars().map(|letter| {
            let found = quotes.iter().find(|(special, _)| *special == letter);
            found.map_or_else(|| letter.to_string(), |(_, quoted)| (*quoted).to_owned())
        });
        format!("'{}'", quoted.collect::<String>())
    };
    text.replace("@PROMPT@", &quote(&format!("({}) ", prefix.name())))
        .replace("@PREFIX@", &quote(prefix.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_quoted_as_each_shell_needs() {
        let prefix = RealPath::known("/opt/it's a!\\");
        let written = SCRIPTS.map(|(_, text, quotes)| {
            let text = write(text, quotes, &prefix);
            assert!(!text.contains('@'), "{text}");
            text.lines().find(|line| line.contains("/opt/")).unwrap_or_default().to_owned()
        });
        assert_eq!(
            written,
            [
                r"VIRTUAL_ENV='/opt/it'\''s a!\'",
                r"set -gx VIRTUAL_ENV '/opt/it\'s a!\\'",
                r"setenv VIRTUAL_ENV '/opt/it'\''s a\!\'",
            ]
        );
    }
}
