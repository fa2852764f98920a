//! Temporary directories that leave nothing behind: not after an error, not after a signal, and not
//! for longer than until the next run after a kill.
//!
//! Each has a file that marks it, and its process holds a lock (flock(2)) on that file. A mark without
//! a lock belongs to a process that is gone. The content is one level below, so that it gets its
//! final name without the mark.
//!
//! Invariant: only directories of the same user with a mark are removed, and no link is followed.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "one place makes and removes temporary directories"
)]

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

/// The beginning of the name of every temporary directory.
pub const PREFIX: &str = ".wheelbarrow-";
const MARK: &str = "unfinished";
const TEXT: &str =
    "wheelbarrow works in this directory. The next run removes it if this one is gone.\n";
const CONTENT: &str = "content";
/// What had the final name before; see [`Temporary::set_aside`].
const ASIDE: &str = "aside";
/// Another run may remove a directory between its creation and its mark, at most this often.
const ATTEMPTS: usize = 8;

/// The temporary directories of this process.
static LIVE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn live() -> MutexGuard<'static, Vec<PathBuf>> {
    LIVE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A directory that is removed when this is dropped.
pub struct Temporary {
    top: PathBuf,
    /// Holds the lock.
    _mark: File,
}

impl Temporary {
    /// Makes a directory in `parent`, and removes those of runs that are gone.
    ///
    /// # Errors
    /// Nothing can be created in `parent`.
    pub fn create_in(parent: &Path) -> io::Result<Temporary> {
        remove_abandoned(parent);
        let mut all = live();
        for _ in 0..ATTEMPTS {
            let top = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?.keep();
            let made = mark(&top).and_then(|mark| {
                fs::create_dir(top.join(CONTENT))?;
                Ok(mark)
            });
            match made {
                Ok(mark) => {
                    all.push(top.clone());
                    return Ok(Temporary { top, _mark: mark });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    remove(&top);
                    return Err(error);
                }
            }
        }
        Err(io::Error::other("another process removes it"))
    }

    /// The directory to fill.
    pub fn content(&self) -> PathBuf {
        self.top.join(CONTENT)
    }

    /// Where something can be set aside that has `place` now, once the content is complete. If this
    /// process ends before the content has that place, the next run finishes or undoes it.
    ///
    /// # Errors
    /// Nothing can be created.
    pub(crate) fn set_aside(&self, place: &Path) -> io::Result<PathBuf> {
        let aside = self.top.join(ASIDE);
        fs::create_dir(&aside)?;
        Ok(aside.join(place.file_name().unwrap_or_default()))
    }

    /// Runs `publish`, which gives the content its final name. A signal waits until that is done.
    pub(crate) fn publish<T>(&self, publish: impl FnOnce() -> T) -> T {
        let _waits = live();
        publish()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let mut all = live();
        finish(&self.top);
        remove(&self.top);
        all.retain(|top| *top != self.top);
    }
}

/// Makes the mark of a new directory, and locks it.
fn mark(top: &Path) -> io::Result<File> {
    let path = top.join(MARK);
    fs::write(&path, TEXT)?;
    let file = File::open(&path)?;
    file.lock()?;
    // Another run may have had the lock before, and removed the file.
    let there = fs::symlink_metadata(&path)?;
    if there.ino() == file.metadata()?.ino() {
        Ok(file)
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Removes every temporary directory of this process, before it ends. No other is made from now on.
pub fn remove_all() {
    let all = live();
    for top in all.iter() {
        // Other threads may still write: what they make after a try fails the next one.
        (0..1000).any(|_| remove(top));
    }
    std::mem::forget(all);
}

/// Removes a directory, the mark last. Whether nothing of it is left.
fn remove(top: &Path) -> bool {
    for part in [CONTENT, ASIDE] {
        let _ = fs::remove_dir_all(top.join(part));
    }
    fs::remove_dir_all(top).is_ok() || fs::symlink_metadata(top).is_err()
}

/// Removes the directories in `parent` whose process is gone. One that cannot be removed is left to
/// a run that can.
fn remove_abandoned(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(is_own_name) {
            let top = entry.path();
            // Without a mark, it is one of another kind, or was killed before it had anything.
            match lock_abandoned(&top) {
                Ok(Some(_lock)) => {
                    finish(&top);
                    remove(&top);
                }
                Ok(None) => {}
                Err(_) => _ = fs::remove_dir(&top),
            }
        }
    }
}

/// Whether a name is of the form that `create_in` makes.
fn is_own_name(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX);
    random.is_some_and(|one| one.len() == 6 && one.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The lock of a directory whose process is gone; `None` if it is not, or if another user made it. One
/// that has no mark, or has none any more, is an error.
fn lock_abandoned(top: &Path) -> io::Result<Option<File>> {
    let meta = fs::symlink_metadata(top)?;
    if !meta.is_dir() || meta.uid() != rustix::process::geteuid().as_raw() {
        return Ok(None);
    }
    let no_link = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let mark = File::options().read(true).custom_flags(no_link).open(top.join(MARK))?;
    let text = io::read_to_string(&mark)?;
    if text != TEXT && !(text.is_empty() && fs::read_dir(top)?.count() == 1) {
        return Ok(None);
    }
    match mark.try_lock() {
        // It was killed before its mark had the text, and has nothing else.
        Ok(()) if text.is_empty() => {
            fs::remove_file(top.join(MARK))?;
            Err(io::ErrorKind::NotFound.into())
        }
        Ok(()) => Ok(Some(mark)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Finishes a replacement that was interrupted: the complete content gets the place, or else what had
/// it before. Parts that were set aside alone are put back.
fn finish(top: &Path) {
    let (Ok(entries), Some(parent)) = (fs::read_dir(top.join(ASIDE)), top.parent()) else { return };
    for entry in entries.flatten() {
        let (aside, place) = (entry.path(), parent.join(entry.file_name()));
        if is_free(&place) {
            let finished = fs::rename(top.join(CONTENT), &place);
            let _ = finished.or_else(|_| fs::rename(&aside, &place));
        } else if let Ok(parts) = fs::read_dir(&aside) {
            for part in parts.flatten().filter(|part| is_free(&place.join(part.file_name()))) {
                let _ = fs::rename(part.path(), place.join(part.file_name()));
            }
        }
    }
}

fn is_free(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}
