//! Text files that tell other programs where the environment is: Jupyter's kernels, desktop entries,
//! units of systemd, pkg-config's packages.
//!
//! Installers write the prefix of the builder into them. Their formats have no other use for such a path, so
//! it can be replaced.
//!
//! Invariant: only files that hold a prefix of the environment are listed.

use std::collections::BTreeMap;

use super::{FileFact, Inventory};
use crate::path::{RealPath, replace_whole};
use crate::python::PartKind;
use crate::root::{Kind, Root};

/// The names of such files, and the ends of their names.
const NAMES: [&str; 1] = ["kernel.json"];
const SUFFIXES: [&str; 8] =
    [".desktop", ".service", ".socket", ".timer", ".mount", ".target", ".pc", ".la"];

/// Nobody writes longer ones.
const LARGEST: u64 = 1 << 20;

impl Inventory {
    /// The texts of these files. One that is no text is not listed.
    pub(super) fn read_descriptions(&self, root: &Root) -> BTreeMap<RealPath, String> {
        let files = self.files.iter().filter(|file| is_description(file));
        let texts = files.filter_map(|file| {
            let bytes = root.read(&file.path, LARGEST).ok()?;
            let text = String::from_utf8(bytes).ok().filter(|text| self.is_named_in(text))?;
            Some((file.path.clone(), text))
        });
        texts.collect()
    }

    fn is_named_in(&self, text: &str) -> bool {
        self.replace_prefixes(text, &RealPath::root()) != text
    }

    /// A text with `prefix` in place of each prefix of the environment.
    pub fn replace_prefixes(&self, text: &str, prefix: &RealPath) -> String {
        let parts = self.environment.parts.iter();
        parts
            .filter(|part| matches!(part.kind, PartKind::VirtualEnvironment | PartKind::Prefix))
            .fold(text.to_owned(), |text, part| {
                replace_whole(&text, part.prefix.as_str(), prefix.as_str())
            })
    }
}

fn is_description(file: &FileFact) -> bool {
    let name = file.path.name();
    file.meta.kind == Kind::File
        && file.meta.size <= LARGEST
        && (NAMES.contains(&name) || SUFFIXES.iter().any(|suffix| name.ends_with(suffix)))
}
