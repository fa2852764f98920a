//! The image of the final stage, by what the builder is and where its interpreter lives.
//!
//! Invariant: a name is given only when such an image has this interpreter at this path.

use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;

/// The image, or a finding that says what to type.
pub fn image(inventory: &Inventory, findings: &mut Vec<Finding>) -> Option<String> {
    let interpreter = &inventory.environment.interpreter;
    let release = &inventory.release;
    let owned = inventory.packages.owner(&interpreter.executable).is_some();
    let in_local = interpreter.executable.parent().is_some_and(|parent| parent.as_str() == "/usr/local/bin");
    let minor = interpreter.minor();
    let short = release.version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    let found = match (release.id.as_str(), owned) {
        ("alpine", true) => Some(format!("alpine:{short}")),
        ("debian", true) if !release.codename.is_empty() => Some(format!("debian:{}-slim", release.codename)),
        ("ubuntu", true) => Some(format!("ubuntu:{}", release.version)),
        ("wolfi" | "chainguard", true) => Some("cgr.dev/chainguard/wolfi-base".to_owned()),
        // docker-library images: the interpreter is compiled into /usr/local and owned by nobody.
        ("alpine", false) if in_local => Some(format!("python:{minor}-alpine")),
        ("debian", false) if in_local => Some(format!("python:{minor}-slim")),
        _ => None,
    };
    if found.is_none() {
        let (code, message) = if owned {
            (Code::UnknownBase, format!("no image is known for this distribution ({})", release.id))
        } else {
            (Code::InterpreterNotInBase, "no package owns this interpreter and no base image is known to have it at this path".to_owned())
        };
        findings.push(Finding::new(Severity::Deny, code, &interpreter.executable, message).help("name an image that has it: --from IMAGE"));
    }
    found
}
