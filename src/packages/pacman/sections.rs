//! The text of pacman's database: `%FIELD%`, a line for each value, and an empty line
//! (<https://gitlab.archlinux.org/pacman/pacman/-/blob/master/lib/libalpm/be_local.c>).
//!
//! Invariant: no I/O; a field that nobody reads does no harm.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{is_name, is_version};
use crate::packages::{FileList, Manager, Package};
use crate::path::RealPath;

/// The values of each field.
fn parse_sections(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut sections: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut field = None;
    for line in text.lines() {
        let name = line.strip_prefix('%').and_then(|rest| rest.strip_suffix('%'));
        match (line, name, field) {
            ("", ..) => field = None,
            (_, Some(name), None) => {
                sections.entry(name).or_default();
                field = Some(name);
            }
            (_, _, Some(field)) => sections.entry(field).or_default().push(line),
            (_, None, None) => {}
        }
    }
    sections
}

/// The facts in `desc`, without the files.
pub(super) fn parse_description(text: &str) -> Result<Package, String> {
    let sections = parse_sections(text);
    let all = |field: &str| sections.get(field).map(Vec::as_slice).unwrap_or_default();
    let first = |field: &str| all(field).first().copied();
    let (Some(name), Some(version)) = (first("NAME"), first("VERSION")) else {
        return Err("the package has no name or no version".to_owned());
    };
    if !is_name(name) || !is_version(version) {
        return Err(format!("{name:?} {version:?} are no name and version of a package"));
    }
    Ok(Package {
        name: name.to_owned(),
        version: version.to_owned(),
        architecture: first("ARCH").unwrap_or_default().to_owned(),
        source: first("BASE").filter(|base| *base != name).map(str::to_owned),
        license: Some(all("LICENSE").join(" AND ")).filter(|text| !text.is_empty()),
        installed_size: first("SIZE").and_then(|size| size.parse().ok()).unwrap_or_default(),
        depends: all("DEPENDS").iter().map(|one| vec![bare(one)]).collect(),
        provides: all("PROVIDES").iter().map(|one| bare(one)).collect(),
        // Every image has pacman.
        essential: name == "pacman",
        // 1: as a dependency. Without a reason somebody asked for it.
        asked: first("REASON").is_none_or(|reason| reason == "0"),
        // The packages of repositories have a signature or a checksum there.
        foreign: (first("VALIDATION") == Some("none")).then(|| "a file".to_owned()),
        ..Package::empty(Manager::Pacman)
    })
}

/// A name without the version that is asked for: `glibc>=2.38`, `libssl.so=3-64`.
fn bare(relation: &str) -> String {
    relation.split(['<', '>', '=']).next().unwrap_or_default().to_owned()
}

/// The paths in `files`; those of directories end with a slash, and are left out.
pub(super) fn parse_files(text: &str) -> FileList {
    let sections = parse_sections(text);
    let paths = sections.get("FILES").into_iter().flatten();
    let paths: Vec<String> = paths.map(|path| format!("/{path}")).collect();
    paths.iter().map(String::as_str).collect()
}

/// The text of `desc`, as far as scanners read it.
pub(super) fn write_description(package: &Package) -> String {
    let mut text = String::new();
    let mut add = |field: &str, values: &[String]| {
        if !values.is_empty() {
            writeln!(text, "%{field}%\n{}\n", values.join("\n")).expect("a string grows");
        }
    };
    add("NAME", std::slice::from_ref(&package.name));
    add("VERSION", std::slice::from_ref(&package.version));
    add("BASE", std::slice::from_ref(package.source.as_ref().unwrap_or(&package.name)));
    add("ARCH", std::slice::from_ref(&package.architecture));
    add("SIZE", &[package.installed_size.to_string()]);
    let licences = package.license.iter().flat_map(|text| text.split(" AND "));
    add("LICENSE", &licences.map(str::to_owned).collect::<Vec<_>>());
    add("DEPENDS", &package.depends.concat());
    add("PROVIDES", &package.provides);
    text
}

/// The text of `files`.
pub(super) fn write_files(files: &[&RealPath]) -> String {
    let paths: String = files.iter().map(|path| format!("{}\n", path.relative())).collect();
    format!("%FILES%\n{paths}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZLIB: &str = "%NAME%\nzlib\n\n%VERSION%\n1:1.3.1-2\n\n%BASE%\nzlib\n\n%DESC%\nCompression library\n\n\
        %ARCH%\nx86_64\n\n%REASON%\n1\n\n%LICENSE%\nZlib\nMIT\n\n%VALIDATION%\npgp\n\n%SIZE%\n351744\n\n\
        %DEPENDS%\nglibc>=2.38\nsh\n\n%PROVIDES%\nlibz.so=1-64\n\n";

    #[test]
    fn a_description_is_read_and_written() {
        let package = parse_description(ZLIB).unwrap();
        assert_eq!((package.name.as_str(), package.version.as_str()), ("zlib", "1:1.3.1-2"));
        assert_eq!((package.source.as_deref(), package.asked), (None, false));
        assert_eq!((package.foreign.as_deref(), package.installed_size), (None, 351_744));
        assert_eq!(package.depends, [["glibc"], ["sh"]]);
        assert_eq!(package.provides, ["libz.so"]);
        assert_eq!(package.license.as_deref(), Some("Zlib AND MIT"));
        let mut again = parse_description(&write_description(&package)).unwrap();
        again.asked = package.asked;
        assert_eq!(again, package);
    }

    #[test]
    fn the_reason_and_the_origin() {
        let package = |more: &str| {
            parse_description(&format!("%NAME%\nx-libs\n\n%VERSION%\n1-1\n\n%BASE%\nx\n\n{more}"))
                .unwrap()
        };
        assert!(package("").asked && package("%REASON%\n0\n").asked);
        assert_eq!(package("%VALIDATION%\nnone\n").foreign.as_deref(), Some("a file"));
        assert_eq!(package("").source.as_deref(), Some("x"));
    }

    #[test]
    fn what_is_no_description() {
        for text in [
            "",
            "%NAME%\nx\n",
            "%VERSION%\n1\n",
            "%NAME%\n-y\n\n%VERSION%\n1\n",
            "%NAME%\nx\n\n%VERSION%\n1;ls\n",
            "x\n%",
        ] {
            assert!(parse_description(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn files_are_those_that_are_no_directory() {
        let files = parse_files(
            "%FILES%\nusr/\nusr/lib/\nusr/lib/libz.so.1\n%odd%\n\n%BACKUP%\netc/x\t0\n\n",
        );
        assert_eq!(files.iter().collect::<Vec<_>>(), ["/usr/lib/libz.so.1", "/%odd%"]);
        let paths = ["/usr/lib/a", "/etc/b"].map(RealPath::known);
        let written = write_files(&paths.iter().collect::<Vec<_>>());
        assert_eq!(parse_files(&written).iter().collect::<Vec<_>>(), ["/usr/lib/a", "/etc/b"]);
    }
}
