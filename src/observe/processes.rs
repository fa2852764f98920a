//! The processes of a tree as those see them that signal it: another thread, when the time is over.
//!
//! Invariant: a signal goes to processes of the tree alone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashSet;
use rustix::process::{Pid, Signal, kill_process};

/// The time from SIGTERM to SIGKILL, as `docker stop` has it.
const GRACE: Duration = Duration::from_secs(10);

/// The processes that have not ended.
pub(super) struct Processes {
    root: Pid,
    all: Mutex<FxHashSet<Pid>>,
    is_over: AtomicBool,
}

impl Processes {
    pub(super) fn new(root: Pid) -> Processes {
        Processes {
            root,
            all: Mutex::new(FxHashSet::from_iter([root])),
            is_over: AtomicBool::new(false),
        }
    }

    pub(super) fn add(&self, pid: Pid) {
        self.lock().insert(pid);
    }

    pub(super) fn remove(&self, pid: Pid) {
        self.lock().remove(&pid);
    }

    /// Sends a signal to every process. One that has just ended needs none.
    pub(super) fn send(&self, signal: Signal) {
        for pid in self.lock().iter() {
            let _ = kill_process(*pid, signal);
        }
    }

    /// Sends a signal to the command itself.
    pub(super) fn send_to_command(&self, signal: Signal) {
        let _ = kill_process(self.root, signal);
    }

    /// Ends every process when the time is over, unless the sender of `done` is gone before.
    pub(super) fn end_after(&self, limit: Duration, done: &Receiver<()>) {
        if done.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            self.is_over.store(true, Ordering::Relaxed);
            self.send(Signal::TERM);
            if done.recv_timeout(GRACE) == Err(RecvTimeoutError::Timeout) {
                self.send(Signal::KILL);
            }
        }
    }

    /// Whether the time was over.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, FxHashSet<Pid>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
