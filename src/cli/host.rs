//! The host: its environment variables, its working directory, and directories that are opened as
//! roots.
//!
//! Invariant: the process environment is read here and nowhere else.

#![expect(
    clippy::disallowed_methods,
    reason = "here the host's environment and paths become settings"
)]

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use url::Url;
use wheelbarrow::python::Surroundings;
use wheelbarrow::root::{Directory, Image, Root, Tree};

use super::trouble::Trouble;

/// 1980-01-01, the earliest time a zip file can hold.
const FIXED_TIME: i64 = 315_532_800;

/// The last second of 2242-03-16, the largest time that a tar header of a layer can hold (eleven octal
/// digits).
const LATEST_TIME: i64 = 8_589_934_591;

/// A root of the host.
pub(crate) struct HostRoot {
    /// Its files.
    pub(crate) tree: Arc<dyn Tree>,
    /// The absolute path of its directory; `None` for an image, which has none.
    pub(crate) directory: Option<PathBuf>,
}

impl HostRoot {
    /// Whether it is the root that wheelbarrow itself runs in.
    pub(crate) fn is_own(&self) -> bool {
        self.directory.as_deref() == Some(Path::new("/"))
    }
}

/// Opens a directory or an image as a root, with no part left out.
pub(crate) fn open_root(path: &Path) -> Result<Root, Trouble> {
    Ok(Root::new(open(path, &[])?.tree))
}

/// Opens a directory or an image of the host; the directories in `without` do not belong to it.
pub(crate) fn open(path: &Path, without: &[PathBuf]) -> Result<HostRoot, Trouble> {
    let trouble = |error: &dyn std::fmt::Display| {
        Trouble::new(
            format!("cannot open the root {}: {error}", path.display()),
            "give the directory of a root file system, an OCI image layout, or what docker save wrote",
        )
    };
    if path.is_file() || Image::is_at(path) {
        let image = Image::open(path).map_err(|error| trouble(&error))?;
        return Ok(HostRoot { tree: Arc::new(image), directory: None });
    }
    let tree = Directory::open(path, without).map_err(|error| trouble(&error))?;
    let directory = Some(tree.base().to_owned());
    Ok(HostRoot { tree: Arc::new(tree), directory })
}

/// The variables and the working directory of this process, which runs in the builder stage.
pub(crate) fn surroundings() -> Surroundings {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let search_path = variable("PATH").unwrap_or_default();
    let absolute = search_path.split(':').filter(|one| one.starts_with('/'));
    Surroundings {
        virtual_env: variable("VIRTUAL_ENV"),
        uv_project_environment: variable("UV_PROJECT_ENVIRONMENT"),
        conda_prefix: variable("CONDA_PREFIX"),
        search_path: absolute.map(str::to_owned).collect(),
        directory: std::env::current_dir().ok().map(|path| path.to_string_lossy().into_owned()),
        home: variable("HOME"),
        python: None,
    }
}

/// The directories of `LD_LIBRARY_PATH`. glibc separates them with `:` or `;`, musl with `:` or a
/// line break.
pub(crate) fn library_path() -> Vec<String> {
    let text = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
    let directories = text.split([':', ';', '\n']).filter(|one| one.starts_with('/'));
    directories.map(str::to_owned).collect()
}

/// The time of every file in a bundle, in seconds since the epoch: `SOURCE_DATE_EPOCH`, or a fixed
/// time.
pub(crate) fn source_date() -> Result<i64, Trouble> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) if !text.is_empty() => parse_source_date(&text),
        Err(std::env::VarError::NotUnicode(text)) => parse_source_date(&text.to_string_lossy()),
        _ => Ok(FIXED_TIME),
    }
}

fn parse_source_date(text: &str) -> Result<i64, Trouble> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let time = text.parse().ok().filter(|time| plain && *time <= LATEST_TIME);
    time.ok_or_else(|| {
        Trouble::new(
            format!("SOURCE_DATE_EPOCH is {text:?}, not a number of seconds from 0 to {LATEST_TIME}"),
            "give the seconds since the epoch, see https://reproducible-builds.org/specs/source-date-epoch/",
        )
    })
}

/// The path of this program on the host.
pub(crate) fn this_program() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

/// Whether a path belongs to another mount than the root: such a file is in no layer of the stage.
pub(crate) fn is_mounted(path: &Path) -> bool {
    // Without /proc there is nothing to tell it; proc_pid_mountinfo(5).
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut points = table.lines().filter_map(|line| line.split(' ').nth(4));
    points.any(|point| point != "/" && path.starts_with(point))
}

/// The signals that this process was started to ignore, as bits: bit 0 is signal 1. Without `/proc`
/// there are none (`proc_pid_status(5)`).
pub(crate) fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

/// The number of columns that somebody wants in an output that is no terminal: `$COLUMNS`.
pub(crate) fn columns() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns > 0)
}

/// The URL of a path inside the root at `root`, if there is something. It names this host, so that a
/// terminal on another one does not look for the file.
pub(crate) fn file_url(root: &Path, path: &str) -> Option<String> {
    let file = root.join(path.strip_prefix('/')?);
    file.symlink_metadata().ok()?;
    let mut url = Url::from_file_path(file).ok()?;
    let host = rustix::system::uname();
    url.set_host(host.nodename().to_str().ok()).ok()?;
    Some(url.into())
}

/// The command line, with the name of the program.
pub(crate) fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// The text of a file that the user named.
pub(crate) fn read_file(path: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

/// Writes a file that the user named, in place: a container may have it mounted alone.
pub(crate) fn write_file(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::write(path, text)
}

/// The entries of a directory, sorted; `None` if there is no such directory.
pub(crate) fn list_directory(path: &Path) -> std::io::Result<Option<Vec<PathBuf>>> {
    match std::fs::read_dir(path) {
        Ok(entries) => {
            let mut paths =
                entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
            paths.sort();
            Ok(Some(paths))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a path absolute and follows the links in its existing part, because an output may not
/// exist yet. The last component is not followed: a link there is refused later.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let Some(parent) = full.parent() else { return full };
    let mut directory = PathBuf::new();
    for part in parent.components() {
        match part {
            Component::ParentDir => drop(directory.pop()),
            part => directory.push(part),
        }
        directory = directory.canonicalize().unwrap_or(directory);
    }
    match full.components().next_back() {
        Some(Component::ParentDir) => directory.parent().unwrap_or(&directory).to_owned(),
        Some(name) => directory.join(name),
        None => directory,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_date_is_a_time_that_every_output_can_hold() {
        for (text, expect) in [
            ("0", Some(0)),
            ("1700000000", Some(1_700_000_000)),
            ("8589934591", Some(LATEST_TIME)),
            ("8589934592", None),
            ("99999999999999999999", None),
            ("-1", None),
            ("+1", None),
            (" 1", None),
            ("1.5", None),
            ("now", None),
        ] {
            assert_eq!(parse_source_date(text).ok(), expect, "{text}");
        }
    }
}
