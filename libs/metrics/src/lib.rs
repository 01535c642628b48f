//! What the platform counts, for Prometheus: every metric there is, by name, stands here.
//!
//! One registry a process, since that is what is scraped. [`begin`] names the process; each part of the platform counts
//! on a static of its own ([`HTTP`], [`DB`], [`BUS`], [`GATEWAY`], …), and [`encode`] writes it all as OpenMetrics text.
//! Families appear when their static is first used; a service announces its own at its start, so that they are there,
//! at zero, before anything has happened.
//!
//! - **Labels are bounded.** Their values are enums or come from the code (routes, kinds of entries), never from a client:
//!   no name, no id, no text.
//! - **`service`** says which service counted. What a process has one of, whatever it hosts (a database, a bus, a log),
//!   bears the name of the process instead; it is the service's own, but `chatapp` where all are in one process.
//! - **Counting is cheap:** an atomic addition; for histograms a short lock, once for a request, an operation of the
//!   database, an entry that is handed out. Nothing is sampled in the background: what can be looked up (queues, pools,
//!   memory) is looked up when it is asked for.
//!
//! Names follow OpenTelemetry's semantic conventions where there is one, else Prometheus' practice. The table of them is
//! in this crate's README.md, and a test holds it to the code.

mod auth;
mod bus;
mod db;
mod gateway;
mod http;
mod label;
mod log;
mod messages;
mod probe;
mod process;
mod readiness;
mod registry;
mod rooms;
mod throttle;
mod timeline;

pub use auth::{AUTH, Auth, Login, Registration};
pub use bus::{BUS, Bus, Direction};
pub use db::{BATCH_BOUNDS, DB, Db, DbFailure, DbOperation, DbSystem, PoolState};
pub use gateway::{GATEWAY, Gateway, Protocol, Resume, SocketEnd};
pub use http::{ActiveRequest, HTTP, Http};
pub use label::{Counters, Gauges, Label};
pub use log::{LOG, Log};
pub use messages::{MESSAGES, Messages, Post};
pub use probe::Probe;
pub use process::begin;
pub use prometheus_client::metrics::counter::Counter;
pub use prometheus_client::metrics::gauge::Gauge;
pub use prometheus_client::metrics::histogram::Histogram;
pub use readiness::{READINESS, Readiness};
pub use registry::{CONTENT_TYPE, encode};
pub use rooms::{ROOMS, Rooms};
pub use throttle::{Limit, THROTTLED, Throttled};
pub use timeline::{TIMELINE, Timeline};

/// Upper bounds of latencies' buckets, in seconds.
pub const LATENCY_BOUNDS: [f64; 14] =
    [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0];
