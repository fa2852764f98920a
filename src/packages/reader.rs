//! Where the databases of a root are, and what is read of each.
//!
//! Invariant: a file that cannot be read, and a line that cannot be understood, is a finding; the rest counts.

use rayon::prelude::*;

use super::{Package, Problem, apk, conda, dpkg};
use crate::finding::{Code, Finding, Severity};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Root, RootError};

/// The largest database file that is read; real ones stay below 10 MB.
const LARGEST: u64 = 128 << 20;

/// Every database of the root, and those of the prefixes that are conda's.
pub fn read(root: &Root, prefixes: &[RealPath]) -> (Vec<Package>, Vec<Finding>) {
    let mut reader = Reader { root, packages: Vec::new(), findings: Vec::new() };
    reader.apk();
    reader.dpkg();
    reader.distroless();
    for prefix in prefixes {
        reader.conda(prefix);
    }
    (reader.packages, reader.findings)
}

struct Reader<'a> {
    root: &'a Root,
    packages: Vec<Package>,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn apk(&mut self) {
        let mut seen: Vec<RealPath> = Vec::new();
        for path in apk::DATABASES {
            let Some(found) = self.resolve(path, &Kind::File).filter(|found| !seen.contains(found))
            else {
                continue;
            };
            if let Some(text) = self.text(found.as_str()) {
                let (packages, problems) = apk::parse_installed(&text);
                self.report(found.as_str(), problems);
                self.packages.extend(packages);
            }
            seen.push(found);
        }
    }

    fn dpkg(&mut self) {
        const STATUS: &str = "/var/lib/dpkg/status";
        const DIVERSIONS: &str = "/var/lib/dpkg/diversions";
        let Some(status) = self.text(STATUS) else { return };
        let (mut packages, problems) = dpkg::parse_status(&status);
        self.report(STATUS, problems);
        let (diversions, problems) =
            dpkg::parse_diversions(&self.text(DIVERSIONS).unwrap_or_default());
        self.report(DIVERSIONS, problems);
        let root = self.root;
        let lists: Vec<(Option<Vec<String>>, Vec<Finding>)> = packages
            .par_iter()
            .map(|package| {
                let mut reader = Reader { root, packages: Vec::new(), findings: Vec::new() };
                (reader.dpkg_files(package), reader.findings)
            })
            .collect();
        let mut without_list = Vec::new();
        for (package, (files, findings)) in packages.iter_mut().zip(lists) {
            self.findings.extend(findings);
            match files {
                Some(files) => {
                    package.files = files
                        .into_iter()
                        .map(|path| diversions.apply(&package.name, path))
                        .collect()
                }
                None => without_list.push(package.name.as_str()),
            }
        }
        // One finding, since a removed info directory would be one for every package.
        if let Some(first) = without_list.first() {
            let message = format!(
                "{} installed packages have no file list, {first} is the first: their files look unowned",
                without_list.len()
            );
            self.findings.push(Finding::new(
                Severity::Warn,
                Code::CorruptDatabase,
                "/var/lib/dpkg/info",
                message,
            ));
        }
        self.packages.extend(packages);
    }

    /// The list of a `Multi-Arch: same` package has the architecture in its name.
    fn dpkg_files(&mut self, package: &Package) -> Option<Vec<String>> {
        let names = [format!("{}:{}", package.name, package.architecture), package.name.clone()];
        let (path, text) = names.into_iter().find_map(|name| {
            let path = format!("/var/lib/dpkg/info/{name}.list");
            self.text(&path).map(|text| (path, text))
        })?;
        let (files, problems) = dpkg::parse_list(&text);
        self.report(&path, problems);
        Some(files)
    }

    /// Stanza files may have short names (`libssl1`), so the package name comes from the content.
    fn distroless(&mut self) {
        let Some(directory) = self.resolve(dpkg::STANZAS, &Kind::Directory) else {
            return;
        };
        for entry in self.root.list(&directory) {
            let path = match entry {
                Ok(entry)
                    if entry.path.name().ends_with(".md5sums")
                        || entry.meta.kind == Kind::Directory =>
                {
                    continue;
                }
                Ok(entry) => entry.path,
                Err(error) => {
                    self.unreadable(&error);
                    continue;
                }
            };
            let Some(text) = self.text(path.as_str()) else { continue };
            let (mut packages, problems) = dpkg::parse_status(&text);
            self.report(path.as_str(), problems);
            for package in &mut packages {
                let candidates =
                    [format!("{path}.md5sums"), format!("{directory}/{}.md5sums", package.name)];
                let Some((path, text)) = candidates
                    .into_iter()
                    .find_map(|path| self.text(&path).map(|text| (path, text)))
                else {
                    continue;
                };
                let (files, problems) = dpkg::parse_checksums(&text);
                self.report(&path, problems);
                package.files = files;
            }
            self.packages.extend(packages);
        }
    }

    fn conda(&mut self, prefix: &RealPath) {
        let Some(directory) =
            self.resolve(&format!("{prefix}/{}", conda::RECORDS), &Kind::Directory)
        else {
            return;
        };
        let entries = self.root.list(&directory);
        let records = entries
            .iter()
            .flatten()
            .map(|entry| &entry.path)
            .filter(|path| path.name().ends_with(".json"));
        let root = self.root;
        let read: Vec<(Option<Package>, Vec<Finding>)> = records
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|path| {
                let mut reader = Reader { root, packages: Vec::new(), findings: Vec::new() };
                let problem = |problem: String| {
                    Finding::new(Severity::Warn, Code::CorruptDatabase, path, problem)
                };
                let Some(text) = reader.text(path.as_str()) else { return (None, reader.findings) };
                match conda::parse_record(&text, prefix) {
                    Ok((package, problems)) => {
                        (Some(package), problems.into_iter().map(problem).collect())
                    }
                    Err(why) => (
                        None,
                        vec![problem(why).help("its files look as if no package owned them")],
                    ),
                }
            })
            .collect();
        for (package, findings) in read {
            self.packages.extend(package);
            self.findings.extend(findings);
        }
    }

    fn resolve(&mut self, path: &str, kind: &Kind) -> Option<RealPath> {
        match self.root.resolve(&WrittenPath::new(path)) {
            Ok(found) => found.filter(|found| found.meta.kind == *kind).map(|found| found.path),
            Err(error) => {
                self.unreadable(&error);
                None
            }
        }
    }

    fn text(&mut self, path: &str) -> Option<String> {
        self.root.read_text(path, LARGEST).unwrap_or_else(|error| {
            self.unreadable(&error);
            None
        })
    }

    fn unreadable(&mut self, error: &RootError) {
        self.findings.push(Finding::new(
            Severity::Warn,
            Code::CorruptDatabase,
            error.path(),
            format!("cannot be read: {error}"),
        ));
    }

    fn report(&mut self, path: &str, problems: Vec<Problem>) {
        self.findings.extend(problems.into_iter().map(|Problem { line, message }| {
            Finding::new(
                Severity::Warn,
                Code::CorruptDatabase,
                path,
                format!("line {line}: {message}"),
            )
        }));
    }
}
