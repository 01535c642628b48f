//! The index of words. It keeps no text, so that whoever takes a message out must bring the text that is in it.

use chatapp_db::{DbError, WriteTx};
use chatapp_types::RoomId;
use rusqlite::{Connection, OptionalExtension, params};

/// Texts added in one transaction: some 2 ms of the writer's time.
pub(super) const BATCH: u32 = 128;

/// The room as a word of the index.
pub(super) fn room_word(room: RoomId) -> String {
    room.0.simple().to_string()
}

/// Whether texts wait to be added.
pub(super) fn is_behind(conn: &Connection) -> Result<bool, DbError> {
    let last: Option<i64> =
        conn.prepare_cached("SELECT max(id) FROM messages_messages")?.query_row([], |row| row.get(0))?;
    Ok(last.unwrap_or_default() > indexed(conn)?)
}

/// Adds the next batch. Returns whether more wait.
pub(super) fn add_batch(tx: &WriteTx<'_>) -> Result<bool, DbError> {
    let rows: Vec<(i64, RoomId, Option<String>)> = tx
        .prepare_cached("SELECT id, room_id, body FROM messages_messages WHERE id > ?1 ORDER BY id LIMIT ?2")?
        .query_map(params![indexed(tx)?, BATCH], |row| Ok((row.get(0)?, RoomId(row.get(1)?), row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let Some((last, ..)) = rows.last() else { return Ok(false) };
    tx.prepare_cached("UPDATE messages_indexed SET id = ?1")?.execute([last])?;
    for (id, room, body) in &rows {
        if let Some(body) = body {
            add(tx, *id, *room, body)?;
        }
    }
    Ok(u32::try_from(rows.len()).is_ok_and(|n| n == BATCH))
}

/// Puts `new` in the place of `old`, if the message is in the index by now; else the next batch finds what is new.
pub(super) fn replace(tx: &WriteTx<'_>, id: i64, room: RoomId, old: &str, new: Option<&str>) -> Result<(), DbError> {
    if id > indexed(tx)? {
        return Ok(());
    }
    tx.prepare_cached("INSERT INTO messages_words (messages_words, rowid, room, body) VALUES ('delete', ?1, ?2, ?3)")?
        .execute(params![id, room_word(room), old])?;
    new.map_or(Ok(()), |new| add(tx, id, room, new))
}

fn add(tx: &WriteTx<'_>, id: i64, room: RoomId, body: &str) -> Result<(), DbError> {
    tx.prepare_cached("INSERT INTO messages_words (rowid, room, body) VALUES (?1, ?2, ?3)")?.execute(params![
        id,
        room_word(room),
        body
    ])?;
    Ok(())
}

fn indexed(conn: &Connection) -> Result<i64, DbError> {
    let id: Option<i64> =
        conn.prepare_cached("SELECT id FROM messages_indexed")?.query_row([], |row| row.get(0)).optional()?;
    id.ok_or_else(|| DbError::Internal("the index of words has no watermark".to_owned()))
}
