//! The process itself, by the names that every Prometheus client uses.

use std::fs;

use chatapp_types::{Clock as _, SystemClock};
use prometheus_client::registry::Unit;

use crate::probe::LookedUp;
use crate::registry::{Owner, name_process, register};
use crate::{BUS, DB, HTTP, LOG, READINESS};

/// Names the process, and registers what every process has: call it once, before anything is counted. `process` is the
/// name of the service it hosts, or `chatapp` for all of them.
pub fn begin(process: &'static str, version: &'static str, commit: &'static str) {
    name_process(process);
    let build = LookedUp::gauges(move || vec![([("version", version), ("commit", commit)], 1.0)]);
    register(Owner::Process, "chatapp_build_info", "What runs here", None, build);
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of centuries fit")]
    let started = SystemClock.now().millis() as f64 / 1_000.0;
    measure("process_start_time", "When the process began, since the epoch", Unit::Seconds, move || Some(started));
    measure("process_resident_memory", "Resident memory", Unit::Bytes, resident_bytes);
    let cpu = LookedUp::counter(cpu_seconds);
    register(Owner::Each, "process_cpu", "Time on processors, of user and system", Some(Unit::Seconds), cpu);
    count("process_open_fds", "Open file descriptors", open_fds);
    count("process_max_fds", "File descriptors that may be open", max_fds);
    count("process_threads", "Threads", threads);
    HTTP.announce();
    DB.announce();
    BUS.announce();
    LOG.announce();
    READINESS.announce();
}

fn measure(name: &str, help: &str, unit: Unit, look: impl Fn() -> Option<f64> + Send + Sync + 'static) {
    register(Owner::Each, name, help, Some(unit), LookedUp::gauge(look));
}

fn count(name: &str, help: &str, look: impl Fn() -> Option<f64> + Send + Sync + 'static) {
    register(Owner::Each, name, help, None, LookedUp::gauge(look));
}

/// A line of `/proc/self/status`, where the operating system has that.
fn status(key: &str) -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(|value| value.trim().to_owned())
}

fn resident_bytes() -> Option<f64> {
    let kib: f64 = status("VmRSS")?.strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1_024.0)
}

fn threads() -> Option<f64> {
    status("Threads")?.parse().ok()
}

fn open_fds() -> Option<f64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    // One of them is the folder's own.
    u32::try_from(count.saturating_sub(1)).ok().map(f64::from)
}

fn max_fds() -> Option<f64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, clippy::cast_precision_loss, reason = "as the others; hundreds of years fit")]
fn cpu_seconds() -> Option<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(time.tv_sec as f64 + time.tv_nsec as f64 / 1e9)
}

#[cfg(not(unix))]
const fn cpu_seconds() -> Option<f64> {
    None
}
