//! `environment.yml`: the names that it installs.
//!
//! Invariant: only the list items of `dependencies` are read, line by line; what is written in
//! another
//! form of YAML gives no names and no error, because micromamba alone resolves the file.

use super::requirements::{Requirement, RequirementsFile, parse_requirement, parse_requirements};
use super::text::is_name;
use crate::python::normalised_name;

/// What the file installs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CondaEnvironment {
    /// Packages of conda and of its `pip:` section.
    pub requirements: Vec<Requirement>,
    /// There is a `pip:` section.
    pub has_pip_section: bool,
    /// The `pip:` section as a requirements file.
    pub pip: RequirementsFile,
}

/// Reads `environment.yml` (conda, "Creating an environment file manually").
pub(super) fn parse_environment(text: &str) -> CondaEnvironment {
    let mut environment = CondaEnvironment::default();
    let mut inside = false;
    let mut pip = String::new();
    for line in text.lines() {
        let content = line.split(" #").next().unwrap_or_default();
        let item = content.trim_start();
        let Some(item) = item.strip_prefix("- ").map(str::trim) else {
            inside = match content.trim_end() {
                "dependencies:" => true,
                other => inside && (other.is_empty() || other.starts_with([' ', '#'])),
            };
            continue;
        };
        let item = item.trim_matches(['"', '\'']);
        if !inside {
        } else if item == "pip:" {
            environment.has_pip_section = true;
        } else if environment.has_pip_section && line.starts_with("    ") {
            pip.push_str(item);
            pip.push('\n');
        } else {
            environment.requirements.extend(parse_package(item));
        }
    }
    environment.pip = parse_requirements(&pip);
    environment.requirements.extend(environment.pip.requirements.iter().cloned());
    environment
}

/// `conda-forge::numpy>=2`, `python=3.12`.
fn parse_package(item: &str) -> Option<Requirement> {
    let item = item.rsplit("::").next()?;
    let name = item.split([' ', '=', '<', '>', '!', '~', '[']).next()?;
    is_name(name).then(|| parse_requirement(&normalised_name(name)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_file_is_read_for_its_names() {
        let text = "name: x\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.12\n  \
                    - conda-forge::numpy>=2 # fast\n  - pip\n  - pip:\n    - flask[async]==3\n    \
                    - -r requirements.txt\nvariables:\n  - x\n";
        let environment = parse_environment(text);
        let names: Vec<&str> = environment.requirements.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["python", "numpy", "pip", "flask"]);
        assert!(environment.has_pip_section);
        assert_eq!(environment.pip.includes, ["requirements.txt"]);
        assert_eq!(parse_environment("- a\n{[").requirements, []);
    }
}
