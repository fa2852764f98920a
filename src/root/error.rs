//! The reason why something in a root cannot be read.
//!
//! Invariant: a message has no path of the host, and is the same on every host.

use std::io;
use std::sync::Arc;

/// The reason why something in a root cannot be read. Every path is inside the root.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RootError {
    /// More than 40 links on the way (`ELOOP` in path_resolution(7)).
    #[error("{path}: too many levels of symbolic links")]
    Loop {
        /// The path as it was written.
        path: String,
    },
    /// The current user has no permission to read it.
    #[error("{path}: permission denied")]
    Forbidden {
        /// The unreadable file or directory.
        path: String,
    },
    /// The name is not UTF-8, and every path of a bundle must be.
    #[error("{path}: the name is not UTF-8")]
    NotUtf8 {
        /// The path with the wrong bytes replaced.
        path: String,
    },
    /// There is a device, a pipe or a directory where a file is expected.
    #[error("{path}: cannot open: not a regular file")]
    NotFile {
        /// The path of the entry.
        path: String,
    },
    /// There is a large file where a small one is expected.
    #[error("{path}: cannot read: larger than {limit} bytes")]
    TooLarge {
        /// The path of the file.
        path: String,
        /// The largest accepted size, in bytes.
        limit: u64,
    },
    /// A system call failed. The message has only the kind of the error, which is the same on every
    /// host.
    #[error("{path}: cannot {operation}: {}", source.kind())]
    Io {
        /// The path of the file or directory.
        path: String,
        /// The operation as a verb, such as `open`.
        operation: &'static str,
        /// The error of the system call.
        source: Arc<io::Error>,
    },
}

impl RootError {
    /// The path inside the root that could not be read.
    pub fn path(&self) -> &str {
        match self {
            RootError::Loop { path }
            | RootError::Forbidden { path }
            | RootError::NotUtf8 { path }
            | RootError::NotFile { path }
            | RootError::TooLarge { path, .. }
            | RootError::Io { path, .. } => path,
        }
    }

    /// Whether something is there that could not be read. A loop of links leads nowhere, like a link
    /// to a missing file.
    pub fn is_failure(&self) -> bool {
        match self {
            RootError::Loop { .. } | RootError::NotFile { .. } => false,
            RootError::Forbidden { .. }
            | RootError::NotUtf8 { .. }
            | RootError::TooLarge { .. } => true,
            RootError::Io { source, .. } => {
                !matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
            }
        }
    }

    /// The message without the path, for a finding whose subject is the path.
    pub fn reason(&self) -> String {
        let message = self.to_string();
        let reason = message.strip_prefix(self.path()).and_then(|rest| rest.strip_prefix(": "));
        reason.map(str::to_owned).unwrap_or(message)
    }

    /// The error of a failed `operation`, a verb, on the file at `path` inside the root.
    pub fn io(path: impl ToString, operation: &'static str, error: io::Error) -> RootError {
        let path = path.to_string();
        if error.kind() == io::ErrorKind::PermissionDenied {
            return RootError::Forbidden { path };
        }
        RootError::Io { path, operation, source: Arc::new(error) }
    }
}
