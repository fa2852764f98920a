//! The system calls that open files and start programs, and the filter that catches them.
//!
//! Invariant: every other system call runs at full speed. io_uring opens files where no tracer sees
//! it, so it is refused, and programs do without.

use libc::sock_filter;

/// A system call of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// open(2): the path and the flags are the first two arguments.
    Open,
    /// openat(2): a directory, the path, the flags.
    OpenAt,
    /// openat2(2): a directory, the path, a structure that begins with the flags.
    OpenAt2,
    /// execve(2): the path.
    Execute,
    /// execveat(2): a directory, the path.
    ExecuteAt,
}

/// The table of system calls of one architecture.
struct Table {
    /// `AUDIT_ARCH_*` of linux/audit.h.
    architecture: u32,
    calls: &'static [(u32, Call)],
}

/// Of arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl, include/uapi/asm-generic/unistd.h and
/// arch/arm/tools/syscall.tbl, Linux 6.12. 32-bit programs run on both processors.
const TABLES: [Table; 4] = [
    Table {
        architecture: 0xc000_003e,
        calls: &[
            (2, Call::Open),
            (257, Call::OpenAt),
            (437, Call::OpenAt2),
            (59, Call::Execute),
            (322, Call::ExecuteAt),
        ],
    },
    Table {
        architecture: 0xc000_00b7,
        calls: &[
            (56, Call::OpenAt),
            (437, Call::OpenAt2),
            (221, Call::Execute),
            (281, Call::ExecuteAt),
        ],
    },
    Table {
        architecture: 0x4000_0003,
        calls: &[
            (5, Call::Open),
            (295, Call::OpenAt),
            (437, Call::OpenAt2),
            (11, Call::Execute),
            (358, Call::ExecuteAt),
        ],
    },
    Table {
        architecture: 0x4000_0028,
        calls: &[
            (5, Call::Open),
            (322, Call::OpenAt),
            (437, Call::OpenAt2),
            (11, Call::Execute),
            (387, Call::ExecuteAt),
        ],
    },
];

/// io_uring_setup(2), which has one number everywhere.
const IO_URING: u32 = 425;
/// The places of the number and the architecture in `struct seccomp_data` (seccomp(2)).
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

/// The call of this number.
pub(super) fn find(architecture: u32, number: u64) -> Option<Call> {
    let table = TABLES.iter().find(|table| table.architecture == architecture)?;
    table.calls.iter().find(|(one, _)| u64::from(*one) == number).map(|(_, call)| *call)
}

/// The filter as a program of classic BPF.
pub(super) fn filter() -> Vec<sock_filter> {
    let (allow, trace) = (libc::SECCOMP_RET_ALLOW, libc::SECCOMP_RET_TRACE);
    let refuse = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned();
    let mut program = vec![load(ARCHITECTURE)];
    for table in &TABLES {
        let calls = u8::try_from(table.calls.len()).expect("few calls");
        // The block of an architecture: a load, its comparisons with that of io_uring, three answers.
        program.push(unless_equal(table.architecture, calls + 5));
        program.push(load(NUMBER));
        for ((number, _), left) in table.calls.iter().zip((0..calls).rev()) {
            program.push(if_equal(*number, left + 3));
        }
        program.push(if_equal(IO_URING, 1));
        program.extend([answer(allow), answer(refuse), answer(trace)]);
    }
    program.push(answer(allow));
    program
}

fn load(place: u32) -> sock_filter {
    instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, place)
}

/// Skips instructions if the loaded value is this one.
fn if_equal(value: u32, skip: u8) -> sock_filter {
    instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, skip, 0, value)
}

/// Skips instructions if the loaded value is another one.
fn unless_equal(value: u32, skip: u8) -> sock_filter {
    instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, skip, value)
}

fn answer(value: u32) -> sock_filter {
    instruction(libc::BPF_RET | libc::BPF_K, 0, 0, value)
}

fn instruction(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code: u16::try_from(code).expect("a code of BPF"), jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the filter over a call, as the kernel does.
    fn answer_to(architecture: u32, number: u32) -> u32 {
        let (program, mut value, mut at) = (filter(), 0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = program[at];
            at += 1;
            match u32::from(code) & 0x07 {
                libc::BPF_LD => value = if k == ARCHITECTURE { architecture } else { number },
                libc::BPF_JMP => at += usize::from(if value == k { jt } else { jf }),
                _ => return k,
            }
        }
    }

    #[test]
    fn each_call_of_the_tables_is_caught_and_no_other() {
        for table in &TABLES {
            let answered = |kind: u32| -> Vec<u32> {
                let is = |one: &u32| answer_to(table.architecture, *one) & 0xffff_0000 == kind;
                (0..600).filter(is).collect()
            };
            let mut calls: Vec<u32> = table.calls.iter().map(|(number, _)| *number).collect();
            calls.sort_unstable();
            assert_eq!(answered(libc::SECCOMP_RET_TRACE), calls);
            assert_eq!(answered(libc::SECCOMP_RET_ERRNO), [IO_URING]);
        }
        assert_eq!(answer_to(1, 2), libc::SECCOMP_RET_ALLOW);
    }

    #[test]
    fn numbers_of_this_machine() {
        let own = if cfg!(target_arch = "x86_64") { 0xc000_003e } else { 0xc000_00b7 };
        for (number, expect) in [
            (libc::SYS_openat, Some(Call::OpenAt)),
            (libc::SYS_openat2, Some(Call::OpenAt2)),
            (libc::SYS_execve, Some(Call::Execute)),
            (libc::SYS_execveat, Some(Call::ExecuteAt)),
            (libc::SYS_close, None),
        ] {
            assert_eq!(find(own, number.cast_unsigned()), expect);
        }
    }
}
