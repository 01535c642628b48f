//! The log in SQLite. A write transaction there excludes every other, so the head is locked by being in one.

use chatapp_db::{DbError, WriteTx};
use chatapp_types::{MessageId, RoomId, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{Appended, Details, Head, NewEntry, StoredEntry};

/// Begins a room's log. A room that has one is a conflict.
pub fn create_log(tx: &WriteTx<'_>, room: RoomId) -> Result<(), DbError> {
    tx.prepare_cached("INSERT INTO timeline_heads (room_id, seq, messages, published_seq) VALUES (?1, 0, 0, 0)")?
        .execute([room.0])?;
    Ok(())
}

/// Appends an entry; call it in the transaction that writes the domain's own rows, after the decision. A room
/// without a log is an internal error.
pub fn append(tx: &WriteTx<'_>, room: RoomId, entry: &NewEntry) -> Result<Appended, DbError> {
    let counts = i64::from(entry.kind == "message.posted");
    let (seq, ordinal): (i64, i64) = tx
        .prepare_cached(
            "UPDATE timeline_heads SET seq = seq + 1, messages = messages + ?2 WHERE room_id = ?1
             RETURNING seq, messages",
        )?
        .query_row(params![room.0, counts], |row| Ok((row.get(0)?, row.get(1)?)))?;
    tx.prepare_cached(
        "INSERT INTO timeline_entries (room_id, seq, kind, actor_id, subject_id, message_id, ordinal, at, details)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        room.0,
        seq,
        entry.kind,
        entry.actor.0,
        entry.subject.map(|id| id.0),
        entry.message_id.map(|id| id.0),
        ordinal,
        entry.at.millis(),
        entry.details.to_column(),
    ])?;
    Ok(Appended { seq: seq.unsigned_abs(), ordinal: ordinal.unsigned_abs() })
}

/// A room's head; `None` for a room without a log.
pub fn head(conn: &Connection, room: RoomId) -> Result<Option<Head>, DbError> {
    Ok(conn
        .prepare_cached("SELECT seq, messages FROM timeline_heads WHERE room_id = ?1")?
        .query_row([room.0], |row| {
            Ok(Head { seq: row.get::<_, i64>(0)?.unsigned_abs(), messages: row.get::<_, i64>(1)?.unsigned_abs() })
        })
        .optional()?)
}

/// Up to `limit` entries after `after`, oldest first.
pub fn entries(conn: &Connection, room: RoomId, after: u64, limit: u32) -> Result<Vec<StoredEntry>, DbError> {
    let mut statement = conn.prepare_cached(
        "SELECT room_id, seq, kind, actor_id, subject_id, message_id, ordinal, at, details
         FROM timeline_entries WHERE room_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
    )?;
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![room.0, after, limit], stored_entry)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

/// Messages up to and including entry `seq` (0 before the first entry; a seq beyond the head counts as the head).
pub fn ordinal_at(conn: &Connection, room: RoomId, seq: u64) -> Result<u64, DbError> {
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    let ordinal: Option<i64> = conn
        .prepare_cached(
            "SELECT ordinal FROM timeline_entries WHERE room_id = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row(params![room.0, seq], |row| row.get(0))
        .optional()?;
    Ok(ordinal.unwrap_or_default().unsigned_abs())
}

/// Reads a row of the columns `room_id, seq, kind, actor_id, subject_id, message_id, ordinal, at, details`.
pub fn stored_entry(row: &Row<'_>) -> rusqlite::Result<StoredEntry> {
    Ok(StoredEntry {
        room_id: RoomId(row.get(0)?),
        seq: row.get::<_, i64>(1)?.unsigned_abs(),
        kind: row.get(2)?,
        actor: UserId(row.get(3)?),
        subject: row.get::<_, Option<_>>(4)?.map(UserId),
        message_id: row.get::<_, Option<_>>(5)?.map(MessageId),
        ordinal: row.get::<_, i64>(6)?.unsigned_abs(),
        at: Timestamp::from_millis(row.get(7)?),
        details: Details::from_column(row.get::<_, Option<String>>(8)?.as_deref()),
    })
}

/// Stores how far rooms have been published (the marks of [`crate::Publisher::take_marks`]). Marks only move forward.
pub fn advance_published(tx: &WriteTx<'_>, marks: &[(RoomId, u64)]) -> Result<(), DbError> {
    let mut statement = tx.prepare_cached(
        "UPDATE timeline_heads SET published_seq = min(seq, max(published_seq, ?2)) WHERE room_id = ?1",
    )?;
    for (room, seq) in marks {
        statement.execute(params![room.0, i64::try_from(*seq).unwrap_or(i64::MAX)])?;
    }
    Ok(())
}

/// Up to `limit` rooms of which entries that were committed before `before` are not marked as published, and their
/// marks. What is found was left by a crash, or its mark was not stored yet: publishing it again is harmless.
/// `CROSS JOIN` makes SQLite begin with the heads; left to itself it reads the whole log.
pub fn unpublished(conn: &Connection, before: Timestamp, limit: u32) -> Result<Vec<(RoomId, u64)>, DbError> {
    let mut statement = conn.prepare_cached(
        "SELECT h.room_id, h.published_seq FROM timeline_heads h
         CROSS JOIN timeline_entries e ON e.room_id = h.room_id AND e.seq = h.published_seq + 1
         WHERE h.published_seq < h.seq AND e.at < ?1 LIMIT ?2",
    )?;
    let rows = statement
        .query_map(params![before.millis(), limit], |row| {
            Ok((RoomId(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs()))
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use chatapp_db::{Database, DatabaseConfig, DatabaseUrl, Sqlite};
    use chatapp_types::EntryBody;

    use super::*;

    async fn open(dir: &tempfile::TempDir) -> Sqlite {
        let url = DatabaseUrl::sqlite(dir.path().join("t.db"));
        let db = Database::open(&DatabaseConfig::new(url)).await.unwrap();
        db.migrate().await.unwrap();
        let Database::Sqlite(db) = db else { panic!("not sqlite") };
        db
    }

    fn joined() -> NewEntry {
        NewEntry::of(UserId::new(), Timestamp::from_millis(1_000), &EntryBody::MemberJoined)
    }

    async fn append_one(db: &Sqlite, room: RoomId, fail: bool) -> Result<Appended, DbError> {
        db.write(move |tx| {
            let appended = append(tx, room, &joined())?;
            if fail { Err(DbError::Internal("refused".into())) } else { Ok(appended) }
        })
        .await
    }

    #[tokio::test]
    async fn a_refusal_burns_no_number() {
        let dir = tempfile::tempdir().unwrap();
        let db = open(&dir).await;
        let room = RoomId::new();
        db.write(move |tx| create_log(tx, room)).await.unwrap();
        let appends = (0..40).map(|n| append_one(&db, room, n % 3 == 0));
        let results = futures::future::join_all(appends).await;
        let mut seqs: Vec<u64> = results.into_iter().flatten().map(|a| a.seq).collect();
        seqs.sort_unstable();
        assert_eq!(seqs, (1..=26).collect::<Vec<_>>());
        let log = db.read(move |conn| entries(conn, room, 0, 100)).await.unwrap();
        assert_eq!(log.iter().map(|e| e.seq).collect::<Vec<_>>(), seqs);
    }

    #[tokio::test]
    async fn what_was_not_marked_as_published_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let db = open(&dir).await;
        let room = RoomId::new();
        db.write(move |tx| create_log(tx, room)).await.unwrap();
        for _ in 0..3 {
            append_one(&db, room, false).await.unwrap();
        }
        let find = |at: i64| {
            let db = db.clone();
            async move { db.read(move |conn| unpublished(conn, Timestamp::from_millis(at), 10)).await.unwrap() }
        };
        assert_eq!(find(2_000).await, [(room, 0)]);
        assert_eq!(find(500).await, [], "too young to be given up");
        db.write(move |tx| advance_published(tx, &[(room, 99)])).await.unwrap();
        assert_eq!(find(2_000).await, []);
    }
}
