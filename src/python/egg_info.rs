//! The `.egg-info` that setuptools and distutils wrote before wheels: a directory, or a single file
//! with the text of PKG-INFO. Python still finds distributions by it; Debian's packages and old
//! installs of pip have it.
//!
//! Invariant: each entry gives one [`Distribution`], however damaged it is.

use super::distribution::Distribution;
use super::info_reader::{InfoReader, keep_script_files};
use super::metadata::{RecordEntry, parse_entry_points, parse_metadata, resolve_recorded};
use super::part::PartKind;
use crate::finding::{Code, Finding, Severity};
use crate::path::RealPath;
use crate::root::{Kind, Root};

const SUFFIX: &str = ".egg-info";

/// Whether an entry of a site directory is an `.egg-info`.
pub(super) fn is_egg_info(name: &str) -> bool {
    name.ends_with(SUFFIX) && !name.starts_with('~') && name.len() > SUFFIX.len()
}

/// The name and the version in the name of an entry, `{name}-{version}[-py3.11]`.
fn split_name(entry: &str) -> (&str, &str) {
    let mut parts = entry.strip_suffix(SUFFIX).unwrap_or(entry).split('-');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or("0"))
}

impl InfoReader<'_> {
    /// Reads the `.egg-info` of this reader.
    pub(super) fn egg_info(&mut self, site: &RealPath, kind: &Kind) -> Distribution {
        let info = self.info.clone();
        let (name, version) = split_name(info.name());
        let metadata = if *kind == Kind::Directory { info.join("PKG-INFO") } else { info.clone() };
        let mut distribution = Distribution::empty(site, &info, name, version, metadata);
        let Some(text) = self.read_path(&distribution.metadata.clone()) else {
            self.report(
                &distribution.metadata.clone(),
                vec![
                    "it is missing; the name and the version are taken from the name of the entry"
                        .to_owned(),
                ],
            );
            return self.claim_top_level(distribution);
        };
        let (facts, mut problems) = parse_metadata(&text);
        if let Some(name) = facts.name {
            problems.extend(distribution.set_name(name).err());
        }
        self.report(&distribution.metadata.clone(), problems);
        distribution.version = facts.version.unwrap_or(distribution.version);
        distribution.requires = facts.requires;
        if *kind != Kind::Directory {
            return self.claim_top_level(distribution);
        }
        if let Some(text) =
            self.read_path(&info.join("requires.txt")).filter(|_| distribution.requires.is_empty())
        {
            distribution.requires = parse_requires(&String::from_utf8_lossy(&text));
        }
        if let Some(text) = self.read_path(&info.join("entry_points.txt")) {
            let (scripts, problems) = parse_entry_points(&text);
            self.report(&info.join("entry_points.txt"), problems);
            distribution.scripts = keep_script_files(scripts);
        }
        // pip before 23.1 wrote this list; its paths are relative to its own directory.
        let Some(text) = self.read_path(&info.join("installed-files.txt")) else {
            return self.claim_top_level(distribution);
        };
        let text = String::from_utf8_lossy(&text).into_owned();
        let paths = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .filter_map(|line| resolve_recorded(&info, line.trim_end()));
        distribution.record =
            paths.map(|path| RecordEntry { path, hash: None, size: None }).collect();
        // The list does not name itself.
        distribution.claims = vec![info];
        distribution
    }
}

/// Reads an egg, which `setup.py install` of old setuptools added to `sys.path` by
/// easy-install.pth: a folder of packages with its own EGG-INFO, or the same folder as a zip file.
/// `None` for a link or a special file.
pub(super) fn read_egg(
    root: &Root,
    path: &RealPath,
    kind: &Kind,
    findings: &mut Vec<Finding>,
) -> Option<Distribution> {
    let info = path.join("EGG-INFO");
    let mut distribution = match kind {
        Kind::Directory => {
            InfoReader { root, info: &info, kind: &PartKind::System, names: &[], findings }
                .egg_info(path, kind)
        }
        Kind::File => {
            let message =
                "it is a zipped egg; it is bundled as one file and its contents are not checked";
            let help = "install it with pip, which unpacks it";
            findings.push(Finding::new(Severity::Warn, Code::ZippedEgg, path, message).help(help));
            let stem = path.name().trim_end_matches(".egg");
            let (name, rest) = stem.split_once('-').unwrap_or((stem, "0"));
            Distribution::empty(
                path,
                path,
                name,
                rest.split('-').next().unwrap_or("0"),
                path.clone(),
            )
        }
        Kind::Link(_) | Kind::Special => return None,
    };
    distribution.claims = vec![path.clone()];
    Some(distribution)
}

/// The requires.txt of setuptools as `Requires-Dist` lines: a section is an extra, a marker, or
/// both.
fn parse_requires(text: &str) -> Vec<String> {
    let mut section = String::new();
    let mut requires = Vec::new();
    for line in
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let (extra, marker) = name.split_once(':').unwrap_or((name, ""));
            let extra = (!extra.is_empty()).then(|| format!("extra == '{extra}'"));
            let marker = (!marker.is_empty()).then(|| format!("({marker})"));
            section = marker.into_iter().chain(extra).collect::<Vec<_>>().join(" and ");
        } else if section.is_empty() {
            requires.push(line.to_owned());
        } else if let Some((requirement, marker)) = line.split_once(';') {
            requires.push(format!("{requirement}; ({}) and {section}", marker.trim()));
        } else {
            requires.push(format!("{line} ; {section}"));
        }
    }
    requires
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::{PartKind, read_distributions};
    use crate::root::memory::Memory;

    #[test]
    fn sections_become_markers() {
        let text = "a>1\n\n[x]\nb\nc ; python_version<'4'\n[y:sys_platform=='linux']\nd\n[:os_name=='nt']\ne\n";
        assert_eq!(
            parse_requires(text),
            [
                "a>1",
                "b ; extra == 'x'",
                "c ; (python_version<'4') and extra == 'x'",
                "d ; (sys_platform=='linux') and extra == 'y'",
                "e ; (os_name=='nt')"
            ]
        );
    }

    #[test]
    fn eggs_are_distributions() {
        let fixture = r"/v/site/old-1.0-py3.11.egg/EGG-INFO/PKG-INFO = Name: Old\nVersion: 1.0\n
            /v/site/old-1.0-py3.11.egg/EGG-INFO/requires.txt = dep>1\n
            /v/site/old-1.0-py3.11.egg/old/__init__.py = x
            /v/site/zip_ped-2.1-py3.11.egg = PK";
        let (all, findings) = read_distributions(
            &Root::new(Memory::parse(fixture)),
            &RealPath::known("/v/site"),
            &PartKind::System,
        );
        let shown: Vec<String> = all
            .iter()
            .map(|one| format!("{} {} {:?} {}", one.key, one.version, one.requires, one.claims[0]))
            .collect();
        assert_eq!(
            shown,
            [
                r#"old 1.0 ["dep>1"] /v/site/old-1.0-py3.11.egg"#,
                r#"zip-ped 2.1 [] /v/site/zip_ped-2.1-py3.11.egg"#
            ]
        );
        assert_eq!(
            findings.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(),
            ["zipped-egg"]
        );
    }

    #[test]
    fn directories_files_and_lists() {
        let fixture = r"/v/site/Leg.Pkg-1.0-py3.11.egg-info/PKG-INFO = Name: Leg.Pkg\nVersion: 1.0\n
            /v/site/Leg.Pkg-1.0-py3.11.egg-info/top_level.txt = legpkg\n../bad\n_leg\n
            /v/site/Leg.Pkg-1.0-py3.11.egg-info/requires.txt = dep>1\n
            /v/site/legpkg/__init__.py = x
            /v/site/_leg.cpython-311-x86_64-linux-musl.so = x
            /v/site/listed-2.egg-info/PKG-INFO = Name: listed\nVersion: 2\n
            /v/site/listed-2.egg-info/installed-files.txt = ../listed/a.py\n../../../bin/listed\nPKG-INFO\n
            /v/site/single-3-py3.11.egg-info = Name: single\nVersion: 3\n
            /v/site/single.py = x
            /v/site/empty-4.egg-info/x = x";
        let (all, findings) = read_distributions(
            &Root::new(Memory::parse(fixture)),
            &RealPath::known("/v/site"),
            &PartKind::System,
        );
        let shown: Vec<String> = all
            .iter()
            .map(|one| {
                let record: Vec<&str> =
                    one.record.iter().map(|entry| entry.path.as_str()).collect();
                let claims: Vec<&str> = one.claims.iter().map(RealPath::as_str).collect();
                format!("{} {} {:?} {record:?} {claims:?}", one.key, one.version, one.requires)
            })
            .collect();
        assert_eq!(
            shown,
            [
                r#"empty 4 [] [] ["/v/site/empty-4.egg-info"]"#,
                r#"leg-pkg 1.0 ["dep>1"] [] ["/v/site/Leg.Pkg-1.0-py3.11.egg-info", "/v/site/_leg.cpython-311-x86_64-linux-musl.so", "/v/site/legpkg"]"#,
                r#"listed 2 [] ["/v/site/listed/a.py", "/bin/listed", "/v/site/listed-2.egg-info/PKG-INFO"] ["/v/site/listed-2.egg-info"]"#,
                r#"single 3 [] [] ["/v/site/single-3-py3.11.egg-info", "/v/site/single.py"]"#,
            ]
        );
        assert_eq!(findings.len(), 1, "{findings:?}");
    }
}
