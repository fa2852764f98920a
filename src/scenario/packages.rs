//! Lines of packages, and the databases that they become.

use std::fmt::Write as _;

use super::files::{Files, Node};
use super::text::{Line, Writer};

/// One package, in the words of its database.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    manager: String,
    name: String,
    version: String,
    depends: Vec<String>,
    provides: Vec<String>,
    files: Vec<String>,
    essential: bool,
    asked: bool,
    licence: Option<String>,
    /// Of a conda package.
    prefix: Option<String>,
}

impl Listed {
    fn new(manager: &str, name: &str, version: &str) -> Listed {
        let (manager, name, version) = (manager.to_owned(), name.to_owned(), version.to_owned());
        Listed { manager, name, version, ..Listed::default() }
    }

    pub(crate) fn apk(name: &str, version: &str) -> Listed {
        Listed::new("apk", name, version)
    }

    pub(crate) fn deb(name: &str, version: &str) -> Listed {
        Listed::new("deb", name, version)
    }

    pub(crate) fn depends(mut self, names: &str) -> Listed {
        self.depends.extend(names.split_whitespace().map(str::to_owned));
        self
    }

    pub(crate) fn provides(mut self, names: &str) -> Listed {
        self.provides.extend(names.split_whitespace().map(str::to_owned));
        self
    }

    pub(crate) fn essential(mut self) -> Listed {
        self.essential = true;
        self
    }

    pub(crate) fn owns(mut self, files: impl Iterator<Item = String>) -> Listed {
        self.files.extend(files);
        self
    }

    fn apk_record(&self) -> String {
        let mut text =
            format!("C:Q1{0}\nP:{0}\nV:{1}\nA:x86_64\nI:1000\n", self.name, self.version);
        let licence = self.licence.as_deref().unwrap_or("MIT");
        let _ = writeln!(text, "L:{licence}\no:{}", self.name);
        let _ = writeln!(text, "D:{}\np:{}", self.depends.join(" "), self.provides.join(" "));
        for file in &self.files {
            let (directory, name) = file[1..].rsplit_once('/').unwrap_or(("", &file[1..]));
            let _ = writeln!(text, "F:{directory}\nR:{name}");
        }
        text + "\n"
    }

    /// Several names between commas, alternatives with `|` between them.
    fn stanza(&self) -> String {
        let Listed { name, version, depends, provides, essential, .. } = self;
        let mut text = format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n\
             Installed-Size: 1\nVersion: {version}\n"
        );
        let _ =
            writeln!(text, "Depends: {}\nProvides: {}", depends.join(", "), provides.join(", "));
        text + if *essential { "Essential: yes\n\n" } else { "\n" }
    }

    /// Files with the prefix in their text get it replaced where they move.
    fn conda_record(&self, prefix: &str, files: &Files) -> String {
        let below = |file: &String| file[prefix.len() + 1..].to_owned();
        let embeds = |file: &String| {
            files.content(file).is_some_and(|content| {
                memchr::memmem::find(content, prefix.as_bytes()).is_some()
                    && !content.starts_with(b"\x7fELF")
            })
        };
        let paths: Vec<serde_json::Value> = self
            .files
            .iter()
            .map(|file| {
                let mut path = serde_json::json!({"_path": below(file), "path_type": "hardlink"});
                if embeds(file) {
                    path["file_mode"] = "text".into();
                    path["prefix_placeholder"] = "/placeholder".into();
                }
                path
            })
            .collect();
        let file = format!("{}-{}-0.conda", self.name, self.version);
        serde_json::json!({
            "name": self.name, "version": self.version, "build": "0", "build_number": 0,
            "subdir": "linux-64", "depends": self.depends,
            "license": self.licence.as_deref().unwrap_or("MIT"),
            "fn": file, "url": format!("https://conda.example/linux-64/{file}"),
            "channel": "https://conda.example",
            "files": self.files.iter().map(below).collect::<Vec<_>>(),
            "paths_data": {"paths_version": 1, "paths": paths},
        })
        .to_string()
    }
}

/// All packages of a root.
#[derive(Debug, Default)]
pub(crate) struct Databases(Vec<Listed>);

impl Databases {
    pub(crate) fn add(&mut self, package: Listed) {
        self.0.push(package);
    }

    /// Writes each database where its manager has it.
    pub(crate) fn write(self, files: &mut Files) {
        let (mut apk, mut status) = (String::new(), String::new());
        let (mut world, mut automatic) = (String::new(), String::new());
        for package in &self.0 {
            match (package.manager.as_str(), package.asked) {
                ("apk", true) => world += &format!("{}\n", package.name),
                ("deb", false) => {
                    automatic += &format!("Package: {}\nAuto-Installed: 1\n\n", package.name);
                }
                _ => {}
            }
        }
        for package in &self.0 {
            match (package.manager.as_str(), &package.prefix) {
                ("apk", _) => apk += &package.apk_record(),
                ("deb", _) => {
                    status += &package.stanza();
                    let list = package.files.join("\n") + "\n";
                    let path = format!("/var/lib/dpkg/info/{}.list", package.name);
                    files.put(&path, Node::File(list.into_bytes()));
                }
                (_, Some(prefix)) => {
                    let record = package.conda_record(prefix, files);
                    let (name, version) = (&package.name, &package.version);
                    let path = format!("{prefix}/conda-meta/{name}-{version}-0.json");
                    files.put(&path, Node::File(record.into_bytes()));
                }
                (manager, None) => {
                    panic!("{}: a package of {manager} is `in` a prefix", package.name)
                }
            }
        }
        for (path, text) in [
            ("/lib/apk/db/installed", apk),
            ("/etc/apk/world", world),
            ("/var/lib/dpkg/status", status),
            ("/var/lib/apt/extended_states", automatic),
        ] {
            if !text.is_empty() {
                files.put(path, Node::File(text.into_bytes()));
            }
        }
    }
}

impl Writer {
    /// `apk NAME [VERSION] [depends …] [provides …] [essential] [asked] [licence X] [owns FILE [words of an
    /// object] …]`
    pub(crate) fn package(&mut self, line: &Line) {
        let mut package = Listed::new(line.head, &line.value(0, ""), &line.value(1, "1"));
        package.depends = line.all("depends");
        package.provides = line.all("provides");
        package.essential = line.has("essential");
        package.asked = line.has("asked");
        package.licence = line.all("licence").first().cloned();
        package.prefix = line.all("in").first().cloned();
        for (file, object) in line.files("owns") {
            let path = self.files.through_links(&file);
            self.file(&path, object);
            package.files.push(file);
        }
        self.databases.add(package);
    }

    /// `ldconfig DIRECTORY…`: `/etc/ld.so.cache` of these directories, and of no others.
    pub(crate) fn ldconfig(&mut self, line: &Line) {
        const ENTRY: usize = 24;
        // Of two files with one name, the one in the first directory is found.
        let inside = |directory: &str, path: &str| {
            let name = path.strip_prefix(directory)?.strip_prefix('/')?;
            let library = name.contains(".so") && !name.contains('/');
            library.then(|| (name.to_owned(), path.to_owned()))
        };
        let paths = |directory: &String| {
            self.files.iter().filter_map(|(path, _)| inside(directory, path)).collect::<Vec<_>>()
        };
        let entries: Vec<(String, String)> = line.values.iter().flat_map(paths).collect();
        let word = |value: usize| u32::try_from(value).expect("a small file").to_le_bytes();
        let mut bytes = b"glibc-ld.so.cache1.1".to_vec();
        bytes.extend(word(entries.len()));
        bytes.resize(48, 0);
        let mut at = 48 + ENTRY * entries.len();
        for (name, path) in &entries {
            bytes.extend(0x0303_u32.to_le_bytes());
            bytes.extend([word(at), word(at + name.len() + 1), [0; 4]].concat());
            bytes.extend([0; 8]);
            at += name.len() + path.len() + 2;
        }
        for (name, path) in &entries {
            bytes.extend(format!("{name}\0{path}\0").into_bytes());
        }
        self.files.put("/etc/ld.so.cache", Node::File(bytes));
        let directories = line.values.join("\n") + "\n";
        self.files.put("/etc/ld.so.conf.d/more.conf", Node::File(directories.into_bytes()));
    }
}
