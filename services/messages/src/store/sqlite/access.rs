//! How a user stands to a room, by the views that rooms publishes.

use chatapp_db::DbError;
use chatapp_types::{RoomId, Timestamp, UserId, Visibility};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::app::access::{Bar, Membership, Standing};
use crate::error::StoreError;

/// The membership, or the refusal an outsider gets.
pub(super) fn member(conn: &Connection, room: RoomId, user: UserId, now: Timestamp) -> Result<Membership, StoreError> {
    Ok(standing(conn, room, user, now)?.member()?)
}

/// How the user stands to the room. For a member it is one look-up.
pub(super) fn standing(conn: &Connection, room: RoomId, user: UserId, now: Timestamp) -> Result<Standing, DbError> {
    let membership = conn
        .prepare_cached("SELECT role, visible_after FROM rooms_v_members WHERE room_id = ?1 AND user_id = ?2")?
        .query_row(params![room.0, user.0], |row| {
            Ok(Membership { role: word(row, 0)?, visible_after: row.get::<_, i64>(1)?.unsigned_abs() })
        })
        .optional()?;
    match membership {
        Some(membership) => Ok(Standing::Member(membership)),
        None => outsider(conn, room, user, now),
    }
}

fn outsider(conn: &Connection, room: RoomId, user: UserId, now: Timestamp) -> Result<Standing, DbError> {
    // Both are asked for every room, so that a hidden room costs the same queries as none.
    let visibility: Option<Visibility> = conn
        .prepare_cached("SELECT visibility FROM rooms_v_rooms WHERE id = ?1")?
        .query_row([room.0], |row| word(row, 0))
        .optional()?;
    let bar = bar(conn, room, user, now)?;
    Ok(visibility.map_or(Standing::NoRoom, |visibility| Standing::Outsider { visibility, bar }))
}

/// What keeps a user out of a room. A timed block that has run out keeps nobody out.
pub(super) fn bar(conn: &Connection, room: RoomId, user: UserId, now: Timestamp) -> Result<Bar, DbError> {
    let row: Option<(bool, Option<i64>)> = conn
        .prepare_cached(
            "SELECT blocked, until FROM rooms_v_barred WHERE room_id = ?1 AND user_id = ?2
                         ORDER BY blocked DESC LIMIT 1",
        )?
        .query_row(params![room.0, user.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(match row {
        None => Bar::None,
        Some((false, _)) => Bar::Removed,
        Some((true, Some(until))) if until <= now.millis() => Bar::None,
        Some((true, _)) => Bar::Blocked,
    })
}

/// A column that holds one of the product's words.
pub(super) fn word<T: std::str::FromStr>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(index)?.as_str()?;
    text.parse().map_err(|_| {
        rusqlite::Error::FromSqlConversionFailure(
            index,
            rusqlite::types::Type::Text,
            format!("unknown word in column {index}").into(),
        )
    })
}
