//! The final root as the stages of a plan see it: its interpreter, its libraries and packages, and
//! whether it installs packages.
//!
//! Invariant: every question of a stage about the final root is answered here, from data alone.

use std::collections::BTreeSet;

use crate::base::Profile;
use crate::dockerfile::ImageName;
use crate::finding::Finding;
use crate::inventory::Inventory;
use crate::loader::Rule;
use crate::packages::Package;
use crate::path::RealPath;
use crate::plan::request::{Request, Shebang};

/// The final root of a plan.
pub(crate) struct FinalRoot<'a> {
    /// The image of FROM, if it is known.
    pub image: Option<ImageName>,
    /// The program that `bin/python` leads to.
    pub interpreter: RealPath,
    /// Whether a package of the builder's distribution brings it.
    pub interpreter_is_package: bool,
    /// Whether the bundle brings it.
    pub interpreter_is_bundled: bool,
    /// Whether the program interpreter (`PT_INTERP`) and the libraries below it are bundled too.
    pub loader_is_bundled: bool,
    pub shebang: Shebang,
    pub(super) profile: Option<&'a Profile>,
    /// Whether its package manager installs missing packages.
    pub(super) packages: bool,
    /// Whether packages of other repositories than those of the release are vendored.
    pub(super) vendors_foreign: bool,
    /// Whether the builder knows the owners of the libraries that its interpreter loads.
    pub owners_are_known: bool,
    /// Whether it has a shell and a package manager.
    pub can_install: bool,
    /// The prefix of conda or of the interpreter in the builder, and the one that takes its place.
    pub(super) moved: Option<(RealPath, RealPath)>,
    /// The directories that its loader searches by default and by its own configuration.
    pub(super) directories: BTreeSet<RealPath>,
    /// Whether its loader has the configuration of the builder: the cache, the path file or
    /// ldconfig.
    pub configured: bool,
    pub findings: Vec<Finding>,
}

impl FinalRoot<'_> {
    /// Whether its loader finds this library of the builder by `name` without any help. Packages of one release
    /// agree by name. A library that nobody owns is another one unless its path is the same.
    pub(crate) fn has_library(
        &self,
        name: &str,
        library: &RealPath,
        owner: Option<&Package>,
    ) -> bool {
        let there = self.profile.and_then(|profile| profile.libraries.get(name));
        there.is_some_and(|there| match owner {
            // conda's libraries are newer than those of most bases, and are found first.
            Some(package) => package.in_prefix.is_none() && !self.lacks_version(package),
            None => !self.owners_are_known || *there == self.place(library),
        })
    }

    /// Whether the shell or `env` is there, by its name or path; without a profile, only the shell.
    pub(crate) fn has_tool(&self, program: &str) -> bool {
        let name = program.rsplit('/').next().unwrap_or_default();
        self.profile.map_or(name == "sh", |profile| profile.tools.contains(name))
    }

    /// Whether a package is there already; `None` when nothing is known of it.
    pub(crate) fn has_package(&self, package: &Package) -> Option<bool> {
        self.profile.map(|profile| {
            package.in_prefix.is_none()
                && profile.packages.contains_key(&package.name)
                && !self.lacks_version(package)
        })
    }

    /// Whether a package is of a repository that a final stage does not have, and is not there yet.
    pub(crate) fn lacks_version(&self, package: &Package) -> bool {
        let there = self.profile.and_then(|profile| profile.packages.get(&package.name));
        package.foreign.is_some() && there != Some(&package.version)
    }

    /// Whether files of a package are bundled when they are needed: nobody installs conda's, and nobody can
    /// install those of another repository.
    pub(crate) fn vendors(&self, package: &Package) -> bool {
        package.in_prefix.is_some()
            || !self.installs()
            || (self.vendors_foreign && self.lacks_version(package))
    }

    /// Whether its package manager installs missing packages; otherwise they are vendored.
    pub(crate) fn installs(&self) -> bool {
        self.packages
    }

    /// Whether its loader finds a file that is put into this directory, as the builder's did by
    /// this rule.
    pub(crate) fn searches(&self, directory: &RealPath, rule: &Rule) -> bool {
        self.directories.contains(&self.place(directory))
            || (self.configured && matches!(rule, Rule::Cache | Rule::PathFile))
    }

    /// Whether its loader finds the file of this name that is put into this directory, and no other one of the
    /// base.
    pub(crate) fn finds(&self, name: &str, directory: &RealPath, rule: &Rule) -> bool {
        let there = self.profile.and_then(|profile| profile.libraries.get(name));
        let same = |path: &RealPath| path.parent().as_ref() == Some(&self.place(directory));
        self.searches(directory, rule) && there.is_none_or(same)
    }

    /// Whether nothing is there: `FROM scratch`.
    pub(crate) fn is_empty(&self) -> bool {
        self.profile.is_some_and(|profile| profile.libc.is_none() && profile.packages.is_empty())
    }

    /// The place of a builder path in it: through its links of top-level directories, and from the
    /// moved prefix to that of the bundle. The layout below stays, so relative run paths still
    /// work.
    pub(crate) fn place(&self, path: &RealPath) -> RealPath {
        if let Some((below, to)) =
            self.moved.as_ref().and_then(|(from, to)| Some((path.below(from)?, to)))
        {
            return to.descend(below);
        }
        self.profile.map_or_else(|| path.clone(), |profile| follow_links(profile, path))
    }

    /// Whether it has this link of a top-level directory.
    pub(crate) fn has_link(&self, path: &RealPath) -> bool {
        self.profile.is_some_and(|profile| profile.links.contains_key(path))
    }

    /// Moves a bundled interpreter along with its prefix.
    pub(super) fn placed(mut self) -> Self {
        if self.interpreter_is_bundled {
            self.interpreter = self.place(&self.interpreter);
        }
        self
    }

    /// The prefix whose place the bundle's takes.
    pub(crate) fn moved_from(&self) -> Option<&RealPath> {
        self.moved.as_ref().map(|(from, _)| from)
    }
}

fn follow_links(profile: &Profile, path: &RealPath) -> RealPath {
    let through = profile.links.iter().find_map(|(link, target)| Some((path.below(link)?, target)));
    through.map_or_else(|| path.clone(), |(rest, target)| follow_top(target).descend(rest))
}

/// Where a link in the root directory leads, `..` included: there it leads to the root itself.
fn follow_top(target: &str) -> RealPath {
    target.split('/').fold(RealPath::root(), |at, part| match part {
        "" | "." => at,
        ".." => at.parent().unwrap_or(at),
        // A profile is a document, so a target in it can be any text.
        name if name.contains('\0') => at,
        name => at.join(name),
    })
}

/// The directories that the loader of the final root searches for everything.
pub(super) fn search_directories(inventory: &Inventory, request: &Request) -> BTreeSet<RealPath> {
    match &request.base {
        Some(profile) if !request.with_interpreter => {
            let known = profile.library_directories.iter();
            let normal = known.filter_map(|directory| {
                RealPath::try_from(directory.trim_end_matches('/').to_owned()).ok()
            });
            normal.map(|directory| follow_links(profile, &directory)).collect()
        }
        // The loader is bundled, or the final root is like the builder.
        _ => inventory.default_directories.iter().cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn final_root<'a>(profile: Option<&'a Profile>, moved: Option<(&str, &str)>) -> FinalRoot<'a> {
        FinalRoot {
            image: None,
            interpreter: RealPath::known("/opt/conda/bin/python3.13"),
            interpreter_is_package: false,
            interpreter_is_bundled: true,
            loader_is_bundled: false,
            shebang: Shebang::Absolute,
            profile,
            packages: true,
            vendors_foreign: true,
            owners_are_known: true,
            can_install: true,
            moved: moved.map(|(from, to)| (RealPath::known(from), RealPath::known(to))),
            directories: BTreeSet::from([RealPath::known("/usr/lib")]),
            configured: false,
            findings: Vec::new(),
        }
    }

    #[test]
    fn paths_follow_the_links_of_the_base_and_the_prefix() {
        let mut merged = Profile::empty();
        merged.links.insert(RealPath::known("/lib"), "usr/lib".to_owned());
        let moved = Some(("/opt/conda", "/opt/app"));
        for (profile, moved, path, expect) in [
            (None, None, "/lib/libz.so.1", "/lib/libz.so.1"),
            (Some(&merged), None, "/lib/libz.so.1", "/usr/lib/libz.so.1"),
            (Some(&merged), None, "/lib64/libz.so.1", "/lib64/libz.so.1"),
            (None, moved, "/opt/conda/lib/libz.so.1", "/opt/app/lib/libz.so.1"),
            (None, moved, "/opt/conda2/lib/libz.so.1", "/opt/conda2/lib/libz.so.1"),
        ] {
            let place = final_root(profile, moved).place(&RealPath::known(path));
            assert_eq!(place.as_str(), expect, "{path}");
        }
        let placed = final_root(None, moved).placed();
        assert_eq!(placed.interpreter.as_str(), "/opt/app/bin/python3.13");
    }

    #[test]
    fn links_of_the_root_directory() {
        for (target, expect) in
            [("usr/lib", "/usr/lib"), ("/usr//lib/", "/usr/lib"), ("../usr/./x/../lib", "/usr/lib")]
        {
            assert_eq!(follow_top(target).as_str(), expect, "{target}");
        }
    }

    #[test]
    fn directories_that_the_loader_searches() {
        let mut merged = Profile::empty();
        merged.links.insert(RealPath::known("/lib"), "usr/lib".to_owned());
        for (profile, directory, expect) in
            [(None, "/lib", false), (Some(&merged), "/lib", true), (None, "/usr/lib", true)]
        {
            let searched = final_root(profile, None)
                .searches(&RealPath::known(directory), &Rule::DefaultDirectory);
            assert_eq!(searched, expect, "{directory}");
        }
        // Without configuration the cache of the builder is lost.
        assert!(!final_root(None, None).searches(&RealPath::known("/opt/lib"), &Rule::Cache));
    }
}
