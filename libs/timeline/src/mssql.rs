//! The log in SQL Server.
//!
//! Who appends holds the room's lock, a named one, and the row of its head, in one of two ways:
//!
//! - in a transaction ([`chatapp_db::Mssql::write`]): [`lock`] takes both up to the commit; then decide, [`append`], commit;
//! - in two round trips for many entries ([`chatapp_db::Mssql::run`]): [`hold`] takes the named locks for the session, and
//!   the heads are read; decide; one batch then commits ([`advance`], [`insert_entries`]) and gives the locks back.
//!
//! The second way has no transaction open while it decides, so the row is not locked then. That nothing came between is seen
//! at the head itself, which must be where it was: whatever changes somebody's rights in a room is an entry, and moves it.
//! So nothing depends on the named lock but that those who wait do so in a queue, instead of in vain.

use chatapp_db::DbError;
use chatapp_db::mssql::{Param, Row, Session, Sql};
use chatapp_types::{MessageId, RoomId, Timestamp, UserId};

use crate::{Appended, Details, Head, NewEntry, StoredEntry};

/// The columns that [`stored_entry`] reads.
pub const COLUMNS: &str = "room_id, seq, kind, actor_id, subject_id, message_id, ordinal, at, details";

/// Begins a room's log. A room that has one is a conflict.
pub async fn create_log(session: &mut Session, room: RoomId) -> Result<(), DbError> {
    let sql = Sql::new("INSERT INTO timeline.heads (room_id, seq, messages, published_seq) VALUES (@P1, 0, 0, 0)");
    session.execute(sql.bind(room)).await.map(drop)
}

/// Locks a room's head up to the end of the transaction, and returns it; `None` for a room without a log. What is read
/// after this stays so until the commit, as far as entries change it.
pub async fn lock(session: &mut Session, room: RoomId) -> Result<Option<Head>, DbError> {
    let mut sql = Sql::default();
    lock_first(&mut sql, room);
    session.query_opt(sql).await?.map(|row| read_head(&row, 0)).transpose()
}

/// Adds to a batch, within its transaction: what [`lock`] does, so that it shares a round trip with what is read under the
/// lock. Answers with the head as the first result, empty for a room without a log; [`read_head`] reads it. Once a batch.
pub fn lock_first(sql: &mut Sql, room: RoomId) {
    let (id, resource) = (sql.hold(room), sql.hold(resource(room)));
    sql.push(&format!(
        "DECLARE @got INT;
         EXEC @got = sp_getapplock @Resource = {resource}, @LockMode = 'Exclusive', @LockOwner = 'Transaction',
                                   @LockTimeout = 5000;
         IF @got < 0 THROW 50001, N'others have held the room for too long', 1;
         UPDATE timeline.heads SET seq = seq WHERE room_id = {id};
         SELECT seq, messages FROM timeline.heads WHERE room_id = {id}; "
    ));
}

/// Appends an entry; call it in the transaction that writes the domain's own rows, after [`lock`] and the decision. A
/// room without a log is an internal error.
pub async fn append(session: &mut Session, room: RoomId, entry: &NewEntry) -> Result<Appended, DbError> {
    let sql = Sql::new(
        "DECLARE @seq BIGINT, @ordinal BIGINT;
         UPDATE timeline.heads SET seq = seq + 1, messages = messages + @P2 WHERE room_id = @P1;
         SELECT @seq = seq, @ordinal = messages FROM timeline.heads WHERE room_id = @P1;
         INSERT INTO timeline.entries (room_id, seq, kind, actor_id, subject_id, message_id, ordinal, at, details)
         VALUES (@P1, @seq, @P3, @P4, @P5, @P6, @ordinal, @P7, @P8);
         SELECT @seq, @ordinal;",
    )
    .bind(room)
    .bind(i64::from(entry.kind == "message.posted"))
    .bind(entry.kind)
    .bind(entry.actor)
    .bind(entry.subject)
    .bind(entry.message_id)
    .bind(entry.at)
    .bind(entry.details.to_column());
    let row = session.query_one(sql).await?;
    Ok(Appended { seq: row.uint(0)?, ordinal: row.uint(1)? })
}

/// Adds to a batch: takes the named locks of `rooms`, which must be in order and without doubles, for the session; waits
/// for 5 s. The heads are to be read after this and before what is decided by.
pub fn hold(sql: &mut Sql, rooms: &[RoomId]) {
    sql.push("DECLARE @got INT; ");
    for room in rooms {
        sql.push("EXEC @got = sp_getapplock @Resource = ").arg(resource(*room)).push(
            ", @LockMode = 'Exclusive', @LockOwner = 'Session', @LockTimeout = 5000;
             IF @got < 0 THROW 50001, N'others have held the room for too long', 1; ",
        );
    }
}

/// Adds to a batch: gives the named locks back. A connection that is closed gives its locks back by itself.
pub fn release(sql: &mut Sql, rooms: &[RoomId]) {
    for room in rooms {
        sql.push("EXEC sp_releaseapplock @Resource = ").arg(resource(*room)).push(", @LockOwner = 'Session'; ");
    }
}

/// Adds to a batch, within its transaction: moves a head on, if it is still where it was. Otherwise the batch fails as one
/// that may be tried again.
pub fn advance(sql: &mut Sql, room: RoomId, from: Head, to: Head) {
    sql.push("UPDATE timeline.heads SET seq = ").arg(to.seq).push(", messages = ").arg(to.messages);
    sql.push(" WHERE room_id = ").arg(room).push(" AND seq = ").arg(from.seq);
    sql.push("; IF @@ROWCOUNT <> 1 THROW 50002, N'something else was appended meanwhile', 1; ");
}

/// Adds to a batch, within its transaction: the entries, of any rooms, with the numbers that their heads were moved to.
/// 100 at most.
pub fn insert_entries<'a>(sql: &mut Sql, entries: impl IntoIterator<Item = (RoomId, Appended, &'a NewEntry)>) {
    sql.push("INSERT INTO timeline.entries (").push(COLUMNS).push(") VALUES ");
    sql.rows(entries.into_iter().map(|(room, appended, entry)| {
        [
            room.into(),
            appended.seq.into(),
            entry.kind.into(),
            entry.actor.into(),
            entry.subject.into(),
            entry.message_id.into(),
            appended.ordinal.into(),
            entry.at.into(),
            entry.details.to_column().into(),
        ]
    }));
    sql.push("; ");
}

/// A room's head; `None` for a room without a log.
pub async fn head(session: &mut Session, room: RoomId) -> Result<Option<Head>, DbError> {
    let sql = Sql::new("SELECT seq, messages FROM timeline.heads WHERE room_id = @P1").bind(room);
    session.query_opt(sql).await?.map(|row| read_head(&row, 0)).transpose()
}

/// Reads the columns `seq, messages` of a head that begin at `first`.
pub fn read_head(row: &Row, first: usize) -> Result<Head, DbError> {
    Ok(Head { seq: row.uint(first)?, messages: row.uint(first + 1)? })
}

/// Up to `limit` entries after `after`, oldest first.
pub async fn entries(session: &mut Session, room: RoomId, after: u64, limit: u32) -> Result<Vec<StoredEntry>, DbError> {
    let sql = Sql::new(format!(
        "SELECT TOP (@P3) {COLUMNS} FROM timeline.entries WHERE room_id = @P1 AND seq > @P2 ORDER BY seq"
    ));
    let rows = session.query(sql.bind(room).bind(after).bind(limit)).await?;
    rows.iter().map(stored_entry).collect()
}

/// Messages up to and including entry `seq` (0 before the first entry; a seq beyond the head counts as the head).
pub async fn ordinal_at(session: &mut Session, room: RoomId, seq: u64) -> Result<u64, DbError> {
    let sql =
        Sql::new("SELECT TOP (1) ordinal FROM timeline.entries WHERE room_id = @P1 AND seq <= @P2 ORDER BY seq DESC");
    let row = session.query_opt(sql.bind(room).bind(seq)).await?;
    row.map_or(Ok(0), |row| row.uint(0))
}

/// Reads a row of [`COLUMNS`].
pub fn stored_entry(row: &Row) -> Result<StoredEntry, DbError> {
    Ok(StoredEntry {
        room_id: RoomId(row.id(0)?),
        seq: row.uint(1)?,
        kind: row.text(2)?,
        actor: UserId(row.id(3)?),
        subject: row.opt_id(4)?.map(UserId),
        message_id: row.opt_id(5)?.map(MessageId),
        ordinal: row.uint(6)?,
        at: row.time(7)?,
        details: Details::from_column(row.opt_text(8)?.as_deref()),
    })
}

/// Stores how far rooms have been published (the marks of [`crate::Publisher::take_marks`]). Marks only move forward.
pub async fn advance_published(session: &mut Session, marks: &[(RoomId, u64)]) -> Result<(), DbError> {
    for part in marks.chunks(MARKS) {
        let mut sql = Sql::default();
        sql.push(
            "UPDATE h SET published_seq = CASE WHEN m.seq > h.seq THEN h.seq ELSE m.seq END FROM timeline.heads h ",
        );
        sql.push("JOIN (VALUES ");
        sql.rows(part.iter().map(|(room, seq)| [Param::from(*room), Param::from(*seq)]));
        sql.push(") AS m (room_id, seq) ON m.room_id = h.room_id WHERE h.published_seq < m.seq");
        session.execute(sql).await?;
    }
    Ok(())
}

/// Up to `limit` rooms of which entries that were committed before `before` are not marked as published, and their
/// marks. What is found was left by a crash, or its mark was not stored yet: publishing it again is harmless.
pub async fn unpublished(session: &mut Session, before: Timestamp, limit: u32) -> Result<Vec<(RoomId, u64)>, DbError> {
    let sql = Sql::new(
        "SELECT TOP (@P2) h.room_id, h.published_seq FROM timeline.heads h
         JOIN timeline.entries e ON e.room_id = h.room_id AND e.seq = h.published_seq + 1
         WHERE h.published_seq < h.seq AND e.at < @P1",
    );
    let rows = session.query(sql.bind(before).bind(limit)).await?;
    rows.iter().map(|row| Ok((RoomId(row.id(0)?), row.uint(1)?))).collect()
}

/// Marks stored by one statement.
const MARKS: usize = 500;

fn resource(room: RoomId) -> String {
    format!("timeline.{}", room.0.simple())
}

#[cfg(test)]
mod tests;
