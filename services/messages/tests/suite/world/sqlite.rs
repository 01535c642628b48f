//! SQLite under test. The views of auth and rooms are replaced by tables of the same shape, so that this suite depends
//! on what they publish and on nothing else of theirs.

use std::sync::Arc;

use async_trait::async_trait;
use chatapp_db::{Database, DatabaseConfig, DatabaseUrl, DbError, Sqlite, WriteTx};
use chatapp_messages::store::{MessageStore, SqliteMessageStore};
use chatapp_timeline::{NewEntry, Publisher, sqlite as log};
use chatapp_types::{Clock, EntryBody, History, Role, RoomId, RoomName, Timestamp, UserId, UserRef, Visibility};
use rusqlite::{OptionalExtension, params};

use super::{Backend, PutOut, SeedRoom};

pub(crate) struct SqliteBackend {
    db: Sqlite,
    _dir: tempfile::TempDir,
}

const VIEWS: &str = "
    DROP VIEW IF EXISTS rooms_v_barred;
    DROP VIEW IF EXISTS rooms_v_members;
    DROP VIEW IF EXISTS rooms_v_rooms;
    DROP VIEW IF EXISTS auth_v_users;
    CREATE TABLE auth_v_users (id BLOB PRIMARY KEY, username TEXT UNIQUE, deleted INTEGER NOT NULL) STRICT;
    CREATE TABLE rooms_v_rooms (
        number INTEGER PRIMARY KEY, id BLOB UNIQUE, name TEXT, name_norm TEXT, visibility TEXT, history TEXT) STRICT;
    CREATE TABLE rooms_v_members (
        room_id BLOB, user_id BLOB, role TEXT, visible_after INTEGER, joined_seq INTEGER,
        PRIMARY KEY (room_id, user_id)) STRICT;
    CREATE INDEX rooms_v_members_of_user ON rooms_v_members (user_id, room_id);
    CREATE TABLE rooms_v_barred (
        room_id BLOB, user_id BLOB, blocked INTEGER, until INTEGER, PRIMARY KEY (room_id, user_id)) STRICT;";

impl SqliteBackend {
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&WriteTx<'_>) -> Result<T, DbError> + Send + 'static,
    ) -> T {
        self.db.write(move |tx| work(tx)).await.unwrap()
    }
}

fn append(tx: &WriteTx<'_>, room: RoomId, by: UserId, at: Timestamp, said: &EntryBody) -> Result<u64, DbError> {
    Ok(log::append(tx, room, &NewEntry::of(by, at, said))?.seq)
}

fn insert_member(tx: &WriteTx<'_>, room: &SeedRoom, user: UserId, role: Role, seq: u64) -> Result<(), DbError> {
    let visible_after = if room.history == History::Full { 0 } else { seq - 1 };
    tx.execute(
        "INSERT INTO rooms_v_members VALUES (?1, ?2, ?3, ?4, ?5)",
        params![room.id.0, user.0, role.as_str(), visible_after.cast_signed(), seq.cast_signed()],
    )?;
    tx.execute("DELETE FROM rooms_v_barred WHERE room_id = ?1 AND user_id = ?2", params![room.id.0, user.0])?;
    Ok(())
}

#[async_trait]
impl Backend for SqliteBackend {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite(dir.path().join("messages.db"));
        let database = Database::open(&DatabaseConfig::new(url)).await.unwrap();
        database.migrate().await.unwrap();
        let Database::Sqlite(db) = database else { panic!("not SQLite") };
        let backend = Self { db, _dir: dir };
        backend.write(|tx| Ok(tx.execute_batch(VIEWS)?)).await;
        backend
    }

    fn database(&self) -> Database {
        Database::Sqlite(self.db.clone())
    }

    fn store(&self, publisher: Publisher, clock: Arc<dyn Clock>) -> Arc<dyn MessageStore> {
        Arc::new(SqliteMessageStore::new(self.db.clone(), publisher, clock))
    }

    /// A file of SQLite's is written by one process at a time.
    async fn store_apart(&self, publisher: Publisher, clock: Arc<dyn Clock>) -> Arc<dyn MessageStore> {
        self.store(publisher, clock)
    }

    async fn put_user(&self, user: &UserRef) {
        let user = user.clone();
        self.write(move |tx| {
            tx.execute("INSERT INTO auth_v_users VALUES (?1, ?2, 0)", params![user.id.0, user.username])?;
            Ok(())
        })
        .await;
    }

    async fn delete_user(&self, user: UserId) {
        self.write(move |tx| {
            tx.execute("UPDATE auth_v_users SET username = NULL, deleted = 1 WHERE id = ?1", [user.0])?;
            Ok(())
        })
        .await;
    }

    async fn put_room(&self, room: &SeedRoom, owner: UserId, at: Timestamp) {
        let room = room.clone();
        self.write(move |tx| {
            log::create_log(tx, room.id)?;
            let said = EntryBody::RoomCreated { name: room.name.clone(), visibility: room.visibility };
            let seq = append(tx, room.id, owner, at, &said)?;
            tx.execute(
                "INSERT INTO rooms_v_rooms (id, name, name_norm, visibility, history) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    room.id.0,
                    room.name,
                    RoomName::norm_of(&room.name),
                    Visibility::as_str(room.visibility),
                    room.history.as_str()
                ],
            )?;
            insert_member(tx, &room, owner, Role::Owner, seq)
        })
        .await;
    }

    async fn put_member(&self, room: &SeedRoom, user: UserId, role: Role, at: Timestamp) -> u64 {
        let room = room.clone();
        self.write(move |tx| {
            let seq = append(tx, room.id, user, at, &EntryBody::MemberJoined)?;
            insert_member(tx, &room, user, role, seq)?;
            Ok(seq)
        })
        .await
    }

    async fn put_out(&self, room: RoomId, user: UserId, how: PutOut, at: Timestamp) -> u64 {
        self.write(move |tx| {
            let subject = UserRef { id: user, username: String::new() };
            let (blocked, until) = match how {
                PutOut::Removed => (false, None),
                PutOut::Blocked => (true, None),
                PutOut::BlockedUntil(until) => (true, Some(until)),
            };
            let said = if blocked {
                EntryBody::MemberBlocked { subject, until }
            } else {
                EntryBody::MemberRemoved { subject }
            };
            let owner: Option<uuid::Uuid> = tx
                .query_row(
                    "SELECT user_id FROM rooms_v_members WHERE room_id = ?1 AND role = 'owner'",
                    [room.0],
                    |row| row.get(0),
                )
                .optional()?;
            let seq = append(tx, room, UserId(owner.unwrap()), at, &said)?;
            tx.execute("DELETE FROM rooms_v_members WHERE room_id = ?1 AND user_id = ?2", params![room.0, user.0])?;
            tx.execute(
                "INSERT INTO rooms_v_barred VALUES (?1, ?2, ?3, ?4)",
                params![room.0, user.0, blocked, until.map(Timestamp::millis)],
            )?;
            Ok(seq)
        })
        .await
    }

    async fn delete_room(&self, room: RoomId, by: UserId, at: Timestamp, silently: bool) {
        self.write(move |tx| {
            if !silently {
                append(tx, room, by, at, &EntryBody::RoomDeleted)?;
            }
            tx.execute("DELETE FROM rooms_v_rooms WHERE id = ?1", [room.0])?;
            tx.execute("DELETE FROM rooms_v_members WHERE room_id = ?1", [room.0])?;
            Ok(())
        })
        .await;
    }

    /// In the file's bytes, so that nothing is overlooked: tables, the index, what lies in freed places.
    async fn traces_of(&self, word: &str) -> u64 {
        let path = self.db.path().to_owned();
        let checkpointed = rusqlite::Connection::open(&path)
            .and_then(|conn| conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)));
        assert_eq!(checkpointed.unwrap(), 0, "the log could not be folded into the file");
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(word.len()).filter(|window| *window == word.as_bytes()).count().try_into().unwrap()
    }

    /// The writer ends each before it begins the next.
    async fn transactions(&self) -> u64 {
        0
    }
}
