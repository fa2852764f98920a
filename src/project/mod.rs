//! A Dockerfile for a Python project: what `wheelbarrow init` prints.
//!
//! ```text
//! project directory ──read──▶ Project ──decide──▶ Recipe ──render──▶ Dockerfile
//!                             (facts)    (pure)            (templates/)
//! ```
//!
//! [`Project`] is everything that the files of the project say: what is declared, locked and named
//! in
//! its source. [`Recipe`] is the decision: the images, the installer, the build packages and the
//! command that starts the program, each with where it comes from.
//!
//! Invariant: nothing is run and nothing is written; no text of the project reaches the Dockerfile
//! unless it passed the grammar of its kind (a name, an identifier, a plain path); nothing is
//! guessed
//! in silence.

mod build;
mod conda;
mod error;
mod facts;
mod image;
mod install;
mod lock;
mod manifest;
mod recipe;
mod render;
mod requirements;
mod source;
mod start;
mod text;
mod version;

#[cfg(test)]
mod tests;

pub use error::ProjectError;
pub use facts::{Project, read};
pub use image::{Base, Minor};
pub use recipe::{Choice, Recipe, decide};
pub use render::{dockerfile, summary};
