//! An installed distribution: the name, version, requirements and files of a `.dist-info` or
//! `.egg-info`.
//!
//! Layout: PyPA "Recording installed projects" (PEP 376 and 627). Only METADATA is required there,
//! and a broken upgrade can leave a directory without even that, so every file is optional here.
//!
//! Invariant: only data; [`read_distributions`](super::read_distributions) creates it.

use super::metadata::{EntryPoint, RecordEntry};
use super::name::{closest_name, is_name, normalised_name};
use crate::path::RealPath;

/// One installed distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// The name as METADATA has it: `Flask-SQLAlchemy`. It fits the grammar of PEP 508.
    pub name: String,
    /// The name normalised by PEP 503: `flask-sqlalchemy`.
    pub key: String,
    /// The version as METADATA has it; it need not be a version of PEP 440.
    pub version: String,
    /// The directory that holds `info`.
    pub site: RealPath,
    /// The `.dist-info` directory, or the `.egg-info` directory or file.
    pub info: RealPath,
    /// The path of METADATA, or of PKG-INFO for an egg-info.
    pub metadata: RealPath,
    /// `Requires-Dist` lines as written.
    pub requires: Vec<String>,
    /// The user asked for it by name; it is not a mere dependency (the file REQUESTED, PEP 376).
    pub requested: bool,
    /// An editable install: `dir_info.editable` of direct_url.json (PEP 660).
    pub editable: bool,
    /// Installed from a folder of the builder: direct_url.json has `dir_info`.
    pub from_folder: bool,
    /// direct_url.json as written (PEP 610).
    pub direct_url: Option<String>,
    /// The `.dist-info` has a RECORD that can be read.
    pub has_record: bool,
    /// The files of RECORD, or those of `installed-files.txt`.
    pub record: Vec<RecordEntry>,
    /// The files and directories of its top-level names, if no list says which files were
    /// installed. It owns those that no other distribution records.
    pub claims: Vec<RealPath>,
    /// The console and GUI entry points; installers create a script for each.
    pub scripts: Vec<EntryPoint>,
    /// The `Tag` lines of WHEEL.
    pub tags: Vec<String>,
}

impl Distribution {
    /// A distribution of which only the directory entry is known.
    pub(super) fn empty(
        site: &RealPath,
        info: &RealPath,
        name: &str,
        version: &str,
        metadata: RealPath,
    ) -> Distribution {
        let name = closest_name(name);
        Distribution {
            key: normalised_name(&name),
            name,
            version: version.to_owned(),
            site: site.clone(),
            info: info.clone(),
            metadata,
            requires: Vec::new(),
            requested: false,
            editable: false,
            from_folder: false,
            direct_url: None,
            has_record: false,
            record: Vec::new(),
            claims: Vec::new(),
            scripts: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// Takes the name of METADATA; the error is a sentence about a text that is no name.
    pub(super) fn set_name(&mut self, name: String) -> Result<(), String> {
        if !is_name(&name) {
            let used = &self.name;
            return Err(format!("{name:?} is not a name (PEP 508); {used} is used instead"));
        }
        self.key = normalised_name(&name);
        self.name = name;
        Ok(())
    }
}
