//! `uv.lock`, `poetry.lock` and `pdm.lock`: the distributions of a production install, and their
//! files.
//!
//! Invariant: only what the run needs is in a [`Lock`], as far as the lock tells groups apart; a
//! package
//! that cannot be understood is passed over.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::text::is_name;
use crate::python::normalised_name;

/// Which tool wrote a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockKind {
    /// `uv.lock`.
    Uv,
    /// `poetry.lock`.
    Poetry,
    /// `pdm.lock`.
    Pdm,
}

impl LockKind {
    /// In the order of evidence.
    pub const ALL: [LockKind; 3] = [LockKind::Uv, LockKind::Poetry, LockKind::Pdm];

    /// The name of the file.
    pub fn file(self) -> &'static str {
        match self {
            LockKind::Uv => "uv.lock",
            LockKind::Poetry => "poetry.lock",
            LockKind::Pdm => "pdm.lock",
        }
    }
}

/// One distribution of a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locked {
    /// The name as PEP 503 compares it.
    pub name: String,
    /// File names of its wheels.
    pub wheels: Vec<String>,
    /// A source distribution is among its files.
    pub has_sdist: bool,
    /// It is fetched by git.
    pub is_git: bool,
}

/// What a lock says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// What a production install needs, by name.
    pub packages: Vec<Locked>,
    /// The version of Poetry that wrote it: its numbers.
    pub poetry: Option<(u32, u32)>,
    /// A package is a directory of the project, beside the project itself.
    pub has_local: bool,
}

/// Reads a lock; an error when it is no TOML.
pub(super) fn parse_lock(kind: LockKind, text: &str) -> Result<Lock, String> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let packages = table.get("package").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let packages: Vec<&Table> = packages.iter().filter_map(Value::as_table).collect();
    let wanted = match kind {
        LockKind::Uv => reached(&packages),
        LockKind::Poetry | LockKind::Pdm => packages.into_iter().filter(|it| is_main(it)).collect(),
    };
    let has_local = wanted.iter().any(|package| is_local(package));
    let mut packages: Vec<Locked> = wanted.into_iter().filter_map(locked).collect();
    packages.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Lock { packages, poetry: parse_poetry_header(text), has_local })
}

/// Poetry and PDM write the groups of each package; old locks of Poetry a category.
fn is_main(package: &Table) -> bool {
    let groups = package.get("groups").and_then(Value::as_array);
    let category = package.get("category").and_then(Value::as_str);
    let optional = package.get("optional").and_then(Value::as_bool) == Some(true);
    let in_main = groups.is_none_or(|groups| {
        groups.iter().filter_map(Value::as_str).any(|group| matches!(group, "main" | "default"))
    });
    in_main && category.is_none_or(|category| category == "main") && !optional
}

/// uv writes who depends on whom: what the project leads to, extras followed.
fn reached<'a>(packages: &[&'a Table]) -> Vec<&'a Table> {
    let name = |package: &Table| package.get("name").and_then(Value::as_str).map(str::to_owned);
    let mut by_name: BTreeMap<String, Vec<&Table>> = BTreeMap::new();
    for package in packages {
        by_name.entry(name(package).unwrap_or_default()).or_default().push(package);
    }
    let own = |package: &&&Table| is_project(package);
    let mut pending: Vec<(String, String)> = packages
        .iter()
        .filter(own)
        .filter_map(|package| Some((name(package)?, String::new())))
        .collect();
    let mut met = BTreeSet::new();
    while let Some((name, extra)) = pending.pop() {
        if !met.insert((name.clone(), extra.clone())) {
            continue;
        }
        for package in by_name.get(&name).into_iter().flatten() {
            let list = match extra.as_str() {
                "" => package.get("dependencies"),
                extra => package.get("optional-dependencies").and_then(|all| all.get(extra)),
            };
            for dependency in list.and_then(Value::as_array).into_iter().flatten() {
                let Some(name) = dependency.get("name").and_then(Value::as_str) else { continue };
                let extras = dependency.get("extra").and_then(Value::as_array);
                let extras = extras.into_iter().flatten().filter_map(Value::as_str);
                pending.extend(extras.map(|extra| (name.to_owned(), extra.to_owned())));
                pending.push((name.to_owned(), String::new()));
            }
        }
    }
    let is_met = |package: &&&Table| {
        !is_project(package)
            && name(package).is_some_and(|name| met.contains(&(name, String::new())))
    };
    packages.iter().filter(is_met).copied().collect()
}

/// uv's entry of the project itself.
fn is_project(package: &Table) -> bool {
    let source = package.get("source");
    let place = |key: &str| source.and_then(|it| it.get(key)).and_then(Value::as_str);
    ["editable", "virtual"].into_iter().any(|key| place(key) == Some("."))
}

/// A directory or a file of the project.
fn is_local(package: &Table) -> bool {
    let source = package.get("source");
    let of_uv = ["editable", "virtual", "directory", "path"];
    let of_poetry = source.and_then(|it| it.get("type")).and_then(Value::as_str);
    of_uv.iter().any(|key| source.is_some_and(|it| it.get(key).is_some()))
        || matches!(of_poetry, Some("directory" | "file"))
        || package.contains_key("path")
}

fn locked(package: &Table) -> Option<Locked> {
    let name = package.get("name")?.as_str().filter(|name| is_name(name))?;
    let source = package.get("source");
    let is_git = package.contains_key("git")
        || source.is_some_and(|source| {
            source.get("git").is_some() || source.get("type").and_then(Value::as_str) == Some("git")
        });
    let files = ["files", "wheels"].into_iter().filter_map(|key| package.get(key)?.as_array());
    let files: Vec<&str> = files.flatten().filter_map(file_name).collect();
    let (wheels, others): (Vec<&str>, Vec<&str>) =
        files.into_iter().partition(|file| file.ends_with(".whl"));
    Some(Locked {
        name: normalised_name(name),
        wheels: wheels.into_iter().map(str::to_owned).collect(),
        has_sdist: !others.is_empty() || package.contains_key("sdist"),
        is_git,
    })
}

/// Poetry and PDM write `file`, uv and PDM with static URLs `url`.
fn file_name(file: &Value) -> Option<&str> {
    let text = file.get("file").or_else(|| file.get("url"))?.as_str()?;
    text.split(['#', '?']).next()?.rsplit('/').next()
}

/// `# This file is automatically @generated by Poetry 2.1.3 and should not be changed by hand.`
fn parse_poetry_header(text: &str) -> Option<(u32, u32)> {
    let (_, rest) = text.lines().next()?.split_once("@generated by Poetry ")?;
    let mut numbers = rest.split_whitespace().next()?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: LockKind, text: &str, expect: &str) {
        let lock = parse_lock(kind, text).unwrap();
        let names: Vec<String> = lock
            .packages
            .iter()
            .map(|it| {
                let marks = [(it.has_sdist, "+sdist"), (it.is_git, "+git")];
                let marks = marks.iter().filter(|(set, _)| *set).map(|(_, mark)| *mark);
                format!("{}:{}{}", it.name, it.wheels.len(), marks.collect::<String>())
            })
            .collect();
        assert_eq!(names.join(" "), expect, "{text}");
    }

    #[test]
    fn a_lock_gives_what_production_needs() {
        check(
            LockKind::Uv,
            r#"
            [[package]]
            name = "shop"
            source = { virtual = "." }
            dependencies = [{ name = "fastapi", extra = ["standard"] }]
            dev-dependencies = { dev = [{ name = "pytest" }] }
            [[package]]
            name = "fastapi"
            wheels = [{ url = "https://example.org/fastapi-1-py3-none-any.whl" }]
            [package.optional-dependencies]
            standard = [{ name = "uvicorn" }]
            other = [{ name = "ujson" }]
            [[package]]
            name = "uvicorn"
            sdist = { url = "https://example.org/uvicorn-1.tar.gz" }
            [[package]]
            name = "ujson"
            [[package]]
            name = "pytest"
            "#,
            "fastapi:1 uvicorn:0+sdist",
        );
        check(
            LockKind::Poetry,
            r#"
            [[package]]
            name = "Click"
            groups = ["main", "dev"]
            files = [{file = "click-8-py3-none-any.whl", hash = "x"}, {file = "click-8.tar.gz"}]
            [[package]]
            name = "pytest"
            groups = ["dev"]
            [[package]]
            name = "old"
            category = "dev"
            [[package]]
            name = "tool"
            [package.source]
            type = "git"
            "#,
            "click:1+sdist tool:0+git",
        );
        check(
            LockKind::Pdm,
            r#"
            [[package]]
            name = "click"
            groups = ["default"]
            files = [{url = "https://example.org/click-8-py3-none-any.whl#x", hash = "x"}]
            [[package]]
            name = "pytest"
            groups = ["dev"]
            "#,
            "click:1",
        );
        check(LockKind::Pdm, "package = 3", "");
    }

    #[test]
    fn the_header_of_a_poetry_lock_names_the_version() {
        let header = "# This file is automatically @generated by Poetry 2.1.3 and should not be";
        assert_eq!(parse_poetry_header(header), Some((2, 1)));
        assert_eq!(parse_poetry_header("# by Poetry $(x)"), None);
    }
}
