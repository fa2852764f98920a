//! The layers that several applications share, by comparing their manifests.
//!
//! Invariant: two layers are the same when their content ids are; nothing is read but the
//! manifests.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::bundle::{Manifest, ManifestLayer};

/// A bundle by its manifest.
#[derive(Debug)]
pub struct Application {
    /// As typed.
    pub name: String,
    /// The manifest of the bundle.
    pub manifest: Manifest,
}

/// `wheelbarrow layers --json`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Comparison {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// In the order given.
    pub applications: Vec<ComparedApplication>,
    /// Layers of more than one application, those that save most bytes first.
    pub shared: Vec<SharedLayer>,
    /// Bytes stored when nothing is shared.
    pub separate: u64,
    /// Bytes stored with each layer once.
    pub stored: u64,
    /// Changes that would make more layers shared, each a sentence.
    pub suggestions: Vec<String>,
}

/// One application in the order given.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct ComparedApplication {
    /// The directory as typed.
    pub name: String,
    /// The number of its layers that are not empty.
    pub layers: usize,
    /// Bytes.
    pub size: u64,
    /// Bytes that a host pulls if it has the applications before this one.
    pub pulled: u64,
}

/// One layer, and who has it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct SharedLayer {
    /// The directory below `layers/`.
    pub name: String,
    /// The distributions in it.
    pub distributions: Vec<String>,
    /// The id of its content.
    pub content: String,
    /// Bytes.
    pub size: u64,
    /// The applications that have it, in the order given.
    pub applications: Vec<String>,
}

/// Compares them in the order given.
pub fn compare(applications: &[Application]) -> Comparison {
    let mut known: BTreeMap<&str, (&ManifestLayer, Vec<String>)> = BTreeMap::new();
    let mut compared = Vec::new();
    for application in applications {
        // Empty slots say nothing of what is stored.
        let layers = application.manifest.layers.iter().filter(|layer| layer.size > 0);
        let new = layers.clone().filter(|layer| !known.contains_key(layer.content.as_str()));
        let pulled = add_sizes(new.map(|layer| layer.size));
        for layer in layers.clone() {
            known
                .entry(&layer.content)
                .or_insert_with(|| (layer, Vec::new()))
                .1
                .push(application.name.clone());
        }
        let size = add_sizes(layers.clone().map(|layer| layer.size));
        compared.push(ComparedApplication {
            name: application.name.clone(),
            layers: layers.count(),
            size,
            pulled,
        });
    }
    let stored = add_sizes(known.values().map(|(layer, _)| layer.size));
    let mut shared: Vec<SharedLayer> = known
        .into_values()
        .filter(|(_, applications)| applications.len() > 1)
        .map(|(layer, applications)| SharedLayer {
            name: layer.name.clone(),
            distributions: layer.distributions.clone(),
            content: layer.content.clone(),
            size: layer.size,
            applications,
        })
        .collect();
    shared.sort_by_key(|layer| {
        let saved = layer.size.saturating_mul(layer.applications.len() as u64 - 1);
        (std::cmp::Reverse(saved), layer.name.clone())
    });
    let separate = add_sizes(compared.iter().map(|application| application.size));
    let suggestions = suggestions(applications, &shared);
    Comparison {
        schema: super::SCHEMA,
        applications: compared,
        shared,
        separate,
        stored,
        suggestions,
    }
}

/// The sum of sizes that manifests tell; somebody may have edited these.
fn add_sizes(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add)
}

fn suggestions(applications: &[Application], shared: &[SharedLayer]) -> Vec<String> {
    let mut suggestions = Vec::new();
    let prefixes: BTreeSet<&str> =
        applications.iter().map(|application| application.manifest.prefix.as_str()).collect();
    if prefixes.len() > 1 {
        let prefixes: Vec<&str> = prefixes.into_iter().collect();
        suggestions.push(format!(
            "use one --prefix for all: {} are in use, and layers with different prefixes are never shared",
            prefixes.join(", ")
        ));
    }
    let everywhere: Vec<&SharedLayer> =
        shared.iter().filter(|layer| layer.applications.len() == applications.len()).collect();
    let common = add_sizes(everywhere.iter().map(|layer| layer.size));
    if everywhere.len() > 1 {
        let size = super::size(common);
        suggestions.push(format!(
            "{} layers ({size}) are in all applications: put them into a common base image",
            everywhere.len()
        ));
    }
    suggestions.extend(suggest_groups(applications, shared));
    suggestions
}

/// The same distribution in several applications that is in no layer they share, or in two
/// versions.
fn suggest_groups(applications: &[Application], shared: &[SharedLayer]) -> Vec<String> {
    let mut versions: BTreeMap<&str, BTreeMap<&str, Vec<&Application>>> = BTreeMap::new();
    for application in applications {
        for distribution in application.manifest.distributions.iter().filter(|one| one.is_bundled) {
            versions
                .entry(&distribution.name)
                .or_default()
                .entry(&distribution.version)
                .or_default()
                .push(application);
        }
    }
    let in_shared = |application: &Application, name: &str| {
        let layer = application
            .manifest
            .layers
            .iter()
            .find(|layer| layer.distributions.iter().any(|one| one == name));
        layer.is_some_and(|layer| shared.iter().any(|one| one.content == layer.content))
    };
    let mut suggestions = Vec::new();
    // The members of a group by its applications: a layer is shared only if each has all members.
    let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, versions) in &versions {
        if versions.len() > 1 {
            let each: Vec<String> = versions
                .iter()
                .map(|(version, applications)| format!("{version} in {}", names(applications)))
                .collect();
            suggestions.push(format!(
                "{name} has {} versions ({}): use one version to share its layer",
                versions.len(),
                each.join(", ")
            ));
        }
        for all in versions
            .values()
            .filter(|all| all.len() > 1 && all.iter().any(|one| !in_shared(one, name)))
        {
            groups.entry(names(all)).or_default().push(name);
        }
    }
    for (number, (applications, members)) in groups.iter().enumerate() {
        let members = members.join(",");
        suggestions.push(format!("{applications} have the same distributions in different layers: give each --layer common{}={members}", number + 1));
    }
    suggestions
}

fn names(applications: &[&Application]) -> String {
    applications
        .iter()
        .map(|application| application.name.as_str())
        .collect::<Vec<_>>()
        .join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, prefix: &str, distributions: &str, layers: &str) -> Application {
        let distributions = distributions.split_whitespace().map(|one| {
            let (name, version) = one.split_once('=').unwrap();
            serde_json::json!({ "name": name, "version": version, "travels": true, "size": 1, "reason": "", "asked": true, "requires": [] })
        });
        let layers = layers.split_whitespace().map(|one| {
            let [name, size, content] = one.split(':').collect::<Vec<_>>()[..] else { panic!("{one}") };
            let distributions: Vec<&str> = name.split('+').collect();
            serde_json::json!({ "name": name, "distributions": distributions, "size": size.parse::<u64>().unwrap(), "content": content })
        });
        let facts = serde_json::json!({ "implementation": "cpython", "version": "3.11.2", "suffixes": [], "architecture": "x86_64" });
        let json = serde_json::json!({
            "schema": 1, "wheelbarrow": "0", "interpreter": "/usr/bin/python3", "interpreter_facts": facts, "builder": "",
            "packages": [], "entries": [], "prefix": prefix,
            "distributions": distributions.collect::<Vec<_>>(), "layers": layers.collect::<Vec<_>>(),
        });
        Application { name: name.to_owned(), manifest: Manifest::parse(&json.to_string()).unwrap() }
    }

    #[test]
    fn what_is_stored_once_and_what_could_be() {
        let a = manifest(
            "a",
            "/opt/app",
            "flask=3 small=1 old=1",
            "env:10:e flask:100:f small+old:5:s1",
        );
        let b =
            manifest("b", "/opt/app", "flask=3 small=1 old=2", "env:10:e flask:100:f small:3:s2");
        let comparison = compare(&[a, b]);
        assert_eq!((comparison.separate, comparison.stored), (228, 118));
        assert_eq!(comparison.applications[1].pulled, 3);
        assert_eq!(
            comparison.shared.iter().map(|layer| layer.name.as_str()).collect::<Vec<_>>(),
            ["flask", "env"]
        );
        assert_eq!(
            comparison.suggestions,
            [
                "2 layers (110 B) are in all applications: put them into a common base image",
                "old has 2 versions (1 in a, 2 in b): use one version to share its layer",
                "a and b have the same distributions in different layers: give each --layer common1=small",
            ]
        );
    }

    #[test]
    fn a_group_is_of_those_that_have_all_of_it() {
        let a = manifest("a", "/opt/app", "x=1 y=1 z=1", "x+y+z:3:1");
        let b = manifest("b", "/opt/app", "x=1 y=1", "x+y:2:2");
        let c = manifest("c", "/opt/app", "x=1 own=1", "x+own:2:3");
        assert_eq!(
            compare(&[a, b, c]).suggestions,
            [
                "a and b have the same distributions in different layers: give each --layer common1=y",
                "a and b and c have the same distributions in different layers: give each --layer common2=x"
            ]
        );
    }

    #[test]
    fn one_prefix() {
        let comparison = compare(&[
            manifest("a", "/opt/a", "x=1", "x:1:1"),
            manifest("b", "/opt/b", "x=1", "x:1:2"),
        ]);
        assert!(
            comparison.suggestions[0]
                .starts_with("use one --prefix for all: /opt/a, /opt/b are in use")
        );
    }
}
