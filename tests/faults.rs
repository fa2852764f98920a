//! Every read of a root fails once. The answer is then the same as without the fault, or it says what
//! failed: an error, or a deny-level finding. It is never another answer and a good exit status.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wheelbarrow::bundle::{self, Format, ImageManifest, MANIFEST, Manifest, Papers};
use wheelbarrow::finding::{Finding, Severity};
use wheelbarrow::inventory::{Scope, take_inventory};
use wheelbarrow::path::RealPath;
use wheelbarrow::plan::{self, NativeMode, Request};
use wheelbarrow::python::Surroundings;
use wheelbarrow::report;
use wheelbarrow::root::{Content, Directory, Entry, Meta, Overlay, Root, RootError, Tree};
use wheelbarrow::verify::verify;

use crate::support::dump;

const FIXTURE: &str = "py-fixtures/alpine-venv";

/// The number of reads until one fails. It counts on below zero, so that it tells how many there were.
#[derive(Clone)]
struct Countdown(Arc<AtomicUsize>);

impl Countdown {
    fn new(reads: usize) -> Countdown {
        Countdown(Arc::new(AtomicUsize::new(reads)))
    }

    fn read(&self) -> io::Result<()> {
        match self.0.fetch_sub(1, Ordering::Relaxed) {
            0 => Err(io::Error::from_raw_os_error(5)),
            _ => Ok(()),
        }
    }

    fn read_of(&self, path: &RealPath, operation: &'static str) -> Result<(), RootError> {
        self.read().map_err(|error| RootError::io(path, operation, error))
    }
}

/// A tree of which one read fails.
struct Faulty<T> {
    tree: T,
    left: Countdown,
}

struct FaultyContent {
    content: Box<dyn Content>,
    left: Countdown,
}

impl Content for FaultyContent {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.left.read()?;
        self.content.read_at(buffer, offset)
    }

    fn size(&self) -> u64 {
        self.content.size()
    }
}

impl<T: Tree> Tree for Faulty<T> {
    fn lookup(&self, path: &RealPath) -> Result<Option<Meta>, RootError> {
        self.left.read_of(path, "stat")?;
        self.tree.lookup(path)
    }

    fn has_capabilities(&self, path: &RealPath) -> Result<bool, RootError> {
        self.left.read_of(path, "read the attributes of")?;
        self.tree.has_capabilities(path)
    }

    fn open(&self, path: &RealPath) -> Result<Box<dyn Content>, RootError> {
        self.left.read_of(path, "open")?;
        let (content, left) = (self.tree.open(path)?, self.left.clone());
        Ok(Box::new(FaultyContent { content, left }))
    }

    /// Listing the directory itself may fail, and then each entry: as `getdents64` and `readlink` do.
    fn walk(
        &self,
        top: &RealPath,
        depth: usize,
        enter: &dyn Fn(&str) -> bool,
    ) -> Vec<Result<Entry, RootError>> {
        if let Err(error) = self.left.read_of(top, "list") {
            return vec![Err(error)];
        }
        let entries = self.tree.walk(top, depth, enter).into_iter();
        entries
            .map(|entry| entry.and_then(|one| self.left.read_of(&one.path, "stat").map(|()| one)))
            .collect()
    }
}

/// What a command says and does.
#[derive(Debug, PartialEq)]
struct Answer {
    text: String,
    denied: Vec<String>,
}

impl Answer {
    fn new(text: String, findings: &[Finding]) -> Answer {
        let denied = findings.iter().filter(|finding| finding.severity == Severity::Deny);
        let denied =
            denied.map(|one| format!("{} {}: {}", one.code.as_str(), one.subject, one.message));
        Answer { text, denied: denied.collect() }
    }
}

/// Lets each read of `tree` fail once, in one thread, so that the n-th read is the same in every run.
fn each_read_fails_once<T: Tree + 'static>(
    tree: impl Fn() -> T,
    answer: impl Fn(&Root) -> Result<Answer, String> + Sync + Send,
) {
    let thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let try_with = |reads: usize| {
        let left = Countdown::new(reads);
        let root = Root::new(Faulty { tree: tree(), left: left.clone() });
        (thread.install(|| answer(&root)), reads.wrapping_sub(left.0.load(Ordering::Relaxed)))
    };
    let (sound, reads) = try_with(usize::MAX);
    let sound = sound.unwrap();
    assert!(reads > 50, "{reads} reads");
    let mut silent = Vec::new();
    for fault in 0..reads {
        let (answered, _) = try_with(fault);
        let said = match &answered {
            Err(_) => true,
            Ok(answer) => *answer == sound || answer.denied.len() > sound.denied.len(),
        };
        if !said {
            silent.push(format!("read {fault}: {}", difference(&sound, &answered.unwrap())));
        }
    }
    assert!(silent.is_empty(), "{} of {reads}:\n{}", silent.len(), silent.join("\n"));
}

/// The first line that differs.
fn difference(sound: &Answer, other: &Answer) -> String {
    let (mut before, mut after) = (sound.text.lines(), other.text.lines());
    loop {
        match (before.next(), after.next()) {
            (None, None) => return "other findings".to_owned(),
            (one, two) if one != two => return format!("{one:?} became {two:?}"),
            _ => {}
        }
    }
}

fn builder() -> Directory {
    Directory::open(Path::new(FIXTURE), &[]).unwrap()
}

fn scope() -> Scope {
    Scope { packages: true, interpreter: true, musl: true, symbols: true, ..Scope::default() }
}

fn request() -> Request {
    Request {
        with_interpreter: true,
        native: NativeMode::Vendor,
        ..Request::new(RealPath::known("/opt/app"))
    }
}

#[test]
fn a_report_is_whole_or_says_what_is_missing() {
    each_read_fails_once(builder, |root| {
        let none = Surroundings::default();
        let inventory =
            take_inventory(root, &[], &none, scope()).map_err(|error| error.to_string())?;
        let plan = plan::make(&inventory, &request());
        let report = report::report(&inventory, &plan);
        let text = serde_json::to_string_pretty(&report).unwrap();
        Ok(Answer::new(format!("{text}\n{:#?}", plan.entries), &report.findings))
    });
}

#[test]
fn a_bundle_is_whole_or_says_what_is_missing() {
    each_read_fails_once(builder, |root| {
        let named = ["/opt/venv".to_owned()];
        let inventory = take_inventory(root, &named, &Surroundings::default(), Scope::default())
            .map_err(|error| error.to_string())?;
        let plan = plan::make(&inventory, &Request::new(RealPath::known("/opt/app")));
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("bundle");
        let papers = Papers {
            dockerfile: String::new(),
            runtime_packages: report::runtime_packages(&plan),
            installer: report::installer(&plan),
            installer_path: report::installer_path(&plan.prefix),
            program: None,
        };
        let written = bundle::write(root, &plan, &papers, &out, Format::Directory, 0, &|_| ());
        if let Err(error) = written {
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "{error}");
            return Err(error.to_string());
        }
        let mut findings = plan.findings.clone();
        findings.extend(written.unwrap().findings);
        Ok(Answer::new(format!("{:#?}", dump(&out)), &findings))
    });
}

#[test]
fn a_verification_is_whole_or_says_what_is_missing() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("bundle");
    let root = Root::new(builder());
    let named = ["/opt/venv".to_owned()];
    let inventory =
        take_inventory(&root, &named, &Surroundings::default(), Scope::default()).unwrap();
    let plan = plan::make(&inventory, &Request::new(RealPath::known("/opt/app")));
    let papers = Papers {
        dockerfile: String::new(),
        runtime_packages: String::new(),
        installer: String::new(),
        installer_path: report::installer_path(&plan.prefix),
        program: None,
    };
    bundle::write(&root, &plan, &papers, &out, Format::Directory, 0, &|_| ()).unwrap();
    let manifest = Manifest::parse(&fs::read_to_string(out.join(MANIFEST)).unwrap()).unwrap();
    let prefix = RealPath::known("/opt/app");
    let bundled = || Overlay {
        lower: builder(),
        upper: Directory::open(&out.join("rootfs/opt/app"), &[]).unwrap(),
        place: prefix.clone(),
    };
    each_read_fails_once(bundled, |root| {
        let verification = verify(root, &prefix, Some(ImageManifest::from(&manifest)));
        let text = serde_json::to_string_pretty(&verification).unwrap();
        Ok(Answer::new(text, &verification.findings))
    });
}
