//! Checks that scripts find their interpreter, and that the modules of entry points exist.
//!
//! Invariant: no script is run, and no module is imported.

use super::{Checked, Promise};
use crate::finding::{Code, Finding, Severity};
use crate::inventory::{Inventory, USUAL_DIRECTORIES};
use crate::path::{RealPath, WrittenPath};
use crate::python::{Distribution, EntryPoint, Interpreter, Script, Shebang, parse_entry_points};
use crate::root::Root;

/// The largest `entry_points.txt` that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// Checks the scripts of the environment and the entry points of its distributions.
pub(super) fn verify(
    root: &Root,
    inventory: &Inventory,
    promise: &Promise,
    checked: &mut Checked,
) -> Vec<Finding> {
    let environment = &inventory.environment;
    let mut findings = Vec::new();
    for file in &inventory.files {
        let in_scripts = environment.is_command(&file.path);
        let Some(script) = file.script.as_ref().filter(|_| in_scripts) else { continue };
        checked.scripts += 1;
        let why = broken(root, &file.path, script);
        if let Some(why) = why.filter(|_| !starts_lost_program(promise, &file.path, script)) {
            findings.push(Finding::new(Severity::Deny, Code::BrokenScript, &file.path, why));
        }
    }
    for distribution in &inventory.distributions {
        for EntryPoint { name, object } in entry_points(root, distribution) {
            checked.entry_points += 1;
            let module = object.split([':', '[', ' ']).next().unwrap_or_default().to_owned();
            let found = environment
                .parts
                .iter()
                .flat_map(|part| &part.sites)
                .any(|site| is_module(root, &environment.interpreter, site, &module));
            // A module that the bundle lost is a finding already.
            let lost = || has_lost_module(promise, &module);
            if !found
                && !lost()
                && !is_module(
                    root,
                    &environment.interpreter,
                    &environment.interpreter.stdlib,
                    &module,
                )
            {
                let message =
                    format!("the script {name} runs {object}, but there is no module {module}");
                findings.push(Finding::new(
                    Severity::Deny,
                    Code::MissingEntryPoint,
                    &distribution.name,
                    message,
                ));
            }
        }
    }
    findings
}

/// Whether a script starts a program of the bundle that is lost.
fn starts_lost_program(promise: &Promise, path: &RealPath, script: &Script) -> bool {
    let program = match &script.shebang {
        Shebang::Plain { interpreter } | Shebang::Wrapper { interpreter } => interpreter.clone(),
        Shebang::Relocatable { name } => {
            path.parent().map(|above| format!("{above}/{name}")).unwrap_or_default()
        }
        Shebang::OnPath { .. } => return false,
    };
    promise.comparison.lost.iter().any(|lost| lost.as_str() == program)
}

/// Whether a file of the top-level package or module of this name is lost.
fn has_lost_module(promise: &Promise, module: &str) -> bool {
    let top = module.split('.').next().unwrap_or_default();
    let is_of_top = |path: &RealPath| {
        let name = path.name().split('.').next().unwrap_or_default();
        name == top || path.ancestors().any(|above| above.name() == top)
    };
    promise.comparison.lost.iter().any(is_of_top)
}

/// The reason why the kernel or the shell cannot start the script; `None` if it can.
fn broken(root: &Root, path: &RealPath, script: &Script) -> Option<String> {
    let is_there = |name: &str| {
        USUAL_DIRECTORIES
            .iter()
            .any(|directory| root.is_file(&WrittenPath::new(*directory).join(name)))
    };
    let is_beside = |name: &str| {
        let directory = path.parent();
        directory.is_some_and(|directory| root.is_file(&WrittenPath::from(&directory).join(name)))
    };
    match &script.shebang {
        Shebang::OnPath { name } => (name.is_empty() || !(is_there(name) || is_beside(name)))
            .then(|| format!("starts {name}, which is in no usual directory of PATH")),
        Shebang::Plain { interpreter } => (!root.is_file(&WrittenPath::new(interpreter.as_str())))
            .then(|| format!("starts {interpreter}, which does not exist")),
        Shebang::Wrapper { interpreter } => {
            let missing = [interpreter.as_str(), "/bin/sh"]
                .into_iter()
                .find(|program| !root.is_file(&WrittenPath::new(*program)));
            missing.map(|program| format!("starts {program}, which does not exist"))
        }
        Shebang::Relocatable { name } => {
            if !root.is_file(&WrittenPath::new("/bin/sh")) {
                return Some(
                    "needs /bin/sh, which does not exist; bundle with --shebang absolute"
                        .to_owned(),
                );
            }
            (!is_beside(name))
                .then(|| format!("starts {name} in its own directory, which does not exist"))
        }
    }
}

fn entry_points(root: &Root, distribution: &Distribution) -> Vec<EntryPoint> {
    let text =
        root.read_text(distribution.info.join("entry_points.txt").as_str(), LARGEST).ok().flatten();
    text.map(|text| parse_entry_points(text.as_bytes()).0).unwrap_or_default()
}

/// Whether a module, a package, an extension module or a namespace (PEP 420) has this dotted name.
fn is_module(root: &Root, interpreter: &Interpreter, site: &RealPath, module: &str) -> bool {
    let path = format!("{site}/{}", module.replace('.', "/"));
    let files = ["/__init__.py", ".py", ".pyc"].into_iter().map(str::to_owned);
    let extensions = interpreter.facts.suffixes.iter().cloned();
    !module.is_empty()
        && (files
            .chain(extensions)
            .any(|suffix| root.is_file(&WrittenPath::new(format!("{path}{suffix}"))))
            || root.is_directory(&WrittenPath::new(path.as_str())))
}
