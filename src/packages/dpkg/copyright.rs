//! Copyright files, and the texts that they refer to (Debian Policy 12.5).
//!
//! A copyright file is in `/usr/share/doc/PACKAGE`, which may be a link to the directory of another
//! package. The texts of common licences are in one place for all packages.
//!
//! Invariant: a link below `/usr/share` is returned together with its target.

use crate::packages::licence_file::{LARGEST, LicenceFile};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Root};

/// The directory with the texts that copyright files refer to.
const COMMON: &str = "/usr/share/common-licenses/";

/// Whether this is the copyright file of a package.
pub(crate) fn is_licence(path: &str) -> bool {
    path.starts_with("/usr/share/doc/") && path.ends_with("/copyright")
}

/// The copyright file of a package, and the texts that it refers to.
pub(crate) fn licences(root: &Root, package: &str) -> Vec<LicenceFile> {
    let mut licences = Vec::new();
    let path = format!("/usr/share/doc/{package}/copyright");
    let text = root.read_text(&path, LARGEST).ok().flatten().unwrap_or_default();
    add_with_links(root, &path, &mut licences);
    for name in common_licences(&text) {
        add_with_links(root, &format!("{COMMON}{name}"), &mut licences);
    }
    licences
}

/// The names of the texts that a copyright file refers to.
fn common_licences(text: &str) -> impl Iterator<Item = &str> {
    text.split(COMMON).skip(1).filter_map(|rest| {
        let end = rest
            .find(|one: char| !(one.is_ascii_alphanumeric() || matches!(one, '-' | '.' | '+')))
            .unwrap_or(rest.len());
        // A sentence may end here.
        Some(rest[..end].trim_end_matches('.')).filter(|name| !name.is_empty())
    })
}

/// Adds a file, with the links that lead to it.
fn add_with_links(root: &Root, path: &str, licences: &mut Vec<LicenceFile>) {
    let found = root.resolve(&WrittenPath::new(path)).ok().flatten();
    let Some(found) = found.filter(|found| found.meta.kind == Kind::File) else { return };
    let shared = RealPath::known("/usr/share");
    for at in found.links.into_iter().map(|link| link.at) {
        if at.below(&shared).is_some()
            && let Ok(Some(meta)) = root.lookup(&at)
        {
            licences.push(LicenceFile::in_place(at, meta));
        }
    }
    licences.push(LicenceFile::in_place(found.path, found.meta));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root::memory::Memory;

    #[test]
    fn a_licence_with_all_that_it_refers_to() {
        let root = Root::new(Memory::parse(
            "/usr/share/doc/gcc-12-base/copyright = see /usr/share/common-licenses/GPL. Or /usr/share/common-licenses/Nowhere\n\
             /usr/share/doc/libgcc-s1 -> gcc-12-base\n\
             /usr/share/doc/libz/copyright = free\n\
             /usr/share/common-licenses/GPL -> GPL-3\n\
             /usr/share/common-licenses/GPL-3 = GPL",
        ));
        let common = ["/usr/share/common-licenses/GPL", "/usr/share/common-licenses/GPL-3"];
        for (package, own) in [
            (
                "libgcc-s1",
                &[
                    "/usr/share/doc/libgcc-s1",
                    "/usr/share/doc/gcc-12-base/copyright",
                    common[0],
                    common[1],
                ][..],
            ),
            ("gcc-12-base", &["/usr/share/doc/gcc-12-base/copyright", common[0], common[1]]),
            ("libz", &["/usr/share/doc/libz/copyright"]),
            ("libnone", &[]),
        ] {
            let files = licences(&root, package);
            let found: Vec<String> = files.iter().map(|file| file.path.to_string()).collect();
            assert_eq!(found, own, "{package}");
        }
    }

    #[test]
    fn names_end_where_sentences_do() {
        let names: Vec<&str> =
            common_licences("`/usr/share/common-licenses/LGPL-2.1'. /usr/share/common-licenses/GPL-3.\n/usr/share/common-licenses/ x")
                .collect();
        assert_eq!(names, ["LGPL-2.1", "GPL-3"]);
    }
}
