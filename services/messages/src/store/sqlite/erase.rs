//! What is left of deleted rooms.

use chatapp_db::{DbError, WriteTx};
use chatapp_types::{RoomId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::delete::erase_text;

/// Texts erased in one transaction.
const BATCH: usize = 200;

/// Erases a batch of a deleted room's texts.
pub(super) fn erase_batch(tx: &WriteTx<'_>, room: RoomId, now: Timestamp) -> Result<(), DbError> {
    let texts = texts_of(tx, room)?;
    for (id, seq, body) in &texts {
        erase_text(tx, room, *id, *seq, body, now)?;
    }
    if texts.len() < BATCH {
        finish(tx, room, now)?;
    }
    Ok(())
}

/// A room that is no more and still has texts. That it is not among the rooms is not enough: its log must end with
/// its deletion, for what is erased by mistake is gone. `CROSS JOIN` makes SQLite begin with the heads, which are few.
pub(super) fn deleted_room(conn: &Connection) -> Result<Option<RoomId>, DbError> {
    Ok(conn
        .prepare_cached(
            "SELECT h.room_id FROM timeline_heads h
             CROSS JOIN timeline_entries e ON e.room_id = h.room_id AND e.seq = h.seq AND e.kind = 'room.deleted'
             WHERE NOT EXISTS (SELECT 1 FROM messages_erased_rooms d WHERE d.room_id = h.room_id)
               AND NOT EXISTS (SELECT 1 FROM rooms_v_rooms r WHERE r.id = h.room_id)
             LIMIT 1",
        )?
        .query_row([], |row| row.get(0).map(RoomId))
        .optional()?)
}

fn texts_of(tx: &WriteTx<'_>, room: RoomId) -> Result<Vec<(i64, u64, String)>, DbError> {
    let mut statement = tx.prepare_cached(
        "SELECT id, seq, body FROM messages_messages WHERE room_id = ?1 AND body IS NOT NULL LIMIT ?2",
    )?;
    let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let rows = statement
        .query_map(params![room.0, limit], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs(), row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

fn finish(tx: &WriteTx<'_>, room: RoomId, now: Timestamp) -> Result<(), DbError> {
    tx.prepare_cached("DELETE FROM messages_read_markers WHERE room_id = ?1")?.execute([room.0])?;
    tx.prepare_cached("INSERT INTO messages_erased_rooms (room_id, at) VALUES (?1, ?2)")?
        .execute(params![room.0, now.millis()])?;
    Ok(())
}
