//! What /proc says of one thread (proc(5)).
//!
//! Invariant: a thread that ended, or that belongs to another user, is an error and nothing else.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the processes that run here are observed, not a root"
)]

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use rustix::process::Pid;

/// The longest path that the kernel takes, with the null byte at its end.
const LONGEST_PATH: usize = 4096;

/// A thread that is stopped.
pub(super) struct Process(Pid);

impl Process {
    pub(super) fn new(pid: Pid) -> Process {
        Process(pid)
    }

    fn place(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0.as_raw_pid()))
    }

    /// Whether it is a process, not one more thread of one.
    pub(super) fn is_whole(&self) -> bool {
        let own = format!("\nTgid:\t{}\n", self.0.as_raw_pid());
        fs::read_to_string(self.place("status")).is_ok_and(|status| status.contains(&own))
    }

    /// The program that it runs.
    pub(super) fn program(&self) -> io::Result<PathBuf> {
        fs::read_link(self.place("exe"))
    }

    /// The path of an open file, without links.
    pub(super) fn open_file(&self, descriptor: i64) -> io::Result<(PathBuf, Metadata)> {
        let place = self.place(&format!("fd/{descriptor}"));
        Ok((fs::read_link(&place)?, fs::metadata(&place)?))
    }

    /// A path in its memory, made absolute as the kernel does: from a directory that is open, or from
    /// the working directory. Empty for a path that is not UTF-8, which no bundle can contain.
    pub(super) fn path(&self, directory: Option<i32>, address: u64) -> io::Result<PathBuf> {
        let mut bytes = vec![0; LONGEST_PATH];
        // The memory may end soon after the path.
        let length = self.read(address, &mut bytes)?;
        bytes.truncate(length);
        let path = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        let Ok(path) = std::str::from_utf8(path) else { return Ok(PathBuf::new()) };
        if path.starts_with('/') {
            return Ok(PathBuf::from(path));
        }
        let from = match directory {
            Some(directory) if directory != libc::AT_FDCWD => format!("fd/{directory}"),
            _ => "cwd".to_owned(),
        };
        Ok(fs::read_link(self.place(&from))?.join(path))
    }

    /// A number in its memory.
    pub(super) fn number(&self, address: u64) -> io::Result<u64> {
        let mut bytes = [0; 8];
        match self.read(address, &mut bytes)? {
            8 => Ok(u64::from_ne_bytes(bytes)),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn read(&self, address: u64, bytes: &mut [u8]) -> io::Result<usize> {
        File::open(self.place("mem"))?.read_at(bytes, address)
    }
}
