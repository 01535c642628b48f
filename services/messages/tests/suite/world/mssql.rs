//! SQL Server under test. The views of auth and rooms are replaced by tables of the same shape, so that this suite depends
//! on what they publish and on nothing else of theirs.

use std::sync::Arc;

use async_trait::async_trait;
use chatapp_db::mssql::{Session, Sql};
use chatapp_db::{Database, DbError, Mssql, MssqlUrl};
use chatapp_messages::store::{MessageStore, MssqlMessageStore};
use chatapp_testkit::TdsDatabase;
use chatapp_timeline::{NewEntry, Publisher, mssql as log};
use chatapp_types::{Clock, EntryBody, History, Role, RoomId, RoomName, Timestamp, UserId, UserRef, Visibility};

use super::{Backend, PutOut, SeedRoom};

pub(crate) struct MssqlBackend {
    server: TdsDatabase,
}

const TABLES: [&str; 9] = [
    "DROP VIEW IF EXISTS rooms.v_barred",
    "DROP VIEW IF EXISTS rooms.v_members",
    "DROP VIEW IF EXISTS rooms.v_rooms",
    "DROP VIEW IF EXISTS auth.v_users",
    "CREATE TABLE auth.v_users (
        id UNIQUEIDENTIFIER NOT NULL PRIMARY KEY, username NVARCHAR(64) COLLATE Latin1_General_100_BIN2,
        deleted BIT NOT NULL)",
    "CREATE INDEX v_users_by_name ON auth.v_users (username)",
    "CREATE TABLE rooms.v_rooms (
        number BIGINT IDENTITY(1, 1) NOT NULL PRIMARY KEY, id UNIQUEIDENTIFIER NOT NULL UNIQUE, name NVARCHAR(200),
        name_norm NVARCHAR(200) COLLATE Latin1_General_100_BIN2, visibility NVARCHAR(20), history NVARCHAR(20))",
    "CREATE TABLE rooms.v_members (
        room_id UNIQUEIDENTIFIER NOT NULL, user_id UNIQUEIDENTIFIER NOT NULL, role NVARCHAR(20),
        visible_after BIGINT, joined_seq BIGINT, PRIMARY KEY (room_id, user_id))",
    "CREATE INDEX v_members_of_user ON rooms.v_members (user_id, room_id);
     CREATE TABLE rooms.v_barred (
        room_id UNIQUEIDENTIFIER NOT NULL, user_id UNIQUEIDENTIFIER NOT NULL, blocked BIT, until BIGINT,
        PRIMARY KEY (room_id, user_id))",
];

impl MssqlBackend {
    /// Where it is, with the administrator's log-in.
    pub(crate) fn url(&self) -> &MssqlUrl {
        self.server.url()
    }

    /// A store of its own on other connections to the database.
    pub(crate) fn store_on(
        db: Mssql,
        publisher: Publisher,
        clock: Arc<dyn Clock>,
        lanes: usize,
    ) -> Arc<dyn MessageStore> {
        Arc::new(MssqlMessageStore::new(db, publisher, clock, lanes))
    }

    async fn execute(&self, sql: Sql) {
        let work = self.server.db.run(move |session| {
            let sql = sql.clone();
            Box::pin(async move { session.execute(sql).await })
        });
        work.await.unwrap();
    }

    async fn number(&self, sql: &str) -> u64 {
        let sql = Sql::new(sql);
        self.server.db.snapshot(sql).await.unwrap()[0][0].uint(0).unwrap()
    }
}

async fn append(
    session: &mut Session,
    room: RoomId,
    by: UserId,
    at: Timestamp,
    said: &EntryBody,
) -> Result<u64, DbError> {
    log::lock(session, room).await?;
    Ok(log::append(session, room, &NewEntry::of(by, at, said)).await?.seq)
}

async fn insert_member(
    session: &mut Session,
    room: &SeedRoom,
    user: UserId,
    role: Role,
    seq: u64,
) -> Result<(), DbError> {
    let visible_after = if room.history == History::Full { 0 } else { seq - 1 };
    let sql = Sql::new(
        "INSERT INTO rooms.v_members (room_id, user_id, role, visible_after, joined_seq) VALUES (@P1, @P2, @P3, @P4, @P5);
         DELETE FROM rooms.v_barred WHERE room_id = @P1 AND user_id = @P2",
    );
    let sql = sql.bind(room.id).bind(user).bind(role.as_str()).bind(visible_after).bind(seq);
    session.execute(sql).await.map(drop)
}

async fn make_room(session: &mut Session, room: &SeedRoom, owner: UserId, at: Timestamp) -> Result<(), DbError> {
    log::create_log(session, room.id).await?;
    let said = EntryBody::RoomCreated { name: room.name.clone(), visibility: room.visibility };
    let seq = append(session, room.id, owner, at, &said).await?;
    let sql = Sql::new(
        "INSERT INTO rooms.v_rooms (id, name, name_norm, visibility, history) VALUES (@P1, @P2, @P3, @P4, @P5)",
    )
    .bind(room.id)
    .bind(room.name.as_str())
    .bind(RoomName::norm_of(&room.name))
    .bind(Visibility::as_str(room.visibility))
    .bind(room.history.as_str());
    session.execute(sql).await?;
    insert_member(session, room, owner, Role::Owner, seq).await
}

async fn end_membership(
    session: &mut Session,
    room: RoomId,
    user: UserId,
    how: PutOut,
    at: Timestamp,
) -> Result<u64, DbError> {
    let subject = UserRef { id: user, username: String::new() };
    let (blocked, until) = match how {
        PutOut::Removed => (false, None),
        PutOut::Blocked => (true, None),
        PutOut::BlockedUntil(until) => (true, Some(until)),
    };
    let said = if blocked { EntryBody::MemberBlocked { subject, until } } else { EntryBody::MemberRemoved { subject } };
    let owner = Sql::new("SELECT user_id FROM rooms.v_members WHERE room_id = @P1 AND role = N'owner'").bind(room);
    let owner = UserId(session.query_one(owner).await?.id(0)?);
    let seq = append(session, room, owner, at, &said).await?;
    let sql = Sql::new(
        "DELETE FROM rooms.v_members WHERE room_id = @P1 AND user_id = @P2;
         INSERT INTO rooms.v_barred (room_id, user_id, blocked, until) VALUES (@P1, @P2, @P3, @P4)",
    );
    session.execute(sql.bind(room).bind(user).bind(blocked).bind(until)).await?;
    Ok(seq)
}

#[async_trait]
impl Backend for MssqlBackend {
    async fn start() -> Self {
        let backend = Self { server: TdsDatabase::create().await };
        for statement in TABLES {
            backend.execute(Sql::new(statement)).await;
        }
        backend
    }

    fn database(&self) -> Database {
        Database::Mssql(self.server.db.clone())
    }

    fn store(&self, publisher: Publisher, clock: Arc<dyn Clock>) -> Arc<dyn MessageStore> {
        Self::store_on(self.server.db.clone(), publisher, clock, MssqlMessageStore::LANES)
    }

    async fn store_apart(&self, publisher: Publisher, clock: Arc<dyn Clock>) -> Arc<dyn MessageStore> {
        let db = self.server.another(TdsDatabase::options()).await;
        Self::store_on(db, publisher, clock, MssqlMessageStore::LANES)
    }

    async fn put_user(&self, user: &UserRef) {
        let sql = Sql::new("INSERT INTO auth.v_users (id, username, deleted) VALUES (@P1, @P2, 0)");
        self.execute(sql.bind(user.id).bind(user.username.as_str())).await;
    }

    async fn delete_user(&self, user: UserId) {
        self.execute(Sql::new("UPDATE auth.v_users SET username = NULL, deleted = 1 WHERE id = @P1").bind(user)).await;
    }

    async fn put_room(&self, room: &SeedRoom, owner: UserId, at: Timestamp) {
        let room = room.clone();
        let work = self.server.db.write(move |session| {
            let room = room.clone();
            Box::pin(async move { make_room(session, &room, owner, at).await })
        });
        work.await.unwrap();
    }

    async fn put_member(&self, room: &SeedRoom, user: UserId, role: Role, at: Timestamp) -> u64 {
        let room = room.clone();
        let work = self.server.db.write(move |session| {
            let room = room.clone();
            Box::pin(async move {
                let seq = append(session, room.id, user, at, &EntryBody::MemberJoined).await?;
                insert_member(session, &room, user, role, seq).await?;
                Ok::<_, DbError>(seq)
            })
        });
        work.await.unwrap()
    }

    async fn put_out(&self, room: RoomId, user: UserId, how: PutOut, at: Timestamp) -> u64 {
        let work = self.server.db.write(move |session| Box::pin(end_membership(session, room, user, how, at)));
        work.await.unwrap()
    }

    async fn delete_room(&self, room: RoomId, by: UserId, at: Timestamp, silently: bool) {
        let work = self.server.db.write(move |session| {
            Box::pin(async move {
                if !silently {
                    append(session, room, by, at, &EntryBody::RoomDeleted).await?;
                }
                let sql = Sql::new(
                    "DELETE FROM rooms.v_rooms WHERE id = @P1; DELETE FROM rooms.v_members WHERE room_id = @P1",
                );
                session.execute(sql.bind(room)).await.map(drop)
            })
        });
        work.await.unwrap();
    }

    /// In every column of every table that can hold a text.
    async fn traces_of(&self, word: &str) -> u64 {
        let columns = Sql::new(
            "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS
             WHERE DATA_TYPE IN (N'nvarchar', N'varchar', N'nchar', N'char', N'ntext', N'text')
               AND TABLE_SCHEMA IN (N'auth', N'rooms', N'messages', N'timeline', N'dbo')",
        );
        let columns = self.server.db.snapshot(columns).await.unwrap().remove(0);
        assert!(columns.len() > 8, "tables with texts are not found");
        let mut traces = 0;
        for column in columns {
            let (schema, table, column) = (column.text(0).unwrap(), column.text(1).unwrap(), column.text(2).unwrap());
            let sql = format!("SELECT COUNT(*) FROM [{schema}].[{table}] WHERE [{column}] LIKE N'%{word}%'");
            traces += self.number(&sql).await;
        }
        traces
    }

    async fn transactions(&self) -> u64 {
        self.number(
            "SELECT COUNT(*) FROM sys.dm_exec_sessions
             WHERE open_transaction_count > 0 AND session_id <> @@SPID AND database_id = DB_ID()",
        )
        .await
    }
}
