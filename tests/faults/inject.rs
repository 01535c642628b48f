//! System calls of a running process that fail, wait or kill it at an exact point: `strace`.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// `strace` must be at work after so long.
const ATTACHED_WITHIN: Duration = Duration::from_secs(10);

/// And let go of the process after so long.
const LETS_GO_WITHIN: Duration = Duration::from_millis(300);

/// Calls of a process that are tampered with, until this is dropped.
pub(crate) struct Injection {
    tracer: Child,
}

impl Injection {
    /// Tampers with `calls` (`fsync,fdatasync`) of the process and all its threads, in strace's words: `error=EIO`,
    /// `signal=KILL:when=7`, `delay_exit=200000` (microseconds). Returns once that holds.
    pub(crate) async fn on(pid: u32, calls: &str, how: &str) -> Self {
        let tracer = Command::new("strace")
            .args(["-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", &format!("trace={calls}"), "-e"])
            .arg(format!("inject={calls}:{how}"))
            .args(["-p", &pid.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("strace does not run ({error}): run `cargo qa tools`"));
        until_traced(pid).await;
        Self { tracer }
    }
}

impl Drop for Injection {
    fn drop(&mut self) {
        // Asked to end it lets go of the process in order; of one that has died it may wait for threads for ever.
        let _ = Command::new("kill").args(["-INT", &self.tracer.id().to_string()]).status();
        let begun = Instant::now();
        while begun.elapsed() < LETS_GO_WITHIN && matches!(self.tracer.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.tracer.kill();
        let _ = self.tracer.wait();
    }
}

/// Waits until a tracer is at work, or the process has ended.
pub(crate) async fn until_traced(pid: u32) {
    let begun = Instant::now();
    while !is_dead(pid) && !is_traced(pid) {
        assert!(begun.elapsed() < ATTACHED_WITHIN, "strace does not attach to {pid}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Whether every thread of the process is traced.
fn is_traced(pid: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.flatten().all(|thread| {
        let status = std::fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        !status.lines().any(|line| line.split_whitespace().eq(["TracerPid:", "0"]))
    })
}

/// Whether the process has ended, reaped or not.
pub(crate) fn is_dead(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with(['Z', 'X']))
}

/// Waits until the process has ended, for so long at most; whether it did.
pub(crate) async fn ends_within(pid: u32, limit: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < limit {
        if is_dead(pid) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    false
}
