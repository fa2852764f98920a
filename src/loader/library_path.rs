//! A loader that also searches the directories of `LD_LIBRARY_PATH`, as that of a builder does where the
//! variable is set.
//!
//! A real loader searches them earlier (ld.so(8), `ldso/dynlink.c`). Nothing sets the variable in the final image,
//! so a library that is found without it is the one that is found there.
//!
//! Invariant: only libraries that depend on the variable have [`Rule::LibraryPath`].

use super::{After, Candidate, Failure, Identity, Libc, Loader, Requester, Rule};
use crate::path::{RealPath, WrittenPath};

/// A loader with the directories of the variable.
struct WithLibraryPath {
    loader: Box<dyn Loader>,
    directories: Vec<String>,
}

/// The loader, with `directories` of `LD_LIBRARY_PATH`.
pub fn with_library_path(loader: Box<dyn Loader>, directories: &[String]) -> Box<dyn Loader> {
    let known = loader.directories();
    let others = directories.iter().map(|one| one.trim_end_matches('/'));
    let directories: Vec<String> =
        others.filter(|one| !known.iter().any(|known| known == one)).map(str::to_owned).collect();
    match directories.is_empty() {
        true => loader,
        false => Box::new(WithLibraryPath { loader, directories }),
    }
}

impl WithLibraryPath {
    fn own_candidates(&self, name: &str) -> impl Iterator<Item = Candidate> {
        let directories = self.directories.iter().filter(|_| !name.contains('/'));
        directories.map(move |directory| Candidate {
            path: WrittenPath::new(directory.as_str()).join(name),
            rule: Rule::LibraryPath,
        })
    }
}

impl Loader for WithLibraryPath {
    fn libc(&self) -> Libc {
        self.loader.libc()
    }

    fn built_in(&self, name: &str) -> bool {
        self.loader.built_in(name)
    }

    fn candidates(&self, name: &str, chain: &[Requester]) -> Vec<Candidate> {
        let without = self.loader.candidates(name, chain);
        without.into_iter().chain(self.own_candidates(name)).collect()
    }

    fn after(&self, failure: Failure) -> After {
        self.loader.after(failure)
    }

    fn identity(&self) -> Identity {
        self.loader.identity()
    }

    fn own_file(&self) -> Option<&RealPath> {
        self.loader.own_file()
    }

    fn system_candidates(&self, name: &str) -> Vec<Candidate> {
        self.loader.system_candidates(name).into_iter().chain(self.own_candidates(name)).collect()
    }

    fn directories(&self) -> &[String] {
        self.loader.directories()
    }

    fn compiled_directories(&self) -> Vec<String> {
        self.loader.compiled_directories()
    }

    fn cached(&self) -> Vec<&str> {
        self.loader.cached()
    }

    fn configuration(&self) -> &[RealPath] {
        self.loader.configuration()
    }
}
