//! `chatapp import` as its operator meets it: the real program, on a made-up database of the original.
#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

mod interrupted;
mod original;
mod platform;
mod repeated;
mod server;
mod troubles;
mod whole;
