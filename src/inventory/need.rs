//! The needs of native files, and the finding that an unmet one is.
//!
//! Invariant: the builder's root and the final root are judged by the same words.

use std::collections::BTreeSet;

use crate::elf::VersionNeed;
use crate::finding::{Code, Finding, Severity};
use crate::loader::{Rule, Start};
use crate::path::RealPath;
use crate::root::Crossed;

/// How an ELF file is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NativeKind {
    /// Imported: its name ends in a suffix of the interpreter.
    Module,
    /// Started by the kernel.
    Program,
    /// Loaded by another object.
    Library,
}

impl NativeKind {
    /// How the loader begins with a file of this kind, of which `program` is the interpreter.
    pub fn start<'a>(self, program: &'a RealPath, path: &'a RealPath) -> Start<'a> {
        match self {
            NativeKind::Program => Start::Program(path),
            NativeKind::Module | NativeKind::Library => Start::Module { program, module: path },
        }
    }
}

/// One ELF file of the environment with everything it leads to.
#[derive(Clone, Debug)]
pub struct Native {
    pub path: RealPath,
    pub kind: NativeKind,
    pub version_needs: Vec<VersionNeed>,
    /// Needs of the file and of every object loaded on its behalf.
    pub needs: Vec<Need>,
}

/// One needed name.
#[derive(Clone, Debug)]
pub struct Need {
    pub by: RealPath,
    pub name: String,
    pub outcome: NeedOutcome,
}

/// Where it led.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NeedOutcome {
    BuiltIn,
    Library { path: RealPath, links: Vec<Crossed>, rule: Option<Rule> },
    Foreign { path: RealPath },
    Broken { path: String, why: String },
    Missing { tried: Vec<String> },
}

impl Need {
    /// The library and the directory that the loader found it in, which a link may have led out of.
    pub fn found(&self) -> Option<(&RealPath, RealPath)> {
        let NeedOutcome::Library { path, links, .. } = &self.outcome else { return None };
        let name =
            links.iter().map(|link| &link.at).find(|at| at.name() == self.name).unwrap_or(path);
        Some((path, name.parent()?))
    }
}

/// The finding that a need is, unless it is met. A library that only other files of the bundle (`bundled`) are
/// can be loaded when another import has loaded it before.
pub fn judge_need(native: &Native, need: &Need, bundled: &BTreeSet<RealPath>) -> Option<Finding> {
    let severity = if native.kind == NativeKind::Library { Severity::Warn } else { Severity::Deny };
    let by = if need.by == native.path { String::new() } else { format!(" (for {})", need.by) };
    Some(match &need.outcome {
        NeedOutcome::BuiltIn | NeedOutcome::Library { .. } => return None,
        NeedOutcome::Foreign { path } => Finding::new(
            severity,
            Code::ForeignArchitecture,
            &native.path,
            format!("needs {}{by}; the one at {path} is for another machine", need.name),
        ),
        NeedOutcome::Broken { path, why } => Finding::new(
            severity,
            Code::BadLibrary,
            &native.path,
            format!("needs {}{by}; the loader picks {path}, which is {why}", need.name),
        ),
        NeedOutcome::Missing { tried } => {
            let vendored = bundled.iter().find(|path| path.name() == need.name);
            if let Some(path) = vendored {
                let message = format!(
                    "needs {}{by}; only {path} has it, where the loader does not look",
                    need.name
                );
                let help = "it works when another import loads that library first, as torch and nvidia wheels do";
                return Some(
                    Finding::new(Severity::Warn, Code::ReliesOnPreload, &native.path, message)
                        .help(help),
                );
            }
            let places = if tried.is_empty() {
                "nowhere to look".to_owned()
            } else {
                format!("tried {}", tried.join(", "))
            };
            let message = format!("needs {}{by}; it is not there: {places}", need.name);
            Finding::new(severity, Code::UnresolvedLibrary, &native.path, message).help(
                "install the package that has it in the builder stage, before wheelbarrow runs",
            )
        }
    })
}
