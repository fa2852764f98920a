//! Looks at the files of the environment: kind, `#!` line, magic bytes, source.
//!
//! Invariant: a file is opened once here. The loader opens ELF files again.

use super::FileFact;
use super::sources::{SourceAnswers, SourceReader};
use crate::elf::MAGIC;
use crate::path::{RealPath, WrittenPath};
use crate::python::{self, Script};
use crate::root::{Entry, Kind, Root, RootError};

/// The bytes in which the `#!` line and the coding of a script are looked for.
const START: usize = 1024;

/// Reads files, each of them once.
pub(super) struct FileReader<'a> {
    pub(super) root: &'a Root,
    /// `None` if nobody asks what code opens or mentions.
    pub(super) sources: Option<SourceReader>,
}

/// The facts that are in a file, not in its directory.
#[derive(Default)]
struct Inside {
    elf: bool,
    script: Option<Script>,
    source: Option<Box<SourceAnswers>>,
}

impl FileReader<'_> {
    /// The facts of an entry that is seen at `path`, and the error if it cannot be read.
    pub(super) fn look_at(
        &self,
        path: RealPath,
        Entry { path: origin, meta }: Entry,
        owner: Option<usize>,
        recorded_hash: Option<String>,
    ) -> (FileFact, Option<RootError>) {
        let mut inside = Ok(Inside::default());
        let mut leads_to = Ok(None);
        match &meta.kind {
            Kind::File => inside = self.read(&origin, path.name().ends_with(".py")),
            Kind::Link(target) => leads_to = follow_link(self.root, &origin, target),
            _ => {}
        }
        let (inside, error) = split(inside);
        let Inside { elf, script, source } = inside;
        let (leads_to, other) = split(leads_to);
        let fact = FileFact {
            path,
            meta,
            owner,
            recorded_hash,
            script,
            elf,
            leads_to,
            provider: None,
            source,
        };
        (fact, error.or(other))
    }

    /// The script, ELF and source facts of a file, by its `#!` and its magic bytes: the x bit and the
    /// name prove nothing. Only sources are read to the end.
    fn read(&self, path: &RealPath, is_module: bool) -> Result<Inside, RootError> {
        let content = self.root.open(path)?;
        let size = usize::try_from(content.size()).unwrap_or(usize::MAX);
        let sources = self.sources.as_ref();
        let is_whole = is_module && sources.is_some();
        let mut bytes = vec![0; if is_whole { size } else { size.min(START) }];
        let read = |bytes: &mut [u8], offset: usize| {
            let count = content.read_at(bytes, offset as u64);
            count.map_err(|error| RootError::io(path, "read", error))
        };
        read(&mut bytes, 0)?;
        let elf = bytes.starts_with(MAGIC);
        let script = python::parse_script(&bytes[..bytes.len().min(START)]);
        let mut source = None;
        if let Some(sources) = sources
            && !elf
            && (is_module || script.is_some())
        {
            let start = bytes.len();
            bytes.resize(size, 0);
            read(&mut bytes[start..], start)?;
            source = sources.read(&bytes, is_module);
        }
        Ok(Inside { elf, script, source })
    }
}

/// The value or an empty one, and the error.
fn split<T: Default>(result: Result<T, RootError>) -> (T, Option<RootError>) {
    match result {
        Ok(value) => (value, None),
        Err(error) => (T::default(), Some(error)),
    }
}

/// The next path on the way of a link, as the kernel goes. A loop leads nowhere.
fn follow_link(root: &Root, path: &RealPath, target: &str) -> Result<Option<RealPath>, RootError> {
    match root.resolve(&WrittenPath::from(path)) {
        Ok(None) | Err(RootError::Loop { .. }) => return Ok(None),
        Ok(Some(_)) => {}
        Err(error) => return Err(error),
    }
    let next = WrittenPath::from(path).directory().join(target);
    Ok(root.resolve_parent(&next)?.map(|found| found.path))
}
