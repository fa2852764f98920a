//! Proof that a bundle runs over a final root: everything that fails at run time today, found before.
//!
//! Nothing is believed of the bundle but its files: what was decided in the builder stage plays no part,
//! so a wrong base, a stale copy and an edited file look the same as they would to Python.
//!
//! Invariant: reads only; runs nothing.

mod files;
mod natives;
mod scripts;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::finding::{Code, Finding, Severity};
use crate::inventory::{self, Inventory, Scope};
use crate::loader::Library;
use crate::path::{RealPath, WrittenPath};
use crate::python::{self, EnvironmentError};
use crate::root::Root;

/// Version of the JSON of [`Verification`].
pub const SCHEMA: u32 = 1;

/// `wheelbarrow verify --json`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Verification {
    pub schema: u32,
    pub prefix: RealPath,
    /// The program that `bin/python` leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<RealPath>,
    pub checked: Checked,
    pub findings: Vec<Finding>,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Checked {
    pub distributions: usize,
    /// With the hash that RECORD has.
    pub files: usize,
    /// ELF files of the bundle.
    pub natives: usize,
    /// References to symbols of other files.
    pub symbols: usize,
    pub scripts: usize,
    pub entry_points: usize,
    pub links: usize,
}

/// Verifies what is at `prefix`. `carried` are ELF files elsewhere that the bundle brought.
pub fn verify(root: &Root, prefix: &RealPath, carried: &[RealPath]) -> Verification {
    let library = Library::new(root);
    let mut findings = Vec::new();
    let mut checked = Checked::default();
    // An interpreter of its own below the prefix needs none.
    let program = root.resolve(&WrittenPath::from(&prefix.descend("bin/python"))).ok().flatten();
    let own_program = program.is_some_and(|found| found.path.below(prefix).is_some());
    if !own_program && !root.is_file(&WrittenPath::from(&prefix.join("pyvenv.cfg"))) {
        // Python would start, and see other packages than these.
        let message = "has no pyvenv.cfg: nothing makes Python look here";
        findings.push(
            Finding::new(Severity::Deny, Code::BrokenInterpreter, prefix, message)
                .help("copy the bundle, or name its prefix with --prefix"),
        );
        return Verification {
            schema: SCHEMA,
            prefix: prefix.clone(),
            interpreter: None,
            checked,
            findings,
        };
    }
    let named = [prefix.to_string()];
    let environment = python::find_environment(root, &library, &named, &[], &mut findings);
    let mut interpreter = None;
    match environment {
        Ok(environment) => {
            interpreter = Some(environment.interpreter.executable.clone());
            let inventory =
                inventory::take_inventory_of(&library, environment, Scope::default(), Vec::new());
            findings.extend(interpreter_fits(root, prefix, &inventory));
            findings.extend(inventory.findings.iter().cloned().map(stricter));
            findings.extend(inventory.missing_files(Severity::Deny, |_| true));
            let parts = [
                natives::verify(&library, prefix, &inventory, carried, &mut checked),
                files::verify(root, prefix, &inventory, &mut checked),
                scripts::verify(root, &inventory, &mut checked),
            ];
            findings.extend(parts.into_iter().flatten());
        }
        Err(error) => findings.push(no_environment(prefix, &error)),
    }
    findings.sort();
    findings.dedup();
    Verification { schema: SCHEMA, prefix: prefix.clone(), interpreter, checked, findings }
}

/// What is worth a warning where something may still be mended is a failure here.
fn stricter(finding: Finding) -> Finding {
    let module = finding.subject.contains(".cpython-");
    let fatal = match finding.code {
        Code::CorruptElf | Code::LinkLoop => true,
        Code::ForeignLibc | Code::ForeignArchitecture => module,
        _ => false,
    };
    Finding { severity: if fatal { Severity::Deny } else { finding.severity }, ..finding }
}

fn no_environment(prefix: &RealPath, error: &EnvironmentError) -> Finding {
    let help = match error {
        EnvironmentError::NoBase { .. } => {
            "install that Python in the final image, or take an image that has it; `wheelbarrow bundle --base-root` tells"
        }
        _ => "verify runs after COPY, over the whole final root; name the prefix with --prefix",
    };
    Finding::new(Severity::Deny, Code::BrokenInterpreter, prefix, error.to_string()).help(help)
}

/// `bin/python` starts the interpreter of `pyvenv.cfg`, and that has the packages' version and ABI.
fn interpreter_fits(root: &Root, prefix: &RealPath, inventory: &Inventory) -> Vec<Finding> {
    let environment = &inventory.environment;
    let interpreter = &environment.interpreter;
    let deny = |subject: &RealPath, message: String| {
        Finding::new(Severity::Deny, Code::BrokenInterpreter, subject, message)
    };
    let mut findings = Vec::new();
    let started = prefix.descend("bin/python");
    match root.resolve(&WrittenPath::from(&started)) {
        Ok(Some(found)) if found.path == interpreter.executable => {}
        Ok(Some(found)) => {
            findings.push(deny(
                &started,
                format!("starts {}, and pyvenv.cfg is of {}", found.path, interpreter.executable),
            ));
        }
        _ => findings.push(deny(&started, "leads to no program".to_owned())),
    }
    let lib = root.list(&prefix.join("lib")).into_iter().flatten();
    for entry in lib {
        let version =
            entry.path.name().strip_prefix("python").filter(|version| version.contains('.'));
        if let Some(version) = version.filter(|version| *version != interpreter.minor()) {
            let message = format!(
                "packages of Python {version}, and the interpreter {} is {}",
                interpreter.executable,
                interpreter.minor()
            );
            findings.push(
                deny(&entry.path, message)
                    .help("build the bundle with the minor version of the final image"),
            );
        }
    }
    let tag = interpreter.facts.abi.as_deref();
    let other = inventory.files.iter().filter(|file| {
        let middle =
            file.path.name().split_once(".cpython-").and_then(|(_, rest)| rest.strip_suffix(".so"));
        middle.zip(tag).is_some_and(|(middle, tag)| format!("cpython-{middle}") != tag)
    });
    findings.extend(other.map(|file| {
        deny(&file.path, format!("built for another ABI than {}", tag.unwrap_or_default()))
    }));
    findings
}
