//! From needed libraries to the packages that own them, and to files that must be bundled.
//!
//! Invariant: a library that a package owns is asked for by package; one that nobody owns is
//! bundled, with the links that lead to it; nothing is both.

use std::collections::{BTreeMap, BTreeSet};

use super::library_path::Users;
use super::missing::{Missing, is_of_host};
use super::package_set::PackageReason;
use super::packages::Wanted;
use super::vendored::entry;
use crate::finding::{Code, Finding, Severity, count};
use crate::inventory::{Beside, Inventory, Loading, Need, NeedOutcome, Opened, is_program};
use crate::loader::{Libc, Rule};
use crate::path::RealPath;
use crate::plan::entry::PlannedEntry;
use crate::plan::request::Request;
use crate::plan::target::FinalRoot;
use crate::root::Crossed;

/// The result of following every need.
pub(crate) struct Followed<'a> {
    /// Libraries of no package with the links and the loader configuration that lead to them.
    pub entries: Vec<PlannedEntry>,
    pub wanted: Wanted<'a>,
    /// The indices of what is opened and counts, in the inventory.
    pub opened: Vec<usize>,
    /// Whether `ldconfig` must run in the final stage.
    pub run_ldconfig: bool,
    pub findings: Vec<Finding>,
}

/// Follows the needs of every ELF file of `bundled`.
pub(crate) fn follow<'a>(
    inventory: &'a Inventory,
    request: &Request,
    final_root: &FinalRoot,
    bundled: &BTreeSet<RealPath>,
) -> Followed<'a> {
    let followed = Followed {
        entries: Vec::new(),
        wanted: Wanted::new(inventory),
        opened: Vec::new(),
        run_ldconfig: false,
        findings: Vec::new(),
    };
    let mut follower = Follower {
        inventory,
        final_root,
        bundled,
        also: BTreeSet::new(),
        missing: Missing::default(),
        by_library_path: BTreeMap::new(),
        followed,
    };
    let linked = inventory.linked().filter(|loading| bundled.contains(loading.file));
    let all = inventory.opened.iter().enumerate();
    let counting = all.filter(|(_, opened)| counts(inventory, request, bundled, opened));
    follower.followed.opened = counting.map(|(index, _)| index).collect();
    let (observed, opened): (Vec<usize>, Vec<usize>) =
        follower.followed.opened.iter().partition(|index| inventory.opened[**index].only_observed);
    let opened = opened.iter().map(|index| inventory.opened[*index].loading());
    linked.chain(opened).for_each(|loading| follower.follow_loading(loading));
    for index in observed {
        follower.follow_observed(index);
    }
    follower.follow_interpreter();
    if final_root.interpreter_is_bundled && !final_root.loader_is_bundled {
        follower.configure_for_interpreter();
    }
    let by_library_path = follower.by_library_path.iter();
    let judged = by_library_path.map(|((name, path), users)| users.judge(name, path));
    follower.followed.findings.extend(judged);
    follower.followed.findings.extend(follower.missing.judge());
    follower.followed
}

/// Whether something that is opened counts: its file is bundled, or there by itself.
fn counts(
    inventory: &Inventory,
    request: &Request,
    bundled: &BTreeSet<RealPath>,
    opened: &Opened,
) -> bool {
    let there = bundled.contains(&opened.file) || !inventory.has_file(&opened.file);
    there && !request.excluded.iter().any(|name| opened.is_named(inventory, name))
}

struct Follower<'a, 'b> {
    inventory: &'a Inventory,
    final_root: &'b FinalRoot<'b>,
    bundled: &'b BTreeSet<RealPath>,
    /// Paths outside of the environment that are bundled, too.
    also: BTreeSet<RealPath>,
    missing: Missing,
    /// Libraries that `LD_LIBRARY_PATH` leads to, by name and path.
    by_library_path: BTreeMap<(String, RealPath), Users>,
    followed: Followed<'a>,
}

impl Follower<'_, '_> {
    fn follow_loading(&mut self, loading: Loading) {
        for need in loading.needs {
            if need.by == *loading.file
                || self.bundled.contains(&need.by)
                || self.also.contains(&need.by)
            {
                self.follow_need(loading, need);
            }
        }
    }

    /// Follows what a run opened, unless something else leads to it as well: then the run confirms it,
    /// and no more.
    fn follow_observed(&mut self, index: usize) {
        let opened = &self.inventory.opened[index];
        let owner = opened.path().and_then(|path| self.inventory.packages.owner(path));
        let is_bundled = opened.path().is_some_and(|path| self.also.contains(path));
        if is_bundled || owner.is_some_and(|owner| self.followed.wanted.has(owner)) {
            self.followed.opened.retain(|one| *one != index);
        } else {
            self.follow_loading(opened.loading());
        }
    }

    fn follow_need(&mut self, loading: Loading, need: &Need) {
        if is_of_host(self.inventory, need) {
            return self.missing.add_hosted(loading.file, need);
        }
        let NeedOutcome::Library { path, links, rule } = &need.outcome else {
            return self.missing.add(loading.file, need, self.bundled);
        };
        if *rule == Some(Rule::LibraryPath) {
            return self.add_by_library_path(path, links, need);
        }
        if self.bundled.contains(path) {
            return;
        }
        if loading.evidence.is_some() && is_configuration(path) {
            return self.add_file(path, links, loading);
        }
        let packages = &self.inventory.packages;
        let reason = PackageReason {
            file: loading.file.clone(),
            library: need.name.clone(),
            distribution: self.inventory.distribution_of(loading.file).map(|one| one.name.clone()),
            evidence: loading.evidence.cloned(),
        };
        let owner = packages.owner(path);
        let wanted = &mut self.followed.wanted;
        let package = owner.map(|owner| &packages[owner]);
        if self.final_root.has_library(&need.name, path, package) {
            owner.into_iter().for_each(|package| wanted.add_in_base(package, reason.clone()));
        } else if let Some(package) = owner {
            // By a run path the file may find it in the base all the same.
            if rule.as_ref().is_some_and(is_system_rule) {
                wanted.mark_lacking(package);
            }
            // The name by which a program is started may be a link of another package.
            let named = links.iter().filter(|link| is_program(link.at.as_str()));
            for owner in named.filter_map(|link| packages.owner(&link.at)) {
                wanted.add(owner, reason.clone());
            }
            wanted.add(package, reason);
            self.add_foreign_links(package, links, need);
            if self.final_root.vendors(&packages[package]) {
                // It is bundled together with its needs; programs are bundled only if something
                // starts them.
                match is_program(path.as_str()) {
                    true => self.add_file(path, links, loading),
                    false => _ = self.also.insert(path.clone()),
                }
            }
        } else if loading.evidence.is_some() && !self.inventory.is_elf(path) {
            self.add_file(path, links, loading);
        } else if !self.brings_interpreter(path, rule.as_ref()) {
            self.add_unowned(path, links, rule.as_ref(), need);
        }
    }

    /// Bundles a library that only `LD_LIBRARY_PATH` leads to.
    fn add_by_library_path(&mut self, path: &RealPath, links: &[Crossed], need: &Need) {
        let users = self.by_library_path.entry((need.name.clone(), path.clone())).or_default();
        match self.inventory.is_elf(&need.by) {
            true => users.needed_by.insert(need.by.clone()),
            false => users.opened_by.insert(need.by.clone()),
        };
        for link in links.iter().filter(|link| is_library_link(link)) {
            self.add_foreign_link(link, need);
        }
        if !self.bundled.contains(path) && self.also.insert(path.clone()) {
            self.add_copy(
                path,
                0o755,
                format!("needed as {}, found by LD_LIBRARY_PATH", need.name),
            );
        }
    }

    /// Whether a library of nobody comes with the interpreter: libpython, and libraries that its run path leads
    /// to. One that the loader found elsewhere was put there in the builder.
    fn brings_interpreter(&self, path: &RealPath, rule: Option<&Rule>) -> bool {
        let found_elsewhere = rule.is_some_and(is_system_rule)
            && !path.name().starts_with("libpython")
            && self.final_root.owners_are_known;
        let inventory = self.inventory;
        inventory.interpreter_files.contains(path)
            && (self.final_root.interpreter_is_bundled || !found_elsewhere)
    }

    /// Libraries of nobody that the interpreter itself loads in the builder.
    fn follow_interpreter(&mut self) {
        let inventory = self.inventory;
        let mut shared: BTreeMap<(&RealPath, &str), BTreeSet<RealPath>> = BTreeMap::new();
        let natives = inventory.interpreter_natives.iter();
        for (native, need) in
            natives.flat_map(|native| native.needs.iter().map(move |need| (native, need)))
        {
            let NeedOutcome::Library { path, links, rule: Some(rule) } = &need.outcome else {
                continue;
            };
            let there = inventory.packages.owner(path).is_some()
                || self.brings_interpreter(path, Some(rule))
                || self.final_root.has_library(&need.name, path, None);
            if there || self.final_root.interpreter_is_bundled {
                continue;
            }
            self.add_unowned(path, links, Some(rule), need);
            let directory = need.found().map(|(_, directory)| directory);
            if directory
                .is_some_and(|directory| !self.final_root.finds(&need.name, &directory, rule))
            {
                shared.entry((path, &need.name)).or_default().insert(native.path.clone());
            }
        }
        let findings = shared.iter().map(|((path, name), files)| judge_shared(path, name, files));
        self.followed.findings.extend(findings);
    }

    /// A file that is opened or started, as it is in the builder: configuration may have been changed
    /// there.
    fn add_file(&mut self, path: &RealPath, links: &[Crossed], loading: Loading) {
        let reason = loading.evidence.map_or_else(String::new, |evidence| evidence.text.clone());
        for link in links.iter().filter(|link| link.at.parent() != Some(RealPath::root())) {
            self.add_link(link, reason.clone());
        }
        if self.also.insert(path.clone()) {
            let is_started = is_program(path.as_str()) || self.inventory.executables.contains(path);
            let mode = if is_started { 0o755 } else { 0o644 };
            self.add_copy(path, mode, reason);
        }
    }

    /// A copy of a library or program of the builder, at its place.
    fn add_copy(&mut self, path: &RealPath, mode: u32, reason: String) {
        let size = self.inventory.library_sizes.get(path).copied().unwrap_or_default();
        self.followed.entries.push(PlannedEntry::copy(path.clone(), size, mode, reason));
    }

    /// A link of a -dev package led to the library: it will not be in the final root, so it is
    /// bundled. Those of update-alternatives (`libblas.so.3`) are made when the package is
    /// installed, and only then.
    fn add_foreign_links(&mut self, package: usize, links: &[Crossed], need: &Need) {
        let installs = self.final_root.installs();
        let alternative = |path: &str| path.starts_with("/etc/alternatives/");
        for link in links {
            let made = installs && alternative(&link.target);
            let leads = is_library_link(link) || (!installs && alternative(link.at.as_str()));
            if leads && !made && self.inventory.packages.owner(&link.at) != Some(package) {
                self.add_foreign_link(link, need);
            }
        }
    }

    /// A link to a library, which is in no package that the final stage installs.
    fn add_foreign_link(&mut self, link: &Crossed, need: &Need) {
        let reason = format!("leads to {}, and no installed package contains this link", need.name);
        self.add_link(link, reason);
    }

    fn add_link(&mut self, link: &Crossed, reason: String) {
        if self.also.insert(link.at.clone()) {
            self.followed.entries.push(PlannedEntry {
                from: Some(link.at.clone()),
                ..PlannedEntry::link(link.at.clone(), link.target.clone(), reason)
            });
        }
    }

    fn add_unowned(
        &mut self,
        path: &RealPath,
        links: &[Crossed],
        rule: Option<&Rule>,
        need: &Need,
    ) {
        for link in links.iter().filter(|link| is_library_link(link)) {
            self.add_foreign_link(link, need);
        }
        if !self.also.insert(path.clone()) {
            return;
        }
        let beside = self.inventory.beside.get(path);
        let data = beside.map_or_else(String::new, describe_beside);
        let message =
            format!("is needed as {}; no package owns it, so the file is bundled{data}", need.name);
        self.followed.findings.push(
            Finding::new(Severity::Note, Code::UnownedLibrary, path, message)
                .help("check that its licence allows you to redistribute it"),
        );
        self.add_copy(path, 0o755, format!("needed as {}, owned by no package", need.name));
        if matches!(rule, Some(Rule::Cache | Rule::PathFile)) {
            self.configure(&need.name);
        }
        beside.into_iter().for_each(|beside| self.add_beside(path, beside));
    }

    /// Data and plugins of a library of nobody, with the needs of the plugins.
    fn add_beside(&mut self, library: &RealPath, beside: &Beside) {
        for file in beside.files.iter().filter(|file| !self.bundled.contains(&file.path)) {
            if self.also.insert(file.path.clone()) {
                let reason = format!("belongs to {}, which nobody owns either", library.name());
                self.followed.entries.push(entry(file, reason));
            }
        }
        for native in &beside.natives {
            let loading = Loading { file: &native.path, evidence: None, needs: &native.needs };
            for need in &native.needs {
                if self.also.contains(&need.by) {
                    self.follow_need(loading, need);
                }
            }
        }
    }

    /// Libraries of no package that are bundled with an interpreter, for a loader that is not.
    fn configure_for_interpreter(&mut self) {
        let inventory = self.inventory;
        for path in &inventory.interpreter_files {
            let moves = self.final_root.place(path) != *path;
            let found = path
                .parent()
                .is_some_and(|directory| inventory.default_directories.contains(&directory));
            let outside =
                inventory.own_prefix.as_ref().is_none_or(|prefix| path.below(prefix).is_none());
            if !moves && !found && outside && inventory.packages.owner(path).is_none() {
                self.configure(path.name());
            }
        }
    }

    /// Bundles the configuration by which the loader finds a library.
    fn configure(&mut self, library: &str) {
        if !self.final_root.configured {
            return;
        }
        let glibc = self.inventory.environment.interpreter.libc == Some(Libc::Glibc);
        // With its loader the builder's cache is bundled too.
        self.followed.run_ldconfig |= glibc && !self.final_root.loader_is_bundled;
        for file in &self.inventory.loader_configuration {
            if self.also.insert(file.clone()) {
                let reason = format!("configures the loader to find {library}");
                self.followed.entries.push(PlannedEntry::copy(file.clone(), 0, 0o644, reason));
            }
        }
    }
}

/// The end of a sentence.
fn describe_beside(beside: &Beside) -> String {
    let tops: Vec<&str> = beside.tops.iter().map(RealPath::as_str).collect();
    let verb = if beside.files.len() == 1 { "is" } else { "are" };
    format!(", and so {verb} {} beside it: {}", count(beside.files.len(), "file"), tops.join(", "))
}

/// A library that Python itself finds in the builder, and of which the final root has another one or none.
fn judge_shared(path: &RealPath, name: &str, files: &BTreeSet<RealPath>) -> Finding {
    let message = |number: &str, first: &str| {
        format!(
            "{number} of Python itself ({first}) loads it as {name}. It is bundled, but Python itself loads \
             the {name} of the base until ldconfig runs"
        )
    };
    let help = "if the program relies on this version, add RUN ldconfig after the last COPY of the final stage";
    let code = Code::InterpreterLibrary;
    Finding::of_files(Severity::Warn, code, path, files.iter(), message).help(help)
}

/// Whether a file may have been changed in the builder. Some data is in `/etc` although nobody changes it.
fn is_configuration(path: &RealPath) -> bool {
    const DATA: [&str; 3] = ["services", "protocols", "terminfo"];
    let below = path.below(&RealPath::known("/etc"));
    below.is_some_and(|below| !below.split('/').next().is_some_and(|top| DATA.contains(&top)))
}

/// Whether the loader searches for everything by this rule, not for one object alone.
fn is_system_rule(rule: &Rule) -> bool {
    matches!(rule, Rule::LibraryPath | Rule::Cache | Rule::PathFile | Rule::DefaultDirectory)
}

fn is_library_link(link: &Crossed) -> bool {
    link.at.name().contains(".so") && link.at.below(&RealPath::known("/etc")).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_to_libraries() {
        for (at, expect) in [
            ("/usr/lib/libpq.so.5", true),
            ("/usr/lib/libblas.so", true),
            ("/etc/alternatives/libblas.so.3", false),
            ("/usr/lib64", false),
        ] {
            let link = Crossed { at: RealPath::known(at), target: "x".to_owned() };
            assert_eq!(is_library_link(&link), expect, "{at}");
        }
    }
}
