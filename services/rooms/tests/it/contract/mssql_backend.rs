//! SQL Server, or a server that speaks its language.

use std::sync::Arc;

use chatapp_bus::{Bus, LocalBus};
use chatapp_db::Mssql;
use chatapp_db::mssql::Sql;
use chatapp_rooms::app::codes::CodeKey;
use chatapp_rooms::store::{MssqlRoomStore, RoomStore, StoreLimits};
use chatapp_testkit::TdsDatabase;
use chatapp_timeline::{Publisher, StoredEntry, mssql as timeline};
use chatapp_types::clock::ManualClock;
use chatapp_types::{RoomId, UserId, UserRef};

use super::backend::{Backend, LIMITS, World};
use crate::database::noon;

/// What the cases of a group share.
pub(crate) struct Server {
    /// With the rights of an administrator: what tests do beside the store.
    kit: TdsDatabase,
    /// With the rights of the service, and no others.
    service: Mssql,
    /// Connections of another process.
    replica: Mssql,
}

impl Server {
    pub(crate) async fn open() -> Self {
        let kit = TdsDatabase::create().await;
        let (service, replica) = (kit.as_service("rooms").await, kit.another(TdsDatabase::options()).await);
        Self { kit, service, replica }
    }
}

pub(crate) struct MssqlBackend<'s> {
    server: &'s Server,
    world: World,
}

const EMPTY: &str =
    "DELETE FROM rooms.rooms; DELETE FROM rooms.members; DELETE FROM rooms.blocks; DELETE FROM rooms.removals;
    DELETE FROM rooms.codes; DELETE FROM rooms.code_tries; DELETE FROM rooms.audit;
    DELETE FROM timeline.heads; DELETE FROM timeline.entries; DELETE FROM auth.users";

impl<'s> MssqlBackend<'s> {
    /// An empty one, for the next case.
    pub(crate) async fn emptied(server: &'s Server) -> Self {
        server.kit.db.run(|session| Box::pin(async { session.execute(EMPTY).await })).await.unwrap();
        let (bus, clock) = (Arc::new(LocalBus::new()), Arc::new(ManualClock::new(noon())));
        let store = store(server.service.clone(), &bus, &clock, LIMITS);
        Self { server, world: World { store, clock, bus, codes: CodeKey::new(&[9; 32]) } }
    }

    fn store_on(&self, db: &Mssql, limits: StoreLimits) -> Arc<dyn RoomStore> {
        store(db.clone(), &self.world.bus, &self.world.clock, limits)
    }

    async fn execute(&self, sql: Sql) {
        let done = self.server.kit.db.run(move |session| {
            let sql = sql.clone();
            Box::pin(async move { session.execute(sql).await })
        });
        assert_eq!(done.await.unwrap(), 1);
    }

    async fn number(&self, sql: Sql) -> Option<i64> {
        let rows = self.server.kit.db.snapshot(sql).await.unwrap();
        rows[0].first().map(|row| row.int(0).unwrap())
    }
}

fn store(db: Mssql, bus: &Arc<LocalBus>, clock: &Arc<ManualClock>, limits: StoreLimits) -> Arc<dyn RoomStore> {
    let bus: Arc<dyn Bus> = bus.clone();
    Arc::new(MssqlRoomStore::new(db, Publisher::new(bus), clock.clone(), limits))
}

impl Backend for MssqlBackend<'_> {
    fn world(&self) -> &World {
        &self.world
    }

    fn with_limits(&self, limits: StoreLimits) -> Arc<dyn RoomStore> {
        self.store_on(&self.server.service, limits)
    }

    async fn replica(&self, limits: StoreLimits) -> Arc<dyn RoomStore> {
        self.store_on(&self.server.replica, limits)
    }

    async fn add_user(&self, name: &str) -> UserRef {
        let user = UserRef { id: UserId::new(), username: name.to_owned() };
        let insert = Sql::new(
            "INSERT INTO auth.users (id, username, password_hash, passwords, created_at) VALUES (@P1, @P2, N'-', 0, 0)",
        );
        self.execute(insert.bind(user.id).bind(name)).await;
        user
    }

    async fn delete_user(&self, user: &UserRef) {
        let delete =
            Sql::new("UPDATE auth.users SET deleted_at = 0, username = NULL, password_hash = NULL WHERE id = @P1");
        self.execute(delete.bind(user.id)).await;
    }

    async fn log(&self, room: RoomId) -> Vec<StoredEntry> {
        let entries = self.server.kit.db.read(move |session| Box::pin(timeline::entries(session, room, 0, 10_000)));
        entries.await.unwrap()
    }

    async fn visible_after(&self, room: RoomId, user: UserId) -> Option<i64> {
        let sql = Sql::new("SELECT visible_after FROM rooms.v_members WHERE room_id = @P1 AND user_id = @P2");
        self.number(sql.bind(room).bind(user)).await
    }

    async fn barred(&self, room: RoomId, user: UserId) -> Option<i64> {
        let sql = Sql::new("SELECT blocked FROM rooms.v_barred WHERE room_id = @P1 AND user_id = @P2");
        self.number(sql.bind(room).bind(user)).await
    }

    async fn published(&self, room: RoomId) -> Option<i64> {
        self.number(Sql::new("SELECT published_seq FROM timeline.heads WHERE room_id = @P1").bind(room)).await
    }
}
