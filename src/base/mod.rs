//! The profile of the root that the final stage starts from: the facts that matter to a bundle.
//!
//! A profile is read from a mounted root ([`read()`]), or comes with wheelbarrow for common images
//! ([`shipped()`]). Both are the same data, so a plan does not depend on the difference.
//!
//! Invariant: facts only; `plan` decides whether an environment fits.

mod read;
mod shipped;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use read::read;
pub use shipped::{exact, find, names, nearest, shipped};

use crate::dockerfile::ImageName;
use crate::loader::Libc;
use crate::packages::Manager;
use crate::path::RealPath;
use crate::python::InterpreterFacts;
use crate::release::Release;

/// Version of the JSON of [`Profile`]. Version 2 added `libc_symbols`.
pub const SCHEMA: u32 = 2;

/// The oldest version that is read: its profiles lack the symbols of musl.
pub const OLDEST_SCHEMA: u32 = 1;

/// The facts about a final root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The version of this JSON, [`SCHEMA`].
    pub schema: u32,
    /// The image name for FROM, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageName>,
    /// The origin of the root and the date of reading, as text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The operating system release; empty if the root has no `os-release`.
    pub release: Release,
    /// The machine as in `uname -m`; absent for an empty root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// The C library; absent for an empty root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub libc: Option<Libc>,
    /// The major and minor version of the C library.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub libc_version: Option<(u32, u32)>,
    /// The symbols that musl exports. musl has no symbol versions, so only this list shows that a
    /// library is too new for it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub libc_symbols: BTreeSet<String>,
    /// The Pythons of the root, sorted by path.
    pub interpreters: Vec<ProfileInterpreter>,
    /// The package manager whose program (`apk`, `apt-get`) is there to install packages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installs_with: Option<Manager>,
    /// The versions of installed packages, by name.
    pub packages: BTreeMap<String, String>,
    /// The directories that the loader searches for every program, in order.
    pub library_directories: Vec<String>,
    /// The libraries that the loader finds for every program, by name.
    pub libraries: BTreeMap<String, RealPath>,
    /// The programs that exist, of `sh` and `env`.
    pub tools: BTreeSet<String>,
    /// Top-level directories that are links, with their targets: `/lib` to `usr/lib` if /usr is
    /// merged.
    pub links: BTreeMap<RealPath, String>,
}

/// A Python of a final root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileInterpreter {
    /// The program, with all links followed.
    pub path: RealPath,
    /// The other names that lead to it.
    pub names: Vec<RealPath>,
    /// Its version, ABI and loader.
    pub facts: InterpreterFacts,
}

/// The reason why a text is not a profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Not JSON, or not of the shape that `wheelbarrow schema base` prints.
    #[error("not a profile: {0}")]
    Shape(#[from] serde_json::Error),
    /// Written by another version of wheelbarrow.
    #[error(
        "a profile of schema {schema}; this wheelbarrow reads schemas {OLDEST_SCHEMA} to {SCHEMA}"
    )]
    Schema {
        /// The schema number of the profile; 0 if it has none.
        schema: u64,
    },
}

/// Reads a profile as JSON. The schema number is looked at first: a newer profile may have new fields.
pub fn parse_profile(text: &str) -> Result<Profile, ProfileError> {
    let value: serde_json::Value = serde_json::from_str(text)?;
    let schema = value.get("schema").and_then(serde_json::Value::as_u64).unwrap_or_default();
    if !(u64::from(OLDEST_SCHEMA)..=u64::from(SCHEMA)).contains(&schema) {
        return Err(ProfileError::Schema { schema });
    }
    Ok(Profile { schema: SCHEMA, ..serde_json::from_value(value)? })
}

impl Profile {
    /// The profile of an empty root, for `FROM scratch`.
    pub fn empty() -> Profile {
        Profile {
            schema: SCHEMA,
            image: "scratch".parse().ok(),
            source: None,
            release: Release::default(),
            architecture: None,
            libc: None,
            libc_version: None,
            libc_symbols: BTreeSet::new(),
            interpreters: Vec::new(),
            installs_with: None,
            packages: BTreeMap::new(),
            library_directories: Vec::new(),
            libraries: BTreeMap::new(),
            tools: BTreeSet::new(),
            links: BTreeMap::new(),
        }
    }

    /// The interpreter that `path` starts, by its file or another name.
    pub fn interpreter(&self, path: &RealPath) -> Option<&ProfileInterpreter> {
        self.interpreters
            .iter()
            .find(|interpreter| interpreter.path == *path || interpreter.names.contains(path))
    }

    /// Whether the shell is there with which a relocatable script finds its own directory.
    pub fn runs_relocatable_scripts(&self) -> bool {
        self.tools.contains("sh")
    }

    /// Whether an installer can run there: it needs a shell and the package manager.
    pub fn can_install(&self) -> bool {
        self.installs_with.is_some() && self.tools.contains("sh")
    }

    /// A name for messages: the image, else the release, else `the base`.
    pub fn name(&self) -> &str {
        match (&self.image, self.release.pretty_name.as_str()) {
            (Some(image), _) => image,
            (None, "") => "the base",
            (None, pretty_name) => pretty_name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_every_schema_that_is_read() {
        let now = serde_json::to_value(Profile::empty()).unwrap();
        let with = |key: &str, value: serde_json::Value| {
            let mut profile = now.clone();
            profile[key] = value;
            parse_profile(&profile.to_string()).map_err(|error| error.to_string())
        };
        let other = |schema: u32| {
            Err(format!("a profile of schema {schema}; this wheelbarrow reads schemas 1 to 2"))
        };
        assert_eq!(with("schema", 1.into()), Ok(Profile::empty()));
        assert_eq!(with("schema", 2.into()), Ok(Profile::empty()));
        assert_eq!(with("schema", 3.into()), other(3));
        assert_eq!(with("schema", "2".into()), other(0));
        assert!(
            with("colour", "red".into()).unwrap_err().starts_with("not a profile: unknown field")
        );
        assert!(parse_profile("{").unwrap_err().to_string().starts_with("not a profile: EOF"));
    }
}
