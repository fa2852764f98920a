//! Path files (`.pth`): their lines in the bundle, and the code that Python runs from them at every
//! start.
//!
//! Invariant: a line of the bundle names no directory of the builder; a line of code is bundled as
//! it is.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::path::RealPath;
use crate::python::{Import, ImportFound, PathFile, PathLine};

/// How setuptools asks for the directory of a `-nspkg.pth`: it works wherever that is.
const OWN_DIRECTORY: &str = "sys._getframe(1).f_locals['sitedir']";

/// A line of a path file that Python runs at every start.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct StartLine {
    /// The file in the builder.
    pub file: RealPath,
    /// The line, without its end.
    pub line: String,
    /// Its meaning for the final stage.
    pub judgement: String,
}

/// The text of a path file in the bundle; `None` if no line is left.
pub(crate) fn rewrite(
    file: &PathFile,
    destination: &dyn Fn(&RealPath) -> Option<RealPath>,
    sources: &dyn Fn(&RealPath) -> bool,
    of_packages: &dyn Fn(&RealPath) -> bool,
) -> Option<String> {
    let directory = destination(&file.path)?.parent()?;
    let lines = file.lines.iter().filter_map(|line| match line {
        // The final stage installs the packages at the same place.
        PathLine::Path { to: Some(to), .. } if of_packages(to) => Some(to.to_string()),
        // The source is bundled in the site directory itself.
        PathLine::Path { to: Some(to), .. } if sources(to) => None,
        PathLine::Path { text, to: Some(to) } if text.starts_with('/') => {
            destination(to).map(|to| to.relative_to(&directory))
        }
        PathLine::Path { text, to: None } if text.starts_with('/') => None,
        PathLine::Path { text, .. } => Some(text.clone()),
        // Nothing needs the finder of such a source either.
        PathLine::Code { .. } if line.finder().is_some() => None,
        PathLine::Code { text, .. } => Some(text.clone()),
    });
    let text: String = lines.map(|line| line + "\n").collect();
    (!text.is_empty()).then_some(text)
}

/// Judges each line of code in the path files that are bundled.
pub(crate) fn judge(
    inventory: &Inventory,
    bundled: &BTreeSet<RealPath>,
) -> (Vec<StartLine>, Vec<Finding>) {
    let (mut lines, mut findings) = (Vec::new(), Vec::new());
    for file in inventory.path_files.iter().filter(|file| bundled.contains(&file.path)) {
        for line in &file.lines {
            let PathLine::Code { text, imports } = line else { continue };
            let (judgement, problem) = judge_code(inventory, bundled, text, imports);
            let warn = |(message, help): (String, &str)| {
                Finding::new(Severity::Warn, Code::RunsAtStart, &file.path, message).help(help)
            };
            findings.extend(problem.map(warn));
            lines.push(StartLine { file: file.path.clone(), line: text.clone(), judgement });
        }
    }
    lines.sort();
    (lines, findings)
}

/// The meaning of a line for the final stage, and the message and help of a problem with it.
fn judge_code(
    inventory: &Inventory,
    bundled: &BTreeSet<RealPath>,
    text: &str,
    imports: &[Import],
) -> (String, Option<(String, &'static str)>) {
    let missing = imports.iter().find(|import| match &import.found {
        ImportFound::Standard => false,
        ImportFound::Beside(path) => !bundled.contains(path),
        ImportFound::Nowhere => true,
    });
    let mut parts = inventory.environment.parts.iter();
    let named = parts.find(|part| part.whole_prefix() && text.contains(part.prefix.as_str()));
    if let Some(Import { name, found }) = missing {
        let why = if *found == ImportFound::Nowhere { "not installed" } else { "left out" };
        let message =
            format!("imports {name}, which is {why}, so Python prints an error at every start");
        let help = "uninstall the distribution of this file, or install the module that it imports";
        (format!("imports {name}, which is {why}"), Some((message, help)))
    } else if let Some(part) = named {
        let message = format!(
            "runs at every start of Python and contains {}, a path of the builder",
            part.prefix
        );
        let help = "create the environment at its final path, or name its path with --prefix";
        (format!("contains the path {}", part.prefix), Some((message, help)))
    } else if text.contains(OWN_DIRECTORY) {
        ("declares a namespace package, and works in any directory".to_owned(), None)
    } else {
        ("all its imports are in the final image".to_owned(), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let of_packages = |path: &RealPath| path.as_str() == "/usr/dist";
            let rewritten = rewrite(&file, &destination, &sources, &of_packages);
            assert_eq!(rewritten.as_deref(), expect);
        };
        check(vec![path("/src", Some("/src"))], None);
        check(vec![path("../../usr/dist", Some("/usr/dist"))], Some("/usr/dist\n"));
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
