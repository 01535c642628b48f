//! Messages from senders to receivers of one room.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::cases::Traffic;
use crate::report::Run;
use crate::server::Server;
use crate::world::{LoadSocket, World};

/// After this long without all deliveries the run has failed.
const GIVE_UP: Duration = Duration::from_mins(2);
/// The body is padded to about this many bytes.
const BODY: usize = 100;

/// What receivers have seen together.
pub(crate) struct Seen {
    begun: Instant,
    deliveries: AtomicUsize,
    gaps: AtomicUsize,
    duplicates: AtomicUsize,
    goal: AtomicUsize,
    reached: Notify,
    ended: CancellationToken,
    /// Messages sent before this moment (nanoseconds since `begun`) belong to the warm-up.
    measured_from: AtomicU64,
}

#[derive(Deserialize)]
struct EntryFrame<'a> {
    ev: &'a str,
    #[serde(default)]
    room_id: Uuid,
    #[serde(default)]
    seq: u64,
    #[serde(default, borrow)]
    body: Option<std::borrow::Cow<'a, str>>,
}

/// Runs the case once.
pub(crate) async fn run(world: &World, server: &Server, case: &Traffic) -> anyhow::Result<Run> {
    let room = world.room().await?;
    let seen = Arc::new(Seen::new());
    let mut receivers = Vec::new();
    for n in 0..case.receivers {
        let socket = world.subscribed(n, &room).await.with_context(|| format!("receiver {n}"))?;
        receivers.push(receive(socket, &seen));
    }
    let mut senders = Vec::new();
    for n in 0..case.senders {
        let socket = world.socket(n).await.with_context(|| format!("sender {n}"))?;
        senders.push(Sender { socket, rooms: vec![room.clone()] });
    }
    let plan = Plan {
        name: case.name,
        copies: case.receivers,
        warm_up: Stretch { messages: case.warm_up.max(case.senders), pause: None },
        measured: Stretch { messages: case.messages, pause: pause_of(case) },
    };
    plan.run(server, senders, receivers, &seen).await
}

/// Messages, and the pause of each sender between two of its own.
pub(crate) struct Stretch {
    pub(crate) messages: usize,
    pub(crate) pause: Option<Duration>,
}

/// What is sent once everyone is there.
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    /// Sockets that receive each message.
    pub(crate) copies: usize,
    pub(crate) warm_up: Stretch,
    pub(crate) measured: Stretch,
}

impl Plan {
    /// Sends it and waits until all has been received.
    pub(crate) async fn run(
        &self,
        server: &Server,
        senders: Vec<Sender>,
        receivers: Vec<Receiver>,
        seen: &Arc<Seen>,
    ) -> anyhow::Result<Run> {
        let warmed = send_all(senders, &self.warm_up, seen).await?;
        seen.wait_for(warmed.messages * self.copies).await?;
        seen.measure();
        let (before, begun) = (server.cpu(), Instant::now());
        let sent = send_all(warmed.senders, &self.measured, seen).await?;
        let sending = begun.elapsed();
        seen.wait_for((warmed.messages + sent.messages) * self.copies).await?;
        let mut run = Run {
            case: self.name.to_owned(),
            deliveries: sent.messages * self.copies,
            sends: sent.messages,
            sends_per_s: Some(per_second(sent.messages, sending)),
            wall: begun.elapsed(),
            ack_us: latencies_of(sent.acks_us),
            ..Run::default()
        };
        run.take_cpu(server, before);
        seen.tell(receivers, &mut run).await?;
        Ok(run)
    }
}

/// The pause between two messages of one sender.
pub(crate) fn pause_of(case: &Traffic) -> Option<Duration> {
    case.rate.map(|rate| Duration::from_secs(1) * u32::try_from(case.senders).unwrap_or(1) / rate)
}

/// The text of a message that is sent now.
pub(crate) fn body(sent: u64) -> String {
    let mut body = format!("{sent} {:x<BODY$}", "");
    body.truncate(BODY);
    body
}

#[allow(clippy::cast_precision_loss)]
pub(crate) fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// p50, p99 and p99.9.
pub(crate) fn latencies_of(mut sorted: Vec<u64>) -> Option<[u64; 3]> {
    sorted.sort_unstable();
    let at =
        |per_mille: usize| sorted.get((sorted.len() * per_mille / 1000).min(sorted.len().checked_sub(1)?)).copied();
    Some([at(500)?, at(990)?, at(999)?])
}

impl Seen {
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            deliveries: AtomicUsize::new(0),
            gaps: AtomicUsize::new(0),
            duplicates: AtomicUsize::new(0),
            goal: AtomicUsize::new(usize::MAX),
            reached: Notify::new(),
            ended: CancellationToken::new(),
            measured_from: AtomicU64::new(u64::MAX),
        }
    }

    /// From now on messages are measured.
    pub(crate) fn measure(&self) {
        self.measured_from.store(self.nanos(), Ordering::SeqCst);
    }

    /// Ends the receivers. What they saw of the measured messages, and what was wrong.
    async fn tell(&self, receivers: Vec<Receiver>, run: &mut Run) -> anyhow::Result<()> {
        self.ended.cancel();
        let mut latencies = Vec::new();
        for receiver in receivers {
            latencies.append(&mut receiver.await?);
        }
        run.delivery_us = latencies_of(latencies);
        run.gaps = self.gaps.load(Ordering::SeqCst);
        run.duplicates = self.duplicates.load(Ordering::SeqCst);
        Ok(())
    }

    pub(crate) fn nanos(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    pub(crate) async fn wait_for(&self, deliveries: usize) -> anyhow::Result<()> {
        self.goal.store(deliveries, Ordering::SeqCst);
        let reached = async {
            while self.deliveries.load(Ordering::SeqCst) < deliveries {
                let _ = tokio::time::timeout(Duration::from_millis(20), self.reached.notified()).await;
            }
        };
        tokio::time::timeout(GIVE_UP, reached).await.with_context(|| {
            format!("{} of {deliveries} deliveries after {GIVE_UP:?}", self.deliveries.load(Ordering::SeqCst))
        })
    }
}

/// One that reads; in the end it has how long each measured message took to it, in microseconds.
pub(crate) type Receiver = JoinHandle<Vec<u64>>;

/// Reads entries of any number of rooms until the run ends.
pub(crate) fn receive(socket: LoadSocket, seen: &Arc<Seen>) -> Receiver {
    let seen = Arc::clone(seen);
    tokio::spawn(async move {
        let mut latencies = Vec::new();
        seen.ended.run_until_cancelled(read(socket, &seen, &mut latencies)).await;
        latencies
    })
}

async fn read(mut socket: LoadSocket, seen: &Seen, latencies: &mut Vec<u64>) {
    let mut last = HashMap::new();
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let Ok(frame) = serde_json::from_str::<EntryFrame<'_>>(&text) else { continue };
        if frame.ev != "entry" {
            continue;
        }
        // The floor has no order.
        if frame.seq > 0 {
            match last.insert(frame.room_id, frame.seq) {
                Some(last) if frame.seq <= last => drop(seen.duplicates.fetch_add(1, Ordering::SeqCst)),
                Some(last) if frame.seq > last + 1 => drop(seen.gaps.fetch_add(1, Ordering::SeqCst)),
                _ => {}
            }
        }
        let sent = frame.body.and_then(|body| body.split(' ').next()?.parse::<u64>().ok());
        if let Some(sent) = sent.filter(|sent| *sent >= seen.measured_from.load(Ordering::SeqCst)) {
            latencies.push(seen.nanos().saturating_sub(sent) / 1000);
        }
        let count = seen.deliveries.fetch_add(1, Ordering::SeqCst) + 1;
        if count == seen.goal.load(Ordering::SeqCst) {
            seen.reached.notify_one();
        }
    }
}

/// A socket that sends.
pub(crate) struct Sender {
    pub(crate) socket: LoadSocket,
    /// Where to, in turn.
    pub(crate) rooms: Vec<String>,
}

/// What has been sent, and who can go on.
struct Sent {
    senders: Vec<Sender>,
    messages: usize,
    acks_us: Vec<u64>,
}

/// Sends the messages, shared among the senders, each waiting for its ack before its next one.
async fn send_all(senders: Vec<Sender>, stretch: &Stretch, seen: &Arc<Seen>) -> anyhow::Result<Sent> {
    let (each, pause) = (stretch.messages.div_ceil(senders.len()), stretch.pause);
    let mut all = Sent { messages: each * senders.len(), senders: Vec::new(), acks_us: Vec::new() };
    let tasks: Vec<_> =
        senders.into_iter().map(|sender| tokio::spawn(send(sender, each, pause, Arc::clone(seen)))).collect();
    for task in tasks {
        let (sender, acks) = task.await??;
        all.senders.push(sender);
        all.acks_us.extend(acks);
    }
    Ok(all)
}

async fn send(
    mut sender: Sender,
    messages: usize,
    pause: Option<Duration>,
    seen: Arc<Seen>,
) -> anyhow::Result<(Sender, Vec<u64>)> {
    let mut acks = Vec::with_capacity(messages);
    let mut tick = pause.map(tokio::time::interval);
    for n in 0..messages {
        if let Some(tick) = &mut tick {
            tick.tick().await;
        }
        let sent = seen.nanos();
        let frame = json!({"op": "send", "room_id": sender.rooms[n % sender.rooms.len()], "key": Uuid::now_v7(), "body": body(sent)});
        sender.socket.send(Message::text(frame.to_string())).await?;
        loop {
            let message = sender.socket.next().await.context("the sender's socket closed")??;
            let Message::Text(text) = message else { continue };
            if text.contains("\"ev\":\"ack\"") {
                break;
            }
            anyhow::ensure!(!text.contains("\"ev\":\"error\""), "a send was refused: {text}");
        }
        acks.push((seen.nanos() - sent) / 1000);
    }
    Ok((sender, acks))
}
