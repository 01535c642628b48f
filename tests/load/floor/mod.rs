//! The physical floor: what the same deliveries cost a program that does nothing else.
//!
//! It takes finished frames from senders and writes them to receivers over loopback TCP, in a process of its own, so
//! that its CPU is read as the server's is. It knows no rooms, stores nothing and decides nothing.

mod client;
mod commit;
mod server;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;

use crate::cases::{Idle, Traffic};
use crate::process::ServerProcesses;

pub(crate) use commit::group_commit;
pub(crate) use server::serve;

/// How the floor writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// One write a delivery.
    Single,
    /// One write a receiver for all the frames that wait.
    Joined,
    /// A tokio task and a channel for each receiver, whose writes are joined.
    Tasks,
}

/// A floor program that runs; ended when dropped.
pub(crate) struct Floor {
    child: Child,
    port: u16,
}

impl Floor {
    /// Starts one.
    pub(crate) fn start(mode: Mode) -> anyhow::Result<Self> {
        let mode = mode.to_possible_value().context("a mode without a name")?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve-floor", mode.get_name()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("no standard output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let port = line.trim().parse().context("the floor program named no port");
        Ok(Self { child, port: port? })
    }

    fn process(&self) -> ServerProcesses {
        ServerProcesses::new(vec![self.child.id()])
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU of a floor for the deliveries of a case.
pub(crate) async fn deliveries(mode: Mode, case: &Traffic) -> anyhow::Result<Duration> {
    let floor = Floor::start(mode)?;
    client::traffic(&floor, case).await
}

/// KiB of a floor a connection, of as many as the case has: a task and a channel each.
pub(crate) async fn idle(case: &Idle) -> anyhow::Result<f64> {
    let floor = Floor::start(Mode::Tasks)?;
    client::idle(&floor, case.connections).await
}
