//! The installed distributions of one site directory.
//!
//! Invariant: each `.dist-info`, `.egg-info` and `.egg` gives at most one [`Distribution`]. An
//! entry that cannot be read is recorded by the root, and the others still count.

use rayon::prelude::*;

use super::dist_info::is_dist_info;
use super::distribution::Distribution;
use super::egg_info::{is_egg_info, read_egg};
use super::info_reader::InfoReader;
use super::part::PartKind;
use crate::finding::{Code, Finding, Severity};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Entry, Kind, Root, RootError};

const EGG: &str = ".egg";

/// Reads every `*.dist-info`, `*.egg-info` and `*.egg` directly in `site`, sorted by key, with
/// findings for damaged metadata.
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
        entries.par_iter().map(|entry| read_entry(root, site, kind, &names, entry)).collect();
    let (all, findings): (Vec<Vec<Distribution>>, Vec<Vec<Finding>>) = read.into_iter().unzip();
    let mut all = all.concat();
    all.sort_by(|left, right| (&left.key, &left.info).cmp(&(&right.key, &right.info)));
    let mut findings = findings.concat();
    findings.extend(all.chunk_by(|left, right| left.key == right.key).filter_map(installed_twice));
    (all, findings)
}

/// The finding for several installations of one distribution in a directory: importlib.metadata and pip
/// take whichever the file system lists first.
fn installed_twice(group: &[Distribution]) -> Option<Finding> {
    let [first, _, ..] = group else { return None };
    let infos: Vec<&str> = group.iter().map(|one| one.info.name()).collect();
    let message = format!(
        "is installed {} times in {}, as {}: Python takes the one that the file system lists first",
        group.len(),
        first.site,
        infos.join(" and ")
    );
    let help = format!("install it again: pip install --force-reinstall {}", first.name);
    Some(Finding::new(Severity::Warn, Code::InstalledTwice, &first.name, message).help(help))
}

/// The distributions of one entry of a site directory; most entries have none.
fn read_entry(
    root: &Root,
    site: &RealPath,
    kind: &PartKind,
    names: &[&str],
    entry: &Result<Entry, RootError>,
) -> (Vec<Distribution>, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut found = Vec::new();
    if let Ok(Entry { path, meta }) = entry {
        let kind_of_link = || Some(root.resolve(&WrittenPath::from(path)).ok()??.meta.kind);
        let entry_kind = match meta.kind {
            Kind::Link(_) => kind_of_link().unwrap_or_else(|| meta.kind.clone()),
            _ => meta.kind.clone(),
        };
        let mut reader = InfoReader { root, info: path, kind, names, findings: &mut findings };
        if entry_kind == Kind::Directory && is_dist_info(path.name()) {
            found.push(reader.dist_info(site));
        } else if matches!(entry_kind, Kind::Directory | Kind::File) && is_egg_info(path.name()) {
            found.push(reader.egg_info(site, &entry_kind));
        } else if path.name().ends_with(EGG) && !path.name().starts_with('~') {
            found.extend(read_egg(root, path, &entry_kind, reader.findings));
        }
    }
    (found, findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::EntryPoint;
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
        assert_eq!((one.requested, one.editable, one.has_record), (true, true, true));
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
                "corrupt-metadata /v/site/loop-1.dist-info/METADATA",
                "corrupt-metadata /v/site/m-1.dist-info/direct_url.json",
                "corrupt-metadata /v/site/m-1.dist-info/RECORD",
                "corrupt-metadata /v/site/zed-2.dist-info/METADATA",
                "corrupt-metadata /v/site/zed-2.dist-info/METADATA",
            ]
        );
        assert_eq!(read("/other"), (Vec::new(), Vec::new()));
    }
}
