//! The files that make the prefix a virtual environment of the final interpreter (PEP 405).
//!
//! Invariant: they contain no path of the builder, except that of an interpreter that the final
//! root has too.

use crate::inventory::Inventory;
use crate::path::RealPath;
use crate::plan::entry::PlannedEntry;

/// Makes `bin/python*` and `pyvenv.cfg` below `prefix`. An interpreter in the prefix itself has its
/// standard library there and needs only the links.
pub(crate) fn make(
    inventory: &Inventory,
    prefix: &RealPath,
    interpreter: &RealPath,
) -> Vec<PlannedEntry> {
    let environment = &inventory.environment;
    let link = |name: &str, target: &str, reason: &str| PlannedEntry {
        mode: 0o644,
        ..PlannedEntry::link(prefix.join("bin").join(name), target.to_owned(), reason.to_owned())
    };
    if let Some(program) = interpreter.below(&prefix.join("bin")) {
        let names = ["python", "python3"].into_iter().filter(|name| *name != program);
        return names.map(|name| link(name, program, "the bundled interpreter")).collect();
    }
    let home = interpreter.parent().unwrap_or_else(RealPath::root);
    let configuration = format!(
        "home = {home}\ninclude-system-site-packages = {}\nversion = {}\n",
        environment.include_system, environment.interpreter.facts.version
    );
    let reason = "the final interpreter";
    vec![
        PlannedEntry::text(
            prefix.join("pyvenv.cfg"),
            configuration,
            "makes the prefix a virtual environment (PEP 405)".to_owned(),
        ),
        link("python", interpreter.as_str(), reason),
        link("python3", "python", reason),
        link(environment.interpreter.library_name(), "python", reason),
    ]
}
