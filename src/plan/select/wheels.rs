//! Wheels for another Python, platform or ABI than those of the interpreter: `pip install --target`
//! takes any with `--python-version` and `--platform`.
//!
//! The suffix of an extension module decides, since `import` looks at nothing else. The tags of a
//! wheel say whether it was meant for this interpreter.
//!
//! Invariant: a distribution with a module that this interpreter imports is never refused: it may
//! have one for each.

use std::collections::BTreeMap;

use super::selection::Selection;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::Inventory;
use crate::path::RealPath;
use crate::python::{Distribution, Interpreter};
use crate::wheelhouse::{SupportedTags, Target};

/// The findings for bundled distributions that the interpreter cannot import.
pub(super) fn judge_wheels(inventory: &Inventory, selection: &Selection) -> Vec<Finding> {
    let interpreter = &inventory.environment.interpreter;
    let supported = SupportedTags::new(&Target::new(&interpreter.facts, None));
    let mut modules: BTreeMap<usize, Vec<(&RealPath, bool)>> = BTreeMap::new();
    for file in &inventory.files {
        let Some(owner) = file.owner.filter(|owner| selection.is_bundled(*owner)) else { continue };
        if let Some(fits) = imports(interpreter, file.path.name()) {
            modules.entry(owner).or_default().push((&file.path, fits));
        }
    }
    let bundled = inventory.distributions.iter().enumerate();
    let bundled = bundled.filter(|(index, _)| selection.is_bundled(*index));
    let judged = bundled.filter_map(|(index, one)| {
        let modules = modules.get(&index).map(Vec::as_slice).unwrap_or_default();
        judge(interpreter, &supported, one, modules)
    });
    judged.collect()
}

/// Whether `import` takes a file of this name, if its suffix names an interpreter or a platform.
fn imports(interpreter: &Interpreter, name: &str) -> Option<bool> {
    const TAGS: [&str; 4] = ["cpython-", "pypy", "graalpy", "abi3"];
    let (stem, suffix) = name.split_at_checked(name.find('.')?)?;
    if is_of_windows(suffix) {
        return Some(false);
    }
    let tag = suffix.strip_suffix(".so")?.strip_prefix('.')?;
    let is_tag = !stem.is_empty() && TAGS.iter().any(|start| tag.starts_with(start));
    is_tag.then(|| {
        let known = interpreter.facts.abi.is_some();
        interpreter.facts.suffixes.iter().any(|own| own == suffix)
            || (!known && tag.starts_with(&format!("{}-", interpreter.cache_tag())))
    })
}

fn is_of_windows(name: &str) -> bool {
    name.ends_with(".pyd")
}

fn judge(
    interpreter: &Interpreter,
    supported: &SupportedTags,
    distribution: &Distribution,
    modules: &[(&RealPath, bool)],
) -> Option<Finding> {
    if modules.iter().any(|(_, fits)| *fits) {
        return None;
    }
    let meant = distribution.tags.is_empty() || is_for(supported, &distribution.tags);
    let severity = match modules {
        [] if meant => return None,
        // Its Python code may work all the same.
        [] => Severity::Warn,
        // A wheel of all platforms has those of Windows for Windows.
        _ if meant && modules.iter().all(|(path, _)| is_of_windows(path.name())) => return None,
        _ if meant => Severity::Warn,
        _ => Severity::Deny,
    };
    let tags = distribution.tags.join(", ");
    let made = if meant { "is installed".to_owned() } else { format!("is a wheel for {tags}") };
    let facts = &interpreter.facts;
    let own = facts.abi.clone().unwrap_or_else(|| interpreter.cache_tag());
    let start = format!("{} {made}, and the interpreter is {own}", distribution.version);
    let files = modules.iter().map(|(path, _)| *path);
    let message = |number: &str, first: &str| match modules {
        [] => start,
        _ => format!("{start}: it cannot import {number}: {first}"),
    };
    let minor = interpreter.minor();
    let finding =
        Finding::of_files(severity, Code::ForeignWheel, &distribution.name, files, message);
    Some(finding.help(format!(
        "install it with the pip of this Python, or run wheelbarrow in a stage with the Python that \
         the wheel is for; this one is {minor}"
    )))
}

/// Whether one of these tags names the interpreter and its ABI, on any platform: the suffixes and
/// the loader judge the platform.
fn is_for(supported: &SupportedTags, tags: &[String]) -> bool {
    tags.iter().any(|tag| {
        let mut parts = tag.split('-');
        let (python, abi) = (parts.next(), parts.next());
        let same = |part: Option<&str>, own: &str| part == Some(own);
        supported.as_slice().iter().any(|own| same(python, &own.python) && same(abi, &own.abi))
    })
}

#[cfg(test)]
mod tests {
    use crate::scenario::{compare, plan, show};

    const TARGET: &str = "debian\npython /usr/local/bin/python3.11\nvenv /opt/venv";

    /// The findings for a wheel `rtoml` with this file and these tags.
    #[track_caller]
    fn check(has: &str, tag: &str, expect: &str) {
        let wheel = format!("Wheel-Version: 1.0\\nTag: {tag}\\n");
        let root =
            format!("{TARGET}\nwheel rtoml has {has}\nVENV/rtoml-1.0.dist-info/WHEEL = {wheel}");
        let plan = plan(&root, "/opt/venv").plan;
        compare(&root, &show::findings(&plan.findings), expect);
    }

    #[test]
    fn the_suffix_of_a_module_decides() {
        const DENY: &str = "deny foreign-wheel rtoml";
        const WARN: &str = "warn foreign-wheel rtoml";
        const OTHER: &str = "cp39-cp39-manylinux_2_17_x86_64";
        check("rtoml/_r.cpython-39-x86_64-linux-gnu.so", OTHER, DENY);
        check("rtoml/_r.cpython-311-x86_64-linux-gnu.so", "cp311-cp311-linux_x86_64", "");
        check("rtoml/_r.cpython-311-x86_64-linux-gnu.so", OTHER, "");
        check(
            "rtoml/_r.cpython-311-x86_64-linux-musl.so",
            "cp312-cp312-musllinux_1_2_x86_64",
            DENY,
        );
        check("rtoml/_r.cpython-313t-x86_64-linux-gnu.so", "cp313-cp313t-linux_x86_64", DENY);
        check("rtoml/_r.pypy310-pp73-x86_64-linux-gnu.so", "pp310-pypy310_pp73-linux_x86_64", DENY);
        check("rtoml/_r.cp311-win_amd64.pyd", "cp312-cp312-win_amd64", DENY);
        check("rtoml/_r.abi3.so", "cp39-abi3-manylinux_2_17_x86_64", "");
        check("rtoml/__init__.py", "py3-none-any", "");
        // Without a module, only the tag differs.
        check("rtoml/__init__.py", "cp39-cp39-linux_x86_64", WARN);
        // A wheel with one module for each.
        const BOTH: &str =
            "rtoml/_r.cpython-39-x86_64-linux-gnu.so rtoml/_r.cpython-311-x86_64-linux-gnu.so";
        check(BOTH, "py3-none-any", "");
        check("rtoml/_r.cpython-39-x86_64-linux-gnu.so", "py3-none-any", WARN);
        // As debugpy has them on Alpine.
        check("rtoml/_r.cp39-win_amd64.pyd", "py2-none-any\\nTag: py3-none-any", "");
    }
}
