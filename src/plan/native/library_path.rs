//! Libraries that the builder finds by `LD_LIBRARY_PATH` alone. Nothing sets the variable in the final image.
//!
//! Whoever owns such a library, nothing would find it where the final stage installs it. So it is bundled, and the
//! ELF files that need it get a run path to it. Python code that opens it by its name has no run path.
//!
//! Invariant: one finding for each library.

use std::collections::BTreeSet;

use crate::finding::{Code, Finding, Severity};
use crate::path::RealPath;

/// The bundled files that use such a library.
#[derive(Default)]
pub(crate) struct Users {
    pub needed_by: BTreeSet<RealPath>,
    pub opened_by: BTreeSet<RealPath>,
}

impl Users {
    /// The finding for the library at `path`, which they use by `name`.
    pub(crate) fn judge(&self, name: &str, path: &RealPath) -> Finding {
        let (severity, users, outcome, help) = match self.opened_by.is_empty() {
            true => (
                Severity::Note,
                &self.needed_by,
                "it is bundled, and these files get a run path to it",
                "check that its licence allows you to redistribute it",
            ),
            false => (
                Severity::Deny,
                &self.opened_by,
                "this code opens it by its name, and finds it only with the variable",
                "put the library where the loader searches, such as /usr/local/lib (with ldconfig on Debian), \
                 before wheelbarrow runs",
            ),
        };
        let message = |number: &str, first: &str| {
            format!(
                "is needed as {name} by {number} ({first}), and LD_LIBRARY_PATH alone leads to it: {outcome}"
            )
        };
        Finding::of_files(severity, Code::LibraryPath, path, users.iter(), message).help(help)
    }
}
