//! Where every file of the environment goes, or why it stays.
//!
//! Invariant: one file, one answer: an entry, or a line of what is left.

pub mod path_files;
pub mod scripts;

use std::collections::{BTreeSet, HashMap};

use crate::finding::{Code, Finding, Severity};
use crate::inventory::{FileFact, Inventory};
use crate::path::RealPath;
use crate::plan::target::FinalRoot;
use crate::plan::{Action, Left, PlannedEntry, Request};
use crate::python::{self, Distribution, PartKind, PathFile, PathLine};
use crate::root::Kind;

/// Below `lib/pythonX.Y/`, whatever the builder calls it (Debian: `dist-packages`).
pub const SITE_PACKAGES: &str = "site-packages";

/// Folders of a `--target` installation that belong to the prefix.
const TARGET_DATA: [&str; 4] = ["bin", "share", "etc", "include"];

/// The environment's part of a plan.
#[derive(Default)]
pub struct Layout {
    pub entries: Vec<PlannedEntry>,
    pub left: Vec<Left>,
    /// Builder paths of the files that travel.
    pub travelling: BTreeSet<RealPath>,
}

/// What venv, virtualenv, uv and pipx write themselves, below the prefix.
const SCAFFOLDING: [&str; 18] = [
    "pyvenv.cfg",
    ".gitignore",
    "CACHEDIR.TAG",
    ".lock",
    "lib64",
    "bin/activate",
    "bin/activate.csh",
    "bin/activate.fish",
    "bin/activate.nu",
    "bin/activate.ps1",
    "bin/Activate.ps1",
    "bin/activate.bat",
    "bin/activate.xsh",
    "bin/activate_this.py",
    "bin/deactivate.bat",
    "bin/pydoc.bat",
    "pipx_metadata.json",
    "uv-receipt.toml",
];

/// Lays the files out under the prefix.
pub fn lay_out(
    inventory: &Inventory,
    request: &Request,
    final_root: &FinalRoot,
    travels: &dyn Fn(usize) -> bool,
    findings: &mut Vec<Finding>,
) -> Layout {
    let mut layout =
        Layout { entries: Vec::with_capacity(inventory.files.len()), ..Layout::default() };
    let writer = Writer { inventory, request, final_root, travels };
    let mut files: Vec<&FileFact> = inventory.files.iter().collect();
    if inventory.environment.parts.len() > 1 {
        files.sort_by_key(|file| inventory.environment.rank(&file.path));
    }
    let mut taken: HashMap<RealPath, &FileFact> = HashMap::new();
    for file in files {
        let placed = writer.place(file, findings).and_then(|entry| match taken.get(&entry.to) {
            None => Ok(entry),
            Some(first) => Err(writer.collision(file, first, findings)),
        });
        match placed {
            Ok(entry) => {
                layout.travelling.insert(file.path.clone());
                taken.insert(entry.to.clone(), file);
                layout.entries.push(entry);
            }
            Err(reason) => {
                layout.left.push(Left { path: file.path.clone(), reason, size: file.meta.size })
            }
        }
    }
    for (index, distribution) in inventory.distributions.iter().enumerate() {
        let led = distribution.record.iter().any(|record| inventory.leads.contains(&record.path));
        let refused = findings.iter().any(|finding| {
            finding.code == Code::EditableInstall
                && finding.subject.starts_with(distribution.site.as_str())
        });
        if travels(index) && distribution.editable && !led && !refused {
            let message = "installed in editable mode, and nothing that can be read tells where its source is";
            findings.push(
                Finding::new(Severity::Deny, Code::EditableInstall, &distribution.name, message)
                    .help(format!(
                        "install it without --editable: pip install --no-deps {}",
                        distribution.name
                    )),
            );
        }
    }
    if request.compile {
        let compiled: Vec<PlannedEntry> =
            layout.entries.iter().filter_map(|entry| writer.bytecode(entry)).collect();
        layout.entries.extend(compiled);
    }
    layout.entries.extend(writer.scaffolding());
    layout
}

struct Writer<'a> {
    inventory: &'a Inventory,
    request: &'a Request,
    final_root: &'a FinalRoot<'a>,
    travels: &'a dyn Fn(usize) -> bool,
}

impl Writer<'_> {
    /// Two parts have a file for one place: the one that `sys.path` has first stays there.
    fn collision(&self, file: &FileFact, first: &FileFact, findings: &mut Vec<Finding>) -> String {
        let same_content =
            file.recorded_hash.is_some() && file.recorded_hash == first.recorded_hash;
        if !same_content {
            let of = |file: &FileFact| {
                file.owner
                    .map_or("no distribution", |owner| &self.inventory.distributions[owner].name)
            };
            let message = format!(
                "of {}; {}, of {}, goes to the same place and is another file: this one is left behind",
                of(file),
                first.path,
                of(first)
            );
            findings.push(
                Finding::new(Severity::Warn, Code::Collision, &file.path, message).help(
                    "name the environment whose file is right first, or install both into one",
                ),
            );
        }
        format!("{} goes to the same place", first.path)
    }

    fn minor(&self) -> &str {
        self.inventory.environment.interpreter.minor()
    }

    /// The destination, when the file is below a site or the prefix.
    fn destination(&self, path: &RealPath) -> Option<RealPath> {
        let environment = &self.inventory.environment;
        let part = environment.part_of(path)?;
        if let Some(rest) = part.sites.iter().find_map(|site| path.below(site)) {
            // `--target` puts what belongs beside site-packages among the packages.
            let data = part.kind == PartKind::Target
                && rest.split_once('/').is_some_and(|(top, _)| TARGET_DATA.contains(&top));
            if !data {
                return Some(
                    self.request
                        .prefix
                        .descend(&format!("lib/python{}/{SITE_PACKAGES}/{rest}", self.minor())),
                );
            }
        }
        let rest = path.below(&part.prefix)?;
        let headers =
            (part.kind != PartKind::VirtualEnvironment).then(|| self.header(rest)).flatten();
        Some(self.request.prefix.descend(headers.as_deref().unwrap_or(rest)))
    }

    /// Where a virtual environment has the headers of a distribution; other schemes have them beside Python's own.
    fn header(&self, path: &str) -> Option<String> {
        let minor = self.minor();
        let others = [format!("include/python{minor}/"), "include/python/".to_owned()];
        others
            .iter()
            .find_map(|other| path.strip_prefix(other.as_str()))
            .map(|rest| format!("include/site/python{minor}/{rest}"))
    }

    fn place(&self, file: &FileFact, findings: &mut Vec<Finding>) -> Result<PlannedEntry, String> {
        let distribution = file.owner.map(|owner| &self.inventory.distributions[owner]);
        if let (Some(owner), Some(distribution)) = (file.owner, distribution)
            && !(self.travels)(owner)
        {
            return Err(format!("belongs to {}, which stays behind", distribution.name));
        }
        if file.owner.is_none()
            && let Some(reason) = self.stays(file)
        {
            return Err(reason);
        }
        let leads =
            || "leads to the source of an editable install, which travels itself".to_owned();
        let path_file = self.inventory.path_files.iter().find(|one| one.path == file.path);
        if path_file.is_none() && self.inventory.leads.contains(&file.path) {
            return Err(leads());
        }
        if file.path.name().ends_with(".pyc") && file.owner.is_some() {
            return Err(
                "bytecode: Python makes it again, and it holds the builder's paths".to_owned()
            );
        }
        let Some(to) = self.destination(&file.path) else {
            let message = "recorded by a distribution, but outside the environment's prefix; it is left behind";
            findings.push(Finding::new(
                Severity::Warn,
                Code::OutsideEnvironment,
                &file.path,
                message,
            ));
            return Err("outside the environment".to_owned());
        };
        let action = match path_file {
            Some(one) => self.path_file(one).ok_or_else(leads)?,
            None => self.action(file, distribution, findings)?,
        };
        let size = if matches!(action, Action::Link { .. }) { 0 } else { file.meta.size };
        let reason = distribution.map_or_else(
            || "in the environment, recorded by no distribution".to_owned(),
            |distribution| format!("recorded by {}", distribution.name),
        );
        let name = distribution.map(|distribution| distribution.name.clone());
        // As pip sets them, whatever the umask was: modes are part of a layer's bytes.
        let mode = if file.meta.mode & 0o111 == 0 { 0o644 } else { 0o755 };
        Ok(PlannedEntry {
            to,
            from: Some(file.path.clone()),
            action,
            mode,
            size,
            distribution: name,
            reason,
            layer: None,
        })
    }

    /// Why a file that no distribution records stays behind, if it does.
    fn stays(&self, file: &FileFact) -> Option<String> {
        let environment = &self.inventory.environment;
        let packages = &self.inventory.packages;
        if let Some(package) =
            packages.owner(&file.path).filter(|_| packages.in_prefix(&file.path).is_none())
        {
            return Some(format!("belongs to the package {}", packages[package].name));
        }
        let mut all = self.inventory.distributions.iter().enumerate();
        if let Some((_, distribution)) =
            all.find(|(index, one)| file.path.below(&one.info).is_some() && !(self.travels)(*index))
        {
            return Some(format!("belongs to {}, which stays behind", distribution.name));
        }
        let part = environment
            .part_of(&file.path)
            .filter(|part| part.kind == PartKind::VirtualEnvironment)?;
        let below = file.path.below(&part.prefix)?;
        // pip checks `-e git+...` out there: what it would not have installed stays, the history included.
        let checkout = below
            .strip_prefix("src/")
            .and_then(|rest| Some(part.prefix.join("src").join(rest.split('/').next()?)));
        if checkout.is_some_and(|checkout| {
            environment.sources().any(|source| source.below(&checkout).is_some())
        }) {
            return Some("beside the source of an editable install, and not part of it".to_owned());
        }
        // virtualenv patches distutils of the pip that runs inside; nothing imports it afterwards.
        let patch = matches!(file.path.name(), "_virtualenv.py" | "_virtualenv.pth");
        let interpreter = below.strip_prefix("bin/").is_some_and(|name| {
            let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
            version.is_some_and(|rest| {
                rest.chars().all(|digit| digit.is_ascii_digit() || digit == '.' || digit == 't')
            })
        });
        (interpreter || patch || SCAFFOLDING.contains(&below))
            .then(|| "made by venv for the builder; the bundle has its own".to_owned())
    }

    fn action(
        &self,
        file: &FileFact,
        distribution: Option<&Distribution>,
        findings: &mut Vec<Finding>,
    ) -> Result<Action, String> {
        match &file.meta.kind {
            Kind::Link(target) => return self.link(file, target, findings),
            Kind::File => {}
            Kind::Directory | Kind::Special => {
                findings.push(Finding::new(
                    Severity::Warn,
                    Code::SpecialFile,
                    &file.path,
                    "neither a file nor a link; it is left behind",
                ));
                return Err("neither a file nor a link".to_owned());
            }
        }
        if let Some(distribution) = distribution
            && file.path.parent().as_ref() == Some(&distribution.info)
        {
            match file.path.name() {
                "RECORD" => return Ok(Action::Record),
                // The same distribution is the same bytes whoever installed it, and for whom.
                "INSTALLER" => return Ok(Action::Write { content: "wheelbarrow\n".to_owned() }),
                "REQUESTED" | "uv_cache.json" | "uv_build.json" => {
                    return Err("tells how it came into the builder".to_owned());
                }
                "direct_url.json" => {
                    let text = distribution.direct_url.as_deref().unwrap_or_default();
                    return match python::portable_direct_url(text) {
                        Some(same) if same == text => Ok(Action::Copy),
                        Some(content) => Ok(Action::Write { content }),
                        None => Err("tells a path of the builder only".to_owned()),
                    };
                }
                _ => {}
            }
        }
        if self
            .inventory
            .environment
            .parts
            .iter()
            .any(|part| file.path.parent().as_ref() == Some(&part.scripts))
        {
            let python = self.request.prefix.descend("bin/python");
            return Ok(scripts::action(
                self.inventory,
                self.final_root.shebang,
                &python,
                file,
                findings,
            ));
        }
        Ok(Action::Copy)
    }

    /// The `.pyc` of a module, where the import system looks for it (PEP 3147).
    fn bytecode(&self, source: &PlannedEntry) -> Option<PlannedEntry> {
        let site =
            self.request.prefix.descend(&format!("lib/python{}/{SITE_PACKAGES}", self.minor()));
        let stem = source
            .to
            .name()
            .strip_suffix(".py")
            .filter(|_| source.action == Action::Copy && source.to.below(&site).is_some())?;
        let tag = self.inventory.environment.interpreter.cache_tag();
        Some(PlannedEntry {
            to: source.to.parent()?.descend(&format!("__pycache__/{stem}.{tag}.pyc")),
            action: Action::Compile { source: source.to.clone() },
            mode: 0o644,
            reason: format!("bytecode of {}", source.to.name()),
            ..source.clone()
        })
    }

    /// A path file with each line that names a place of the builder rewritten.
    fn path_file(&self, file: &PathFile) -> Option<Action> {
        let environment = &self.inventory.environment;
        let sources = |to: &RealPath| {
            !environment.in_whole_prefix(to) || environment.sources().any(|source| source == to)
        };
        let led = self.inventory.leads.contains(&file.path);
        let absolute = file
            .lines
            .iter()
            .any(|line| matches!(line, PathLine::Path { text, .. } if text.starts_with('/')));
        if !led && !absolute {
            return Some(Action::Copy);
        }
        path_files::portable(file, &|path| self.destination(path), &sources)
            .map(|content| Action::Write { content })
    }

    fn link(
        &self,
        file: &FileFact,
        target: &str,
        findings: &mut Vec<Finding>,
    ) -> Result<Action, String> {
        let directory = file.path.parent().unwrap_or_else(RealPath::root);
        let inside = if target.starts_with('/') {
            self.inventory
                .environment
                .parts
                .iter()
                .flat_map(|part| part.sites.iter().chain([&part.prefix]))
                .any(|top| target.starts_with(&format!("{top}/")))
        } else {
            // Lexical on purpose: the bundle has the same shape, and links of directories do not travel.
            let depth = self
                .inventory
                .environment
                .part_of(&file.path)
                .and_then(|part| directory.below(&part.prefix))
                .map_or(0, |below| below.split('/').filter(|part| !part.is_empty()).count());
            let ups = target.split('/').take_while(|part| *part == "..").count();
            ups <= depth
        };
        if !inside {
            let message = format!("a link to {target}, outside the environment; it is left behind");
            findings.push(Finding::new(
                Severity::Warn,
                Code::OutsideEnvironment,
                &file.path,
                message,
            ));
            return Err("a link out of the environment".to_owned());
        }
        if !target.starts_with('/') {
            return Ok(Action::Link { target: target.to_owned() });
        }
        let to = self.destination(&file.path).expect("place() asked before");
        let target =
            self.destination(&RealPath::known(target.trim_end_matches('/'))).expect("it is inside");
        Ok(Action::Link { target: target.relative_to(&to.parent().expect("a file has a parent")) })
    }

    /// `bin/python*` and `pyvenv.cfg`, made for the final interpreter. One that is in the prefix itself has
    /// its standard library there, and needs no more than names.
    fn scaffolding(&self) -> Vec<PlannedEntry> {
        let executable = &self.final_root.interpreter;
        let home = executable.parent().unwrap_or_else(RealPath::root);
        let version = &self.inventory.environment.interpreter.facts.version;
        let content = format!(
            "home = {home}\ninclude-system-site-packages = {}\nversion = {version}\n",
            self.inventory.environment.include_system
        );
        let make = |below: &str, action: Action, reason: &str| PlannedEntry {
            to: self.request.prefix.descend(below),
            from: None,
            mode: 0o644,
            size: if let Action::Write { content } = &action { content.len() as u64 } else { 0 },
            action,
            distribution: None,
            reason: reason.to_owned(),
            layer: None,
        };
        let link = |target: &str| Action::Link { target: target.to_owned() };
        if let Some(program) = executable.below(&self.request.prefix.join("bin")) {
            let names = ["python", "python3"].into_iter().filter(|name| *name != program);
            return names
                .map(|name| {
                    make(&format!("bin/{name}"), link(program), "the interpreter that travels")
                })
                .collect();
        }
        vec![
            make(
                "pyvenv.cfg",
                Action::Write { content },
                "makes the prefix a virtual environment (PEP 405)",
            ),
            make("bin/python", link(executable.as_str()), "the final interpreter"),
            make("bin/python3", link("python"), "the final interpreter"),
            make(&format!("bin/python{}", self.minor()), link("python"), "the final interpreter"),
        ]
    }
}
