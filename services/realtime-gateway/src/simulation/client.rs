//! A client with bad luck and good manners: it resumes, repeats under the same key, hangs up, and stops reading.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chatapp_types::frame::{ServerEvent, ServerFrame};
use chatapp_types::{RoomId, SendKey, UserRef};
use serde_json::json;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::chance::Chance;
use super::gateways::Gateways;
use super::world::World;
use crate::hub::LogSource as _;
use crate::socket::Closing;
use crate::socket::testing::Peer;

/// What a client has seen and been told.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) cursors: BTreeMap<RoomId, u64>,
    pub(super) acks: BTreeMap<(RoomId, SendKey), u64>,
    pub(super) unknown: usize,
}

/// One client.
pub(super) struct Client {
    user: UserRef,
    world: Arc<World>,
    gateways: Arc<Gateways>,
    chance: Chance,
    seen: Arc<Mutex<Seen>>,
    /// Sends without an answer, to be repeated.
    open: Vec<(RoomId, SendKey, String)>,
    sent: u64,
}

/// A room on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Following {
    No,
    Asked,
    Yes,
}

type Rooms = BTreeMap<RoomId, Following>;

impl Client {
    pub(super) fn new(user: UserRef, world: Arc<World>, gateways: Arc<Gateways>, chance: Chance) -> Self {
        let cursors = world.rooms().into_iter().map(|room| (room, 0)).collect();
        let seen = Seen { name: user.username.clone(), cursors, acks: BTreeMap::new(), unknown: 0 };
        Self { user, world, gateways, chance, seen: Arc::new(Mutex::new(seen)), open: Vec::new(), sent: 0 }
    }

    pub(super) fn seen(&self) -> Arc<Mutex<Seen>> {
        self.seen.clone()
    }

    pub(super) async fn run(mut self) {
        loop {
            tokio::time::sleep(self.chance.millis(20..1_500)).await;
            let number = usize::from(self.chance.one_in(2));
            if let Some(peer) = self.gateways.open(number, &self.user) {
                self.stay(peer).await;
                self.seen.lock().unwrap().unknown += self.open.len();
            }
        }
    }

    async fn stay(&mut self, mut peer: Peer) {
        let mut rooms: Rooms = self.world.rooms().into_iter().map(|room| (room, Following::No)).collect();
        let leaves = Instant::now() + self.chance.millis(1_000..20_000);
        let mut tick = Instant::now();
        loop {
            tokio::select! {
                message = peer.next() => match message {
                    Some(Message::Text(text)) => {
                        let frame: ServerFrame = serde_json::from_str(text.as_str()).unwrap();
                        if !self.hear(frame.event, &mut rooms).await {
                            return;
                        }
                    }
                    Some(Message::Ping(_)) => peer.send(Message::Pong(Bytes::new())),
                    Some(Message::Close(_)) | None => return,
                    Some(_) => {}
                },
                () = tokio::time::sleep_until(tick) => {
                    tick = Instant::now() + self.chance.millis(30..300);
                    self.act(&peer, &mut rooms);
                }
                () = tokio::time::sleep_until(leaves), if !self.world.is_quiet() => return self.leave(&mut peer).await,
            }
        }
    }

    /// Hangs up, or stops reading until the server has had enough.
    async fn leave(&mut self, peer: &mut Peer) {
        if self.chance.one_in(3) {
            peer.stop_reading();
            tokio::time::sleep(self.chance.millis(1_000..4_000)).await;
        }
        peer.break_off(Closing::Gone);
    }

    /// Subscribes where it may, sends something new, or repeats something old.
    fn act(&mut self, peer: &Peer, rooms: &mut Rooms) {
        for (room, following) in rooms.iter_mut().filter(|(_, following)| **following == Following::No) {
            if self.world.is_member(self.user.id, *room) {
                let after = self.seen.lock().unwrap().cursors[room];
                peer.say(&json!({"op": "subscribe", "room_id": room, "after": after}));
                *following = Following::Asked;
            }
        }
        if self.world.is_quiet() {
            return;
        }
        if self.chance.one_in(3) && !self.open.is_empty() {
            let (room, key, body) = self.open[0].clone();
            self.open.rotate_left(1);
            peer.say(&json!({"op": "send", "room_id": room, "key": key, "body": body}));
        } else {
            let ids: Vec<RoomId> = rooms.keys().copied().collect();
            let room = ids[usize::from(self.chance.one_in(2)) % ids.len()];
            self.sent += 1;
            let (key, body) = (SendKey::new(), format!("{} {}", self.user.username, self.sent));
            peer.say(&json!({"op": "send", "room_id": room, "key": key, "body": body}));
            self.open.push((room, key, body));
        }
    }

    /// Takes an event in; false when the connection is to be given up.
    async fn hear(&mut self, event: ServerEvent, rooms: &mut Rooms) -> bool {
        match event {
            ServerEvent::Entry(entry) => self.take(entry.room_id, entry.seq),
            ServerEvent::Subscribed { room_id, .. } => drop(rooms.insert(room_id, Following::Yes)),
            ServerEvent::Gap { room_id, from, to } => return self.fill(room_id, from, to).await,
            ServerEvent::Ack { key, room_id, seq, .. } => {
                self.open.retain(|(_, open, _)| *open != key);
                let before = self.seen.lock().unwrap().acks.insert((room_id, key), seq);
                assert!(before.is_none_or(|before| before == seq), "a key was answered with {before:?} and {seq}");
            }
            ServerEvent::Error { key: Some(key), retryable: false, .. } => {
                self.open.retain(|(_, open, _)| *open != key);
            }
            ServerEvent::Unsubscribed { room_id } | ServerEvent::Error { key: None, room_id: Some(room_id), .. } => {
                rooms.insert(room_id, Following::No);
            }
            _ => {}
        }
        true
    }

    fn take(&self, room: RoomId, seq: u64) {
        let mut seen = self.seen.lock().unwrap();
        let last = seen.cursors.get_mut(&room).unwrap();
        assert_eq!(seq, *last + 1, "{} got another entry than the next", self.user.username);
        *last = seq;
        assert!(self.world.may_have(self.user.id, room, seq), "{} is out and got {seq}", self.user.username);
    }

    /// Reads what the server does not send; the room's history is open to members.
    async fn fill(&self, room: RoomId, from: u64, to: u64) -> bool {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let mut after = from - 1;
        while after < to {
            if !self.world.is_member(self.user.id, room) {
                return false;
            }
            let Ok(page) = self.world.entries(room, after, 200).await else { return false };
            if !self.world.is_member(self.user.id, room) {
                return false;
            }
            for entry in page.items.iter().filter(|entry| entry.seq <= to) {
                self.take(room, entry.seq);
                after = entry.seq;
            }
        }
        true
    }
}
