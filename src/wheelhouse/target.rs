//! The interpreter for which wheels are selected, and the platforms it runs on (PEP 600 and 656).
//!
//! Invariant: the version of the C library is given, never looked up.

use crate::loader::Libc;
use crate::python::InterpreterFacts;

/// The highest accepted minor version: each one has its own tags, and a file may name any number.
const LARGEST_MINOR: u32 = 255;

/// The facts that the supported tags depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `cpython` or `pypy`, the value of `sys.implementation.name`.
    pub implementation: String,
    /// The first two numbers of the version: `3.11`.
    pub minor: String,
    /// The ABI with its flags: `cp311`, `cp313t` free threaded, `cp311d` debug, `pypy310_pp73`.
    pub abi: String,
    /// The C library. With any other, no portable platform tag is supported.
    pub libc: Option<Libc>,
    /// The major and minor version of the C library: glibc `(2, 36)`, musl `(1, 2)`. Without it, no
    /// tag of a C library is supported.
    pub libc_version: Option<(u32, u32)>,
    /// As `uname -m` or musl's loader names it: `x86_64`, `aarch64`, `i386`, `armhf`.
    pub architecture: String,
}

impl Target {
    /// The target of an interpreter whose C library has the version `libc_version` (major, minor).
    pub fn new(facts: &InterpreterFacts, libc_version: Option<(u32, u32)>) -> Target {
        let minor = facts.version.split('.').take(2).collect::<Vec<_>>().join(".");
        // `cpython-313t-x86_64-linux-gnu`, `pypy310-pp73-x86_64-linux-gnu`.
        let mut parts = facts.abi.as_deref().unwrap_or_default().split('-');
        let abi = match (parts.next(), parts.next()) {
            (Some("cpython"), Some(version)) => format!("cp{version}"),
            (Some(pypy), Some(version)) => format!("{pypy}_{version}"),
            _ => format!("cp{}", minor.replace('.', "")),
        };
        let (implementation, architecture) =
            (facts.implementation.clone(), facts.architecture.clone());
        Target { implementation, minor, abi, libc: facts.libc, libc_version, architecture }
    }

    /// The major and minor version as numbers.
    pub(super) fn version(&self) -> (u32, u32) {
        let mut numbers = self.minor.split('.').map(|part| part.parse().unwrap_or(0));
        (numbers.next().unwrap_or(3), numbers.next().unwrap_or(0).min(LARGEST_MINOR))
    }

    /// `cp311`, `pp310`.
    pub(super) fn interpreter(&self) -> String {
        let short = match self.implementation.as_str() {
            "cpython" => "cp",
            "pypy" => "pp",
            other => other,
        };
        format!("{short}{}", self.minor.replace('.', ""))
    }

    /// The platform tags, best first: from the newest C library down to `linux_*`, a build on this
    /// machine.
    pub(super) fn platforms(&self) -> Vec<String> {
        let architecture = match self.architecture.as_str() {
            "i386" | "i486" | "i586" => "i686",
            "arm" | "armhf" | "armv8l" => "armv7l",
            "powerpc64le" => "ppc64le",
            "powerpc64" => "ppc64",
            other => other,
        };
        let libc_version =
            self.libc_version.map(|(major, minor)| (major, minor.min(LARGEST_MINOR)));
        let mut platforms = match (self.libc, libc_version) {
            (Some(Libc::Musl), Some((major, minor))) => (0..=minor)
                .rev()
                .map(|minor| format!("musllinux_{major}_{minor}_{architecture}"))
                .collect(),
            (Some(Libc::Glibc), Some((2, minor))) => manylinux(minor, architecture),
            _ => Vec::new(),
        };
        platforms.push(format!("linux_{architecture}"));
        platforms
    }
}

/// The architectures whose ABI manylinux fixes, armv7l and i686 included.
const MANYLINUX: [&str; 9] =
    ["x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "s390x", "loongarch64", "riscv64"];

/// Adds `manylinux_2_N` from `minor` down to the oldest image: 2.17, on x86 2.5 (PEP 513, 571, 599,
/// 600).
fn manylinux(minor: u32, architecture: &str) -> Vec<String> {
    if !MANYLINUX.contains(&architecture) {
        return Vec::new();
    }
    let oldest = if ["x86_64", "i686"].contains(&architecture) { 5 } else { 17 };
    let mut platforms = Vec::new();
    for minor in (oldest..=minor).rev() {
        platforms.push(format!("manylinux_2_{minor}_{architecture}"));
        let legacy = match minor {
            17 => "manylinux2014",
            12 => "manylinux2010",
            5 => "manylinux1",
            _ => continue,
        };
        platforms.push(format!("{legacy}_{architecture}"));
    }
    platforms
}

/// Reads a target in words: implementation, version, ABI, C library, its version, architecture.
#[cfg(test)]
pub(super) fn written(text: &str) -> Target {
    let [implementation, minor, abi, libc, version, architecture] =
        text.split(' ').collect::<Vec<_>>()[..]
    else {
        panic!("{text}")
    };
    let libc_version = version
        .split_once('.')
        .map(|(major, minor)| (major.parse().unwrap(), minor.parse().unwrap()));
    let libc = match libc {
        "musl" => Some(Libc::Musl),
        "glibc" => Some(Libc::Glibc),
        _ => None,
    };
    let [implementation, minor, abi, architecture] =
        [implementation, minor, abi, architecture].map(str::to_owned);
    Target { implementation, minor, abi, libc, libc_version, architecture }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_by_c_library() {
        for (text, expect) in [
            (
                "cpython 3.11 cp311 musl 1.2 x86_64",
                "musllinux_1_2_x86_64 musllinux_1_1_x86_64 musllinux_1_0_x86_64 linux_x86_64",
            ),
            ("cpython 3.11 cp311 musl 1.0 armhf", "musllinux_1_0_armv7l linux_armv7l"),
            (
                "cpython 3.11 cp311 glibc 2.18 aarch64",
                "manylinux_2_18_aarch64 manylinux_2_17_aarch64 manylinux2014_aarch64 linux_aarch64",
            ),
            (
                "cpython 3.11 cp311 glibc 2.6 i386",
                "manylinux_2_6_i686 manylinux_2_5_i686 manylinux1_i686 linux_i686",
            ),
            ("cpython 3.11 cp311 glibc 2.16 s390x", "linux_s390x"),
            ("cpython 3.11 cp311 glibc 2.40 mips", "linux_mips"),
            ("cpython 3.11 cp311 glibc ? x86_64", "linux_x86_64"),
            ("cpython 3.11 cp311 ? 1.2 x86_64", "linux_x86_64"),
        ] {
            assert_eq!(written(text).platforms().join(" "), expect, "{text}");
        }
    }

    #[test]
    fn versions_that_are_not_believed() {
        for text in [
            "cpython 3.4294967295 cp3 musl 1.4294967295 x86_64",
            "cpython three cp3 glibc 2.4294967295 x86_64",
        ] {
            let target = written(text);
            assert!(
                target.version().1 <= LARGEST_MINOR && target.platforms().len() < 300,
                "{text}"
            );
        }
    }

    #[test]
    fn targets_of_interpreters() {
        let facts = |implementation: &str, version: &str, abi: Option<&str>| InterpreterFacts {
            implementation: implementation.to_owned(),
            version: version.to_owned(),
            abi: abi.map(str::to_owned),
            suffixes: Vec::new(),
            libc: Some(Libc::Glibc),
            architecture: "x86_64".to_owned(),
            loader: None,
            libpython: None,
        };
        for (implementation, version, abi, expect) in [
            ("cpython", "3.13.1", Some("cpython-313t-x86_64-linux-gnu"), ("3.13", "cp313t")),
            ("cpython", "3.11", None, ("3.11", "cp311")),
            ("pypy", "3.10.16", Some("pypy310-pp73-x86_64-linux-gnu"), ("3.10", "pypy310_pp73")),
        ] {
            let target = Target::new(&facts(implementation, version, abi), Some((2, 36)));
            assert_eq!((target.minor.as_str(), target.abi.as_str()), expect);
        }
    }
}
