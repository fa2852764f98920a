//! The needs of native files, and the finding for an unmet need.
//!
//! Invariant: the builder's root and the final root are judged by the same function.

use crate::elf::VersionNeed;
use crate::finding::{Code, Finding, Severity};
use crate::loader::{Rule, Start};
use crate::path::RealPath;
use crate::root::Crossed;

/// The way in which an ELF file is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NativeKind {
    /// Python imports it: its name ends in a suffix of the interpreter, and it has the function
    /// that `import` calls.
    Module,
    /// The kernel starts it.
    Program,
    /// Another object loads it.
    Library,
}

impl NativeKind {
    /// The start of the loader for a file of this kind. `program` is the interpreter.
    pub fn start<'a>(self, program: &'a RealPath, path: &'a RealPath) -> Start<'a> {
        match self {
            NativeKind::Program => Start::Program(path),
            NativeKind::Module | NativeKind::Library => Start::Module { program, module: path },
        }
    }
}

/// One ELF file of the environment, with all libraries that it needs.
#[derive(Clone, Debug)]
pub struct Native {
    /// Its path in the root.
    pub path: RealPath,
    /// The way in which it is loaded.
    pub kind: NativeKind,
    /// The symbol versions that it needs (`DT_VERNEED`).
    pub version_needs: Vec<VersionNeed>,
    /// The needs of the file and of every object that is loaded because of it.
    pub needs: Vec<Need>,
}

impl Native {
    /// Whether the loader finds every library that it needs, without the help of another import.
    pub fn has_all_libraries(&self) -> bool {
        let found = |need: &Need| {
            matches!(need.outcome, NeedOutcome::BuiltIn | NeedOutcome::Library { .. })
        };
        self.needs.iter().all(found)
    }

    /// Whether every library is there, where the loader searches or where another import may load it first.
    pub fn is_loadable(&self) -> bool {
        self.needs.iter().all(|need| match &need.outcome {
            NeedOutcome::BuiltIn | NeedOutcome::Library { .. } => true,
            NeedOutcome::Missing { elsewhere, .. } => !elsewhere.is_empty(),
            NeedOutcome::Foreign { .. } | NeedOutcome::Broken { .. } => false,
        })
    }
}

/// One needed name: a `DT_NEEDED`, or a name that is opened at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The object that has the need.
    pub by: RealPath,
    /// The name as written, usually a soname: `libpq.so.5`.
    pub name: String,
    /// The result of the search.
    pub outcome: NeedOutcome,
}

/// The result of a search for a needed name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NeedOutcome {
    /// The loader satisfies the name itself.
    BuiltIn,
    /// The loader finds a library.
    Library {
        /// The file, without links.
        path: RealPath,
        /// The links on the way to it.
        links: Vec<Crossed>,
        /// The rule by which it is found; `None` if it is loaded already.
        rule: Option<Rule>,
    },
    /// The loader finds only a library for another machine.
    Foreign {
        /// That library.
        path: RealPath,
    },
    /// The loader picks a file that it cannot load.
    Broken {
        /// That file, as the loader names it.
        path: String,
        /// The end of a sentence: "which is …".
        why: String,
    },
    /// The loader finds nothing.
    Missing {
        /// The paths or directories that it tries, in order.
        tried: Vec<String>,
        /// The files of the environment with this name that another import may load first, sorted.
        elsewhere: Vec<RealPath>,
    },
}

impl Need {
    /// Whether the builder has it.
    pub fn is_met(&self) -> bool {
        matches!(self.outcome, NeedOutcome::BuiltIn | NeedOutcome::Library { .. })
    }

    /// The files that another import may load in its place, if the loader finds nothing.
    pub fn elsewhere(&self) -> &[RealPath] {
        match &self.outcome {
            NeedOutcome::Missing { elsewhere, .. } => elsewhere,
            _ => &[],
        }
    }

    /// The library, and the directory in which the loader found it. A link may lead out of that
    /// directory.
    pub fn found(&self) -> Option<(&RealPath, RealPath)> {
        let NeedOutcome::Library { path, links, .. } = &self.outcome else { return None };
        let name =
            links.iter().map(|link| &link.at).find(|at| at.name() == self.name).unwrap_or(path);
        Some((path, name.parent()?))
    }
}

/// The finding for a need that is not met. `elsewhere` is a file that another import may load first, if there
/// is one.
pub fn judge_need(
    file: &RealPath,
    need: &Need,
    severity: Severity,
    elsewhere: Option<&RealPath>,
) -> Option<Finding> {
    let by = if need.by == *file { String::new() } else { format!(" (for {})", need.by) };
    Some(match &need.outcome {
        NeedOutcome::BuiltIn | NeedOutcome::Library { .. } => return None,
        NeedOutcome::Foreign { path } => Finding::new(
            severity,
            Code::ForeignArchitecture,
            file,
            format!("needs {}{by}; {path} is for another machine", need.name),
        ),
        NeedOutcome::Broken { path, why } => Finding::new(
            severity,
            Code::BadLibrary,
            file,
            format!("needs {}{by}; the loader picks {path}, which is {why}", need.name),
        ),
        NeedOutcome::Missing { tried, .. } => match elsewhere {
            Some(path) => {
                let message = format!(
                    "needs {}{by}; only {path} has it, and the loader does not search there",
                    need.name
                );
                let help = "it works if another import loads that library first, as in torch and nvidia wheels";
                Finding::new(Severity::Warn, Code::ReliesOnPreload, file, message).help(help)
            }
            None => {
                let message = format!(
                    "needs {}{by}, which does not exist: {}",
                    need.name,
                    list_places(tried)
                );
                Finding::new(severity, Code::UnresolvedLibrary, file, message).help(
                    "install the package that contains it in the builder stage, before wheelbarrow runs",
                )
            }
        },
    })
}

/// The note about a library that `supplier` gives to the container, with the files that need it.
pub fn note_host_library<'a>(
    name: &str,
    supplier: &str,
    files: impl Iterator<Item = &'a RealPath>,
) -> Finding {
    let message = |number: &str, first: &str| {
        format!(
            "needed by {number} ({first}), and not bundled: {supplier} gives it to the container"
        )
    };
    let code = Code::HostLibrary;
    Finding::of_files(Severity::Note, code, name, files, message)
        .help("start the container with the GPU")
}

/// The places where the loader searched.
pub fn list_places(tried: &[String]) -> String {
    if tried.is_empty() {
        return "the loader has no place to search".to_owned();
    }
    format!("tried {}", tried.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The finding of a file that needs `libx.so`, in one line; empty if the need is met.
    fn judge(severity: Severity, by: &str, outcome: NeedOutcome, elsewhere: &str) -> String {
        let path = RealPath::known("/v/m.so");
        let need = Need { by: RealPath::known(by), name: "libx.so".to_owned(), outcome };
        let elsewhere = RealPath::try_from(elsewhere.to_owned()).ok();
        judge_need(&path, &need, severity, elsewhere.as_ref())
            .map(|found| {
                format!(
                    "{} {}: {}",
                    format!("{:?}", found.severity).to_lowercase(),
                    found.code.as_str(),
                    found.message
                )
            })
            .unwrap_or_default()
    }

    #[test]
    fn each_outcome_has_its_finding() {
        use Severity::{Deny, Warn};
        let missing = |tried: &[&str]| NeedOutcome::Missing {
            tried: tried.iter().map(|&path| path.to_owned()).collect(),
            elsewhere: Vec::new(),
        };
        let foreign = NeedOutcome::Foreign { path: RealPath::known("/lib/libx.so") };
        let broken =
            NeedOutcome::Broken { path: "/lib/libx.so".to_owned(), why: "empty".to_owned() };
        for (severity, by, outcome, elsewhere, expect) in [
            (Deny, "/v/m.so", NeedOutcome::BuiltIn, "", ""),
            (
                Deny,
                "/v/m.so",
                missing(&["/lib/libx.so"]),
                "",
                "deny unresolved-library: needs libx.so, which does not exist: tried /lib/libx.so",
            ),
            (
                Warn,
                "/v/l.so",
                missing(&[]),
                "",
                "warn unresolved-library: needs libx.so (for /v/l.so), which does not exist: the loader \
                 has no place to search",
            ),
            (
                Deny,
                "/v/m.so",
                missing(&["/lib/libx.so"]),
                "/v/libx.so",
                "warn relies-on-preload: needs libx.so; only /v/libx.so has it, and the loader does not \
                 search there",
            ),
            (
                Deny,
                "/v/m.so",
                foreign,
                "",
                "deny foreign-architecture: needs libx.so; /lib/libx.so is for another machine",
            ),
            (
                Deny,
                "/v/m.so",
                broken,
                "",
                "deny bad-library: needs libx.so; the loader picks /lib/libx.so, which is empty",
            ),
        ] {
            assert_eq!(judge(severity, by, outcome, elsewhere), expect);
        }
    }
}
