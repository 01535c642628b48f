//! Heads compared with the log: the loss of a room's last event leaves no gap, and a bus that is away leaves nothing.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chatapp_bus::{Bus, subject};
use chatapp_metrics::GATEWAY;
use chatapp_types::RoomId;
use tokio::time::{Instant, MissedTickBehavior};

use super::delivery::Delivery;
use super::log::LogSource;
use super::registry::{RoomHandle, Rooms};
use super::room::Command;

/// How often heads are compared while the bus is heard.
const COMPARE_EVERY: Duration = Duration::from_secs(5);
/// And while it is not; also how often that is looked at.
const TICK: Duration = Duration::from_millis(500);
/// Without a sign of life of a publisher for so long, its events are not relied upon.
const SILENT_AFTER: Duration = Duration::from_secs(2);
/// Rooms of one comparison.
const CHUNK: usize = 500;
/// Who puts entries on the bus.
const PUBLISHERS: [&str; 2] = ["messages", "rooms"];

/// Compares heads for as long as it is polled.
pub(super) async fn follow(rooms: Arc<Rooms>, bus: Arc<dyn Bus>, log: Arc<dyn LogSource>, delivery: Delivery) {
    let [messages, others] = PUBLISHERS.map(Beats::of);
    let comparing = async {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut compared = Instant::now();
        loop {
            tick.tick().await;
            let silent = messages.silent() || others.silent();
            if silent || compared.elapsed() >= COMPARE_EVERY {
                compared = Instant::now();
                compare(&rooms, &*log, silent.then_some(&delivery)).await;
            }
        }
    };
    tokio::join!(messages.listen(&*bus), others.listen(&*bus), comparing);
}

/// The sign of life of one publisher.
struct Beats {
    service: &'static str,
    heard: Mutex<Instant>,
}

impl Beats {
    /// None heard yet; how long ago one was is told to whoever asks for metrics.
    fn of(service: &'static str) -> Arc<Self> {
        let beats = Arc::new(Self { service, heard: Mutex::new(Instant::now()) });
        let watched = Arc::downgrade(&beats);
        GATEWAY.beat_age.watch(move || watched.upgrade().map(|beats| beats.age().as_secs_f64()));
        beats
    }

    fn age(&self) -> Duration {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    fn silent(&self) -> bool {
        self.age() > SILENT_AFTER
    }

    /// Takes note of each beat, and subscribes again when the bus has let go.
    async fn listen(&self, bus: &dyn Bus) {
        loop {
            if let Ok(mut beats) = bus.subscribe(&subject::beat(self.service)).await {
                while beats.recv().await.is_some() {
                    *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                }
            }
            tokio::time::sleep(TICK).await;
        }
    }
}

/// Tells each room that is behind; `delivery` is told how it went where entries depend on it.
async fn compare(rooms: &Rooms, log: &dyn LogSource, delivery: Option<&Delivery>) {
    let held = rooms.all();
    for chunk in held.chunks(CHUNK) {
        let ids: Vec<RoomId> = chunk.iter().map(|handle| handle.shared.room).collect();
        let heads = log.heads(&ids).await;
        if let Some(delivery) = delivery {
            delivery.note(&heads);
        }
        match heads {
            Ok(heads) => chunk.iter().for_each(|handle| tell(handle, heads.get(&handle.shared.room).copied())),
            Err(err) => {
                tracing::debug!(error = %err, "heads could not be compared");
                return;
            }
        }
    }
}

fn tell(handle: &RoomHandle, head: Option<u64>) {
    match head {
        Some(head) if head > handle.shared.last.load(Ordering::Acquire) => handle.send(Command::Head(head)),
        Some(_) => {}
        // The log does not know the room any more; a reading will say so.
        None => handle.send(Command::Look),
    }
}
