//! Shared by the tests: the program and the text of its output, trees of files, and the lab.
//!
//! Invariant: nothing here asserts anything about wheelbarrow. Each test states its expectation.

pub mod engine;
pub mod lab;
mod program;
mod tree;

pub use program::{
    Transcript, bundle_fixture, compile, exit_code, program, python, run, shown, wheelbarrow,
};
pub use tree::{Dump, copy, distribution, dump, fixture, fixture_copy, sha256, write};

/// The beginning of the line with advice that every failure has.
pub const ADVICE: &str = "\n  help: ";
/// `nobody` of Debian and Alpine: root may read everything, so tests of permissions run as this user.
pub const NOBODY: u32 = 65534;
