//! The licences of a package, which travel wherever its files do.
//!
//! apk's packages have theirs below `/usr/share/licenses`, among their files, or a name of one in the
//! database. Debian's are where a link may lead to another package's, and refer to texts that one package
//! has for all (Debian Policy 12.5). Conda's are in its package cache.
//!
//! Invariant: a licence is at the path where people look for it, with the links that lead there.

use super::carriable_file::CarriableFile;
use crate::packages::{InPrefix, Manager, Package};
use crate::path::{RealPath, WrittenPath};
use crate::root::{Kind, Root};

/// Texts that are longer than any licence are none.
const LARGEST: u64 = 1 << 22;

/// Where Debian has the texts that copyright files refer to.
const COMMON: &str = "/usr/share/common-licenses/";

/// The licences that are not sure to be among the package's own files.
pub(super) fn licences(root: &Root, package: &Package) -> Vec<CarriableFile> {
    match (&package.in_prefix, package.manager) {
        (Some(own), _) => cached(root, package, own),
        (None, Manager::Dpkg) => copyright(root, &package.name),
        (None, _) => Vec::new(),
    }
}

fn copyright(root: &Root, package: &str) -> Vec<CarriableFile> {
    let path = format!("/usr/share/doc/{package}/copyright");
    let text = root.read_text(&path, LARGEST).ok().flatten().unwrap_or_default();
    let common = common_licences(&text).map(|name| format!("{COMMON}{name}"));
    std::iter::once(path.clone()).chain(common).flat_map(|path| with_links(root, &path)).collect()
}

/// The names of the texts that a copyright file refers to.
fn common_licences(text: &str) -> impl Iterator<Item = &str> {
    text.split(COMMON).skip(1).filter_map(|rest| {
        let end = rest
            .find(|one: char| !(one.is_ascii_alphanumeric() || matches!(one, '-' | '.' | '+')))
            .unwrap_or(rest.len());
        // A sentence may end there.
        Some(rest[..end].trim_end_matches('.')).filter(|name| !name.is_empty())
    })
}

/// A file with the links that lead to it.
fn with_links(root: &Root, path: &str) -> Vec<CarriableFile> {
    let Some(found) = root
        .resolve(&WrittenPath::new(path))
        .ok()
        .flatten()
        .filter(|found| found.meta.kind == Kind::File)
    else {
        return Vec::new();
    };
    let below = |path: &RealPath| path.below(&RealPath::known("/usr/share")).is_some();
    let links = found.links.into_iter().map(|link| link.at).filter(below);
    let mut files: Vec<CarriableFile> = links
        .filter_map(|at| Some(CarriableFile::in_place(at.clone(), root.lookup(&at).ok()??)))
        .collect();
    files.push(CarriableFile::in_place(found.path, found.meta));
    files
}

/// What the package cache has goes where packages of other managers have it.
fn cached(root: &Root, package: &Package, own: &InPrefix) -> Vec<CarriableFile> {
    let found = own.licences.as_ref().and_then(|directory| root.resolve(directory).ok().flatten());
    let Some(top) =
        found.filter(|found| found.meta.kind == Kind::Directory).map(|found| found.path)
    else {
        return Vec::new();
    };
    let to = own.prefix.descend("share/licenses").join(&package.name);
    let walked = root
        .walk(&top, |_| true)
        .into_iter()
        .flatten()
        .filter(|entry| entry.meta.kind == Kind::File);
    walked
        .map(|entry| CarriableFile {
            to: to.descend(entry.path.below(&top).unwrap_or_default()),
            path: entry.path,
            meta: entry.meta,
        })
        .collect()
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
            let found: Vec<String> =
                copyright(&root, package).iter().map(|file| file.path.to_string()).collect();
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
