//! Messages in many rooms at once, each with a few members.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use crate::cases::Rooms;
use crate::report::Run;
use crate::server::Server;
use crate::traffic::{Plan, Seen, Sender, Stretch, receive};
use crate::world::World;

/// Sockets that send, each to its share of the rooms in turn.
const SENDERS: usize = 50;

/// Runs the case once. There are as many sockets as rooms; each follows as many rooms as a room has members.
pub(crate) async fn run(world: &World, server: &Server, case: &Rooms) -> anyhow::Result<Run> {
    let mut rooms = Vec::with_capacity(case.count);
    for _ in 0..case.count {
        rooms.push(world.room().await?);
    }
    let seen = Arc::new(Seen::new());
    let sockets = case.count.max(case.members);
    let mut receivers = Vec::with_capacity(sockets);
    for n in 0..sockets {
        let mut socket = world.socket(n).await.with_context(|| format!("socket {n}"))?;
        for room in followed(n, sockets, case) {
            world.subscribe(&mut socket, &rooms[room]).await.with_context(|| format!("socket {n} in room {room}"))?;
        }
        receivers.push(receive(socket, &seen));
    }
    let mut senders = Vec::with_capacity(SENDERS);
    for n in 0..SENDERS {
        senders.push(Sender { socket: world.socket(n).await?, rooms: share(&rooms, n) });
    }
    let pause = Some(Duration::from_secs(1) * u32::try_from(SENDERS)? / case.rate);
    let plan = Plan {
        name: case.name,
        copies: case.members,
        warm_up: Stretch { messages: SENDERS, pause },
        measured: Stretch { messages: case.messages, pause },
    };
    Ok(Run { connections: sockets, ..plan.run(server, senders, receivers, &seen).await? })
}

/// The rooms that socket `n` follows, so that every room has its members.
fn followed(n: usize, sockets: usize, case: &Rooms) -> impl Iterator<Item = usize> {
    let (rooms, members) = (case.count, case.members);
    (0..rooms).filter(move |room| (n + sockets - room * sockets / rooms) % sockets < members)
}

/// The rooms that the sender writes to: its own ones where there are as many rooms as senders, else one of theirs.
fn share(rooms: &[String], sender: usize) -> Vec<String> {
    if rooms.len() < SENDERS {
        return vec![rooms[sender % rooms.len()].clone()];
    }
    rooms.iter().skip(sender).step_by(SENDERS).cloned().collect()
}
