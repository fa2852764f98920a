//! The content of one file of the bundle, or why it is left out.
//!
//! Invariant: a finding is part of the answer that it is about.

use crate::finding::{Code, Finding, Severity};
use crate::path::RealPath;
use crate::plan::entry::{Action, Edit};

/// The content of a file, and anything that is worth saying about it.
pub(crate) struct FileContent {
    pub action: Action,
    pub edit: Option<Edit>,
    pub finding: Option<Finding>,
}

impl From<Action> for FileContent {
    fn from(action: Action) -> FileContent {
        FileContent { action, edit: None, finding: None }
    }
}

/// Why a file is left out.
pub(crate) struct Refusal {
    pub reason: String,
    pub finding: Option<Box<Finding>>,
    /// The builder has it, and the final image will not: one finding for each distribution says so.
    pub is_lost: bool,
}

impl From<String> for Refusal {
    fn from(reason: String) -> Refusal {
        Refusal { reason, finding: None, is_lost: false }
    }
}

impl From<&str> for Refusal {
    fn from(reason: &str) -> Refusal {
        Refusal::from(reason.to_owned())
    }
}

impl Refusal {
    /// A refusal of something that the program may need.
    pub(crate) fn lost(reason: &str) -> Refusal {
        Refusal { is_lost: true, ..Refusal::from(reason) }
    }

    /// A refusal that the user hears of.
    pub(crate) fn with_warning(
        reason: &str,
        code: Code,
        path: &RealPath,
        message: &str,
    ) -> Refusal {
        let finding = Finding::new(Severity::Warn, code, path, message);
        Refusal { finding: Some(Box::new(finding)), ..Refusal::from(reason) }
    }
}
