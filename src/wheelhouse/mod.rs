//! A wheelhouse: a folder of `.whl` files, from which wheels are selected and installed without
//! pip.
//!
//! The selection uses only file names (PEP 425, 427, 440 and 503) and opens no file. A selected
//! wheel is opened, checked against its own RECORD and unpacked to the places an installer would
//! use.
//!
//! Invariant: no Python is run and nothing is downloaded. No bytes of a name or an archive make
//! this module panic.

mod archive;
mod entry;
mod file_name;
mod folder;
mod install;
mod limits;
mod record;
mod refusal;
mod scripts;
mod selection;
mod tags;
mod target;
#[cfg(test)]
mod tests;

pub use archive::Archive;
pub use file_name::{WheelName, WheelNameError};
pub use folder::{Folder, FolderError, Unpacked, find_folder, unpack};
pub use install::{Installed, Prefix, install};
pub use limits::{
    LARGEST_METADATA, LARGEST_RATIO, LARGEST_RECORD_LINE, MOST_ENTRIES, SMALL_EXPANSION,
};
pub use refusal::{Refusal, WheelError};
pub use selection::{PassedOver, Selection, Unusable, Why, select};
pub use tags::{Misfit, SupportedTags, Tag, TagPart};
pub use target::Target;
