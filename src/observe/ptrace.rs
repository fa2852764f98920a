//! The system calls that have no safe interface: ptrace(2), seccomp(2), and the way from fork(2) to
//! execve(2).
//!
//! Invariant: the only unsafe code of wheelbarrow; each call checks its result.

#![expect(
    unsafe_code,
    reason = "no safe interface takes the signals and the structures of ptrace(2)"
)]

use std::ffi::CString;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::AsRawFd as _;
use std::ptr;

use libc::sock_filter;
use rustix::process::Pid;

/// Of linux/ptrace.h; not every libc has them.
const PTRACE_GET_SYSCALL_INFO: i64 = 0x420e;
const PTRACE_EVENT_STOP: i32 = 128;
/// The additional bit of a stop at a system call, with `PTRACE_O_TRACESYSGOOD`.
const AT_SYSTEM_CALL: i32 = 0x80;

/// `struct ptrace_syscall_info` of linux/ptrace.h, with its union as the words that are in it.
#[repr(C)]
#[derive(Default)]
struct SyscallInfo {
    operation: u8,
    padding: [u8; 3],
    architecture: u32,
    instruction_pointer: u64,
    stack_pointer: u64,
    words: [u64; 8],
}

/// A system call that begins: the architecture of its table (`AUDIT_ARCH_*`), its number, its arguments.
pub(super) struct Entry {
    pub(super) architecture: u32,
    pub(super) number: u64,
    pub(super) arguments: [u64; 6],
}

/// Why a traced thread stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The filter caught a system call, which has not begun yet.
    Caught,
    /// The system call is done.
    Returned,
    /// It made a process or thread; the message of the event is its number.
    Made,
    /// It runs another program; the message is the thread's number before.
    Replaced,
    /// All threads of the process are to stop.
    Group,
    /// A new thread is ready, or another event without a meaning here.
    Ready,
    /// A signal is about to be delivered.
    Signal(i32),
}

impl Stop {
    /// Decodes the status of a stopped thread, of waitpid(2).
    pub(super) fn from_status(status: i32) -> Stop {
        let signal = (status >> 8) & 0xff;
        match status >> 16 {
            0 if signal == libc::SIGTRAP | AT_SYSTEM_CALL => Stop::Returned,
            0 => Stop::Signal(signal),
            libc::PTRACE_EVENT_SECCOMP => Stop::Caught,
            libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
                Stop::Made
            }
            libc::PTRACE_EVENT_EXEC => Stop::Replaced,
            PTRACE_EVENT_STOP if signal != libc::SIGTRAP => Stop::Group,
            _ => Stop::Ready,
        }
    }
}

/// How a stopped thread goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resume {
    /// To the next event, with this signal; 0 is none.
    Freely(i32),
    /// The same, but it stops when the system call is done.
    ToReturn,
    /// It stays stopped until a signal continues its process.
    Stopped,
}

/// Traces a process with everything that it will start. The traced processes end with this one.
pub(super) fn seize(pid: Pid) -> io::Result<()> {
    let options = libc::PTRACE_O_TRACESYSGOOD
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEEXEC
        | libc::PTRACE_O_TRACESECCOMP
        | libc::PTRACE_O_EXITKILL;
    call(libc::PTRACE_SEIZE.into(), pid, 0, options as usize).map(drop)
}

/// Lets a stopped thread go on.
pub(super) fn resume(pid: Pid, how: Resume) -> io::Result<()> {
    let (request, signal) = match how {
        Resume::Freely(signal) => (libc::PTRACE_CONT, signal),
        Resume::ToReturn => (libc::PTRACE_SYSCALL, 0),
        Resume::Stopped => (libc::PTRACE_LISTEN, 0),
    };
    call(request.into(), pid, 0, signal as usize).map(drop)
}

/// The message of the event at which a thread stopped.
pub(super) fn message(pid: Pid) -> io::Result<u64> {
    let mut message: libc::c_ulong = 0;
    call(libc::PTRACE_GETEVENTMSG.into(), pid, 0, (&raw mut message).addr())?;
    Ok(message)
}

/// The system call at which the filter stopped a thread.
pub(super) fn entry(pid: Pid) -> io::Result<Entry> {
    let SyscallInfo { architecture, words, .. } = syscall_info(pid)?;
    let [number, first, second, third, fourth, fifth, sixth, _] = words;
    let arguments = [first, second, third, fourth, fifth, sixth];
    Ok(Entry { architecture, number, arguments })
}

/// The value that the system call returned; negative is an error.
pub(super) fn returned(pid: Pid) -> io::Result<i64> {
    Ok(syscall_info(pid)?.words[0].cast_signed())
}

fn syscall_info(pid: Pid) -> io::Result<SyscallInfo> {
    let mut info = SyscallInfo::default();
    call(PTRACE_GET_SYSCALL_INFO, pid, size_of::<SyscallInfo>(), (&raw mut info).addr())?;
    Ok(info)
}

/// One request of ptrace(2).
fn call(request: i64, pid: Pid, address: usize, data: usize) -> io::Result<i64> {
    // SAFETY: `data` is a number, or the address of a value of the size that the request writes.
    // The value outlives the call.
    let result = unsafe { libc::ptrace(request as _, pid.as_raw_pid(), address, data) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A process that is ready to become a program.
pub(super) struct Starter<'a> {
    /// The program, searched on `PATH`, and its arguments.
    pub(super) arguments: &'a [CString],
    /// The filter of its system calls, which it cannot take off again.
    pub(super) filter: &'a [sock_filter],
    /// The process waits until a byte comes here, and ends if none comes.
    pub(super) go: &'a PipeReader,
    /// Gets two numbers if the program cannot be started: whether the filter is there, and the error.
    pub(super) failure: &'a PipeWriter,
}

/// Makes the process.
pub(super) fn start(starter: &Starter) -> io::Result<Pid> {
    let mut arguments: Vec<*const libc::c_char> =
        starter.arguments.iter().map(|one| one.as_ptr()).collect();
    arguments.push(ptr::null());
    let program = libc::sock_fprog {
        len: u16::try_from(starter.filter.len()).expect("some forty instructions"),
        filter: starter.filter.as_ptr().cast_mut(),
    };
    // SAFETY: everything is allocated already, because the other threads of this process, and with
    // them their locks, are not in the new one.
    match unsafe { libc::fork() } {
        0 => unsafe { become_program(starter, &arguments, &program) },
        pid => Pid::from_raw(pid).filter(|_| pid > 0).ok_or_else(io::Error::last_os_error),
    }
}

/// Goes on in the new process.
///
/// # Safety
/// `arguments` ends with a null pointer. Only functions of signal-safety(7) are called.
unsafe fn become_program(
    starter: &Starter,
    arguments: &[*const libc::c_char],
    program: &libc::sock_fprog,
) -> ! {
    unsafe {
        // Rust ignores it, and a program would inherit that.
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        let mut byte = 0_u8;
        let flags: libc::c_ulong = 0;
        let has_filter = libc::read(starter.go.as_raw_fd(), (&raw mut byte).cast(), 1) == 1
            && libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, program) == 0;
        if has_filter {
            libc::execvp(arguments[0], arguments.as_ptr());
        }
        let failure = [i32::from(has_filter).to_le(), *libc::__errno_location()];
        libc::write(starter.failure.as_raw_fd(), failure.as_ptr().cast(), size_of_val(&failure));
        libc::_exit(127)
    }
}
