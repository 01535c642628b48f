//! The hub over the in-process bus and a log that is told what to say.

#![allow(clippy::unwrap_used)]

mod delivery;
mod order;
mod people;
mod schedules;
mod story;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chatapp_bus::{Bus, LocalBus, subject};
use chatapp_timeline::RoomEvent;
use chatapp_types::frame::ServerEvent;
use chatapp_types::messages::TimelinePage;
use chatapp_types::{Entry, RoomId, UserRef};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::testing::{Ear as Listening, frames, message, user};
use super::{Dialect, Ear, FollowedRoom, Hub, JoinResult, LogError, LogSource, Subscription};
use crate::socket::Outbox;

/// A log whose entries, and whose absence, a test decides.
#[derive(Default)]
pub(super) struct ScriptedLog {
    rooms: Mutex<HashMap<RoomId, Vec<Entry>>>,
    away: AtomicBool,
    readings: AtomicU32,
}

impl ScriptedLog {
    fn append(&self, entry: Entry) {
        self.rooms.lock().unwrap().entry(entry.room_id).or_default().push(entry);
    }

    fn head(&self, room: RoomId) -> u64 {
        self.rooms.lock().unwrap().get(&room).map_or(0, |entries| entries.len() as u64)
    }

    fn forget(&self, room: RoomId) {
        self.rooms.lock().unwrap().remove(&room);
    }
}

#[async_trait]
impl LogSource for ScriptedLog {
    async fn entries(&self, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, LogError> {
        self.readings.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        if self.away.load(Ordering::SeqCst) {
            return Err(LogError::Unavailable("away".to_owned()));
        }
        let rooms = self.rooms.lock().unwrap();
        let entries = rooms.get(&room).ok_or(LogError::Gone)?;
        let items = entries.iter().filter(|e| e.seq > after).take(limit as usize).cloned().collect();
        Ok(TimelinePage { items, head: entries.len() as u64, floor: 0 })
    }

    async fn heads(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, u64>, LogError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(LogError::Unavailable("away".to_owned()));
        }
        let known = self.rooms.lock().unwrap();
        Ok(rooms.iter().filter_map(|id| Some((*id, known.get(id)?.len() as u64))).collect())
    }
}

/// A hub with one room.
pub(super) struct Scene {
    pub(super) hub: Hub,
    pub(super) bus: Arc<LocalBus>,
    pub(super) log: Arc<ScriptedLog>,
    pub(super) room: RoomId,
    pub(super) author: UserRef,
    beating: tokio::task::JoinHandle<()>,
    shutdown: CancellationToken,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.beating.abort();
        self.shutdown.cancel();
    }
}

impl Scene {
    pub(super) fn new() -> Self {
        let (bus, log) = (Arc::new(LocalBus::new()), Arc::new(ScriptedLog::default()));
        let shutdown = CancellationToken::new();
        let hub = Hub::start(bus.clone(), log.clone(), shutdown.clone(), TaskTracker::new());
        let beating = tokio::spawn(beat(bus.clone()));
        let room = RoomId::new();
        log.rooms.lock().unwrap().insert(room, Vec::new());
        Self { hub, bus, log, room, author: user("author"), beating, shutdown }
    }

    /// The publishers fall silent.
    pub(super) fn silence(&self) {
        self.beating.abort();
    }

    /// Commits a message.
    pub(super) fn commit(&self, body: &str) -> Entry {
        let entry = message(self.room, self.log.head(self.room) + 1, &self.author, body, None);
        self.log.append(entry.clone());
        entry
    }

    /// Commits `n` messages.
    pub(super) fn commit_many(&self, n: u64) -> Vec<Entry> {
        (0..n).map(|_| self.commit("text")).collect()
    }

    /// Puts a committed entry on the bus.
    pub(super) fn publish(&self, entry: &Entry) {
        self.bus.publish(&subject::room(self.room), RoomEvent::of(entry.clone()).encode());
    }

    /// Commits and publishes a message.
    pub(super) fn post(&self, body: &str) {
        let entry = self.commit(body);
        self.publish(&entry);
    }

    pub(super) async fn follow(&self) -> FollowedRoom {
        self.hub.follow(self.room).await
    }

    /// Listens from the head on.
    pub(super) async fn listen(&self, who: &Listening) -> Subscription {
        let followed = self.follow().await;
        match followed.join(&ear(who), self.log.head(self.room)).await {
            JoinResult::Live(subscription) => subscription,
            _ => panic!("could not listen"),
        }
    }
}

async fn beat(bus: Arc<LocalBus>) {
    loop {
        for service in ["messages", "rooms"] {
            bus.publish(&subject::beat(service), bytes::Bytes::new());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

pub(super) fn ear(who: &Listening) -> Ear {
    Ear { user: who.user.clone(), dialect: Dialect::V1, outbox: who.outbox.clone(), floor: 0 }
}

/// Waits until `n` entries have come, and gives the seqs of all that came meanwhile. The time is paused, so the deadline
/// costs nothing.
pub(super) async fn entries(outbox: &Outbox, n: usize) -> Vec<u64> {
    let events = events_until(outbox, |events| seqs_of(events).len() >= n).await;
    seqs_of(&events)
}

/// Waits until what came satisfies `enough`.
pub(super) async fn events_until(outbox: &Outbox, enough: impl Fn(&[ServerEvent]) -> bool) -> Vec<ServerEvent> {
    let mut events = Vec::new();
    let waiting = async {
        loop {
            events.extend(frames(outbox));
            if enough(&events) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_mins(1), waiting).await;
    assert!(in_time.is_ok(), "in a minute nothing but {events:?}");
    events
}

pub(super) fn seqs_of(events: &[ServerEvent]) -> Vec<u64> {
    let seq = |event: &ServerEvent| match event {
        ServerEvent::Entry(entry) => Some(entry.seq),
        _ => None,
    };
    events.iter().filter_map(seq).collect()
}
