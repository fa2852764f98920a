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
}

impl From<&str> for Refusal {
    fn from(reason: &str) -> Refusal {
        Refusal { reason: reason.to_owned(), finding: None }
    }
}

impl Refusal {
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
