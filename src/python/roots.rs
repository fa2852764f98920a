//! What an application asks for: requirements as typed, requirements files and pyproject.toml.
//!
//! Invariant: a line that cannot be understood is an error with its place: to pass over it would leave
//! out what the application needs.

use pep508_rs::Requirement;
use serde::Deserialize;
use url::Url;

/// What one requirements file says (pip, "Requirements File Format").
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RequirementsFile {
    pub requirements: Vec<Requirement<Url>>,
    /// Files of `-r`, relative to this one.
    pub included: Vec<String>,
}

/// Why a text gives no requirements; the message names the line.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RootsError {
    #[error("{text:?} is not a requirement (PEP 508): {why}")]
    Requirement { text: String, why: String },
    #[error("line {line}: {why}")]
    Line { line: usize, why: String },
    #[error("is not pyproject.toml: {why}")]
    Project { why: String },
    #[error("has no optional dependencies called {extra}")]
    Extra { extra: String },
}

/// One requirement as typed.
pub fn parse_root(text: &str) -> Result<Requirement<Url>, RootsError> {
    let first_line = |error: String| error.lines().next().unwrap_or_default().to_owned();
    text.trim().parse().map_err(|error: pep508_rs::Pep508Error<Url>| RootsError::Requirement {
        text: text.trim().to_owned(),
        why: first_line(error.message.to_string()),
    })
}

/// Reads a requirements file. Options that tell pip where to look mean nothing here.
pub fn parse_requirements_file(text: &str) -> Result<RequirementsFile, RootsError> {
    let mut file = RequirementsFile::default();
    let mut whole = String::new();
    for (index, line) in text.lines().enumerate() {
        let failed = |why: String| RootsError::Line { line: index + 1, why };
        if let Some(part) = line.strip_suffix('\\') {
            whole.push_str(part);
            continue;
        }
        let joined = std::mem::take(&mut whole) + line;
        let line = without_comment(&joined);
        let option = |names: [&str; 2]| {
            names.iter().find_map(|name| {
                let rest = line.strip_prefix(name)?;
                rest.starts_with([' ', '=', '\t']).then(|| rest[1..].trim().to_owned())
            })
        };
        if line.is_empty() {
        } else if let Some(included) = option(["-r", "--requirement"]) {
            file.included.push(included);
        } else if option(["-e", "--editable"]).is_some() {
            return Err(failed("an editable requirement has no name to look for; name the project instead".to_owned()));
        } else if !line.starts_with('-') {
            // `--hash` and other options of one requirement follow it.
            let requirement = line.split(" --").next().unwrap_or(line);
            file.requirements.push(parse_root(requirement).map_err(|error| failed(error.to_string()))?);
        }
    }
    Ok(file)
}

/// A comment begins the line or follows a blank: a URL may hold `#`.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    line.find(" #").or_else(|| line.find("\t#")).map_or(line, |at| &line[..at]).trim()
}

#[derive(Deserialize)]
struct Pyproject {
    project: Option<Project>,
}

#[derive(Deserialize)]
struct Project {
    #[serde(default)]
    dependencies: Vec<String>,
    #[serde(default, rename = "optional-dependencies")]
    optional: std::collections::BTreeMap<String, Vec<String>>,
}

/// `project.dependencies` of pyproject.toml (PEP 621), and those of the named extras.
pub fn parse_project(text: &str, extras: &[&str]) -> Result<Vec<Requirement<Url>>, RootsError> {
    let document: Pyproject = toml::from_str(text).map_err(|error| RootsError::Project { why: error.message().to_owned() })?;
    let project = document.project.ok_or_else(|| RootsError::Project { why: "it has no [project] table (PEP 621)".to_owned() })?;
    let mut texts = project.dependencies;
    for extra in extras {
        let wanted = super::normalised_name(extra);
        let found = project.optional.iter().find(|(name, _)| super::normalised_name(name) == wanted);
        texts.extend(found.ok_or_else(|| RootsError::Extra { extra: (*extra).to_owned() })?.1.iter().cloned());
    }
    texts.iter().map(|text| parse_root(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(requirements: &[Requirement<Url>]) -> String {
        requirements.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn files_as_pip_reads_them() {
        let text = "# all\nflask>=2 # web\n\n-r base.txt\n--requirement=more.txt\n-c constraints.txt\n--index-url https://h/simple\n\
                    requests[socks]==2.32.2 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\na @ https://h/a.whl#sha256=cc\n";
        let file = parse_requirements_file(text).unwrap();
        assert_eq!(shown(&file.requirements), "flask>=2 | requests[socks]==2.32.2 | a @ https://h/a.whl#sha256=cc");
        assert_eq!(file.included, ["base.txt", "more.txt"]);
        for (text, line) in [("a\n-e ./src\n", 2), ("./local\n", 1), ("a\nb ==\n", 2)] {
            assert!(matches!(parse_requirements_file(text), Err(RootsError::Line { line: at, .. }) if at == line), "{text}");
        }
    }

    #[test]
    fn projects_and_their_extras() {
        let text =
            "[project]\nname = 'x'\ndependencies = ['a>1', \"b; python_version < '4'\"]\n[project.optional-dependencies]\nDB_x = ['c']\n";
        assert_eq!(shown(&parse_project(text, &[]).unwrap()), "a>1 | b ; python_full_version < '4'");
        assert_eq!(shown(&parse_project(text, &["db-x"]).unwrap()), "a>1 | b ; python_full_version < '4' | c");
        assert_eq!(parse_project(text, &["no"]), Err(RootsError::Extra { extra: "no".to_owned() }));
        assert!(parse_project("[tool.poetry]\n", &[]).is_err() && parse_project("=", &[]).is_err());
    }
}
