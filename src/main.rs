//! The binary: everything is in the library.

/// A static binary has no other allocator than that of its libc, which threads share badly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    wheelbarrow::cli::main()
}
