//! `pyproject.toml`, and what `setup.cfg` says beside `setup.py`.
//!
//! Invariant: a field of another type than its specification wants is passed over; only text that
//! is no
//! TOML is an error.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::requirements::{Requirement, parse_requirement};
use super::text::is_name;

/// A command that installing the project makes: `[project.scripts]`, `[tool.poetry.scripts]`,
/// `console_scripts`.
pub(super) type ScriptName = String;

/// What the project declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The name, where one is declared and is a name.
    pub name: Option<String>,
    /// `requires-python`, or Poetry's `python`, as written.
    pub requires_python: Option<String>,
    /// What is required at run time, without extras of the project.
    pub requirements: Vec<Requirement>,
    /// Names of commands, in the order of the alphabet.
    pub scripts: Vec<ScriptName>,
    /// The table that declares the commands, as a comment names it.
    pub scripts_table: &'static str,
    /// `[build-system]` is there.
    pub has_build_system: bool,
    /// `[project]` is there.
    pub has_project: bool,
    /// The installer's own setting that the project is a package (uv, Poetry, PDM), where there is
    /// one.
    pub is_package: PackageSettings,
    /// A requirement is a directory, or the dependencies come from code: the source must be there
    /// first.
    pub needs_source: bool,
    /// `[tool.uv.workspace]` is there.
    pub is_workspace: bool,
    /// `[tool.pixi]` is there.
    pub has_pixi: bool,
}

/// What each installer's table says on whether the project is a package; its default when absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PackageSettings {
    /// `tool.uv.package`.
    pub uv: Option<bool>,
    /// `tool.poetry.package-mode`.
    pub poetry: Option<bool>,
    /// `tool.pdm.distribution`.
    pub pdm: Option<bool>,
}

/// Reads `pyproject.toml` (PEP 621, PEP 518, the tables of uv, Poetry, PDM and pixi).
pub(super) fn parse_pyproject(text: &str) -> Result<Manifest, String> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let poetry = get(&table, "tool.poetry").and_then(Value::as_table);
    let declared = |key: &str| {
        get(&table, &format!("project.{key}")).or_else(|| poetry.and_then(|poetry| poetry.get(key)))
    };
    let strings = |path: &str| -> Vec<&str> {
        let array = get(&table, path).and_then(Value::as_array);
        array.into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let mut requirements: Vec<Requirement> =
        strings("project.dependencies").into_iter().filter_map(parse_requirement).collect();
    let mut needs_source = strings("project.dynamic").contains(&"dependencies");
    let poetry_dependencies = get(&table, "tool.poetry.dependencies").and_then(Value::as_table);
    for (name, value) in poetry_dependencies.into_iter().flatten() {
        needs_source |= value.get("path").is_some();
        if name != "python" && value.get("optional").and_then(Value::as_bool) != Some(true) {
            requirements.extend(poetry_requirement(name, value));
        }
    }
    for sources in ["tool.uv.sources", "tool.pixi.pypi-dependencies"] {
        let sources = get(&table, sources).and_then(Value::as_table);
        needs_source |=
            sources.into_iter().flatten().any(|(_, source)| source.get("path").is_some());
    }
    needs_source |= requirements.iter().any(|requirement| requirement.is_local);
    let (scripts, scripts_table) = scripts(&table);
    let flag = |path: &str| get(&table, path).and_then(Value::as_bool);
    let poetry_python = poetry_dependencies.and_then(|table| table.get("python"));
    Ok(Manifest {
        name: declared("name").and_then(Value::as_str).filter(|it| is_name(it)).map(str::to_owned),
        requires_python: get(&table, "project.requires-python")
            .or(poetry_python)
            .and_then(Value::as_str)
            .map(str::to_owned),
        requirements,
        scripts,
        scripts_table,
        has_build_system: table.contains_key("build-system"),
        has_project: table.contains_key("project"),
        is_package: PackageSettings {
            uv: flag("tool.uv.package"),
            poetry: flag("tool.poetry.package-mode"),
            pdm: flag("tool.pdm.distribution"),
        },
        needs_source,
        is_workspace: get(&table, "tool.uv.workspace").is_some(),
        has_pixi: get(&table, "tool.pixi").is_some(),
    })
}

fn poetry_requirement(name: &str, value: &Value) -> Option<Requirement> {
    let extras = value.get("extras").and_then(Value::as_array).into_iter().flatten();
    Some(Requirement {
        extras: extras.filter_map(Value::as_str).map(str::to_owned).collect(),
        is_git: value.get("git").is_some(),
        ..parse_requirement(name)?
    })
}

fn scripts(table: &Table) -> (Vec<ScriptName>, &'static str) {
    let tables = [
        ("project.scripts", "[project.scripts]"),
        ("tool.poetry.scripts", "[tool.poetry.scripts]"),
    ];
    let mut found = tables.into_iter().filter_map(|(path, shown)| {
        let names = get(table, path)?.as_table()?.keys().filter(|name| is_name(name));
        let names: BTreeSet<String> = names.cloned().collect();
        (!names.is_empty()).then(|| (names.into_iter().collect(), shown))
    });
    found.next().unwrap_or_default()
}

fn get<'a>(table: &'a Table, path: &str) -> Option<&'a Value> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    rest.split('.')
        .filter(|key| !key.is_empty())
        .try_fold(table.get(first)?, |value, key| value.get(key))
}

/// Adds what `setup.cfg` declares and `pyproject.toml` does not (setuptools, "declarative config").
pub(super) fn add_setup_cfg(manifest: &mut Manifest, text: &str) {
    let python = ini::ParseOption {
        enabled_quote: false,
        enabled_escape: false,
        enabled_indented_mutiline_value: true,
        ..ini::ParseOption::default()
    };
    let Ok(file) = ini::Ini::load_from_str_opt(text, python) else { return };
    let value = |section: &str, key: &str| file.get_from(Some(section), key);
    let lines = |section: &str, key: &str| -> Vec<String> {
        let lines = value(section, key).unwrap_or_default().lines().map(str::trim);
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    if manifest.name.is_none() {
        manifest.name = value("metadata", "name").filter(|it| is_name(it)).map(str::to_owned);
    }
    if manifest.requires_python.is_none() {
        manifest.requires_python = value("options", "python_requires").map(str::to_owned);
    }
    if manifest.requirements.is_empty() {
        let lines = lines("options", "install_requires");
        manifest.requirements = lines.iter().filter_map(|it| parse_requirement(it)).collect();
    }
    if manifest.scripts.is_empty() {
        let lines = lines("options.entry_points", "console_scripts");
        let names = lines.iter().filter_map(|line| Some(line.split_once('=')?.0.trim()));
        let names: BTreeSet<String> = names.filter(|it| is_name(it)).map(str::to_owned).collect();
        manifest.scripts = names.into_iter().collect();
        manifest.scripts_table = "console_scripts of setup.cfg";
    }
}
