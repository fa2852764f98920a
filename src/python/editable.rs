//! Editable installs: where the path files and finders of a site directory say that source is
//! (PEP 660, and `easy-install.pth` and `.egg-link` of `setup.py develop`).
//!
//! Invariant: nothing of them is run; what a finder of setuptools maps is read as a literal.

use std::collections::BTreeSet;

use super::distribution::{Distribution, read_distributions};
use super::environment::{Environment, Part, PartKind};
use super::path_file::{PathFile, PathLine};
use crate::finding::{Code, Finding, Severity};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Root};

const LARGEST: u64 = 1 << 20;
/// What a project keeps beside its packages.
const NOT_PACKAGES: [&str; 8] = ["tests", "test", "docs", "doc", "build", "dist", "node_modules", "examples"];
const NOT_MODULES: [&str; 4] = ["setup.py", "conftest.py", "noxfile.py", "tasks.py"];

/// Source that Python sees through a site directory.
#[derive(Debug, Default)]
pub struct Editable {
    /// Each source folder, its packages and modules.
    pub parts: Vec<Part>,
    /// The files that lead there: with the source in place they mean nothing.
    pub leads: BTreeSet<RealPath>,
}

/// Finds the source; the distributions that own what leads there get it as theirs. One that has its
/// metadata in the source folder alone (`setup.py develop`) is added.
pub fn editable(
    root: &Root,
    environment: &Environment,
    path_files: &[PathFile],
    distributions: &mut Vec<Distribution>,
    findings: &mut Vec<Finding>,
) -> Editable {
    let mut found = Editable::default();
    for file in path_files {
        let mut claims = Vec::new();
        for source in file.leads_out(environment) {
            match source {
                Ok(folder) => {
                    let mut tops = packages(root, &folder);
                    claims.extend(tops.iter().cloned());
                    tops.extend(developed(root, &folder, &claims, distributions, findings));
                    found.lead(&file.path, tops);
                }
                Err(text) => findings.push(missing(&file.path, &text)),
            }
        }
        // Of a finder and the path file that starts it only the finder says where the source is.
        if file.lines.iter().any(|line| matches!(line, PathLine::Code { text, .. } if text.starts_with("import __editable__"))) {
            found.leads.insert(file.path.clone());
        }
        claim(distributions, &file.path, claims);
    }
    for finder in finders(root, environment) {
        let Ok(text) = root.read(&finder, LARGEST) else { continue };
        for source in mapping(&String::from_utf8_lossy(&text)) {
            match root.resolve(&WrittenPath::new(source.as_str())) {
                Ok(Some(there)) if environment.in_whole_prefix(&there.path) => {}
                Ok(Some(there)) => {
                    claim(distributions, &finder, vec![there.path.clone()]);
                    found.lead(&finder, vec![there.path]);
                }
                _ => findings.push(missing(&finder, &source)),
            }
        }
    }
    found
}

impl Editable {
    fn lead(&mut self, file: &RealPath, tops: Vec<RealPath>) {
        self.parts.extend(source_part(tops).filter(|part| !self.parts.contains(part)));
        self.leads.insert(file.clone());
    }
}

fn missing(file: &RealPath, source: &str) -> Finding {
    Finding::new(Severity::Deny, Code::EditableInstall, file, format!("leads to {source}, which is not in the root"))
        .help(format!("have the source in the builder stage: COPY . {source}"))
}

/// The distribution that records `file` owns `claims` too.
fn claim(distributions: &mut [Distribution], file: &RealPath, claims: Vec<RealPath>) {
    if let Some(owner) = distributions.iter_mut().find(|one| one.record.iter().any(|record| record.path == *file)) {
        owner.claims.extend(claims);
    }
}

/// Adds the distributions whose egg-info is in the source folder and nowhere else; returns the egg-info.
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

/// What setuptools starts by a path file when a path alone does not do.
fn finders(root: &Root, environment: &Environment) -> Vec<RealPath> {
    let sites = environment.parts.iter().flat_map(|part| &part.sites);
    let files = sites.flat_map(|site| root.list(site)).flatten().filter(|entry| entry.meta.kind == Kind::File);
    let finder = |path: &RealPath| path.name().starts_with("__editable__") && path.name().ends_with("_finder.py");
    files.map(|entry| entry.path).filter(finder).collect()
}

/// The paths of `MAPPING = {'name': '/path'}` of a setuptools finder.
fn mapping(text: &str) -> Vec<String> {
    let Some(line) = text.lines().find(|line| line.starts_with("MAPPING")) else { return Vec::new() };
    let literals = line.split(['\'', '"']).skip(1).step_by(2);
    literals.filter(|literal| literal.starts_with('/')).map(str::to_owned).collect()
}

/// What of a source folder is importable and meant to be: all but tests, tools and build output.
fn packages(root: &Root, folder: &RealPath) -> Vec<RealPath> {
    let wanted = root.list(folder).into_iter().flatten().filter(|entry| {
        let name = entry.path.name();
        match entry.meta.kind {
            Kind::Directory => {
                let other = name.starts_with(['.', '_']) && !name.starts_with("__editable__") && !is_package(root, &entry.path);
                let environment = root.is_file(&WrittenPath::from(&entry.path.join("pyvenv.cfg")));
                !other && !environment && !NOT_PACKAGES.contains(&name) && !name.contains(['.', '-']) && holds_python(root, &entry.path)
            }
            _ => (name.ends_with(".py") && !NOT_MODULES.contains(&name)) || name.ends_with(".so"),
        }
    });
    wanted.map(|entry| entry.path).collect()
}

fn is_package(root: &Root, folder: &RealPath) -> bool {
    root.is_file(&WrittenPath::from(&folder.join("__init__.py")))
}

/// A package, or a namespace of packages (PEP 420).
fn holds_python(root: &Root, folder: &RealPath) -> bool {
    is_package(root, folder)
        || root
            .list(folder)
            .into_iter()
            .flatten()
            .any(|entry| entry.path.name().ends_with(".py") || (entry.meta.kind == Kind::Directory && is_package(root, &entry.path)))
}

fn source_part(tops: Vec<RealPath>) -> Option<Part> {
    let folder = tops.first()?.parent()?;
    Some(Part { kind: PartKind::Source(tops), prefix: folder.clone(), scripts: folder.join("bin"), sites: vec![folder] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::memory::Memory;

    #[test]
    fn where_a_finder_leads() {
        assert_eq!(mapping("x = 1\nMAPPING: dict[str, str] = {'app': '/src/app', \"b\": \"/src/b\"}\n"), ["/src/app", "/src/b"]);
        assert_eq!(mapping("MAPPING = {}"), Vec::<String>::new());
    }

    #[test]
    fn packages_of_a_project() {
        let root = Root::new(Memory::parse(
            "/p/app/__init__.py = x\n/p/name/space/__init__.py = x\n/p/tests/test_a.py = x\n/p/.git/x.py = x\n/p/.venv/pyvenv.cfg = x\n\
             /p/mod.py = x\n/p/setup.py = x\n/p/_fast.cpython-311-x86_64-linux-gnu.so = x\n/p/app.egg-info/PKG-INFO = x\n/p/data/x.csv = x\n/p/README = x",
        ));
        let found: Vec<String> = packages(&root, &RealPath::known("/p")).iter().map(|path| path.name().to_owned()).collect();
        assert_eq!(found, ["_fast.cpython-311-x86_64-linux-gnu.so", "app", "mod.py", "name"]);
    }

    #[test]
    fn metadata_of_setup_py_develop_is_in_the_source() {
        let root = Root::new(Memory::parse(
            r"/p/app/__init__.py = x
              /p/app.egg-info/PKG-INFO = Name: app\nVersion: 1\n
              /p/known.egg-info/PKG-INFO = Name: known\nVersion: 1\n
              /v/known-1.dist-info/METADATA = Name: known\nVersion: 1\n",
        ));
        let (mut all, mut findings) = (read_distributions(&root, &RealPath::known("/v"), &PartKind::System).0, Vec::new());
        let infos = developed(&root, &RealPath::known("/p"), &[RealPath::known("/p/app")], &mut all, &mut findings);
        assert_eq!(infos, [RealPath::known("/p/app.egg-info")]);
        let shown: Vec<String> = all.iter().map(|one| format!("{} {:?}", one.key, one.claims)).collect();
        assert_eq!(shown.len(), 2);
        assert_eq!(all[1].claims, [RealPath::known("/p/app"), RealPath::known("/p/app.egg-info")]);
    }
}
