//! The text of apk's `installed` database, as apk 2, apk 3 and apko write it.
//!
//! apk and apko write the letters of a record in different orders, so only `F` before `R` relies on
//! the order. Other letters, known or not, are ignored.
//!
//! Invariant: no I/O, and a bad line costs only that line.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{is_name, is_version};
use crate::packages::database::Problem;
use crate::packages::{Manager, Package};
use crate::path::RealPath;

/// Reads one database: its packages in file order, and the lines that cannot be understood.
pub(super) fn parse_installed(text: &str) -> (Vec<Package>, Vec<Problem>) {
    let mut parser = Parser::default();
    for (index, line) in text.lines().enumerate() {
        parser.line(index + 1, line);
    }
    parser.end_record();
    (parser.packages, parser.problems)
}

#[derive(Default)]
struct Parser {
    packages: Vec<Package>,
    problems: Vec<Problem>,
    record: Option<Record>,
}

struct Record {
    first_line: usize,
    package: Package,
    /// The last `F`; `None` before the first.
    directory: Option<String>,
}

impl Parser {
    fn line(&mut self, number: usize, line: &str) {
        if line.is_empty() {
            return self.end_record();
        }
        let record = self.record.get_or_insert_with(|| Record {
            first_line: number,
            package: Package::empty(Manager::Apk),
            directory: None,
        });
        let result = match line.as_bytes() {
            // A byte before `:` is a whole character, so this is a boundary.
            [letter, b':', ..] => record.field(*letter, &line[2..]),
            _ => Err("not a letter, a colon and a value".to_owned()),
        };
        if let Err(message) = result {
            self.problems.push(Problem { line: number, message });
        }
    }

    fn end_record(&mut self) {
        let Some(record) = self.record.take() else { return };
        match unusable(&record.package) {
            Some(message) => self.problems.push(Problem { line: record.first_line, message }),
            None => self.packages.push(record.package),
        }
    }
}

/// Why no package can be called so, if none can.
fn unusable(Package { name, version, .. }: &Package) -> Option<String> {
    if name.is_empty() {
        return Some("the record has no package name (P)".to_owned());
    }
    if !is_name(name) {
        return Some(format!("the record has no usable package name (P): {name:?}"));
    }
    let wrong = !version.is_empty() && !is_version(version);
    wrong.then(|| format!("the version of {name} (V) is not usable: {version:?}"))
}

impl Record {
    fn field(&mut self, letter: u8, value: &str) -> Result<(), String> {
        let package = &mut self.package;
        match letter {
            b'C' => package.checksum = Some(value.to_owned()),
            b'P' => {
                package.name = value.to_owned();
                // If packages can be installed at all, this one is installed, with its
                // dependencies.
                package.essential = value == "apk-tools";
            }
            b'V' => package.version = value.to_owned(),
            b'A' => package.architecture = value.to_owned(),
            b'o' => package.source = Some(value.to_owned()),
            b'L' => package.license = Some(value.to_owned()),
            b'I' if !value.is_empty() => {
                package.installed_size = value
                    .parse()
                    .map_err(|_| format!("the installed size is not a number: {value:?}"))?;
            }
            // A conflict is not a need.
            b'D' => {
                package.depends = names(value)
                    .filter(|name| !name.starts_with('!'))
                    .map(|name| vec![name])
                    .collect()
            }
            b'p' => package.provides = names(value).collect(),
            b'F' => self.directory = Some(value.trim_matches('/').to_owned()),
            b'R' => {
                if matches!(value, "" | "." | "..") || value.contains(['/', '\0']) {
                    return Err(format!("not a file name: {value:?}"));
                }
                match self.directory.as_deref() {
                    None => {
                        return Err(format!("the file {value:?} comes before any directory (F)"));
                    }
                    Some("") => package.files.push(&format!("/{value}")),
                    Some(directory) => package.files.push(&format!("/{directory}/{value}")),
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The names of a dependency list, without operators, versions and repository tags.
fn names(value: &str) -> impl Iterator<Item = String> {
    value
        .split_whitespace()
        .filter_map(|word| word.split(['<', '=', '>', '~', '@']).next())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
}

/// The record of a package with these files, in the form that [`parse_installed`] reads.
pub(super) fn write_installed(package: &Package, files: &[&RealPath]) -> String {
    let Package { name, version, architecture, source, checksum, license, installed_size, .. } =
        package;
    let identity = checksum.as_ref().map_or_else(String::new, |checksum| format!("C:{checksum}\n"));
    let mut text =
        format!("{identity}P:{name}\nV:{version}\nA:{architecture}\nI:{installed_size}\n");
    for (letter, value) in [("L", license), ("o", source)] {
        if let Some(value) = value {
            let _ = writeln!(text, "{letter}:{value}");
        }
    }
    let mut directories: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in files {
        let directory = file.parent().unwrap_or_else(RealPath::root);
        directories.entry(directory.relative().to_owned()).or_default().push(file.name());
    }
    for (directory, names) in directories {
        let _ = writeln!(text, "F:{directory}");
        for name in names {
            let _ = writeln!(text, "R:{name}");
        }
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const APK: &str = "C:Q1x=\nP:zlib\nV:1.3.1-r0\nA:x86_64\nS:50\nI:110592\nT:a lib\nD:so:libc.musl-x86_64.so.1 !old a>=1 b~2 c@edge d><Q1\np:so:libz.so.1=1.3.1 /bin/z\nF:lib\nM:0:0:755\nR:libz.so.1\na:0:0:777\nZ:Q1=\nF:usr/a b\nR:c d\n\n";

    #[test]
    fn a_record() {
        let (packages, problems) = parse_installed(APK);
        assert_eq!(problems, []);
        let zlib = &packages[0];
        assert_eq!(
            (zlib.name.as_str(), zlib.version.as_str(), zlib.architecture.as_str()),
            ("zlib", "1.3.1-r0", "x86_64")
        );
        assert_eq!(zlib.installed_size, 110_592);
        assert_eq!(zlib.depends, [["so:libc.musl-x86_64.so.1"], ["a"], ["b"], ["c"], ["d"]]);
        assert_eq!(zlib.provides, ["so:libz.so.1", "/bin/z"]);
        assert_eq!(zlib.files.iter().collect::<Vec<_>>(), ["/lib/libz.so.1", "/usr/a b/c d"]);
        assert_eq!((zlib.checksum.as_deref(), zlib.essential), (Some("Q1x="), false));
        assert!(parse_installed("P:apk-tools\n").0[0].essential);
    }

    #[test]
    fn apko_writes_p_first_empty_values_and_a_bare_root() {
        let (packages, problems) = parse_installed(
            "P:w\nV:1\nD:\np:\nr:\nI:\ni:[]\nY:?\nC:Q1\nF:\nM:0:0:0755\nR:init\n\nP:.deps\nV:0\nD:w\n",
        );
        assert_eq!(problems, []);
        assert_eq!(packages[0].files.iter().collect::<Vec<_>>(), ["/init"]);
        assert!(packages[0].depends.is_empty() && packages[0].provides.is_empty());
        assert_eq!((packages[1].name.as_str(), packages[1].files.iter().count()), (".deps", 0));
    }

    #[test]
    fn a_written_record_is_the_package_again() {
        let text = format!(
            "{APK}P:apk-tools\nV:2.14.4-r0\nA:x86_64\no:apk-tools\nL:GPL-2.0-only\nI:7\nF:\nR:init\nF:sbin\nR:apk\n\n\
             C:Q1y=\nP:meta\nV:1\nA:noarch\n\n"
        );
        let (packages, problems) = parse_installed(&text);
        assert_eq!((problems, packages.len()), (vec![], 3));
        let written: String = packages
            .iter()
            .map(|package| {
                let files: Vec<RealPath> =
                    package.files.iter().map(|path| RealPath::known(&path)).collect();
                write_installed(package, &files.iter().collect::<Vec<_>>())
            })
            .collect();
        let (again, problems) = parse_installed(&written);
        assert_eq!(problems, []);
        // Scanners ask which packages are installed; only apk needs the dependencies.
        let expect = packages.into_iter().map(|package| Package {
            depends: Vec::new(),
            provides: Vec::new(),
            ..package
        });
        assert_eq!(again, expect.collect::<Vec<_>>());
    }

    #[test]
    fn bad_lines_are_problems() {
        let cases = [
            ("P:a\nhello\n", 2, 1),
            ("P:a\né:x\n", 2, 1),
            ("P:a\nR:x\n", 2, 1),
            ("P:a\nF:usr\nR:../x\n", 3, 1),
            ("P:a\nI:many\n", 2, 1),
            ("P:a\n\nV:1\n\n", 3, 1),
        ];
        for (text, line, count) in cases {
            let (packages, problems) = parse_installed(text);
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
        for cut in 0..APK.len() {
            parse_installed(&APK[..cut]);
        }
    }
}
