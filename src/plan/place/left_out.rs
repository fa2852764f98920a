//! Files that no distribution records, and why some of them are left out.
//!
//! Invariant: a file is bundled unless it is known to be made for the builder alone.

use std::collections::HashMap;

use crate::inventory::{FileFact, Inventory};
use crate::path::RealPath;
use crate::plan::select::Selection;
use crate::python::PartKind;
use crate::root::Kind;

/// Files that venv, virtualenv, uv and pipx write themselves, below the prefix. `Activate.ps1` and
/// `activate_this.py` find the environment by their own place, so they are copied.
const SCAFFOLDING: [&str; 15] = [
    "pyvenv.cfg",
    ".gitignore",
    "CACHEDIR.TAG",
    ".lock",
    "lib64",
    "bin/activate",
    "bin/activate.csh",
    "bin/activate.fish",
    "bin/activate.nu",
    "bin/activate.bat",
    "bin/activate.xsh",
    "bin/deactivate.bat",
    "bin/pydoc.bat",
    "pipx_metadata.json",
    "uv-receipt.toml",
];

/// The metadata directories of distributions that are left out, each with its name.
pub(crate) type LeftOutInfos<'a> = HashMap<&'a RealPath, &'a str>;

/// Lists the metadata directories of distributions that are left out.
pub(crate) fn list_infos<'a>(inventory: &'a Inventory, selection: &Selection) -> LeftOutInfos<'a> {
    let all = inventory.distributions.iter().enumerate();
    let left_out = all.filter(|(index, _)| !selection.is_bundled(*index));
    left_out.map(|(_, one)| (&one.info, one.name.as_str())).collect()
}

/// Why a file that no distribution records is left out, if it is.
pub(crate) fn judge_unowned(
    inventory: &Inventory,
    infos: &LeftOutInfos,
    file: &FileFact,
) -> Option<String> {
    let environment = &inventory.environment;
    let packages = &inventory.packages;
    if let Some(package) =
        packages.owner(&file.path).filter(|_| packages.in_prefix(&file.path).is_none())
    {
        return Some(format!("belongs to the package {}", packages[package].name));
    }
    let mut above = std::iter::once(file.path.clone()).chain(file.path.ancestors());
    if let Some(name) = above.find_map(|path| infos.get(&path)) {
        return Some(format!("belongs to {name}, which is left out"));
    }
    let part =
        environment.part_of(&file.path).filter(|part| part.kind == PartKind::VirtualEnvironment)?;
    let below = file.path.below(&part.prefix)?;
    // pip checks out `-e git+...` there. Other files of the checkout, such as its history, are left
    // out.
    let checkout = below
        .strip_prefix("src/")
        .and_then(|rest| Some(part.prefix.join("src").join(rest.split('/').next()?)));
    if checkout.is_some_and(|checkout| {
        environment.sources().any(|source| source.below(&checkout).is_some())
    }) {
        return Some(
            "in the checkout of an editable install, but not part of its source".to_owned(),
        );
    }
    // virtualenv patches distutils for the pip inside; nothing imports the patch afterwards.
    let patch = matches!(file.path.name(), "_virtualenv.py" | "_virtualenv.pth");
    // Nothing but the folders for headers that each venv gets.
    let no_headers = file.meta.kind == Kind::Directory && below.starts_with("include");
    (is_interpreter(below) || no_headers || patch || SCAFFOLDING.contains(&below))
        .then(|| "created for the builder by venv; the bundle has its own".to_owned())
}

/// `bin/python3.13` and its other names.
fn is_interpreter(below: &str) -> bool {
    let version = below
        .strip_prefix("bin/")
        .and_then(|name| name.strip_prefix("python").or_else(|| name.strip_prefix("pypy")));
    version.is_some_and(|rest| {
        rest.chars().all(|digit| digit.is_ascii_digit() || digit == '.' || digit == 't')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_interpreter() {
        for (below, expect) in [
            ("bin/python", true),
            ("bin/python3.13t", true),
            ("bin/pypy3", true),
            ("bin/python-config", false),
            ("bin/pythonic", false),
            ("lib/python3.13", false),
        ] {
            assert_eq!(is_interpreter(below), expect, "{below}");
        }
    }
}
