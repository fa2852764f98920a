//! Requirements as text, and the requirements file that pip reads.
//!
//! The names decide which build packages and which server are named; pip alone resolves them. So
//! this
//! reader is lenient where `python::parse_requirements_file` must not be.
//!
//! Invariant: a line that cannot be understood gives nothing and no error.

use super::text::{is_name, is_plain_path, without_dot};
use crate::python::normalised_name;

/// A requirement as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The name as PEP 503 compares it.
    pub name: String,
    /// Extras as written.
    pub extras: Vec<String>,
    /// It is fetched by git.
    pub is_git: bool,
    /// It is a directory or a file of the project.
    pub is_local: bool,
}

/// One requirement (PEP 508): its name and extras; `None` when it does not begin with a name.
pub(super) fn parse_requirement(text: &str) -> Option<Requirement> {
    let text = text.trim();
    let end = text
        .find(|letter: char| !(letter.is_ascii_alphanumeric() || "._-".contains(letter)))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = rest.trim_start();
    let extras = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (extras, rest) = extras.unwrap_or(("", rest));
    let place = rest.trim_start().strip_prefix('@').map(str::trim).unwrap_or_default();
    is_name(name).then(|| Requirement {
        name: normalised_name(name),
        extras: extras.split(',').map(|it| it.trim().to_owned()).filter(|it| is_name(it)).collect(),
        is_git: place.starts_with("git+"),
        is_local: place.starts_with("file:") || place.starts_with('.'),
    })
}

/// What one requirements file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequirementsFile {
    /// What it names.
    pub requirements: Vec<Requirement>,
    /// Files of `-r` and `-c`, relative to this one, as written.
    pub includes: Vec<String>,
    /// It installs the project itself, or another directory or file of it.
    pub needs_source: bool,
    /// Something is fetched by git, also where its name is not given.
    pub needs_git: bool,
}

/// Reads a requirements file (pip, "Requirements File Format").
pub(super) fn parse_requirements(text: &str) -> RequirementsFile {
    let mut file = RequirementsFile::default();
    for line in text.replace("\\\n", " ").lines() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let option = |names: &[&str]| {
            names.iter().find_map(|name| {
                let rest = line.strip_prefix(name)?;
                let rest = rest.trim_start_matches(['=', ' ', '\t']);
                Some(rest.trim_matches(['"', '\'']).to_owned())
            })
        };
        if let Some(path) = option(&["--requirement", "--constraint", "-r", "-c"]) {
            file.includes.push(path);
            continue;
        }
        let editable = option(&["--editable", "-e"]);
        let place = editable.as_deref().unwrap_or(line);
        file.needs_git |= place.contains("git+");
        if place.starts_with('-') || place.contains("://") && !place.contains(" @ ") {
            file.needs_source |= place.starts_with("--find-links") || place.starts_with("file:");
        } else if let Some(requirement) = parse_requirement(place).filter(|_| !is_path(place)) {
            file.needs_source |= requirement.is_local;
            file.requirements.push(requirement);
        } else {
            file.needs_source = true;
        }
    }
    file
}

/// pip takes what has a slash, or is `.`, for a directory.
fn is_path(place: &str) -> bool {
    !place.contains(" @ ") && place.split([';', '[']).next().is_some_and(|it| it.contains('/'))
        || place.starts_with('.')
}

/// The file that `-r` or `-c` names in `of`, relative to the project; `None` when it is no plain
/// path.
pub(super) fn included_path(of: &str, written: &str) -> Option<String> {
    let written = without_dot(written);
    let path = match of.rsplit_once('/') {
        Some((directory, _)) => format!("{directory}/{written}"),
        None => written.to_owned(),
    };
    is_plain_path(&path).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let file = parse_requirements(text);
        let names: Vec<String> = file
            .requirements
            .iter()
            .map(|it| {
                format!(
                    "{}{}",
                    it.name,
                    it.extras.iter().map(|it| format!("+{it}")).collect::<String>()
                )
            })
            .collect();
        let flags = [(file.needs_source, "source"), (file.needs_git, "git")];
        let flags = flags.into_iter().filter(|(set, _)| *set).map(|(_, name)| name.to_owned());
        let all: Vec<String> =
            names.into_iter().chain(file.includes.clone()).chain(flags).collect();
        assert_eq!(all.join(" "), expect, "{text}");
    }

    #[test]
    fn requirements_files_are_read_for_their_names() {
        check("flask==3.1.2\n# no\nGunicorn[gevent] >= 23 # server\n", "flask gunicorn+gevent");
        check("flask==3 \\\n    --hash=sha256:00\n", "flask");
        check(
            "-r base.txt\n-c constraints.txt\n--requirement=more.txt",
            "base.txt constraints.txt more.txt",
        );
        check("-e .\nflask", "flask source");
        check(".[web]", "source");
        check("./libs/tool", "source");
        check("libs/tool", "source");
        check("tool @ file:///src/tool", "tool source");
        check("git+https://example.org/tool.git", "git");
        check("tool @ git+https://example.org/tool.git", "tool git");
        check("https://example.org/tool-1-py3-none-any.whl", "");
        check(
            "--index-url https://example.org/simple\npsycopg2; sys_platform == 'linux'",
            "psycopg2",
        );
    }

    #[test]
    fn included_files_stay_in_the_project() {
        let check = |of: &str, written: &str, expect: Option<&str>| {
            assert_eq!(included_path(of, written).as_deref(), expect, "{written}");
        };
        check("requirements.txt", "requirements/base.txt", Some("requirements/base.txt"));
        check("requirements/web.txt", "base.txt", Some("requirements/base.txt"));
        check("requirements/web.txt", "./base.txt", Some("requirements/base.txt"));
        check("requirements.txt", "../base.txt", None);
        check("requirements.txt", "/etc/passwd", None);
        check("requirements.txt", "a b.txt", None);
        check("requirements.txt", "$HOME/base.txt", None);
    }
}
