//! An installed distribution: the name, the version, the requirements and the files of a `.dist-info` or
//! `.egg-info`.
//!
//! Layout: PyPA "Recording installed projects" (PEP 376 and 627). METADATA alone is required there,
//! and even that is missing in the remains of a broken upgrade, so every file is optional here.
//!
//! Invariant: data alone; [`read_distributions`](super::read_distributions) fills it.

use super::metadata::{EntryPoint, RecordEntry, normalised_name};
use crate::path::RealPath;

/// One installed distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// As METADATA says.
    pub name: String,
    /// The name as PEP 503 compares it.
    pub key: String,
    pub version: String,
    /// The directory that holds `info`.
    pub site: RealPath,
    /// The `.dist-info` directory, or the `.egg-info` directory or file.
    pub info: RealPath,
    /// METADATA, or PKG-INFO of an egg-info.
    pub metadata: RealPath,
    /// `Requires-Dist` lines as written.
    pub requires: Vec<String>,
    /// Asked for by name, not as a dependency (REQUESTED).
    pub requested: bool,
    /// `dir_info.editable` of direct_url.json (PEP 660).
    pub editable: bool,
    /// `dir_info` of direct_url.json: installed from a folder of the builder.
    pub from_folder: bool,
    /// direct_url.json as written (PEP 610).
    pub direct_url: Option<String>,
    pub has_record: bool,
    pub record: Vec<RecordEntry>,
    /// Where no list says what was installed: the files and directories of its top-level names. They
    /// count for what nobody recorded.
    pub claims: Vec<RealPath>,
    /// Console and GUI entry points that installers make a script of.
    pub scripts: Vec<EntryPoint>,
    /// `Tag` lines of WHEEL.
    pub tags: Vec<String>,
}

impl Distribution {
    /// A distribution of which only the entry is known.
    pub(super) fn empty(
        site: &RealPath,
        info: &RealPath,
        name: &str,
        version: &str,
        metadata: RealPath,
    ) -> Distribution {
        Distribution {
            name: name.to_owned(),
            key: normalised_name(name),
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
}
