//! The reads of a root that failed. A root records them itself, so no caller can lose one: code that
//! has another answer for a failed read, such as "not there", changes nothing about the finding.
//!
//! Invariant: a failure stays until somebody takes it.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use super::{Content, RootError};
use crate::path::RealPath;

/// The failures of one root, one for each path.
#[derive(Clone, Default)]
pub(super) struct Failures(Arc<Mutex<BTreeMap<String, RootError>>>);

impl Failures {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, RootError>> {
        self.0.lock().expect("no holder panics")
    }

    /// Records the error of a read. Of several at one path, the order of threads must not decide.
    pub(super) fn record(&self, error: &RootError) {
        let mut all = self.all();
        let known = all.entry(error.path().to_owned()).or_insert_with(|| error.clone());
        if error.to_string() < known.to_string() {
            known.clone_from(error);
        }
    }

    pub(super) fn forget(&self, mut is_forgotten: impl FnMut(&RootError) -> bool) {
        self.all().retain(|_, error| !is_forgotten(error));
    }

    pub(super) fn take(&self) -> Vec<RootError> {
        std::mem::take(&mut *self.all()).into_values().collect()
    }

    /// A content whose failed reads are recorded too.
    pub(super) fn watch(&self, content: Box<dyn Content>, path: &RealPath) -> Box<dyn Content> {
        Box::new(Watched { content, path: path.clone(), failures: self.clone() })
    }
}

struct Watched {
    content: Box<dyn Content>,
    path: RealPath,
    failures: Failures,
}

impl Content for Watched {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.content.read_at(buffer, offset).inspect_err(|error| {
            // The caller gets the error itself, which cannot be cloned.
            self.failures.record(&RootError::io(&self.path, "read", error.kind().into()));
        })
    }

    fn size(&self) -> u64 {
        self.content.size()
    }
}
