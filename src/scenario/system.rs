//! The systems that roots begin with, and their interpreters.

use super::files::Node;
use super::object::Object;
use super::packages::Listed;
use super::text::{Line, Writer};
use crate::loader::Libc;

/// What later lines build on.
#[derive(Default)]
pub(crate) struct System {
    pub(crate) libc: Option<Libc>,
    /// The last interpreter: its path and `3.11.9`.
    pub(crate) python: Option<(String, String)>,
}

impl System {
    /// `3.11`.
    pub(crate) fn minor(&self) -> String {
        let (_, version) = self.python.as_ref().expect("a line `python` comes before");
        version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
    }

    /// `python3.11`, `python3.13t` free threaded.
    pub(crate) fn library(&self) -> String {
        let (program, _) = self.python.as_ref().expect("a line `python` comes before");
        let flag = if program.ends_with('t') { "t" } else { "" };
        format!("python{}{flag}", self.minor())
    }

    fn loader(&self) -> &'static str {
        match self.libc {
            Some(Libc::Musl) => "/lib/ld-musl-x86_64.so.1",
            Some(Libc::Glibc) => "/lib64/ld-linux-x86-64.so.2",
            None => "/lib/ld-other.so.1",
        }
    }

    fn c_library(&self) -> Option<&'static str> {
        self.libc.map(|libc| match libc {
            Libc::Musl => "libc.musl-x86_64.so.1",
            Libc::Glibc => "libc.so.6",
        })
    }
}

fn words(object: &mut Object, word: &str, values: &str) {
    object.set(word, &values.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
}

impl Writer {
    /// `alpine [3.20.3]`: musl 1.2.5, busybox, apk.
    pub(crate) fn alpine(&mut self, line: &Line) {
        let version = line.value(0, "3.20.3");
        let release =
            format!("ID=alpine\nVERSION_ID={version}\nPRETTY_NAME=\"Alpine {version}\"\n");
        self.files.put("/etc/os-release", Node::File(release.into_bytes()));
        self.system.libc = Some(Libc::Musl);
        let mut musl = Object::default().with_string("1.2.5");
        words(&mut musl, "soname", "libc.musl-x86_64.so.1");
        words(&mut musl, "defines", "malloc statx strlcpy dlopen");
        self.files.put("/lib/ld-musl-x86_64.so.1", Node::File(musl.bytes()));
        self.link("/lib/libc.musl-x86_64.so.1", "ld-musl-x86_64.so.1");
        self.own(
            Listed::apk("musl", "1.2.5-r0").provides("so:libc.musl-x86_64.so.1=1"),
            &["/lib/ld-musl-x86_64.so.1", "/lib/libc.musl-x86_64.so.1"],
        );
        let busybox = Listed::apk("busybox", "1.36.1-r29").depends("so:libc.musl-x86_64.so.1");
        self.own(busybox, &["/bin/busybox"]);
        for name in ["/bin/sh", "/usr/bin/env"] {
            self.link(name, "/bin/busybox");
        }
        self.own(Listed::apk("apk-tools", "2.14.4-r0").depends("musl busybox"), &["/sbin/apk"]);
    }

    /// `debian [12 bookworm]`: a merged `/usr`, glibc 2.36, dash, coreutils, apt.
    pub(crate) fn debian(&mut self, line: &Line) {
        let (version, codename) = (line.value(0, "12"), line.value(1, "bookworm"));
        let release = format!(
            "ID=debian\nVERSION_ID=\"{version}\"\nVERSION_CODENAME={codename}\n\
             PRETTY_NAME=\"Debian {version}\"\n"
        );
        self.files.put("/etc/os-release", Node::File(release.into_bytes()));
        self.system.libc = Some(Libc::Glibc);
        for (path, target) in [
            ("/bin", "usr/bin"),
            ("/sbin", "usr/sbin"),
            ("/lib", "usr/lib"),
            ("/lib64", "usr/lib64"),
        ] {
            self.link(path, target);
        }
        const DIRECTORY: &str = "/usr/lib/x86_64-linux-gnu";
        // The strings that the real loader and library have.
        let directories = "/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0";
        let mut loader = Object::default().with_string(directories);
        words(&mut loader, "soname", "ld-linux-x86-64.so.2");
        words(&mut loader, "versions", "GLIBC_2.2.5 GLIBC_2.3");
        let newest = if version == "12" { 36 } else { 31 };
        let banner = format!("GNU C Library (Debian) stable release version 2.{newest}.\n");
        let mut library = Object::default().with_string(&banner);
        words(&mut library, "soname", "libc.so.6");
        words(&mut library, "needs", "ld-linux-x86-64.so.2");
        words(&mut library, "defines", "malloc dlopen");
        words(&mut library, "versions", "GLIBC_2.2.5 GLIBC_2.17 GLIBC_2.28 GLIBC_2.31");
        if newest == 36 {
            words(&mut library, "versions", "GLIBC_2.34 GLIBC_2.36");
        }
        for (name, object) in [("ld-linux-x86-64.so.2", loader), ("libc.so.6", library)] {
            self.files.put(&format!("{DIRECTORY}/{name}"), Node::File(object.bytes()));
        }
        let loader = "/usr/lib64/ld-linux-x86-64.so.2";
        self.link(loader, "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
        let files = [
            "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
            "/lib/x86_64-linux-gnu/libc.so.6",
            "/lib64/ld-linux-x86-64.so.2",
        ];
        self.own(Listed::deb("libc6", "2.36-9"), &files);
        self.own(Listed::deb("dash", "0.5.12").depends("libc6").essential(), &["/bin/dash"]);
        self.link("/usr/bin/sh", "dash");
        let coreutils = Listed::deb("coreutils", "9.1").depends("libc6").essential();
        self.own(coreutils, &["/usr/bin/env"]);
        self.own(Listed::deb("apt", "2.6.1").depends("libc6"), &["/usr/bin/apt-get"]);
    }

    fn own(&mut self, package: Listed, files: &[&str]) {
        for file in files {
            let path = self.files.through_links(file);
            self.file(&path, None);
        }
        self.databases.add(package.owns(files.iter().map(|file| (*file).to_owned())));
    }

    fn link(&mut self, path: &str, target: &str) {
        self.files.put(path, Node::Link(target.to_owned()));
    }
}

/// `python /usr/bin/python3.11 [3.11.9] [of PACKAGE]`: the program, its links, the standard
/// library.
pub(crate) fn python(writer: &mut Writer, line: &Line) {
    let path = line.value(0, "");
    let (prefix, name) = path.split_once("/bin/").expect("an interpreter is in bin/");
    let name_version = name.strip_prefix("python").unwrap_or_default().trim_end_matches('t');
    let usual =
        if name_version.contains('.') { format!("{name_version}.9") } else { "3.11.9".into() };
    let version = line.value(1, &usual);
    writer.system.python = Some((path.clone(), version.clone()));
    let system = &writer.system;
    let family = if system.libc == Some(Libc::Musl) { "musl" } else { "gnu" };
    let library = system.library();
    let abi = library.replace("python", "cpython-").replace('.', "");
    let suffix = format!(".{abi}-x86_64-linux-{family}.so");
    let mut program = line.object().with_string(&version).with_string(&suffix);
    words(&mut program, "interp", system.loader());
    words(&mut program, "needs", system.c_library().unwrap_or_default());
    // With a NUL before it, as compilers write strings.
    writer.files.put(&path, Node::File(program.bytes()));
    let links = ["python3", "python"].map(|link| format!("{prefix}/bin/{link}"));
    let mut owned = vec![path.clone()];
    for link in links.into_iter().filter(|link| *link != path) {
        writer.files.put(&link, Node::Link(name.to_owned()));
        owned.push(link);
    }
    for module in ["os.py", "json/__init__.py", "sqlite3/__init__.py"] {
        let file = format!("{prefix}/lib/{library}/{module}");
        writer.file(&file, None);
        owned.push(file);
    }
    if let Some(package) = line.all("of").first() {
        let listed = match writer.system.libc {
            Some(Libc::Musl) => Listed::apk(package, &version).depends("musl"),
            _ => Listed::deb(package, &version).depends("libc6"),
        };
        writer.databases.add(listed.owns(owned.into_iter()));
    }
    writer.site.python = path;
}
