//! The stanzas of dpkg's `status` (deb822(5)), read and written.
//!
//! Distroless images have one stanza in each file of `status.d`, without `Status`; the same parser
//! reads them.
//!
//! Invariant: no I/O, and a bad line or stanza costs only that line or stanza.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::foreign::foreign_repository;
use super::{is_name, is_version};
use crate::packages::database::Problem;
use crate::packages::{Manager, Package};

/// The installed packages of a status text in file order, without their files, and the problems.
pub(super) fn parse_status(text: &str) -> (Vec<Package>, Vec<Problem>) {
    let (mut packages, mut problems) = (Vec::new(), Vec::new());
    let mut stanza = Stanza::default();
    for (index, line) in text.lines().chain([""]).enumerate() {
        if line.trim().is_empty() {
            match std::mem::take(&mut stanza).package() {
                Ok(package) => packages.extend(package),
                Err(problem) => problems.push(problem),
            }
        } else if let Err(message) = stanza.line(index + 1, line) {
            problems.push(Problem { line: index + 1, message });
        }
    }
    (packages, problems)
}

#[derive(Default)]
struct Stanza<'a> {
    /// The number of the first line; 0 before it.
    first_line: usize,
    /// The field names in lower case, and the values with their continuation lines.
    fields: HashMap<String, String>,
    last: Option<&'a str>,
}

impl<'a> Stanza<'a> {
    fn line(&mut self, number: usize, line: &'a str) -> Result<(), String> {
        if self.first_line == 0 {
            self.first_line = number;
        }
        if line.starts_with([' ', '\t']) {
            let name = self.last.ok_or("a continuation of nothing")?;
            if let Some(value) = self.fields.get_mut(&name.to_ascii_lowercase()) {
                value.push_str(line);
            }
            return Ok(());
        }
        let (name, value) = line.split_once(':').ok_or("not a field name, a colon and a value")?;
        self.last = Some(name);
        self.fields.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        Ok(())
    }

    /// The package; `None` for a stanza without lines, or of a package that is not installed.
    fn package(mut self) -> Result<Option<Package>, Problem> {
        if self.first_line == 0 {
            return Ok(None);
        }
        let problem = |message: String| Problem { line: self.first_line, message };
        let mut take = |name: &str| self.fields.remove(name).unwrap_or_default();
        let name = take("package");
        if !is_name(&name) {
            return Err(problem(format!("the stanza has no usable package name: {name:?}")));
        }
        // The three words are the wanted state, an error flag and the actual state; distroless has
        // no Status.
        let status = take("status");
        match status.split_whitespace().collect::<Vec<_>>()[..] {
            // Packages that wait for triggers are unpacked and configured.
            [] | [_, _, "installed" | "triggers-awaited" | "triggers-pending"] => {}
            [_, _, _] => return Ok(None),
            _ => {
                return Err(problem(format!(
                    "the status of {name} is not three words: {status:?}"
                )));
            }
        }
        let mut package = Package::empty(Manager::Dpkg);
        package.version = take("version");
        if !package.version.is_empty() && !is_version(&package.version) {
            let version = package.version;
            return Err(problem(format!("the version of {name} is not usable: {version:?}")));
        }
        package.architecture = take("architecture");
        package.source = Some(take("source")).filter(|source| !source.is_empty());
        let size = take("installed-size");
        if !size.is_empty() {
            let kib: u64 = size.parse().map_err(|_| {
                problem(format!("the installed size of {name} is not a number: {size:?}"))
            })?;
            package.installed_size = kib.saturating_mul(1024);
        }
        let made_by_fpm = [take("vendor"), take("license")].iter().any(|value| !value.is_empty());
        package.foreign = foreign_repository(&package.version, &take("maintainer"), made_by_fpm);
        package.name = name;
        // Every image that installs packages has apt, and all that it depends on.
        let priority = take("priority");
        package.essential =
            take("essential") == "yes" || priority == "required" || package.name == "apt";
        // Of every installation; apt's list of automatic packages says about the others.
        package.asked = !package.essential && priority != "important";
        package.depends =
            alternatives(&take("pre-depends")).chain(alternatives(&take("depends"))).collect();
        package.provides = alternatives(&take("provides")).flatten().collect();
        Ok(Some(package))
    }
}

/// `a (>= 1), b:any | c [amd64]` as `[[a], [b, c]]`.
fn alternatives(value: &str) -> impl Iterator<Item = Vec<String>> {
    let bare = |one: &str| {
        one.trim().split([' ', '\t', '(', '[', '<', ':']).next().unwrap_or_default().to_owned()
    };
    let group = |group: &str| {
        group.split('|').map(bare).filter(|name| !name.is_empty()).collect::<Vec<_>>()
    };
    value.split(',').map(group).filter(|group| !group.is_empty()).collect::<Vec<_>>().into_iter()
}

/// The stanza of an installed package in the form that [`parse_status`] reads, with the fields that
/// identify it and its source.
pub(super) fn write_stanza(package: &Package) -> String {
    let Package { name, version, architecture, source, installed_size, .. } = package;
    let mut text =
        format!("Package: {name}\nStatus: install ok installed\nArchitecture: {architecture}\n");
    if let Some(source) = source {
        let _ = writeln!(text, "Source: {source}");
    }
    let _ = writeln!(text, "Version: {version}\nInstalled-Size: {}", installed_size / 1024);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Package: libpq5\nStatus: install ok installed\nPriority: optional\nInstalled-Size: 2\nArchitecture: amd64\nMulti-Arch: same\nVersion: 15.1-0\nProvides: libpq (= 15), pq:any\nPre-Depends: dpkg (>= 1)\nDepends: libc6 (>= 2.36), debconf | debconf-2.0,\n python3:any <!nocheck>\nDescription: x\n é long\n .\n\nPackage: gone\nStatus: deinstall ok config-files\n\nPackage: base\nEssential: yes\nStatus: hold ok installed\n";

    #[test]
    fn stanzas() {
        let (packages, problems) = parse_status(STATUS);
        assert_eq!(problems, []);
        assert_eq!(
            packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>(),
            ["libpq5", "base"]
        );
        assert_eq!(packages[0].installed_size, 2048);
        assert_eq!(
            packages[0].depends,
            [vec!["dpkg"], vec!["libc6"], vec!["debconf", "debconf-2.0"], vec!["python3"]]
        );
        assert_eq!(packages[0].provides, ["libpq", "pq"]);
        assert_eq!((packages[0].essential, packages[1].essential), (false, true));
    }

    #[test]
    fn a_written_stanza_is_the_package_again() {
        let more = "\nPackage: libgcc-s1\nStatus: install ok installed\nArchitecture: arm64\nSource: gcc-12 (12.2.0-14)\nVersion: 1:12.2.0-14+deb12u1\nInstalled-Size: 140\n";
        let (packages, problems) = parse_status(&format!("{STATUS}{more}"));
        assert_eq!((problems, packages.len()), (vec![], 3));
        let written = packages.iter().map(write_stanza).collect::<Vec<_>>().join("\n");
        let (again, problems) = parse_status(&written);
        assert_eq!(problems, []);
        // Scanners ask which packages are installed; only dpkg needs the dependencies.
        let expect = packages.into_iter().map(|package| Package {
            depends: Vec::new(),
            provides: Vec::new(),
            essential: false,
            asked: true,
            ..package
        });
        assert_eq!(again, expect.collect::<Vec<_>>());
    }

    #[test]
    fn bad_stanzas_are_problems() {
        let cases = [
            ("Package: a\nnonsense\n", 2, 1),
            (" x\nPackage: a\n", 1, 1),
            ("\nVersion: 1\n", 2, 0),
            ("Package: ../a\n", 1, 0),
            ("Package: ..\n", 1, 0),
            ("Package: a;b\n", 1, 0),
            ("Package: -y\n", 1, 0),
            ("Package: a\nVersion: 1 $(id)\n", 1, 0),
            ("Package: a\nStatus: installed\n\nPackage: b\n", 1, 1),
            ("Package: a\nInstalled-Size: big\n", 1, 0),
        ];
        for (text, line, count) in cases {
            let (packages, problems) = parse_status(text);
            assert_eq!(
                problems.iter().map(|problem| problem.line).collect::<Vec<_>>(),
                [line],
                "{text}"
            );
            assert_eq!(packages.len(), count, "{text}");
        }
    }

    #[test]
    fn truncation_never_panics() {
        for cut in (0..STATUS.len()).filter(|cut| STATUS.is_char_boundary(*cut)) {
            parse_status(&STATUS[..cut]);
        }
    }
}
