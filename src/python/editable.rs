//! Editable installs: where the `.pth` files and finders of a site directory say that source is
//! (PEP 660, and `easy-install.pth` of `setup.py develop`).
//!
//! Invariant: nothing of them is run; a line that is code is passed over unless a finder of setuptools
//! has its answer as a literal.

use std::collections::BTreeSet;

use super::distribution::Distribution;
use super::environment::{Environment, Part, PartKind};
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

/// Finds the source; the distributions that own what leads there get it as theirs.
pub fn editable(root: &Root, environment: &Environment, distributions: &mut [Distribution], findings: &mut Vec<Finding>) -> Editable {
    let mut found = Editable::default();
    let sites: Vec<RealPath> = environment.parts.iter().flat_map(|part| part.sites.clone()).collect();
    for entry in sites.iter().flat_map(|site| root.list(site)).flatten().filter(|entry| entry.meta.kind == Kind::File) {
        let name = entry.path.name();
        let finder = name.starts_with("__editable__") && name.ends_with("_finder.py");
        if !finder && !name.ends_with(".pth") {
            continue;
        }
        let Ok(text) = root.read(&entry.path, LARGEST) else { continue };
        let text = String::from_utf8_lossy(&text);
        let sources = if finder { mapping(&text) } else { path_lines(&text) };
        let owner = distributions.iter_mut().find(|one| one.record.iter().any(|record| record.path == entry.path));
        let mut claims = Vec::new();
        for source in &sources {
            match root.resolve(&WrittenPath::new(source.as_str())) {
                // A path inside the environment needs no help.
                Ok(Some(there)) if environment.part_of(&there.path).is_some_and(Part::whole_prefix) => {}
                Ok(Some(there)) => {
                    let tops = if finder { vec![there.path] } else { packages(root, &there.path) };
                    claims.extend(tops.iter().cloned());
                    found.parts.extend(source_part(tops));
                    found.leads.insert(entry.path.clone());
                }
                _ if name == "distutils-precedence.pth" => {}
                _ => findings.push(
                    Finding::new(
                        Severity::Deny,
                        Code::EditableInstall,
                        &entry.path,
                        format!("leads to {source}, which is not in the root"),
                    )
                    .help(format!("have the source in the builder stage: COPY . {source}")),
                ),
            }
        }
        // Of a finder and the `.pth` that starts it only one says where the source is.
        if text.contains("import __editable__") {
            found.leads.insert(entry.path.clone());
        }
        if let Some(owner) = owner {
            owner.claims.extend(claims);
        }
    }
    found
}

/// The absolute paths of a `.pth`; lines that begin with `import` are code (site.py).
fn path_lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim_end).filter(|line| line.starts_with('/'));
    lines.map(str::to_owned).collect()
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
    fn where_the_source_is() {
        assert_eq!(path_lines("/src/app\nimport os; x\n# c\nrelative\n/other"), ["/src/app", "/other"]);
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
}
