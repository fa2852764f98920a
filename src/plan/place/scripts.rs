//! Scripts of the environment, and the Python that each starts in the builder and in the final
//! root.
//!
//! Invariant: only the lines that find the interpreter change, and launchers of entry points.

use super::content::FileContent;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::{FileFact, Inventory};
use crate::path::RealPath;
use crate::plan::entry::{Action, Edit};
use crate::plan::request::Shebang;
use crate::python::{self, EntryPoint, PartKind, Script};

/// The interpreter that a script starts in the builder.
#[derive(PartialEq, Eq)]
enum Starts {
    /// The environment's Python.
    Own,
    /// A Python of another environment.
    OtherPython,
    /// Another program.
    Other,
}

/// Copies the script, or gives it the lines that find `python`, its interpreter in the final root.
/// A launcher of an entry point is written again, whichever Python it starts in the builder: each
/// installer, and each of their versions, has its own text for it, and its environment may have
/// been moved.
pub(crate) fn rewrite(
    inventory: &Inventory,
    shebang: Shebang,
    python: &RealPath,
    file: &FileFact,
) -> FileContent {
    let copied = |finding| FileContent { action: Action::Copy, edit: None, finding };
    let Some(script) = &file.script else { return copied(None) };
    let starts = find_start(inventory, file, script);
    let header = |coding: &str| match shebang {
        Shebang::Relocatable => {
            python::relocatable_header(python.name(), arguments(script), coding)
        }
        Shebang::Absolute => python::absolute_header(python.as_str(), arguments(script), coding),
    };
    let launcher = entry_point(inventory, file)
        .filter(|_| is_python(script))
        .and_then(|entry_point| python::make_launcher(entry_point, &header("")));
    match (launcher, starts) {
        (Some(content), _) => Action::Write { content }.into(),
        (None, Starts::Own) => {
            let header = header(script.coding.as_deref().unwrap_or_default());
            let edit = Edit::Script { cut: script.header, header };
            FileContent { edit: Some(edit), ..copied(None) }
        }
        (None, Starts::OtherPython) => copied(Some(foreign_shebang(file, script))),
        (None, Starts::Other) => copied(None),
    }
}

/// The program that a command of the environment starts, if it is no Python.
pub(crate) fn other_program<'a>(inventory: &Inventory, file: &'a FileFact) -> Option<&'a str> {
    let script = file.script.as_ref().filter(|_| inventory.environment.is_command(&file.path))?;
    (!is_python(script)).then(|| script.interpreter())
}

/// The arguments that the interpreter is to have again. Those of a placeholder, `#!pythonw -x`, are
/// for another program.
fn arguments(script: &Script) -> &[String] {
    match &script.shebang {
        python::Shebang::Plain { interpreter } if !interpreter.contains('/') => &[],
        _ => &script.arguments,
    }
}

fn entry_point<'a>(inventory: &'a Inventory, file: &FileFact) -> Option<&'a EntryPoint> {
    let distribution = &inventory.distributions[file.owner?];
    distribution.scripts.iter().find(|entry_point| entry_point.name == file.path.name())
}

fn foreign_shebang(file: &FileFact, script: &Script) -> Finding {
    let message = format!(
        "starts {}, which is not the interpreter of this environment",
        script.interpreter()
    );
    Finding::new(Severity::Warn, Code::ForeignShebang, &file.path, message)
        .help("reinstall the distribution that owns it")
}

/// `3` of `/usr/bin/python3`; `None` for a program that is no Python.
fn python_version(script: &Script) -> Option<&str> {
    let name = script.interpreter().rsplit('/').next()?;
    name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"))
}

fn is_python(script: &Script) -> bool {
    python_version(script).is_some()
}

fn find_start(inventory: &Inventory, file: &FileFact, script: &Script) -> Starts {
    let environment = &inventory.environment;
    let Some(version) = python_version(script) else { return Starts::Other };
    let own = match &script.shebang {
        python::Shebang::Relocatable { .. } => true,
        // The environment comes first in PATH when it is active, so this is its Python.
        python::Shebang::OnPath { .. } => {
            ["", "3", environment.interpreter.minor()].contains(&version)
        }
        python::Shebang::Plain { interpreter } | python::Shebang::Wrapper { interpreter } => {
            // The line of a wheel as it was built; installers replace it.
            !interpreter.contains('/') || is_own_path(inventory, file, interpreter)
        }
    };
    match &script.shebang {
        _ if own => Starts::Own,
        // The system's Python, for scripts of the system.
        python::Shebang::Plain { interpreter } if interpreter == "/usr/bin/python3" => {
            Starts::Other
        }
        _ => Starts::OtherPython,
    }
}

/// Whether a path in a first line leads to the Python of the environment.
fn is_own_path(inventory: &Inventory, file: &FileFact, interpreter: &str) -> bool {
    let environment = &inventory.environment;
    // A script that pip installed elsewhere starts the Python that pip ran in.
    let elsewhere = environment
        .part_of(&file.path)
        .is_some_and(|part| matches!(part.kind, PartKind::Prefix | PartKind::Target));
    let base = environment.interpreter.executable.parent();
    match inventory.programs.get(interpreter) {
        Some(program) => {
            elsewhere || environment.is_command(&program.at) || program.at.parent() == base
        }
        // The installer wrote the place where the environment was at that time.
        None => elsewhere || file.owner.is_some(),
    }
}
