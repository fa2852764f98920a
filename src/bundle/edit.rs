//! Applies the edits of a file. Each is a view of the content before it, so the file is written in
//! one pass.
//!
//! Invariant: nothing is written here. An edit that does not apply leaves the content unchanged or
//! is an error.

use std::io;

use super::BundleError;
use crate::elf::{self, PathChanges, WhenNone};
use crate::packages::{Embedding, with_prefix};
use crate::path::RealPath;
use crate::plan::Edit;
use crate::root::Content;

/// A content after its edits.
pub(crate) struct Edited {
    /// The content to write.
    pub(crate) content: Box<dyn Content>,
    /// The number of new bytes at the start, which are not in the builder's file.
    pub(crate) header: usize,
    /// Whether the content differs from the builder's file.
    pub(crate) is_changed: bool,
    /// The size of the removed debug sections in bytes.
    pub(crate) stripped: u64,
    /// The reason why debug sections could not be removed as planned.
    pub(crate) not_stripped: Option<&'static str>,
}

/// Applies the edits, in their order, to the content of the file at `from`.
///
/// # Errors
/// The content cannot be read, has no room for a prefix, or has no dynamic section for a run path.
pub(crate) fn apply(
    content: Box<dyn Content>,
    from: &RealPath,
    edits: &[Edit],
) -> Result<Edited, BundleError> {
    let mut edited =
        Edited { content, header: 0, is_changed: false, stripped: 0, not_stripped: None };
    for edit in edits {
        edited = match edit {
            Edit::Script { cut, header } => replace_header(edited, *cut, header),
            Edit::Prefix { embedded, prefix } => replace_prefix(edited, from, embedded, prefix)?,
            Edit::Strip => strip(edited),
            Edit::RunPath { directories, replaced, needed, inherits } => {
                let (added, replaced) = (directories.clone(), replaced.clone());
                let changes = PathChanges { added, replaced, needed: needed.clone() };
                change_paths(edited, from, &changes, *inherits)?
            }
        };
    }
    Ok(edited)
}

/// A content with other first bytes.
struct WithHeader {
    header: Vec<u8>,
    content: Box<dyn Content>,
    /// The number of bytes that the header replaces.
    cut: u64,
}

impl Content for WithHeader {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let length = self.header.len() as u64;
        let done = if offset < length { self.header.read_at(buffer, offset)? } else { 0 };
        let rest = (offset + done as u64).saturating_sub(length);
        Ok(done + self.content.read_at(&mut buffer[done..], self.cut + rest)?)
    }

    fn size(&self) -> u64 {
        self.header.len() as u64 + self.content.size().saturating_sub(self.cut)
    }
}

fn replace_header(edited: Edited, cut: usize, header: &str) -> Edited {
    let content = WithHeader { header: header.into(), content: edited.content, cut: cut as u64 };
    Edited { content: Box::new(content), header: header.len(), is_changed: true, ..edited }
}

/// Replaces a prefix. The whole file is in memory, because rattler needs it so; such files are few.
fn replace_prefix(
    edited: Edited,
    from: &RealPath,
    embedded: &Embedding,
    prefix: &RealPath,
) -> Result<Edited, BundleError> {
    let before = read_all(edited.content.as_ref()).map_err(BundleError::write("read", from))?;
    let failed = |why| BundleError::Prefix { path: from.clone(), prefix: prefix.clone(), why };
    let after = with_prefix(&before, embedded, prefix.as_str()).map_err(failed)?;
    Ok(Edited { content: Box::new(after), is_changed: true, ..edited })
}

fn read_all(content: &dyn Content) -> io::Result<Vec<u8>> {
    let size = usize::try_from(content.size()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut bytes = vec![0; size];
    let count = content.read_at(&mut bytes, 0)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// Removes debug sections, unless this would not be safe.
fn strip(edited: Edited) -> Edited {
    let before = edited.content.size();
    match elf::strip(edited.content) {
        Ok(content) => {
            let stripped = before - content.size();
            Edited { content: Box::new(content), is_changed: true, stripped, ..edited }
        }
        Err((content, not_stripped)) => Edited { content, not_stripped, ..edited },
    }
}

/// Changes the paths to libraries. Only the changed bytes are in memory.
fn change_paths(
    edited: Edited,
    from: &RealPath,
    changes: &PathChanges,
    inherits: bool,
) -> Result<Edited, BundleError> {
    let when_none = if inherits { WhenNone::RPath } else { WhenNone::RunPath };
    let edits = elf::change_paths(edited.content.as_ref(), changes, when_none)
        .map_err(|source| BundleError::RunPath { path: from.clone(), source })?;
    let content = elf::Edited { content: edited.content, edits };
    Ok(Edited { content: Box::new(content), is_changed: true, ..edited })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(cut: usize, header: &str) -> Edit {
        Edit::Script { cut, header: header.to_owned() }
    }

    #[test]
    fn a_header_replaces_the_first_bytes_however_it_is_read() {
        for (text, cut, header, expect) in [
            ("#!/venv/python\nrun()\n", 15, "#!/opt/python\n", "#!/opt/python\nrun()\n"),
            ("#!/x\n", 5, "#!/opt/python\n", "#!/opt/python\n"),
            ("run()\n", 0, "", "run()\n"),
        ] {
            let content = Box::new(text.as_bytes().to_vec());
            let edited = apply(content, &RealPath::known("/x"), &[script(cut, header)]).unwrap();
            assert_eq!(edited.content.size(), expect.len() as u64);
            assert_eq!((edited.header, edited.is_changed), (header.len(), true));
            for size in [1, 3, 100] {
                let (mut all, mut piece) = (Vec::new(), vec![0; size]);
                while let Ok(count @ 1..) = edited.content.read_at(&mut piece, all.len() as u64) {
                    all.extend(&piece[..count]);
                }
                assert_eq!(String::from_utf8(all).unwrap(), expect, "in pieces of {size}");
            }
        }
    }

    #[test]
    fn a_file_without_edits_is_the_builders() {
        let edited = apply(Box::new(b"text".to_vec()), &RealPath::known("/x"), &[]).unwrap();
        assert!(!edited.is_changed && edited.content.size() == 4);
        // A file that cannot be stripped is not changed.
        let content = Box::new(b"text".to_vec());
        let edited = apply(content, &RealPath::known("/x"), &[Edit::Strip]).unwrap();
        assert!(!edited.is_changed && edited.not_stripped.is_some());
    }
}
