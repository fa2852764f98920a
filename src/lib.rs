//! wheelbarrow: lift what pip left in a builder stage into a small final stage.
pub mod elf;
pub mod finding;
pub mod loader;
pub mod path;
pub mod root;
