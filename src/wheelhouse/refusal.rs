//! The reasons why a wheel is not installed, in words for the person who has the wheel.
//!
//! Invariant: names of entries are quoted and escaped, whatever bytes they have.

use std::io;

use crate::hint::Hint;

/// A wheel that is not installed.
#[derive(Debug, thiserror::Error)]
#[error("{wheel}: {}{refusal}", self.place())]
pub struct WheelError {
    /// The file name of the wheel.
    pub wheel: String,
    /// The entry of the archive, or the file it would become; `None` for the wheel as a whole.
    pub entry: Option<String>,
    #[source]
    /// The reason.
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

/// The reason why a wheel is refused. Each message continues a sentence that begins with the wheel
/// or its entry.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A read that failed.
    #[error("cannot be read: {0}")]
    Read(#[source] io::Error),
    /// Bytes that do not form a zip archive, or a wrong CRC.
    #[error("is not an intact zip archive: {source}")]
    Damaged {
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// More entries than [`MOST_ENTRIES`](super::MOST_ENTRIES).
    #[error("has {found} entries; the limit is {}", super::limits::MOST_ENTRIES)]
    TooManyEntries {
        /// The number of entries.
        found: usize,
    },
    /// A larger expansion than [`LARGEST_RATIO`](super::LARGEST_RATIO) allows.
    #[error(
        "unpacks to {size} bytes, more than {} times the archive",
        super::limits::LARGEST_RATIO
    )]
    Expands {
        /// The unpacked size in bytes.
        size: u64,
    },
    /// A name that is not allowed.
    #[error("has a name that {why}")]
    Name {
        /// The end of the sentence.
        why: &'static str,
    },
    /// Two entries with the same name.
    #[error("is in the archive twice")]
    Duplicate,
    /// Two entries that would be installed as the same file.
    #[error("is installed as {path}, and so is {other:?}")]
    Collision {
        /// The path from the prefix.
        path: String,
        /// The other entry.
        other: String,
    },
    /// An entry below a path that is a file.
    #[error("is installed below {path}, which is a file")]
    FileAsDirectory {
        /// The path of that file.
        path: String,
    },
    /// A symbolic link, which a wheel cannot have.
    #[error("is a symbolic link")]
    Link,
    /// A device, a socket or a pipe.
    #[error("is neither a file nor a directory")]
    Special,
    /// An encrypted entry.
    #[error("is encrypted")]
    Encrypted,
    /// A compression method other than stored and deflate.
    #[error("is compressed by a method other than deflate")]
    Compression,
    /// A metadata file larger than [`LARGEST_METADATA`](super::LARGEST_METADATA), or a RECORD with more text
    /// than its entries need.
    #[error("has {size} bytes; the limit for such a file is {limit}")]
    LargeMetadata {
        /// The declared size in bytes.
        size: u64,
        /// The largest accepted size in bytes.
        limit: u64,
    },
    /// A metadata file that every wheel needs.
    #[error("is missing")]
    Missing,
    /// No `.dist-info` directory, or several.
    #[error("has {found} .dist-info directories; a wheel has one")]
    DistInfo {
        /// The number of directories.
        found: usize,
    },
    /// A name or a version that differs from the file name.
    #[error("says {found}, which differs from the file name")]
    Identity {
        /// The name and the version, quoted.
        found: String,
    },
    /// A WHEEL without `Wheel-Version`.
    #[error("does not say which version of the wheel format it has")]
    NoFormat,
    /// A newer major version of the wheel format.
    #[error("has version {version} of the wheel format; only version 1 is supported")]
    Format {
        /// `Wheel-Version` as written.
        version: String,
    },
    /// A RECORD that cannot be understood or contradicts itself.
    #[error("{why}")]
    Record {
        /// The end of the sentence.
        why: String,
    },
    /// A file that RECORD does not list.
    #[error("is not in RECORD")]
    NotRecorded,
    /// A line of RECORD without a hash.
    #[error("has no hash in RECORD")]
    NoHash,
    /// A hash that is not strong enough (PEP 427).
    #[error(
        "has a hash of kind {algorithm} in RECORD; only sha256, sha384 and sha512 are accepted"
    )]
    WeakHash {
        /// `md5`, as RECORD has it.
        algorithm: String,
    },
    /// Contents with another hash.
    #[error("does not have the hash that RECORD says")]
    Hash,
    /// Contents with another size.
    #[error("does not have the {expected} bytes that {source_of_size} says")]
    Size {
        /// The size in bytes.
        expected: u64,
        /// `RECORD` or `the archive`.
        source_of_size: &'static str,
    },
    /// An unknown directory of `.data`.
    #[error(
        "is in no part of .data that installers know: purelib, platlib, scripts, headers, data"
    )]
    Scheme,
    /// A `.data` directory with another name or version.
    #[error("is in the .data directory of another distribution")]
    ForeignData,
    /// A file that belongs to the environment or the installer.
    #[error("would be installed as {path}, which no wheel may write")]
    Reserved {
        /// The path from the prefix.
        path: String,
    },
    /// An entry point that is not a Python object.
    #[error("is a script that runs {object:?}, which is not module:attribute")]
    EntryPoint {
        /// The object as written.
        object: String,
    },
    /// A write that failed.
    #[error("cannot be written: {0}")]
    Write(#[source] io::Error),
}

impl Refusal {
    fn hint(&self) -> &'static str {
        match self {
            Refusal::Read(_) => "choose a wheel that this user may read",
            Refusal::Write(why) if why.kind() == io::ErrorKind::StorageFull => {
                "free some space; no files were left"
            }
            Refusal::Write(_) => "choose a directory that is empty and writable",
            Refusal::Damaged { .. } | Refusal::Hash | Refusal::Size { .. } => {
                "download the wheel again; if that does not help, do not trust it"
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
                "no build tool makes such a wheel; find out where it comes from before you use it"
            }
        }
    }
}

/// The refused place in a wheel with the reason; [`Archive`](super::Archive) adds the wheel.
pub(super) type Refused = (Option<String>, Refusal);

impl Refusal {
    /// Refuses the wheel as a whole.
    pub(super) fn whole(self) -> Refused {
        (None, self)
    }

    /// Refuses one entry.
    pub(super) fn at(self, entry: impl Into<String>) -> Refused {
        (Some(entry.into()), self)
    }
}
