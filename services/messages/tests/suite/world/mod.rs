//! A database with users, rooms and members in it, made the way auth and rooms would make them.

pub(crate) mod mssql;
pub(crate) mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use chatapp_bus::{Bus, LocalBus, Subscription, subject};
use chatapp_db::Database;
use chatapp_messages::app::body::{BodyLimits, MessageBody};
use chatapp_messages::error::{Refusal, StoreError};
use chatapp_messages::store::{MessageStore, NewMessage};
use chatapp_timeline::{Publisher, RoomEvent};
use chatapp_types::clock::ManualClock;
use chatapp_types::messages::{Message, PostedMessage};
use chatapp_types::{Clock, History, MessageId, Role, RoomId, SendKey, Timestamp, UserId, UserRef, Visibility};

/// A room to be seeded.
#[derive(Clone, Debug)]
pub(crate) struct SeedRoom {
    pub(crate) id: RoomId,
    pub(crate) name: String,
    pub(crate) visibility: Visibility,
    pub(crate) history: History,
}

/// How a membership is ended by a moderator.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PutOut {
    Removed,
    Blocked,
    BlockedUntil(Timestamp),
}

/// A database under test. One a test, empty at first.
#[async_trait]
pub(crate) trait Backend: Send + Sync + Sized + 'static {
    async fn start() -> Self;
    fn database(&self) -> Database;
    fn store(&self, publisher: Publisher, clock: Arc<dyn Clock>) -> Arc<dyn MessageStore>;
    /// As another process has one: on connections of its own.
    async fn store_apart(&self, publisher: Publisher, clock: Arc<dyn Clock>) -> Arc<dyn MessageStore>;
    async fn put_user(&self, user: &UserRef);
    async fn delete_user(&self, user: UserId);
    /// With its log, and its owner as the first member.
    async fn put_room(&self, room: &SeedRoom, owner: UserId, at: Timestamp);
    /// Returns the entry's seq.
    async fn put_member(&self, room: &SeedRoom, user: UserId, role: Role, at: Timestamp) -> u64;
    /// The membership, the bar and the entry in one commit. Returns the entry's seq.
    async fn put_out(&self, room: RoomId, user: UserId, how: PutOut, at: Timestamp) -> u64;
    /// Takes the room out of the published views; with the entry that ends its log unless `silently`.
    async fn delete_room(&self, room: RoomId, by: UserId, at: Timestamp, silently: bool);
    /// In how many places the database still has the word.
    async fn traces_of(&self, word: &str) -> u64;
    /// How many transactions are open, as far as the database tells.
    async fn transactions(&self) -> u64;
}

/// A backend, a store on it, and the seams around them.
pub(crate) struct World<B> {
    pub(crate) backend: B,
    pub(crate) store: Arc<dyn MessageStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) bus: Arc<LocalBus>,
}

impl<B: Backend> World<B> {
    pub(crate) async fn new() -> Self {
        let backend = B::start().await;
        let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_800_000_000_000)));
        let bus = Arc::new(LocalBus::new());
        let store = backend.store(Publisher::new(bus.clone()), clock.clone());
        Self { backend, store, clock, bus }
    }

    /// Another process on the same database, with a bus of its own.
    pub(crate) async fn another_store(&self) -> (Arc<dyn MessageStore>, Arc<LocalBus>) {
        let bus = Arc::new(LocalBus::new());
        (self.backend.store_apart(Publisher::new(bus.clone()), self.clock.clone()).await, bus)
    }

    pub(crate) async fn user(&self, name: &str) -> UserRef {
        let user = UserRef { id: UserId::new(), username: name.to_owned() };
        self.backend.put_user(&user).await;
        user
    }

    pub(crate) async fn room(&self, name: &str, owner: &UserRef) -> SeedRoom {
        self.room_with(name, owner, Visibility::Public, History::Full).await
    }

    pub(crate) async fn room_with(
        &self,
        name: &str,
        owner: &UserRef,
        visibility: Visibility,
        history: History,
    ) -> SeedRoom {
        let room = SeedRoom { id: RoomId::new(), name: name.to_owned(), visibility, history };
        self.backend.put_room(&room, owner.id, self.clock.now()).await;
        room
    }

    pub(crate) async fn join(&self, room: &SeedRoom, user: &UserRef) -> u64 {
        self.backend.put_member(room, user.id, Role::Member, self.clock.now()).await
    }

    pub(crate) async fn block(&self, room: &SeedRoom, user: &UserRef) -> u64 {
        self.backend.put_out(room.id, user.id, PutOut::Blocked, self.clock.now()).await
    }

    pub(crate) async fn remove(&self, room: &SeedRoom, user: &UserRef) -> u64 {
        self.backend.put_out(room.id, user.id, PutOut::Removed, self.clock.now()).await
    }

    pub(crate) async fn try_post(
        &self,
        room: &SeedRoom,
        by: &UserRef,
        text: &str,
    ) -> Result<PostedMessage, StoreError> {
        self.store.post(new_message(room, by, text)).await
    }

    pub(crate) async fn post(&self, room: &SeedRoom, by: &UserRef, text: &str) -> Message {
        self.try_post(room, by, text).await.unwrap().message
    }

    pub(crate) async fn head(&self, room: &SeedRoom) -> u64 {
        self.store.heads(vec![room.id]).await.unwrap()[&room.id]
    }

    pub(crate) async fn listen(&self, room: &SeedRoom) -> Events {
        Events::of(&self.bus, room).await
    }
}

/// The events of a room.
pub(crate) struct Events(Subscription);

impl Events {
    pub(crate) async fn of(bus: &LocalBus, room: &SeedRoom) -> Self {
        Self(bus.subscribe(&subject::room(room.id)).await.unwrap())
    }

    /// Those that have arrived.
    pub(crate) fn drain(&mut self) -> Vec<RoomEvent> {
        std::iter::from_fn(|| self.0.try_recv()).map(|m| RoomEvent::decode(&m.payload).unwrap()).collect()
    }
}

pub(crate) fn body(text: &str) -> MessageBody {
    MessageBody::parse("body", text.to_owned(), BodyLimits::default()).unwrap()
}

pub(crate) fn new_message(room: &SeedRoom, by: &UserRef, text: &str) -> NewMessage {
    NewMessage { room: room.id, author: by.clone(), key: SendKey::new(), body: body(text), reply_to: None }
}

pub(crate) fn reply(room: &SeedRoom, by: &UserRef, text: &str, to: MessageId) -> NewMessage {
    NewMessage { reply_to: Some(to), ..new_message(room, by, text) }
}

/// The refusal within a result.
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Refusal {
    match result {
        Err(StoreError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}
