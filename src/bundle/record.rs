//! RECORD of a travelling distribution, made from what was written (PEP 376, PEP 427).
//!
//! Invariant: sorted; lists every entry of the distribution, itself last without hash.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

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

/// RECORD's form of a hash that the manifest has in hexadecimal.
fn url_safe_base64(hex: &str) -> String {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("our own hash");
    URL_SAFE_NO_PAD.encode((0..hex.len()).step_by(2).map(digit).collect::<Vec<u8>>())
}
