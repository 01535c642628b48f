//! `chatapp`: the whole platform in one process ([`up`]), and what its operator does with it.
//!
//! The services are libraries; this crate gives them a database, each other, and a port. It is the one place that
//! knows all four.

pub mod backup;
mod cli;
mod command;
mod confirm;
pub mod doctor;
mod import;
mod init;
mod keys;
mod migrate;
mod password;
pub mod screen;
pub mod up;
mod users;

pub use command::main;
