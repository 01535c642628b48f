//! A room as one caller stands to it, in one row.

use std::str::FromStr;

use chatapp_db::{DbError, views};
use chatapp_types::{RoomId, Timestamp, UserId, UserRef};
use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};

use crate::app::Refusal;
use crate::app::codes::{CodeDigest, CodeVersion};
use crate::app::entering::CodeFacts;
use crate::app::settings::Settings;
use crate::store::facts::{RoomRow, Subject};
use crate::store::{NamedUser, StoreResult};

/// Everything that a decision needs, in one statement whatever the answer: `?1` is the caller, `?2` the present.
macro_rules! room_sql {
    ($condition:literal) => {
        concat!(
            "SELECT r.id, r.number, r.name, r.topic, r.visibility, r.history, r.sort_key, r.member_count, r.created_at,
                    m.role, b.user_id IS NOT NULL, x.user_id IS NOT NULL,
                    c.version, c.digest, c.expires_at, c.uses_left
             FROM rooms_rooms r
             LEFT JOIN rooms_members m ON m.room_id = r.id AND m.user_id = ?1
             LEFT JOIN rooms_blocks b ON b.room_id = r.id AND b.user_id = ?1 AND (b.until IS NULL OR b.until > ?2)
             LEFT JOIN rooms_removals x ON x.room_id = r.id AND x.user_id = ?1
             LEFT JOIN rooms_codes c ON c.room_id = r.id
             WHERE r.deleted_at IS NULL AND ",
            $condition
        )
    };
}
pub(super) use room_sql;

impl RoomRow {
    /// The room by its id, if there is one.
    pub(super) fn by_id(
        conn: &Connection,
        room: RoomId,
        caller: UserId,
        now: Timestamp,
    ) -> Result<Option<Self>, DbError> {
        let mut statement = conn.prepare_cached(room_sql!("r.id = ?3"))?;
        Ok(statement.query_row(params![caller.0, now.millis(), room.0], Self::read).optional()?)
    }

    /// The room by its id; refused when there is none.
    pub(super) fn get(conn: &Connection, room: RoomId, caller: UserId, now: Timestamp) -> StoreResult<Self> {
        Ok(Self::by_id(conn, room, caller, now)?.ok_or(Refusal::RoomNotFound)?)
    }

    /// The room that the caller means by a name.
    pub(super) fn by_name(
        conn: &Connection,
        name_norm: &str,
        caller: UserId,
        now: Timestamp,
    ) -> Result<Option<Self>, DbError> {
        let mut statement = conn.prepare_cached(room_sql!(
            "r.name_norm = ?3 AND (r.visibility = 'public' OR m.role IS NOT NULL)
             ORDER BY m.role IS NULL, r.visibility <> 'public', r.number LIMIT 1"
        ))?;
        Ok(statement.query_row(params![caller.0, now.millis(), name_norm], Self::read).optional()?)
    }

    /// The room that a made code names.
    pub(super) fn by_code(
        conn: &Connection,
        digest: &CodeDigest,
        caller: UserId,
        now: Timestamp,
    ) -> Result<Option<Self>, DbError> {
        let mut statement = conn.prepare_cached(room_sql!("c.digest = ?3"))?;
        Ok(statement.query_row(params![caller.0, now.millis(), digest.as_bytes()], Self::read).optional()?)
    }

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let settings =
            Settings { name: row.get(2)?, topic: row.get(3)?, visibility: word(row, 4)?, history: word(row, 5)? };
        Ok(Self {
            id: RoomId(row.get(0)?),
            number: row.get(1)?,
            settings,
            sort_key: row.get(6)?,
            members: row.get::<_, i64>(7)?.unsigned_abs(),
            created_at: Timestamp::from_millis(row.get(8)?),
            role: optional_word(row, 9)?,
            blocked: row.get(10)?,
            removed: row.get(11)?,
            code: code_facts(row, 12)?,
        })
    }
}

fn code_facts(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<CodeFacts>> {
    let Some(version) = row.get::<_, Option<uuid::Uuid>>(first)? else { return Ok(None) };
    Ok(Some(CodeFacts {
        version: CodeVersion(version),
        digest: row.get::<_, Option<[u8; 32]>>(first + 1)?.map(CodeDigest::from),
        expires_at: row.get::<_, Option<i64>>(first + 2)?.map(Timestamp::from_millis),
        uses_left: row.get(first + 3)?,
    }))
}

impl Subject {
    /// The user of that name. Ask only for a caller who may know whether there is one.
    pub(super) fn find(conn: &Connection, room: RoomId, name: &NamedUser, now: Timestamp) -> StoreResult<Self> {
        let user = user_named(conn, name)?.ok_or(Refusal::UserNotFound)?;
        let mut statement = conn.prepare_cached(
            "SELECT (SELECT role FROM rooms_members WHERE room_id = ?1 AND user_id = ?2),
             EXISTS (SELECT 1 FROM rooms_blocks
                     WHERE room_id = ?1 AND user_id = ?2 AND (until IS NULL OR until > ?3))",
        )?;
        let (role, blocked) = statement
            .query_row(params![room.0, user.id.0, now.millis()], |row| Ok((optional_word(row, 0)?, row.get(1)?)))?;
        Ok(Self { user, role, blocked })
    }
}

/// An existing user by a name as it was typed.
pub(super) fn user_named(conn: &Connection, name: &NamedUser) -> Result<Option<UserRef>, DbError> {
    let normal = name.normal.as_deref().unwrap_or(&name.typed);
    match views::sqlite::user_by_name(conn, normal)? {
        None if normal != name.typed => views::sqlite::user_by_name(conn, &name.typed),
        found => Ok(found),
    }
}

/// A column that holds one of our words.
pub(super) fn word<T: FromStr>(row: &Row<'_>, index: usize) -> rusqlite::Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text: String = row.get(index)?;
    text.parse().map_err(|e| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(e)))
}

/// A column that holds one of our words or nothing.
pub(super) fn optional_word<T: FromStr>(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<T>>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    match row.get_ref(index)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => word(row, index).map(Some),
    }
}
