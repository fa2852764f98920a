//! Gives a complete bundle its name, in place of an earlier one.
//!
//! Invariant: whenever the process ends, the old or the new bundle has the name, or no bundle has it
//! and the next run finishes the replacement.

use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::earlier::Earlier;
use super::{BundleError, MANIFEST};
use crate::temporary::Temporary;

/// Gives the content of `temporary` the name `out`, where `earlier` is.
pub(super) fn appear(
    temporary: &Temporary,
    out: &Path,
    earlier: Option<&Earlier>,
) -> Result<(), BundleError> {
    let shown = out.display().to_string();
    let failed = |operation| BundleError::write(operation, &shown);
    let new = temporary.content();
    match earlier {
        None => fs::rename(&new, out).map_err(failed("rename the finished bundle to"))?,
        Some(earlier) => {
            // Something else may have put a file into it during the run.
            if let Some(stranger) = earlier.strangers(out).map_err(failed("read"))?.first() {
                let stranger = stranger.display().to_string();
                return Err(BundleError::Stranger { path: shown, stranger });
            }
            replace(temporary, out, earlier).map_err(failed("replace"))?;
        }
    }
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = fs::File::open(parent.unwrap_or(Path::new(".")));
    parent.and_then(|parent| parent.sync_all()).map_err(failed("sync the parent of"))
}

fn replace(temporary: &Temporary, out: &Path, earlier: &Earlier) -> io::Result<()> {
    let new = temporary.content();
    let exchange = || renameat_with(CWD, &new, CWD, out, RenameFlags::EXCHANGE);
    match exchange().map_err(io::Error::from) {
        Ok(()) => {
            // The earlier bundle has the temporary name now.
            if !earlier.strangers(&new)?.is_empty() {
                exchange()?;
                return Err(io::Error::other("a file appeared in it"));
            }
            return earlier.remove(&new);
        }
        Err(error) if is_refusal(&error) => return Err(error),
        Err(_) => {}
    }
    let aside = temporary.set_aside(out)?;
    match fs::rename(out, &aside) {
        Ok(()) => {
            fs::rename(&new, out)?;
            return earlier.remove(&aside);
        }
        Err(error) if is_refusal(&error) => return Err(error),
        Err(_) => {}
    }
    // An overlay file system renames no directory of a lower layer (EXDEV). Without its manifest, the
    // earlier bundle is none any more.
    fs::create_dir(&aside)?;
    if !earlier.is_empty() {
        fs::rename(out.join(MANIFEST), aside.join(MANIFEST))?;
    }
    earlier.remove(out)?;
    fs::rename(&new, out)
}

/// Whether a call failed for another reason than a file system that does not know how: the next one
/// would fail too, when the earlier bundle is gone already.
fn is_refusal(error: &io::Error) -> bool {
    use io::ErrorKind::{CrossesDevices, InvalidInput, Unsupported};
    !matches!(error.kind(), CrossesDevices | InvalidInput | Unsupported)
}
