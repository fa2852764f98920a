//! Whole databases in memory, read through the public interface.
//!
//! Invariant: a fixture contains only the data that its test needs.

use std::collections::BTreeSet;

use super::*;
use crate::finding::{Code, Finding, Severity};
use crate::path::{RealPath, WrittenPath};
use crate::root::memory::Memory;
use crate::root::{Root, RootError};

fn read(fixture: &str) -> (PackageIndex, Vec<Finding>) {
    PackageIndex::read(&Root::new(Memory::parse(fixture)), &[])
}

#[track_caller]
fn owned(fixture: &str, cases: &[(&str, &str)]) {
    let (index, findings) = read(fixture);
    assert_eq!(findings, []);
    for (path, expect) in cases {
        let name =
            index.owner(&RealPath::known(path)).map_or("-", |owner| index[owner].name.as_str());
        assert_eq!(name, *expect, "{path}");
    }
}

const LIBPQ: &str = r"P:libpq-dev\nF:usr/lib\nR:libpq.so\n\nP:libpq\np:so:libpq.so.5=5.16\nF:usr/lib\nR:libpq.so.5\n\n";

#[test]
fn the_development_link_and_the_library_have_their_own_owners() {
    let fixture = format!(
        "/lib/apk/db/installed = {LIBPQ}\n/usr/lib/libpq.so -> libpq.so.5\n/usr/lib/libpq.so.5 = x"
    );
    owned(
        &fixture,
        &[("/usr/lib/libpq.so", "libpq-dev"), ("/usr/lib/libpq.so.5", "libpq"), ("/usr/lib", "-")],
    );
    let (index, _) = read(&fixture);
    assert_eq!(index[0].so_name("libpq.so.5").as_deref(), Some("so:libpq.so.5"));
    assert_eq!(index[1].so_name("libpq.so.5"), None);
}

#[test]
fn one_database_under_two_names_is_read_once() {
    let usr = format!("/usr/lib/apk/db/installed = {LIBPQ}");
    assert_eq!(read(&usr).0.len(), 2);
    assert_eq!(read(&format!("{usr}\n/lib -> usr/lib")).0.len(), 2);
    assert_eq!(read(&format!("{usr}\n/lib/apk/db/installed = P:other")).0.len(), 3);
}

#[test]
fn the_later_claim_wins_whatever_the_names() {
    let database = r"P:z\nF:usr\nR:f\n\nP:a\nF:usr\nR:f\n";
    owned(&format!("/lib/apk/db/installed = {database}\n/usr/f = x"), &[("/usr/f", "a")]);
}

#[test]
fn dpkg_lists_with_architecture_merged_and_diverted() {
    owned(
        r"/var/lib/dpkg/status = Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\n\nPackage: dash\nStatus: install ok installed\n\nPackage: bash\nStatus: install ok installed\n
        /var/lib/dpkg/info/zlib1g:amd64.list = /.\n/lib\n/lib/x\n/lib/x/libz.so.1\n
        /var/lib/dpkg/info/dash.list = /.\n/bin\n/bin/sh\n
        /var/lib/dpkg/info/bash.list = /.\n/bin\n/bin/sh\n
        /var/lib/dpkg/diversions = /bin/sh\n/bin/sh.distrib\ndash\n
        /usr/lib/x/libz.so.1 = z
        /usr/bin/sh = x
        /lib -> usr/lib
        /bin -> usr/bin",
        &[
            ("/usr/lib/x/libz.so.1", "zlib1g"),
            ("/usr/bin/sh", "dash"),
            ("/usr/bin/sh.distrib", "bash"),
            ("/usr/lib/x", "-"),
        ],
    );
}

#[test]
fn distroless_stanzas_with_checksums() {
    owned(
        r"/var/lib/dpkg/status.d/libssl1 = Package: libssl3\nVersion: 3\n
        /var/lib/dpkg/status.d/libssl3.md5sums = d41d8cd98f00b204e9800998ecf8427e  usr/lib/libssl.so.3\n
        /usr/lib/libssl.so.3 = x",
        &[("/usr/lib/libssl.so.3", "libssl3")],
    );
}

#[test]
fn the_closure_takes_the_first_installed_alternative_and_ends_in_cycles() {
    let database = r"P:a\nD:so:b x\n\nP:b\np:so:b=1\nD:c\n\nP:c\nD:b !a\n\nP:d\nD:missing\n";
    let (index, _) = read(&format!("/lib/apk/db/installed = {database}"));
    let cases: [(usize, &[usize]); 3] = [(0, &[1, 2]), (1, &[1, 2]), (3, &[])];
    for (package, expect) in cases {
        assert_eq!(index.closure(package).into_iter().collect::<Vec<_>>(), expect);
    }
    let (index, _) = read(
        r"/var/lib/dpkg/status = Package: a\nDepends: none | v | c\n\nPackage: b\nProvides: v (= 1)\n\nPackage: c\n",
    );
    assert_eq!(index.closure(0), BTreeSet::from([1]));
}

#[test]
fn problems_name_the_file_and_the_line() {
    let (index, findings) = read(
        r"/lib/apk/db/installed = P:a\n?\n
        /var/lib/dpkg/status = Package: b\n
        /var/lib/dpkg/info -> info",
    );
    assert_eq!(index.len(), 2);
    let messages: Vec<String> = findings
        .iter()
        .map(|finding| format!("{}: {}", finding.subject, finding.message))
        .collect();
    assert_eq!(messages[0], "/lib/apk/db/installed: line 2: not a letter, a colon and a value");
    assert!(messages[1].contains("no file list"), "{messages:?}");
    assert!(
        findings
            .iter()
            .all(|finding| finding.code == Code::CorruptDatabase
                && finding.severity == Severity::Warn)
    );
}

#[test]
fn no_database_is_no_finding() {
    let (index, findings) = read("/etc/hostname = x");
    assert!(index.is_empty() && findings.is_empty());
}

#[test]
fn a_read_that_fails_is_recorded() {
    let status = r"/var/lib/dpkg/status = Package: a\n";
    let cases = [
        ("/lib/apk/db/installed !denied", "/lib/apk/db/installed"),
        ("/usr/lib/apk/db/installed = x\n/usr/lib/apk !denied", "/usr/lib/apk/db"),
        ("/var/lib/dpkg/status !denied", "/var/lib/dpkg/status"),
        (
            &format!("{status}\n/var/lib/dpkg/info/a.list = /a\n/var/lib/dpkg/diversions !denied"),
            "/var/lib/dpkg/diversions",
        ),
        ("/var/lib/dpkg/status.d/a = x\n/var/lib/dpkg/status.d !denied", "/var/lib/dpkg/status.d"),
        ("/var/lib/dpkg/status.d/a !denied", "/var/lib/dpkg/status.d/a"),
        ("/opt/env/conda-meta/a.json = {}\n/opt/env/conda-meta !denied", "/opt/env/conda-meta"),
        ("/opt/env/conda-meta/a.json !denied", "/opt/env/conda-meta/a.json"),
    ];
    for (fixture, subject) in cases {
        let root = Root::new(Memory::parse(fixture));
        PackageIndex::read(&root, &[RealPath::known("/opt/env")]);
        let failures = root.take_failures();
        let failed: Vec<&str> = failures.iter().map(RootError::path).collect();
        // The second place of a database may be below the same directory.
        assert!(failed.iter().all(|path| *path == subject), "{fixture}\n{failed:?}");
        assert!(!failed.is_empty(), "{fixture}");
    }
}

#[test]
fn recorded_paths_that_the_user_may_not_enter_are_a_note() {
    let root = Root::new(Memory::parse(
        r"/lib/apk/db/installed = P:a\nF:opt/secret/d\nR:f\n\n
        /opt/secret/d/f = x
        /opt/secret !denied",
    ));
    let (_, findings) = PackageIndex::read(&root, &[]);
    let found: Vec<(Code, &str)> =
        findings.iter().map(|finding| (finding.code, finding.subject.as_str())).collect();
    assert_eq!(found, [(Code::UnreadableFile, "/opt/secret/d")]);
    assert!(root.take_failures().is_empty());
}

#[test]
fn a_list_that_cannot_be_read_leaves_a_package_without_files() {
    let (index, findings) = read(
        r"/var/lib/dpkg/status = Package: a\n
        /var/lib/dpkg/info/a.list !denied",
    );
    let subjects: Vec<&str> = findings.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(subjects, ["/var/lib/dpkg/info"]);
    assert_eq!(index.len(), 1);
}

#[test]
fn licences_that_cannot_be_read_are_recorded() {
    let dpkg = |name: &str| Package { name: name.to_owned(), ..Package::empty(Manager::Dpkg) };
    let own = InPrefix {
        prefix: RealPath::known("/opt/env"),
        document: serde_json::Map::new(),
        licences: Some(WrittenPath::new("/pkgs/c-1/info/licenses")),
        embeddings: Vec::new(),
    };
    let conda = Package {
        name: "c".to_owned(),
        in_prefix: Some(Box::new(own)),
        ..Package::empty(Manager::Conda)
    };
    let root = Root::new(Memory::parse(
        "/usr/share/doc/a/copyright = /usr/share/common-licenses/GPL\n\
         /usr/share/common-licenses/GPL = x\n\
         /usr/share/common-licenses !denied\n\
         /usr/share/doc/b/copyright !denied\n\
         /pkgs/c-1/info/licenses/LICENSE = x\n\
         /pkgs/c-1/info/licenses/more/LICENSE = x\n\
         /pkgs/c-1/info/licenses/more !denied",
    ));
    for (package, files, failed) in [
        (dpkg("a"), "/usr/share/doc/a/copyright", "/usr/share/common-licenses/GPL"),
        (dpkg("b"), "/usr/share/doc/b/copyright", "/usr/share/doc/b/copyright"),
        (conda, "/pkgs/c-1/info/licenses/LICENSE", "/pkgs/c-1/info/licenses/more"),
    ] {
        let licences = package.licences(&root);
        let found: Vec<&str> = licences.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(found, [files]);
        let failures = root.take_failures();
        assert_eq!(failures.iter().map(RootError::path).collect::<Vec<_>>(), [failed]);
    }
}

#[test]
fn pacman_lists_paths_without_a_slash() {
    let package = |name: &str, files: &str| {
        format!(
            "/var/lib/pacman/local/{name}-1-1/desc = %NAME%\\n{name}\\n\\n%VERSION%\\n1-1\\n\n\
             /var/lib/pacman/local/{name}-1-1/files = %FILES%\\n{files}\n"
        )
    };
    let fixture = format!(
        "{}{}/var/lib/pacman/local/ALPM_DB_VERSION = 9\n/lib -> usr/lib\n/usr/lib/libz.so.1 = x\n/usr/bin/sh = x",
        package("zlib", "usr/\\nusr/lib/\\nusr/lib/libz.so.1\\n"),
        package("bash", "usr/\\nusr/bin/\\nusr/bin/sh\\n"),
    );
    owned(&fixture, &[("/usr/lib/libz.so.1", "zlib"), ("/usr/bin/sh", "bash"), ("/usr/lib", "-")]);
}

#[test]
fn a_damaged_entry_of_pacman_is_a_finding() {
    let (index, findings) = read(
        r"/var/lib/pacman/local/a-1/desc = %NAME%\na\n\n%VERSION%\n1\n
        /var/lib/pacman/local/b-1/desc = %NAME%\n../b\n\n%VERSION%\n1\n
        /var/lib/pacman/local/c-1/files = %FILES%\nusr/c\n",
    );
    assert_eq!(index.len(), 1);
    let found: Vec<&str> = findings.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(found.len(), 3, "{findings:?}");
}
