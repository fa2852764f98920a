//! The manifest, `wheelbarrow.json`: the facts of a bundle, and every path in it.
//!
//! Invariant: only this module knows the form of the file. [`Manifest::parse`] reads the text that
//! [`Manifest::to_json`] writes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::output::Written;
use crate::digest::hex;
use crate::finding::Code;
use crate::hint::Hint;
use crate::packages::Manager;
use crate::path::RealPath;
use crate::plan::{
    Plan, PlannedDistribution, PlannedEntry, PlannedLayer, PlannedLibrary, Receipt, SlimKind,
};
use crate::python::InterpreterFacts;
use crate::version::VERSION;

/// The name of the manifest. A directory with nothing but the files that it lists may be replaced.
pub const MANIFEST: &str = "wheelbarrow.json";

/// Version of the JSON of [`Manifest`].
pub const SCHEMA: u32 = 1;

/// `wheelbarrow.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Manifest {
    /// Version of this form.
    pub schema: u32,
    /// Version and commit of the wheelbarrow that wrote it.
    pub wheelbarrow: String,
    /// Where the environment lives in the final root.
    pub prefix: RealPath,
    /// The interpreter of the final root.
    pub interpreter: RealPath,
    /// Facts of the builder's interpreter.
    pub interpreter_facts: InterpreterFacts,
    /// The name that the builder gives itself (`PRETTY_NAME`).
    pub builder: String,
    /// The image of `FROM`; absent if it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Every distribution that is installed in the builder.
    pub distributions: Vec<PlannedDistribution>,
    /// The packages that the final stage installs.
    pub packages: Vec<ManifestPackage>,
    /// The manager that installs them; absent if no package is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<Manager>,
    /// The native libraries that the bundle needs from outside of its distributions, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub libraries: Vec<PlannedLibrary>,
    /// The requirements that the builder does not meet, by the distribution that has them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unmet_requirements: BTreeMap<String, BTreeSet<String>>,
    /// In the order of the final stage; empty when there is one tree.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<ManifestLayer>,
    /// The files that `--slim` removed, and the bytes that stripping saved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slimmed: Vec<Receipt>,
    /// The other files in the directory of the bundle, relative to it, without this manifest.
    #[serde(default)]
    pub papers: Vec<String>,
    /// Every file, link and empty directory of the bundle, sorted by path.
    pub entries: Vec<ManifestEntry>,
}

/// A package to install, and the bundle's files that ask for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ManifestPackage {
    /// The name for its package manager.
    pub name: String,
    /// The builder's version.
    pub version: String,
    /// The needed library names that it provides, sorted.
    pub libraries: Vec<String>,
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ManifestLayer {
    /// The name of its directory below `layers/`.
    pub name: String,
    /// The distributions in it.
    pub distributions: Vec<String>,
    /// Bytes.
    pub size: u64,
    /// SHA-256 over the time, the paths, modes and contents: equal means the same layer.
    pub content: String,
}

/// One path on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ManifestEntry {
    /// In the final root.
    pub path: RealPath,
    /// Why it is in the bundle.
    pub reason: String,
    /// The distribution that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    /// The layer it is in, when there are layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// The facts on disk.
    #[serde(flatten)]
    pub written: Written,
}

/// The reason why a text is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON, or JSON of another form.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// Written by another wheelbarrow.
    #[error("the manifest has schema {schema}; this wheelbarrow reads schema {SCHEMA}")]
    Schema {
        /// The schema number in the manifest.
        schema: u32,
    },
}

impl Hint for ManifestError {
    fn hint(&self) -> Option<&str> {
        Some("name the directories that `wheelbarrow bundle` wrote, or their wheelbarrow.json")
    }
}

/// Every path of a bundle, with its entry of the plan and the facts on disk.
pub(crate) type WrittenEntries<'a> = BTreeMap<&'a RealPath, (&'a PlannedEntry, Written)>;

impl Manifest {
    /// The manifest of a plan that was carried out at `time`, in seconds since the epoch. It lists no
    /// papers yet.
    pub(crate) fn new(plan: &Plan, all: &WrittenEntries, time: i64) -> Manifest {
        let packages = plan.packages.install.iter().map(|package| {
            let mut libraries: Vec<String> =
                package.reasons.iter().map(|reason| reason.library.clone()).collect();
            libraries.sort_unstable();
            libraries.dedup();
            let (name, version) = (package.name.clone(), package.version.clone());
            ManifestPackage { name, version, libraries }
        });
        let entries = all.values().map(|(entry, written)| ManifestEntry {
            path: entry.to.clone(),
            reason: entry.reason.clone(),
            distribution: entry.distribution.clone(),
            layer: entry.layer.clone(),
            written: written.clone(),
        });
        Manifest {
            schema: SCHEMA,
            wheelbarrow: VERSION.to_owned(),
            prefix: plan.prefix.clone(),
            interpreter: plan.interpreter.clone(),
            interpreter_facts: plan.interpreter_facts.clone(),
            builder: plan.builder.clone(),
            base: plan.base.clone().map(String::from),
            distributions: plan.distributions.clone(),
            packages: packages.collect(),
            manager: plan.manager(),
            libraries: plan.libraries.clone(),
            unmet_requirements: unmet_requirements(plan),
            layers: plan.layers.iter().map(|layer| written_layer(layer, all, time)).collect(),
            slimmed: plan.slimmed.iter().copied().chain(stripped(all)).collect(),
            papers: Vec::new(),
            entries: entries.collect(),
        }
    }

    /// The text of the file.
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string_pretty(self).expect("the manifest is plain data");
        json + "\n"
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// The text is not a manifest, or is one of another schema.
    pub fn parse(text: &str) -> Result<Manifest, ManifestError> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let Version { schema } = serde_json::from_str(text)?;
        if schema != SCHEMA {
            return Err(ManifestError::Schema { schema });
        }
        Ok(serde_json::from_str(text)?)
    }
}

fn unmet_requirements(plan: &Plan) -> BTreeMap<String, BTreeSet<String>> {
    let mut unmet: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for finding in plan.findings.iter().filter(|one| one.code == Code::MissingRequirement) {
        unmet.entry(finding.subject.clone()).or_default().insert(finding.message.clone());
    }
    unmet
}

/// The bytes that stripping saved.
fn stripped(all: &WrittenEntries) -> Option<Receipt> {
    let stripped = all.values().map(|(_, written)| written.stripped);
    let saved: Vec<u64> = stripped.filter(|saved| *saved > 0).collect();
    (!saved.is_empty()).then(|| Receipt {
        kind: SlimKind::Strip,
        files: saved.len(),
        size: saved.iter().sum(),
    })
}

fn written_layer(layer: &PlannedLayer, all: &WrittenEntries, time: i64) -> ManifestLayer {
    let mut hash = Sha256::new_with_prefix(format!("{time}\0"));
    let mut size = 0;
    for (entry, written) in
        all.values().filter(|(entry, _)| entry.layer.as_deref() == Some(&layer.name))
    {
        let content = written.sha256.as_deref().or(written.link.as_deref()).unwrap_or_default();
        // No path and no link target holds a zero byte.
        hash.update(format!("{}\0{}\0{content}\0", entry.to, written.mode));
        size += written.size;
    }
    ManifestLayer {
        name: layer.name.clone(),
        distributions: layer.distributions.clone(),
        size,
        content: hex(&hash.finalize()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{
  "schema": 1,
  "wheelbarrow": "0.1.0",
  "prefix": "/opt/app",
  "interpreter": "/usr/bin/python3.11",
  "interpreter_facts": {
    "implementation": "cpython",
    "version": "3.11.2",
    "abi": null,
    "suffixes": [],
    "libc": "musl",
    "architecture": "x86_64",
    "loader": null,
    "libpython": null
  },
  "builder": "Alpine Linux v3.20",
  "distributions": [],
  "packages": [],
  "papers": [],
  "entries": [
    {
      "path": "/opt/app/lib/a.so",
      "reason": "r",
      "mode": "0644",
      "size": 1,
      "sha256": "00"
    },
    {
      "path": "/usr/lib/libz.so",
      "reason": "r",
      "mode": "0777",
      "size": 9,
      "link": "libz.so.1"
    },
    {
      "path": "/usr/lib/libz.so.1",
      "reason": "r",
      "mode": "0755",
      "size": 1,
      "sha256": "00"
    }
  ]
}
"#;

    #[test]
    fn written_as_read() {
        let manifest = Manifest::parse(TEXT).unwrap();
        assert_eq!(manifest.to_json(), TEXT);
    }

    #[test]
    fn other_texts_are_errors() {
        for (text, expect) in [
            ("{}", "missing field `schema` at line 1 column 2"),
            ("{\"schema\": 7}", "the manifest has schema 7; this wheelbarrow reads schema 1"),
        ] {
            assert_eq!(Manifest::parse(text).unwrap_err().to_string(), expect);
        }
    }
}
