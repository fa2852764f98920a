//! The threads of a process tree, each from its beginning to its end.
//!
//! Invariant: every stopped thread goes on, whatever is known of it; a thread that was killed
//! meanwhile is no failure.

use std::io;
use std::path::PathBuf;

use rustc_hash::{FxHashMap, FxHashSet};
use rustix::process::{Pid, WaitOptions, WaitStatus, wait};

use super::calls::{self, Call};
use super::process::Process;
use super::processes::Processes;
use super::ptrace::{self, Entry, Resume, Stop};
use super::recorder::{Recorder, Row};

/// Not part of rustix: threads are waited for, too (waitpid(2)).
const ALL: WaitOptions = WaitOptions::from_bits_retain(0x4000_0000);

/// One thread.
struct Thread {
    row: Row,
    /// The path of the system call that it is in.
    named: PathBuf,
}

/// All threads of a tree.
pub(super) struct Tracer<'a> {
    threads: FxHashMap<Pid, Thread>,
    /// Threads that are ready before the thread that made them says so.
    early: FxHashSet<Pid>,
    processes: &'a Processes,
    pub(super) recorder: Recorder,
}

impl<'a> Tracer<'a> {
    /// A tree with one process, which is traced already.
    pub(super) fn new(root: Pid, processes: &'a Processes) -> Tracer<'a> {
        let first = Thread { row: 0, named: PathBuf::new() };
        Tracer {
            threads: FxHashMap::from_iter([(root, first)]),
            early: FxHashSet::default(),
            processes,
            recorder: Recorder::new(),
        }
    }

    /// Follows the tree until its first process ends.
    pub(super) fn follow(&mut self, root: Pid) -> io::Result<WaitStatus> {
        loop {
            let (pid, status) = match wait(ALL) {
                Ok(Some(event)) => event,
                Ok(None) | Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            if status.stopped() {
                self.step(pid, Stop::from_status(status.as_raw()))?;
            } else {
                self.threads.remove(&pid);
                self.processes.remove(pid);
                if pid == root {
                    return Ok(status);
                }
            }
        }
    }

    /// Looks at a stopped thread and lets it go on.
    fn step(&mut self, pid: Pid, stop: Stop) -> io::Result<()> {
        if !self.threads.contains_key(&pid) {
            self.early.insert(pid);
            return Ok(());
        }
        let how = match self.look(pid, stop) {
            Ok(how) => how,
            Err(error) if is_gone(&error) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.recorder.add_unseen(self.threads[&pid].row);
                Resume::Freely(0)
            }
            Err(error) => return Err(error),
        };
        go_on(pid, how)
    }

    fn look(&mut self, pid: Pid, stop: Stop) -> io::Result<Resume> {
        match stop {
            Stop::Caught => return self.catch(pid),
            Stop::Returned => self.finish(pid)?,
            Stop::Made => self.add(pid)?,
            Stop::Replaced => self.replace(pid)?,
            Stop::Group => return Ok(Resume::Stopped),
            Stop::Ready => {}
            Stop::Signal(signal) => return Ok(Resume::Freely(signal)),
        }
        Ok(Resume::Freely(0))
    }

    /// A system call begins: keeps its path, since it may be gone when the call is done.
    fn catch(&mut self, pid: Pid) -> io::Result<Resume> {
        let Entry { architecture, number, arguments } = ptrace::entry(pid)?;
        let process = Process::new(pid);
        let directory = Some(arguments[0] as i32);
        let (directory, address, flags) = match calls::find(architecture, number) {
            Some(Call::Open) => (None, arguments[0], Some(arguments[1])),
            Some(Call::OpenAt) => (directory, arguments[1], Some(arguments[2])),
            Some(Call::OpenAt2) => (
                directory,
                arguments[1],
                Some(read(process.number(arguments[2]))?.unwrap_or_default()),
            ),
            Some(Call::Execute) => (None, arguments[0], None),
            Some(Call::ExecuteAt) => (directory, arguments[1], None),
            None => return Ok(Resume::Freely(0)),
        };
        if flags.is_some_and(|flags| !reads(flags)) {
            return Ok(Resume::Freely(0));
        }
        let named = read(process.path(directory, address))?.unwrap_or_default();
        self.thread(pid).named = named;
        // A program that is started is an event of its own.
        Ok(if flags.is_some() { Resume::ToReturn } else { Resume::Freely(0) })
    }

    /// A file is opened, or is not.
    fn finish(&mut self, pid: Pid) -> io::Result<()> {
        let descriptor = ptrace::returned(pid)?;
        let Thread { row, named } = self.thread(pid);
        let (row, named) = (*row, std::mem::take(named));
        if descriptor < 0 {
            return Ok(());
        }
        if let Some((real, metadata)) = read(Process::new(pid).open_file(descriptor))? {
            self.recorder.add_opened(row, &named, &real, &metadata);
        }
        self.refuse_more()
    }

    /// A new thread begins with the row of the one that made it.
    fn add(&mut self, maker: Pid) -> io::Result<()> {
        let Some(pid) = to_pid(ptrace::message(maker)?) else { return Ok(()) };
        let row = self.thread(maker).row;
        self.threads.insert(pid, Thread { row, named: PathBuf::new() });
        if Process::new(pid).is_whole() {
            self.processes.add(pid);
        }
        if self.early.remove(&pid) { go_on(pid, Resume::Freely(0)) } else { Ok(()) }
    }

    /// A thread runs another program. It has the number of its process now, and the others are gone.
    fn replace(&mut self, pid: Pid) -> io::Result<()> {
        if let Some(former) = to_pid(ptrace::message(pid)?).filter(|former| *former != pid)
            && let Some(thread) = self.threads.remove(&former)
        {
            self.threads.insert(pid, thread);
        }
        let real = Process::new(pid).program()?;
        let Thread { row, named } = self.thread(pid);
        let (row, named) = (*row, std::mem::take(named));
        self.thread(pid).row = self.recorder.add_started(row, &named, &real);
        self.refuse_more()
    }

    fn thread(&mut self, pid: Pid) -> &mut Thread {
        self.threads.get_mut(&pid).expect("only known threads are looked at")
    }

    fn refuse_more(&self) -> io::Result<()> {
        match self.recorder.is_full() {
            true => Err(io::Error::new(
                io::ErrorKind::QuotaExceeded,
                "more files than a record can have",
            )),
            false => Ok(()),
        }
    }
}

fn go_on(pid: Pid, how: Resume) -> io::Result<()> {
    match ptrace::resume(pid, how) {
        Err(error) if is_gone(&error) => Ok(()),
        result => result,
    }
}

fn to_pid(number: u64) -> Option<Pid> {
    Pid::from_raw(i32::try_from(number).ok()?)
}

/// Whether a thread was killed meanwhile.
fn is_gone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ESRCH)
}

/// Whether an open reads a file. One that is only written is none of the needs.
fn reads(flags: u64) -> bool {
    let flags = flags as i32;
    flags & libc::O_ACCMODE != libc::O_WRONLY && flags & libc::O_PATH == 0
}

/// What was read of a process; nothing if it is not there: a wrong address, a descriptor that was closed.
fn read<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
        Err(_) => Ok(None),
    }
}
