//! `wheelbarrow init`: a Dockerfile for the project in the current directory.

use std::path::Path;

use wheelbarrow::finding::Finding;
use wheelbarrow::project::{self, Base, Choice};

use crate::cli::arguments::{BaseKind, InitArguments};
use crate::cli::host;
use crate::cli::streams::{self, print_error};
use crate::cli::trouble::Trouble;

/// Prints the Dockerfile; standard error says what was found and what to do next.
pub(crate) fn run(typed: &InitArguments) -> Result<Vec<Finding>, Trouble> {
    let base = match typed.base {
        BaseKind::Alpine => Base::Alpine,
        BaseKind::Slim => Base::Slim,
        BaseKind::Distroless => Base::Distroless,
        BaseKind::Scratch => Base::Scratch,
    };
    let project = project::read(&host::open_root(Path::new("."))?)?;
    let recipe = project::decide(&project, &Choice { base, python: typed.python })?;
    streams::print_file(&project::dockerfile(&recipe))?;
    print_error(&project::summary(&recipe));
    Ok(Vec::new())
}
