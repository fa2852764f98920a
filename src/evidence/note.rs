//! The libraries that an ELF file declares to open at run time: `.note.dlopen`.
//!
//! The note is specified by UAPI.12, "ELF dlopen() Metadata for Libraries": JSON, an array of objects.
//!
//! Invariant: an object that is not understood costs that object only.

use serde::Deserialize;

/// How much a feature matters to the file that declares it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// The file is of no use without it.
    Required,
    /// It should be there in usual installations; assumed where nothing is said.
    #[default]
    Recommended,
    /// It adds something that few installations need.
    Suggested,
}

impl Priority {
    /// The word of the specification.
    pub fn as_str(self) -> &'static str {
        match self {
            Priority::Required => "required",
            Priority::Recommended => "recommended",
            Priority::Suggested => "suggested",
        }
    }
}

/// One library that a file opens at run time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Note {
    /// Its names; the first that is there is opened.
    pub soname: Vec<String>,
    /// How much it matters.
    #[serde(default)]
    pub priority: Priority,
    /// The feature that it serves.
    #[serde(default)]
    pub feature: Option<String>,
}

/// The notes in one descriptor, which ends with NUL bytes.
pub fn parse_note(descriptor: &[u8]) -> Vec<Note> {
    let end = descriptor.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let all: Vec<serde_json::Value> =
        serde_json::from_slice(&descriptor[..end]).unwrap_or_default();
    all.into_iter().filter_map(|one| serde_json::from_value(one).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_as_they_are_specified() {
        let text = r#"[
            {"soname": ["libbpf.so.1", "libbpf.so.0"], "feature": "bpf", "priority": "suggested"},
            {"soname": ["libkmod.so.2"], "description": "modules", "new": 1},
            {"soname": "libwrong.so"}, 7
        ]"#;
        let mut bytes = text.as_bytes().to_vec();
        bytes.extend([0, 0, 0]);
        let notes = parse_note(&bytes);
        let shown: Vec<String> = notes
            .iter()
            .map(|note| format!("{} {}", note.soname.join("|"), note.priority.as_str()))
            .collect();
        assert_eq!(shown, ["libbpf.so.1|libbpf.so.0 suggested", "libkmod.so.2 recommended"]);
        for nothing in [&b""[..], b"\0\0", b"[", b"{}", b"[[]]"] {
            assert!(parse_note(nothing).is_empty());
        }
    }
}
