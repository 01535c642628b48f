//! What the server's processes have used, from `/proc`.

use std::time::Duration;

/// Clock ticks a second of `/proc/<pid>/stat`; Linux reports it as 100 on every platform.
const TICKS: u64 = 100;

/// The processes whose CPU and memory are counted.
#[derive(Clone, Default)]
pub(crate) struct ServerProcesses {
    pids: Vec<u32>,
}

/// Memory of all of them, in KiB.
#[derive(Clone, Copy, Default)]
pub(crate) struct Memory {
    /// The proportional set size: what is shared is counted in parts.
    pub(crate) pss_kib: u64,
    /// The resident set size.
    pub(crate) rss_kib: u64,
}

impl ServerProcesses {
    /// The processes with these ids; without any, figures are absent.
    pub(crate) const fn new(pids: Vec<u32>) -> Self {
        Self { pids }
    }

    /// User and system time of all so far.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        let ticks = self.pids.iter().map(|pid| cpu_ticks(*pid)).sum::<Option<u64>>()?;
        (!self.pids.is_empty()).then(|| Duration::from_millis(ticks * 1000 / TICKS))
    }

    /// What they hold now.
    pub(crate) fn memory(&self) -> Option<Memory> {
        let mut sum = Memory::default();
        for pid in &self.pids {
            let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
            sum.pss_kib += kib(&rollup, "Pss:")?;
            sum.rss_kib += kib(&rollup, "Rss:")?;
        }
        (!self.pids.is_empty()).then_some(sum)
    }
}

fn cpu_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold anything; utime and stime are the 14th and 15th.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn kib(rollup: &str, name: &str) -> Option<u64> {
    let line = rollup.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
