//! Findings: facts about the user's environment that the user should know, as data.
//!
//! A finding is not an error: the run goes on. A deny-level finding makes the exit status 1.
//!
//! Invariant: a finding is data. It is not printed where it is made, and its code never changes.

mod codes;
mod weights;

use serde::{Deserialize, Serialize};

pub use codes::Code;
pub use weights::{Allowed, Weights};

use crate::path::RealPath;

/// The files that a message names, of all that a finding is about.
const EXAMPLES: usize = 3;

/// The weight of a finding.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The final image will not work as requested: the exit status is 1.
    Deny,
    /// Something may fail, or something is left out.
    Warn,
    /// Something is good to know; nothing needs to be done.
    Note,
}

impl Severity {
    /// The severity as printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Deny => "deny",
            Severity::Warn => "warn",
            Severity::Note => "note",
        }
    }
}

impl Code {
    /// The code with this name.
    pub fn find(name: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.as_str() == name)
    }

    /// Whether `bundle` writes nothing after such a finding: the final root cannot run the bundle.
    pub fn refuses(self) -> bool {
        use Code::{
            BaseArchitecture, BaseGlibc, BaseInterpreter, BaseLayout, BaseLibc, BaseLibrary,
            BaseMusl, BaseRelease, BaseShell, PrefixTooLong,
        };
        matches!(
            self,
            BaseArchitecture
                | BaseGlibc
                | BaseInterpreter
                | BaseLayout
                | BaseLibc
                | BaseLibrary
                | BaseMusl
                | BaseRelease
                | BaseShell
                | PrefixTooLong
        )
    }
}

/// One fact about one subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Finding {
    /// The weight. It is the first field, so that sorting puts the worst finding on top.
    pub severity: Severity,
    /// The stable code.
    pub code: Code,
    /// A path inside the root, the name of a distribution or of a package.
    pub subject: String,
    /// The rest of the sentence that begins with the subject.
    pub message: String,
    /// Advice, where there is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// All files that it is about, where the message has some of them alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

impl Finding {
    /// A finding without advice.
    pub fn new(
        severity: Severity,
        code: Code,
        subject: impl ToString,
        message: impl Into<String>,
    ) -> Finding {
        Finding {
            severity,
            code,
            subject: subject.to_string(),
            message: message.into(),
            help: None,
            files: Vec::new(),
        }
    }

    /// A finding about several files: `message` gets their number and the first of them.
    pub fn of_files<'a>(
        severity: Severity,
        code: Code,
        subject: impl ToString,
        files: impl Iterator<Item = &'a RealPath>,
        message: impl FnOnce(&str, &str) -> String,
    ) -> Finding {
        let files: Vec<String> = files.map(RealPath::to_string).collect();
        let number = count(files.len(), "file");
        let more = match files.len().saturating_sub(EXAMPLES) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let first = &files[..files.len().min(EXAMPLES)];
        let message = message(&number, &format!("{}{more}", first.join(", ")));
        Finding { files, ..Finding::new(severity, code, subject, message) }
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
    }
}

/// A number with its noun, in the singular where it is 1: `1 file`, `2 files`. Regular nouns only.
pub fn count(number: usize, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {noun}s"),
    }
}

/// Bytes with a decimal unit, as docker prints them: `1.5 kB`, `20.0 MB`.
pub fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let scaled = |unit: u64| bytes as f64 / unit as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", scaled(1_000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", scaled(1_000_000)),
        _ => format!("{:.2} GB", scaled(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_agree_with_their_nouns() {
        for (number, noun, expect) in [
            (0, "file", "0 files"),
            (1, "file", "1 file"),
            (1, "entry", "1 entry"),
            (2, "entry", "2 entries"),
        ] {
            assert_eq!(count(number, noun), expect);
        }
    }
}
