//! The requirements of an application: as typed, in requirements files and in pyproject.toml.
//!
//! Invariant: a line that cannot be understood is an error with its place, because a bundle without
//! it would lack a distribution that the application needs.

use pep508_rs::Requirement;
use serde::Deserialize;
use url::Url;

use super::problems::excerpt;
use super::requirement::read_requirement;
use crate::hint::Hint;

/// The contents of one requirements file (pip, "Requirements File Format").
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RequirementsFile {
    /// The requirements of the file itself.
    pub requirements: Vec<Requirement<Url>>,
    /// The files of `-r`, relative to this file.
    pub included: Vec<String>,
    /// The folders of projects, relative to this file, each with the requested extras: `-e .[web]`.
    pub projects: Vec<(String, Vec<String>)>,
}

/// The contents of one pyproject.toml (PEP 621).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ProjectFile {
    /// The name of the project; `None` if the build backend determines it.
    pub name: Option<String>,
    /// The dependencies, with those of the requested extras.
    pub requirements: Vec<Requirement<Url>>,
}

impl ProjectFile {
    /// A requirement of the project itself with these extras; `None` for a project without a static
    /// name.
    pub fn itself(&self, extras: &[String]) -> Result<Option<Requirement<Url>>, RequirementsError> {
        self.name
            .as_ref()
            .map(|name| parse_requirement(&format!("{name}[{}]", extras.join(","))))
            .transpose()
    }
}

/// Splits a path as typed from the extras that follow it: `pyproject.toml[web,db]`.
pub fn split_extras(typed: &str) -> (&str, Vec<String>) {
    let (path, extras) =
        typed.strip_suffix(']').and_then(|typed| typed.rsplit_once('[')).unwrap_or((typed, ""));
    (
        path,
        extras
            .split(',')
            .map(str::trim)
            .filter(|extra| !extra.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

/// The reason why a text gives no requirements.
#[derive(Debug, thiserror::Error)]
pub enum RequirementsError {
    /// A text that PEP 508 does not allow.
    #[error("{text} is not a requirement (PEP 508): {why}")]
    Requirement {
        /// The beginning of the text in quotes.
        text: String,
        /// The reason in one line.
        why: String,
    },
    /// A line of a requirements file that cannot be understood.
    #[error("line {line}: {source}")]
    Line {
        /// The number of the line, counted from 1.
        line: usize,
        /// The cause.
        source: Box<RequirementsError>,
    },
    /// A URL that does not show the name of its distribution.
    #[error("{place} does not show its name; write it as NAME @ {place}")]
    NoName {
        /// The URL as typed.
        place: String,
    },
    /// Text that is not TOML, or a table of another shape.
    #[error("is not a pyproject.toml: {}", source.message())]
    Toml {
        /// The cause.
        source: Box<toml::de::Error>,
    },
    /// A pyproject.toml that only configures tools.
    #[error("is not the pyproject.toml of a project: it has no [project] table (PEP 621)")]
    NoProject,
    /// An extra that the project does not offer.
    #[error("has no optional dependencies named {extra}")]
    Extra {
        /// The name of the extra as typed.
        extra: String,
    },
}

impl Hint for RequirementsError {
    fn hint(&self) -> Option<&str> {
        Some("write requirements as pip accepts them: name[extra]>=1.0")
    }
}

/// Reads one requirement as typed.
pub fn parse_requirement(text: &str) -> Result<Requirement<Url>, RequirementsError> {
    read_requirement(text)
        .map_err(|why| RequirementsError::Requirement { text: excerpt(text.trim()), why })
}

/// Reads a requirements file. Options that say where pip searches are ignored.
pub fn parse_requirements_file(text: &str) -> Result<RequirementsFile, RequirementsError> {
    let mut file = RequirementsFile::default();
    let mut whole = String::new();
    for (index, line) in text.lines().enumerate() {
        let failed = |error| RequirementsError::Line { line: index + 1, source: Box::new(error) };
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
        } else if let Some(place) = option(["-e", "--editable"]) {
            file.place(&place).map_err(failed)?;
        } else if !line.starts_with('-') {
            // `--hash` and other options of a single requirement follow it.
            let requirement = line.split(" --").next().unwrap_or(line).trim();
            let named = requirement.contains(" @ ") || !requirement.contains('/');
            if named && !matches!(requirement.split('[').next(), Some("." | "..")) {
                file.requirements.push(parse_requirement(requirement).map_err(failed)?);
            } else {
                file.place(requirement).map_err(failed)?;
            }
        }
    }
    Ok(file)
}

impl RequirementsFile {
    /// A requirement that is a folder, an archive or a repository.
    fn place(&mut self, place: &str) -> Result<(), RequirementsError> {
        let (url, fragment) = place.split_once('#').unwrap_or((place, ""));
        let file_name = url.rsplit('/').next().unwrap_or(url).split('@').next().unwrap_or_default();
        let archive = [".whl", ".tar.gz", ".zip", ".tar.bz2", ".tgz"]
            .iter()
            .find_map(|suffix| file_name.strip_suffix(suffix));
        let egg = fragment.split('&').find_map(|part| part.strip_prefix("egg="));
        if let Some(name) =
            egg.or_else(|| archive.and_then(|stem| stem.split_once('-')).map(|(name, _)| name))
        {
            self.requirements.push(parse_requirement(name)?);
        } else if url.contains("://") && !url.starts_with("file://") {
            return Err(RequirementsError::NoName { place: place.to_owned() });
        } else {
            let (folder, extras) = split_extras(url.strip_prefix("file://").unwrap_or(url));
            self.projects.push((folder.to_owned(), extras));
        }
        Ok(())
    }
}

/// A line without its comment. A comment begins the line or follows a blank: a URL may contain `#`.
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
    name: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
    #[serde(default, rename = "optional-dependencies")]
    optional: std::collections::BTreeMap<String, Vec<String>>,
}

/// Reads `project.dependencies` of pyproject.toml, and the optional dependencies of the named
/// extras.
pub fn parse_project(text: &str, extras: &[String]) -> Result<ProjectFile, RequirementsError> {
    let document: Pyproject = toml::from_str(text)
        .map_err(|error| RequirementsError::Toml { source: Box::new(error) })?;
    let project = document.project.ok_or(RequirementsError::NoProject)?;
    let mut texts = project.dependencies;
    for extra in extras {
        let wanted = super::normalised_name(extra);
        let found =
            project.optional.iter().find(|(name, _)| super::normalised_name(name) == wanted);
        texts.extend(
            found
                .ok_or_else(|| RequirementsError::Extra { extra: extra.clone() })?
                .1
                .iter()
                .cloned(),
        );
    }
    let requirements =
        texts.iter().map(|text| parse_requirement(text)).collect::<Result<_, _>>()?;
    Ok(ProjectFile { name: project.name, requirements })
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
        assert_eq!(
            shown(&file.requirements),
            "flask>=2 | requests[socks]==2.32.2 | a @ https://h/a.whl#sha256=cc"
        );
        assert_eq!(file.included, ["base.txt", "more.txt"]);
        let places = "-e .\n-e ./src/web[a, b]\n../lib\nfile:///opt/x\ngit+https://h/r.git@v1#egg=in_git&subdirectory=x\n./w/my_app-1.0-py3-none-any.whl\n\
                      https://h/old-2.0.tar.gz#sha256=aa\n";
        let file = parse_requirements_file(places).unwrap();
        assert_eq!(shown(&file.requirements), "in-git | my-app | old");
        let folders: Vec<String> = file
            .projects
            .iter()
            .map(|(folder, extras)| format!("{folder} {}", extras.join("+")))
            .collect();
        assert_eq!(folders, [". ", "./src/web a+b", "../lib ", "/opt/x "]);
        for (text, line) in [("a\n-e git+ssh://h/r\n", 2), ("https://h/x\n", 1), ("a\nb ==\n", 2)] {
            assert!(
                matches!(parse_requirements_file(text), Err(RequirementsError::Line { line: at, .. }) if at == line),
                "{text}"
            );
        }
    }

    #[test]
    fn projects_and_their_extras() {
        let text = "[project]\nname = 'x'\ndependencies = ['a>1', \"b; python_version < '4'\"]\n[project.optional-dependencies]\nDB_x = ['c']\n";
        let extra = |name: &str| [name.to_owned()];
        let shown = |text: &str, extras: &[String]| {
            shown(&parse_project(text, extras).unwrap().requirements)
        };
        assert_eq!(parse_project(text, &[]).unwrap().name.as_deref(), Some("x"));
        assert_eq!(shown(text, &[]), "a>1 | b ; python_full_version < '4'");
        assert_eq!(shown(text, &extra("db-x")), "a>1 | b ; python_full_version < '4' | c");
        let error = parse_project(text, &extra("no")).unwrap_err();
        assert_eq!(error.to_string(), "has no optional dependencies named no");
        assert!(parse_project("[tool.poetry]\n", &[]).is_err() && parse_project("=", &[]).is_err());
    }
}
