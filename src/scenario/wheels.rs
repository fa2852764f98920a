//! Lines of environments and of the distributions in them.

use sha2::{Digest, Sha256};

use super::files::Node;
use super::text::{Line, Writer};
use crate::python::{record_text, recorded_hash};

/// Where the next wheels are installed.
#[derive(Default)]
pub(crate) struct Site {
    /// The directory of the distributions.
    pub(crate) directory: String,
    pub(crate) scripts: String,
    /// Of `pip install --target`: RECORD names scripts as if the directory were `lib/python`.
    pub(crate) target: bool,
    /// What scripts start.
    pub(crate) python: String,
}

impl Writer {
    /// `venv /opt/venv [system]`: of the last interpreter; `system` sees its packages too.
    pub(crate) fn venv(&mut self, line: &Line) {
        let prefix = line.value(0, "");
        let (program, version) = self.system.python.clone().expect("a line `python` comes before");
        let (home, _) = program.rsplit_once('/').expect("a program is in a directory");
        let system = line.has("system");
        let text = format!(
            "home = {home}\ninclude-system-site-packages = {system}\nversion = {version}\n"
        );
        self.files.put(&format!("{prefix}/pyvenv.cfg"), Node::File(text.into_bytes()));
        self.files.put(&format!("{prefix}/bin/python"), Node::Link(program));
        self.files.put(&format!("{prefix}/bin/python3"), Node::Link("python".to_owned()));
        let directory = format!("{prefix}/lib/{}/site-packages", self.system.library());
        self.files.put(&directory, Node::Directory);
        self.site = Site {
            directory,
            scripts: format!("{prefix}/bin"),
            target: false,
            python: format!("{prefix}/bin/python"),
        };
    }

    /// `site DIRECTORY [scripts DIRECTORY]`, `target DIRECTORY`: where pip was sent.
    pub(crate) fn site(&mut self, line: &Line) {
        let directory = line.value(0, "");
        let target = line.head == "target";
        let beside = || match directory.split_once("/lib/") {
            Some((prefix, _)) => format!("{prefix}/bin"),
            None => format!("{directory}/bin"),
        };
        let scripts = line.all("scripts").first().cloned().unwrap_or_else(beside);
        let python = self.system.python.as_ref().map(|(path, _)| path.clone()).unwrap_or_default();
        self.files.put(&directory, Node::Directory);
        self.site = Site { directory, scripts, target, python };
    }

    /// `wheel NAME [VERSION] [requires …] [has FILE [words of an object] …] [script NAME=OBJECT …]
    /// [asked] [from URL] [editable URL] [installer NAME] [norecord]`, its files below the site or
    /// absolute.
    pub(crate) fn wheel(&mut self, line: &Line) {
        let (name, version) = (line.value(0, ""), line.value(1, "1.0"));
        let info = format!("{}-{version}.dist-info", name.replace('-', "_"));
        let requires: String = line
            .all("requires")
            .iter()
            .map(|one| format!("Requires-Dist: {}\n", one.replace(';', " ; ")))
            .collect();
        let metadata =
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}\n");
        let mut texts = vec![
            ("METADATA", metadata),
            ("WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned()),
            ("INSTALLER", line.all("installer").first().map_or("pip", String::as_str).to_owned()),
        ];
        let scripts = line.all("script");
        if !scripts.is_empty() {
            let entries: String = scripts.iter().map(|script| format!("{script}\n")).collect();
            texts.push(("entry_points.txt", format!("[console_scripts]\n{entries}")));
        }
        if line.has("asked") {
            texts.push(("REQUESTED", String::new()));
        }
        for (word, editable) in [("from", false), ("editable", true)] {
            if let Some(url) = line.all(word).first() {
                let text = format!(r#"{{"url":"{url}","dir_info":{{"editable":{editable}}}}}"#);
                texts.push(("direct_url.json", text));
            }
        }
        let mut recorded = Vec::new();
        for (name, text) in texts {
            let path = format!("{}/{info}/{name}", self.site.directory);
            self.files.put(&path, Node::File(text.into_bytes()));
            recorded.push(path);
        }
        for script in &scripts {
            let name = script.split('=').next().unwrap_or_default();
            let path = format!("{}/{name}", self.site.scripts);
            self.file(&path, None);
            recorded.push(path);
        }
        for (file, object) in line.files("has") {
            let path = if file.starts_with('/') { file } else { self.below_site(&file) };
            self.file(&path, object);
            recorded.push(path);
        }
        if !line.has("norecord") {
            let record = format!("{}/{info}/RECORD", self.site.directory);
            recorded.push(record.clone());
            let text = record_text(recorded.iter().map(|path| self.record_line(path)));
            self.files.put(&record, Node::File(text.into_bytes()));
        }
    }

    fn below_site(&self, file: &str) -> String {
        let mut directory: Vec<&str> = self.site.directory.split('/').collect();
        let mut rest = file;
        while let Some(below) = rest.strip_prefix("../") {
            directory.pop();
            rest = below;
        }
        format!("{}/{rest}", directory.join("/"))
    }

    fn record_line(&self, path: &str) -> [String; 3] {
        let site = crate::path::RealPath::known(&self.site.directory);
        let written = match path.strip_prefix(&format!("{}/", self.site.scripts)) {
            Some(name) if self.site.target => format!("../../bin/{name}"),
            _ => crate::path::RealPath::known(path).relative_to(&site),
        };
        let content = self.files.content(path).filter(|_| !path.ends_with("/RECORD"));
        let hash = content.map(|content| recorded_hash(&Sha256::digest(content)));
        let size = content.map(|content| content.len().to_string());
        [written, hash.unwrap_or_default(), size.unwrap_or_default()]
    }
}
