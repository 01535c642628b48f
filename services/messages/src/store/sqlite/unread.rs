//! Read markers and what is unread.

use chatapp_db::{DbError, WriteTx};
use chatapp_timeline::sqlite as log;
use chatapp_types::messages::UnreadRoom;
use chatapp_types::{RoomId, Timestamp, UserId};
use rusqlite::{Connection, params};

use super::access;
use crate::error::{Refusal, StoreError};

/// Moves a member's marker forward, to the head at most.
pub(super) fn mark_read(
    tx: &WriteTx<'_>,
    reader: UserId,
    room: RoomId,
    seq: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    access::member(tx, room, reader, now)?;
    let head = log::head(tx, room)?.ok_or(Refusal::RoomNotFound)?;
    Ok(advance_marker(tx, reader, room, seq.min(head.seq))?)
}

/// Moves a marker forward; one that is there already is left alone, which spares a write.
pub(super) fn advance_marker(tx: &WriteTx<'_>, user: UserId, room: RoomId, seq: u64) -> Result<(), DbError> {
    tx.prepare_cached(
        "INSERT INTO messages_read_markers (room_id, user_id, seq) VALUES (?1, ?2, ?3)
         ON CONFLICT (room_id, user_id) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > seq",
    )?
    .execute(params![room.0, user.0, seq.cast_signed()])?;
    Ok(())
}

/// The counts of all rooms in one statement. Unread begins after the marker, or where one came in, or where one's
/// sight begins, whichever is last; `ordinal` makes the count of messages a subtraction.
pub(super) fn unread(conn: &Connection, user: UserId) -> Result<Vec<UnreadRoom>, DbError> {
    let mut statement = conn.prepare_cached(
        "WITH mine AS (
             SELECT m.room_id, h.seq AS head, h.messages,
                    min(h.seq, max(coalesce(r.seq, 0), m.joined_seq, m.visible_after)) AS read_seq
             FROM rooms_v_members m
             JOIN timeline_heads h ON h.room_id = m.room_id
             LEFT JOIN messages_read_markers r ON r.user_id = m.user_id AND r.room_id = m.room_id
             WHERE m.user_id = ?1
             )
             SELECT room_id, read_seq, head,
                messages - coalesce((SELECT e.ordinal FROM timeline_entries e
                                 WHERE e.room_id = mine.room_id AND e.seq = mine.read_seq), 0),
                (SELECT count(*) FROM messages_mentions n
                 WHERE n.user_id = ?1 AND n.room_id = mine.room_id AND n.seq > mine.read_seq)
             FROM mine ORDER BY room_id",
    )?;
    let rows = statement
        .query_map([user.0], |row| {
            Ok(UnreadRoom {
                room_id: RoomId(row.get(0)?),
                read_seq: row.get::<_, i64>(1)?.unsigned_abs(),
                head: row.get::<_, i64>(2)?.unsigned_abs(),
                messages: row.get::<_, i64>(3)?.unsigned_abs(),
                mentions: row.get::<_, i64>(4)?.unsigned_abs(),
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}
