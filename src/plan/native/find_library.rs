//! Libraries that Python code finds by `ctypes.util.find_library` alone.
//!
//! With glibc the function runs `/sbin/ldconfig -p`, so it finds nothing in an image without that program, even if
//! the library is there.
//!
//! Invariant: code that also has the name of the library is not listed, because `CDLL` takes it.

use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::loader::Libc;
use crate::plan::target::FinalRoot;

/// The finding for such code, if the final root has no `ldconfig`. `opened` are indices in the inventory.
pub(crate) fn judge_find_library(
    inventory: &Inventory,
    final_root: &FinalRoot,
    opened: &[usize],
) -> Option<Finding> {
    // Images without a shell have no ldconfig either.
    let glibc = inventory.environment.interpreter.libc == Some(Libc::Glibc);
    let lost = glibc && !final_root.has_tool("sh");
    let by_cache = opened.iter().map(|index| &inventory.opened[*index]);
    let by_cache = by_cache.filter(|opened| lost && opened.only_by_cache);
    let mut files: Vec<_> = by_cache.map(|opened| &opened.file).collect();
    files.dedup();
    let message = |number: &str, first: &str| {
        format!(
            "is how {number} find a library ({first}); it runs /sbin/ldconfig, which the final image does not have"
        )
    };
    let (code, subject) = (Code::FindLibrary, "ctypes.util.find_library");
    (!files.is_empty()).then(|| {
        Finding::of_files(Severity::Warn, code, subject, files.into_iter(), message)
            .help("use a base with ldconfig, such as debian:bookworm-slim")
    })
}
