//! The whole conversation over a socket that exists in memory alone, with the time paused.

#![allow(clippy::unwrap_used)]

mod life;
mod login;
mod replay;
mod rooms;

use std::collections::{HashMap, HashSet};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chatapp_bus::{Bus as _, LocalBus, subject};
use chatapp_http::{Audience, Caller, Revocations};
use chatapp_timeline::RoomEvent;
use chatapp_types::auth::Scope;
use chatapp_types::clock::ManualClock;
use chatapp_types::frame::{ServerEvent, ServerFrame};
use chatapp_types::messages::{Message, PostMessageRequest, PostedMessage, TimelinePage};
use chatapp_types::{Clock as _, Entry, EntryBody, ErrorCode, MessageId, Problem, RoomId, Secret, SendKey, SessionId};
use chatapp_types::{Timestamp, UserId, UserRef};
use tokio::sync::{Notify, Semaphore};
use tokio_tungstenite::tungstenite::Message as WsMessage;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::V1;
use crate::config::GatewayConfig;
use crate::edge::{Client, RequestLimits};
use crate::hub::{Hub, LogError, LogSource, testing};
use crate::socket::calls::MessageCalls;
use crate::socket::identity::{Identity, Tokens};
use crate::socket::replays::Replays;
use crate::socket::seats::Seats;
use crate::socket::services::SocketServices;
use crate::socket::sockets::Sockets;
use crate::socket::testing::{Peer as Wire, socket};
use crate::socket::{Closing, pump};

/// The platform behind the gateway, in a few maps.
#[derive(Default)]
pub(super) struct Platform {
    rooms: Mutex<HashMap<RoomId, Vec<Entry>>>,
    kept_out: Mutex<HashSet<RoomId>>,
    posted: Mutex<HashMap<SendKey, PostedMessage>>,
    read: Mutex<Vec<(RoomId, u64)>>,
    asked_after: Mutex<Vec<u64>>,
    /// What a user's reading begins after; the log's own begins at the beginning.
    floor: Mutex<u64>,
    /// While set, posts wait for it.
    gate: Mutex<Option<Arc<Notify>>>,
    bus: Mutex<Option<Arc<LocalBus>>>,
    tokens: Mutex<HashMap<String, Result<Caller, ErrorCode>>>,
}

impl Platform {
    fn page(&self, room: RoomId, after: u64, limit: u32) -> Option<TimelinePage> {
        let rooms = self.rooms.lock().unwrap();
        let entries = rooms.get(&room)?;
        let items = entries.iter().filter(|e| e.seq > after).take(limit as usize).cloned().collect();
        Some(TimelinePage { items, head: entries.len() as u64, floor: 0 })
    }

    fn commit(&self, room: RoomId, actor: &UserRef, body: EntryBody) -> Entry {
        let mut rooms = self.rooms.lock().unwrap();
        let entries = rooms.entry(room).or_default();
        let entry = testing::entry(room, entries.len() as u64 + 1, actor, body);
        entries.push(entry.clone());
        entry
    }

    fn publish(&self, entry: Entry) {
        let room = entry.room_id;
        let bus = self.bus.lock().unwrap().clone().unwrap();
        bus.publish(&subject::room(room), RoomEvent::of(entry).encode());
    }
}

fn posted_body(message_id: MessageId, body: &str, key: Option<SendKey>) -> EntryBody {
    EntryBody::MessagePosted {
        message_id,
        ordinal: 1,
        body: body.to_owned(),
        reply_to: None,
        key,
        mentions: Vec::new(),
        deleted: false,
    }
}

#[async_trait]
impl LogSource for Platform {
    async fn entries(&self, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, LogError> {
        self.page(room, after, limit).ok_or(LogError::Gone)
    }

    async fn heads(&self, rooms: &[RoomId]) -> Result<HashMap<RoomId, u64>, LogError> {
        let known = self.rooms.lock().unwrap();
        Ok(rooms.iter().filter_map(|id| Some((*id, known.get(id)?.len() as u64))).collect())
    }
}

#[async_trait]
impl MessageCalls for Platform {
    async fn timeline(&self, _: &Secret, room: RoomId, after: u64, limit: u32) -> Result<TimelinePage, Problem> {
        self.asked_after.lock().unwrap().push(after);
        if self.kept_out.lock().unwrap().contains(&room) {
            return Err(ErrorCode::RoomNotFound.into());
        }
        let floor = *self.floor.lock().unwrap();
        let page = self.page(room, after.max(floor), limit).ok_or(ErrorCode::RoomNotFound)?;
        Ok(TimelinePage { floor, ..page })
    }

    async fn post(
        &self,
        token: &Secret,
        room: RoomId,
        key: SendKey,
        message: &PostMessageRequest,
    ) -> Result<PostedMessage, Problem> {
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            gate.notified().await;
        }
        if message.body == "unknown outcome" {
            return Err(Problem::new(ErrorCode::Unavailable).with_retry_after(3).with_unknown_outcome());
        }
        if let Some(first) = self.posted.lock().unwrap().get(&key) {
            return Ok(PostedMessage { duplicate: true, ..first.clone() });
        }
        let author = self.tokens.lock().unwrap()[token.expose()].clone().unwrap().user_ref();
        let id = MessageId::new();
        let entry = self.commit(room, &author, posted_body(id, &message.body, Some(key)));
        let message = Message {
            id,
            room_id: room,
            seq: entry.seq,
            author,
            body: message.body.clone(),
            at: entry.at,
            reply_to: None,
            edited_at: None,
            deleted: false,
            mentions: Vec::new(),
            key: Some(key),
        };
        let posted = PostedMessage { message, duplicate: false };
        self.posted.lock().unwrap().insert(key, posted.clone());
        self.publish(entry);
        Ok(posted)
    }

    async fn mark_read(&self, _: &Secret, room: RoomId, seq: u64) -> Result<(), Problem> {
        self.read.lock().unwrap().push((room, seq));
        if self.kept_out.lock().unwrap().contains(&room) { Err(ErrorCode::RoomNotFound.into()) } else { Ok(()) }
    }
}

#[async_trait]
impl Tokens for Platform {
    async fn identify(&self, _: &Client, token: Secret) -> Result<Identity, Problem> {
        let known = self.tokens.lock().unwrap().get(token.expose()).cloned();
        let caller = known.unwrap_or(Err(ErrorCode::Unauthenticated))?;
        let script = token.expose().starts_with("cat_").then(|| token.clone());
        Ok(Identity { caller, token, script })
    }
}

/// A gateway's sockets before that platform.
pub(super) struct Scene {
    pub(super) platform: Arc<Platform>,
    pub(super) services: Arc<SocketServices>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) room: RoomId,
    pub(super) author: UserRef,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self::with(GatewayConfig::default())
    }

    pub(super) fn with(config: GatewayConfig) -> Self {
        let (bus, platform) = (Arc::new(LocalBus::new()), Arc::new(Platform::default()));
        *platform.bus.lock().unwrap() = Some(bus.clone());
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_000_000)));
        let room = RoomId::new();
        platform.rooms.lock().unwrap().insert(room, Vec::new());
        let services = SocketServices {
            hub: Hub::start(bus, platform.clone(), CancellationToken::new(), TaskTracker::new()),
            sockets: Sockets::new(Revocations::fixed()),
            seats: Seats::new(&config),
            replays: Replays::default(),
            limits: Arc::new(RequestLimits::new(&config)),
            messages: platform.clone(),
            tokens: platform.clone(),
            clock: clock.clone(),
            places: Arc::new(Semaphore::new(config.max_handshakes)),
            config: Arc::new(config),
        };
        Self { platform, services: Arc::new(services), clock, room, author: testing::user("author") }
    }

    /// A token of a new user that lives for ten minutes.
    pub(super) fn token(&self, name: &str) -> String {
        let caller = self.caller(UserId::new(), name);
        let token = format!("token-{name}");
        self.platform.tokens.lock().unwrap().insert(token.clone(), Ok(caller));
        token
    }

    pub(super) fn caller(&self, user: UserId, name: &str) -> Caller {
        Caller {
            user,
            username: name.to_owned(),
            session: SessionId::new(),
            scopes: Scope::ALL.to_vec(),
            audience: Audience::App,
            expires_at: self.clock.now().plus(time::Duration::seconds(600)),
        }
    }

    /// Commits and publishes a message.
    pub(super) fn post(&self, body: &str) -> Entry {
        let entry = self.platform.commit(self.room, &self.author, posted_body(MessageId::new(), body, None));
        self.platform.publish(entry.clone());
        entry
    }

    /// Commits messages that nobody hears of.
    pub(super) fn commit_many(&self, n: u64) {
        for _ in 0..n {
            self.platform.commit(self.room, &self.author, posted_body(MessageId::new(), "text", None));
        }
    }

    /// Opens a socket that is not logged in.
    pub(super) fn connect(&self) -> Peer {
        self.open(None)
    }

    /// Opens a socket that is logged in by its handshake.
    pub(super) async fn log_in(&self, name: &str) -> Peer {
        let token = self.token(name);
        let client = here();
        let identity = self.services.tokens.identify(&client, token.into()).await.unwrap();
        let mut peer = self.open(Some(identity));
        assert!(matches!(peer.event().await, ServerEvent::Ready { .. }));
        peer
    }

    fn open(&self, identity: Option<Identity>) -> Peer {
        let services = self.services.clone();
        let (outbox, budget) = (services.outbox(), services.budget());
        let (socket, wire) = socket(&outbox);
        let ended = tokio::spawn(async move {
            let seated = identity.map(|identity| (services.seats.take(identity.caller.user).unwrap(), identity));
            let mut conversation = V1::begin(services, here(), outbox.clone(), seated);
            pump::run(socket, &outbox, budget, &mut conversation).await
        });
        Peer { wire, ended }
    }
}

fn here() -> Client {
    Client { address: "192.0.2.1".parse().unwrap(), scheme: "http", host: None }
}

/// The client's end, and what became of the server's.
pub(super) struct Peer {
    wire: Wire,
    ended: tokio::task::JoinHandle<Closing>,
}

impl Deref for Peer {
    type Target = Wire;

    fn deref(&self) -> &Wire {
        &self.wire
    }
}

impl DerefMut for Peer {
    fn deref_mut(&mut self) -> &mut Wire {
        &mut self.wire
    }
}

impl Peer {
    /// The next frame but those of presence.
    pub(super) async fn frame(&mut self) -> ServerFrame {
        loop {
            let frame: ServerFrame = serde_json::from_str(&self.text().await).unwrap();
            if !matches!(frame.event, ServerEvent::Presence { .. }) {
                return frame;
            }
        }
    }

    pub(super) async fn event(&mut self) -> ServerEvent {
        self.frame().await.event
    }

    /// The next entry; heads are passed over.
    pub(super) async fn seq(&mut self) -> u64 {
        loop {
            match self.event().await {
                ServerEvent::Entry(entry) => return entry.seq,
                ServerEvent::Heads { .. } => {}
                other => panic!("no entry but {other:?}"),
            }
        }
    }

    /// The code of the next frame, which is an error.
    pub(super) async fn error(&mut self) -> ErrorCode {
        match self.event().await {
            ServerEvent::Error { code, .. } => code,
            other => panic!("no error but {other:?}"),
        }
    }
}
