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
use crate::python::{self, PartKind, Script};

/// The interpreter that a script starts in the builder.
enum Starts<'a> {
    /// The environment's Python, with these arguments.
    Own(&'a [String]),
    /// A Python of another environment.
    OtherPython,
    /// Another program.
    Other,
}

/// Copies the script, or gives it the lines that find `python`, its interpreter in the final root.
/// A launcher of an entry point is written again.
pub(crate) fn rewrite(
    inventory: &Inventory,
    shebang: Shebang,
    python: &RealPath,
    file: &FileFact,
) -> FileContent {
    let copied = |finding| FileContent { action: Action::Copy, edit: None, finding };
    let Some(script) = &file.script else { return copied(None) };
    let arguments = match find_start(inventory, file, script) {
        Starts::Own(arguments) => arguments,
        Starts::OtherPython => return copied(Some(foreign_shebang(file, script))),
        Starts::Other => return copied(None),
    };
    let header = |coding: &str| match shebang {
        Shebang::Relocatable => python::relocatable_header(python.name(), arguments, coding),
        Shebang::Absolute => python::absolute_header(python.as_str(), arguments, coding),
    };
    // Each installer, and each of their versions, has its own text for the launcher of an entry
    // point.
    let distribution = file.owner.map(|owner| &inventory.distributions[owner]);
    let entry_point = distribution.and_then(|one| {
        one.scripts.iter().find(|entry_point| entry_point.name == file.path.name())
    });
    match entry_point.and_then(|entry_point| python::make_launcher(entry_point, &header(""))) {
        Some(content) => {
            FileContent { action: Action::Write { content }, edit: None, finding: None }
        }
        None => {
            let header = header(script.coding.as_deref().unwrap_or_default());
            let edit = Edit::Script { cut: script.header, header };
            FileContent { edit: Some(edit), ..copied(None) }
        }
    }
}

fn foreign_shebang(file: &FileFact, script: &Script) -> Finding {
    let message = format!(
        "starts {}, which is not the interpreter of this environment",
        script.interpreter()
    );
    Finding::new(Severity::Warn, Code::ForeignShebang, &file.path, message)
        .help("reinstall the distribution that owns it")
}

fn find_start<'a>(inventory: &Inventory, file: &FileFact, script: &'a Script) -> Starts<'a> {
    let environment = &inventory.environment;
    let (directory, name) =
        script.interpreter().rsplit_once('/').unwrap_or(("", script.interpreter()));
    let Some(version) = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy")) else {
        return Starts::Other;
    };
    let base = environment.interpreter.executable.parent().unwrap_or_else(RealPath::root);
    let own = || {
        environment
            .parts
            .iter()
            .map(|part| &part.scripts)
            .chain([&base])
            .any(|scripts| scripts.as_str() == directory)
    };
    // A script that pip installed elsewhere starts the Python that pip ran in.
    let elsewhere = || {
        environment
            .part_of(&file.path)
            .is_some_and(|part| matches!(part.kind, PartKind::Prefix | PartKind::Target))
    };
    match &script.shebang {
        python::Shebang::Relocatable { .. } => Starts::Own(&script.arguments),
        // The line of a wheel as it was built; installers replace it.
        python::Shebang::Plain { .. } if directory.is_empty() => Starts::Own(&[]),
        // The environment comes first in PATH when it is active, so this is its Python.
        python::Shebang::OnPath { .. }
            if ["", "3", environment.interpreter.minor()].contains(&version) =>
        {
            Starts::Own(&script.arguments)
        }
        python::Shebang::Plain { .. } | python::Shebang::Wrapper { .. } if own() || elsewhere() => {
            Starts::Own(&script.arguments)
        }
        // The system's Python, for scripts of the system.
        python::Shebang::Plain { interpreter } if interpreter == "/usr/bin/python3" => {
            Starts::Other
        }
        _ => Starts::OtherPython,
    }
}
