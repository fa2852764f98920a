//! Unpacks a wheel to the places an installer would use, below a directory that stands for an
//! environment.
//!
//! The places of all files are decided before anything is written. Two entries that would become
//! the same file are therefore always found.
//!
//! Invariant: only files below the given directory are written, never through a link. No file has
//! contents whose hash is not in the wheel's RECORD. An entry is never held in memory as a whole.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "wheels are unpacked into a temporary directory"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::archive::{Archive, check_stem, damaged};
use super::entry::Entry;
use super::record::{self, Recorded, UNLISTED};
use super::refusal::{Refusal, Refused, WheelError};
use super::scripts::{PLACEHOLDER, is_wrapper};
use crate::path::RealPath;
use crate::python;

/// The number of bytes that are unpacked at a time.
const BLOCK: usize = 64 * 1024;
/// Files of `.dist-info` that describe an installation: only the installer may write them.
const INSTALLERS: [&str; 3] = ["INSTALLER", "REQUESTED", "direct_url.json"];

/// The place where wheels are installed.
#[derive(Clone, Copy, Debug)]
pub struct Prefix<'a> {
    /// An existing directory of this host that stands for `sys.prefix`. Use a new one: an install
    /// that fails leaves its files, and the caller removes them together with the directory.
    pub directory: &'a Path,
    /// The directory below `lib/`, one component: `python3.11` or `python3.13t`.
    pub python: &'a str,
    /// The first lines of every script, with a newline; they replace `#!python`. See
    /// [`crate::python::relocatable_header`] and [`crate::python::absolute_header`].
    pub header: &'a str,
}

/// The result of an install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The path from the prefix: `/lib/python3.11/site-packages/flask-3.0.3.dist-info`.
    pub dist_info: RealPath,
    /// Every written file, as a path from the prefix, with RECORD.
    pub files: Vec<RealPath>,
    /// Those of them that an earlier wheel had installed. The last wheel wins, as with pip.
    pub replaced: Vec<RealPath>,
    /// Sentences about the wheel, which is their subject.
    pub warnings: Vec<String>,
}

/// Installs `archive` below `prefix`. `requested` means that the user asked for it by name.
///
/// # Errors
/// Two files with the same path, contents that do not match RECORD, and failed reads and writes.
pub fn install<R: Read + Seek>(
    archive: &mut Archive<R>,
    prefix: &Prefix,
    requested: bool,
) -> Result<Installed, WheelError> {
    let wheel = archive.name.file.clone();
    let mut writer = Writer {
        top: prefix.directory,
        made: BTreeSet::new(),
        written: BTreeMap::new(),
        replaced: Vec::new(),
    };
    let layout = Layout {
        site: RealPath::root().join("lib").join(prefix.python).join("site-packages"),
        prefix,
        requested,
    };
    let dist_info = layout.site.join(&archive.dist_info);
    let mut run = || -> Result<(), Refused> {
        for (path, source) in layout.plan(archive)? {
            let shown = source.shown(&path);
            let written = match source {
                Source::Entry { name, entry, script } => {
                    let recorded = archive
                        .record
                        .get(&name)
                        .cloned()
                        .ok_or_else(|| Refusal::NotRecorded.at(&name))?;
                    let mode = if script || entry.executable { 0o755 } else { 0o644 };
                    let header = script.then_some(prefix.header);
                    archive.content(entry).and_then(|content| {
                        writer.stream(&path, mode, content, entry, &recorded, header)
                    })
                }
                Source::Text { text, mode, .. } => writer.text(&path, mode, &text),
            };
            written.map_err(|refusal| refusal.at(shown))?;
        }
        let own = dist_info.join("RECORD");
        let text = record::text(&own, &writer.written);
        writer.text(&own, 0o644, &text).map_err(|refusal| refusal.at(own.relative()))
    };
    run().map_err(|(entry, refusal)| WheelError { wheel, entry, refusal })?;
    let Writer { written, replaced, .. } = writer;
    Ok(Installed {
        dist_info,
        files: written.into_keys().collect(),
        replaced,
        warnings: archive.warnings.clone(),
    })
}

/// The source of a file's contents.
#[derive(Clone, Debug)]
enum Source {
    Entry { name: String, entry: Entry, script: bool },
    Text { made_from: String, text: String, mode: u32 },
}

impl Source {
    /// The name of the file in messages.
    fn shown(&self, path: &RealPath) -> String {
        match self {
            Source::Entry { name, .. } => name.clone(),
            Source::Text { made_from, .. } if made_from.is_empty() => path.relative().to_owned(),
            Source::Text { made_from, .. } => made_from.clone(),
        }
    }
}

/// The places of all parts of a wheel.
struct Layout<'a> {
    site: RealPath,
    prefix: &'a Prefix<'a>,
    requested: bool,
}

impl Layout<'_> {
    /// Every file to write except RECORD, by its path from the prefix.
    fn plan<R: Read + Seek>(
        &self,
        archive: &Archive<R>,
    ) -> Result<BTreeMap<RealPath, Source>, Refused> {
        let mut plan = BTreeMap::new();
        let dist_info = self.site.join(&archive.dist_info);
        let text = |made_from: &str, text: &str, mode| Source::Text {
            made_from: made_from.to_owned(),
            text: text.to_owned(),
            mode,
        };
        place(&mut plan, dist_info.join("INSTALLER"), text("", "wheelbarrow\n", 0o644))?;
        if self.requested {
            place(&mut plan, dist_info.join("REQUESTED"), text("", "", 0o644))?;
        }
        let mut launchers = BTreeMap::new();
        for entry_point in &archive.entry_points {
            let name = entry_point.name.as_str();
            if name.contains(['/', '\\'])
                || name.contains(char::is_control)
                || [".", ".."].contains(&name)
                || name.len() > 255
            {
                return Err(Refusal::Name { why: "is not allowed for a script" }.at(name));
            }
            let content = python::make_launcher(entry_point, self.prefix.header);
            let content = content.ok_or_else(|| {
                Refusal::EntryPoint { object: entry_point.object.clone() }.at(name)
            })?;
            // A console script and a GUI script may have the same name.
            if launchers.insert(name, content.clone()).is_none_or(|other| other != content) {
                place(
                    &mut plan,
                    RealPath::root().join("bin").join(name),
                    text(name, &content, 0o755),
                )?;
            }
        }
        for (name, entry) in &archive.entries {
            if let Some((path, script)) =
                self.destination(archive, name).map_err(|refusal| refusal.at(name))?
            {
                place(
                    &mut plan,
                    path,
                    Source::Entry { name: name.clone(), entry: *entry, script },
                )?;
            }
        }
        self.check(&plan, &dist_info)?;
        Ok(plan)
    }

    /// The place of an entry, and whether it is a script; `None` for an entry that is not
    /// installed.
    fn destination<R>(
        &self,
        archive: &Archive<R>,
        name: &str,
    ) -> Result<Option<(RealPath, bool)>, Refusal> {
        let (top, rest) = name.split_once('/').unwrap_or(("", name));
        if top == archive.dist_info && (INSTALLERS.contains(&rest) || UNLISTED.contains(&rest)) {
            return Ok(None);
        }
        let Some(stem) = top.strip_suffix(".data") else {
            return Ok(Some((self.site.descend(name), false)));
        };
        check_stem(stem, &archive.name).map_err(|_| Refusal::ForeignData)?;
        let (scheme, path) = rest.split_once('/').ok_or(Refusal::Scheme)?;
        let root = RealPath::root();
        let directory = match scheme {
            "purelib" | "platlib" => self.site.clone(),
            "scripts" if is_wrapper(path, &archive.entry_points) => return Ok(None),
            "scripts" => root.join("bin"),
            "headers" => {
                // The names in METADATA and in the file name differ only in case and separators.
                let name = archive.metadata.name.as_deref().unwrap_or(&archive.name.name);
                root.join("include").join("site").join(self.prefix.python).join(name.trim())
            }
            "data" => root,
            _ => return Err(Refusal::Scheme),
        };
        Ok(Some((directory.descend(path), scheme == "scripts")))
    }

    /// Refuses a file at a path that must be a directory, and files that no wheel may write.
    fn check(
        &self,
        plan: &BTreeMap<RealPath, Source>,
        dist_info: &RealPath,
    ) -> Result<(), Refused> {
        let root = RealPath::root();
        let bin = root.join("bin");
        let reserved = [
            root.join("pyvenv.cfg"),
            bin.join("python"),
            bin.join("python3"),
            bin.join(self.prefix.python),
            dist_info.join("RECORD"),
        ];
        for (path, source) in plan {
            let foreign_dist_info = || {
                let top = path.below(&self.site).and_then(|below| below.split('/').next());
                top.is_some_and(|top| top.ends_with(".dist-info"))
                    && path.below(dist_info).is_none()
            };
            if reserved.contains(path) || foreign_dist_info() {
                return Err(Refusal::Reserved { path: path.to_string() }.at(source.shown(path)));
            }
            if let Some(file) = path.ancestors().find(|above| plan.contains_key(above)) {
                return Err(
                    Refusal::FileAsDirectory { path: file.to_string() }.at(source.shown(path))
                );
            }
        }
        Ok(())
    }
}

fn place(
    plan: &mut BTreeMap<RealPath, Source>,
    path: RealPath,
    source: Source,
) -> Result<(), Refused> {
    let shown = source.shown(&path);
    match plan.insert(path.clone(), source) {
        Some(other) => {
            Err(Refusal::Collision { other: other.shown(&path), path: path.to_string() }.at(shown))
        }
        None => Ok(()),
    }
}

/// The only code here that writes.
struct Writer<'a> {
    top: &'a Path,
    made: BTreeSet<RealPath>,
    /// The SHA-256 and the size of each file.
    written: BTreeMap<RealPath, (Vec<u8>, u64)>,
    replaced: Vec<RealPath>,
}

impl Writer<'_> {
    fn text(&mut self, path: &RealPath, mode: u32, text: &str) -> Result<(), Refusal> {
        let mut file = self.file(path, mode).map_err(Refusal::Write)?;
        file.write_all(text.as_bytes()).map_err(Refusal::Write)?;
        self.written.insert(path.clone(), (Sha256::digest(text).to_vec(), text.len() as u64));
        Ok(())
    }

    /// Writes the unpacked `content`, if it matches its declaration. `header` replaces the
    /// interpreter line of a Python script.
    fn stream(
        &mut self,
        path: &RealPath,
        mode: u32,
        mut content: impl Read,
        entry: Entry,
        recorded: &Recorded,
        header: Option<&str>,
    ) -> Result<(), Refusal> {
        let hash = recorded.hash.as_deref().ok_or(Refusal::NoHash)?;
        let mut promised = record::algorithm(hash)?;
        let mut file = self.file(path, mode).map_err(Refusal::Write)?;
        let (mut digest, mut written, mut read) = (Sha256::new(), 0, 0_u64);
        let mut block = vec![0; BLOCK];
        let (mut first, mut in_shebang) = (true, false);
        loop {
            let count = fill(&mut content, &mut block).map_err(damaged)?;
            read += count as u64;
            if read > entry.size || (count == 0 && read < entry.size) {
                return Err(Refusal::Size { expected: entry.size, source_of_size: "the archive" });
            }
            if count == 0 {
                break;
            }
            let mut rest = &block[..count];
            promised.update(rest);
            let mut write = |bytes: &[u8]| {
                digest.update(bytes);
                written += bytes.len() as u64;
                file.write_all(bytes).map_err(Refusal::Write)
            };
            if let Some(header) =
                header.filter(|_| std::mem::take(&mut first) && rest.starts_with(PLACEHOLDER))
            {
                write(header.as_bytes())?;
                in_shebang = true;
            }
            if in_shebang {
                let end = memchr::memchr(b'\n', rest);
                in_shebang = end.is_none();
                rest = end.map_or(&[], |newline| &rest[newline + 1..]);
            }
            write(rest)?;
        }
        if !record::promised(hash, &promised.finalize()) {
            return Err(Refusal::Hash);
        }
        self.written.insert(path.clone(), (digest.finalize().to_vec(), written));
        Ok(())
    }

    /// Creates a file, in place of that of another wheel, independent of the umask.
    fn file(&mut self, path: &RealPath, mode: u32) -> io::Result<File> {
        self.directories(path)?;
        let host = self.top.join(path.relative());
        let create = || File::options().write(true).create_new(true).mode(mode).open(&host);
        let file = create().or_else(|error| {
            // The old file is removed first: writing through a link or to a hard link would change
            // another file.
            if error.kind() != io::ErrorKind::AlreadyExists
                || !fs::symlink_metadata(&host)?.is_file()
            {
                return Err(error);
            }
            fs::remove_file(&host)?;
            self.replaced.push(path.clone());
            create()
        })?;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        Ok(file)
    }

    /// Creates the parents of `path` with mode 0755. One that exists must be a directory, not a
    /// link to one.
    fn directories(&mut self, path: &RealPath) -> io::Result<()> {
        let mut missing: Vec<RealPath> =
            path.ancestors().take_while(|parent| !self.made.contains(parent)).collect();
        missing.retain(|parent| *parent != RealPath::root());
        while let Some(parent) = missing.pop() {
            let host = self.top.join(parent.relative());
            match fs::DirBuilder::new().mode(0o755).create(&host) {
                Ok(()) => fs::set_permissions(&host, fs::Permissions::from_mode(0o755))?,
                Err(error)
                    if error.kind() == io::ErrorKind::AlreadyExists
                        && fs::symlink_metadata(&host)?.is_dir() => {}
                Err(error) => return Err(error),
            }
            self.made.insert(parent);
        }
        Ok(())
    }
}

/// Reads until `block` is full or the input ends.
fn fill(content: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < block.len() {
        match content.read(&mut block[count..]) {
            Ok(0) => break,
            Ok(read) => count += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}
