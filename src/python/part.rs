//! The folders that an environment consists of.
//!
//! Invariant: only data; the kind of a part decides which directories belong to it.

use crate::path::RealPath;

/// One folder with installed distributions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The way it was made.
    pub kind: PartKind,
    /// `sys.prefix`, or the folder given to pip.
    pub prefix: RealPath,
    /// The directories that contain distributions, in the order of `sys.path`.
    pub sites: Vec<RealPath>,
    /// The directory of console scripts.
    pub scripts: RealPath,
}

/// The way a part was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// `python -m venv`, virtualenv, uv (PEP 405).
    VirtualEnvironment,
    /// The site directories of the interpreter: its prefix also has many other files.
    System,
    /// `pip install --prefix` or `--user`.
    Prefix,
    /// `pip install --target`: packages, `bin` and data in one folder.
    Target,
    /// The source of editable installs: these packages and modules of a folder.
    Source(Vec<RealPath>),
}

/// Folders of data below a prefix that Python shares with other programs.
const DATA: [&str; 3] = ["etc", "share", "var"];

impl Part {
    /// The folders of data of a part whose prefix has many other files. Programs find these by
    /// `sys.prefix`. Packages have their data in /usr, and nobody else does.
    pub fn data(&self) -> Vec<RealPath> {
        let is_local = self.kind == PartKind::System && self.prefix.as_str() == "/usr/local";
        let data = DATA.iter().filter(|_| is_local);
        data.map(|name| self.prefix.join(name)).collect()
    }

    /// Whether everything below the prefix belongs to the environment.
    pub fn whole_prefix(&self) -> bool {
        !matches!(self.kind, PartKind::System | PartKind::Source(_))
    }

    /// The directories and modules to read.
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
