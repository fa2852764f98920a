//! The package managers, a folder each, and their databases as one index.
//!
//! | | apk | dpkg | pacman | conda |
//! | --- | --- | --- | --- | --- |
//! | database | `lib/apk/db/installed` | `status` and lists, or `status.d` | `local/*/desc` and `files` | `conda-meta/*.json` |
//! | final stage | `apk add` | `apt-get install` | `pacman -Syu` | none: files are bundled |
//! | a version | `NAME=VERSION` | `NAME=VERSION` | `NAME=VERSION` | `NAME=VERSION` |
//! | names of libraries | `so:` | | | |
//! | scanners read | `installed` | a stanza in `status.d` | `desc` | a record |
//! | licences | among the files | `copyright`, common licences | among the files | package cache |
//!
//! [`PackageIndex::read`] reads every database that exists; the parsers only see text. Every
//! problem in a database is a finding that names the file and the line, and the rest of the
//! database counts.
//!
//! To add a manager, add a folder with everything in the table, and a variant of [`Manager`]. The
//! compiler then asks for each connection, because every `match` on a manager names all of them. A
//! manager counts if its database exists, whether or not its programs do.
//!
//! Invariant: no package manager is run, and reading never fails as a whole.

mod apk;
mod conda;
mod database;
mod dpkg;
mod file_list;
mod index;
mod licence;
mod licence_file;
mod manager;
mod owners;
mod package;
mod pacman;

pub use conda::{is_about_packages, with_prefix};
pub use file_list::FileList;
pub use index::PackageIndex;
pub use licence::is_licence;
pub use licence_file::LicenceFile;
pub use manager::{BundledPackage, DatabaseFile, InstallCommand, Manager};
pub use package::{Embedding, InPrefix, Package};

#[cfg(test)]
mod tests;
