//! Files that belong to a distribution only through its conda package: scripts that conda made,
//! data, libraries.
//!
//! RECORD describes the wheel from which the package was built; the record of the package lists the
//! other files.
//!
//! Invariant: a file that RECORD gives to a distribution keeps it as its owner; no file gets a
//! second owner.

use std::collections::BTreeMap;

use super::file_reader::FileReader;
use super::files::is_bytecode_cache;
use super::{Inventory, carriable};
use crate::path::WrittenPath;
use crate::root::{Entry, Kind};

impl Inventory {
    /// Gives each distribution the other files of its package.
    pub(super) fn adopt(&mut self, reader: &FileReader) {
        let mut distributions: BTreeMap<usize, usize> = BTreeMap::new();
        for (index, distribution) in self.distributions.iter().enumerate() {
            if let Some((package, _)) = self.packages.in_prefix(&distribution.metadata) {
                distributions.entry(package).or_insert(index);
            }
        }
        for file in self.files.iter_mut().filter(|file| file.owner.is_none()) {
            let package = self.packages.in_prefix(&file.path).map(|(package, _)| package);
            file.owner = package.and_then(|package| distributions.get(&package).copied());
        }
        let mut more = Vec::new();
        for (package, distribution) in distributions {
            let package = &self.packages[package];
            for recorded in package.files.iter() {
                let Ok(Some(found)) =
                    reader.root.resolve_parent(&WrittenPath::new(recorded.as_str()))
                else {
                    continue;
                };
                let known = self.has_file(&found.path);
                let unwanted = carriable::for_people(&carriable::in_usr(package, &recorded))
                    || is_bytecode_cache(&found.path);
                if known || unwanted || found.meta.kind == Kind::Directory {
                    continue;
                }
                let entry = Entry { path: found.path.clone(), meta: found.meta };
                more.push(reader.look_at(found.path, entry, Some(distribution), None).0);
            }
        }
        self.files.extend(more);
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.files.dedup_by(|a, b| a.path == b.path);
    }
}
