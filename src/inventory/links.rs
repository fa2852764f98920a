//! Links that lead out of the environment: into a cache, to shared source, to a module of an OS
//! package.
//!
//! Invariant: a link whose target somebody else puts into the final root stays a link. Every other one
//! is read as its target, and no directory is read inside of itself.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{Provider, bytecode_cache, look_at};
use super::{FileFact, Inventory, problem};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Entry, Kind, Meta, Resolved, Root, RootError};

/// Directories that the kernel or the container engine fills.
const OF_THE_SYSTEM: [&str; 4] = ["/dev", "/proc", "/run", "/sys"];
/// Files that every container has of its own.
const OF_EVERY_CONTAINER: [&str; 5] =
    ["/etc/group", "/etc/hostname", "/etc/hosts", "/etc/passwd", "/etc/resolv.conf"];
/// The most linked directories that are followed. Links among directories can make many more ways than
/// there are directories.
const MOST_DIRECTORIES: usize = 1000;

/// A directory that is read in place of a link.
#[derive(Clone)]
struct Copied {
    link: RealPath,
    origin: RealPath,
}

/// A link to follow.
struct Pending {
    link: FileFact,
    /// Its path before anything is read in another place.
    origin: RealPath,
    /// The directories in whose copies it is, the outermost first.
    inside: Vec<Copied>,
}

/// The outcome for a link.
enum Way {
    /// It leads to this path of the environment.
    Inside(RealPath),
    /// It leads to this path, which somebody puts into the final root.
    Provided(RealPath, Provider),
    /// It is read as the file or directory at this path.
    Copied(RealPath, Meta),
    /// It cannot be followed, or is not ours to follow.
    Unchanged,
}

impl Inventory {
    /// Follows the links of the environment that lead out of it.
    pub(super) fn follow_links(
        &mut self,
        root: &Root,
        recorded: &BTreeMap<RealPath, (usize, Option<String>)>,
    ) {
        let out: BTreeSet<usize> =
            (0..self.files.len()).filter(|index| self.leads_out(&self.files[*index])).collect();
        let first = |link: &FileFact| Pending {
            link: link.clone(),
            origin: link.path.clone(),
            inside: Vec::new(),
        };
        let mut pending: Vec<Pending> =
            out.iter().map(|index| first(&self.files[*index])).collect();
        let (mut facts, mut copied) = (Vec::new(), Vec::new());
        let mut directories = 0;
        while let Some(mut next) = pending.pop() {
            let way = self.judge_link(root, &next).unwrap_or_else(|error| {
                self.findings.push(problem(&error));
                Way::Unchanged
            });
            let Pending { link, inside, .. } = &mut next;
            match way {
                Way::Inside(target) => link.leads_to = Some(target),
                Way::Provided(target, provider) => {
                    (link.leads_to, link.provider) = (Some(target), Some(provider));
                }
                Way::Copied(origin, meta) if meta.kind == Kind::File => {
                    copied.push(Copied { link: link.path.clone(), origin: origin.clone() });
                    *link = self.look_behind(
                        root,
                        link,
                        &link.path.clone(),
                        Entry { path: origin, meta },
                    );
                }
                Way::Copied(origin, _) if directories < MOST_DIRECTORIES => {
                    directories += 1;
                    let copy = Copied { link: link.path.clone(), origin };
                    copied.push(copy.clone());
                    inside.push(copy);
                    for (origin, mut fact) in self.read_directory(root, link, inside) {
                        if let Some((owner, hash)) = recorded.get(&fact.path) {
                            (fact.owner, fact.recorded_hash) = (Some(*owner), hash.clone());
                        }
                        match fact.meta.kind {
                            Kind::Link(_) => {
                                let inside = inside.clone();
                                pending.push(Pending { link: fact, origin, inside });
                            }
                            _ => facts.push(fact),
                        }
                    }
                    continue;
                }
                Way::Copied(..) | Way::Unchanged => {}
            }
            facts.push(next.link);
        }
        // Only now: a link means what it means without any other one being replaced.
        copied.into_iter().for_each(|copied| root.graft(copied.link, copied.origin));
        let mut index = 0..;
        self.files.retain(|_| index.next().is_some_and(|index| !out.contains(&index)));
        self.files.extend(facts);
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// Whether the next path on the way of a link is not in the environment.
    fn leads_out(&self, file: &FileFact) -> bool {
        let of_package = |path: &RealPath| self.packages.owner(path).is_some();
        file.leads_to.as_ref().is_some_and(|to| !self.holds(to) && !of_package(&file.path))
    }

    /// Whether the path is one of the environment: a file, or a directory with some.
    fn holds(&self, path: &RealPath) -> bool {
        if self.environment.in_whole_prefix(path) || self.packages.in_prefix(path).is_some() {
            return true;
        }
        let first = self.files.partition_point(|file| file.path < *path);
        let files = self.files[first..].iter();
        files
            .take_while(|file| file.path.as_str().starts_with(path.as_str()))
            .any(|file| file.path.below(path).is_some())
    }

    fn judge_link(
        &self,
        root: &Root,
        Pending { origin, inside, .. }: &Pending,
    ) -> Result<Way, RootError> {
        let Some(found) = root.resolve(&WrittenPath::from(origin))? else {
            return Ok(Way::Unchanged);
        };
        let copy = inside
            .iter()
            .rev()
            .find_map(|copied| Some(copied.link.descend(found.path.below(&copied.origin)?)));
        let interpreter = &self.environment.interpreter;
        Ok(if let Some(seen) = copy {
            Way::Inside(seen)
        } else if found.path == interpreter.executable {
            Way::Unchanged
        } else if self.holds(&found.path) {
            Way::Inside(found.path)
        } else if is_of_the_system(&found.path) {
            Way::Provided(found.path, Provider::System)
        } else if origin.below(&found.path).is_some() {
            // A copy of the directory would have the link in it again.
            Way::Unchanged
        } else if !matches!(found.meta.kind, Kind::File | Kind::Directory) {
            Way::Unchanged
        } else {
            self.judge_owners(root, found)
        })
    }

    /// Files of packages are installed, and others are copied. A directory with both is one of the
    /// system, such as `/etc`, and is neither.
    fn judge_owners(&self, root: &Root, Resolved { path, meta, .. }: Resolved) -> Way {
        let owners: BTreeSet<Option<usize>> = match meta.kind {
            Kind::Directory => {
                let entries = root.walk(&path, |name| name != "__pycache__");
                let files = entries.into_iter().flatten().filter(|entry| {
                    entry.meta.kind != Kind::Directory && !bytecode_cache(&entry.path)
                });
                files.map(|entry| self.packages.owner(&entry.path)).collect()
            }
            _ => BTreeSet::from([self.packages.owner(&path)]),
        };
        let is_copied = owners.iter().all(Option::is_none);
        match owners.into_iter().collect::<Option<BTreeSet<usize>>>() {
            _ if is_copied => Way::Copied(path, meta),
            Some(packages) => Way::Provided(path, Provider::Packages(packages)),
            None => Way::Unchanged,
        }
    }

    /// The facts of an entry that is seen at `path`, by a link of which these are the facts.
    fn look_behind(
        &mut self,
        root: &Root,
        link: &FileFact,
        path: &RealPath,
        entry: Entry,
    ) -> FileFact {
        let Entry { path: origin, meta } = entry;
        let hash = link.recorded_hash.clone();
        let (fact, error) = look_at(root, origin, meta, link.owner, hash);
        self.findings.extend(error.as_ref().map(problem));
        FileFact { path: path.clone(), ..fact }
    }

    /// The files and links of the innermost directory, each with its path there.
    fn read_directory(
        &mut self,
        root: &Root,
        link: &FileFact,
        inside: &[Copied],
    ) -> Vec<(RealPath, FileFact)> {
        let copy = inside.last().expect("the directory itself is the last");
        let mut facts = Vec::new();
        for entry in root.walk(&copy.origin, |name| name != "__pycache__") {
            match entry {
                Ok(entry) if entry.meta.kind == Kind::Directory || bytecode_cache(&entry.path) => {}
                Ok(entry) => {
                    let rest = entry.path.below(&copy.origin).expect("a walk stays below its top");
                    let (seen, origin) = (copy.link.descend(rest), entry.path.clone());
                    facts.push((origin, self.look_behind(root, link, &seen, entry)));
                }
                Err(error) => self.findings.push(problem(&error)),
            }
        }
        facts
    }
}

fn is_of_the_system(path: &RealPath) -> bool {
    OF_THE_SYSTEM.iter().any(|directory| path.below(&RealPath::known(directory)).is_some())
        || OF_EVERY_CONTAINER.contains(&path.as_str())
}
