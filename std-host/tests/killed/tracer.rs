//! Running a program call by call, and killing it at the one wanted.
//!
//! The program is traced from outside (`ptrace`): it is stopped at each system call that changes
//! files, and there it can be killed, before the call is made or in the middle of a write, as by
//! the kernel's out-of-memory killer or an impatient user.

use std::collections::HashSet;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// A system call that changes files, or makes changes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    /// What kind it is of.
    pub(crate) kind: Kind,
    /// The file, where the call has one.
    pub(crate) fd: u64,
}

/// Kinds of such calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Create,
    Write,
    Rename,
    Remove,
    Link,
    Sync,
    Other,
}

/// The moment that the program dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before change number so much, from 0.
    Before(usize),
    /// After half of what change number so much writes.
    Within(usize),
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The moment came.
    Killed,
    /// The moment did not come: the program ended by itself, with this code.
    Exited(i32),
}

/// Runs a program to its end; the changes it made, in order.
pub(crate) fn watch(command: &Command) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    let ending = trace(command, |change, _| {
        changes.push(change);
        Order::GoOn
    })?;
    match ending {
        Ending::Exited(0) => Ok(changes),
        other => bail!("{command:?}: {other:?}"),
    }
}

/// Runs a program up to a moment and kills it there.
pub(crate) fn kill_at(command: &Command, moment: Moment) -> Result<Ending> {
    let mut seen = 0;
    trace(command, |change, count| {
        let number = seen;
        seen += 1;
        match moment {
            Moment::Before(at) if at == number => Order::Die,
            Moment::Within(at) if at == number && change.kind == Kind::Write && count > 1 => {
                Order::DieWithin
            }
            _ => Order::GoOn,
        }
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    GoOn,
    Die,
    DieWithin,
}

/// Asks `decide` at each change what is to be done; it is told the number of bytes written.
fn trace(command: &Command, decide: impl FnMut(Change, u64) -> Order) -> Result<Ending> {
    let mut child = held(command)?;
    let ending = followed(&child, decide);
    if ending.is_err() {
        // Nothing may go on behind the test's back.
        let _ = child.kill();
    }
    // The tracer has seen it end; this closes its pipe.
    drop(child.stdin.take());
    ending
}

/// Starts a shell that becomes the program once a line comes.
fn held(command: &Command) -> Result<Child> {
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", "read -r go && exec \"$0\" \"$@\" </dev/null"])
        .arg(command.get_program())
        .args(command.get_args())
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::null());
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell.spawn().context("cannot start /bin/sh")
}

fn followed(child: &Child, mut decide: impl FnMut(Change, u64) -> Order) -> Result<Ending> {
    let main = Pid::from_raw(child.id().try_into()?);
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_EXITKILL;
    ptrace::seize(main, options)
        .context("this system does not let a program trace its children (ptrace)")?;
    ptrace::interrupt(main)?;
    let mut stdin = child.stdin.as_ref().context("the shell has no input")?;
    let (mut started, mut released) = (false, false);
    // Threads that are within a call, and those that die once they have made it.
    let mut within = HashSet::new();
    let mut doomed = HashSet::new();
    loop {
        match waitpid(None, Some(WaitPidFlag::__WALL))? {
            WaitStatus::Exited(pid, code) if pid == main => return Ok(Ending::Exited(code)),
            WaitStatus::Signaled(pid, Signal::SIGKILL, _) if pid == main => {
                return Ok(Ending::Killed);
            }
            WaitStatus::Signaled(pid, signal, _) if pid == main => bail!("died of {signal}"),
            WaitStatus::PtraceSyscall(pid) => {
                if !within.remove(&pid) {
                    within.insert(pid);
                    let order = match call(pid)?.filter(|_| started) {
                        Some((change, count)) => decide(change, count),
                        None => Order::GoOn,
                    };
                    match order {
                        Order::GoOn => {}
                        Order::Die => kill(main, Signal::SIGKILL)?,
                        Order::DieWithin => {
                            halve(pid)?;
                            doomed.insert(pid);
                        }
                    }
                } else if doomed.contains(&pid) {
                    kill(main, Signal::SIGKILL)?;
                }
                go_on(pid, None)?;
            }
            WaitStatus::PtraceEvent(pid, _, event) => {
                started |= event == libc::PTRACE_EVENT_EXEC;
                if pid == main && !released {
                    released = true;
                    stdin.write_all(b"go\n")?;
                }
                go_on(pid, None)?;
            }
            WaitStatus::Stopped(pid, signal) => go_on(pid, Some(signal))?,
            _ => {}
        }
    }
}

/// Lets a thread run up to its next call; one that was killed meanwhile is gone.
fn go_on(pid: Pid, signal: Option<Signal>) -> Result<()> {
    match ptrace::syscall(pid, signal) {
        Ok(()) | Err(nix::errno::Errno::ESRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The change that a thread is about to make, if its call makes one, and the bytes it writes.
fn call(pid: Pid) -> Result<Option<(Change, u64)>> {
    let registers = match ptrace::getregs(pid) {
        Err(nix::errno::Errno::ESRCH) => return Ok(None),
        other => other?,
    };
    let (number, [first, second, third]) = (
        registers.orig_rax as libc::c_long,
        [registers.rdi, registers.rsi, registers.rdx],
    );
    let creates = |flags: u64| flags & (libc::O_CREAT | libc::O_TRUNC) as u64 != 0;
    // Standard output and error are no files of the program's.
    let is_file = first > 2;
    let kind = match number {
        libc::SYS_open if creates(second) => Kind::Create,
        libc::SYS_openat if creates(third) => Kind::Create,
        libc::SYS_creat | libc::SYS_mkdir | libc::SYS_mkdirat => Kind::Create,
        libc::SYS_write | libc::SYS_pwrite64 | libc::SYS_writev | libc::SYS_pwritev if is_file => {
            Kind::Write
        }
        libc::SYS_rename | libc::SYS_renameat | libc::SYS_renameat2 => Kind::Rename,
        libc::SYS_unlink | libc::SYS_unlinkat | libc::SYS_rmdir => Kind::Remove,
        libc::SYS_link | libc::SYS_linkat | libc::SYS_symlink | libc::SYS_symlinkat => Kind::Link,
        libc::SYS_fsync | libc::SYS_fdatasync | libc::SYS_syncfs => Kind::Sync,
        libc::SYS_ftruncate
        | libc::SYS_truncate
        | libc::SYS_fallocate
        | libc::SYS_copy_file_range
        | libc::SYS_sendfile
        | libc::SYS_splice
        | libc::SYS_chmod
        | libc::SYS_fchmod
        | libc::SYS_fchmodat
        | libc::SYS_utimensat => Kind::Other,
        _ => return Ok(None),
    };
    let count = match number {
        libc::SYS_write | libc::SYS_pwrite64 => third,
        _ => 0,
    };
    Ok(Some((Change { kind, fd: first }, count)))
}

/// Makes the write that a thread is about to make half as long.
fn halve(pid: Pid) -> Result<()> {
    let mut registers = ptrace::getregs(pid)?;
    registers.rdx /= 2;
    Ok(ptrace::setregs(pid, registers)?)
}
