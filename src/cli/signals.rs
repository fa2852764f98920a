//! The signals that ask a program to end.
//!
//! Invariant: a signal leaves no temporary directory, and the exit status is 128 with its number, as
//! shells have it.

use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use wheelbarrow::temporary;

/// From now on these signals clean up before the program ends.
pub(crate) fn clean_up() {
    // Where the system allows no handler, the next run cleans up.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            temporary::remove_all();
            std::process::exit(128 + signal);
        }
    });
}
