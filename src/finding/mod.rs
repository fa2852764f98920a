//! Findings: facts about the user's environment that the user should know, as data.
//!
//! A finding is not an error: the run goes on. A deny-level finding makes the exit status 1.
//!
//! Invariant: a finding is data. It is not printed where it is made, and its code never changes.

mod codes;

use serde::{Deserialize, Serialize};

pub use codes::Code;

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
        }
    }

    /// Adds advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
    }
}
