//! A `.dist-info` directory (PEP 376 and 627).
//!
//! Invariant: one directory gives one [`Distribution`], however damaged it is.

use serde_json::Value;

use super::distribution::Distribution;
use super::info_reader::{InfoReader, keep_script_files};
use super::metadata::{RecordEntry, parse_entry_points, parse_metadata, parse_record, parse_wheel};
use super::part::PartKind;
use crate::path::{RealPath, WrittenPath};
use crate::root::RootError;

const SUFFIX: &str = ".dist-info";

/// Whether an entry of a site directory is a `.dist-info`. pip renames a distribution that it
/// removes to `~name`, and ignores what such a removal leaves; so does this function.
pub(super) fn is_dist_info(name: &str) -> bool {
    name.ends_with(SUFFIX) && !name.starts_with('~')
}

impl InfoReader<'_> {
    /// Reads the `.dist-info` of this reader.
    pub(super) fn dist_info(&mut self, site: &RealPath) -> Distribution {
        // `{name}-{version}.dist-info`, unless METADATA has better values.
        let stem = self.info.name().strip_suffix(SUFFIX).unwrap_or(self.info.name());
        let (name, version) = stem.rsplit_once('-').unwrap_or((stem, "0"));
        let mut distribution =
            Distribution::empty(site, self.info, name, version, self.info.join("METADATA"));
        self.read_metadata(&mut distribution);
        if let Some(text) = self.read_file("WHEEL") {
            let (wheel, problems) = parse_wheel(&text);
            self.report(&self.info.join("WHEEL"), problems);
            distribution.tags = wheel.tags;
        }
        if let Some(text) = self.read_file("entry_points.txt") {
            let (scripts, problems) = parse_entry_points(&text);
            self.report(&self.info.join("entry_points.txt"), problems);
            distribution.scripts = keep_script_files(scripts);
        }
        distribution.requested =
            self.root.is_file(&WrittenPath::from(&self.info.join("REQUESTED")));
        if let Some(text) = self.read_file("direct_url.json") {
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
        let Some(text) = self.read_file("RECORD") else {
            return self.claim_top_level(distribution);
        };
        let (record, problems) = self.record(&text, site);
        self.report(&self.info.join("RECORD"), problems);
        (distribution.has_record, distribution.record) = (true, record);
        distribution
    }

    fn record(&self, text: &[u8], site: &RealPath) -> (Vec<RecordEntry>, Vec<String>) {
        if *self.kind != PartKind::Target {
            return parse_record(text, site);
        }
        // pip installs into `lib/python` of a temporary home (posix_home scheme) and moves
        // everything to the target, but RECORD still says `../../bin`.
        let home = site.descend("lib/python");
        let (mut record, problems) = parse_record(text, &home);
        for entry in &mut record {
            if let Some(below) = entry.path.below(&home) {
                entry.path = site.descend(below);
            }
        }
        (record, problems)
    }

    fn read_metadata(&mut self, distribution: &mut Distribution) {
        let path = self.info.join("METADATA");
        let text = match self.try_read(&path) {
            Ok(Some(text)) => text,
            Ok(None) | Err(RootError::Loop { .. }) => {
                let problem = "METADATA is missing; the name and the version are taken from the name of the directory";
                return self.report(&path, vec![problem.to_owned()]);
            }
            Err(_) => return,
        };
        let (metadata, mut problems) = parse_metadata(&text);
        for (field, value) in [("Name", &metadata.name), ("Version", &metadata.version)] {
            if value.is_none() {
                problems.push(format!(
                    "METADATA has no {field}; it is taken from the name of the directory"
                ));
            }
        }
        if let Some(name) = metadata.name {
            problems.extend(distribution.set_name(name).err());
        }
        self.report(&path, problems);
        if let Some(version) = metadata.version {
            distribution.version = version;
        }
        distribution.requires = metadata.requires;
    }
}
