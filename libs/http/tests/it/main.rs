//! HTTP as a service uses it: over its public interface, and over sockets where bytes matter.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod call;
mod extract;
mod layers;
mod logs;
mod ops;
mod revocations;
mod secrets;
mod server;
mod service_token;
mod signing;
mod tls;
mod tokens;
mod wire;
