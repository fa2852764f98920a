//! Links that lead out of the environment: into a cache, to shared source, to a module of an OS
//! package.
//!
//! Invariant: a link whose target somebody else puts into the final root stays a link. Every other one
//! is read as its target, and no directory is read inside of itself.

use std::collections::{BTreeMap, BTreeSet};

use super::file_reader::FileReader;
use super::files::{Provider, is_bytecode_cache};
use super::{FileFact, Inventory};
use crate::path::{OF_KERNEL, RealPath, WrittenPath};
use crate::root::{Entry, Kind, Meta, Resolved, Root, RootError};

/// The directory that the container engine fills.
const OF_ENGINE: &str = "/run";
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
    /// Follows the links of the environment that lead out of it. `recorded` are the files that RECORDs
    /// name behind such links.
    pub(super) fn follow_links(
        &mut self,
        reader: &FileReader,
        recorded: &BTreeMap<RealPath, (usize, Option<String>)>,
    ) {
        let out: BTreeSet<usize> =
            (0..self.files.len()).filter(|index| self.leads_out(&self.files[*index])).collect();
        let mut follower = Follower {
            inventory: self,
            reader,
            root: reader.root,
            recorded,
            pending: Vec::new(),
            facts: Vec::new(),
            copies: Vec::new(),
            directories: 0,
        };
        for index in &out {
            let link = self.files[*index].clone();
            follower.pending.push(Pending { origin: link.path.clone(), link, inside: Vec::new() });
        }
        while let Some(next) = follower.pending.pop() {
            follower.follow(next);
        }
        let Follower { facts, copies, .. } = follower;
        // Only now: a link means what it means without any other one being replaced.
        copies.into_iter().for_each(|copy| reader.root.graft(copy.link, copy.origin));
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
}

/// The state of following links.
struct Follower<'a> {
    inventory: &'a Inventory,
    reader: &'a FileReader<'a>,
    root: &'a Root,
    recorded: &'a BTreeMap<RealPath, (usize, Option<String>)>,
    pending: Vec<Pending>,
    /// The facts of everything that was followed.
    facts: Vec<FileFact>,
    copies: Vec<Copied>,
    /// The number of copies that are directories.
    directories: usize,
}

impl Follower<'_> {
    fn follow(&mut self, next: Pending) {
        let way = self.judge(&next).unwrap_or(Way::Unchanged);
        let Pending { mut link, inside, .. } = next;
        match way {
            Way::Inside(target) => link.leads_to = Some(target),
            Way::Provided(target, provider) => {
                (link.leads_to, link.provider) = (Some(target), Some(provider));
            }
            Way::Copied(origin, meta) if meta.kind == Kind::File => {
                let path = link.path.clone();
                self.copies.push(Copied { link: path.clone(), origin: origin.clone() });
                link = self.look_behind(&link, path, Entry { path: origin, meta });
            }
            Way::Copied(origin, _) if self.directories < MOST_DIRECTORIES => {
                self.directories += 1;
                return self.copy_directory(&link, origin, inside);
            }
            Way::Copied(..) | Way::Unchanged => {}
        }
        self.facts.push(link);
    }

    fn judge(&self, Pending { origin, inside, .. }: &Pending) -> Result<Way, RootError> {
        let Some(found) = self.root.resolve(&WrittenPath::from(origin))? else {
            return Ok(Way::Unchanged);
        };
        let copy = inside
            .iter()
            .rev()
            .find_map(|copied| Some(copied.link.descend(found.path.below(&copied.origin)?)));
        Ok(if let Some(seen) = copy {
            Way::Inside(seen)
        } else if found.path == self.inventory.environment.interpreter.executable {
            Way::Unchanged
        } else if self.inventory.holds(&found.path) {
            Way::Inside(found.path)
        } else if is_of_the_system(&found.path) {
            Way::Provided(found.path, Provider::System)
        } else if origin.below(&found.path).is_some()
            || !matches!(found.meta.kind, Kind::File | Kind::Directory)
        {
            // A copy of such a directory would have the link in it again.
            Way::Unchanged
        } else {
            self.judge_owners(found)
        })
    }

    /// Files of packages are installed, and others are copied. A directory with both is one of the
    /// system, such as `/etc`, and is neither.
    fn judge_owners(&self, Resolved { path, meta, .. }: Resolved) -> Way {
        let packages = &self.inventory.packages;
        let owners: BTreeSet<Option<usize>> = match meta.kind {
            Kind::Directory => {
                let entries = self.root.walk(&path, |name| name != "__pycache__");
                let files = entries.into_iter().flatten().filter(is_file);
                files.map(|entry| packages.owner(&entry.path)).collect()
            }
            _ => BTreeSet::from([packages.owner(&path)]),
        };
        let is_copied = owners.iter().all(Option::is_none);
        match owners.into_iter().collect::<Option<BTreeSet<usize>>>() {
            _ if is_copied => Way::Copied(path, meta),
            Some(packages) => Way::Provided(path, Provider::Packages(packages)),
            None => Way::Unchanged,
        }
    }

    /// Reads a directory in place of a link. The links in it are followed next.
    fn copy_directory(&mut self, link: &FileFact, origin: RealPath, mut inside: Vec<Copied>) {
        let copy = Copied { link: link.path.clone(), origin };
        inside.push(copy.clone());
        for entry in self.root.walk(&copy.origin, |name| name != "__pycache__") {
            let Some(entry) = entry.ok().filter(is_file) else { continue };
            let origin = entry.path.clone();
            let rest = origin.below(&copy.origin).expect("a walk stays below its top");
            let mut fact = self.look_behind(link, copy.link.descend(rest), entry);
            if let Some((owner, hash)) = self.recorded.get(&fact.path) {
                (fact.owner, fact.recorded_hash) = (Some(*owner), hash.clone());
            }
            match fact.meta.kind {
                Kind::Link(_) => {
                    self.pending.push(Pending { link: fact, origin, inside: inside.clone() });
                }
                _ => self.facts.push(fact),
            }
        }
        self.copies.push(copy);
    }

    /// The facts of an entry that is seen at `path`, by a link of which these are the facts.
    fn look_behind(&mut self, link: &FileFact, path: RealPath, entry: Entry) -> FileFact {
        let hash = link.recorded_hash.clone();
        self.reader.look_at(path, entry, link.owner, hash).0
    }
}

/// Whether an entry is neither a directory nor bytecode that Python makes again.
fn is_file(entry: &Entry) -> bool {
    entry.meta.kind != Kind::Directory && !is_bytecode_cache(&entry.path)
}

fn is_of_the_system(path: &RealPath) -> bool {
    OF_KERNEL
        .iter()
        .chain([&OF_ENGINE])
        .any(|directory| path.below(&RealPath::known(directory)).is_some())
        || OF_EVERY_CONTAINER.contains(&path.as_str())
}
