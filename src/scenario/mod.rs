//! Roots and requests written as text, so that plans, reports and verification are tested in
//! memory.
//!
//! A root is read line by line, in order. Each line puts something there:
//!
//! ```text
//! alpine [3.20.3]                     musl, busybox, apk and their database
//! debian [12 bookworm]                glibc 2.36 with a merged /usr, dash, coreutils, apt
//! python /usr/bin/python3.11 [3.11.9] [of PACKAGE]
//! venv /opt/venv [system]             of the last interpreter; the next wheels go there
//! site DIRECTORY [scripts DIRECTORY]  the next wheels go there: a system's, --prefix, --user
//! target DIRECTORY                    … as `pip install --target` puts them
//! wheel NAME [VERSION] [requires R…] [has FILE [OBJECT]…] [script NAME=OBJECT…] [asked]
//!       [from URL] [editable URL] [installer NAME] [norecord]
//! apk|deb NAME [VERSION] [depends N…] [provides N…] [essential] [asked] [owns FILE [OBJECT]…]
//! conda NAME [VERSION] in PREFIX [depends N…] [owns FILE [OBJECT]…]
//! ldconfig DIRECTORY…                 /etc/ld.so.cache of these, and their ld.so.conf.d
//! remove /path
//! setcap /path
//! /path OBJECT
//! /path = text\n
//! /path -> target
//! /directory/
//! ```
//!
//! OBJECT is the words of an ELF file: `needs N… soname N runpath P rpath P interp P glibc 2.34…
//! versions V… defines S… calls S… opens N… declares N… foreign debug bytes 70000`, or `elf` alone. A file of a list
//! without such words is an ELF file when its name has `.so` in it, a script when it is in a `bin`,
//! and text otherwise; its content says its path. Files of `has` are below the site, `../` leads
//! out of it. A requirement is one word: `requires click>=8 tomli;python_version<"3.11"`. A line
//! that begins with a word of a list goes on with the line before it.
//!
//! `VENV/` is the site directory of `/opt/venv`, `APP/` the usual prefix of a bundle, and `SITE/`
//! its site directory: in roots, and in what comes out.
//!
//! A request is the words of the command line: `/opt/venv --native vendor --base alpine:3.20`.
//!
//! Invariant: no disk; a word that is not known panics.

mod ask;
mod deliver;
mod files;
mod object;
mod packages;
pub(crate) mod show;
mod system;
mod text;
mod wheels;

use files::Files;
use sha2::{Digest, Sha256};

use crate::base;
use crate::bundle::{ImageEntry, ImageManifest, ImagePart};
use crate::digest::hex;
use crate::inventory::{self, Inventory};
use crate::path::RealPath;
use crate::plan::{self, Plan};
use crate::root::Root;
use crate::verify::{self, Verification};

/// Paths that nearly every table names, as they are written there; the longest first.
const SHORT: [(&str, &str); 3] = [
    ("VENV/", "/opt/venv/lib/python3.11/site-packages/"),
    ("SITE/", "/opt/app/lib/python3.11/site-packages/"),
    ("APP/", "/opt/app/"),
];

/// A builder, a request, and the resulting plan.
pub(crate) struct Scenario {
    builder: Root,
    pub(crate) inventory: Inventory,
    pub(crate) plan: Plan,
}

/// The plan of a request. The words are all that is known of the final root.
pub(crate) fn plan(root: &str, ask: &str) -> Scenario {
    make(root, None, ask)
}

/// The plan of a request whose final root is there to be read.
pub(crate) fn plan_over(root: &str, base: &str, ask: &str) -> Scenario {
    make(root, Some(base), ask)
}

fn make(root: &str, base: Option<&str>, ask: &str) -> Scenario {
    let builder = open(&text::parse(root));
    let profile = base.map(|base| base::read(&open(&text::parse(base))).expect("a readable base"));
    let asked = ask::Asked::parse(ask, profile);
    let scope = asked.scope();
    let inventory = inventory::take_inventory(&builder, &asked.named, &asked.surroundings, scope)
        .unwrap_or_else(|error| panic!("{error}\n{root}"));
    let plan = plan::make(&inventory, &asked.request);
    Scenario { builder, inventory, plan }
}

impl Scenario {
    /// The bundle over this final root, verified.
    pub(crate) fn verify_over(&self, base: &str) -> Verification {
        self.verify_changed(base, "")
    }

    /// The bundle over this final root, verified after a change.
    pub(crate) fn verify_changed(&self, base: &str, change: &str) -> Verification {
        let bundle = deliver::deliver(&self.plan, &self.builder);
        self.verify_tree(text::change(bundle.over(&text::parse(base)), change))
    }

    /// The bundle without one of its layers over this final root, verified.
    pub(crate) fn verify_without_layer(&self, base: &str, layer: &str) -> Verification {
        let mut bundle = deliver::deliver(&self.plan, &self.builder);
        let entries = self.plan.entries.iter();
        let lost = entries.filter(|entry| entry.layer.as_deref() == Some(layer));
        lost.for_each(|entry| bundle.remove(entry.to.as_str()));
        self.verify_tree(bundle.over(&text::parse(base)))
    }

    fn verify_tree(&self, files: Files) -> Verification {
        verify::verify(&open(&files), &self.plan.prefix, None)
    }
}

/// The findings in a final root that has an environment whose manifest lists these native files alone.
pub(crate) fn verify(root: &str, prefix: &str, outside: &[&str]) -> Verification {
    let prefix = RealPath::known(prefix);
    let files = text::parse(root);
    let entry = |path: &&str| ImageEntry {
        path: RealPath::known(path),
        mode: None,
        sha256: files.content(path).map(|content| hex(&Sha256::digest(content))),
        link: None,
    };
    let entries = outside.iter().map(entry).collect();
    let part = ImagePart { layer: None, distribution: None, entries };
    let manifest = ImageManifest { parts: vec![part], ..ImageManifest::empty(&prefix) };
    verify::verify(&open(&files), &prefix, Some(manifest))
}

/// A text of a table with its paths written out.
fn expand(text: &str) -> String {
    SHORT.iter().fold(text.to_owned(), |text, (short, long)| text.replace(short, long))
}

/// The reverse of [`expand`].
fn shorten(text: &str) -> String {
    SHORT.iter().fold(text.to_owned(), |text, (short, long)| text.replace(long, short))
}

fn open(files: &Files) -> Root {
    Root::new(files.tree())
}

/// Compares lines with those of `expect`, which stand below one another or with ` | ` between them.
///
/// # Panics
/// When they differ, with the root.
#[track_caller]
pub(crate) fn compare(root: &str, lines: &[String], expect: &str) {
    let wanted: Vec<&str> =
        expect.split(['\n', '|']).map(str::trim).filter(|line| !line.is_empty()).collect();
    let got: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert!(
        got == wanted,
        "in\n{root}\n\ncame out\n{}\n\nnot\n{}\n",
        got.join("\n"),
        wanted.join("\n")
    );
}
