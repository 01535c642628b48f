//! A migrated database in a folder of its own, with users to one's liking.

use chatapp_db::{Database, DatabaseConfig, DatabaseUrl, DbError, Sqlite};
use chatapp_timeline::{StoredEntry, sqlite as timeline};
use chatapp_types::{RoomId, Timestamp, UserId, UserRef};
use rusqlite::params;

/// The time at which these tests begin.
pub(crate) fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

pub(crate) struct TestDatabase {
    pub(crate) sqlite: Sqlite,
    _folder: tempfile::TempDir,
}

impl TestDatabase {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabaseConfig::new(DatabaseUrl::sqlite(folder.path().join("rooms.db")));
        let database = Database::open(&config).await.unwrap();
        database.migrate().await.unwrap();
        let Database::Sqlite(sqlite) = database else { panic!("not sqlite") };
        let database = Self { sqlite, _folder: folder };
        // The view is all that rooms knows of accounts, so it is all there is of them here.
        database
            .run(
                "DROP VIEW IF EXISTS auth_v_users;
                 CREATE TABLE test_users (id BLOB PRIMARY KEY, username TEXT UNIQUE, deleted INTEGER NOT NULL);
                 CREATE VIEW auth_v_users (id, username, deleted) AS SELECT id, username, deleted FROM test_users;",
            )
            .await;
        database
    }

    pub(crate) async fn run(&self, sql: &'static str) {
        self.sqlite.write(move |tx| Ok::<_, DbError>(tx.execute_batch(sql)?)).await.unwrap();
    }

    pub(crate) async fn add_user(&self, name: &str) -> UserRef {
        let user = UserRef { id: UserId::new(), username: name.to_owned() };
        let added = user.clone();
        let insert = "INSERT INTO test_users (id, username, deleted) VALUES (?1, ?2, 0)";
        self.sqlite
            .write(move |tx| Ok::<_, DbError>(tx.execute(insert, params![added.id.0, added.username])?))
            .await
            .unwrap();
        user
    }

    pub(crate) async fn delete_user(&self, user: &UserRef) {
        let id = user.id.0;
        let delete = "UPDATE test_users SET deleted = 1, username = NULL WHERE id = ?1";
        self.sqlite.write(move |tx| Ok::<_, DbError>(tx.execute(delete, [id])?)).await.unwrap();
    }

    /// The whole log of a room.
    pub(crate) async fn log(&self, room: RoomId) -> Vec<StoredEntry> {
        self.sqlite.read(move |conn| timeline::entries(conn, room, 0, 10_000)).await.unwrap()
    }

    /// The first column of the first row, as a number.
    pub(crate) async fn number(&self, sql: &'static str, room: RoomId, user: UserId) -> Option<i64> {
        self.sqlite
            .read(move |conn| {
                let mut statement = conn.prepare(sql)?;
                let mut rows = statement.query(params![room.0, user.0])?;
                match rows.next()? {
                    Some(row) => Ok::<_, DbError>(Some(row.get::<_, Option<i64>>(0)?.unwrap_or(-1))),
                    None => Ok(None),
                }
            })
            .await
            .unwrap()
    }
}
