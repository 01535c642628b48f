//! Connections that are silent: what each costs in memory, and all of them in CPU.

use std::time::{Duration, Instant};

use anyhow::Context;
use futures::StreamExt;

use crate::cases::Idle;
use crate::process::Memory;
use crate::report::Run;
use crate::server::Server;
use crate::world::World;

/// Connections a room.
const A_ROOM: usize = 100;

/// Runs the case once.
pub(crate) async fn run(world: &World, server: &Server, case: &Idle) -> anyhow::Result<Run> {
    // What the log-ins have left unused serves the first connections: a fifth of them is passed over.
    let passed_over = case.connections / 5;
    let mut before = None;
    let mut room = String::new();
    let mut readers = Vec::new();
    for n in 0..case.connections {
        if n == passed_over {
            before = server.memory();
        }
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
    let mut run = Run { wall: begun.elapsed(), ..Run::default() };
    run.take_cpu(server, cpu);
    let after = server.memory();
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
    let each = |kib: fn(Memory) -> u64| {
        let (before, after) = before.zip(after)?;
        #[allow(clippy::cast_precision_loss)]
        Some(kib(after).saturating_sub(kib(before)) as f64 / (case.connections - passed_over) as f64)
    };
    Ok(Run {
        case: case.name.to_owned(),
        connections: case.connections,
        pss_kib: each(|memory| memory.pss_kib),
        rss_kib: each(|memory| memory.rss_kib),
        ..run
    })
}
