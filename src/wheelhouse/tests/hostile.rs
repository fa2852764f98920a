//! Archives that no build tool makes: each is refused with a message, and nothing is written
//! elsewhere.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use sha2::Sha512;

use super::*;
use crate::hint::Hint as _;

/// The message, without the name of the wheel. The files outside a new directory must not change.
fn refused(bytes: &[u8]) -> String {
    let outside = tempfile::tempdir().unwrap();
    let top = outside.path().join("one/two/three");
    fs::create_dir_all(&top).unwrap();
    let result = installed(bytes, &top);
    let listed: Vec<PathBuf> = walkdir::WalkDir::new(outside.path())
        .max_depth(3)
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .collect();
    assert_eq!(listed.len(), 4, "{listed:?}");
    match result {
        Ok(_) => "installed".to_owned(),
        Err(error) => {
            assert!(error.hint().is_some());
            error.to_string().strip_prefix("a-1-py3-none-any.whl: ").unwrap().to_owned()
        }
    }
}

/// Replaces every occurrence by bytes of the same length.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let found: Vec<usize> = memchr::memmem::find_iter(&bytes, from).collect();
    assert!(found.len() >= 2, "a local and a central header");
    for at in found {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

#[test]
fn names_that_lead_elsewhere() {
    // The name has the same length as the valid one, which it replaces in every header.
    for (name, why) in [
        ("/vil.py", "has a name that is absolute"),
        ("../a.py", "has a name that leads out of the directory it is unpacked to"),
        ("x/../..", "has a name that leads out of the directory it is unpacked to"),
        ("x/../y/", "has a name that leads out of the directory it is unpacked to"),
        ("./vi.py", "has a name that has an empty component"),
        ("x//y.py", "has a name that has an empty component"),
        ("x\\vi.py", "has a name that has a backslash"),
        ("C:vi.py", "has a name that begins with a drive letter"),
        ("evil\0py", "has a name that has a control character"),
        ("evil\npy", "has a name that has a control character"),
        ("evil\x1b[m", "has a name that has a control character"),
    ] {
        let draft = Draft::new().with("evil.py", "");
        let bytes = replaced(&draft.bytes(), b"evil.py", name.as_bytes());
        assert_eq!(refused(&bytes), format!("{name:?} {why}"));
    }
    let bytes = replaced(&Draft::new().with("evil.py", "").bytes(), b"evil.py", b"ev\xff\xfe.py");
    assert_eq!(refused(&bytes), "\"ev\u{fffd}\u{fffd}.py\" has a name that is not UTF-8");
    let long = "x".repeat(256);
    assert_eq!(
        refused(&Draft::new().with(&long, "").bytes()),
        format!("{long:?} has a name that has a component longer than 255 bytes")
    );
    assert_eq!(
        refused(&Draft::new().with(&"x".repeat(255), "").with("\u{e9}", "").bytes()),
        "installed"
    );
}

#[test]
fn kinds_of_entries() {
    for (mode, name, why) in [
        (0o120_777, "l", "is a symbolic link"),
        (0o120_777, "l/", "is a symbolic link"),
        (0o010_644, "f", "is neither a file nor a directory"),
        (0o140_644, "s", "is neither a file nor a directory"),
        (0o020_644, "c", "is neither a file nor a directory"),
        (0o060_644, "b", "is neither a file nor a directory"),
        (0o040_755, "d", "is neither a file nor a directory"),
        (0o100_644, "r/", "is neither a file nor a directory"),
    ] {
        assert_eq!(
            refused(&Draft::new().entry(name, "", mode).bytes()),
            format!("{name:?} {why}"),
            "{mode:o}"
        );
    }
}

#[test]
fn two_files_in_one_place() {
    let twice = replaced(
        &Draft::new().with("evil.py", "1").with("livf.py", "2").with("z", "").bytes(),
        b"livf.py",
        b"evil.py",
    );
    assert_eq!(refused(&twice), "\"evil.py\" is in the archive twice");
    for (first, second, why) in [
        (
            "b.py",
            "a-1.data/purelib/b.py",
            "\"b.py\" is installed as /lib/python3.11/site-packages/b.py, and so is \"a-1.data/purelib/b.py\"",
        ),
        (
            "a-1.data/scripts/x",
            "a-1.data/data/bin/x",
            "\"a-1.data/scripts/x\" is installed as /bin/x, and so is \"a-1.data/data/bin/x\"",
        ),
        ("a.py/", "a.py", "\"a.py/\" is installed below a.py, which is a file"),
        (
            "b",
            "b/c.py",
            "\"b/c.py\" is installed below /lib/python3.11/site-packages/b, which is a file",
        ),
        (
            "b",
            "a-1.data/platlib/b/c/d",
            "\"a-1.data/platlib/b/c/d\" is installed below /lib/python3.11/site-packages/b, which is a file",
        ),
        (
            "b",
            "a-1.data/data/lib",
            "\"lib/python3.11/site-packages/a-1.dist-info/INSTALLER\" is installed below /lib, which is a file",
        ),
    ] {
        let mode = if first.ends_with('/') { 0o040_755 } else { 0o100_644 };
        assert_eq!(refused(&Draft::new().entry(first, "", mode).with(second, "").bytes()), why);
    }
}

#[test]
fn files_that_no_wheel_may_write() {
    for (name, path) in [
        ("a-1.data/data/pyvenv.cfg", "/pyvenv.cfg"),
        ("a-1.data/scripts/python", "/bin/python"),
        ("a-1.data/scripts/python3.11", "/bin/python3.11"),
        (
            "a-1.data/purelib/b-1.dist-info/METADATA",
            "/lib/python3.11/site-packages/b-1.dist-info/METADATA",
        ),
        (
            "a-1.data/purelib/a-1.dist-info/RECORD",
            "/lib/python3.11/site-packages/a-1.dist-info/RECORD",
        ),
    ] {
        let why = format!("{name:?} would be installed as {path}, which no wheel may write");
        assert_eq!(refused(&Draft::new().with(name, "").bytes()), why);
    }
    for (name, why) in [
        (
            "a-1.data/other/x",
            "is in no part of .data that installers know: purelib, platlib, scripts, headers, data",
        ),
        (
            "a-1.data/x",
            "is in no part of .data that installers know: purelib, platlib, scripts, headers, data",
        ),
        ("b-1.data/purelib/x", "is in the .data directory of another distribution"),
    ] {
        assert_eq!(refused(&Draft::new().with(name, "").bytes()), format!("{name:?} {why}"));
    }
}

#[test]
fn entry_points_that_are_refused() {
    for (line, why) in [
        ("../x = m:f", "\"../x\" has a name that is not allowed for a script"),
        (".. = m:f", "\"..\" has a name that is not allowed for a script"),
        ("x = m", "\"x\" is a script that runs \"m\", which is not module:attribute"),
        ("x = m:f()", "\"x\" is a script that runs \"m:f()\", which is not module:attribute"),
        ("python = m:f", "\"python\" would be installed as /bin/python, which no wheel may write"),
        ("x = m:f\n[gui_scripts]\nx = m:g", "\"x\" is installed as /bin/x, and so is \"x\""),
    ] {
        let text = format!("[console_scripts]\n{line}\n");
        assert_eq!(
            refused(&Draft::new().with(&format!("{INFO}/entry_points.txt"), &text).bytes()),
            why
        );
    }
}

#[test]
fn metadata_that_is_wrong() {
    let wheel = format!("{INFO}/WHEEL");
    let metadata = format!("{INFO}/METADATA");
    for (draft, why) in [
        (Draft::new().without(&wheel), "\"a-1.dist-info/WHEEL\" is missing"),
        (Draft::new().without(&metadata), "\"a-1.dist-info/METADATA\" is missing"),
        (
            Draft::new().with(&wheel, "Tag: x\n"),
            "\"a-1.dist-info/WHEEL\" does not say which version of the wheel format it has",
        ),
        (
            Draft::new().with(&wheel, "Wheel-Version: 2.0\n"),
            "\"a-1.dist-info/WHEEL\" has version 2.0 of the wheel format; only version 1 is supported",
        ),
        (
            Draft::new().with(&wheel, "Wheel-Version: new\n"),
            "\"a-1.dist-info/WHEEL\" has version new of the wheel format; only version 1 is supported",
        ),
        (
            Draft::new().with(&metadata, "Name: b\nVersion: 1\n"),
            "\"a-1.dist-info/METADATA\" says \"b 1\", which differs from the file name",
        ),
        (
            Draft::new().with(&metadata, "Name: a\n"),
            "\"a-1.dist-info/METADATA\" says \"a \", which differs from the file name",
        ),
        (
            Draft::new().with("b-1.dist-info/METADATA", ""),
            "has 2 .dist-info directories; a wheel has one",
        ),
    ] {
        assert_eq!(refused(&draft.bytes()), why);
    }
    for (to, why) in [
        (b"b-1.dist-info/", "\"b-1.dist-info\" says \"b 1\", which differs from the file name"),
        (b"a-2.dist-info/", "\"a-2.dist-info\" says \"a 2\", which differs from the file name"),
        (b"a-1.dist-inf0/", "has 0 .dist-info directories; a wheel has one"),
    ] {
        assert_eq!(refused(&replaced(&Draft::new().bytes(), b"a-1.dist-info/", to)), why);
    }
    let top = tempfile::tempdir().unwrap();
    let newer =
        installed(&Draft::new().with(&wheel, "Wheel-Version: 1.9\n").bytes(), top.path()).unwrap();
    assert_eq!(
        newer.warnings,
        ["has version 1.9 of the wheel format; it is installed as version 1.0"]
    );
}

#[test]
fn records_that_are_wrong() {
    let hash = format!("sha256={}", URL_SAFE_NO_PAD.encode(Sha256::digest("print(1)\n")));
    let line = format!("a.py,{hash},9");
    let better = format!("a.py,sha512={}==,", URL_SAFE_NO_PAD.encode(Sha512::digest("print(1)\n")));
    for (to, why) in [
        ("", "\"a.py\" is not in RECORD"),
        ("a.py,,", "\"a.py\" has no hash in RECORD"),
        ("a.py,,9", "\"a.py\" has no hash in RECORD"),
        (
            "a.py,md5=x,9",
            "\"a.py\" has a hash of kind md5 in RECORD; only sha256, sha384 and sha512 are accepted",
        ),
        (
            "a.py,sha1=x,9",
            "\"a.py\" has a hash of kind sha1 in RECORD; only sha256, sha384 and sha512 are accepted",
        ),
        (
            "a.py,x,9",
            "\"a.py\" has a hash of kind x in RECORD; only sha256, sha384 and sha512 are accepted",
        ),
        ("a.py,sha256,9", "\"a.py\" does not have the hash that RECORD says"),
        ("a.py,sha256=,9", "\"a.py\" does not have the hash that RECORD says"),
        ("a.py,sha256=AAAA,9", "\"a.py\" does not have the hash that RECORD says"),
        (&format!("a.py,{hash},8"), "\"a.py\" does not have the 8 bytes that RECORD says"),
        (&format!("{line}\nb.py,{hash},9"), "\"b.py\" is missing"),
        (
            &format!("{line}\n../b,{hash},9"),
            "\"a-1.dist-info/RECORD\" lists \"/b\", which is outside the wheel",
        ),
        (&format!("{line}\n{line}"), "installed"),
        (&better, "installed"),
    ] {
        assert_eq!(refused(&Draft::new().record(&line, to).bytes()), why, "{to}");
    }
}

/// The offsets of the local and the central header of the first entry.
fn headers(bytes: &[u8]) -> (usize, usize) {
    let at = |signature: &[u8]| memchr::memmem::find(bytes, signature).unwrap();
    (at(b"PK\x03\x04"), at(b"PK\x01\x02"))
}

#[test]
fn headers_that_lie() {
    let sound = Draft::new().bytes();
    let (local, central) = headers(&sound);
    let name = "\"a-1.dist-info/WHEEL\"";
    let put = |at: &[usize], value: &[u8]| {
        let mut bytes = sound.clone();
        for at in at {
            bytes[*at..*at + value.len()].copy_from_slice(value);
        }
        refused(&bytes)
    };
    assert_eq!(put(&[local + 6, central + 8], &[1, 0]), format!("{name} is encrypted"));
    assert_eq!(
        put(&[local + 8, central + 10], &[12, 0]),
        format!("{name} is compressed by a method other than deflate")
    );
    let (small, large) = (5_u32.to_le_bytes(), 500_u32.to_le_bytes());
    for size in [small, large] {
        let said = put(&[local + 22, central + 24], &size);
        assert!(
            said.starts_with(name)
                && (said.contains("bytes that the archive says")
                    || said.contains("not an intact zip")),
            "{said}"
        );
    }
    assert_eq!(
        put(&[local + 22, central + 24], &0x7fff_ffff_u32.to_le_bytes()).split(',').next().unwrap(),
        "unpacks to 2147483937 bytes"
    );
    for (at, value) in [
        (local + 22, &small[..]),
        (central + 24, &small),
        (local + 30, b"b"),
        (central + 16, &small),
        (central + 42, &small),
    ] {
        let said = put(&[at], value);
        assert!(said.contains("is not an intact zip archive: "), "{at} {said}");
    }
    let said = put(&[local + 14, central + 16], &small);
    assert_eq!(said, format!("{name} is not an intact zip archive: Invalid checksum"));
}

#[test]
fn too_many_entries() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..=MOST_ENTRIES {
        zip.start_file(
            index.to_string(),
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored),
        )
        .unwrap();
    }
    assert_eq!(
        refused(&zip.finish().unwrap().into_inner()),
        "has 100001 entries; the limit is 100000"
    );
}

#[test]
fn links_in_the_target_are_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("file"), "kept").unwrap();
    for (link, entry) in
        [("lib", "x"), ("share", "a-1.data/data/share/x"), ("file", "a-1.data/data/file")]
    {
        let top = tempfile::tempdir().unwrap();
        symlink(
            outside.path().join(if link == "file" { "file" } else { "" }),
            top.path().join(link),
        )
        .unwrap();
        let error = installed(&Draft::new().with(entry, "new").bytes(), top.path()).unwrap_err();
        assert!(matches!(error.refusal, Refusal::Write(_)), "{error}");
    }
    assert_eq!(tree(outside.path()).into_values().collect::<Vec<_>>(), [(0o644, b"kept".to_vec())]);
}

#[test]
fn files_that_are_no_archives() {
    for bytes in [&b""[..], b"PK\x05\x06", b"text that is no archive", &[0xff; 4096]] {
        assert!(refused(bytes).starts_with("is not an intact zip archive: "), "{bytes:?}");
    }
}

/// With any byte changed, a wheel is either refused or installed with its intended contents.
#[test]
fn no_damage_is_installed() {
    let sound = Draft::new()
        .with("a-1.data/scripts/x", "#!python\n")
        .with(&format!("{INFO}/entry_points.txt"), "[console_scripts]\nt=a:m\n")
        .bytes();
    let content = |bytes: &[u8]| -> Option<BTreeMap<String, Vec<u8>>> {
        let top = tempfile::tempdir().unwrap();
        installed(bytes, top.path()).ok()?;
        Some(tree(top.path()).into_iter().map(|(name, (_, content))| (name, content)).collect())
    };
    let meant = content(&sound);
    assert!(meant.is_some());
    for end in 0..sound.len() {
        assert_eq!(content(&sound[..end]), None, "{end}");
    }
    for at in 0..sound.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut bytes = sound.clone();
            bytes[at] ^= change;
            let got = content(&bytes);
            assert!(got.is_none() || got == meant, "byte {at} changed by {change:#x}");
        }
    }
}
