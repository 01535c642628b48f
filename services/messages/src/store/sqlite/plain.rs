//! What version 0 reads: rooms by name, messages as plain lines.

use chatapp_db::DbError;
use chatapp_types::{History, RoomId, RoomName, Timestamp, UserId, Visibility};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::access::{self, word};
use super::message::{MessageRow, select_messages};
use super::names::Names;
use crate::app::access::{Bar, Standing};
use crate::error::{Refusal, StoreError};
use crate::store::PlainMessage;

/// A room found by its name.
pub(super) struct NamedRoom {
    pub(super) id: RoomId,
    history: History,
}

/// The room of that name that the user is in, else the public one; the order in which rooms finds them too.
pub(super) fn room_named(conn: &Connection, user: UserId, name: &str) -> Result<NamedRoom, StoreError> {
    let found = conn
        .prepare_cached(
            "SELECT r.id, r.history FROM rooms_v_rooms r
             LEFT JOIN rooms_v_members m ON m.room_id = r.id AND m.user_id = ?2
             WHERE r.name_norm = ?1 AND (r.visibility = 'public' OR m.role IS NOT NULL)
             ORDER BY m.role IS NULL, r.visibility <> 'public', r.number LIMIT 1",
        )
        .and_then(|mut statement| {
            let read = |row: &Row<'_>| Ok(NamedRoom { id: RoomId(row.get(0)?), history: word(row, 1)? });
            statement.query_row(params![RoomName::norm_of(name), user.0], read).optional()
        })
        .map_err(DbError::from)?;
    Ok(found.ok_or(Refusal::RoomNotFound)?)
}

/// The latest messages, oldest first, and the right to them, in one snapshot.
pub(super) fn history(
    conn: &Connection,
    reader: UserId,
    name: &str,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<PlainMessage>, StoreError> {
    let room = room_named(conn, reader, name)?;
    let floor = match access::standing(conn, room.id, reader, now)? {
        Standing::Member(membership) => membership.visible_after,
        Standing::Outsider { visibility: Visibility::Public, bar: Bar::None } => match room.history {
            History::Full => 0,
            // One who joined now would see nothing of what is there.
            History::SinceJoin => return Ok(Vec::new()),
        },
        Standing::Outsider { .. } | Standing::NoRoom => return Err(Refusal::RoomNotFound.into()),
    };
    Ok(latest(conn, room.id, floor, limit)?)
}

fn latest(conn: &Connection, room: RoomId, floor: u64, limit: u32) -> Result<Vec<PlainMessage>, DbError> {
    let mut names = Names::new(conn);
    let mut statement = conn.prepare_cached(select_messages!(
        "WHERE m.room_id = ?1 AND m.seq > ?2 AND m.body IS NOT NULL ORDER BY m.seq DESC LIMIT ?3"
    ))?;
    let rows = statement.query_map(params![room.0, floor.cast_signed(), limit], MessageRow::read)?;
    let mut messages = Vec::new();
    for row in rows {
        let row = row?;
        messages.push(PlainMessage {
            seq: row.seq,
            username: names.get(row.author)?.username,
            body: row.body.unwrap_or_default(),
            at: row.at,
        });
    }
    messages.reverse();
    Ok(messages)
}
