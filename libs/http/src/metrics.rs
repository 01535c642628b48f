//! What the process counts, in Prometheus' text format.
//!
//! One registry a process, since that is what Prometheus scrapes; services that share a process are told apart by a
//! label. Labels come from the code (routes, methods), never from a client, so that their number is bounded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};
use std::time::Duration;

use chatapp_types::{Clock as _, SystemClock};
use http::Method;

/// Upper bounds of the latency histogram's buckets, in milliseconds.
const BUCKETS_MS: [u64; 12] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 15_000];

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry {
    started_ms: SystemClock.now().millis(),
    requests: RwLock::default(),
    gauges: Mutex::default(),
});

struct Registry {
    started_ms: i64,
    requests: RwLock<BTreeMap<Series, Arc<Latency>>>,
    gauges: Mutex<BTreeMap<&'static str, (&'static str, Gauge)>>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    service: &'static str,
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Default)]
struct Latency {
    buckets: [AtomicU64; BUCKETS_MS.len()],
    count: AtomicU64,
    sum_us: AtomicU64,
}

/// A number that goes up and down: connections, bytes in queues. Clones are the same gauge.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicI64>);

impl Gauge {
    /// Adds `n`, which may be negative.
    pub fn add(&self, n: i64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// Sets it.
    pub fn set(&self, n: i64) {
        self.0.store(n, Ordering::Relaxed);
    }

    /// Its value.
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The gauge of that name (`chatapp_…`), made at the first call. `help` says what it counts.
pub fn gauge(name: &'static str, help: &'static str) -> Gauge {
    let mut gauges = REGISTRY.gauges.lock().unwrap_or_else(PoisonError::into_inner);
    gauges.entry(name).or_insert_with(|| (help, Gauge::default())).1.clone()
}

/// The method's name if it is one that routes have; a client may send any word.
pub(crate) fn known_method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("OTHER")
}

/// Counts one answered request.
pub(crate) fn record_request(service: &'static str, method: &'static str, route: &str, status: u16, took: Duration) {
    let key = Series { service, method, route: route.to_owned(), status };
    let known = REGISTRY.requests.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    let latency = known.unwrap_or_else(|| {
        REGISTRY.requests.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone()
    });
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    if let Some(bucket) = BUCKETS_MS.iter().position(|bound| micros <= bound * 1_000) {
        latency.buckets[bucket].fetch_add(1, Ordering::Relaxed);
    }
    latency.count.fetch_add(1, Ordering::Relaxed);
    latency.sum_us.fetch_add(micros, Ordering::Relaxed);
}

/// Everything, as text. `service` and `version` name the build.
pub(crate) fn render(service: &str, version: &str) -> String {
    let mut out = String::with_capacity(4_096);
    describe(&mut out, "chatapp_build_info", "gauge", "What runs here.");
    let _ = writeln!(out, "chatapp_build_info{{service=\"{service}\",version=\"{version}\"}} 1");
    describe(&mut out, "process_start_time_seconds", "gauge", "When the process began, since the epoch.");
    let _ = writeln!(out, "process_start_time_seconds {}", REGISTRY.started_ms / 1_000);
    if let Some(bytes) = resident_bytes() {
        describe(&mut out, "process_resident_memory_bytes", "gauge", "Resident memory.");
        let _ = writeln!(out, "process_resident_memory_bytes {bytes}");
    }
    for (name, (help, gauge)) in REGISTRY.gauges.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        describe(&mut out, name, "gauge", help);
        let _ = writeln!(out, "{name} {}", gauge.get());
    }
    render_requests(&mut out);
    out
}

fn render_requests(out: &mut String) {
    const NAME: &str = "chatapp_http_request_duration_seconds";
    describe(out, NAME, "histogram", "Requests by route and status, and how long they took.");
    let requests = REGISTRY.requests.read().unwrap_or_else(PoisonError::into_inner);
    for (Series { service, method, route, status }, latency) in requests.iter() {
        let labels = format!("service=\"{service}\",method=\"{method}\",route=\"{route}\",status=\"{status}\"");
        let mut below = 0;
        for (bucket, bound) in latency.buckets.iter().zip(BUCKETS_MS) {
            below += bucket.load(Ordering::Relaxed);
            let _ = writeln!(out, "{NAME}_bucket{{{labels},le=\"{}\"}} {below}", seconds(bound * 1_000));
        }
        let count = latency.count.load(Ordering::Relaxed);
        let _ = writeln!(out, "{NAME}_bucket{{{labels},le=\"+Inf\"}} {count}");
        let _ = writeln!(out, "{NAME}_sum{{{labels}}} {}", seconds(latency.sum_us.load(Ordering::Relaxed)));
        let _ = writeln!(out, "{NAME}_count{{{labels}}} {count}");
    }
}

fn describe(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

/// Where the operating system tells it.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1_024)
}
