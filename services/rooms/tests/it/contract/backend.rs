//! A store to be tested, and what tests need beside it.

use std::sync::Arc;

use chatapp_bus::{Bus, LocalBus};
use chatapp_rooms::app::Refusal;
use chatapp_rooms::app::codes::{CodeKey, NewCode, StoredCode};
use chatapp_rooms::app::entering::Proof;
use chatapp_rooms::app::throttle::TryLimits;
use chatapp_rooms::store::{NamedUser, NewRoom, RoomStore, SqliteRoomStore, StoreLimits, StoreResult};
use chatapp_timeline::{Publisher, StoredEntry};
use chatapp_types::clock::ManualClock;
use chatapp_types::rooms::Room;
use chatapp_types::{Clock as _, History, RoomId, RoomName, Secret, Timestamp, Topic, UserId, UserRef, Visibility};

use crate::database::{TestDatabase, noon};

/// A backend under test.
pub(crate) trait Backend {
    fn world(&self) -> &World;
    /// Another store on the same data, with other limits.
    fn with_limits(&self, limits: StoreLimits) -> Arc<dyn RoomStore>;
    /// A store as another process would have it on the same data, where there can be another.
    async fn replica(&self, limits: StoreLimits) -> Arc<dyn RoomStore>;
    async fn add_user(&self, name: &str) -> UserRef;
    async fn delete_user(&self, user: &UserRef);
    async fn log(&self, room: RoomId) -> Vec<StoredEntry>;
    /// What the published view of members says: `visible_after`.
    async fn visible_after(&self, room: RoomId, user: UserId) -> Option<i64>;
    /// What the published view of the barred says: `blocked`.
    async fn barred(&self, room: RoomId, user: UserId) -> Option<i64>;
    /// How far the room is marked as published.
    async fn published(&self, room: RoomId) -> Option<i64>;
}

/// What is the same for every backend.
pub(crate) struct World {
    pub(crate) store: Arc<dyn RoomStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) bus: Arc<LocalBus>,
    pub(crate) codes: CodeKey,
}

pub(crate) const LIMITS: StoreLimits =
    StoreLimits { per_owner: 500, max_members: 10_000, tries: Some(TryLimits { per_minute: 5, per_hour: 20 }) };

/// A user as others name one.
pub(crate) fn named(user: &UserRef) -> NamedUser {
    NamedUser::read(&user.username)
}

/// The refusal that a call ended with.
pub(crate) fn refusal<T: std::fmt::Debug>(result: StoreResult<T>) -> Refusal {
    result.unwrap_err().refusal().expect("a refusal").clone()
}

impl World {
    pub(crate) fn private(&self, name: &str) -> (NewRoom, Secret, Proof) {
        let (code, stored) = self.codes.make().unwrap();
        let StoredCode::Digest(digest) = stored.clone() else { panic!("a made code is kept as a digest") };
        let kept = NewCode { stored, expires_at: None, max_uses: None };
        let room = NewRoom { visibility: Visibility::Private, code: Some(kept), ..public(name) };
        (room, code, Proof::Generated(digest))
    }

    pub(crate) async fn make_public(&self, owner: &UserRef, name: &str) -> Room {
        self.store.create_room(owner, public(name)).await.unwrap()
    }

    /// A private room, and what opens it.
    pub(crate) async fn make_private(&self, owner: &UserRef, name: &str) -> (Room, Proof) {
        let (room, _, proof) = self.private(name);
        (self.store.create_room(owner, room).await.unwrap(), proof)
    }

    pub(crate) async fn join(&self, user: &UserRef, room: RoomId) -> Room {
        self.store.join_room(user, room, Proof::None, None).await.unwrap()
    }

    pub(crate) fn clock_now_plus(&self, seconds: i64) -> Timestamp {
        self.clock.now().plus(time::Duration::seconds(seconds))
    }

    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.clock.advance(time::Duration::seconds(seconds));
    }
}

pub(crate) fn public(name: &str) -> NewRoom {
    NewRoom {
        id: RoomId::new(),
        name: RoomName::parse(name).unwrap(),
        topic: Topic::default(),
        visibility: Visibility::Public,
        history: History::Full,
        code: None,
    }
}

/// SQLite in a file.
pub(crate) struct SqliteBackend {
    database: TestDatabase,
    world: World,
}

impl SqliteBackend {
    /// An empty one.
    pub(crate) async fn open() -> Self {
        let database = TestDatabase::open().await;
        let (bus, clock) = (Arc::new(LocalBus::new()), Arc::new(ManualClock::new(noon())));
        let store = Self::store(&database, &bus, &clock, LIMITS);
        Self { database, world: World { store, clock, bus, codes: CodeKey::new(&[9; 32]) } }
    }

    fn store(
        database: &TestDatabase,
        bus: &Arc<LocalBus>,
        clock: &Arc<ManualClock>,
        limits: StoreLimits,
    ) -> Arc<dyn RoomStore> {
        let bus: Arc<dyn Bus> = bus.clone();
        Arc::new(SqliteRoomStore::new(database.sqlite.clone(), Publisher::new(bus), clock.clone(), limits))
    }
}

impl Backend for SqliteBackend {
    fn world(&self) -> &World {
        &self.world
    }

    fn with_limits(&self, limits: StoreLimits) -> Arc<dyn RoomStore> {
        Self::store(&self.database, &self.world.bus, &self.world.clock, limits)
    }

    async fn replica(&self, limits: StoreLimits) -> Arc<dyn RoomStore> {
        self.with_limits(limits)
    }

    async fn add_user(&self, name: &str) -> UserRef {
        self.database.add_user(name).await
    }

    async fn delete_user(&self, user: &UserRef) {
        self.database.delete_user(user).await;
    }

    async fn log(&self, room: RoomId) -> Vec<StoredEntry> {
        self.database.log(room).await
    }

    async fn visible_after(&self, room: RoomId, user: UserId) -> Option<i64> {
        let sql = "SELECT visible_after FROM rooms_v_members WHERE room_id = ?1 AND user_id = ?2";
        self.database.number(sql, room, user).await
    }

    async fn barred(&self, room: RoomId, user: UserId) -> Option<i64> {
        let sql = "SELECT blocked FROM rooms_v_barred WHERE room_id = ?1 AND user_id = ?2";
        self.database.number(sql, room, user).await
    }

    async fn published(&self, room: RoomId) -> Option<i64> {
        let sql = "SELECT published_seq FROM timeline_heads WHERE room_id = ?1 AND ?2 IS NOT NULL";
        self.database.number(sql, room, UserId::new()).await
    }
}

/// The kinds of a room's entries.
pub(crate) async fn kinds(b: &impl Backend, room: RoomId) -> Vec<String> {
    b.log(room).await.into_iter().map(|entry| entry.kind).collect()
}
