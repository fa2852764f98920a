//! Crafted roots, each with a program `/prog`.

use wheelbarrow::loader::{Library, choose_loader};
use wheelbarrow::path::RealPath;
use wheelbarrow::root::{Directory, Root};

use super::craft::Workshop;
use super::{GLIBC, MUSL, ours, real};

/// Rules that one table tests with both loaders, whatever each answers.
const BOTH: &[&str] = &[
    // Links: absolute ones restart at the root, `..` stops there.
    "/prog needs libb.so.1
     /usr/lib/libb.so.1.2
     /usr/lib/libb.so.1 -> libb.so.1.2",
    "/prog needs libb.so.1
     /opt/deep/libb.so
     /usr/lib/libb.so.1 -> /opt/deep/libb.so",
    "/prog needs libb.so.1
     /opt/deep/libb.so
     /usr/lib/libb.so.1 -> ../../../../opt/deep/libb.so",
    "/prog needs libb.so.1
     /opt/real/libb.so.1
     /opt/link -> /opt/real
     /usr/lib/libb.so.1 -> ../../opt/link/../link/libb.so.1",
    // The host has files of these names; the root first has none, then others.
    "/prog needs libz.so.1
     /usr/lib/libz.so.1 -> /usr/lib/x86_64-linux-gnu/libz.so.1",
    "/prog needs libz.so.1 runpath /opt
     /usr/lib/libz.so.1
     /opt/libz.so.1 -> /usr/lib/x86_64-linux-gnu/libz.so.1",
    "/prog needs libc.so.6.1 libz.so.1 runpath /usr/lib/x86_64-linux-gnu:/lib/x86_64-linux-gnu",
    // Dangling links, loops, a file where a directory should be.
    "/prog needs libb.so runpath /a:/b
     /a/libb.so -> nowhere
     /b/libb.so",
    "/prog needs libb.so runpath /a:/b
     /a/libb.so -> libb.so
     /b/libb.so
     /usr/lib/libb.so",
    "/prog needs libb.so runpath /a:/b
     /a/libb.so -> libb.so
     /b/libb.so",
    "/prog needs libb.so runpath /a:/b
     /a -> b
     /b -> a
     /usr/lib/libb.so",
    "/prog needs libb.so runpath /a:/b
     /a = a file
     /b/libb.so",
    // RPATH and RUNPATH: the object that they apply to, and the objects that inherit them.
    "/prog needs liba.so libb.so rpath /x
     /x/liba.so needs libc1.so
     /x/libb.so
     /x/libc1.so",
    "/prog needs liba.so libb.so runpath /x
     /x/liba.so needs libc1.so
     /x/libb.so
     /x/libc1.so",
    "/prog needs liba.so rpath /x
     /x/liba.so needs libb.so
     /x/libb.so needs libd.so
     /x/libd.so",
    "/prog needs liba.so rpath /x
     /x/liba.so needs libb.so runpath /y
     /x/libb.so
     /y/libb.so needs libd.so
     /x/libd.so
     /y/libd.so",
    "/prog needs liba.so rpath /x
     /x/liba.so needs libb.so runpath /y
     /x/libb.so",
    "/prog needs liba.so rpath /x
     /x/liba.so needs libb.so rpath /y
     /y/libb.so needs libd.so libe.so
     /x/libd.so
     /y/libd.so
     /x/libe.so",
    "/prog needs liba.so rpath /x runpath /y
     /x/liba.so
     /y/liba.so",
    "/prog needs liba.so rpath /x runpath /y
     /x/liba.so",
    "/prog needs liba.so rpath /x
     /x/liba.so needs libb.so rpath /y runpath /z
     /z/libb.so needs libd.so
     /y/libd.so
     /z/libd.so",
    "/prog needs liba.so rpath /x
     /x/liba.so needs libb.so rpath /y runpath /z
     /z/libb.so needs libd.so
     /y/libd.so",
    "/prog needs liba.so rpath /x runpath \"\"
     /x/liba.so
     /liba.so",
    "/prog needs liba.so runpath \"\"
     /liba.so",
    "/prog needs liba.so rpath /x
     /x/liba.so needs libb.so runpath \"\"
     /x/libb.so
     /libb.so",
    // $ORIGIN: the directory the object was opened by, links kept.
    "/opt/bin/tool
     /prog needs liba.so libb.so runpath $ORIGIN/opt/lib:${ORIGIN}/opt/more
     /opt/lib/liba.so
     /opt/more/libb.so",
    "/prog needs liba.so libb.so runpath $ORIGIN
     /liba.so
     /usr/lib/libb.so",
    "/prog needs liba.so runpath ${ORIGIN}
     /liba.so",
    "/prog needs /opt/link/liba.so
     /opt/real/liba.so needs libb.so runpath $ORIGIN/../near
     /opt/link -> /opt/deep/down
     /opt/deep/down -> ../../opt/real
     /opt/near/libb.so
     /opt/deep/near/libb.so",
    "/prog needs liba.so runpath /opt/links
     /opt/real/liba.so needs libb.so runpath $ORIGIN
     /opt/links/liba.so -> ../real/liba.so
     /opt/real/libb.so",
    "/prog needs liba.so runpath /opt/links
     /opt/real/liba.so needs libb.so runpath $ORIGIN
     /opt/links/liba.so -> ../real/liba.so
     /opt/links/libb.so
     /opt/real/libb.so",
    "/prog needs liba.so rpath $ORIGIN/x
     /x/liba.so needs libb.so rpath $ORIGIN/y
     /x/y/libb.so needs libd.so
     /x/y/libd.so
     /x/libd.so",
    "/prog needs liba.so runpath $ORIGINx:/y
     /x/liba.so
     /y/liba.so",
    "/prog needs liba.so runpath /o/$ORIGIN
     /o/liba.so",
    // Other tokens: musl ignores the whole run path, glibc leaves the text.
    "/prog needs liba.so libb.so runpath $ORIGIN/x:/q/$FOO
     /x/liba.so
     /q/$FOO/libb.so",
    "/prog needs liba.so libb.so libd.so runpath /$LIB:/p/$PLATFORM:/p/${PLATFORM}/x:/x
     /lib/x86_64-linux-gnu/liba.so
     /p/x86_64/libb.so
     /p/x86_64/x/libd.so
     /x/libd.so",
    "/prog needs liba.so libb.so runpath ${FOO}:$:/x
     /x/liba.so",
    "/prog needs liba.so runpath ${ORIGIN/x:/y
     /x/liba.so
     /y/liba.so",
    // Elements: empty, relative, trailing slashes, blanks, other separators.
    "/prog needs liba.so runpath :/x
     /liba.so
     /x/liba.so",
    "/prog needs liba.so libb.so runpath /x:
     /liba.so
     /x/libb.so",
    "/prog needs liba.so libb.so runpath /x::/y
     /liba.so
     /x/libb.so",
    "/prog needs liba.so libb.so runpath x/y:./z
     /x/y/liba.so
     /z/libb.so",
    "/prog needs liba.so libb.so runpath /x/:/y//
     /x/liba.so
     /y/libb.so",
    "/prog needs liba.so runpath /x;/y
     /x/liba.so
     /y/liba.so",
    "/prog needs liba.so runpath /x/../y
     /y/liba.so",
    // Default directories, /usr/local/lib among them.
    "/prog needs liba.so libb.so libc1.so libd.so
     /lib/liba.so
     /usr/lib/libb.so
     /usr/local/lib/libc1.so
     /usr/lib/x86_64-linux-gnu/libd.so",
    "/prog needs liba.so libb.so libd.so
     /lib/liba.so
     /usr/lib/liba.so
     /usr/local/lib/liba.so
     /usr/lib/libb.so
     /usr/local/lib/libb.so
     /lib/x86_64-linux-gnu/libd.so
     /usr/lib/x86_64-linux-gnu/libd.so
     /lib/libd.so",
    "/prog needs liba.so runpath /x
     /x/liba.so
     /lib/liba.so",
    // Files in the way: another class, another machine, a text, a directory, nothing.
    "/prog needs libb.so libd.so runpath /x
     /x/libb.so narrow
     /usr/lib/libb.so
     /usr/lib/libd.so",
    "/prog needs libb.so runpath /x
     /x/libb.so narrow",
    "/prog needs libd.so libb.so runpath /x
     /usr/lib/libd.so
     /x/libb.so = INPUT ( /usr/lib/libb.so.1 )\\n and more than sixty-four bytes of text, since glibc looks at the size first
     /usr/lib/libb.so",
    "/prog needs libb.so libd.so runpath /x
     /usr/lib/libd.so
     /x/libb.so = short
     /usr/lib/libb.so",
    "/prog needs libb.so libd.so runpath /x
     /x/libb.so/
     /usr/lib/libb.so
     /usr/lib/libd.so",
    "/prog needs libb.so libd.so runpath /x
     /x/libb.so =
     /usr/lib/libb.so
     /usr/lib/libd.so",
    "/prog needs liba.so libb.so
     /usr/lib/liba.so needs libx.so
     /usr/lib/libb.so needs liby.so
     /usr/lib/libx.so =",
    // A loaded library answers to its DT_SONAME on glibc; on musl only to its file name.
    "/prog needs /opt/other.so libb.so.1
     /opt/other.so soname libb.so.1",
    "/prog needs /opt/other.so libb.so.1
     /opt/other.so soname libb.so.1
     /usr/lib/libb.so.1",
    "/prog needs /opt/libb.so.1 libb.so.1
     /opt/libb.so.1
     /usr/lib/libb.so.1",
    "/prog needs libb.so libb.so.1
     /usr/lib/libb.so soname libb.so.1
     /usr/lib/libb.so.1 soname libb.so.1",
    "/prog soname libself.so needs liba.so
     /usr/lib/liba.so needs libself.so
     /usr/lib/libself.so",
    "/prog needs liba.so libb.so runpath /x
     /x/liba.so soname libb.so
     /x/libb.so soname liba.so",
    // One inode by two names, and the meaning of a name afterwards.
    "/prog needs libb.so.1 libb.so
     /usr/lib/libb.so.1
     /usr/lib/libb.so -> libb.so.1",
    "/prog needs libb.so libb.so.1
     /usr/lib/libb.so.1 needs libb.so
     /usr/lib/libb.so -> libb.so.1",
    "/prog needs libb.so.1 libb.so libq.so runpath /x
     /x/libb.so.1
     /x/libb.so -> libb.so.1
     /x/libq.so needs libb.so runpath /y
     /y/libb.so",
    "/prog needs /x/libb.so.1 libb.so.1 libq.so runpath /x
     /x/libb.so.1
     /x/libq.so needs libb.so.1 runpath /y
     /y/libb.so.1",
    "/prog needs /x/libb.so.1 libb.so libq.so runpath /x
     /x/libb.so.1
     /x/libb.so -> libb.so.1
     /x/libq.so needs libb.so libb.so.1 runpath /y
     /y/libb.so
     /y/libb.so.1",
    // Names with a slash.
    "/prog needs /opt/liba.so opt/libb.so ./opt/libd.so /gone/libe.so
     /opt/liba.so
     /opt/libb.so
     /opt/libd.so",
    "/prog needs $ORIGIN/opt/liba.so
     /opt/liba.so",
    "/prog needs liba.so libb.so rpath /x:/y
     /x/liba.so needs $ORIGIN/libd.so
     /y/libb.so needs $ORIGIN/libd.so
     /x/libd.so
     /y/libd.so",
    "/prog needs /opt/../etc/liba.so
     /deep/down/x/
     /opt -> /deep/down
     /deep/etc/liba.so
     /etc/liba.so",
    // Diamonds, cycles, breadth first: the first object with the need decides for all.
    "/prog needs liba.so libb.so
     /usr/lib/liba.so needs libd.so
     /usr/lib/libb.so needs libd.so
     /usr/lib/libd.so",
    "/prog needs liba.so libb.so rpath /x:/y
     /x/liba.so needs libd.so rpath /first
     /y/libb.so needs libd.so rpath /second
     /first/libd.so
     /second/libd.so",
    "/prog needs liba.so libb.so runpath /x
     /x/liba.so needs libc1.so runpath /deep
     /x/libb.so needs libd.so runpath /wide
     /deep/libc1.so needs libd.so runpath /deep
     /deep/libd.so
     /wide/libd.so",
    "/prog needs libq.so libp.so runpath /x
     /x/libp.so needs libd.so runpath /y
     /x/libq.so needs libd.so
     /y/libd.so",
    "/prog needs libp.so libq.so runpath /x
     /x/libp.so needs libd.so runpath /y
     /x/libq.so needs libd.so
     /y/libd.so",
    "/prog needs liba.so
     /usr/lib/liba.so needs libb.so
     /usr/lib/libb.so needs liba.so libd.so
     /usr/lib/libd.so needs libb.so",
    "/prog needs liba.so
     /usr/lib/liba.so needs libgone.so libd.so
     /usr/lib/libd.so needs libgone.so libgone.so.2",
    // Only glibc supports nodefaultlib.
    "/prog needs liba.so libb.so nodefaultlib runpath /x
     /x/liba.so needs libb.so
     /usr/lib/libb.so",
];

const ONLY_MUSL: &[&str] = &[
    // The path file replaces the default directories, and an empty one leaves none.
    "/prog needs liba.so libb.so libd.so
     /etc/ld-musl-x86_64.path = /a:/b\\n/d
     /a/liba.so
     /b/libb.so
     /d/libd.so
     /usr/lib/liba.so",
    "/prog needs liba.so libb.so
     /etc/ld-musl-x86_64.path = /a\\n/b\\n\\n
     /a/liba.so
     /b/libb.so
     /lib/libb.so",
    "/prog needs liba.so
     /etc/ld-musl-x86_64.path =
     /lib/liba.so",
    "/prog needs liba.so
     /etc/ld-musl-x86_64.path = \\n
     /lib/liba.so",
    "/prog needs liba.so libb.so libd.so
     /etc/ld-musl-x86_64.path = opt/a:./b:d/\\n
     /opt/a/liba.so
     /b/libb.so
     /d/libd.so",
    "/prog needs liba.so libb.so
     /etc/ld-musl-x86_64.path = #/a\\n $ORIGIN:/b \\n/d\\r
     /a/liba.so
     /b/libb.so
     /lib/liba.so",
    "/prog needs liba.so
     /etc/ld-musl-x86_64.path -> nowhere
     /lib/liba.so",
    "/prog needs liba.so
     /etc/ld-musl-x86_64.path -> /opt/paths
     /opt/paths = /a
     /a/liba.so",
    "/prog needs liba.so
     /etc/ld-musl-x86_64.path -> ld-musl-x86_64.path
     /lib/liba.so",
    "/prog needs liba.so
     /etc/ld-musl-x86_64.path/
     /lib/liba.so",
    "/prog needs liba.so
     /etc = a file
     /lib/liba.so",
    "/prog needs liba.so libb.so rpath /x
     /etc/ld-musl-x86_64.path = /a
     /a/liba.so
     /x/liba.so
     /a/libb.so",
    "/prog needs liba.so
     /etc/ld-musl-aarch64.path = /a
     /a/liba.so
     /lib/liba.so",
    "/usr/lib/ld-musl-x86_64.so.1 image
     /lib -> usr/lib
     /prog needs liba.so
     /usr/lib/liba.so needs libb.so
     /etc/ld-musl-x86_64.path = /lib:/b
     /b/libb.so",
    "/usr/lib/ld-musl-x86_64.so.1 image
     /lib -> /usr/lib
     /prog needs liba.so libc.musl-x86_64.so.1
     /usr/lib/libc.musl-x86_64.so.1 -> ld-musl-x86_64.so.1
     /usr/lib/liba.so needs libb.so
     /usr/lib/libb.so",
    // Names that the loader answers itself, and similar names.
    "/prog needs libc.so libm.so.6 libpthread.so.0 libdl.so.2 librt.so.1 libutil.so.1 libxnet.so libc.musl-x86_64.so.1 libm.foo",
    "/prog needs libc.so libm.so.6 libc.musl-x86_64.so.1 liba.so
     /lib/libc.so
     /lib/libm.so.6
     /lib/libc.musl-x86_64.so.1 -> ld-musl-x86_64.so.1
     /lib/liba.so needs libc.musl-x86_64.so.1 libb.so
     /lib/libb.so",
    "/prog needs libcrypt.so.1 libresolv.so.2 libmagic.so.1 ld-linux-x86-64.so.2 libc libc1.so
     /lib/libmagic.so.1",
    "/prog needs /opt/libc.so liba.so
     /opt/libc.so
     /lib/liba.so needs libc.so",
    "/prog needs /lib/ld-musl-x86_64.so.1 ld-musl-x86_64.so.1",
    // Short names come from the path that was found. A search that finds a known inode adds a
    // missing one.
    "/prog needs liba.so libb.so libd.so runpath /x
     /x/liba.so
     /x/libb.so -> liba.so
     /x/libd.so needs libb.so runpath /y
     /y/libb.so needs liba.so runpath /z
     /z/liba.so",
    // A library as a program, which its own needs lead back to.
    "/prog needs liba.so runpath /
     /liba.so needs prog",
];

const ONLY_GLIBC: &[&str] = &[
    // The cache is read, ld.so.conf is not.
    "/prog needs liba.so libb.so.1
     /etc/ld.so.conf = /opt/a\\n
     /opt/a/liba.so
     /opt/a/libb.so.1 soname libb.so.1",
    "/prog needs liba.so libb.so.1
     /etc/ld.so.conf = /opt/a\\n
     /opt/a/liba.so
     /opt/a/libb.so.1 soname libb.so.1
     ldconfig",
    "/prog needs liba.so libb.so libd.so libe.so
     /etc/ld.so.conf = # first\\ninclude /etc/ld.so.conf.d/*.conf\\n/opt/e # last\\n
     /etc/ld.so.conf.d/a.conf = /opt/a/\\n
     /etc/ld.so.conf.d/b.conf = include b/*.list\\n
     /etc/ld.so.conf.d/b/one.list = /opt/b\\n
     /etc/ld.so.conf.d/d.off = /opt/d\\n
     /opt/a/liba.so
     /opt/b/libb.so
     /opt/d/libd.so
     /opt/e/libe.so
     ldconfig",
    "/prog needs libb.so.1 libx.so.9 plugin.abc
     /etc/ld.so.conf = /opt/a\\n
     /opt/a/libb.so.1.2 soname libb.so.1
     /opt/a/libx.so.8 soname libx.so.9
     /opt/a/plugin.abc
     ldconfig",
    // A stale cache: the file no longer exists, or another directory also has it.
    "/prog needs liba.so
     /etc/ld.so.conf = /opt/a\\n
     /opt/a/liba.so
     ldconfig
     remove /opt/a/liba.so",
    "/prog needs liba.so
     /etc/ld.so.conf = /opt/a\\n
     /opt/a/liba.so
     ldconfig
     remove /opt/a/liba.so
     /usr/lib/liba.so",
    "/prog needs liba.so
     /etc/ld.so.conf = /opt/a\\n/opt/b\\n
     /opt/a/liba.so
     /opt/b/liba.so
     ldconfig",
    "/prog needs liba.so
     /etc/ld.so.conf = /opt/a\\n/opt/b\\n
     /opt/a/liba.so
     /opt/b/liba.so
     ldconfig
     remove /opt/a/liba.so",
    "/prog needs liba.so
     /etc/ld.so.conf = /opt/a\\n/opt/b\\n
     /opt/a/liba.so
     /opt/b/liba.so
     ldconfig
     remove /opt/a/liba.so
     /opt/a/liba.so narrow",
    "/prog needs liba.so
     /etc/ld.so.conf = /opt/a\\n
     /opt/a/liba.so
     ldconfig
     remove /opt/a/liba.so
     /opt/a/liba.so = no longer an object, and a text of more than the sixty-four bytes of a header
     /usr/lib/liba.so",
    "/prog needs liba.so
     /etc/ld.so.conf = /opt/a\\n
     /opt/a/liba.so
     ldconfig
     remove /opt/a/liba.so
     /opt/a/liba.so -> liba.so
     /usr/lib/liba.so",
    "/prog needs liba.so libb.so
     /etc/ld.so.conf = /opt/a\\n/opt/b\\n
     /opt/a/liba.so narrow
     /opt/b/liba.so
     /opt/a/libb.so foreign
     /opt/b/libb.so
     ldconfig",
    "/prog needs liba.so
     /opt/a/liba.so
     /etc/ld.so.cache = not a cache",
    // The cache against default directories and run paths.
    "/prog needs liba.so libb.so runpath /x
     /etc/ld.so.conf = /usr/local/lib\\n
     /usr/local/lib/liba.so
     /usr/lib/liba.so
     /usr/local/lib/libb.so
     /x/libb.so
     ldconfig",
    "/prog needs liba.so
     /etc/ld.so.conf = /opt/a\\n
     /opt/a/libother.so soname liba.so
     /usr/lib/liba.so soname liba.so
     ldconfig",
    "/prog needs liba.so
     /usr/lib/x86_64-linux-gnu/liba.so
     /lib/x86_64-linux-gnu/liba.so
     /usr/lib/liba.so
     ldconfig
     remove /lib/x86_64-linux-gnu/liba.so",
    // nodefaultlib also refuses entries of the cache that are in default directories or below them.
    "/prog needs liba.so libb.so libd.so libe.so nodefaultlib
     /etc/ld.so.conf = /opt/a\\n/usr/lib/extra\\n
     /opt/a/liba.so needs libe.so
     /usr/lib/libb.so
     /usr/lib/extra/libd.so
     /usr/lib/libe.so
     ldconfig",
    "/prog needs liba.so libb.so rpath /x nodefaultlib
     /x/liba.so needs libb.so
     /usr/lib/libb.so",
    // The real libc, the loader by its names, with and without a file of that name.
    "/lib64/ld-linux-x86-64.so.2 image
     /lib/x86_64-linux-gnu/libc.so.6 image
     /prog needs liba.so libc.so.6
     /usr/lib/liba.so needs libc.so.6 ld-linux-x86-64.so.2",
    "/prog needs ld-linux-x86-64.so.2 liba.so
     /usr/lib/ld-linux-x86-64.so.2
     /usr/lib/liba.so needs /lib64/ld-linux-x86-64.so.2",
    "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 image
     /usr/lib/x86_64-linux-gnu/libc.so.6 image
     /usr/lib64/ld-linux-x86-64.so.2 -> /lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
     /lib -> usr/lib
     /lib64 -> usr/lib64
     /prog needs libc.so.6 liba.so
     /usr/lib/liba.so
     /usr/lib/x86_64-linux-gnu/liba.so
     ldconfig",
    // A library for another machine is skipped.
    "/prog needs liba.so libb.so runpath /x:/y
     /x/liba.so foreign
     /y/liba.so
     /x/libb.so foreign",
];

fn check(workshop: &Workshop, interpreter: &str, cases: &[&str], least: usize) {
    let mut names = 0;
    let mut disagreements = Vec::new();
    for table in cases {
        let made = workshop.root(table);
        let root = Root::new(Directory::open(made.path(), &[]).unwrap());
        let library = Library::new(&root);
        let program = RealPath::known("/prog");
        let machine =
            library.read(&program).unwrap().as_ref().as_ref().unwrap().as_ref().unwrap().machine;
        let loader = choose_loader(&root, interpreter, machine).unwrap();
        let theirs = real(made.path(), interpreter, "/prog");
        let ours = ours(made.path(), loader.as_ref(), &library, &program);
        println!("{table}\n{theirs:?}\n");
        names += theirs.names();
        if ours != theirs {
            disagreements.push(format!("{table}\nreal {theirs:?}\nours {ours:?}"));
        }
    }
    println!("{interpreter}: {} cases, {names} names compared", cases.len());
    assert!(
        disagreements.is_empty(),
        "{} disagreements:\n{}",
        disagreements.len(),
        disagreements.join("\n\n")
    );
    assert!(names >= least, "only {names} names compared");
}

#[test]
#[ignore = "needs the lab: buildah and the base images"]
fn crafted_musl() {
    let workshop =
        Workshop::new("docker.io/library/alpine:3.20", MUSL, &["lib/ld-musl-x86_64.so.1"]);
    check(&workshop, MUSL, &[BOTH, ONLY_MUSL].concat(), 180);
}

#[test]
#[ignore = "needs the lab: buildah and the base images"]
fn crafted_glibc() {
    let files = [
        "lib/x86_64-linux-gnu/libc.so.6",
        "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
        "sbin/ldconfig",
    ];
    let workshop = Workshop::new("docker.io/library/debian:bookworm-slim", GLIBC, &files);
    check(&workshop, GLIBC, &[BOTH, ONLY_GLIBC].concat(), 180);
}
