//! The installed distributions of one site directory, each a `.dist-info` or `.egg-info` in it.
//!
//! Layout: PyPA "Recording installed projects" (PEP 376 and 627). METADATA alone is required there,
//! and even that is missing in what a broken upgrade leaves, so every file is optional here.
//!
//! Invariant: one such entry gives one [`Distribution`], however damaged it is.

use rayon::prelude::*;
use serde_json::Value;

use super::egg_info::{self, is_egg_info};
use super::environment::PartKind;
use super::metadata::{
    EntryPoint, RecordEntry, normalised_name, parse_entry_points, parse_metadata, parse_record,
    parse_wheel,
};
use crate::finding::{Code, Finding, Severity};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Entry, Kind, Root, RootError};

/// No metadata file is larger; RECORD of the largest wheels has a few megabytes.
const LARGEST_FILE: u64 = 64 << 20;
const SUFFIX: &str = ".dist-info";
const EGG: &str = ".egg";

/// One installed distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// As METADATA says.
    pub name: String,
    /// The name as PEP 503 compares it.
    pub key: String,
    pub version: String,
    /// The directory that holds `info`.
    pub site: RealPath,
    /// The `.dist-info` directory, or the `.egg-info` directory or file.
    pub info: RealPath,
    /// METADATA, or PKG-INFO of an egg-info.
    pub metadata: RealPath,
    /// `Requires-Dist` lines as written.
    pub requires: Vec<String>,
    /// INSTALLER: `pip`, `uv`.
    pub installer: Option<String>,
    /// Asked for by name, not as a dependency (REQUESTED).
    pub requested: bool,
    /// `dir_info.editable` of direct_url.json (PEP 660).
    pub editable: bool,
    /// `dir_info` of direct_url.json: installed from a folder of the builder.
    pub from_folder: bool,
    /// direct_url.json as written (PEP 610).
    pub direct_url: Option<String>,
    pub has_record: bool,
    pub record: Vec<RecordEntry>,
    /// Where no list says what was installed: the files and directories of its top-level names. They
    /// count for what nobody recorded.
    pub claims: Vec<RealPath>,
    /// Console and GUI entry points that installers make a script of.
    pub scripts: Vec<EntryPoint>,
    /// WHEEL says `Root-Is-Purelib: true`.
    pub purelib: bool,
    /// `Tag` lines of WHEEL.
    pub tags: Vec<String>,
}

impl Distribution {
    /// A distribution of which only the entry is known.
    pub(super) fn empty(
        site: &RealPath,
        info: &RealPath,
        name: &str,
        version: &str,
        metadata: RealPath,
    ) -> Distribution {
        Distribution {
            name: name.to_owned(),
            key: normalised_name(name),
            version: version.to_owned(),
            site: site.clone(),
            info: info.clone(),
            metadata,
            requires: Vec::new(),
            installer: None,
            requested: false,
            editable: false,
            from_folder: false,
            direct_url: None,
            has_record: false,
            record: Vec::new(),
            claims: Vec::new(),
            scripts: Vec::new(),
            purelib: false,
            tags: Vec::new(),
        }
    }
}

/// Every `*.dist-info` and `*.egg-info` directly in `site`, sorted by key.
pub fn read_distributions(
    root: &Root,
    site: &RealPath,
    kind: &PartKind,
) -> (Vec<Distribution>, Vec<Finding>) {
    if !root.is_directory(&WrittenPath::from(site)) {
        return (Vec::new(), Vec::new());
    }
    let entries = root.list(site);
    let names: Vec<&str> = entries.iter().flatten().map(|entry| entry.path.name()).collect();
    let read: Vec<(Vec<Distribution>, Vec<Finding>)> =
        entries.par_iter().map(|entry| of_entry(root, site, kind, &names, entry)).collect();
    let (all, findings): (Vec<Vec<Distribution>>, Vec<Vec<Finding>>) = read.into_iter().unzip();
    let mut all = all.concat();
    all.sort_by(|left, right| (&left.key, &left.info).cmp(&(&right.key, &right.info)));
    (all, findings.concat())
}

/// What one entry of a site directory is of; most are of nothing.
fn of_entry(
    root: &Root,
    site: &RealPath,
    kind: &PartKind,
    names: &[&str],
    entry: &Result<Entry, RootError>,
) -> (Vec<Distribution>, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut found = Vec::new();
    match entry {
        Ok(Entry { path, meta }) => {
            let mut reader = Reader { root, info: path, kind, names, findings: &mut findings };
            // pip renames what it removes to `~name` and passes over what was left so, as we do.
            if meta.kind == Kind::Directory
                && path.name().ends_with(SUFFIX)
                && !path.name().starts_with('~')
            {
                found.push(reader.dist_info(site));
            } else if matches!(meta.kind, Kind::Directory | Kind::File) && is_egg_info(path.name())
            {
                found.push(reader.egg_info(site, &meta.kind));
            } else if path.name().ends_with(EGG) && !path.name().starts_with('~') {
                found.extend(egg_info::egg(root, path, &meta.kind, reader.findings));
            }
        }
        // An unreadable entry is another's to report unless it could be a distribution.
        Err(error) if error.path() == site.as_str() || error.path().ends_with(SUFFIX) => {
            findings.push(Finding::new(
                Severity::Warn,
                Code::UnreadableFile,
                error.path(),
                error.to_string(),
            ));
        }
        Err(_) => {}
    }
    (found, findings)
}

/// Reads one `.dist-info` or `.egg-info`.
pub(super) struct Reader<'a> {
    pub(super) root: &'a Root,
    pub(super) info: &'a RealPath,
    pub(super) kind: &'a PartKind,
    /// Of everything beside it.
    pub(super) names: &'a [&'a str],
    pub(super) findings: &'a mut Vec<Finding>,
}

impl Reader<'_> {
    fn dist_info(&mut self, site: &RealPath) -> Distribution {
        // `{name}-{version}.dist-info`, until METADATA says better.
        let stem = self.info.name().strip_suffix(SUFFIX).unwrap_or(self.info.name());
        let (name, version) = stem.rsplit_once('-').unwrap_or((stem, "0"));
        let mut distribution =
            Distribution::empty(site, self.info, name, version, self.info.join("METADATA"));
        self.read_metadata(&mut distribution);
        if let Some(text) = self.file("WHEEL") {
            let (wheel, problems) = parse_wheel(&text);
            self.report(&self.info.join("WHEEL"), problems);
            (distribution.purelib, distribution.tags) = (wheel.purelib, wheel.tags);
        }
        if let Some(text) = self.file("entry_points.txt") {
            let (scripts, problems) = parse_entry_points(&text);
            self.report(&self.info.join("entry_points.txt"), problems);
            distribution.scripts = script_files(scripts);
        }
        let installer =
            self.file("INSTALLER").map(|text| String::from_utf8_lossy(&text).trim().to_owned());
        distribution.installer = installer.filter(|name| !name.is_empty());
        distribution.requested =
            self.root.is_file(&WrittenPath::from(&self.info.join("REQUESTED")));
        if let Some(text) = self.file("direct_url.json") {
            let text = String::from_utf8_lossy(&text).into_owned();
            match serde_json::from_str::<Value>(&text) {
                Ok(json) => {
                    distribution.editable = json["dir_info"]["editable"] == Value::Bool(true);
                    distribution.from_folder = json["dir_info"].is_object();
                }
                Err(error) => {
                    self.report(
                        &self.info.join("direct_url.json"),
                        vec![format!("direct_url.json is not JSON: {error}")],
                    );
                }
            }
            distribution.direct_url = Some(text);
        }
        let Some(text) = self.file("RECORD") else { return self.without_list(distribution) };
        let (record, problems) = self.record(&text, site);
        self.report(&self.info.join("RECORD"), problems);
        (distribution.has_record, distribution.record) = (true, record);
        distribution
    }

    fn record(&self, text: &[u8], site: &RealPath) -> (Vec<RecordEntry>, Vec<String>) {
        if *self.kind != PartKind::Target {
            return parse_record(text, site);
        }
        // pip installs into `lib/python` of a temporary home (posix_home scheme) and moves everything into
        // the target, but RECORD still says `../../bin`.
        let home = site.descend("lib/python");
        let (mut record, problems) = parse_record(text, &home);
        for entry in &mut record {
            if let Some(below) = entry.path.below(&home) {
                entry.path = site.descend(below);
            }
        }
        (record, problems)
    }

    /// Claims what the top-level names lead to: those of top_level.txt, or the distribution's own.
    pub(super) fn without_list(&mut self, mut distribution: Distribution) -> Distribution {
        let text =
            if distribution.metadata == *self.info { None } else { self.file("top_level.txt") };
        let names = match text {
            Some(text) => {
                String::from_utf8_lossy(&text).lines().map(|line| line.trim().to_owned()).collect()
            }
            None => vec![distribution.key.replace('-', "_"), distribution.name.clone()],
        };
        distribution.claims = vec![self.info.clone()];
        for beside in self.names {
            // `name`, `name.py`, `name.cpython-311-x86_64-linux-gnu.so`.
            let stem = beside.split('.').next().unwrap_or_default();
            let module = *beside == stem || beside.ends_with(".py") || beside.ends_with(".so");
            if module && names.iter().any(|name| name == stem) {
                distribution.claims.push(distribution.site.join(beside));
            }
        }
        distribution
    }

    fn read_metadata(&mut self, distribution: &mut Distribution) {
        let before = self.findings.len();
        let Some(text) = self.file("METADATA") else {
            if self.findings.len() == before {
                self.report(
                    &self.info.join("METADATA"),
                    vec![
                        "METADATA is missing; name and version are taken from the directory's name"
                            .to_owned(),
                    ],
                );
            }
            return;
        };
        let (metadata, mut problems) = parse_metadata(&text);
        for (field, value) in [("Name", &metadata.name), ("Version", &metadata.version)] {
            if value.is_none() {
                problems.push(format!(
                    "METADATA has no {field}; it is taken from the directory's name"
                ));
            }
        }
        self.report(&self.info.join("METADATA"), problems);
        if let Some(name) = metadata.name {
            distribution.key = normalised_name(&name);
            distribution.name = name;
        }
        if let Some(version) = metadata.version {
            distribution.version = version;
        }
        distribution.requires = metadata.requires;
    }

    fn file(&mut self, name: &str) -> Option<Vec<u8>> {
        self.text(&self.info.join(name))
    }

    /// The bytes of a file; links are followed, as uv and conda may link into a cache.
    pub(super) fn text(&mut self, path: &RealPath) -> Option<Vec<u8>> {
        let read = self.root.resolve(&WrittenPath::from(path)).and_then(|found| match found {
            Some(found) if found.meta.kind == Kind::File => {
                self.root.read(&found.path, LARGEST_FILE).map(Some)
            }
            _ => Ok(None),
        });
        read.unwrap_or_else(|error| {
            self.findings.push(Finding::new(
                Severity::Warn,
                Code::UnreadableFile,
                path,
                error.to_string(),
            ));
            None
        })
    }

    pub(super) fn report(&mut self, subject: &RealPath, problems: Vec<String>) {
        let findings = problems
            .into_iter()
            .map(|problem| Finding::new(Severity::Warn, Code::CorruptMetadata, subject, problem));
        self.findings.extend(findings);
    }
}

/// A script is a file directly in bin/; a name with a slash never became one.
pub(super) fn script_files(scripts: Vec<EntryPoint>) -> Vec<EntryPoint> {
    scripts.into_iter().filter(|script| !script.name.contains('/')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::memory::Memory;

    fn read(fixture: &str) -> (Vec<Distribution>, Vec<String>) {
        let (all, findings) = read_distributions(
            &Root::new(Memory::parse(fixture)),
            &RealPath::known("/v/site"),
            &PartKind::VirtualEnvironment,
        );
        (
            all,
            findings
                .iter()
                .map(|found| format!("{} {}", found.code.as_str(), found.subject))
                .collect(),
        )
    }

    #[test]
    fn a_whole_distribution() {
        let (all, findings) = read(
            r#"/v/site/Leg.Pkg-1.0.dist-info/METADATA = Metadata-Version: 2.1\nName: Leg.Pkg\nVersion: 1.0\nRequires-Dist: a>1\n\nbody
               /v/site/Leg.Pkg-1.0.dist-info/RECORD = leg/x.py,sha256=abc,3\n../bin/leg,,\n
               /v/site/Leg.Pkg-1.0.dist-info/WHEEL = Root-Is-Purelib: true\nTag: py3-none-any\n
               /v/site/Leg.Pkg-1.0.dist-info/INSTALLER = pip\n
               /v/site/Leg.Pkg-1.0.dist-info/REQUESTED =
               /v/site/Leg.Pkg-1.0.dist-info/entry_points.txt -> /cache/entry_points
               /cache/entry_points = [console_scripts]\nleg = leg:x\n
               /v/site/Leg.Pkg-1.0.dist-info/direct_url.json = {"url":"file:///src","dir_info":{"editable":true}}"#,
        );
        assert_eq!(findings, Vec::<String>::new());
        let one = &all[0];
        assert_eq!(
            (one.name.as_str(), one.key.as_str(), one.version.as_str()),
            ("Leg.Pkg", "leg-pkg", "1.0")
        );
        assert_eq!(
            (&one.requires[..], &one.scripts[..], &one.tags[..]),
            (
                &["a>1".to_owned()][..],
                &[EntryPoint { name: "leg".to_owned(), object: "leg:x".to_owned() }][..],
                &["py3-none-any".to_owned()][..]
            )
        );
        assert_eq!(
            (one.installer.as_deref(), one.requested, one.editable, one.purelib, one.has_record),
            (Some("pip"), true, true, true, true)
        );
        assert_eq!(one.record[1].path, RealPath::known("/v/bin/leg"));
    }

    #[test]
    fn damage_costs_findings_only() {
        let (all, findings) = read(
            r"/v/site/zed-2.dist-info/METADATA = Summary: x\n
              /v/site/a_b-1.0.dist-info/INSTALLER = uv
              /v/site/loop-1.dist-info/METADATA -> METADATA
              /v/site/m-1.dist-info/METADATA = Name: M\nVersion: 1\n
              /v/site/m-1.dist-info/RECORD = a,,x\nb,,\n
              /v/site/m-1.dist-info/direct_url.json = {
              /v/site/~ip-1.dist-info/METADATA = Name: pip\nVersion: 1\n
              /v/site/file-1.dist-info = x
              /v/site/deep/x-1.dist-info/METADATA = Name: x\nVersion: 1\n",
        );
        let shown: Vec<String> = all
            .iter()
            .map(|one| format!("{} {} {}", one.key, one.version, one.has_record))
            .collect();
        assert_eq!(shown, ["a-b 1.0 false", "loop 1 false", "m 1 true", "zed 2 false"]);
        assert_eq!(all[2].record.len(), 1);
        assert_eq!(
            findings,
            [
                "corrupt-metadata /v/site/a_b-1.0.dist-info/METADATA",
                "unreadable-file /v/site/loop-1.dist-info/METADATA",
                "corrupt-metadata /v/site/m-1.dist-info/direct_url.json",
                "corrupt-metadata /v/site/m-1.dist-info/RECORD",
                "corrupt-metadata /v/site/zed-2.dist-info/METADATA",
                "corrupt-metadata /v/site/zed-2.dist-info/METADATA",
            ]
        );
        assert_eq!(read("/other"), (Vec::new(), Vec::new()));
    }
}
