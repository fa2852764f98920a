//! The glibc loader: `_dl_map_object` in `elf/dl-load.c`, and `ld.so(8)`.
//!
//! Invariant: `ld.so.conf` is not read, because it is input of ldconfig, not of the loader.
//! Hardware variants (`glibc-hwcaps`) are ignored, because the answer must not depend on the
//! builder's CPU.

use std::collections::HashMap;

use super::cache::{flags_of, parse_cache};
use super::{After, Candidate, Failure, Identity, Libc, Loader, Requester, Rule};
use crate::elf::{self, Machine};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Root};

/// The glibc loader of a root.
pub(super) struct Glibc {
    /// Paths by name. Of several entries with one name only the first is tried, even if its file
    /// does not exist.
    cache: HashMap<String, String>,
    directories: Vec<String>,
    platform: String,
    /// The names of the loader itself, which is loaded before anything else.
    own_names: Vec<String>,
    configuration: Vec<RealPath>,
}

impl Glibc {
    /// Reads `/etc/ld.so.cache` and the directories that are compiled into the loader's file.
    /// `interpreter` is a `PT_INTERP` of the root. Unreadable files count as absent.
    pub(super) fn read(root: &Root, interpreter: &str, machine: Machine) -> Glibc {
        let mut cache: HashMap<String, String> = HashMap::new();
        let wanted = flags_of(&machine.name());
        if let Ok(Some(found)) = root.resolve(&WrittenPath::new("/etc/ld.so.cache")) {
            let entries = parse_cache(&root.read(&found.path, 1 << 26).unwrap_or_default());
            for entry in entries
                .into_iter()
                .filter(|entry| wanted.is_none_or(|wanted| wanted == entry.flags))
            {
                cache.entry(entry.name).or_insert(entry.path);
            }
        }
        let file = root
            .resolve(&WrittenPath::new(interpreter))
            .ok()
            .flatten()
            .filter(|found| found.meta.kind == Kind::File);
        let content = file.as_ref().and_then(|file| root.open(&file.path).ok());
        let soname = content
            .and_then(|content| elf::read(content.as_ref()).ok()?)
            .and_then(|elf| elf.soname);
        let directories =
            file.and_then(|file| compiled_directories(&root.read(&file.path, 1 << 24).ok()?));
        let directories = directories.unwrap_or_else(|| {
            ["/lib64", "/usr/lib64", "/lib", "/usr/lib"].map(str::to_owned).to_vec()
        });
        let configuration = root.list(&RealPath::known("/etc/ld.so.conf.d"));
        let configuration = configuration.into_iter().flatten().map(|entry| entry.path).collect();
        Glibc {
            cache,
            directories,
            platform: machine.name(),
            own_names: soname.into_iter().chain([interpreter.to_owned()]).collect(),
            configuration,
        }
    }

    /// `$LIB`: the first compiled-in directory, without a slash at either end
    /// (`lib/x86_64-linux-gnu` on Debian).
    fn lib(&self) -> &str {
        self.directories.first().map_or("lib", |first| first.trim_matches('/'))
    }

    fn expand(&self, text: &str, origin: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let token = [("ORIGIN", origin), ("LIB", self.lib()), ("PLATFORM", &self.platform)]
                .into_iter()
                .find_map(|(name, value)| {
                    if let Some(tail) = rest.strip_prefix(&format!("${{{name}}}")) {
                        return Some((value, tail));
                    }
                    let tail = rest[1..].strip_prefix(name)?;
                    let ends =
                        !tail.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
                    ends.then_some((value, tail))
                });
            match token {
                Some((value, tail)) => {
                    out.push_str(value);
                    rest = tail;
                }
                None => {
                    out.push('$');
                    rest = &rest[1..];
                }
            }
        }
        out + rest
    }

    fn run_path(&self, text: &str, object: &Requester) -> Vec<String> {
        let origin = object.opened.directory();
        // An empty text has no elements. An empty element is the working directory, here `/`.
        let text = Some(text).filter(|text| !text.is_empty());
        text.into_iter()
            .flat_map(|text| text.split(':'))
            .map(|element| self.expand(element, origin.as_str()))
            .collect()
    }
}

/// `SYSTEM_DIRS` of the loader: the first sequence of C strings that start and end with a slash.
fn compiled_directories(loader: &[u8]) -> Option<Vec<String>> {
    let mut run: Vec<String> = Vec::new();
    for part in loader.split(|byte| *byte == 0) {
        let text = std::str::from_utf8(part).ok().filter(|text| {
            text.len() > 2 && text.starts_with('/') && text.ends_with('/') && text.contains("lib")
        });
        match text {
            Some(text) => run.push(text.trim_end_matches('/').to_owned()),
            None if run.len() >= 2 => return Some(run),
            None => run.clear(),
        }
    }
    None
}

impl Loader for Glibc {
    fn libc(&self) -> Libc {
        Libc::Glibc
    }

    fn built_in(&self, name: &str) -> bool {
        self.own_names.iter().any(|own| own == name)
    }

    fn candidates(&self, name: &str, chain: &[Requester]) -> Vec<Candidate> {
        let Some(requester) = chain.first() else { return Vec::new() };
        let start = WrittenPath::new("/");
        if name.contains('/') {
            let path = self.expand(name, requester.opened.directory().as_str());
            return vec![Candidate { path: start.join(&path), rule: Rule::Path }];
        }
        let mut found = Vec::new();
        let mut add = |directory: &str, rule: Rule| {
            found.push(Candidate { path: start.join(directory).join(name), rule })
        };
        if requester.elf.runpath.is_none() {
            // The RPATH of an object with a RUNPATH is ignored, even if the object is an ancestor.
            for object in chain.iter().filter(|object| object.elf.runpath.is_none()) {
                for directory in
                    object.elf.rpath.iter().flat_map(|text| self.run_path(text, object))
                {
                    add(&directory, Rule::RunPath { of: object.opened.to_string() });
                }
            }
        }
        for directory in
            requester.elf.runpath.iter().flat_map(|text| self.run_path(text, requester))
        {
            add(&directory, Rule::RunPath { of: requester.opened.to_string() });
        }
        let mut system = self.system_candidates(name);
        if requester.elf.no_default_directories {
            // This also applies to cache entries, by the path that the cache has.
            let default = |path: &str| {
                self.directories.iter().any(|directory| {
                    path.strip_prefix(directory.as_str()).is_some_and(|rest| rest.starts_with('/'))
                })
            };
            system.retain(|candidate| {
                candidate.rule == Rule::Cache && !default(candidate.path.as_str())
            });
        }
        found.extend(system);
        found
    }

    fn system_candidates(&self, name: &str) -> Vec<Candidate> {
        let start = WrittenPath::new("/");
        let cached = self
            .cache
            .get(name)
            .map(|path| Candidate { path: start.join(path), rule: Rule::Cache });
        let default = |directory: &String| Candidate {
            path: start.join(directory).join(name),
            rule: Rule::DefaultDirectory,
        };
        cached.into_iter().chain(self.directories.iter().map(default)).collect()
    }

    fn after(&self, failure: Failure) -> After {
        match failure {
            Failure::Absent | Failure::Foreign => After::Next,
            Failure::System => After::NextRule,
            Failure::Broken => After::Stop,
        }
    }

    fn identity(&self) -> Identity {
        Identity::AllNames
    }

    fn own_file(&self) -> Option<&RealPath> {
        None
    }

    fn directories(&self) -> &[String] {
        &self.directories
    }

    fn compiled_directories(&self) -> Vec<String> {
        self.directories.clone()
    }

    fn cached(&self) -> Vec<&str> {
        self.cache.keys().map(String::as_str).collect()
    }

    fn configuration(&self) -> &[RealPath] {
        &self.configuration
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_come_from_the_loader_file() {
        let file =
            b"x\0/proc/\0/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0y";
        assert_eq!(
            compiled_directories(file).unwrap().join(" "),
            "/lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu /lib /usr/lib"
        );
        assert_eq!(compiled_directories(b"nothing"), None);
    }

    #[test]
    fn tokens_end_where_names_end() {
        let loader = Glibc {
            cache: HashMap::new(),
            directories: vec!["/lib64".into()],
            platform: "x86_64".into(),
            own_names: vec![],
            configuration: vec![],
        };
        assert_eq!(loader.expand("$ORIGIN/../l", "/o"), "/o/../l");
        assert_eq!(loader.expand("${ORIGIN}x/$ORIGINx/$LIB/$FOO", "/o"), "/ox/$ORIGINx/lib64/$FOO");
    }
}
