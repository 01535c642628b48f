//! What the server's processes have used, from `/proc`.

use std::time::Duration;

/// Clock ticks a second of `/proc/<pid>/stat`; Linux reports it as 100 on every platform.
const TICKS: u64 = 100;

/// The processes whose CPU and memory are counted.
pub(crate) struct ServerProcesses {
    pids: Vec<u32>,
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

    /// The proportional set size of all, in KiB.
    pub(crate) fn pss_kib(&self) -> Option<u64> {
        let pss = self.pids.iter().map(|pid| pss_kib(*pid)).sum::<Option<u64>>()?;
        (!self.pids.is_empty()).then_some(pss)
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

fn pss_kib(pid: u32) -> Option<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find(|line| line.starts_with("Pss:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
