//! The installed distributions of one site directory, each a `.dist-info` in it.
//!
//! Layout: PyPA "Recording installed projects" (PEP 376 and 627). METADATA alone is required there,
//! and even that is missing in what a broken upgrade leaves, so every file is optional here.
//!
//! Invariant: one `.dist-info` directory gives one [`Distribution`], however damaged it is.

use serde_json::Value;
use url::Url;

use super::metadata::{RecordEntry, normalised_name, parse_entry_points, parse_metadata, parse_record, parse_wheel};
use crate::finding::{Code, Finding, Severity};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Root};

/// No metadata file is larger; RECORD of the largest wheels has a few megabytes.
const LARGEST_FILE: u64 = 64 << 20;
const SUFFIX: &str = ".dist-info";

/// One installed distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// As METADATA says.
    pub name: String,
    /// The name as PEP 503 compares it.
    pub key: String,
    pub version: String,
    /// The directory that holds `dist_info`.
    pub site: RealPath,
    pub dist_info: RealPath,
    /// `Requires-Dist` lines as written.
    pub requires: Vec<String>,
    /// INSTALLER: `pip`, `uv`.
    pub installer: Option<String>,
    /// Asked for by name, not as a dependency (REQUESTED).
    pub requested: bool,
    /// `dir_info.editable` of direct_url.json (PEP 660).
    pub editable: bool,
    /// direct_url.json as written (PEP 610).
    pub direct_url: Option<String>,
    pub has_record: bool,
    pub record: Vec<RecordEntry>,
    /// Names of console and GUI entry points.
    pub scripts: Vec<String>,
    /// WHEEL says `Root-Is-Purelib: true`.
    pub purelib: bool,
    /// `Tag` lines of WHEEL.
    pub tags: Vec<String>,
}

impl Distribution {
    /// A distribution of which only the directory is known: name and version as the directory's
    /// name has them (`{name}-{version}.dist-info`).
    pub(super) fn empty(site: &RealPath, dist_info: &RealPath) -> Distribution {
        let stem = dist_info.name().strip_suffix(SUFFIX).unwrap_or(dist_info.name());
        let (name, version) = stem.rsplit_once('-').unwrap_or((stem, "0"));
        Distribution {
            name: name.to_owned(),
            key: normalised_name(name),
            version: version.to_owned(),
            site: site.clone(),
            dist_info: dist_info.clone(),
            requires: Vec::new(),
            installer: None,
            requested: false,
            editable: false,
            direct_url: None,
            has_record: false,
            record: Vec::new(),
            scripts: Vec::new(),
            purelib: false,
            tags: Vec::new(),
        }
    }
}

/// Every `*.dist-info` directory directly in `site`, sorted by key.
pub fn read_distributions(root: &Root, site: &RealPath) -> (Vec<Distribution>, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut all = Vec::new();
    if !root.is_directory(&WrittenPath::from(site)) {
        return (all, findings);
    }
    for entry in root.walk(site, 1) {
        match entry {
            // pip renames what it removes to `~name` and passes over what was left so, as we do.
            Ok(entry)
                if entry.meta.kind == Kind::Directory && entry.path.name().ends_with(SUFFIX) && !entry.path.name().starts_with('~') =>
            {
                let mut reader = Reader { root, dist_info: &entry.path, findings: &mut findings };
                all.push(reader.distribution(site));
            }
            Ok(_) => {}
            // An unreadable entry is another's to report unless it could be a distribution.
            Err(error) if error.path() == site.as_str() || error.path().ends_with(SUFFIX) => {
                findings.push(Finding::new(Severity::Warn, Code::UnreadableFile, error.path(), error.to_string()));
            }
            Err(_) => {}
        }
    }
    all.sort_by(|left, right| (&left.key, &left.dist_info).cmp(&(&right.key, &right.dist_info)));
    (all, findings)
}

/// Reads the files of one `.dist-info`.
struct Reader<'a> {
    root: &'a Root,
    dist_info: &'a RealPath,
    findings: &'a mut Vec<Finding>,
}

impl Reader<'_> {
    fn distribution(&mut self, site: &RealPath) -> Distribution {
        let mut distribution = Distribution::empty(site, self.dist_info);
        self.read_metadata(&mut distribution);
        if let Some(text) = self.file("WHEEL") {
            let (wheel, problems) = parse_wheel(&text);
            self.report("WHEEL", problems);
            (distribution.purelib, distribution.tags) = (wheel.purelib, wheel.tags);
        }
        if let Some(text) = self.file("RECORD") {
            let (record, problems) = parse_record(&text, site);
            self.report("RECORD", problems);
            (distribution.has_record, distribution.record) = (true, record);
        }
        if let Some(text) = self.file("entry_points.txt") {
            let (scripts, problems) = parse_entry_points(&text);
            self.report("entry_points.txt", problems);
            // A script is a file directly in bin/; a name with a slash never became one.
            distribution.scripts = scripts.into_iter().map(|script| script.name).filter(|name| !name.contains('/')).collect();
        }
        let installer = self.file("INSTALLER").map(|text| String::from_utf8_lossy(&text).trim().to_owned());
        distribution.installer = installer.filter(|name| !name.is_empty());
        distribution.requested = self.root.is_file(&WrittenPath::from(&self.dist_info.join("REQUESTED")));
        if let Some(text) = self.file("direct_url.json") {
            let text = String::from_utf8_lossy(&text).into_owned();
            match serde_json::from_str::<Value>(&text) {
                Ok(json) => distribution.editable = json["dir_info"]["editable"] == Value::Bool(true),
                Err(error) => self.report("direct_url.json", vec![format!("direct_url.json is not JSON: {error}")]),
            }
            distribution.direct_url = Some(text);
        }
        distribution
    }

    fn read_metadata(&mut self, distribution: &mut Distribution) {
        let before = self.findings.len();
        let Some(text) = self.file("METADATA") else {
            if self.findings.len() == before {
                self.report("METADATA", vec!["METADATA is missing; name and version are taken from the directory's name".to_owned()]);
            }
            return;
        };
        let (metadata, mut problems) = parse_metadata(&text);
        for (field, value) in [("Name", &metadata.name), ("Version", &metadata.version)] {
            if value.is_none() {
                problems.push(format!("METADATA has no {field}; it is taken from the directory's name"));
            }
        }
        self.report("METADATA", problems);
        if let Some(name) = metadata.name {
            distribution.key = normalised_name(&name);
            distribution.name = name;
        }
        if let Some(version) = metadata.version {
            distribution.version = version;
        }
        distribution.requires = metadata.requires;
    }

    /// The bytes of a file; links are followed, as uv and conda may link into a cache.
    fn file(&mut self, name: &str) -> Option<Vec<u8>> {
        let path = self.dist_info.join(name);
        let read = self.root.resolve(&WrittenPath::from(&path)).and_then(|found| match found {
            Some(found) if found.meta.kind == Kind::File => self.root.read(&found.path, LARGEST_FILE).map(Some),
            _ => Ok(None),
        });
        read.unwrap_or_else(|error| {
            self.findings.push(Finding::new(Severity::Warn, Code::UnreadableFile, path, error.to_string()));
            None
        })
    }

    fn report(&mut self, name: &str, problems: Vec<String>) {
        let subject = self.dist_info.join(name);
        let findings = problems.into_iter().map(|problem| Finding::new(Severity::Warn, Code::CorruptMetadata, &subject, problem));
        self.findings.extend(findings);
    }
}

/// direct_url.json (PEP 610) made fit to travel: `None` when it names a place of the builder,
/// without credentials where it has some, unchanged otherwise.
pub fn portable_direct_url(text: &str) -> Option<String> {
    let mut json: Value = serde_json::from_str(text).ok()?;
    // `dir_info` is there for local directories only.
    if json.get("dir_info").is_some() {
        return None;
    }
    let mut url = Url::parse(json.get("url")?.as_str()?).ok()?;
    let scheme = url.scheme().to_owned();
    if scheme == "file" || scheme.ends_with("+file") {
        return None;
    }
    // The user of `ssh://git@host` is a convention, no secret; PEP 610 says to keep it.
    let conventional = scheme.ends_with("ssh") && url.username() == "git";
    if url.password().is_none() && (url.username().is_empty() || conventional) {
        return Some(text.to_owned());
    }
    url.set_password(None).ok()?;
    if !conventional {
        url.set_username("").ok()?;
    }
    json["url"] = Value::String(url.into());
    Some(json.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::memory::Memory;

    fn read(fixture: &str) -> (Vec<Distribution>, Vec<String>) {
        let (all, findings) = read_distributions(&Root::new(Memory::parse(fixture)), &RealPath::known("/v/site"));
        (all, findings.iter().map(|found| format!("{} {}", found.code.as_str(), found.subject)).collect())
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
        assert_eq!((one.name.as_str(), one.key.as_str(), one.version.as_str()), ("Leg.Pkg", "leg-pkg", "1.0"));
        assert_eq!(
            (&one.requires[..], &one.scripts[..], &one.tags[..]),
            (&["a>1".to_owned()][..], &["leg".to_owned()][..], &["py3-none-any".to_owned()][..])
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
        let shown: Vec<String> = all.iter().map(|one| format!("{} {} {}", one.key, one.version, one.has_record)).collect();
        assert_eq!(shown, ["a-b 1.0 false", "loop 1 false", "m 1 true", "zed 2 false"]);
        assert_eq!(all[2].record.len(), 1);
        assert_eq!(
            findings,
            [
                "corrupt-metadata /v/site/a_b-1.0.dist-info/METADATA",
                "unreadable-file /v/site/loop-1.dist-info/METADATA",
                "corrupt-metadata /v/site/m-1.dist-info/RECORD",
                "corrupt-metadata /v/site/m-1.dist-info/direct_url.json",
                "corrupt-metadata /v/site/zed-2.dist-info/METADATA",
                "corrupt-metadata /v/site/zed-2.dist-info/METADATA",
            ]
        );
        assert_eq!(read("/other"), (Vec::new(), Vec::new()));
    }

    #[test]
    fn direct_urls_travel_without_secrets() {
        for (text, expect) in [
            (r#"{"url": "https://h/a.whl", "archive_info": {}}"#, Some(r#"{"url": "https://h/a.whl", "archive_info": {}}"#)),
            (r#"{"url": "https://u:p@h/a.whl"}"#, Some(r#"{"url":"https://h/a.whl"}"#)),
            (r#"{"url": "https://token@h/a.whl"}"#, Some(r#"{"url":"https://h/a.whl"}"#)),
            (r#"{"url": "ssh://git@h/a"}"#, Some(r#"{"url": "ssh://git@h/a"}"#)),
            (r#"{"url": "ssh://git:p@h/a"}"#, Some(r#"{"url":"ssh://git@h/a"}"#)),
            (r#"{"url": "file:///src/a"}"#, None),
            (r#"{"url": "git+file:///src/a"}"#, None),
            (r#"{"url": "https://h", "dir_info": {}}"#, None),
            (r#"{"url": "/src/a"}"#, None),
            ("{}", None),
            ("[1]", None),
            ("{", None),
        ] {
            assert_eq!(portable_direct_url(text).as_deref(), expect, "{text}");
        }
    }
}
