//! Valid and hostile archives, made in memory, then read and installed.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests look at the written files"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zip::write::{FileOptions, SimpleFileOptions, ZipWriter};

use super::*;

mod hostile;
mod sound;

const INFO: &str = "a-1.dist-info";
const SITE: &str = "lib/python3.11/site-packages";
const HEADER: &str = "#!/v/bin/python\n";

/// A wheel before it is zipped. RECORD is made from the entries and may then be edited.
struct Draft {
    /// Name, content, external attributes.
    entries: Vec<(String, Vec<u8>, u32)>,
    edits: Vec<(String, String)>,
}

impl Draft {
    fn new() -> Draft {
        Draft { entries: Vec::new(), edits: Vec::new() }
            .with(
                &format!("{INFO}/WHEEL"),
                "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            )
            .with(
                &format!("{INFO}/METADATA"),
                "Metadata-Version: 2.1\nName: A\nVersion: 1.0\n\nText\n",
            )
            .with("a.py", "print(1)\n")
    }

    fn with(self, name: &str, content: &str) -> Draft {
        self.entry(name, content, 0o100_644)
    }

    fn entry(mut self, name: &str, content: &str, mode: u32) -> Draft {
        self.entries.retain(|(other, ..)| other != name);
        self.entries.push((name.to_owned(), content.as_bytes().to_vec(), mode << 16));
        self
    }

    fn without(mut self, name: &str) -> Draft {
        self.entries.retain(|(other, ..)| other != name);
        self
    }

    /// Replaces a part of the text of RECORD.
    fn record(mut self, from: &str, to: &str) -> Draft {
        self.edits.push((from.to_owned(), to.to_owned()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut record = String::new();
        for (name, content, _) in self.entries.iter().filter(|(name, ..)| !name.ends_with('/')) {
            record += &format!(
                "{name},sha256={},{}\n",
                URL_SAFE_NO_PAD.encode(Sha256::digest(content)),
                content.len()
            );
        }
        record += &format!("{INFO}/RECORD,,\n");
        for (from, to) in &self.edits {
            assert!(record.contains(from), "{from} is not in {record}");
            record = record.replace(from, to);
        }
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let record = (format!("{INFO}/RECORD"), record.into_bytes(), 0o100_644 << 16);
        for (name, content, attributes) in self.entries.iter().chain([&record]) {
            let options: SimpleFileOptions = FileOptions::default();
            zip.start_file(
                name,
                options
                    .compression_method(zip::CompressionMethod::Deflated)
                    .external_attributes(*attributes),
            )
            .unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }
}

/// Installs an archive named `a-1-py3-none-any.whl`.
fn installed(bytes: &[u8], top: &Path) -> Result<Installed, WheelError> {
    let name = WheelName::parse("a-1-py3-none-any.whl").unwrap();
    let mut archive = Archive::read(Cursor::new(bytes), name)?;
    install(&mut archive, &Prefix { directory: top, python: "python3.11", header: HEADER }, false)
}

/// The files below `top` with mode and contents.
fn tree(top: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let files = walkdir::WalkDir::new(top)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file());
    files
        .map(|entry| {
            let name = entry.path().strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            (
                name,
                (
                    entry.metadata().unwrap().permissions().mode() & 0o7777,
                    fs::read(entry.path()).unwrap(),
                ),
            )
        })
        .collect()
}
