//! The base of the final stage, by `--base-root` or `--base`.
//!
//! Invariant: a base that was typed and cannot be read is an error, never an unknown base.

use std::path::Path;

use wheelbarrow::base::{self, Profile};

use super::arguments::FinalImage;
use super::host;
use super::trouble::Trouble;

/// The profile of the final root, when one is named.
pub(crate) fn read(typed: &FinalImage) -> Result<Option<Profile>, Trouble> {
    if let Some(path) = &typed.base_root {
        return Ok(Some(base::read(&host::open_root(path)?)));
    }
    let Some(typed) = &typed.base else { return Ok(None) };
    if let Some(profile) = base::find(typed) {
        return Ok(Some(profile));
    }
    let trouble = |message: String| {
        Trouble::new(
            message,
            "mount the image: --base-root DIR, or write its profile: wheelbarrow base --root DIR > profile.json",
        )
    };
    let text = host::read_file(Path::new(typed)).map_err(|error| {
        if error.kind() != std::io::ErrorKind::NotFound {
            return trouble(format!("--base {typed}: {error}"));
        }
        let nearest = base::nearest(typed)
            .map_or_else(|| base::names().join(", "), |name| format!("the nearest is {name}"));
        trouble(format!("--base {typed}: no such file, and no profile of exactly this image ships with wheelbarrow ({nearest})"))
    })?;
    base::parse_profile(&text)
        .map(Some)
        .map_err(|error| trouble(format!("--base {typed}: {error}")))
}
