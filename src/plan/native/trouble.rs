//! Needs that lead to no library.
//!
//! Invariant: a need that leads to a library is no trouble.

use std::collections::BTreeSet;

use crate::finding::{Code, Finding, Severity};
use crate::inventory::{Native, NativeKind, Need, NeedOutcome};
use crate::path::RealPath;

/// A need that leads to no library.
pub fn trouble(native: &Native, need: &Need, bundled: &BTreeSet<RealPath>) -> Option<Finding> {
    let severity = if native.kind == NativeKind::Library { Severity::Warn } else { Severity::Deny };
    let by = if need.by == native.path { String::new() } else { format!(" (for {})", need.by) };
    Some(match &need.outcome {
        NeedOutcome::BuiltIn | NeedOutcome::Library { .. } => return None,
        NeedOutcome::Foreign { path } => Finding::new(
            severity,
            Code::ForeignArchitecture,
            &native.path,
            format!("needs {}{by}; the one at {path} is for another machine", need.name),
        ),
        NeedOutcome::Broken { path, why } => Finding::new(
            severity,
            Code::BadLibrary,
            &native.path,
            format!("needs {}{by}; the loader picks {path}, which is {why}", need.name),
        ),
        NeedOutcome::Missing { tried } => {
            let vendored = bundled.iter().find(|path| path.name() == need.name);
            if let Some(path) = vendored {
                let message = format!(
                    "needs {}{by}; only {path} has it, where the loader does not look",
                    need.name
                );
                let help = "it works when another import loads that library first, as torch and nvidia wheels do";
                return Some(
                    Finding::new(Severity::Warn, Code::ReliesOnPreload, &native.path, message)
                        .help(help),
                );
            }
            let places = if tried.is_empty() {
                "nowhere to look".to_owned()
            } else {
                format!("tried {}", tried.join(", "))
            };
            let message = format!("needs {}{by}; it is not there: {places}", need.name);
            Finding::new(severity, Code::UnresolvedLibrary, &native.path, message).help(
                "install the package that has it in the builder stage, before wheelbarrow runs",
            )
        }
    })
}
