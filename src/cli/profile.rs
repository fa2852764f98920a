//! The base of the final stage, from `--base-root` or `--base`.
//!
//! Invariant: a base that is given and cannot be read is an error, never an unknown base.

use std::path::Path;

use wheelbarrow::base::{self, Profile};
use wheelbarrow::root::Image;

use super::arguments::FinalImage;
use super::host;
use super::trouble::Trouble;

/// The profile of a mounted root.
pub(crate) fn read_root(path: &Path) -> Result<Profile, Trouble> {
    base::read(&host::open_root(path)?).map_err(|error| {
        let message = format!("cannot read the final root {}: {error}", path.display());
        Trouble::new(message, "run wheelbarrow as a user that may read it")
    })
}

/// The profile of the final root; `None` if neither option is given.
pub(crate) fn read(typed: &FinalImage) -> Result<Option<Profile>, Trouble> {
    if let Some(path) = &typed.base_root {
        return read_root(path).map(Some);
    }
    let Some(typed) = &typed.base else { return Ok(None) };
    if let Some(profile) = base::find(typed) {
        return Ok(Some(profile));
    }
    if Image::is_at(Path::new(typed)) {
        return read_root(Path::new(typed)).map(Some);
    }
    let trouble = |message: String| {
        Trouble::new(
            message,
            "give the image as docker save writes it, its root mounted with --base-root DIR, or what wheelbarrow base printed about it",
        )
    };
    let text = host::read_file(Path::new(typed)).map_err(|error| {
        if error.kind() != std::io::ErrorKind::NotFound {
            return trouble(format!("--base {typed}: {error}"));
        }
        let exact = base::exact(typed);
        if !exact.is_empty() {
            return Trouble::new(
                format!("--base {typed}: this tag moves from one release of its distribution to the next"),
                format!("name the exact tag in FROM and in --base: {}", exact.join(" or ")),
            );
        }
        let nearest = base::nearest(typed)
            .map_or_else(|| base::names().join(", "), |name| format!("the nearest is {name}"));
        trouble(format!(
            "--base {typed}: there is no such file, and wheelbarrow has no profile of exactly this image ({nearest})"
        ))
    })?;
    base::parse_profile(&text)
        .map(Some)
        .map_err(|error| trouble(format!("--base {typed}: {error}")))
}
