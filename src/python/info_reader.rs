//! The reader of one `.dist-info` or `.egg-info`: its files, and the findings about them.
//!
//! Invariant: a missing file is a value; a file that cannot be understood is a finding. The root
//! records those that cannot be read.

use super::distribution::Distribution;
use super::metadata::EntryPoint;
use super::part::PartKind;
use crate::finding::{Code, Finding, Severity};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Root, RootError};

/// The largest metadata file that is read, in bytes. The RECORD of the largest wheels has a few MB.
const LARGEST_FILE: u64 = 64 << 20;

/// Reads one `.dist-info` or `.egg-info`.
pub(super) struct InfoReader<'a> {
    pub(super) root: &'a Root,
    pub(super) info: &'a RealPath,
    pub(super) kind: &'a PartKind,
    /// The names of all entries in the same directory.
    pub(super) names: &'a [&'a str],
    pub(super) findings: &'a mut Vec<Finding>,
}

impl InfoReader<'_> {
    /// Without a list of files, the distribution owns the modules and packages of its top-level
    /// names: those of top_level.txt, or its own name.
    pub(super) fn claim_top_level(&mut self, mut distribution: Distribution) -> Distribution {
        let text = if distribution.metadata == *self.info {
            None
        } else {
            self.read_file("top_level.txt")
        };
        let names = match text {
            Some(text) => {
                String::from_utf8_lossy(&text).lines().map(|line| line.trim().to_owned()).collect()
            }
            None => vec![distribution.key.replace('-', "_"), distribution.name.clone()],
        };
        distribution.claims = vec![self.info.clone()];
        for beside in self.names {
            // `name`, `name.py`, `name.cpython-311-x86_64-linux-gnu.so`.
            let stem = beside.split('.').next().unwrap_or_default();
            let module = *beside == stem || beside.ends_with(".py") || beside.ends_with(".so");
            if module && names.iter().any(|name| name == stem) {
                distribution.claims.push(distribution.site.join(beside));
            }
        }
        distribution
    }

    pub(super) fn read_file(&self, name: &str) -> Option<Vec<u8>> {
        self.read_path(&self.info.join(name))
    }

    /// The bytes of a file; `None` if there is none, or none that can be read.
    pub(super) fn read_path(&self, path: &RealPath) -> Option<Vec<u8>> {
        self.try_read(path).ok().flatten()
    }

    /// The bytes of a file. Links are followed, because uv and conda may link into a cache.
    pub(super) fn try_read(&self, path: &RealPath) -> Result<Option<Vec<u8>>, RootError> {
        match self.root.resolve(&WrittenPath::from(path))? {
            Some(found) if found.meta.kind == Kind::File => {
                self.root.read(&found.path, LARGEST_FILE).map(Some)
            }
            _ => Ok(None),
        }
    }

    pub(super) fn report(&mut self, subject: &RealPath, problems: Vec<String>) {
        let findings = problems
            .into_iter()
            .map(|problem| Finding::new(Severity::Warn, Code::CorruptMetadata, subject, problem));
        self.findings.extend(findings);
    }
}

/// Keeps the scripts that are files directly in `bin/`: a name with a slash never became a script.
pub(super) fn keep_script_files(scripts: Vec<EntryPoint>) -> Vec<EntryPoint> {
    scripts.into_iter().filter(|script| !script.name.contains('/')).collect()
}
