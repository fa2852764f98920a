//! What becomes of the path files (`.pth`) of the environment, and what those that travel run at start.
//!
//! Invariant: a line of the bundle names no directory of the builder; a line of code travels as it is.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::path::RealPath;
use crate::python::{ImportFound, PathFile, PathLine};

/// How setuptools asks for the directory of a `-nspkg.pth`: it works wherever that is.
const OWN_DIRECTORY: &str = "sys._getframe(1).f_locals['sitedir']";

/// A line of a path file that Python runs at every start.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct StartLine {
    /// The file in the builder.
    pub file: RealPath,
    pub line: String,
    /// What it means for the final stage.
    pub judgement: String,
}

/// The text for the bundle: `None` when nothing of it is left.
pub fn portable(
    file: &PathFile,
    destination: &dyn Fn(&RealPath) -> Option<RealPath>,
    sources: &dyn Fn(&RealPath) -> bool,
) -> Option<String> {
    let directory = destination(&file.path)?.parent()?;
    let lines = file.lines.iter().filter_map(|line| match line {
        // The source travels into the site directory itself.
        PathLine::Path { to: Some(to), .. } if sources(to) => None,
        PathLine::Path { text, to: Some(to) } if text.starts_with('/') => {
            destination(to).map(|to| to.relative_to(&directory))
        }
        PathLine::Path { text, to: None } if text.starts_with('/') => None,
        PathLine::Path { text, .. } => Some(text.clone()),
        // Nor does anything need what led there.
        PathLine::Code { .. } if line.finder().is_some() => None,
        PathLine::Code { text, .. } => Some(text.clone()),
    });
    let text: String = lines.map(|line| line + "\n").collect();
    (!text.is_empty()).then_some(text)
}

/// Judges each line of code that travels.
pub fn judge(
    inventory: &Inventory,
    travelling: &BTreeSet<RealPath>,
    findings: &mut Vec<Finding>,
) -> Vec<StartLine> {
    let mut lines = Vec::new();
    for file in inventory.path_files.iter().filter(|file| travelling.contains(&file.path)) {
        for line in &file.lines {
            let PathLine::Code { text, imports } = line else { continue };
            let trouble =
                |text: String| Finding::new(Severity::Warn, Code::RunsAtStart, &file.path, text);
            let stays = imports.iter().find(|import| match &import.found {
                ImportFound::Standard => false,
                ImportFound::Beside(path) => !travelling.contains(path),
                ImportFound::Nowhere => true,
            });
            let named = inventory
                .environment
                .parts
                .iter()
                .find(|part| part.whole_prefix() && text.contains(part.prefix.as_str()));
            let judgement = if let Some(import) = stays {
                let name = &import.name;
                let why = if import.found == ImportFound::Nowhere {
                    "not installed"
                } else {
                    "left behind"
                };
                findings.push(
                    trouble(format!("imports {name} at every start of Python, which is {why}: it prints an error each time"))
                        .help("uninstall what installed this file, or install what it imports"),
                );
                format!("imports {name}, which is {why}")
            } else if let Some(part) = named {
                findings.push(
                    trouble(format!("runs at every start of Python and names {}, which is the builder's", part.prefix))
                        .help("build with the environment at its final path: --prefix, or python -m venv there"),
                );
                format!("names {}", part.prefix)
            } else if text.contains(OWN_DIRECTORY) {
                "declares a namespace package, wherever the directory is".to_owned()
            } else {
                "what it imports is in the final image".to_owned()
            };
            lines.push(StartLine { file: file.path.clone(), line: text.clone(), judgement });
        }
    }
    lines.sort();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::Import;

    #[test]
    fn lines_follow_the_prefix() {
        let path = |text: &str, to: Option<&str>| PathLine::Path {
            text: text.to_owned(),
            to: to.map(RealPath::known),
        };
        let code = |text: &str| {
            let name = text.split([' ', ';']).nth(1).unwrap_or_default().to_owned();
            PathLine::Code {
                text: text.to_owned(),
                imports: vec![Import { name, found: ImportFound::Nowhere }],
            }
        };
        let destination = |path: &RealPath| {
            path.below(&RealPath::known("/v")).map(|rest| RealPath::known("/opt/app").descend(rest))
        };
        let sources = |path: &RealPath| path.as_str() == "/src";
        let check = |lines: Vec<PathLine>, expect: Option<&str>| {
            let file = PathFile { path: RealPath::known("/v/site/a.pth"), lines };
            assert_eq!(portable(&file, &destination, &sources).as_deref(), expect);
        };
        check(vec![path("/src", Some("/src"))], None);
        check(
            vec![path("/v/site/a.egg", Some("/v/site/a.egg")), path("b", None)],
            Some("a.egg\nb\n"),
        );
        check(vec![path("/v/other", Some("/v/other"))], Some("../other\n"));
        check(vec![path("/gone", None), code("import __editable___x_finder; x()")], None);
        check(vec![path("/src", Some("/src")), code("import os")], Some("import os\n"));
        check(vec![path("/src", Some("/src")), code("import _editable_skbc_x")], None);
        check(
            vec![code("import _x_editable"), code("import x_editable")],
            Some("import x_editable\n"),
        );
    }
}
