//! Changes the run path and the needed names of a program or shared object, as patchelf does.
//!
//! A new text needs room in the string table, and the loader needs one contiguous table. The
//! table therefore moves to a new `PT_LOAD` at the end of the file. The program headers move with
//! it, because they grow by that one entry. The dynamic section moves too if it has no free slot.
//! Everything else in the file keeps its offset and its address. Names, versions, hashes and
//! relocations refer to strings by their offset in the table, and these offsets do not change.
//!
//! New directories are appended to the existing run path, and others are replaced where they are. The search
//! order is then that of the builder, where the system's directories came after the run path. The tag does not
//! change either: on glibc a `DT_RPATH` is inherited, and a `DT_RUNPATH` disables the inherited ones (ld.so(8)).
//!
//! A replaced path stays in the file, where nothing refers to it. It is overwritten up to its last slash, so that
//! nobody who searches the file takes it for one in use; a symbol may share the name behind that.
//!
//! Invariant: no bytes make it panic. The result differs from the file in its run path and the given names alone.

mod edited;
mod format;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use edited::{Edited, Edits};
use goblin::elf::dynamic::{DT_RPATH, DT_RUNPATH};
use tables::File;

use super::ElfError;
use crate::root::Content;

/// The tag to add to a file that has no run path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenNone {
    /// `DT_RUNPATH`, for the file's own needs alone.
    RunPath,
    /// `DT_RPATH`, because the file relies on the inherited `DT_RPATH` of the object that loads it.
    RPath,
}

/// The changes to the paths of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathChanges {
    /// Directories that are appended to the run path, unless they are there already.
    pub added: Vec<String>,
    /// Elements of the run path, each with the text in its place.
    pub replaced: BTreeMap<String, String>,
    /// Needed names (`DT_NEEDED`), each with the name in its place.
    pub needed: BTreeMap<String, String>,
}

/// Makes the edits of these changes. A file to which none applies has none.
///
/// # Errors
/// The file is no loadable object with a dynamic section, or its tables contradict each other.
pub fn change_paths(
    content: &dyn Content,
    changes: &PathChanges,
    when_none: WhenNone,
) -> Result<Edits, ElfError> {
    let facts = super::read(content)?
        .filter(|elf| elf.loadable)
        .ok_or(ElfError::Lacks { what: "code that a loader can map" })?;
    let mut file = File::read(content)?;
    let kind = match (&facts.runpath, &facts.rpath, when_none) {
        (Some(_), _, _) | (None, None, WhenNone::RunPath) => DT_RUNPATH,
        (None, Some(_), _) | (None, None, WhenNone::RPath) => DT_RPATH,
    };
    let text = file.run_path(kind, changes)?;
    let needed = file.needed(changes)?;
    if text.is_none() && needed.is_empty() {
        return Ok(Edits::default());
    }
    let edits = file.edits(kind, text.as_deref(), &needed, facts.interpreter.is_some())?;
    // The edits are returned only if a loader would read the result as intended.
    let edited = Edited { content, edits };
    let after = super::read(&edited)?;
    let mut expected = facts;
    for name in &mut expected.needed {
        *name = changes.needed.get(name).unwrap_or(name).clone();
    }
    if let Some(text) = text {
        let text = Some(String::from_utf8_lossy(&text).into_owned());
        *(if kind == DT_RUNPATH { &mut expected.runpath } else { &mut expected.rpath }) = text;
    }
    if after == Some(expected) {
        Ok(edited.edits)
    } else {
        Err(nonsense("the file with the new paths"))
    }
}

fn nonsense(what: &'static str) -> ElfError {
    ElfError::Nonsense { what }
}
