//! What tests share: the platform's real binaries on free ports, users who speak the protocol as it is on the wire,
//! and deadlines instead of sleeps.
//!
//! Nothing here goes through the client library: a test that speaks the protocol itself notices when client and
//! server agree on something that the protocol does not say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod binaries;
mod certificate;
mod cluster;
mod collector;
mod deadline;
mod given;
mod link;
mod metrics;
mod nats;
mod platform;
pub mod schedules;
mod socket;
mod tds;
mod user;

pub use binaries::binary;
pub use certificate::Certificate;
pub use cluster::{Cluster, ClusterSetup};
pub use collector::{Collector, ReceivedSpan};
pub use deadline::{DEADLINE, eventually, within};
pub use given::{given_url, kill_given};
pub use link::{Filter, Flow, Link};
pub use metrics::{Family, Metrics, Sample};
pub use nats::NatsServer;
pub use platform::{Frozen, Platform, Setup, signal};
pub use socket::{Closed, Socket};
pub use tds::{MSSQL_URL, TdsDatabase};
pub use user::{Answer, PASSWORD, User, unique_name};
