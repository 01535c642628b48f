//! Nothing lost, nothing twice, nothing out of order, nobody let in: shown under faults, on the real programs.
//!
//! Clients send, listen, moderate and pry while something is broken under them, and keep a journal. Then the fault is
//! healed, every send whose fate is unknown is settled by its key, everything is read, and the [`checker`] holds the
//! journal against the promises.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod chance;
pub mod checker;

pub use chance::Chance;
