//! The text files of a `.dist-info` directory: METADATA, WHEEL, RECORD and entry_points.txt.
//!
//! Each parser returns the parts that it understood and one sentence for each part that it did not.
//! Wheels of a decade are in use: a broken line is to be expected and must not hide the other
//! lines.
//!
//! Invariant: no input, truncated or not, makes a parser panic or fail as a whole; no I/O.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::problems::{Problems, excerpt};
use crate::path::RealPath;

/// The length that Linux gives a path (`PATH_MAX`), in bytes.
const LONGEST_PATH: usize = 4096;

/// The fields of METADATA that wheelbarrow uses (core metadata, PEP 566).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// `Name` as written; `None` if the field is missing.
    pub name: Option<String>,
    /// `Version` as written; `None` if the field is missing.
    pub version: Option<String>,
    /// `Requires-Dist` lines as written.
    pub requires: Vec<String>,
}

/// The fields of WHEEL that wheelbarrow uses (PEP 427).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wheel {
    /// `Wheel-Version` as written: `1.0`.
    pub format: Option<String>,
    /// True only if the file has `Root-Is-Purelib: true`: nothing else proves that there is no
    /// native code.
    pub purelib: bool,
    /// The `Tag` lines: `py3-none-any`.
    pub tags: Vec<String>,
}

/// One line of RECORD (PEP 376).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordEntry {
    /// The file, resolved against the site directory.
    pub path: RealPath,
    /// `sha256=...` as written. RECORD itself and byte code have none.
    pub hash: Option<String>,
    /// The size in bytes.
    pub size: Option<u64>,
}

/// One line of entry_points.txt for which installers create a script.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryPoint {
    /// The name of the script as written; it may contain a slash.
    pub name: String,
    /// The object that it runs: `module:attribute [extra]`.
    pub object: String,
}

/// Reads METADATA: the fields, and one sentence for each line that is not understood. The
/// description after the first empty line is ignored.
pub fn parse_metadata(text: &[u8]) -> (Metadata, Vec<String>) {
    let (headers, problems) =
        parse_headers(text, "METADATA", &["name", "version", "requires-dist"]);
    let mut metadata = Metadata::default();
    for (key, value) in headers {
        match key.as_str() {
            _ if value.is_empty() => {}
            "name" => metadata.name = metadata.name.or(Some(value)),
            "version" => metadata.version = metadata.version.or(Some(value)),
            "requires-dist" => metadata.requires.push(value),
            _ => {}
        }
    }
    (metadata, problems)
}

/// Reads WHEEL: the fields, and one sentence for each line that is not understood.
pub fn parse_wheel(text: &[u8]) -> (Wheel, Vec<String>) {
    let (headers, problems) =
        parse_headers(text, "WHEEL", &["wheel-version", "root-is-purelib", "tag"]);
    let mut wheel = Wheel::default();
    for (key, value) in headers {
        match key.as_str() {
            "wheel-version" => wheel.format = Some(value),
            "root-is-purelib" => wheel.purelib = value.eq_ignore_ascii_case("true"),
            "tag" if !value.is_empty() => wheel.tags.push(value),
            _ => {}
        }
    }
    (wheel, problems)
}

/// The e-mail headers with these keys, which are in lower case. They are parsed one by one, because
/// `mailparse::parse_headers` returns nothing at all if one of them is malformed.
fn parse_headers(
    text: &[u8],
    file: &'static str,
    keys: &[&str],
) -> (Vec<(String, String)>, Vec<String>) {
    let mut headers = Vec::new();
    let mut problems = Problems::of(file);
    let mut chunk: Vec<u8> = Vec::new();
    let mut finish = |chunk: &mut Vec<u8>| {
        let header = parse_header(chunk, &mut problems);
        headers.extend(header.filter(|(key, _)| keys.contains(&key.as_str())));
        chunk.clear();
    };
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            if chunk.is_empty() { continue } else { break }
        }
        // A line that begins with a blank continues the header before it (RFC 5322, 2.2.3).
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            finish(&mut chunk);
        }
        chunk.extend_from_slice(line);
    }
    finish(&mut chunk);
    (headers, problems.finish())
}

fn parse_header(chunk: &[u8], problems: &mut Problems) -> Option<(String, String)> {
    let shown = || String::from_utf8_lossy(chunk).trim().chars().take(60).collect::<String>();
    if chunk.is_empty() {
        return None;
    }
    let header = mailparse::parse_header(chunk).ok().filter(|_| chunk.contains(&b':'));
    let Some((header, _)) = header else {
        problems.add(|| format!("has a line that is not a header: {:?}", shown()));
        return None;
    };
    // PEP 566 requires UTF-8; mailparse's own `get_value` would guess encoded words.
    let value = header.get_value_raw();
    if std::str::from_utf8(value).is_err() {
        problems.add(|| format!("is not UTF-8: {:?}", shown()));
    }
    let value = String::from_utf8_lossy(value);
    let value: Vec<&str> = value.lines().map(str::trim).collect();
    Some((header.get_key().trim().to_ascii_lowercase(), value.join(" ").trim().to_owned()))
}

/// Reads RECORD: its lines, and one sentence for each line that is not understood. Paths are
/// resolved against `site`, the directory that contains the `.dist-info`.
pub fn parse_record(text: &[u8], site: &RealPath) -> (Vec<RecordEntry>, Vec<String>) {
    let mut entries = Vec::new();
    let mut problems = Problems::of("RECORD");
    let mut rest = text;
    while !rest.is_empty() {
        let Some(at) = parse_records(rest, site, &mut entries, &mut problems) else { break };
        // A quote that is never closed swallows the following lines: skip its own line only.
        let line = &rest[at..];
        let end =
            line.iter().position(|byte| *byte == b'\n').map_or(line.len(), |newline| newline + 1);
        if !line[..end].trim_ascii().is_empty() {
            problems.add(|| bad_line(&line[..end]));
        }
        rest = &line[end..];
    }
    (entries, problems.finish())
}

/// Reads lines until a record spans several; returns where that record begins.
fn parse_records(
    text: &[u8],
    site: &RealPath,
    entries: &mut Vec<RecordEntry>,
    problems: &mut Problems,
) -> Option<usize> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        if record.as_slice().contains(&b'\n') {
            let start = record.position().map_or(0, csv::Position::byte);
            return Some(usize::try_from(start).unwrap_or(text.len()).min(text.len()));
        }
        match parse_record_line(&record, site) {
            Some(entry) => entries.push(entry),
            None => problems.add(|| bad_line(&record.iter().collect::<Vec<_>>().join(&b','))),
        }
    }
    None
}

fn bad_line(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    format!("has a line that cannot be understood: {}", excerpt(line.trim_end()))
}

fn parse_record_line(record: &csv::ByteRecord, site: &RealPath) -> Option<RecordEntry> {
    let field =
        |index| std::str::from_utf8(record.get(index).unwrap_or_default()).map(str::trim).ok();
    let (hash, size) = (field(1)?, field(2)?);
    let path = std::str::from_utf8(record.get(0)?).ok()?;
    if record.len() > 3 || path.is_empty() {
        return None;
    }
    Some(RecordEntry {
        path: resolve_recorded(site, path)?,
        hash: (!hash.is_empty()).then(|| hash.to_owned()),
        size: if size.is_empty() { None } else { Some(size.parse().ok()?) },
    })
}

/// A SHA-256 digest as RECORD has it: `sha256=` and URL-safe base64 without padding.
pub fn recorded_hash(digest: &[u8]) -> String {
    format!("sha256={}", URL_SAFE_NO_PAD.encode(digest))
}

/// The text of a RECORD with these lines, each with path, hash and size.
pub fn record_text(lines: impl IntoIterator<Item = [String; 3]>) -> String {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    for line in lines {
        writer.write_record(line).expect("memory takes it");
    }
    String::from_utf8(writer.into_inner().expect("memory takes it")).expect("paths are UTF-8")
}

/// The file of a RECORD line. The resolution is lexical: `site` has no links, and installers write
/// `..` for the parent directory of the scheme. `None` for the root itself and for a text that is
/// not a path, or is longer than any.
pub fn resolve_recorded(site: &RealPath, written: &str) -> Option<RealPath> {
    if written.contains('\0') || written.len() > LONGEST_PATH {
        return None;
    }
    let start = if written.starts_with('/') { RealPath::root() } else { site.clone() };
    let path = written.split('/').fold(start, |path, part| match part {
        "" | "." => path,
        ".." => path.parent().unwrap_or_else(RealPath::root),
        name => path.join(name),
    });
    (path != RealPath::root()).then_some(path)
}

/// Reads entry_points.txt: the scripts of `console_scripts`, then `gui_scripts`, and one sentence
/// for each line that is not understood (PyPA "Entry points specification": sections, and names that
/// the first `=` ends).
pub fn parse_entry_points(text: &[u8]) -> (Vec<EntryPoint>, Vec<String>) {
    let text = String::from_utf8_lossy(text);
    let (mut console, mut gui) = (Vec::new(), Vec::new());
    let mut problems = Problems::of("entry_points.txt");
    let mut section = "";
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim();
            continue;
        }
        let pair =
            line.split_once('=').map(|(name, object)| (name.trim_end(), object.trim_start()));
        match pair.filter(|(name, _)| !name.is_empty() && !name.starts_with('[')) {
            Some((name, object)) => {
                let point = EntryPoint { name: name.to_owned(), object: object.to_owned() };
                match section {
                    "console_scripts" => console.push(point),
                    "gui_scripts" => gui.push(point),
                    _ => {}
                }
            }
            None => {
                problems.add(|| format!("has a line that cannot be understood: {}", excerpt(line)));
            }
        }
    }
    console.extend(gui);
    (console, problems.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> RealPath {
        RealPath::known("/venv/lib/python3.11/site-packages")
    }

    #[test]
    fn headers_of_metadata() {
        let text = b"Metadata-Version: 2.1\r\nName: Foo\r\nno header\r\nVersion: 1.0\r\nRequires-Dist: bar\r\n  >=1\r\nLicense: a\r\n\r\nName: in the body\r\n";
        let (metadata, problems) = parse_metadata(text);
        assert_eq!(
            (metadata.name.as_deref(), metadata.version.as_deref()),
            (Some("Foo"), Some("1.0"))
        );
        assert_eq!(metadata.requires, ["bar >=1"]);
        assert_eq!(problems, ["METADATA has a line that is not a header: \"no header\""]);
        let (metadata, problems) = parse_metadata(b"Name: a\nAuthor: J\xfcrgen\nVersion: 2\n");
        assert_eq!((metadata.version.as_deref(), problems.len()), (Some("2"), 1));
        assert_eq!(parse_metadata(b""), (Metadata::default(), Vec::new()));
    }

    #[test]
    fn lines_of_wheel() {
        let (wheel, problems) = parse_wheel(
            b"Wheel-Version: 1.0\nRoot-Is-Purelib: True\nTag: py2-none-any\nTag: py3-none-any\n\n",
        );
        assert_eq!(
            (wheel.purelib, wheel.tags.clone(), problems.len()),
            (true, vec!["py2-none-any".to_owned(), "py3-none-any".to_owned()], 0)
        );
        assert_eq!(wheel.format.as_deref(), Some("1.0"));
        assert!(!parse_wheel(b"").0.purelib);
    }

    #[test]
    fn lines_of_record() {
        for (line, expect) in [
            ("a/b.py,sha256=x,3", "/venv/lib/python3.11/site-packages/a/b.py sha256=x 3"),
            ("../../../bin/x,,", "/venv/bin/x - -"),
            ("/usr/x,,", "/usr/x - -"),
            ("\"a,b\",,", "/venv/lib/python3.11/site-packages/a,b - -"),
            ("./a", "/venv/lib/python3.11/site-packages/a - -"),
            ("../../../../../../../x,,", "/x - -"),
            ("a,sha256=x,many", "bad"),
            ("a,b,c,d", "bad"),
            (",,", "bad"),
            ("/..,,", "bad"),
        ] {
            let (entries, problems) = parse_record(line.as_bytes(), &site());
            let shown = entries.iter().map(|entry| {
                let size = entry.size.map_or("-".to_owned(), |size| size.to_string());
                format!("{} {} {size}", entry.path, entry.hash.as_deref().unwrap_or("-"))
            });
            assert_eq!(
                shown.chain(problems.iter().map(|_| "bad".to_owned())).collect::<Vec<_>>(),
                [expect],
                "{line}"
            );
        }
    }

    #[test]
    fn a_bad_line_costs_that_line() {
        let text = b"a,,\r\n\r\n\"b,,\r\nc\xff,,\r\n\0,,\nd,,\r\n\"e,,";
        let (entries, problems) = parse_record(text, &site());
        let names: Vec<&str> = entries.iter().map(|entry| entry.path.name()).collect();
        assert_eq!(names[..2], ["a", "d"]);
        assert!(problems.len() >= 3, "{problems:?}");
    }

    #[test]
    fn entry_points() {
        let (scripts, problems) = parse_entry_points(
            b"# c\n[console_scripts]\nb = m:main\n  a-x = m:x [extra]\njunk\n[broken\n\n[gui_scripts]\n../g=m:g\n = m:n\n[other]\no = m\n",
        );
        let scripts: Vec<String> =
            scripts.iter().map(|script| format!("{} {}", script.name, script.object)).collect();
        assert_eq!(
            (scripts.join(", ").as_str(), problems.len()),
            ("b m:main, a-x m:x [extra], ../g m:g", 3)
        );
    }

    #[test]
    fn no_truncation_panics() {
        let text = b"Name: a\xc3\xa9\r\n x\nVersion:1\n:\n[console_scripts]\na = b\n\"q,,\"\"\n\xff,,\n../../..,sha256=,1\r\n";
        for start in 0..text.len() {
            for end in start..=text.len() {
                let part = &text[start..end];
                let _ = (
                    parse_metadata(part),
                    parse_wheel(part),
                    parse_record(part, &site()),
                    parse_entry_points(part),
                );
            }
        }
    }
}
