//! The interpreter of the final root: one that is there, one that a package brings, or the builder's own.
//!
//! Invariant: one interpreter is chosen, and a choice that nobody asked for is a finding.

use super::final_root::FinalRoot;
use super::fit::Fit;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::path::RealPath;

/// The interpreter of a final root that is known.
pub struct Chosen {
    pub path: RealPath,
    /// Whether a package brings it.
    pub is_package: bool,
    /// Whether the bundle brings it.
    pub is_bundled: bool,
    pub finding: Option<Finding>,
}

/// Chooses the interpreter that is asked for, one of the base that fits, or the builder's.
pub fn choose(fit: &Fit) -> Chosen {
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
                    format!("the base has this Python at {}; the bundle uses that one", found.path);
                Finding::new(Severity::Note, Code::InterpreterMoved, own, message)
            }),
        },
        Err(_) if fit.inventory.stands_alone() && asked.is_none() => builders(false, true, None),
        Err(_) if asked.is_none() && fit.installs_interpreter() => builders(true, false, None),
        Err(finding) => builders(false, false, Some(finding)),
    }
}

/// An interpreter of uv or pyenv, which is bundled although nobody asked for it.
pub fn judge_bundled(inventory: &Inventory, final_root: &FinalRoot) -> Option<Finding> {
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
    let other = "when the final image has a Python, name it: --interpreter /usr/local/bin/python3";
    if final_root.moved_from().is_some() {
        let message =
            "no base image has it here, so it travels and joins the environment".to_owned();
        return Some(finding(Severity::Note, message).help(other));
    }
    let pinned = format!(
        "no base image has it; it finds its library by an absolute run path, so it travels to {}",
        interpreter.prefix
    );
    if interpreter.prefix.below(&RealPath::known("/root")).is_none() {
        return Some(finding(Severity::Note, pinned).help(other));
    }
    let elsewhere =
        "install it elsewhere, with PYENV_ROOT=/opt/pyenv for one, or run the final image as root";
    Some(
        finding(Severity::Warn, format!("{pinned}, where most images let root alone look"))
            .help(elsewhere),
    )
}
