//! The interpreter of the final root: one that is there, one that a package brings, or the
//! builder's own.
//!
//! Invariant: one interpreter is chosen, and a choice that nobody asked for is a finding.

use super::final_root::FinalRoot;
use super::fit::Fit;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::path::RealPath;

/// The interpreter of a final root that is known.
pub(crate) struct Chosen {
    /// Its path in the final root.
    pub path: RealPath,
    /// Whether a package brings it.
    pub is_package: bool,
    /// Whether the bundle brings it.
    pub is_bundled: bool,
    /// The note about an unexpected choice, or the refusal.
    pub finding: Option<Finding>,
}

/// Chooses the interpreter that is asked for, one of the base that fits, or the builder's.
pub(crate) fn choose(fit: &Fit) -> Chosen {
    let own = &fit.inventory.environment.interpreter.executable;
    let asked = fit.request.interpreter.as_ref();
    let builders = |is_package, is_bundled, finding| Chosen {
        path: own.clone(),
        is_package,
        is_bundled,
        finding,
    };
    if fit.request.with_interpreter {
        return builders(false, true, None);
    }
    match fit.find_interpreter() {
        Ok(found) => Chosen {
            path: asked.unwrap_or(&found.path).clone(),
            is_package: false,
            is_bundled: false,
            finding: (found.path != *own && asked.is_none()).then(|| {
                let message =
                    format!("the base has this Python at {}, and the bundle uses it", found.path);
                Finding::new(Severity::Note, Code::InterpreterMoved, own, message)
            }),
        },
        Err(_) if fit.inventory.stands_alone() && asked.is_none() => builders(false, true, None),
        Err(_) if asked.is_none() && fit.installs_interpreter() => builders(true, false, None),
        Err(finding) => builders(false, false, Some(finding)),
    }
}

/// The finding for an interpreter, of uv or pyenv, that is bundled without a request.
pub(crate) fn judge_bundled(inventory: &Inventory, final_root: &FinalRoot) -> Option<Finding> {
    let interpreter = &inventory.environment.interpreter;
    if !final_root.interpreter_is_bundled
        || final_root.loader_is_bundled
        || inventory.interpreter_package().is_some()
    {
        return None;
    }
    let finding = |severity, message: String| {
        Finding::new(severity, Code::InterpreterTravels, &interpreter.executable, message)
    };
    let other =
        "if the final image has a Python, name it with --interpreter /usr/local/bin/python3";
    if final_root.moved_from().is_some() {
        let message =
            "no base image has it at this path, so it is bundled in the environment".to_owned();
        return Some(finding(Severity::Note, message).help(other));
    }
    let pinned = format!(
        "no base image has it, and its run path is absolute, so it is bundled at {}",
        interpreter.prefix
    );
    if interpreter.prefix.below(&RealPath::known("/root")).is_none() {
        return Some(finding(Severity::Note, pinned).help(other));
    }
    let elsewhere = "install it elsewhere, for example with PYENV_ROOT=/opt/pyenv, or run the final \
         image as root";
    Some(
        finding(Severity::Warn, format!("{pinned}, which only root can read in most images"))
            .help(elsewhere),
    )
}
