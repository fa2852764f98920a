//! Where every file of the environment is in the final root, or why it is left out.
//!
//! Invariant: each file of the environment becomes one entry, or one path that is left out.

mod activation;
mod bytecode;
mod content;
mod decide;
mod destination;
mod left_out;
mod losses;
mod path_files;
mod scaffolding;
mod scripts;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use content::{FileContent, Refusal};
use decide::{Contents, LEADS};
use destination::Destinations;
use losses::{judge_capabilities, judge_data, judge_lost, subject};
pub use path_files::StartLine;
pub(super) use scripts::other_program;

use super::entry::{Action, Files, LeftOut, PlannedEntry};
use super::request::Request;
use super::select::Selection;
use super::target::FinalRoot;
use crate::finding::{Code, Finding, Severity};
use crate::inventory::{FileFact, Inventory};
use crate::path::RealPath;
use crate::python::Distribution;
use crate::root::Kind;

/// The directory of packages below `lib/pythonX.Y/` of a bundle, also where the builder has another
/// name for it (Debian: `dist-packages`).
pub const SITE_PACKAGES: &str = "site-packages";

/// The files of the environment, placed.
pub(crate) struct Placed {
    pub files: Files,
    /// Builder paths of the files that are bundled.
    pub bundled: BTreeSet<RealPath>,
    /// The code that bundled path files run at every start of Python.
    pub runs_at_start: Vec<StartLine>,
    pub findings: Vec<Finding>,
}

/// Places the files of the environment below the prefix.
pub(crate) fn place(
    inventory: &Inventory,
    request: &Request,
    selection: &Selection,
    final_root: &FinalRoot,
) -> Placed {
    let destinations = Destinations { inventory, prefix: &request.prefix };
    let contents = Contents {
        inventory,
        destinations: &destinations,
        path_files: inventory.path_files.iter().map(|one| (&one.path, one)).collect(),
        left_out: left_out::list_infos(inventory, selection),
        shebang: final_root.shebang,
    };
    let mut files = Files::default();
    let mut findings = unreadable_editables(inventory, selection);
    let mut taken: HashMap<RealPath, &FileFact> = HashMap::new();
    let mut lost: BTreeMap<String, Vec<RealPath>> = BTreeMap::new();
    for file in by_part(inventory) {
        let placed =
            place_file(&contents, selection, file).and_then(|(entry, finding)| {
                match taken.get(&entry.to) {
                    None => Ok((entry, finding)),
                    Some(first) => Err(collide(inventory, file, first)),
                }
            });
        match placed {
            Ok((entry, finding)) => {
                taken.insert(entry.to.clone(), file);
                files.entries.push(entry);
                findings.extend(finding);
            }
            Err(Refusal { reason, finding, is_lost }) => {
                let (path, size) = (file.path.clone(), file.meta.size);
                if is_lost {
                    lost.entry(subject(inventory, file)).or_default().push(path.clone());
                }
                files.left_out.push(LeftOut { path, reason, size });
                findings.extend(finding.map(|finding| *finding));
            }
        }
    }
    findings.extend(judge_data(inventory, &files.entries));
    findings.extend(judge_capabilities(inventory, &files.entries));
    findings.extend(lost.iter().map(|(subject, files)| judge_lost(subject, files)));
    leave_out_dangling(inventory, &mut taken, &mut files, &mut findings);
    let bundled = taken.into_values().map(|file| file.path.clone()).collect();
    if request.compile {
        files.entries.extend(bytecode::compile(inventory, &destinations, &files.entries));
    }
    files.entries.extend(scaffolding::make(inventory, &request.prefix, &final_root.interpreter));
    files.entries.extend(activation::make(inventory, &request.prefix));
    let (runs_at_start, problems) = path_files::judge(inventory, &bundled);
    findings.extend(problems);
    Placed { files, bundled, runs_at_start, findings }
}

/// The files in the order of `sys.path`: of two files with one destination, the first is bundled.
fn by_part(inventory: &Inventory) -> Vec<&FileFact> {
    let mut files: Vec<&FileFact> = inventory.files.iter().collect();
    if inventory.environment.parts.len() > 1 {
        files.sort_by_key(|file| inventory.environment.rank(&file.path));
    }
    files
}

fn place_file(
    contents: &Contents,
    selection: &Selection,
    file: &FileFact,
) -> Result<(PlannedEntry, Option<Finding>), Refusal> {
    let inventory = contents.inventory;
    let distribution = file.owner.map(|owner| &inventory.distributions[owner]);
    if let Some(reason) = unwanted(contents, selection, file) {
        return Err(reason.into());
    }
    let Some(to) = contents.destinations.find(&file.path) else {
        if let Some(package) = inventory.packages.owner(&file.path) {
            let package = &inventory.packages[package].name;
            return Err(Refusal::with_warning(
                "outside of the environment, and of an OS package",
                Code::OutsideEnvironment,
                &file.path,
                &format!("is recorded by a distribution, and belongs to the package {package}"),
            ));
        }
        return Err(Refusal::lost("recorded by a distribution, and outside of the environment"));
    };
    let FileContent { action, edit, finding } = contents.decide(file, distribution)?;
    let has_bytes = !matches!(action, Action::Link { .. } | Action::Directory);
    let size = if has_bytes { file.meta.size } else { 0 };
    let is_installed = inventory.packages.owner(&file.path).is_none();
    let entry = PlannedEntry {
        to,
        action,
        recorded_hash: file.recorded_hash.clone().filter(|_| is_installed),
        edits: edit.into_iter().collect(),
        distribution: distribution.map(|distribution| distribution.name.clone()),
        ..PlannedEntry::copy(file.path.clone(), size, mode(file), reason(distribution))
    };
    Ok((entry, finding))
}

/// Leaves out the links to something that is left out, and then those to these links.
fn leave_out_dangling(
    inventory: &Inventory,
    taken: &mut HashMap<RealPath, &FileFact>,
    files: &mut Files,
    findings: &mut Vec<Finding>,
) {
    // Most environments have few links, and large ones have many files: no link is the common case.
    while taken.values().any(|file| file.leads_to.is_some()) {
        // Each path that is bundled, with the directories above it.
        let mut there: HashSet<RealPath> = HashSet::new();
        for file in taken.values() {
            let above = std::iter::once(file.path.clone()).chain(file.path.ancestors());
            for path in above {
                if !there.insert(path) {
                    break;
                }
            }
        }
        let dangling: BTreeMap<RealPath, (&FileFact, &RealPath)> = taken
            .iter()
            .filter_map(|(to, file)| Some((to, *file, file.leads_to.as_ref()?)))
            .filter(|(_, _, leads_to)| !there.contains(leads_to) && has_files(inventory, leads_to))
            .map(|(to, file, leads_to)| (to.clone(), (file, leads_to)))
            .collect();
        if dangling.is_empty() {
            return;
        }
        taken.retain(|to, _| !dangling.contains_key(to));
        files.entries.retain(|entry| !dangling.contains_key(&entry.to));
        for (file, leads_to) in dangling.into_values() {
            let path = file.path.clone();
            let message =
                format!("links to {leads_to}, which is left out, so the link is left out too");
            findings.push(Finding::new(Severity::Warn, Code::OutsideEnvironment, &path, message));
            let reason = format!("a link to something that is left out: {leads_to}");
            files.left_out.push(LeftOut { path, reason, size: file.meta.size });
        }
    }
}

/// Whether the path is a file of the environment, or a directory with some. Other files of the
/// prefix may be bundled with their package.
fn has_files(inventory: &Inventory, path: &RealPath) -> bool {
    let first = inventory.files.partition_point(|file| file.path < *path);
    let files = inventory.files[first..].iter();
    files
        .take_while(|file| file.path.as_str().starts_with(path.as_str()))
        .any(|file| file.path.below(path).is_some())
}

/// The modes that pip sets, independent of the umask: they are part of a layer's bytes. An empty directory
/// that everybody may write to stays one.
fn mode(file: &FileFact) -> u32 {
    match file.meta.kind {
        Kind::Directory if file.meta.mode & 0o002 != 0 => file.meta.mode & 0o1777,
        Kind::Directory => 0o755,
        _ if file.meta.mode & 0o111 == 0 => 0o644,
        _ => 0o755,
    }
}

fn reason(distribution: Option<&Distribution>) -> String {
    distribution.map_or_else(
        || "in the environment, recorded by no distribution".to_owned(),
        |distribution| format!("recorded by {}", distribution.name),
    )
}

/// Why a file is left out, whatever its destination would be.
fn unwanted(contents: &Contents, selection: &Selection, file: &FileFact) -> Option<String> {
    let inventory = contents.inventory;
    match file.owner {
        Some(owner) if !selection.is_bundled(owner) => {
            let name = &inventory.distributions[owner].name;
            return Some(format!("belongs to {name}, which is left out"));
        }
        Some(_) => {}
        None => {
            if let Some(reason) = left_out::judge_unowned(inventory, &contents.left_out, file) {
                return Some(reason);
            }
        }
    }
    if inventory.leads.contains(&file.path) && !contents.path_files.contains_key(&file.path) {
        return Some(LEADS.to_owned());
    }
    let bytecode = file.path.name().ends_with(".pyc") && file.owner.is_some();
    (bytecode && has_source(inventory, &file.path)).then(|| {
        "bytecode: it contains paths of the builder, and Python creates it again".to_owned()
    })
}

/// Whether the source of bytecode is beside it. Without it, the bytecode is the module.
fn has_source(inventory: &Inventory, bytecode: &RealPath) -> bool {
    let Some(source) = bytecode.as_str().strip_suffix('c').map(RealPath::known) else {
        return false;
    };
    inventory.has_file(&source)
}

/// Refuses the second of two files with one destination; the part that `sys.path` has first wins.
fn collide(inventory: &Inventory, file: &FileFact, first: &FileFact) -> Refusal {
    let same_content = file.recorded_hash.is_some() && file.recorded_hash == first.recorded_hash;
    let owner = |file: &FileFact| {
        file.owner.map_or("no distribution", |owner| &inventory.distributions[owner].name)
    };
    let finding = || {
        let message = format!(
            "of {} is left out: {} of {} has the same destination and different contents",
            owner(file),
            first.path,
            owner(first)
        );
        Finding::new(Severity::Warn, Code::Collision, &file.path, message).help(
            "name the environment with the right file first, or install both into one environment",
        )
    };
    Refusal {
        finding: (!same_content).then(finding).map(Box::new),
        ..format!("another file has the same destination: {}", first.path).into()
    }
}

/// Findings for bundled distributions in editable mode whose source is unknown.
fn unreadable_editables(inventory: &Inventory, selection: &Selection) -> Vec<Finding> {
    let led =
        |one: &Distribution| one.record.iter().any(|record| inventory.leads.contains(&record.path));
    let refused = |one: &Distribution| {
        inventory.findings.iter().any(|finding| {
            finding.code == Code::EditableInstall && finding.subject.starts_with(one.site.as_str())
        })
    };
    let unknown = inventory.distributions.iter().enumerate().filter(|(index, one)| {
        selection.is_bundled(*index) && one.editable && !led(one) && !refused(one)
    });
    let finding = |(_, one): (usize, &Distribution)| {
        let message =
            "is installed in editable mode, and no readable file says where its source is";
        Finding::new(Severity::Deny, Code::EditableInstall, &one.name, message)
            .help(format!("install it without --editable: pip install --no-deps {}", one.name))
    };
    unknown.map(finding).collect()
}
