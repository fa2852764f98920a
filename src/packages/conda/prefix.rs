//! Files of conda packages that contain the prefix of their installation, rewritten for another
//! prefix.
//!
//! rattler replaces prefixes in the same way as conda, mamba and pixi do at installation.
//!
//! Invariant: no I/O. A string in a binary keeps its place, and is refused if the new prefix does
//! not fit.

use rattler::install::link::{
    CStringOccurrences, copy_and_replace_cstring_placeholder, copy_and_replace_textual_placeholder,
    find_cstring_occurrences,
};
use rattler_conda_types::Subdir;
use rattler_conda_types::package::OffsetEncoding;

use crate::packages::Embedding;

/// The bytes of a file with `from` replaced by the prefix `to`, as rattler installs it there.
///
/// # Errors
/// A sentence, if the prefix does not fit or the file cannot be rewritten.
pub fn with_prefix(bytes: &[u8], from: &Embedding, to: &str) -> Result<Vec<u8>, String> {
    let mut changed = Vec::with_capacity(bytes.len());
    let result = if !from.binary {
        copy_and_replace_textual_placeholder(
            bytes,
            &mut changed,
            &from.prefix,
            to,
            &Subdir::Linux64,
        )
    } else if to.len() <= from.prefix.len() {
        copy_and_replace_cstring_placeholder(bytes, &mut changed, &from.prefix, to)
    } else {
        let more = from.room.saturating_sub(from.prefix.len());
        let placeholder = from.prefix.clone() + &"_".repeat(more);
        let restored = restored(bytes, &from.prefix, &placeholder)?;
        copy_and_replace_cstring_placeholder(&restored, &mut changed, &placeholder, to)
    };
    result.map(|()| changed).map_err(|error| error.to_string())
}

/// The file with its placeholder instead of a shorter prefix. The placeholder uses the zeros that
/// the installer wrote after each string when it put the prefix there.
fn restored(bytes: &[u8], prefix: &str, placeholder: &str) -> Result<Vec<u8>, String> {
    let mut restored = Vec::with_capacity(bytes.len());
    let mut done = 0;
    for CStringOccurrences { offsets, nul_pos, encoding } in find_cstring_occurrences(bytes, prefix)
    {
        let grows = offsets.len() * (placeholder.len() - prefix.len());
        let end = nul_pos + grows;
        let has_room =
            bytes.get(nul_pos..=end).is_some_and(|room| room.iter().all(|byte| *byte == 0));
        if encoding != OffsetEncoding::Utf8 || !has_room {
            return Err(format!(
                "the string at offset {} is too short for a longer prefix",
                offsets[0]
            ));
        }
        for offset in offsets {
            restored.extend_from_slice(&bytes[done..offset]);
            restored.extend_from_slice(placeholder.as_bytes());
            done = offset + prefix.len();
        }
        restored.extend_from_slice(&bytes[done..nul_pos]);
        done = end;
    }
    restored.extend_from_slice(&bytes[done..]);
    Ok(restored)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embedding(binary: bool, room: usize) -> Embedding {
        Embedding { prefix: "/opt/env".to_owned(), room, binary }
    }

    #[test]
    fn text_may_grow_and_binaries_keep_their_length() {
        let text = with_prefix(
            b"root = /opt/env/lib\n",
            &embedding(false, usize::MAX),
            "/opt/a/longer/one",
        )
        .unwrap();
        assert_eq!(text, b"root = /opt/a/longer/one/lib\n");
        let shorter =
            with_prefix(b"x\0/opt/env/lib:/opt/env/lib64\0y", &embedding(true, 8), "/app").unwrap();
        assert_eq!(shorter, b"x\0/app/lib:/app/lib64\0\0\0\0\0\0\0\0\0y");
    }

    #[test]
    fn the_placeholder_can_have_any_length() {
        let long = embedding(true, 100_000);
        let refused = with_prefix(b"x\0/opt/env/lib\0", &long, "/opt/application");
        assert!(refused.unwrap_err().contains("is too short for a longer prefix"));
    }

    #[test]
    fn a_longer_prefix_fits_where_the_placeholder_was() {
        let mut installed = Vec::new();
        let original =
            b"x\0/placehold_placehold/lib:/placehold_placehold/l\0y\0/placehold_placehold\0z";
        copy_and_replace_cstring_placeholder(
            original,
            &mut installed,
            "/placehold_placehold",
            "/opt/env",
        )
        .unwrap();
        let longer = with_prefix(&installed, &embedding(true, 20), "/opt/application").unwrap();
        let mut direct = Vec::new();
        copy_and_replace_cstring_placeholder(
            original,
            &mut direct,
            "/placehold_placehold",
            "/opt/application",
        )
        .unwrap();
        assert_eq!(longer, direct);
        let refused = with_prefix(b"/opt/env/lib\0full", &embedding(true, 20), "/opt/application")
            .unwrap_err();
        assert_eq!(refused, "the string at offset 0 is too short for a longer prefix");
    }
}
