//! A command, run in the builder, and the files that its process tree opens.
//!
//! Each process stops when it opens a file or starts a program (ptrace(2)), caught by a filter of
//! system calls (seccomp(2)), and never otherwise. Both are allowed without a privilege in a plain
//! `docker build`: Docker's default profile has ptrace since Linux 4.8. What else there is sees less:
//! `LD_PRELOAD` no static program and no program of another libc, inotify not who opens a file, and
//! fanotify needs a privilege.
//!
//! Where this is refused there is an error, because an empty record would say that nothing is needed.
//! Programs with the set-uid bit run without it, as under any tracer.
//!
//! Invariant: reads no root and decides nothing; the command gets the arguments, the environment, the
//! streams and the signals that it would have had.

mod calls;
mod process;
mod processes;
mod ptrace;
mod recorder;
mod tracer;

use std::ffi::{CString, OsString};
use std::io::{self, PipeReader, Read as _, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitStatus, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::evidence::Record;
use crate::hint::Hint;
use processes::Processes;
use ptrace::Starter;
use tracer::Tracer;

/// What a run showed.
#[derive(Debug)]
pub struct Observation {
    /// The files that were opened.
    pub record: Record,
    /// The end of the command.
    pub end: End,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with this exit status.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// The time limit ended it.
    TimeLimit,
}

/// Why a command cannot be observed.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// An argument with a null byte, or no argument at all.
    #[error("{0:?} is no command")]
    Command(Vec<OsString>),
    /// The program cannot be started.
    #[error("cannot start {program}: {source}")]
    Start {
        /// As typed.
        program: String,
        /// The error of execve(2).
        source: io::Error,
    },
    /// The kernel, or a profile of the container engine, does not allow it.
    #[error("this process may not trace another one, so nothing can be observed: {0}")]
    Refused(#[source] io::Error),
    /// The run opens more files than a record can have.
    #[error("the command opens too many files: {0}")]
    TooMany(#[source] io::Error),
    /// The tracing failed on the way.
    #[error("the processes of the command were lost: {0}")]
    Lost(#[source] io::Error),
}

impl Hint for ObserveError {
    fn hint(&self) -> Option<&str> {
        Some(match self {
            ObserveError::Command(_) => "give a command after --",
            ObserveError::Start { .. } => "give a program on PATH, or its path",
            ObserveError::Refused(_) => {
                "observe needs Linux 5.3 and the system calls ptrace and seccomp, which Docker, podman and \
                 buildah allow by default; the emulation of another processor has neither"
            }
            ObserveError::TooMany(_) => "observe a part of it, such as one test file",
            ObserveError::Lost(_) => "run the command again",
        })
    }
}

/// Runs a command, `limit` at most, until its own process ends; those that it leaves running end with
/// it. SIGTERM and SIGHUP of this process are passed on. The keyboard signals reach both.
///
/// # Errors
/// See [`ObserveError`]. A command that fails is none.
pub fn run(command: &[OsString], limit: Option<Duration>) -> Result<Observation, ObserveError> {
    let arguments: Result<Vec<CString>, _> =
        command.iter().map(|one| CString::new(one.clone().into_vec())).collect();
    let Some(arguments) = arguments.ok().filter(|arguments| !arguments.is_empty()) else {
        return Err(ObserveError::Command(command.to_vec()));
    };
    let words: Vec<String> = command.iter().map(|one| one.to_string_lossy().into_owned()).collect();
    let directory = std::env::current_dir().map_err(ObserveError::Lost)?;
    let (root, failure) = start(&arguments)?;
    let processes = Processes::new(root);
    let mut tracer = Tracer::new(root, &processes);
    let ended = while_watched(&processes, limit, || tracer.follow(root));
    processes.send(Signal::KILL);
    let status = ended.map_err(|error| match error.kind() {
        io::ErrorKind::QuotaExceeded => ObserveError::TooMany(error),
        // A kernel that does not know a request.
        _ if error.raw_os_error() == Some(libc::EIO) => ObserveError::Refused(error),
        _ => ObserveError::Lost(error),
    })?;
    if let Some((has_filter, source)) = read_failure(failure) {
        return Err(match has_filter {
            true => ObserveError::Start { program: words[0].clone(), source },
            false => ObserveError::Refused(source),
        });
    }
    let end = if processes.is_over() { End::TimeLimit } else { end(status) };
    let directory = directory.to_string_lossy().into_owned();
    Ok(Observation { record: tracer.recorder.into_record(words, directory), end })
}

/// A traced process that becomes the program, and the pipe by which it tells why not.
fn start(arguments: &[CString]) -> Result<(Pid, PipeReader), ObserveError> {
    let filter = calls::filter();
    let (go, mut may_go) = io::pipe().map_err(ObserveError::Lost)?;
    let (failure, failed) = io::pipe().map_err(ObserveError::Lost)?;
    let starter = Starter { arguments, filter: &filter, go: &go, failure: &failed };
    let root = ptrace::start(&starter).map_err(ObserveError::Lost)?;
    if let Err(error) = ptrace::seize(root) {
        let _ = kill_process(root, Signal::KILL);
        return Err(ObserveError::Refused(error));
    }
    may_go.write_all(&[0]).map_err(ObserveError::Lost)?;
    Ok((root, failure))
}

/// What the process sent instead of becoming the program: whether it got the filter, and the error.
fn read_failure(mut failure: PipeReader) -> Option<(bool, io::Error)> {
    let mut numbers = [0; 8];
    failure.read_exact(&mut numbers).ok()?;
    let [has_filter, _, _, _, number @ ..] = numbers;
    Some((has_filter != 0, io::Error::from_raw_os_error(i32::from_ne_bytes(number))))
}

/// Follows a tree while other threads pass on signals and watch the time.
fn while_watched(
    processes: &Processes,
    limit: Option<Duration>,
    follow: impl FnOnce() -> io::Result<WaitStatus>,
) -> io::Result<WaitStatus> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    let handle = signals.handle();
    let (done, ending) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            for signal in &mut signals {
                // A terminal sends the others to the command itself.
                match signal {
                    SIGHUP => processes.send_to_command(Signal::HUP),
                    SIGTERM => processes.send_to_command(Signal::TERM),
                    _ => {}
                }
            }
        });
        if let Some(limit) = limit {
            scope.spawn(move || processes.end_after(limit, &ending));
        }
        let ended = follow();
        handle.close();
        drop(done);
        ended
    })
}

fn end(status: WaitStatus) -> End {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => End::Exited(code),
        (None, signal) => End::Killed(signal.unwrap_or_default()),
    }
}
