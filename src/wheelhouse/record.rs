//! The RECORD of a wheel, which promises a hash for each file, and the RECORD that an installer
//! writes (PEP 376, 427).
//!
//! Invariant: after [`check`] every file that is installed has exactly one trusted hash.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::digest::DynDigest;
use sha2::{Sha256, Sha384, Sha512};

use super::entry::Entry;
use super::refusal::{Refusal, Refused};
use crate::path::RealPath;
use crate::python::{parse_record, record_text, recorded_hash};

/// RECORD and its signatures, which cannot list themselves.
pub(super) const UNLISTED: [&str; 3] = ["RECORD", "RECORD.jws", "RECORD.p7s"];

/// The promise of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recorded {
    /// `sha256=...` as written, without padding; `None` for RECORD itself.
    pub hash: Option<String>,
    pub size: Option<u64>,
}

/// Reads RECORD by file name. An installer cannot ignore a line that it does not understand.
pub(super) fn read(text: &[u8]) -> Result<BTreeMap<String, Recorded>, Refusal> {
    let top = RealPath::known("/wheel");
    let (entries, problems) = parse_record(text, &top);
    if let Some(why) = problems.into_iter().next() {
        return Err(Refusal::Record { why });
    }
    let mut record = BTreeMap::new();
    for entry in entries {
        let Some(name) = entry.path.below(&top).filter(|name| !name.is_empty()) else {
            return Err(Refusal::Record {
                why: format!("lists {:?}, which is outside the wheel", entry.path.as_str()),
            });
        };
        let promise = Recorded {
            hash: entry.hash.map(|hash| hash.trim_end_matches('=').to_owned()),
            size: entry.size,
        };
        // A repeated line promises nothing new.
        if record.insert(name.to_owned(), promise.clone()).is_some_and(|other| other != promise) {
            return Err(Refusal::Record { why: format!("lists {name:?} twice, differently") });
        }
    }
    Ok(record)
}

/// Checks that RECORD lists exactly the files of the archive, each with a trusted hash and the size
/// that the archive declares.
pub(super) fn check(
    record: &BTreeMap<String, Recorded>,
    entries: &BTreeMap<String, Entry>,
    dist_info: &str,
) -> Result<(), Refused> {
    let unlisted = |name: &str| {
        name.strip_prefix(dist_info)
            .and_then(|rest| rest.strip_prefix('/'))
            .is_some_and(|rest| UNLISTED.contains(&rest))
    };
    for (name, entry) in entries.iter().filter(|(name, _)| !unlisted(name)) {
        let recorded = record.get(name).ok_or_else(|| Refusal::NotRecorded.at(name))?;
        let hash = recorded.hash.as_deref().ok_or_else(|| Refusal::NoHash.at(name))?;
        algorithm(hash).map_err(|refusal| refusal.at(name))?;
        if let Some(expected) = recorded.size.filter(|size| *size != entry.size) {
            return Err(Refusal::Size { expected, source_of_size: "RECORD" }.at(name));
        }
    }
    match record.keys().find(|name| !entries.contains_key(*name) && !unlisted(name)) {
        Some(name) => Err(Refusal::Missing.at(name)),
        None => Ok(()),
    }
}

/// The algorithm of `sha256=...`. PEP 427 requires SHA-256 or better.
pub(super) fn algorithm(hash: &str) -> Result<Box<dyn DynDigest>, Refusal> {
    match hash.split_once('=').map_or(hash, |(algorithm, _)| algorithm) {
        "sha256" => Ok(Box::new(Sha256::default())),
        "sha384" => Ok(Box::new(Sha384::default())),
        "sha512" => Ok(Box::new(Sha512::default())),
        other => Err(Refusal::WeakHash { algorithm: other.to_owned() }),
    }
}

/// Whether `digest` is the digest of `hash`, which has the same algorithm.
pub(super) fn promised(hash: &str, digest: &[u8]) -> bool {
    hash.split_once('=').is_some_and(|(_, encoded)| encoded == encode(digest))
}

/// A digest as RECORD has it: URL-safe base64 without padding.
fn encode(digest: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest)
}

/// The text of the RECORD at `own` for the files `written`, each with its SHA-256 and size. It is
/// sorted, and its paths are relative to the directory that contains the `.dist-info`.
pub(super) fn text(own: &RealPath, written: &BTreeMap<RealPath, (Vec<u8>, u64)>) -> String {
    let site = own.ancestors().nth(1).expect("RECORD is two directories below something");
    let mut lines: Vec<[String; 3]> = written
        .iter()
        .map(|(path, (digest, size))| {
            [path.relative_to(&site), recorded_hash(digest), size.to_string()]
        })
        .collect();
    lines.push([own.relative_to(&site), String::new(), String::new()]);
    lines.sort();
    record_text(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_refused() {
        for (text, why) in [
            ("a,,\n\"b,,\n", "RECORD has a line that cannot be understood: \"\\\"b,,\""),
            ("../a,,\n", "lists \"/a\", which is outside the wheel"),
            ("/etc/a,,\n", "lists \"/etc/a\", which is outside the wheel"),
            ("a/..,,\n", "lists \"/wheel\", which is outside the wheel"),
            ("a,,1\na,,2\n", "lists \"a\" twice, differently"),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap_err().to_string(), why);
        }
        assert_eq!(
            read(b"a,sha256=x=,1\na,sha256=x,1\n").unwrap()["a"],
            Recorded { hash: Some("sha256=x".to_owned()), size: Some(1) }
        );
    }

    #[test]
    fn the_record_that_is_written() {
        let own = RealPath::known("/lib/python3.11/site-packages/a-1.dist-info/RECORD");
        let paths = [
            "/bin/a",
            "/lib/python3.11/site-packages/a,b.py",
            "/lib/python3.11/site-packages/z.py",
            "/share/a",
        ];
        let written =
            paths.iter().map(|path| (RealPath::known(path), (vec![0xfb, 0xff], 2))).collect();
        assert_eq!(
            text(&own, &written),
            "../../../bin/a,sha256=-_8,2\n../../../share/a,sha256=-_8,2\n\"a,b.py\",sha256=-_8,2\na-1.dist-info/RECORD,,\nz.py,sha256=-_8,2\n"
        );
    }
}
