//! RECORD of a travelling distribution, made from what was written (PEP 376, PEP 427).
//!
//! Invariant: sorted; lists every entry of the distribution, itself last without hash.

use crate::bundle::Written;
use crate::plan::PlannedEntry;

/// The text of the RECORD that `entry` is.
pub fn text<'a>(entry: &PlannedEntry, written: impl Iterator<Item = (&'a PlannedEntry, &'a Written)>) -> String {
    let site = entry.to.ancestors().nth(1).expect("RECORD is two directories below something");
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    let own = written.filter(|(other, _)| other.distribution == entry.distribution && other.action != entry.action);
    for (other, written) in own {
        let hash = written.sha256.as_deref().map(|hex| format!("sha256={}", url_safe_base64(hex))).unwrap_or_default();
        let size = written.sha256.as_ref().map(|_| written.size.to_string()).unwrap_or_default();
        writer.write_record([other.to.relative_to(&site), hash, size]).expect("memory takes it");
    }
    writer.write_record([entry.to.relative_to(&site).as_str(), "", ""]).expect("memory takes it");
    String::from_utf8(writer.into_inner().expect("memory takes it")).expect("paths are UTF-8")
}

/// RECORD's form of a hash: URL-safe base64 without padding.
fn url_safe_base64(hex: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<u8> =
        hex.chars().flat_map(|digit| (0..4).rev().map(move |bit| (digit.to_digit(16).expect("our own hash") >> bit & 1) as u8)).collect();
    bits.chunks(6)
        .map(|six| ALPHABET[usize::from((0..6).fold(0, |value, at| value << 1 | six.get(at).copied().unwrap_or(0)))] as char)
        .collect()
}
