//! How it is known that something is needed: the grades of evidence, and the readers of each kind.
//!
//! A loader demands a needed library (`DT_NEEDED`) before a file can be used. Everything else that a
//! program opens at run time leaves weaker traces: a note in an ELF file, a name in the code, a
//! distribution of which it is known, a package that somebody installed on purpose, a run that was
//! observed. The readers see text and bytes; `inventory` looks in the root for what they name.
//!
//! Invariant: a reader never fails as a whole, and names nothing that the input does not name.

mod generated;
mod host;
mod known;
mod note;
mod observed;
mod odbc;
mod source;
mod tools;

use serde::{Deserialize, Serialize};

pub use generated::generated_by;
pub use host::host_supplier;
pub use known::{Known, known};
pub use note::{Note, Priority, parse_note};
pub use observed::{Observed, RECORD_SCHEMA, Record, RecordError, parse_record};
pub use odbc::parse_drivers;
pub use source::{Name, Opener, names_in_source, opener_words};
pub use tools::{is_build_tool, is_compiler};

/// How well a need is known, the surest first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// The user asked for it.
    ByHand,
    /// A run in the builder opened it.
    Observed,
    /// The file itself declares it: a `.note.dlopen`.
    Declared,
    /// The code opens it by its name.
    Named,
    /// It is known of the distribution or the library.
    Known,
    /// Somebody installed it in the builder on purpose.
    Installed,
}

/// How it is known that a file needs something that no loader asks for.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Evidence {
    /// How well it is known.
    pub grade: Grade,
    /// A predicate without its subject: `opened by name in magic/loader.py`.
    pub text: String,
}

impl Evidence {
    /// Evidence of a grade, in words.
    pub fn new(grade: Grade, text: impl Into<String>) -> Evidence {
        Evidence { grade, text: text.into() }
    }
}
