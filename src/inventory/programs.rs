//! The programs that the scripts of the environment start, as the kernel or `env` finds them.
//!
//! Invariant: a program is looked up as it is written; a script that is none of the environment's
//! commands starts nothing here.

use std::collections::BTreeMap;

use super::Inventory;
use crate::path::{RealPath, WrittenPath};
use crate::python::{Environment, Shebang};
use crate::root::{Kind, Root, RootError};

/// The directories of PATH that most images have, in order.
pub const USUAL_DIRECTORIES: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Whether a path is below a directory of programs.
pub fn is_program(path: &str) -> bool {
    let mut rests = USUAL_DIRECTORIES.iter().filter_map(|directory| path.strip_prefix(directory));
    rests.any(|rest| rest.starts_with('/'))
}

/// A program that a script starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its path, without links above the name.
    pub at: RealPath,
    /// Its file, without links.
    pub file: RealPath,
}

impl Inventory {
    /// Looks up the program of each script in a directory of commands. The key is the program as the
    /// script names it; one that is not there has no value.
    pub(super) fn find_programs(&mut self, root: &Root) {
        let scripts = self.files.iter().filter(|file| self.environment.is_command(&file.path));
        let shebangs = scripts.filter_map(|file| Some(&file.script.as_ref()?.shebang));
        let mut programs = BTreeMap::new();
        for shebang in shebangs {
            let (name, places) = match shebang {
                Shebang::Plain { interpreter } | Shebang::Wrapper { interpreter } => {
                    (interpreter, vec![WrittenPath::new(interpreter.as_str())])
                }
                Shebang::OnPath { name } => (name, on_path(&self.environment, name)),
                Shebang::Relocatable { .. } => continue,
            };
            // The placeholder of a wheel, `#!python`, is no path.
            if programs.contains_key(name)
                || places.iter().any(|place| !place.as_str().starts_with('/'))
            {
                continue;
            }
            if let Ok(Some(program)) = find(root, &places) {
                programs.insert(name.clone(), program);
            }
        }
        self.programs = programs;
    }
}

/// The places of a program that `env` searches: those of the environment come first, as in a shell
/// that has activated it.
fn on_path(environment: &Environment, name: &str) -> Vec<WrittenPath> {
    let own = environment.parts.iter().map(|part| WrittenPath::from(&part.scripts));
    let usual = USUAL_DIRECTORIES.iter().map(|directory| WrittenPath::new(*directory));
    own.chain(usual).map(|directory| directory.join(name)).collect()
}

/// The first place that has a file.
fn find(root: &Root, places: &[WrittenPath]) -> Result<Option<Program>, RootError> {
    for place in places {
        let found = root.search(place).ok().flatten();
        let Some(found) = found.filter(|found| found.meta.kind == Kind::File) else { continue };
        let at = root.resolve_parent(place)?.map_or_else(|| found.path.clone(), |own| own.path);
        return Ok(Some(Program { at, file: found.path }));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::memory::Memory;

    #[test]
    fn a_place_that_the_user_may_not_enter_is_passed_over() {
        let root = Root::new(Memory::parse("/root/bin/tool = x\n/root !denied\n/usr/bin/tool = x"));
        let places = ["/root/bin/tool", "/usr/bin/tool"].map(WrittenPath::new);
        let found = find(&root, &places).unwrap().unwrap();
        assert_eq!(found.file, RealPath::known("/usr/bin/tool"));
        assert!(root.take_failures().is_empty());
    }
}
