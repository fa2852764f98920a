//! The program: the command line over the library `wheelbarrow`.
//!
//! Invariant: the command line alone reads the process environment, prints, and knows host paths.

#![forbid(unsafe_code)]

mod cli;

/// A static binary has no other allocator than that of its libc, which threads share badly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run()
}
