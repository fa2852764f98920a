//! The manifest in the image, `lib/wheelbarrow/manifest` below the prefix: what `verify` compares the files there
//! with.
//!
//! It has the part of `wheelbarrow.json` that a final root can be compared with. The first line is the SHA-256 of
//! the rest, so that a changed manifest is noticed; the manifest does not list itself.
//!
//! Invariant: [`ImageManifest::parse`] reads the text that [`ImageManifest::to_text`] writes, and no other.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::manifest::Manifest;
use crate::digest::hex;
use crate::packages::Manager;
use crate::path::RealPath;

/// Version of the JSON of [`ImageManifest`].
const SCHEMA: u32 = 1;

/// The files of a bundle, and the builder's facts without which a final root cannot be judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageManifest {
    /// Version of this form.
    pub schema: u32,
    /// Where the environment is in the final root.
    pub prefix: RealPath,
    /// The manager that installs packages in the final stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<Manager>,
    /// The needed libraries that packages contain, each with its package.
    pub libraries: BTreeMap<String, String>,
    /// The requirements that the builder does not meet either, by the distribution that has them.
    pub unmet_requirements: BTreeMap<String, BTreeSet<String>>,
    /// The files by layer and distribution.
    pub parts: Vec<ImagePart>,
}

/// The files that have a layer and a distribution in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImagePart {
    /// The layer, when there are layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// The distribution that owns them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    /// Sorted by path.
    pub entries: Vec<ImageEntry>,
}

/// One file, link or empty directory: a file has a hash, and a link has a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageEntry {
    /// In the final root.
    pub path: RealPath,
    /// The permission bits in octal, such as `0644`; absent for a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The SHA-256 of a file in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The target of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Why a text is no manifest of an image.
#[derive(Debug, thiserror::Error)]
pub enum ImageManifestError {
    /// The first line is not the hash of the rest.
    #[error("its content differs from its own hash")]
    Seal,
    /// Not JSON, or JSON of another form.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// Written by another wheelbarrow.
    #[error("it has schema {schema}, and this wheelbarrow reads schema {SCHEMA}")]
    Schema {
        /// The schema number in the manifest.
        schema: u32,
    },
}

impl ImageManifest {
    /// The text of the file.
    pub fn to_text(&self) -> String {
        let json = serde_json::to_string(self).expect("the manifest is plain data") + "\n";
        ImageManifest::seal(&json)
    }

    /// A text below the line with its SHA-256.
    pub fn seal(json: &str) -> String {
        format!("{}\n{json}", hex(&Sha256::digest(json)))
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// The text was changed, is no manifest of an image, or has another schema.
    pub fn parse(text: &str) -> Result<ImageManifest, ImageManifestError> {
        let json = text.split_once('\n').map(|(_, json)| json);
        let json = json.filter(|json| ImageManifest::seal(json) == text);
        let manifest: ImageManifest = serde_json::from_str(json.ok_or(ImageManifestError::Seal)?)?;
        match manifest.schema {
            SCHEMA => Ok(manifest),
            schema => Err(ImageManifestError::Schema { schema }),
        }
    }

    /// A manifest that lists nothing.
    pub fn empty(prefix: &RealPath) -> ImageManifest {
        ImageManifest {
            schema: SCHEMA,
            prefix: prefix.clone(),
            manager: None,
            libraries: BTreeMap::new(),
            unmet_requirements: BTreeMap::new(),
            parts: Vec::new(),
        }
    }

    /// The same environment at another prefix, to which it was copied.
    #[must_use]
    pub fn moved_to(mut self, prefix: &RealPath) -> ImageManifest {
        for entry in self.parts.iter_mut().flat_map(|part| &mut part.entries) {
            if let Some(below) = entry.path.below(&self.prefix) {
                entry.path = prefix.descend(below);
            }
        }
        self.prefix = prefix.clone();
        self
    }

    /// The native libraries outside of the prefix: of packages, of the interpreter and its loader.
    pub fn libraries_outside(&self) -> Vec<RealPath> {
        let outside = self.entries().filter(|entry| entry.path.below(&self.prefix).is_none());
        let libraries =
            outside.filter(|entry| entry.link.is_none() && entry.path.name().contains(".so"));
        libraries.map(|entry| entry.path.clone()).collect()
    }

    /// Every file and link.
    pub fn entries(&self) -> impl Iterator<Item = &ImageEntry> {
        self.parts.iter().flat_map(|part| &part.entries)
    }
}

impl From<&Manifest> for ImageManifest {
    fn from(manifest: &Manifest) -> ImageManifest {
        let mut parts: BTreeMap<(Option<&str>, Option<&str>), Vec<ImageEntry>> = BTreeMap::new();
        for entry in &manifest.entries {
            let written = &entry.written;
            parts.entry((entry.layer.as_deref(), entry.distribution.as_deref())).or_default().push(
                ImageEntry {
                    path: entry.path.clone(),
                    mode: written.link.is_none().then(|| written.mode.clone()),
                    sha256: written.sha256.clone(),
                    link: written.link.clone(),
                },
            );
        }
        let part =
            |((layer, distribution), entries): ((Option<&str>, Option<&str>), _)| ImagePart {
                layer: layer.map(str::to_owned),
                distribution: distribution.map(str::to_owned),
                entries,
            };
        let package = |library: &crate::plan::PlannedLibrary| {
            Some((library.name.clone(), library.package.clone()?))
        };
        ImageManifest {
            schema: SCHEMA,
            prefix: manifest.prefix.clone(),
            manager: manifest.manager,
            libraries: manifest.libraries.iter().filter_map(package).collect(),
            unmet_requirements: manifest.unmet_requirements.clone(),
            parts: parts.into_iter().map(part).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> ImageManifest {
        let entry = |path: &str, link: Option<&str>| ImageEntry {
            path: RealPath::known(path),
            mode: link.is_none().then(|| "0644".to_owned()),
            sha256: link.is_none().then(|| "00".to_owned()),
            link: link.map(str::to_owned),
        };
        let part = |layer: Option<&str>, distribution: Option<&str>, entries| ImagePart {
            layer: layer.map(str::to_owned),
            distribution: distribution.map(str::to_owned),
            entries,
        };
        ImageManifest {
            schema: SCHEMA,
            prefix: RealPath::known("/opt/app"),
            manager: Some(Manager::Apk),
            libraries: BTreeMap::from([("libpq.so.5".to_owned(), "libpq".to_owned())]),
            unmet_requirements: BTreeMap::new(),
            parts: vec![
                part(
                    None,
                    None,
                    vec![
                        entry("/opt/app/bin/python", Some("/usr/bin/python3")),
                        entry("/usr/lib/libz.so", Some("libz.so.1")),
                        entry("/usr/lib/libz.so.1", None),
                    ],
                ),
                part(Some("50-a"), Some("a"), vec![entry("/opt/app/lib/a\n\".py", None)]),
            ],
        }
    }

    #[test]
    fn written_as_read() {
        let text = manifest().to_text();
        assert_eq!(ImageManifest::parse(&text).unwrap(), manifest());
        assert_eq!(text.lines().count(), 2, "{text}");
        assert_eq!(manifest().libraries_outside(), [RealPath::known("/usr/lib/libz.so.1")]);
    }

    #[test]
    fn any_change_is_noticed() {
        let text = manifest().to_text();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert!(ImageManifest::parse(&changed).is_err(), "{at}");
            assert!(ImageManifest::parse(&text[..at]).is_err(), "{at}");
        }
        let other = ImageManifest { schema: 7, ..manifest() }.to_text();
        let error = ImageManifest::parse(&other).unwrap_err().to_string();
        assert_eq!(error, "it has schema 7, and this wheelbarrow reads schema 1");
    }

    #[test]
    fn an_environment_that_was_copied_elsewhere() {
        let moved = manifest().moved_to(&RealPath::known("/srv/web"));
        let paths: Vec<&str> = moved.entries().map(|entry| entry.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "/srv/web/bin/python",
                "/usr/lib/libz.so",
                "/usr/lib/libz.so.1",
                "/srv/web/lib/a\n\".py"
            ]
        );
    }
}
