//! setuptools for code that imports it without requiring it.
//!
//! Invariant: only code that is bundled and runs counts; the first place of it is the reason.

use std::collections::BTreeSet;

use crate::inventory::{Inventory, SetuptoolsImport};
use crate::path::RealPath;

/// Modules that run only while something is built: of numpy, cffi, pybind11, torch and their like.
const BUILD_FILES: [&str; 8] = [
    "bdist_wheel.py",
    "build_ext.py",
    "cpp_extension.py",
    "extbuild.py",
    "setup.py",
    "setup_common.py",
    "setup_helpers.py",
    "setuptools_ext.py",
];
/// Directories of such modules, and of tests.
const BUILD_DIRECTORIES: [&str; 3] = ["distutils", "test", "tests"];

/// A distribution that is bundled for an import.
pub(crate) struct Imported {
    /// setuptools.
    pub(super) distribution: usize,
    /// The distribution whose code imports it.
    by: Option<usize>,
    file: RealPath,
    import: SetuptoolsImport,
}

impl Imported {
    /// Why it is bundled.
    pub(super) fn reason(&self, inventory: &Inventory) -> String {
        let SetuptoolsImport { module, line } = self.import;
        let by = self.by.map_or("code of no distribution", |by| &inventory.distributions[by].name);
        format!("{by} imports {module} without requiring it: {}, line {line}", self.file)
    }
}

/// Finds the import for which setuptools has to be bundled, if there is one among the `needed`
/// distributions and the files of none.
pub(super) fn find_imported(inventory: &Inventory, needed: &BTreeSet<usize>) -> Option<Imported> {
    let distribution = inventory.distributions.iter().position(|one| one.key == "setuptools")?;
    inventory.mentions.setuptools.iter().find_map(|(path, import)| {
        let by = inventory.file(path)?.owner;
        let is_bundled = match by {
            Some(by) => by != distribution && needed.contains(&by),
            None => inventory.packages.owner(path).is_none(),
        };
        let runs = is_bundled && !is_for_builds(inventory, path);
        runs.then(|| Imported { distribution, by, file: path.clone(), import: import.clone() })
    })
}

fn is_for_builds(inventory: &Inventory, path: &RealPath) -> bool {
    let part = inventory.environment.part_of(path);
    let below = part.and_then(|part| path.below(&part.prefix)).unwrap_or(path.as_str());
    BUILD_FILES.contains(&path.name())
        || below.split('/').any(|directory| BUILD_DIRECTORIES.contains(&directory))
}
