//! Editable installs: the source folders that the path files and finders of a site directory lead
//! to (PEP 660, and the `easy-install.pth` and `.egg-link` of `setup.py develop`).
//!
//! Invariant: no code of them is run; the mapping of a finder is read as literals.

use std::collections::BTreeSet;

use super::distribution::Distribution;
use super::environment::Environment;
use super::part::{Part, PartKind};
use super::path_file::{ImportFound, PathFile, PathLine};
use super::site_directory::read_distributions;
use super::source_folder::{SourceFolder, read_source};
use crate::finding::{Code, Finding, Severity};
use crate::path::{RealPath, WrittenPath};
use crate::root::Root;

const LARGEST: u64 = 1 << 20;

/// The source that Python sees through a site directory.
#[derive(Debug, Default)]
pub struct Editable {
    /// The source folders, each with its packages and modules.
    pub parts: Vec<Part>,
    /// The files that lead to the source. A bundle that has the source does not need them.
    pub leads: BTreeSet<RealPath>,
}

/// Finds the source of editable installs. A distribution that owns a file leading to source also
/// owns that source. A distribution whose metadata is only in the source folder (`setup.py
/// develop`) is added.
pub fn find_editable(
    root: &Root,
    environment: &Environment,
    path_files: &[PathFile],
    distributions: &mut Vec<Distribution>,
    findings: &mut Vec<Finding>,
) -> Editable {
    let mut found = Editable::default();
    for file in path_files {
        let mut claims = Vec::new();
        let owner = owner(distributions, &file.path);
        let editable = owner.is_some_and(|owner| distributions[owner].editable)
            || file.path.name().ends_with(".egg-link");
        for source in file.leads_out(environment, editable) {
            match source {
                Ok(folder) => {
                    let SourceFolder { modules: mut tops, left_out } = read_source(root, &folder);
                    if tops.is_empty() && editable {
                        findings.push(no_module(&file.path, &folder));
                    }
                    findings
                        .extend((!left_out.is_empty()).then(|| passed_over(&folder, &left_out)));
                    claims.extend(tops.iter().cloned());
                    tops.extend(developed(root, &folder, &claims, distributions, findings));
                    found.lead(&file.path, &folder, tops);
                }
                Err(text) => findings.push(missing(&file.path, &text)),
            }
        }
        let by_path = !claims.is_empty();
        if let Some(owner) = owner {
            distributions[owner].claims.extend(claims);
        }
        for finder in file.lines.iter().filter_map(PathLine::finder) {
            let ImportFound::Beside(finder) = &finder.found else { continue };
            found.follow(root, finder, distributions, findings);
            // Only one of the two says where the source is.
            if by_path || found.leads.contains(finder) {
                found.leads.extend([finder.clone(), file.path.clone()]);
            }
        }
    }
    found
}

impl Editable {
    fn lead(&mut self, file: &RealPath, folder: &RealPath, tops: Vec<RealPath>) {
        self.leads.insert(file.clone());
        if tops.is_empty() {
            return;
        }
        let part = Part {
            kind: PartKind::Source(tops),
            prefix: folder.clone(),
            scripts: folder.join("bin"),
            sites: vec![folder.clone()],
        };
        if !self.parts.contains(&part) {
            self.parts.push(part);
        }
    }

    /// Adds the source that a finder leads to.
    fn follow(
        &mut self,
        root: &Root,
        finder: &RealPath,
        distributions: &mut [Distribution],
        findings: &mut Vec<Finding>,
    ) {
        let Ok(Some(text)) = root.read_text(finder.as_str(), LARGEST) else { return };
        let owner = owner(distributions, finder);
        let mapping = mapping(&text);
        if mapping.as_ref().is_some_and(Vec::is_empty) {
            // A project without modules: the builder cannot import anything of it either.
            self.leads.insert(finder.clone());
        }
        for (module, source) in mapping.into_iter().flatten() {
            // A link keeps the name by which it is imported.
            match root.resolve_parent(&WrittenPath::new(source.as_str())) {
                Ok(Some(there))
                    if root
                        .resolve(&WrittenPath::from(&there.path))
                        .is_ok_and(|found| found.is_some()) =>
                {
                    match folder_of(&module, &there.path) {
                        Some(folder) => {
                            if let Some(owner) = owner {
                                distributions[owner].claims.push(there.path.clone());
                            }
                            self.lead(finder, &folder, vec![there.path]);
                        }
                        None => findings.push(other_name(finder, &module, &source)),
                    }
                }
                _ => findings.push(missing(finder, &source)),
            }
        }
    }
}

fn other_name(finder: &RealPath, module: &str, source: &str) -> Finding {
    let message = format!("imports {source} under the other name {module}");
    Finding::new(Severity::Deny, Code::EditableInstall, finder, message)
        .help("install it without --editable: a regular install gives the files their names")
}

/// The finding for an editable install whose folder has no module.
fn no_module(file: &RealPath, folder: &RealPath) -> Finding {
    let message = format!("leads to {folder}, and there is no Python module in it");
    Finding::new(Severity::Deny, Code::EditableInstall, file, message)
        .help("install it without --editable: pip install --no-deps .")
}

/// The finding for directories of a project that are not taken for its packages.
fn passed_over(folder: &RealPath, names: &[RealPath]) -> Finding {
    let code = Code::EditableInstall;
    Finding::of_files(Severity::Note, code, folder, names.iter(), |_, first| {
        format!("is the folder of a project; not taken for its packages: {first}")
    })
    .help("if the program imports one of these, install the project without --editable")
}

fn missing(file: &RealPath, source: &str) -> Finding {
    Finding::new(
        Severity::Deny,
        Code::EditableInstall,
        file,
        format!("leads to {source}, which is not in the root"),
    )
    .help(format!("copy the source into the builder stage: COPY . {source}"))
}

/// The distribution that records the file; it also owns the source that the file leads to.
fn owner(distributions: &[Distribution], file: &RealPath) -> Option<usize> {
    distributions.iter().position(|one| one.record.iter().any(|record| record.path == *file))
}

/// Adds the distributions whose egg-info is only in the source folder; returns these egg-infos.
fn developed(
    root: &Root,
    folder: &RealPath,
    tops: &[RealPath],
    distributions: &mut Vec<Distribution>,
    findings: &mut Vec<Finding>,
) -> Vec<RealPath> {
    let (found, problems) = read_distributions(root, folder, &PartKind::Source(Vec::new()));
    findings.extend(problems);
    let mut infos = Vec::new();
    for mut distribution in found {
        if distributions.iter().all(|known| known.key != distribution.key) {
            infos.push(distribution.info.clone());
            distribution.claims = tops.iter().chain([&distribution.info]).cloned().collect();
            distributions.push(distribution);
        }
    }
    infos
}

/// The modules of a finder with their paths, without modules inside other ones: `MAPPING: ... =
/// {'name': '/folder'}` of setuptools, `install({'name': '/folder/__init__.py'}, ...` of
/// scikit-build-core, `F.map_module('name', ...)` of `editables`. `None` if it has no line of these.
fn mapping(text: &str) -> Option<Vec<(String, String)>> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut is_mapping = false;
    for line in text.lines() {
        let Some(start) = ["MAPPING", "install({", "F.map_module("]
            .iter()
            .find(|start| line.starts_with(**start))
        else {
            continue;
        };
        is_mapping = true;
        let first = line[start.len()..].split('}').next().unwrap_or_default();
        let literals: Vec<&str> = first.split(['\'', '"']).skip(1).step_by(2).collect();
        let pairs = literals.chunks_exact(2).filter(|pair| pair[1].starts_with('/'));
        found.extend(
            pairs.map(|pair| {
                (pair[0].to_owned(), pair[1].trim_end_matches("/__init__.py").to_owned())
            }),
        );
    }
    let inside = |module: &str| {
        found.iter().any(|(other, _)| {
            module.strip_prefix(other.as_str()).is_some_and(|rest| rest.starts_with('.'))
        })
    };
    is_mapping.then(|| found.iter().filter(|(module, _)| !inside(module)).cloned().collect())
}

/// The directory in which Python finds a module by its own name.
fn folder_of(module: &str, path: &RealPath) -> Option<RealPath> {
    let below = format!("/{}", module.replace('.', "/"));
    let plain = path.as_str().strip_suffix(".py").unwrap_or(path.as_str());
    let folder = plain
        .strip_suffix(&below)
        .or_else(|| plain.rsplit_once(".cpython-")?.0.strip_suffix(&below))?;
    Some(RealPath::known(if folder.is_empty() { "/" } else { folder }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::memory::Memory;

    #[test]
    fn where_a_finder_leads() {
        for (text, expect) in [
            (
                "x = 1\nMAPPING: dict[str, str] = {'app': '/src/app', \"b\": \"/src/b.py\"}\n",
                "app in /src, b in /src",
            ),
            ("MAPPING = {}", ""),
            (
                "install({'a': '/s/a/__init__.py', 'a.b': '/s/a/b.py', 'ab': '/s/ab.py'}, {'a._c': 'a/_c.so'}, None)",
                "a in /s, ab in /s",
            ),
            (
                "F.map_module('name.space', '/s/name/space/__init__.py')\nF.map_module('m', '/s/m.py')",
                "name.space in /s, m in /s",
            ),
            (
                "MAPPING = {'app': '/src/lib', 'm': '/s/m.cpython-311-x86_64-linux-gnu.so'}",
                "app nowhere, m in /s",
            ),
        ] {
            let shown = mapping(text).into_iter().flatten().map(|(module, path)| {
                match folder_of(&module, &RealPath::known(&path)) {
                    Some(folder) => format!("{module} in {folder}"),
                    None => format!("{module} nowhere"),
                }
            });
            assert_eq!(shown.collect::<Vec<_>>().join(", "), expect, "{text}");
        }
    }

    #[test]
    fn metadata_of_setup_py_develop_is_in_the_source() {
        let root = Root::new(Memory::parse(
            r"/p/app/__init__.py = x
              /p/app.egg-info/PKG-INFO = Name: app\nVersion: 1\n
              /p/known.egg-info/PKG-INFO = Name: known\nVersion: 1\n
              /v/known-1.dist-info/METADATA = Name: known\nVersion: 1\n",
        ));
        let (mut all, mut findings) =
            (read_distributions(&root, &RealPath::known("/v"), &PartKind::System).0, Vec::new());
        let infos = developed(
            &root,
            &RealPath::known("/p"),
            &[RealPath::known("/p/app")],
            &mut all,
            &mut findings,
        );
        assert_eq!(infos, [RealPath::known("/p/app.egg-info")]);
        let shown: Vec<String> =
            all.iter().map(|one| format!("{} {:?}", one.key, one.claims)).collect();
        assert_eq!(shown.len(), 2);
        assert_eq!(all[1].claims, [RealPath::known("/p/app"), RealPath::known("/p/app.egg-info")]);
    }
}
