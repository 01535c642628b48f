//! A room as one caller stands to it, in one row.

use std::borrow::Cow;
use std::str::FromStr;

use chatapp_db::DbError;
use chatapp_db::mssql::{Row, Sql};
use chatapp_db::views;
use chatapp_types::{RoomId, Timestamp, UserId};

use crate::app::codes::{CodeDigest, CodeVersion};
use crate::app::entering::CodeFacts;
use crate::app::settings::Settings;
use crate::store::NamedUser;
use crate::store::facts::{RoomRow, Subject};

/// Everything that a decision needs, in one statement whatever the answer: `@P1` is the caller.
macro_rules! room_sql {
    ($condition:literal) => {
        concat!(
            "SELECT r.id, r.number, r.name, r.topic, r.visibility, r.history, r.sort_key, r.member_count, r.audit_count,
                    r.created_at, m.role, b.user_id, b.until, x.user_id,
                    c.version, c.digest, c.expires_at, c.uses_left
             FROM rooms.rooms AS r
             LEFT JOIN rooms.members AS m ON m.room_id = r.id AND m.user_id = @P1
             LEFT JOIN rooms.blocks AS b ON b.room_id = r.id AND b.user_id = @P1
             LEFT JOIN rooms.removals AS x ON x.room_id = r.id AND x.user_id = @P1
             LEFT JOIN rooms.codes AS c ON c.room_id = r.id
             WHERE r.deleted_at IS NULL AND ",
            $condition
        )
    };
}
pub(super) use room_sql;

/// The room by its id.
pub(super) fn by_id(room: RoomId, caller: UserId) -> Sql {
    Sql::new(room_sql!("r.id = @P2")).bind(caller).bind(room)
}

/// The room that the caller means by a name.
pub(super) fn by_name(name_norm: &str, caller: UserId) -> Sql {
    Sql::new(room_sql!(
        "r.name_norm = @P2 AND (r.visibility = N'public' OR m.role IS NOT NULL)
         ORDER BY CASE WHEN m.role IS NULL THEN 1 ELSE 0 END,
                  CASE WHEN r.visibility = N'public' THEN 0 ELSE 1 END, r.number
         OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY"
    ))
    .bind(caller)
    .bind(&*compared(name_norm))
}

/// A compared name as it is stored, for an index takes no more than 850 UTF-16 units. A longer one, of dozens of the
/// longest ligatures, is told from others by its digest.
pub(super) fn compared(name_norm: &str) -> Cow<'_, str> {
    if name_norm.encode_utf16().count() <= INDEXED_UNITS {
        return Cow::Borrowed(name_norm);
    }
    let mut units = 0;
    let kept = name_norm.chars().take_while(|char| {
        units += char.len_utf16();
        units <= KEPT_UNITS
    });
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, name_norm.as_bytes());
    let digest = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    Cow::Owned(kept.map(String::from).chain(digest).collect())
}

/// UTF-16 units of a compared name that is stored as it is.
const INDEXED_UNITS: usize = 800;
/// UTF-16 units that are kept of a longer one: 64 of the digest follow.
const KEPT_UNITS: usize = INDEXED_UNITS - 64;

/// Reads a row of `room_sql`.
pub(super) fn room(row: &Row, now: Timestamp) -> Result<RoomRow, DbError> {
    let settings =
        Settings { name: row.text(2)?, topic: row.text(3)?, visibility: word(row, 4)?, history: word(row, 5)? };
    Ok(RoomRow {
        id: RoomId(row.id(0)?),
        number: row.int(1)?,
        settings,
        sort_key: row.text(6)?,
        members: row.uint(7)?,
        created_at: row.time(9)?,
        role: optional_word(row, 10)?,
        blocked: blocks(row, 11, now)?,
        removed: row.opt_id(13)?.is_some(),
        code: code_facts(row, 14)?,
    })
}

/// The number of the room's last act of moderation, in a row of `room_sql`.
pub(super) fn audits(row: &Row) -> Result<u64, DbError> {
    row.uint(8)
}

fn code_facts(row: &Row, first: usize) -> Result<Option<CodeFacts>, DbError> {
    let Some(version) = row.opt_id(first)? else { return Ok(None) };
    let uses_left = row.opt_uint(first + 3)?;
    Ok(Some(CodeFacts {
        version: CodeVersion(version),
        digest: row.opt_hash(first + 1)?.map(CodeDigest::from),
        expires_at: row.opt_time(first + 2)?,
        uses_left: uses_left.map(|uses| u32::try_from(uses).unwrap_or(u32::MAX)),
    }))
}

/// Whether the columns `user_id, until` that begin at `first` are those of a block that holds.
fn blocks(row: &Row, first: usize, now: Timestamp) -> Result<bool, DbError> {
    Ok(row.opt_id(first)?.is_some() && row.opt_time(first + 1)?.is_none_or(|until| until > now))
}

/// Looks up the user of that name, and what the user is to the room. Its answer is for a caller who may know whether
/// there is one.
pub(super) fn find_subject(room: RoomId, name: &NamedUser) -> Sql {
    Sql::new(
        "SELECT u.id, u.username, u.deleted, m.role, b.user_id, b.until FROM auth.v_users AS u
         LEFT JOIN rooms.members AS m ON m.room_id = @P1 AND m.user_id = u.id
         LEFT JOIN rooms.blocks AS b ON b.room_id = @P1 AND b.user_id = u.id
         WHERE u.username IN (@P2, @P3) AND u.deleted = 0",
    )
    .bind(room)
    .bind(name.normal.as_deref().unwrap_or(&name.typed))
    .bind(name.typed.as_str())
}

/// Reads the answer of [`find_subject`]: the normalised name goes first.
pub(super) fn subject(rows: &[Row], name: &NamedUser, now: Timestamp) -> Result<Option<Subject>, DbError> {
    let found = rows.iter().map(|row| {
        let (user, role) = (views::mssql::user_ref(row, 0)?, optional_word(row, 3)?);
        Ok(Subject { user, role, blocked: blocks(row, 4, now)? })
    });
    let mut found = found.collect::<Result<Vec<_>, DbError>>()?;
    let place = |wanted: &str| found.iter().position(|subject| subject.user.username == wanted);
    let place = name.normal.as_deref().and_then(place).or_else(|| place(&name.typed));
    Ok(place.map(|place| found.swap_remove(place)))
}

/// A column that holds one of our words.
pub(super) fn word<T: FromStr>(row: &Row, column: usize) -> Result<T, DbError> {
    let parsed = row.text(column)?.parse();
    parsed.map_err(|_| DbError::Internal(format!("column {column} holds a word that is none of ours")))
}

/// A column that holds one of our words or nothing.
pub(super) fn optional_word<T: FromStr>(row: &Row, column: usize) -> Result<Option<T>, DbError> {
    row.opt_text(column)?.map(|_| word(row, column)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_takes_every_name_and_tells_long_ones_apart() {
        assert_eq!(compared("den"), "den");
        assert_eq!(compared(&"x".repeat(800)), "x".repeat(800));
        let long = "\u{1F43B}".repeat(401);
        let longer = format!("{long}x");
        assert_eq!(compared(&long).encode_utf16().count(), 800);
        assert_eq!(compared(&long), compared(&long));
        assert_ne!(compared(&long), compared(&longer));
    }
}
