//! The folders that an environment consists of.
//!
//! Invariant: data alone; the kind of a part decides which directories belong to it.

use crate::path::RealPath;

/// One folder that distributions were installed into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub kind: PartKind,
    /// `sys.prefix`, or the folder given to pip.
    pub prefix: RealPath,
    /// Directories that hold distributions.
    pub sites: Vec<RealPath>,
    /// Directory of console scripts.
    pub scripts: RealPath,
}

/// How a part came to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// `python -m venv`, virtualenv, uv (PEP 405).
    VirtualEnvironment,
    /// The interpreter's own: its prefix holds much else.
    System,
    /// `pip install --prefix` or `--user`.
    Prefix,
    /// `pip install --target`: packages, `bin` and data in one folder.
    Target,
    /// Source of editable installs: these packages and modules of a folder.
    Source(Vec<RealPath>),
}

impl Part {
    /// Whether everything below the prefix belongs to the environment.
    pub fn whole_prefix(&self) -> bool {
        !matches!(self.kind, PartKind::System | PartKind::Source(_))
    }

    /// The directories that are read.
    pub fn tops(&self) -> Vec<RealPath> {
        match &self.kind {
            PartKind::System => self.sites.clone(),
            PartKind::Source(tops) => tops.clone(),
            PartKind::VirtualEnvironment | PartKind::Prefix | PartKind::Target => {
                vec![self.prefix.clone()]
            }
        }
    }
}
