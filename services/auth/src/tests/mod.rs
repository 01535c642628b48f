//! The service as its callers see it: its router, with the standard layers, on a database of its own.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

mod access_tokens;
mod accounts;
mod api_tokens;
mod imported;
mod internal;
mod login;
mod names;
mod operator;
mod original;
mod passwords;
mod refresh;
mod revocation;
mod running;
mod scene;
mod throttling;
