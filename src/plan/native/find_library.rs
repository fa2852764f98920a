//! Libraries that Python code finds by `ctypes.util.find_library` alone.
//!
//! With glibc the function runs `/sbin/ldconfig -p`, so it finds nothing in an image without that program, even if
//! the library is there.
//!
//! Invariant: code that also has the name of the library is not listed, because `CDLL` takes it.

use std::collections::BTreeSet;

use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::loader::Libc;
use crate::path::RealPath;
use crate::plan::target::FinalRoot;

/// The finding for such code, if the final root has no `ldconfig`. `opened` are indices in the inventory.
pub(crate) fn judge_find_library(
    inventory: &Inventory,
    final_root: &FinalRoot,
    opened: &[usize],
) -> Option<Finding> {
    let glibc = inventory.environment.interpreter.libc == Some(Libc::Glibc);
    // Images without a shell have no ldconfig either.
    if !glibc || final_root.has_tool("sh") {
        return None;
    }
    let opened = opened.iter().map(|index| &inventory.opened[*index]);
    let files: BTreeSet<&RealPath> =
        opened.filter(|one| one.only_by_cache).map(|one| &one.file).collect();
    let message = |number: &str, first: &str| {
        format!(
            "runs /sbin/ldconfig, which the final image does not have; it is the only way to a library in \
             {number}: {first}"
        )
    };
    let (code, subject) = (Code::FindLibrary, "ctypes.util.find_library");
    (!files.is_empty()).then(|| {
        Finding::of_files(Severity::Warn, code, subject, files.into_iter(), message)
            .help("use a base with ldconfig, such as debian:bookworm-slim")
    })
}
