//! Requests.

use std::sync::LazyLock;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

use crate::LATENCY_BOUNDS;
use crate::label::Pair;
use crate::registry::{Owner, registered};

/// The requests of this process.
pub static HTTP: LazyLock<Http> = LazyLock::new(Http::registered);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    service: &'static str,
    http_request_method: &'static str,
    http_route: String,
    http_response_status_code: u16,
}

/// What is counted of requests.
#[derive(Debug)]
pub struct Http {
    durations: Family<Request, Histogram, fn() -> Histogram>,
    active: Family<[Pair; 2], Gauge>,
}

/// A request that is under way; dropped when it has ended.
#[derive(Debug)]
pub struct ActiveRequest(Gauge);

impl Http {
    fn registered() -> Self {
        Self {
            durations: registered(
                Owner::Each,
                "http_server_request_duration",
                "Requests that were answered, and how long that took (status 499: the client did not wait)",
                Some(Unit::Seconds),
                Family::new_with_constructor(|| Histogram::new(LATENCY_BOUNDS)),
            ),
            active: registered(
                Owner::Each,
                "http_server_active_requests",
                "Requests under way",
                None,
                Family::default(),
            ),
        }
    }

    /// Registers them, if nothing has done so yet.
    pub fn announce(&self) {}

    /// Begins a request. `method` must be one of a known few, as a client may send any word.
    pub fn begin(&self, service: &'static str, method: &'static str) -> ActiveRequest {
        let gauge = self.active.get_or_create_owned(&[("service", service), ("http_request_method", method)]);
        gauge.inc();
        ActiveRequest(gauge)
    }

    /// Counts one that was answered. `route` is the route's pattern, never the path that a client sent.
    pub fn answered(&self, service: &'static str, method: &'static str, route: &str, status: u16, took: Duration) {
        let request = Request {
            service,
            http_request_method: method,
            http_route: route.to_owned(),
            http_response_status_code: status,
        };
        self.durations.get_or_create(&request).observe(took.as_secs_f64());
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.dec();
    }
}
