//! Why a wheel is not installed, in words for the person who has the wheel.
//!
//! Invariant: names of entries are shown quoted and escaped, whatever bytes they have.

use std::io;

use crate::hint::Hint;

/// A wheel that is not installed.
#[derive(Debug, thiserror::Error)]
#[error("{wheel}: {}{refusal}", self.place())]
pub struct WheelError {
    /// File name of the wheel.
    pub wheel: String,
    /// The entry of the archive, or the file that it would become; `None` for the wheel as a whole.
    pub entry: Option<String>,
    #[source]
    pub refusal: Refusal,
}

impl WheelError {
    fn place(&self) -> String {
        self.entry.as_ref().map(|entry| format!("{entry:?} ")).unwrap_or_default()
    }
}

impl Hint for WheelError {
    fn hint(&self) -> Option<&str> {
        Some(self.refusal.hint())
    }
}

/// What is wrong. Each message continues a sentence that begins with the wheel or its entry.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("cannot be read: {0}")]
    Read(#[source] io::Error),
    #[error("is not an intact zip archive: {source}")]
    Damaged { source: Box<dyn std::error::Error + Send + Sync> },
    #[error("has {found} entries; no more than {} are read", super::limits::MOST_ENTRIES)]
    TooManyEntries { found: usize },
    #[error(
        "unpacks to {size} bytes, more than {} times the archive",
        super::limits::LARGEST_RATIO
    )]
    Expands { size: u64 },
    #[error("has a name that {why}")]
    Name { why: &'static str },
    #[error("is in the archive twice")]
    Duplicate,
    #[error("is installed as {path}, and so is {other:?}")]
    Collision { path: String, other: String },
    #[error("is installed below {path}, which is a file")]
    FileAsDirectory { path: String },
    #[error("is a symbolic link")]
    Link,
    #[error("is neither a file nor a directory")]
    Special,
    #[error("is encrypted")]
    Encrypted,
    #[error("is compressed by a method other than deflate")]
    Compression,
    #[error(
        "has {size} bytes; no more than {} are read of such a file",
        super::limits::LARGEST_METADATA
    )]
    LargeMetadata { size: u64 },
    #[error("is missing")]
    Missing,
    #[error("has {found} .dist-info directories; a wheel has one")]
    DistInfo { found: usize },
    #[error("says {found}, which is not what the file name says")]
    Identity { found: String },
    #[error("does not say which version of the wheel format it has")]
    NoFormat,
    #[error("has version {version} of the wheel format; version 1 is understood")]
    Format { version: String },
    #[error("{why}")]
    Record { why: String },
    #[error("is not in RECORD")]
    NotRecorded,
    #[error("has no hash in RECORD")]
    NoHash,
    #[error("has a {algorithm} hash in RECORD; sha256, sha384 and sha512 can be trusted")]
    WeakHash { algorithm: String },
    #[error("does not have the hash that RECORD says")]
    Hash,
    #[error("does not have the {expected} bytes that {source_of_size} says")]
    Size { expected: u64, source_of_size: &'static str },
    #[error(
        "is in no part of .data that installers know: purelib, platlib, scripts, headers, data"
    )]
    Scheme,
    #[error("is in the .data directory of another distribution")]
    ForeignData,
    #[error("would be installed as {path}, which is not a wheel's to write")]
    Reserved { path: String },
    #[error("is a script that runs {object:?}, which is not module:attribute")]
    EntryPoint { object: String },
    #[error("cannot be written: {0}")]
    Write(#[source] io::Error),
}

impl Refusal {
    fn hint(&self) -> &'static str {
        match self {
            Refusal::Read(_) => "name a wheel that this user may read",
            Refusal::Write(why) if why.kind() == io::ErrorKind::StorageFull => {
                "free some space; nothing was left behind"
            }
            Refusal::Write(_) => "name a directory that can be written and is empty",
            Refusal::Damaged { .. } | Refusal::Hash | Refusal::Size { .. } => {
                "download the wheel again; when it stays so, do not trust it"
            }
            Refusal::Compression | Refusal::Format { .. } => {
                "build or download a wheel of version 1.0, compressed by deflate"
            }
            Refusal::Missing
            | Refusal::DistInfo { .. }
            | Refusal::Identity { .. }
            | Refusal::NoFormat
            | Refusal::Record { .. }
            | Refusal::NotRecorded
            | Refusal::NoHash
            | Refusal::WeakHash { .. }
            | Refusal::Scheme
            | Refusal::ForeignData
            | Refusal::EntryPoint { .. } => {
                "build the wheel again with a current build tool, as `pip wheel` does; do not rename or edit wheels"
            }
            Refusal::TooManyEntries { .. }
            | Refusal::Expands { .. }
            | Refusal::Name { .. }
            | Refusal::Duplicate
            | Refusal::Collision { .. }
            | Refusal::FileAsDirectory { .. }
            | Refusal::Link
            | Refusal::Special
            | Refusal::Encrypted
            | Refusal::LargeMetadata { .. }
            | Refusal::Reserved { .. } => {
                "no build tool makes such a wheel: find out where it comes from before it is used"
            }
        }
    }
}

/// Where in a wheel something is refused; [`Archive`](super::Archive) adds which wheel.
pub(super) type Refused = (Option<String>, Refusal);

impl Refusal {
    /// About the wheel as a whole.
    pub(super) fn whole(self) -> Refused {
        (None, self)
    }

    /// About one entry.
    pub(super) fn at(self, entry: impl Into<String>) -> Refused {
        (Some(entry.into()), self)
    }
}
