//! Serving a router over TCP, with what `axum::serve` leaves out: time limits, size limits, TLS, a cap on
//! connections and an end to the patience at shutdown.
//!
//! A connection that says nothing, or says it too slowly, is cut: first until its protocol is known, then for each
//! head of a request. Two lengths in one head (`Content-Length` and `Transfer-Encoding`), which two servers could
//! read differently, are refused.

mod accept;
mod clients;
mod config;
mod connection;
mod framing;
mod io;
mod tls;
mod upgrade;

pub use accept::serve;
pub use config::{ServerConfig, TlsFiles};
pub use upgrade::{RawConnection, Upgrade};
