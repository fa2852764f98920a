//! The signals that ask a program to end.
//!
//! Invariant: a signal leaves no temporary directory, and the exit status is 128 with its number, as
//! shells have it. A signal that this program was started to ignore, as `nohup` does, is ignored.

use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use wheelbarrow::temporary;

use super::host;

/// From now on these signals clean up before the program ends.
pub(crate) fn clean_up() {
    // Where the system allows no handler, the next run cleans up.
    let ignored = host::ignored_signals();
    let heeded = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|one| ignored >> (one - 1) & 1 == 0);
    let Ok(mut signals) = Signals::new(heeded) else { return };
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            temporary::remove_all();
            std::process::exit(128 + signal);
        }
    });
}
