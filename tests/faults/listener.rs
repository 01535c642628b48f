//! A client's live side: follows its rooms, resumes after each break, and sends what it is asked to send.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chatapp_testkit::User;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::checker::{Happening, Outcome, Seen};
use crate::connection::Connection;
use crate::gateways::Gateways;
use crate::journal::Journal;
use crate::outcome;

/// A message to send on the live connection.
pub(crate) struct Post {
    pub(crate) room: String,
    pub(crate) key: Uuid,
    pub(crate) body: String,
    pub(crate) reply: oneshot::Sender<Outcome>,
}

/// What a listener owns.
pub(crate) struct Listener {
    pub(crate) user: User,
    pub(crate) rooms: Vec<String>,
    pub(crate) gateways: Arc<Gateways>,
    pub(crate) journal: Journal,
    pub(crate) posts: mpsc::Receiver<Post>,
    /// Rooms to subscribe to anew, for whoever was let in again.
    pub(crate) again: mpsc::UnboundedReceiver<String>,
    pub(crate) place: usize,
    pub(crate) chance: crate::Chance,
}

/// What lasts as long as a connection.
struct Session {
    connection: Connection,
    pending: HashMap<Uuid, oneshot::Sender<Outcome>>,
    /// The cursors that subscriptions were asked with, and when. Several of a room may be under way: an answer is that
    /// to the one whose `id` it bears.
    asked: HashMap<u64, (u64, crate::checker::Moment)>,
    asked_so_far: u64,
}

impl Listener {
    /// Runs until it is dropped.
    pub(crate) async fn run(mut self) {
        let mut cursors: BTreeMap<String, u64> = self.rooms.iter().map(|room| (room.clone(), 0)).collect();
        loop {
            let url = self.gateways.url(self.place);
            if let Some(connection) = Connection::open(&url, &self.user.token).await {
                self.journal.connected(&self.user.name);
                let session = Session { connection, pending: HashMap::new(), asked: HashMap::new(), asked_so_far: 0 };
                self.stay(session, &mut cursors).await;
                for room in &self.rooms {
                    self.journal.saw(&self.user.name, room, Happening::Lost);
                }
            }
            self.place += 1;
            tokio::time::sleep(self.chance.millis(50..1_000)).await;
        }
    }

    async fn stay(&mut self, mut session: Session, cursors: &mut BTreeMap<String, u64>) {
        for room in self.rooms.clone() {
            if !self.subscribe(&mut session, &room, cursors).await {
                return;
            }
        }
        loop {
            tokio::select! {
                frame = session.connection.next() => {
                    let Some(frame) = frame else { return };
                    self.hear(&mut session, &frame, cursors).await;
                }
                Some(room) = self.again.recv() => {
                    if !self.subscribe(&mut session, &room, cursors).await {
                        return;
                    }
                }
                Some(post) = self.posts.recv() => {
                    let frame = json!({"op": "send", "room_id": post.room, "key": post.key, "body": post.body});
                    session.pending.insert(post.key, post.reply);
                    if !session.connection.send(&frame).await {
                        return;
                    }
                }
            }
        }
    }

    async fn subscribe(&self, session: &mut Session, room: &str, cursors: &BTreeMap<String, u64>) -> bool {
        let after = cursors.get(room).copied().unwrap_or_default();
        session.asked_so_far += 1;
        let id = session.asked_so_far;
        session.asked.insert(id, (after, self.journal.now()));
        session.connection.send(&json!({"op": "subscribe", "id": id, "room_id": room, "after": after})).await
    }

    async fn hear(&self, session: &mut Session, frame: &Value, cursors: &mut BTreeMap<String, u64>) {
        let room = frame["room_id"].as_str().unwrap_or_default();
        let saw = |what| self.journal.saw(&self.user.name, room, what);
        match frame["ev"].as_str().unwrap_or_default() {
            "subscribed" => {
                let asked = frame["id"].as_u64().and_then(|id| session.asked.remove(&id));
                let (after, asked) = asked.expect("an answer to what was asked");
                saw(Happening::Subscribed { after, asked });
            }
            "entry" => {
                let entry = Seen::of(frame);
                cursors.insert(room.to_owned(), entry.seq);
                saw(Happening::Entry(entry));
            }
            "gap" => self.fill(room, frame, cursors).await,
            "unsubscribed" => saw(Happening::Unsubscribed),
            "ack" => settle(session, frame, outcome::of_ack(frame)),
            "error" if frame["key"].is_string() => settle(session, frame, outcome::of_error(frame)),
            // A subscription that was refused for the moment is asked for again on a new connection.
            "error" if frame["retryable"] == true && frame["room_id"].is_string() => {
                tokio::time::sleep(Duration::from_millis(200)).await;
                let room = room.to_owned();
                self.subscribe(session, &room, cursors).await;
            }
            _ => {}
        }
    }

    /// Reads what the server said it would not send.
    async fn fill(&self, room: &str, frame: &Value, cursors: &mut BTreeMap<String, u64>) {
        let to = frame["to"].as_u64().unwrap_or_default();
        let user = self.user.at(&self.gateways.url(self.place));
        while cursors.get(room).is_some_and(|after| *after < to) {
            let path = format!("/v1/rooms/{room}/timeline?after={}&limit=200", cursors[room]);
            let Some(page) = outcome::read(&user, &path).await else { return };
            for entry in page["items"].as_array().into_iter().flatten().map(Seen::of).filter(|entry| entry.seq <= to) {
                cursors.insert(room.to_owned(), entry.seq);
                self.journal.saw(&self.user.name, room, Happening::Entry(entry));
            }
        }
    }
}

fn settle(session: &mut Session, frame: &Value, outcome: Outcome) {
    let key = frame["key"].as_str().and_then(|key| key.parse().ok()).unwrap_or_default();
    if let Some(reply) = session.pending.remove(&key) {
        let _ = reply.send(outcome);
    }
}
