//! Path configuration files: the `*.pth` of a site directory, and the `.egg-link` of `setup.py
//! develop`.
//!
//! They are read as site.py does (`addpackage`): Python runs a line that begins with `import` at
//! every start. Any other line that is neither blank nor a comment names a directory for
//! `sys.path`.
//!
//! Invariant: no code of them is run.

use super::environment::Environment;
use super::interpreter::Interpreter;
use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Root};

/// The largest path file in bytes; a larger file is ignored.
const LARGEST: u64 = 1 << 20;
/// Modules compiled into the program, among those that such lines import.
const COMPILED_IN: [&str; 10] = [
    "sys",
    "builtins",
    "time",
    "itertools",
    "gc",
    "atexit",
    "errno",
    "posix",
    "marshal",
    "_thread",
];

/// One path configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathFile {
    /// Its path in the site directory.
    pub path: RealPath,
    /// Its lines, without comments and blank lines.
    pub lines: Vec<PathLine>,
}

/// One line that is neither blank nor a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathLine {
    /// A directory for `sys.path`.
    Path {
        /// The path as written.
        text: String,
        /// The file or directory in the root; `None` if there is none.
        to: Option<RealPath>,
    },
    /// Python code that runs at every start.
    Code {
        /// The line as written.
        text: String,
        /// The modules that its first statement imports.
        imports: Vec<Import>,
    },
}

impl PathLine {
    /// The finder of an editable install that this line starts: a module of setuptools,
    /// scikit-build-core or `editables` (hatchling, pdm-backend). A bundle that has the source does
    /// not need it.
    pub fn finder(&self) -> Option<&Import> {
        let PathLine::Code { imports, .. } = self else { return None };
        let import = imports.first()?;
        let name = import.name.as_str();
        let known = ["__editable__", "_editable_skbc_", "_editable_impl_"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        (known || (name.starts_with('_') && name.ends_with("_editable"))).then_some(import)
    }
}

/// A module that a line of code imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The top-level name: `distutils`.
    pub name: String,
    /// The place where Python finds it.
    pub found: ImportFound,
}

/// The place where Python finds a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportFound {
    /// In the interpreter or its standard library.
    Standard,
    /// In the same site directory as the path file.
    Beside(RealPath),
    /// Not in the root.
    Nowhere,
}

impl PathFile {
    /// The directories of its lines that exist.
    pub fn directories(&self) -> impl Iterator<Item = &RealPath> {
        self.lines.iter().filter_map(|line| match line {
            PathLine::Path { to, .. } => to.as_ref(),
            PathLine::Code { .. } => None,
        })
    }

    /// The folders outside of the environment that this file leads to; as `Err`, the written paths
    /// of those that do not exist. For an `editable` install a folder of the prefix also counts,
    /// unless it is in a site directory: `pip install -e git+...` creates `src/` there.
    pub fn leads_out(
        &self,
        environment: &Environment,
        editable: bool,
    ) -> Vec<Result<RealPath, String>> {
        let in_site = |path: &RealPath| {
            environment
                .parts
                .iter()
                .flat_map(|part| &part.sites)
                .any(|site| path.below(site).is_some())
        };
        let outside = self.lines.iter().filter_map(|line| match line {
            // A path inside the environment needs nothing, and Python ignores a path that does not
            // exist.
            PathLine::Path { to: Some(to), .. }
                if environment.in_whole_prefix(to) && (!editable || in_site(to)) =>
            {
                None
            }
            PathLine::Path { to: Some(to), .. } => Some(Ok(to.clone())),
            PathLine::Path { text, to: None } if text.starts_with('/') => Some(Err(text.clone())),
            PathLine::Path { .. } | PathLine::Code { .. } => None,
        });
        outside.collect()
    }
}

/// Reads the path files of every site directory, sorted within each.
pub fn read_path_files(root: &Root, environment: &Environment) -> Vec<PathFile> {
    let mut found = Vec::new();
    for site in environment.parts.iter().flat_map(|part| &part.sites) {
        for entry in root.list(site).into_iter().flatten() {
            let name = entry.path.name();
            let is_file = matches!(entry.meta.kind, Kind::File | Kind::Link(_));
            if !is_file || (!name.ends_with(".pth") && !name.ends_with(".egg-link")) {
                continue;
            }
            let Ok(Some(text)) = root.read_text(entry.path.as_str(), LARGEST) else { continue };
            let lines = if name.ends_with(".pth") {
                lines(&text)
            } else {
                text.lines().take(1).map(raw_path).collect()
            };
            let lines = lines
                .into_iter()
                .map(|line| resolve_line(root, site, &environment.interpreter, line))
                .collect();
            found.push(PathFile { path: entry.path, lines });
        }
    }
    found
}

fn raw_path(line: &str) -> PathLine {
    PathLine::Path { text: line.trim_end().to_owned(), to: None }
}

/// The lines that are neither blank nor comments, with nothing looked up yet.
fn lines(text: &str) -> Vec<PathLine> {
    let lines = text.trim_start_matches('\u{feff}').lines();
    let counting = lines.filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    counting
        .map(|line| match line.strip_prefix("import ").or_else(|| line.strip_prefix("import\t")) {
            Some(rest) => {
                PathLine::Code { text: line.trim_end().to_owned(), imports: imports(rest) }
            }
            None => raw_path(line),
        })
        .collect()
}

/// The top-level names of the first statement, `a, b.c as d; rest`.
fn imports(rest: &str) -> Vec<Import> {
    let statement = rest.split(';').next().unwrap_or_default();
    let names = statement.split(',').map(|one| one.split_whitespace().next().unwrap_or_default());
    let tops = names
        .map(|name| name.split('.').next().unwrap_or_default())
        .filter(|name| !name.is_empty());
    tops.map(|name| Import { name: name.to_owned(), found: ImportFound::Nowhere }).collect()
}

fn resolve_line(
    root: &Root,
    site: &RealPath,
    interpreter: &Interpreter,
    line: PathLine,
) -> PathLine {
    match line {
        PathLine::Path { text, .. } => {
            let to = root.resolve(&WrittenPath::from(site).join(&text)).ok().flatten();
            PathLine::Path { text, to: to.map(|found| found.path) }
        }
        PathLine::Code { text, mut imports } => {
            for import in &mut imports {
                import.found = find(root, site, interpreter, &import.name);
            }
            PathLine::Code { text, imports }
        }
    }
}

/// Finds a module in the order of the import system: compiled in, the standard library, the site
/// directory.
fn find(root: &Root, site: &RealPath, interpreter: &Interpreter, name: &str) -> ImportFound {
    // Whatever follows `import` in a line that is no Python.
    if name.contains(['/', '\0']) {
        return ImportFound::Nowhere;
    }
    let module = |directory: &RealPath| {
        let names = [format!("{name}/__init__.py"), format!("{name}.py")];
        let extensions = interpreter.facts.suffixes.iter().map(|suffix| format!("{name}{suffix}"));
        let mut paths = names.into_iter().chain(extensions).map(|file| directory.descend(&file));
        paths.find(|path| root.is_file(&WrittenPath::from(path)))
    };
    if COMPILED_IN.contains(&name)
        || [&interpreter.stdlib, &interpreter.stdlib.join("lib-dynload")]
            .into_iter()
            .any(|at| module(at).is_some())
    {
        return ImportFound::Standard;
    }
    module(site).map_or(ImportFound::Nowhere, ImportFound::Beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_as_site_reads_them() {
        let text = "\u{feff}/src/app \n# c\n\nimport os; x\nimport a.b as c, d;e\nimport\tz\n importer\nrelative\n";
        let shown: Vec<String> = lines(text)
            .iter()
            .map(|line| match line {
                PathLine::Path { text, .. } => text.clone(),
                PathLine::Code { imports, .. } => {
                    imports.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join("+")
                }
            })
            .collect();
        assert_eq!(shown, ["/src/app", "os", "a+d", "z", " importer", "relative"]);
    }
}
