//! A folder of wheels as an environment: wheels are selected for the root's own Python, installed
//! into a temporary directory, and shown over the root at the final prefix.
//!
//! Invariant: the folder and the root are only read; [`Unpacked::directory`] contains all unpacked
//! files and removes them.

use std::io;

use pep508_rs::Requirement;
use url::Url;

use super::{Archive, Prefix, SupportedTags, Target, WheelError, WheelName, install, select};
use crate::finding::{Code, Finding, Severity};
use crate::hint::Hint;
use crate::loader::{Library, libc_version};
use crate::path::{RealPath, WrittenPath};
use crate::python::{
    Environment, Part, PartKind, normalised_name, own_interpreter, relocatable_header,
};
use crate::root::{Cursor, Kind, Root, RootError};
use crate::temporary::Temporary;

/// A folder that contains wheels.
pub struct Folder {
    path: RealPath,
    files: Vec<String>,
}

/// An environment that was unpacked from a folder of wheels.
pub struct Unpacked {
    /// The directory that stands for the final prefix; it is removed when dropped.
    pub directory: Temporary,
    /// The environment at the final prefix.
    pub environment: Environment,
    /// The findings about wheels that were not installed or have oddities.
    pub findings: Vec<Finding>,
}

/// The reason why a folder of wheels is not an environment.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A read of the root that failed.
    #[error(transparent)]
    Root(#[from] RootError),
    /// A wheel that is refused.
    #[error(transparent)]
    Wheel(#[from] WheelError),
    /// A root without Python.
    #[error("{path}: the root has no Python to select wheels for")]
    NoInterpreter {
        /// The folder of wheels.
        path: RealPath,
    },
    /// A temporary directory that cannot be created.
    #[error("cannot create a temporary directory: {0}")]
    Temporary(#[source] io::Error),
}

impl Hint for FolderError {
    fn hint(&self) -> Option<&str> {
        match self {
            FolderError::Root(_) => Some("check the permissions and links of that path"),
            FolderError::Wheel(error) => error.hint(),
            FolderError::NoInterpreter { .. } => {
                Some("run wheelbarrow in a stage that has the Python of the final image")
            }
            FolderError::Temporary(_) => {
                Some("free some space below /tmp, or set TMPDIR to another directory")
            }
        }
    }
}

/// The folder, if `named` is a single directory that contains a wheel.
pub fn find_folder(root: &Root, named: &[String]) -> Result<Option<Folder>, RootError> {
    let [path] = named else { return Ok(None) };
    let Some(found) = root
        .resolve(&WrittenPath::new(path.as_str()))?
        .filter(|found| found.meta.kind == Kind::Directory)
    else {
        return Ok(None);
    };
    let entries = root
        .list(&found.path)
        .into_iter()
        .flatten()
        .filter(|entry| entry.meta.kind != Kind::Directory);
    let files: Vec<String> = entries.map(|entry| entry.path.name().to_owned()).collect();
    Ok(files
        .iter()
        .any(|file| file.ends_with(".whl"))
        .then_some(Folder { path: found.path, files }))
}

/// Installs the wheels that fit the root's Python and the `requested` versions. `prefix` is the
/// place of the environment in the final image. `final_libc` is the version of the final root's C
/// library, if it is known. `python` is the version of the Python, if the root has several.
///
/// # Errors
/// A root without Python, a wheel that is refused, a read that failed, or a full disk.
pub fn unpack(
    root: &Root,
    folder: &Folder,
    prefix: &RealPath,
    requested: &[Requirement<Url>],
    final_libc: Option<(u32, u32)>,
    python: Option<&str>,
) -> Result<Unpacked, FolderError> {
    let library = Library::new(root);
    let mut findings = Vec::new();
    let interpreter = own_interpreter(root, &library, python, &mut findings)
        .ok_or_else(|| FolderError::NoInterpreter { path: folder.path.clone() })?;
    let own_libc = || {
        interpreter
            .facts
            .loader
            .as_deref()
            .and_then(|path| libc_version(root, path, interpreter.machine))
    };
    let target = Target::new(&interpreter.facts, final_libc.or_else(own_libc));
    let wheels = folder.files.iter().map(String::as_str).filter(|file| file.ends_with(".whl"));
    let selection = select(wheels, &SupportedTags::new(&target), requested);
    for passed in &selection.passed_over {
        findings.push(Finding::new(
            Severity::Note,
            Code::WheelPassedOver,
            &passed.file,
            format!("not installed: {}", passed.why),
        ));
    }
    for unusable in &selection.unusable {
        let message = if unusable.files.is_empty() {
            "the folder has no wheel of it".to_owned()
        } else {
            format!(
                "no wheel of it fits Python {} and the requested versions: {}",
                interpreter.facts.version,
                unusable.files.join(", ")
            )
        };
        // If only some distributions are requested, the others need not be usable.
        let wanted = requested.is_empty()
            || requested
                .iter()
                .any(|request| normalised_name(request.name.as_ref()) == unusable.key);
        let severity = if wanted { Severity::Deny } else { Severity::Note };
        let help =
            format!("download one that fits, in the builder stage: pip download {}", unusable.key);
        findings
            .push(Finding::new(severity, Code::NoUsableWheel, &unusable.key, message).help(help));
    }
    let directory = Temporary::create_in(&std::env::temp_dir()).map_err(FolderError::Temporary)?;
    let (python, header) =
        (format!("python{}", interpreter.minor()), relocatable_header("python", &[], ""));
    for name in selection.chosen {
        let file = folder.path.join(&name.file);
        let mut archive = open(root, &file, name)?;
        let installed = install(
            &mut archive,
            &Prefix { directory: &directory.content(), python: &python, header: &header },
            false,
        )?;
        findings.extend(
            installed
                .warnings
                .into_iter()
                .map(|warning| Finding::new(Severity::Warn, Code::CorruptMetadata, &file, warning)),
        );
    }
    let site = prefix.descend("lib").join(&python).join("site-packages");
    let part = Part {
        kind: PartKind::Prefix,
        prefix: prefix.clone(),
        sites: vec![site],
        scripts: prefix.join("bin"),
    };
    Ok(Unpacked {
        directory,
        environment: Environment {
            interpreter,
            parts: vec![part],
            include_system: false,
            reason: "these wheels were named".to_owned(),
            others: Vec::new(),
        },
        findings,
    })
}

fn open(
    root: &Root,
    file: &RealPath,
    name: WheelName,
) -> Result<Archive<io::BufReader<Cursor>>, FolderError> {
    let found =
        root.resolve(&WrittenPath::from(file))?.filter(|found| found.meta.kind == Kind::File);
    let not_file = || RootError::NotFile { path: file.to_string() };
    let content = root.open(&found.ok_or_else(not_file)?.path)?;
    Ok(Archive::read(io::BufReader::new(Cursor::new(content)), name)?)
}
