//! One wheel, opened and checked: its archive and its metadata.
//!
//! Everything that can be checked without unpacking is checked here: names, kinds, sizes, and
//! whether RECORD lists the files of the archive. Contents are compared with their hashes during
//! installation.
//!
//! Invariant: only this module names the zip crate, and `install` reads through it. It writes
//! nothing. The memory it uses is bounded by the directory of the archive and the metadata files.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Seek};

use zip::read::{ZipArchive, ZipReadOptions};
use zip::result::ZipError;

use super::entry::Entry;
use super::file_name::WheelName;
use super::limits::{
    LARGEST_METADATA, LARGEST_RATIO, LARGEST_RECORD_LINE, MOST_ENTRIES, SMALL_EXPANSION,
};
use super::record::{self, Recorded};
use super::refusal::{Refusal, Refused, WheelError};
use crate::python::{
    EntryPoint, Metadata, normalised_name, parse_entry_points, parse_metadata, parse_wheel,
};

/// `NAME_MAX` of every Linux file system.
const LONGEST_COMPONENT: usize = 255;

/// A wheel that passed every check that does not need unpacking.
pub struct Archive<R> {
    pub(super) name: WheelName,
    zip: ZipArchive<R>,
    /// The files by name; directories are not included.
    pub(super) entries: BTreeMap<String, Entry>,
    pub(super) record: BTreeMap<String, Recorded>,
    /// The `.dist-info` directory: `flask-3.0.3.dist-info`.
    pub(super) dist_info: String,
    pub(super) metadata: Metadata,
    pub(super) entry_points: Vec<EntryPoint>,
    pub(super) warnings: Vec<String>,
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the directory and the metadata of the wheel in `reader`, whose file name is `name`.
    ///
    /// # Errors
    /// Anything that the zip format (APPNOTE 6.3), the wheel format (PEP 427) or this program does
    /// not allow.
    pub fn read(reader: R, name: WheelName) -> Result<Archive<R>, WheelError> {
        let wheel = name.file.clone();
        Archive::checked(reader, name).map_err(|(entry, refusal)| WheelError {
            wheel,
            entry,
            refusal,
        })
    }

    fn checked(mut reader: R, name: WheelName) -> Result<Archive<R>, Refused> {
        let length = reader.seek(io::SeekFrom::End(0)).map_err(|why| Refusal::Read(why).whole())?;
        let mut zip = open(reader)?;
        let (entries, directories) = entries(&zip)?;
        if let Some((file, _)) = entries.iter().find(|(name, _)| directories.contains(*name)) {
            return Err(Refusal::FileAsDirectory { path: file.clone() }.at(format!("{file}/")));
        }
        let size = entries.values().fold(0_u64, |sum, entry| sum.saturating_add(entry.size));
        if size > SMALL_EXPANSION && size / LARGEST_RATIO > length {
            return Err(Refusal::Expands { size }.whole());
        }
        check_headers(&mut zip)?;
        let dist_info = dist_info(&entries, &name)?;
        let mut archive = Archive {
            name,
            zip,
            entries,
            record: BTreeMap::new(),
            dist_info,
            metadata: Metadata::default(),
            entry_points: Vec::new(),
            warnings: Vec::new(),
        };
        archive.read_metadata()?;
        Ok(archive)
    }

    /// The fields of METADATA, whose hash is not checked yet.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn read_metadata(&mut self) -> Result<(), Refused> {
        let name = self.in_dist_info("WHEEL");
        let (wheel, _) = parse_wheel(&self.text(&name)?);
        self.warnings
            .extend(check_format(wheel.format.as_deref()).map_err(|refusal| refusal.at(name))?);
        let name = self.in_dist_info("METADATA");
        (self.metadata, _) = parse_metadata(&self.text(&name)?);
        let said = |field: &Option<String>| field.clone().unwrap_or_default();
        check_identity(&said(&self.metadata.name), &said(&self.metadata.version), &self.name)
            .map_err(|refusal| refusal.at(name))?;
        let name = self.in_dist_info("RECORD");
        self.record = record::read(&self.text(&name)?).map_err(|refusal| refusal.at(name))?;
        record::check(&self.record, &self.entries, &self.dist_info)?;
        let name = self.in_dist_info("entry_points.txt");
        if self.entries.contains_key(&name) {
            let (entry_points, problems) = parse_entry_points(&self.text(&name)?);
            self.entry_points = entry_points;
            self.warnings.extend(problems);
        }
        Ok(())
    }

    pub(super) fn in_dist_info(&self, name: &str) -> String {
        format!("{}/{name}", self.dist_info)
    }

    /// The complete bytes of a metadata file.
    fn text(&mut self, name: &str) -> Result<Vec<u8>, Refused> {
        let entry = *self.entries.get(name).ok_or_else(|| Refusal::Missing.at(name))?;
        let lines = if name.ends_with("/RECORD") { self.entries.len() as u64 } else { 0 };
        let limit = LARGEST_METADATA + lines * LARGEST_RECORD_LINE;
        if entry.size > limit {
            return Err(Refusal::LargeMetadata { size: entry.size, limit }.at(name));
        }
        let mut text = Vec::new();
        // One byte more than declared shows that the declaration is wrong.
        let read = self.content(entry).and_then(|content| {
            content.take(entry.size + 1).read_to_end(&mut text).map_err(damaged)
        });
        read.map_err(|refusal| refusal.at(name))?;
        let right = text.len() as u64 == entry.size;
        if right {
            Ok(text)
        } else {
            Err(Refusal::Size { expected: entry.size, source_of_size: "the archive" }.at(name))
        }
    }

    /// The unpacked bytes of `entry`; the last read fails if their CRC is wrong.
    pub(super) fn content(&mut self, entry: Entry) -> Result<impl Read + use<'_, R>, Refusal> {
        self.zip.by_index(entry.index).map_err(refused)
    }
}

/// Reads the directory into memory: it has some hundred bytes for each entry.
fn open<R: Read + Seek>(reader: R) -> Result<ZipArchive<R>, Refused> {
    let zip = ZipArchive::new(reader).map_err(|error| refused(error).whole())?;
    if zip.len() > MOST_ENTRIES {
        return Err(Refusal::TooManyEntries { found: zip.len() }.whole());
    }
    if zip.has_duplicate_names() {
        let start = zip.central_directory_start();
        let name = first_repeated(zip.into_inner(), start).unwrap_or_default();
        return Err(Refusal::Duplicate.at(String::from_utf8_lossy(&name)));
    }
    Ok(zip)
}

/// The first name that occurs twice in the directory at `start`: the zip crate keeps one of the
/// entries and does not report it. Only the lengths of the three fields of each header are used
/// (APPNOTE 4.3.12).
fn first_repeated(mut reader: impl Read + Seek, start: u64) -> Option<Vec<u8>> {
    let mut names = BTreeSet::new();
    reader.seek(io::SeekFrom::Start(start)).ok()?;
    loop {
        let mut header = [0; 46];
        reader.read_exact(&mut header).ok()?;
        let length = |at| u16::from_le_bytes([header[at], header[at + 1]]);
        let mut name = vec![0; length(28).into()];
        reader.read_exact(&mut name).ok()?;
        reader.seek_relative(i64::from(length(30)) + i64::from(length(32))).ok()?;
        if let Some(name) = names.replace(name) {
            return Some(name);
        }
    }
}

/// The files by name, and the names of directories. An entry of any other kind is refused.
fn entries<R: Read + Seek>(
    zip: &ZipArchive<R>,
) -> Result<(BTreeMap<String, Entry>, BTreeSet<String>), Refused> {
    let (mut files, mut directories) = (BTreeMap::new(), BTreeSet::new());
    for index in 0..zip.len() {
        let data = zip.by_index_data(index).map_err(|error| refused(error).whole())?;
        let raw = data.name_raw();
        let shown = || String::from_utf8_lossy(raw).into_owned();
        let name = plain_name(raw).map_err(|why| Refusal::Name { why }.at(shown()))?;
        let mode = data.external_attributes() >> 16;
        let directory = kind(name, mode).map_err(|refusal| refusal.at(name))?;
        if data.encrypted() {
            return Err(Refusal::Encrypted.at(name));
        }
        if ![zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated]
            .contains(&data.compression())
        {
            return Err(Refusal::Compression.at(name));
        }
        if let Some(directory) = directory {
            directories.insert(directory.to_owned());
        } else {
            let executable = mode & FORMAT == REGULAR && mode & 0o111 != 0;
            files.insert(name.to_owned(), Entry { index, size: data.size(), executable });
        }
    }
    Ok((files, directories))
}

const FORMAT: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

/// The name of a directory without its slash; `None` for a file. The mode is zero if the archive
/// was made on a system without modes.
fn kind(name: &str, mode: u32) -> Result<Option<&str>, Refusal> {
    match (name.strip_suffix('/'), mode & FORMAT) {
        (_, LINK) => Err(Refusal::Link),
        (Some(directory), 0 | DIRECTORY) => Ok(Some(directory)),
        (None, 0 | REGULAR) => Ok(None),
        _ => Err(Refusal::Special),
    }
}

/// The name, if it is a relative path with the same meaning on every system; otherwise the reason.
fn plain_name(raw: &[u8]) -> Result<&str, &'static str> {
    let name = std::str::from_utf8(raw).map_err(|_| "is not UTF-8")?;
    let drive = name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && name.as_bytes().get(1) == Some(&b':');
    let why = if name.is_empty() {
        "is empty"
    } else if name.starts_with('/') {
        "is absolute"
    } else if drive {
        "begins with a drive letter"
    } else if name.contains('\\') {
        "has a backslash"
    } else if name.contains(char::is_control) {
        "has a control character"
    } else {
        let mut components = name.strip_suffix('/').unwrap_or(name).split('/');
        let wrong = components.find_map(|component| match component {
            "" | "." => Some("has an empty component"),
            ".." => Some("leads out of the directory it is unpacked to"),
            _ if component.len() > LONGEST_COMPONENT => {
                Some("has a component longer than 255 bytes")
            }
            _ => None,
        });
        return wrong.map_or(Ok(name), Err);
    };
    Err(why)
}

/// Another reader may use the header before each entry, so these headers must agree with the
/// directory. No two entries may share bytes, as those of a zip bomb do.
fn check_headers<R: Read + Seek>(zip: &mut ZipArchive<R>) -> Result<(), Refused> {
    let Err(error) = zip.validate_header_consistency() else { return Ok(()) };
    let options = || ZipReadOptions::new().enforce_header_consistency(true);
    let bad = (0..zip.len()).find(|index| zip.by_index_with_options(*index, options()).is_err());
    let entry =
        bad.and_then(|index| zip.name_for_index(index)?.ok()).map(std::borrow::Cow::into_owned);
    Err((entry, refused(error)))
}

/// The one top-level `.dist-info` directory, which must belong to `name`.
fn dist_info(entries: &BTreeMap<String, Entry>, name: &WheelName) -> Result<String, Refused> {
    let tops = entries.keys().filter_map(|entry| entry.split_once('/')).map(|(top, _)| top);
    let found: BTreeSet<&str> = tops.filter(|top| top.ends_with(".dist-info")).collect();
    let [only] = found.iter().collect::<Vec<_>>()[..] else {
        return Err(Refusal::DistInfo { found: found.len() }.whole());
    };
    let stem = only.strip_suffix(".dist-info").unwrap_or(only);
    check_stem(stem, name).map_err(|refusal| refusal.at(*only))?;
    Ok((*only).to_owned())
}

/// Checks `{name}-{version}`, with which the directories for installers begin.
pub(super) fn check_stem(stem: &str, name: &WheelName) -> Result<(), Refusal> {
    let (written, version) = stem.rsplit_once('-').unwrap_or((stem, ""));
    check_identity(written, &version.replace('_', "-"), name)
}

fn check_identity(written: &str, version: &str, name: &WheelName) -> Result<(), Refusal> {
    let same = normalised_name(written) == name.key
        && version.parse().is_ok_and(|version: pep440_rs::Version| version == name.version);
    if same {
        Ok(())
    } else {
        Err(Refusal::Identity { found: format!("{:?}", format!("{written} {version}")) })
    }
}

/// Checks `Wheel-Version`: a greater major version is refused; a greater minor version gives a
/// warning.
fn check_format(version: Option<&str>) -> Result<Option<String>, Refusal> {
    let version = version.ok_or(Refusal::NoFormat)?;
    let numbers = version
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?)));
    match numbers {
        Some((1, 0)) => Ok(None),
        Some((1, _)) => Ok(Some(format!(
            "has version {version} of the wheel format; it is installed as version 1.0"
        ))),
        _ => Err(Refusal::Format { version: version.to_owned() }),
    }
}

fn refused(error: ZipError) -> Refusal {
    match error {
        ZipError::Io(error) => damaged(error),
        // Only the text: the message of the error begins with words that the refusal already has.
        ZipError::InvalidArchive(why) => Refusal::Damaged { source: why.into() },
        other => Refusal::Damaged { source: other.into() },
    }
}

/// Whether a read failed because the data is damaged, not because of the disk.
pub(super) fn damaged(error: io::Error) -> Refusal {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    match error.kind() {
        InvalidData | InvalidInput | Other | UnexpectedEof => {
            Refusal::Damaged { source: error.into() }
        }
        _ => Refusal::Read(error),
    }
}
