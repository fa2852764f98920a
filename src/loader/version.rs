//! The version of a root's C library, from the version text in its file.
//!
//! Invariant: nothing is run. A library without a version text has no version.

use memchr::memmem;

use super::{Libc, choose_loader, system_library};
use crate::elf::Machine;
use crate::path::WrittenPath;
use crate::root::Root;

/// The largest C library that is read, in bytes.
const LARGEST: u64 = 1 << 25;

/// The major and minor version of the C library for programs with this `PT_INTERP`; `None` if it is
/// absent or has no version text.
pub fn libc_version(root: &Root, interpreter: &str, machine: Machine) -> Option<(u32, u32)> {
    let loader = choose_loader(root, interpreter, machine)?;
    match loader.libc() {
        // The loader of musl is also its C library.
        Libc::Musl => musl(
            &root.read(&root.resolve(&WrittenPath::new(interpreter)).ok()??.path, LARGEST).ok()?,
        ),
        Libc::Glibc => {
            glibc(&root.read(&system_library(root, loader.as_ref(), "libc.so.6")?, LARGEST).ok()?)
        }
    }
}

/// Finds a C string such as `1.2.5`, the argument of musl's `Version %s`.
fn musl(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut strings = bytes.split(|byte| *byte == 0).filter(|part| (5..9).contains(&part.len()));
    strings.find_map(|part| {
        let text = std::str::from_utf8(part).ok()?;
        let numbers: Vec<u32> =
            text.split('.').map(|number| number.parse().ok()).collect::<Option<_>>()?;
        matches!(numbers[..], [1, _, _]).then(|| (numbers[0], numbers[1]))
    })
}

/// Finds `GNU C Library ... release version 2.36.`
fn glibc(bytes: &[u8]) -> Option<(u32, u32)> {
    const BANNER: &[u8] = b" release version ";
    let at = memmem::find(bytes, BANNER)? + BANNER.len();
    let text = bytes.get(at..)?.split(|byte| !byte.is_ascii_digit() && *byte != b'.').next()?;
    let mut numbers =
        std::str::from_utf8(text).ok()?.split('.').map_while(|number| number.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_text() {
        assert_eq!(musl(b"\0musl libc (x86_64)\nVersion %s\0\x001.2.5\0"), Some((1, 2)));
        assert_eq!(musl(b"\x002.1.2.5\x001.2\0"), None);
        assert_eq!(
            glibc(b"GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\nCopyright"),
            Some((2, 36))
        );
        assert_eq!(glibc(b"GNU C Library"), None);
    }
}
