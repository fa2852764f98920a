//! A wheelhouse: a folder of `.whl` files, chosen from and installed without pip.
//!
//! File names decide what is chosen (PEP 425, 427, 440 and 503); nothing is opened for that. What is
//! chosen is opened, checked against its own RECORD and unpacked where an installer would put it.
//!
//! Invariant: no Python runs and nothing is downloaded; no bytes, of a name or of an archive, make
//! this room panic.

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
pub use limits::{LARGEST_METADATA, LARGEST_RATIO, MOST_ENTRIES, SMALL_EXPANSION};
pub use refusal::{Refusal, WheelError};
pub use selection::{PassedOver, Selection, Unusable, Why, select};
pub use tags::{Misfit, Part, SupportedTags, Tag};
pub use target::Target;
