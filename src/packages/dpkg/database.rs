//! The place of dpkg's database: `status` with a file list for each package, or distroless's
//! `status.d`.
//!
//! Invariant: a package without a file list is still a package, and gives a finding.

use super::STANZAS;
use super::automatic::parse_extended_states;
use super::diversions::{Diversions, parse_diversions};
use super::foreign::{parse_history, parse_log};
use super::lists::{parse_checksums, parse_list};
use super::status::parse_status;
use crate::packages::database::DatabaseFiles;
use crate::packages::{FileList, Package};
use crate::path::RealPath;
use crate::root::Kind;

const STATUS: &str = "/var/lib/dpkg/status";
const DIVERSIONS: &str = "/var/lib/dpkg/diversions";
/// The logs of dpkg and of apt.
const LOGS: [&str; 2] = ["/var/log/dpkg.log", "/var/log/apt/history.log"];
/// The packages that apt installed only because others need them.
const EXTENDED_STATES: &str = "/var/lib/apt/extended_states";
/// The directory of the lists.
const INFO: &str = "/var/lib/dpkg/info";

/// The packages of both forms of the database. A root has one of them, or distroless's with the
/// other added.
pub(crate) fn read(files: &mut DatabaseFiles) -> Vec<Package> {
    let mut packages = read_status(files);
    packages.extend(read_stanzas(files));
    packages
}

fn read_status(files: &mut DatabaseFiles) -> Vec<Package> {
    let Some(status) = files.text(STATUS) else { return Vec::new() };
    let (mut packages, problems) = parse_status(&status);
    files.report_lines(STATUS, problems);
    mark_files(files, &mut packages);
    let (diversions, problems) = parse_diversions(&files.text(DIVERSIONS).unwrap_or_default());
    files.report_lines(DIVERSIONS, problems);
    let automatic = files.text(EXTENDED_STATES).map(|text| parse_extended_states(&text));
    for package in &mut packages {
        package.asked &= automatic.as_ref().is_some_and(|names| !names.contains(&package.name));
    }
    let lists = files.read_each(&packages, |files, package| read_list(files, package, &diversions));
    let mut without_list = Vec::new();
    for (package, list) in packages.iter_mut().zip(lists) {
        match list {
            Some(list) => package.files = list,
            None => without_list.push(package.name.as_str()),
        }
    }
    // This is one finding, because a removed info directory would give one for every package.
    if let Some(first) = without_list.first() {
        let message = format!(
            "{} installed packages have no file list, {first} is the first: their files look unowned",
            without_list.len()
        );
        files.report(INFO, message);
    }
    packages
}

/// Marks the packages that the logs say were installed from a file.
fn mark_files(files: &mut DatabaseFiles, packages: &mut [Package]) {
    let [log, history] = LOGS.map(|path| files.text(path).unwrap_or_default());
    let (log, history) = (parse_log(&log), parse_history(&history));
    for package in packages.iter_mut().filter(|package| !package.essential) {
        let name = package.name.as_str();
        let from_file = [&log, &history].iter().any(|installed| {
            installed.get(name).is_some_and(|version| *version == package.version)
        });
        if from_file {
            package.foreign.get_or_insert_with(|| "a file".to_owned());
        }
    }
}

/// The file list of a package; for a `Multi-Arch: same` package its name contains the architecture.
fn read_list(
    files: &mut DatabaseFiles,
    package: &Package,
    diversions: &Diversions,
) -> Option<FileList> {
    let names = [format!("{}:{}", package.name, package.architecture), package.name.clone()];
    let paths = names.map(|name| format!("{INFO}/{name}.list"));
    let (path, text) = read_first(files, paths)?;
    let (list, problems) = parse_list(&text);
    files.report_lines(&path, problems);
    Some(list.into_iter().map(|path| diversions.apply(&package.name, path)).collect())
}

/// Reads `status.d`. Its files may have short names (`libssl1`), so the name of the package comes
/// from the contents.
fn read_stanzas(files: &mut DatabaseFiles) -> Vec<Package> {
    let Some(directory) = files.find(STANZAS, &Kind::Directory) else { return Vec::new() };
    let mut all = Vec::new();
    for entry in files.list(&directory) {
        let path = entry.path;
        if path.name().ends_with(".md5sums") || entry.meta.kind == Kind::Directory {
            continue;
        }
        let Some(text) = files.text(path.as_str()) else { continue };
        let (mut packages, problems) = parse_status(&text);
        files.report_lines(path.as_str(), problems);
        for package in &mut packages {
            // Distroless has no record of wishes.
            package.asked = false;
            package.files = read_checksums(files, &path, &directory.join(&package.name));
        }
        all.extend(packages);
    }
    all
}

/// The checksums are in the same directory as the stanza, under its name or that of the package.
fn read_checksums(files: &mut DatabaseFiles, stanza: &RealPath, package: &RealPath) -> FileList {
    let paths = [stanza, package].map(|path| format!("{path}.md5sums"));
    let Some((path, text)) = read_first(files, paths) else { return FileList::default() };
    let (list, problems) = parse_checksums(&text);
    files.report_lines(&path, problems);
    list
}

fn read_first(files: &mut DatabaseFiles, paths: [String; 2]) -> Option<(String, String)> {
    paths.into_iter().find_map(|path| files.text(&path).map(|text| (path, text)))
}
