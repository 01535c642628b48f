//! Messages from senders to receivers of one room.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::cases::Traffic;
use crate::process::ServerProcesses;
use crate::report::Run;
use crate::world::{LoadSocket, World};

/// After this long without all deliveries the run has failed.
const GIVE_UP: Duration = Duration::from_mins(2);
/// The body is padded to about this many bytes.
const BODY: usize = 100;

/// What receivers have seen together.
struct Seen {
    begun: Instant,
    deliveries: AtomicUsize,
    gaps: AtomicUsize,
    duplicates: AtomicUsize,
    goal: AtomicUsize,
    reached: Notify,
    latencies_us: std::sync::Mutex<Vec<u64>>,
    /// Messages sent before this moment (nanoseconds since `begun`) belong to the warm-up.
    measured_from: AtomicU64,
}

#[derive(Deserialize)]
struct EntryFrame<'a> {
    ev: &'a str,
    #[serde(default)]
    seq: u64,
    #[serde(default, borrow)]
    body: Option<std::borrow::Cow<'a, str>>,
}

/// Runs the case once.
pub(crate) async fn run(world: &World, server: &ServerProcesses, case: &Traffic) -> anyhow::Result<Run> {
    let room = world.room().await?;
    let seen = Arc::new(Seen::new());
    let mut receivers = Vec::new();
    for n in 0..case.receivers {
        let socket = world.subscribed(n, &room).await.with_context(|| format!("receiver {n}"))?;
        receivers.push(tokio::spawn(receive(socket, Arc::clone(&seen))));
    }
    let mut senders = Vec::new();
    for n in 0..case.senders {
        senders.push(world.socket(n).await.with_context(|| format!("sender {n}"))?);
    }
    let warmed = send_all(senders, &room, case.warm_up.max(case.senders), None, &seen).await?;
    seen.wait_for(warmed.messages * case.receivers).await?;
    seen.measured_from.store(seen.nanos(), Ordering::SeqCst);
    let (cpu, begun) = (server.cpu(), Instant::now());
    let measured = send_all(warmed.sockets, &room, case.messages, case.rate, &seen).await?;
    let sending = begun.elapsed();
    seen.wait_for((warmed.messages + measured.messages) * case.receivers).await?;
    let wall = begun.elapsed();
    let cpu = server.cpu().zip(cpu).map(|(after, before)| after.saturating_sub(before));
    for receiver in receivers {
        receiver.abort();
    }
    let mut acks = measured.acks_us;
    let mut latencies = std::mem::take(&mut *seen.latencies_us.lock().expect("no panic while locked"));
    acks.sort_unstable();
    latencies.sort_unstable();
    Ok(Run {
        case: case.name.to_owned(),
        deliveries: measured.messages * case.receivers,
        sends: measured.messages,
        sends_per_s: Some(per_second(measured.messages, sending)),
        wall,
        cpu,
        ack_us: latencies_of(&acks),
        delivery_us: latencies_of(&latencies),
        gaps: seen.gaps.load(Ordering::SeqCst),
        duplicates: seen.duplicates.load(Ordering::SeqCst),
        ..Run::default()
    })
}

#[allow(clippy::cast_precision_loss)]
fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// p50, p99 and p99.9 of sorted values.
fn latencies_of(sorted: &[u64]) -> Option<[u64; 3]> {
    let at =
        |per_mille: usize| sorted.get((sorted.len() * per_mille / 1000).min(sorted.len().checked_sub(1)?)).copied();
    Some([at(500)?, at(990)?, at(999)?])
}

impl Seen {
    fn new() -> Self {
        Self {
            begun: Instant::now(),
            deliveries: AtomicUsize::new(0),
            gaps: AtomicUsize::new(0),
            duplicates: AtomicUsize::new(0),
            goal: AtomicUsize::new(usize::MAX),
            reached: Notify::new(),
            latencies_us: std::sync::Mutex::default(),
            measured_from: AtomicU64::new(u64::MAX),
        }
    }

    fn nanos(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    async fn wait_for(&self, deliveries: usize) -> anyhow::Result<()> {
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

async fn receive(mut socket: LoadSocket, seen: Arc<Seen>) {
    let mut last = None;
    let mut latencies = Vec::new();
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let Ok(frame) = serde_json::from_str::<EntryFrame<'_>>(&text) else { continue };
        if frame.ev != "entry" {
            continue;
        }
        match last {
            Some(last) if frame.seq <= last => drop(seen.duplicates.fetch_add(1, Ordering::SeqCst)),
            Some(last) if frame.seq > last + 1 => drop(seen.gaps.fetch_add(1, Ordering::SeqCst)),
            _ => {}
        }
        last = Some(frame.seq);
        let sent = frame.body.and_then(|body| body.split(' ').next()?.parse::<u64>().ok());
        if let Some(sent) = sent.filter(|sent| *sent >= seen.measured_from.load(Ordering::SeqCst)) {
            latencies.push(seen.nanos().saturating_sub(sent) / 1000);
        }
        let count = seen.deliveries.fetch_add(1, Ordering::SeqCst) + 1;
        if latencies.len() >= 64 || count >= seen.goal.load(Ordering::SeqCst) {
            seen.latencies_us.lock().expect("no panic while locked").append(&mut latencies);
        }
        if count == seen.goal.load(Ordering::SeqCst) {
            seen.reached.notify_one();
        }
    }
}

struct Sent {
    sockets: Vec<LoadSocket>,
    messages: usize,
    acks_us: Vec<u64>,
}

/// Sends `messages` in all, shared among the sockets, each waiting for its ack before its next one.
async fn send_all(
    sockets: Vec<LoadSocket>,
    room: &str,
    messages: usize,
    rate: Option<u32>,
    seen: &Arc<Seen>,
) -> anyhow::Result<Sent> {
    let senders = sockets.len();
    let each = messages.div_ceil(senders);
    let pause = rate.map(|rate| Duration::from_secs(1) * u32::try_from(senders).unwrap_or(1) / rate);
    let tasks: Vec<_> = sockets
        .into_iter()
        .map(|socket| tokio::spawn(send(socket, room.to_owned(), each, pause, Arc::clone(seen))))
        .collect();
    let mut all = Sent { sockets: Vec::new(), messages: each * senders, acks_us: Vec::new() };
    for task in tasks {
        let (socket, acks) = task.await??;
        all.sockets.push(socket);
        all.acks_us.extend(acks);
    }
    Ok(all)
}

async fn send(
    mut socket: LoadSocket,
    room: String,
    messages: usize,
    pause: Option<Duration>,
    seen: Arc<Seen>,
) -> anyhow::Result<(LoadSocket, Vec<u64>)> {
    let mut acks = Vec::with_capacity(messages);
    let mut tick = pause.map(tokio::time::interval);
    for _ in 0..messages {
        if let Some(tick) = &mut tick {
            tick.tick().await;
        }
        let (key, sent) = (Uuid::now_v7(), seen.nanos());
        let body = format!("{sent} {:x<BODY$}", "");
        let frame = json!({"op": "send", "room_id": room, "key": key, "body": &body[..BODY]});
        socket.send(Message::text(frame.to_string())).await?;
        loop {
            let message = socket.next().await.context("the sender's socket closed")??;
            let Message::Text(text) = message else { continue };
            if text.contains("\"ev\":\"ack\"") {
                break;
            }
            anyhow::ensure!(!text.contains("\"ev\":\"error\""), "a send was refused: {text}");
        }
        acks.push((seen.nanos() - sent) / 1000);
    }
    Ok((socket, acks))
}
