//! The tags that an interpreter supports, best first (PEP 425, 600 and 656).
//!
//! The order is that of `packaging.tags.sys_tags()`, which pip uses; an ignored test compares the
//! two.
//!
//! Invariant: a function of its arguments; the version of the C library is given, never looked up.

use std::fmt;

use super::file_name::WheelName;
use super::target::Target;

/// One fully expanded tag, `cp311-cp311-musllinux_1_2_x86_64`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// `cp311`.
    pub python: String,
    /// `cp311`, `abi3` or `none`.
    pub abi: String,
    /// `musllinux_1_2_x86_64` or `any`.
    pub platform: String,
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.python, self.abi, self.platform)
    }
}

/// The part of a wheel's tags that no supported tag has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagPart {
    /// The implementation and version: `cp311`.
    Python,
    /// The ABI: `cp311`.
    Abi,
    /// The platform: `linux_x86_64`.
    Platform,
    /// Each part is supported, but not the combination.
    Combination,
}

/// The reason why no tag of a wheel fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The part that does not fit.
    pub part: TagPart,
    /// The wheel's own value: `manylinux_2_17_x86_64.manylinux2014_x86_64`.
    pub has: String,
    /// The values that would fit, best first; of tags that differ only in a number, the highest.
    pub fits: Vec<String>,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = match self.part {
            TagPart::Python => "Python tag",
            TagPart::Abi => "ABI tag",
            TagPart::Platform => "platform tag",
            TagPart::Combination => "combination of tags",
        };
        write!(
            f,
            "its {part} {} does not fit; this interpreter takes {}",
            self.has,
            self.fits.join(", ")
        )
    }
}

/// Every tag that an interpreter supports, best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportedTags(Vec<Tag>);

impl SupportedTags {
    /// The tags of `target`, as `packaging.tags.sys_tags()` lists them when it runs there.
    pub fn new(target: &Target) -> SupportedTags {
        let platforms = target.platforms();
        let (major, minor) = target.version();
        let interpreter = target.interpreter();
        let mut list = List { tags: Vec::new(), platforms: &platforms };
        if target.implementation == "cpython" {
            list.cpython(target, &interpreter);
        } else {
            list.everywhere(&interpreter, &target.abi);
            list.everywhere(&interpreter, "none");
        }
        let generic: Vec<String> = [format!("py{major}{minor}"), format!("py{major}")]
            .into_iter()
            .chain((0..minor).rev().map(|older| format!("py{major}{older}")))
            .collect();
        for python in &generic {
            list.everywhere(python, "none");
        }
        // PyPy's own wheels without native code name the major version alone.
        list.push(
            if target.implementation == "pypy" { "pp3" } else { &interpreter },
            "none",
            "any",
        );
        for python in &generic {
            list.push(python, "none", "any");
        }
        SupportedTags(list.tags)
    }

    /// The tags, best first.
    pub fn as_slice(&self) -> &[Tag] {
        &self.0
    }

    /// The rank of `wheel`: the index of the first tag that it has, lower is better. `None` if it
    /// has no supported tag.
    pub fn index(&self, wheel: &WheelName) -> Option<usize> {
        let has = |tags: &[String], tag: &String| tags.contains(tag);
        self.0.iter().position(|tag| {
            has(&wheel.pythons, &tag.python)
                && has(&wheel.abis, &tag.abi)
                && has(&wheel.platforms, &tag.platform)
        })
    }

    /// The reason why [`SupportedTags::index`] has no index for a wheel. The platform is checked
    /// first, because it is the most frequent reason.
    pub fn misfit(&self, wheel: &WheelName) -> Misfit {
        type Field = fn(&Tag) -> &String;
        let parts: [(TagPart, &Vec<String>, Field); 3] = [
            (TagPart::Platform, &wheel.platforms, |tag| &tag.platform),
            (TagPart::Python, &wheel.pythons, |tag| &tag.python),
            (TagPart::Abi, &wheel.abis, |tag| &tag.abi),
        ];
        for (part, has, field) in parts {
            if !self.0.iter().any(|tag| has.contains(field(tag))) {
                return Misfit {
                    part,
                    has: has.join("."),
                    fits: highest(self.0.iter().map(field)),
                };
            }
        }
        let same_python =
            self.0.iter().filter(|tag| wheel.pythons.contains(&tag.python)).map(Tag::to_string);
        Misfit {
            part: TagPart::Combination,
            has: wheel.tags(),
            fits: highest(same_python.collect::<Vec<_>>().iter()),
        }
    }
}

/// The first of each family of names. The names of a family differ only in digits.
fn highest<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut families: Vec<String> = Vec::new();
    let mut first = Vec::new();
    for name in names {
        let family: String = name.chars().filter(|letter| !letter.is_ascii_digit()).collect();
        if !families.contains(&family) {
            families.push(family);
            first.push(name.clone());
        }
    }
    first
}

/// The list under construction.
struct List<'a> {
    tags: Vec<Tag>,
    platforms: &'a [String],
}

impl List<'_> {
    fn push(&mut self, python: &str, abi: &str, platform: &str) {
        self.tags.push(Tag {
            python: python.to_owned(),
            abi: abi.to_owned(),
            platform: platform.to_owned(),
        });
    }

    /// Adds the tag for every platform.
    fn everywhere(&mut self, python: &str, abi: &str) {
        for platform in self.platforms {
            self.push(python, abi, platform);
        }
    }

    /// Adds the version's own ABI, then the stable ABI (PEP 384) of this version and all older
    /// ones.
    fn cpython(&mut self, target: &Target, interpreter: &str) {
        let (major, minor) = target.version();
        let flags = target.abi.strip_prefix(interpreter).unwrap_or_default();
        self.everywhere(interpreter, &target.abi);
        // Since 3.8 a debug build also loads modules of a regular build.
        if flags.contains('d') && (major, minor) >= (3, 8) {
            self.everywhere(interpreter, &format!("{interpreter}{}", flags.replace('d', "")));
        }
        // A free-threaded build cannot load abi3: every object has another size (PEP 703).
        let stable = (major, minor) >= (3, 2) && !flags.contains('t');
        if stable {
            self.everywhere(interpreter, "abi3");
        }
        self.everywhere(interpreter, "none");
        for older in (2..minor).rev().filter(|_| stable) {
            self.everywhere(&format!("cp{major}{older}"), "abi3");
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "Python itself is the oracle")]
mod tests {
    use super::*;
    use crate::wheelhouse::target::written as target;

    fn supported(text: &str) -> Vec<String> {
        SupportedTags::new(&target(text)).as_slice().iter().map(Tag::to_string).collect()
    }

    #[test]
    fn order_of_tags() {
        let glibc = "manylinux_2_17_aarch64 manylinux2014_aarch64 linux_aarch64";
        for (text, expect) in [
            (
                "cpython 3.3 cp33m glibc 2.17 aarch64",
                "cp33-cp33m-P cp33-abi3-P cp33-none-P cp32-abi3-P py33-none-P py3-none-P py32-none-P py31-none-P py30-none-P",
            ),
            (
                "cpython 3.1 cp31 glibc 2.17 aarch64",
                "cp31-cp31-P cp31-none-P py31-none-P py3-none-P py30-none-P",
            ),
        ] {
            let mut lines: Vec<String> = expect
                .split(' ')
                .flat_map(|line| glibc.split(' ').map(|platform| line.replace('P', platform)))
                .collect();
            let own = expect.split('-').next().unwrap();
            lines.push(format!("{own}-none-any"));
            lines.extend(
                expect
                    .split(' ')
                    .filter(|line| line.starts_with("py"))
                    .map(|line| line.replace('P', "any")),
            );
            assert_eq!(supported(text), lines, "{text}");
        }
    }

    #[test]
    fn free_threads_debug_and_pypy() {
        let starts = |text: &str| {
            let mut pairs: Vec<String> = supported(text)
                .iter()
                .map(|tag| tag.rsplit_once('-').unwrap().0.to_owned())
                .collect();
            pairs.dedup();
            pairs[..4].join(" ")
        };
        assert_eq!(
            starts("cpython 3.13 cp313t musl 1.2 x86_64"),
            "cp313-cp313t cp313-none py313-none py3-none"
        );
        assert_eq!(
            starts("cpython 3.11 cp311d musl 1.2 x86_64"),
            "cp311-cp311d cp311-cp311 cp311-abi3 cp311-none"
        );
        assert_eq!(
            starts("cpython 3.7 cp37dm musl 1.2 x86_64"),
            "cp37-cp37dm cp37-abi3 cp37-none cp36-abi3"
        );
        assert_eq!(
            starts("pypy 3.10 pypy310_pp73 glibc 2.36 x86_64"),
            "pp310-pypy310_pp73 pp310-none py310-none py3-none"
        );
        assert!(
            supported("pypy 3.10 pypy310_pp73 glibc 2.36 x86_64")
                .contains(&"pp3-none-any".to_owned())
        );
    }

    #[test]
    fn tags_that_fit_and_tags_that_would() {
        let tags = SupportedTags::new(&target("cpython 3.11 cp311 musl 1.2 x86_64"));
        let shown = |file: &str| {
            let wheel = WheelName::parse(file).unwrap();
            tags.index(&wheel).map_or_else(
                || tags.misfit(&wheel).to_string(),
                |index| tags.as_slice()[index].to_string(),
            )
        };
        let platforms = "this interpreter takes musllinux_1_2_x86_64, linux_x86_64, any";
        for (file, expect) in [
            ("a-1-cp311-cp311-musllinux_1_1_x86_64.linux_x86_64.whl", "cp311-cp311-musllinux_1_1_x86_64".to_owned()),
            ("a-1-cp38-abi3-musllinux_1_2_x86_64.whl", "cp38-abi3-musllinux_1_2_x86_64".to_owned()),
            ("a-1-py2.py3-none-any.whl", "py3-none-any".to_owned()),
            ("a-1-py2.PY3-None-ANY.whl", "py3-none-any".to_owned()),
            (
                "a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
                format!("its platform tag manylinux_2_17_x86_64.manylinux2014_x86_64 does not fit; {platforms}"),
            ),
            ("a-1-cp311-cp311-musllinux_1_2_aarch64.whl", format!("its platform tag musllinux_1_2_aarch64 does not fit; {platforms}")),
            ("a-1-py2-none-any.whl", "its Python tag py2 does not fit; this interpreter takes cp311, py311".to_owned()),
            (
                "a-1-cp311-cp311t-linux_x86_64.whl",
                "its ABI tag cp311t does not fit; this interpreter takes cp311, abi3, none".to_owned(),
            ),
            (
                "a-1-cp310-none-any.whl",
                "its combination of tags cp310-none-any does not fit; this interpreter takes cp310-abi3-musllinux_1_2_x86_64, cp310-abi3-linux_x86_64".to_owned(),
            ),
        ] {
            assert_eq!(shown(file), expect, "{file}");
        }
    }

    /// Compares with pip's copy of `packaging` for each target, with the C library it would find.
    #[test]
    #[ignore = "needs python3 with pip"]
    fn the_order_is_that_of_packaging() {
        const ASK: &str = r#"
import sys
from unittest import mock
from pip._vendor.packaging import tags, _manylinux, _musllinux
minor, abi, libc, version, arch = sys.argv[1:]
version = tuple(map(int, version.split(".")))
glibc = version if libc == "glibc" else (-1, -1)
musl = mock.Mock(major=version[0], minor=version[1]) if libc == "musl" else None
with mock.patch.object(_manylinux, "_get_glibc_version", lambda: glibc), \
        mock.patch.object(_manylinux, "_have_compatible_abi", lambda *any: True), \
        mock.patch.object(_musllinux, "_get_musl_version", lambda path: musl):
    try:
        platforms = [*_manylinux.platform_tags("linux_" + arch, arch), *_musllinux.platform_tags(arch)]
    except TypeError:
        platforms = [*_manylinux.platform_tags([arch]), *_musllinux.platform_tags([arch])]
    platforms.append("linux_" + arch)
    python = tuple(map(int, minor.split(".")))
    found = [*tags.cpython_tags(python, [abi], platforms)]
    found += tags.compatible_tags(python, "cp" + minor.replace(".", ""), platforms)
print("\n".join(map(str, found)))
"#;
        for text in [
            "cpython 3.11 cp311 musl 1.2 x86_64",
            "cpython 3.13 cp313 glibc 2.41 x86_64",
            "cpython 3.8 cp38 glibc 2.31 aarch64",
            "cpython 3.12 cp312 glibc 2.17 i686",
            "cpython 3.7 cp37m glibc 2.12 x86_64",
            "cpython 3.14 cp314 musl 1.0 armv7l",
        ] {
            let arguments: Vec<&str> = text.split(' ').skip(1).collect();
            let output = std::process::Command::new("python3")
                .args(["-c", ASK])
                .args(arguments)
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let expect: Vec<String> =
                String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
            assert_eq!(supported(text), expect, "{text}");
        }
    }
}
