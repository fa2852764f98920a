//! Projects as text, and the Dockerfiles that they give.

mod dockerfiles;
mod starts;

use super::{Base, Choice, Minor, Project, ProjectError, Recipe, decide, read};
use crate::root::Root;
use crate::root::memory::Memory;

/// A project of these files, by path and content.
fn project(files: &[(&str, &str)]) -> Project {
    let mut memory = Memory::default();
    for (path, content) in files {
        memory.file(&format!("/{path}"), *content);
    }
    read(&Root::new(memory)).unwrap()
}

fn recipe(files: &[(&str, &str)], base: Base, python: Option<u8>) -> Result<Recipe, ProjectError> {
    decide(&project(files), &Choice { base, python: python.map(Minor) })
}
