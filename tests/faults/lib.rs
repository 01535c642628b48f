//! Nothing lost, nothing twice, nothing out of order, nobody let in: shown under faults, on the real programs.
//!
//! Clients send, listen, moderate and pry while something is broken under them, and keep a journal. Then the fault is
//! healed, every send whose fate is unknown is settled by its key, everything is read, and the [`checker`] holds the
//! journal against the promises.
//!
//! ```text
//! cargo run -p chatapp-tests --bin faults -- list
//! cargo run -p chatapp-tests --bin faults -- run kill --form replicas --seed 7
//! cargo run -p chatapp-tests --bin faults -- quick        # what the gate plays
//! cargo run -p chatapp-tests --bin faults -- all          # everything, at its full length
//! ```
//!
//! A seed decides every choice of a run: victims, moments, ways. The machine decides when things happen between them, so
//! a seed that found something finds it again often, not always; the journal's part about it is printed for that.
//! `FAULTS_STRETCH=5` allows five times the promised times, for machines that are slow or busy; quick runs, which are
//! played beside other tests, are allowed three times, and full ones what is promised.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod chance;
pub mod checker;
mod connection;
mod crowd;
mod disk_trace;
mod gateways;
mod inject;
mod journal;
mod leaver;
mod listener;
mod moderator;
mod outcome;
mod pry;
mod report;
mod run;
mod scenario;
mod scenarios;
mod sender;
mod small_disk;
mod stage;
mod wire;

pub use chance::Chance;
pub use crowd::Crowd;
pub use report::{Report, Tally};
pub use run::{Length, Run, perform};
pub use scenario::{Scenario, all, find};
pub use stage::{Form, Host, Plan, Stage};
