//! Connections that are silent: what each costs in memory, and all of them in CPU.

use std::time::{Duration, Instant};

use anyhow::Context;
use futures::StreamExt;

use crate::cases::Idle;
use crate::process::ServerProcesses;
use crate::report::Run;
use crate::world::World;

/// Connections a room.
const A_ROOM: usize = 100;

/// Runs the case once.
pub(crate) async fn run(world: &World, server: &ServerProcesses, case: &Idle) -> anyhow::Result<Run> {
    let before = server.pss_kib();
    let mut room = String::new();
    let mut readers = Vec::new();
    for n in 0..case.connections {
        if n % A_ROOM == 0 {
            room = world.room().await?;
        }
        let socket = world.subscribed(n, &room).await.with_context(|| format!("connection {n}"))?;
        // Reading answers the server's pings.
        readers.push(tokio::spawn(async move {
            let mut socket = socket;
            while let Some(Ok(_)) = socket.next().await {}
        }));
    }
    // What the handshakes left to do is not what idling costs.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (cpu, begun) = (server.cpu(), Instant::now());
    tokio::time::sleep(case.watch).await;
    let cpu = server.cpu().zip(cpu).map(|(after, before)| after.saturating_sub(before));
    let after = server.pss_kib();
    let open = readers.iter().filter(|reader| !reader.is_finished()).count();
    anyhow::ensure!(
        open == case.connections,
        "{} of {} connections were closed",
        case.connections - open,
        case.connections
    );
    for reader in readers {
        reader.abort();
    }
    let connections = u64::try_from(case.connections)?;
    let used = after.zip(before).map(|(after, before)| after.saturating_sub(before));
    Ok(Run {
        case: case.name.to_owned(),
        connections: case.connections,
        bytes_a_connection: used.map(|kib| kib * 1024 / connections),
        wall: begun.elapsed(),
        cpu,
        ..Run::default()
    })
}
